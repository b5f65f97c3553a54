// What follows a failure: roll back, decide how to go on, wait.

#include "codecs/sql/schema.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/version_horizon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

io::awaitable<applier::voided> applier::recover() {
    auto const bad = std::move(*broken_);
    broken_.reset();
    auto rolled = co_await roll_back();
    if (!rolled) {
        co_return rolled;
    }
    auto const& error = *bad.failed;
    auto const cause = retry_after(link_.setup.target.name, "applying a batch", error);
    if (error.sqlstate == sql::sqlstate::out_of_order ||
        error.sqlstate == sql::sqlstate::no_origin || error.code != io::pg::errc::server_error) {
        co_return cause; // the start re-reads progress and finds out whether we were fenced
    }
    bool const data = error.classify() != io::pg::retry_class::transient &&
                      error.sqlstate != sql::sqlstate::clock_behind;
    if (bad.of_long) {
        if (data) {
            careful_next_ = bad.last.final_lsn;
        }
        co_return cause;
    }
    auto const sent_until = link_.window.position();
    link_.window.rewind(bad.start);
    if (error.sqlstate == sql::sqlstate::incomplete && completed_until_ < bad.end) {
        auto const completed = co_await complete_between(bad.start, sent_until);
        if (!completed) {
            co_return completed.error();
        }
        if (*completed) {
            co_return boost::system::in_place_value;
        }
    }
    if (sql::sqlstate::of_older_form(error.sqlstate, error.message)) {
        tables_.forget(); // what is sent again is of the tables that have these names now
        co_return boost::system::in_place_value;
    }
    if (data && !bad.copied.empty()) {
        sender_.collided(bad.copied);
        upserts_until_ = bad.end;
        co_return boost::system::in_place_value;
    }
    if (bad.plain && error.sqlstate == sql::sqlstate::unique_violation) {
        sender_.collided(error.table);
        upserts_until_ = bad.end;
        co_return boost::system::in_place_value;
    }
    if (data) {
        spdlog::info("{} -> {}: a batch failed ({}): its transactions are carried out one by one",
                     link_.setup.source.name, link_.setup.target.name, error.sqlstate);
        careful_until_ = bad.end;
        tables_.forget(); // the cause may be a table that changed
        co_return boost::system::in_place_value;
    }
    say_retrying(cause.reason);
    co_await pause(backoff_.next());
    co_return boost::system::in_place_value;
}

// What passes by itself (a lock, a full disk) is tried again in place; the state says so until a
// batch has gone through.
void applier::say_retrying(std::string const& reason) {
    if (!std::exchange(retrying_, true)) { // once: what follows is in the state
        spdlog::warn("{} -> {}: tries again until it can: {}", link_.setup.source.name,
                     link_.setup.target.name, reason);
    }
    link_.stats.set_state(direction_state::retrying, reason);
}

io::awaitable<applier::voided> applier::roll_back() {
    batch_.clear();
    closed_ = false;
    open_ = false;
    link_.progress_locked = false;
    uncommitted_rows_ = uncommitted_parked_ = 0;
    uncommitted_tables_.clear();
    uncommitted_keys_.clear();
    chained_ = link_.progress.facts.applied;
    sender_.forget();
    sender_.rolled_back();
    // The origin's position is sticky and would leak into the next commit (R2).
    auto queued = sender_.text("ROLLBACK");
    if (queued && link_.setup.origins) {
        queued = sender_.text("SELECT pg_replication_origin_xact_reset()");
    }
    if (queued) {
        queued = sender_.text("DEALLOCATE ALL");
    }
    if (!queued) {
        co_return queued;
    }
    auto ended = sender_.sync();
    if (!ended) {
        co_return ended;
    }
    auto drained = co_await drain(nullptr);
    if (!drained) {
        co_return drained.error();
    }
    if (*drained) {
        co_return retry_after(link_.setup.target.name, "rolling back", **drained);
    }
    co_return boost::system::in_place_value;
}

io::awaitable<void> applier::pause(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    co_await timer_.async_wait(io::use_tuple);
}

// The estimate only schedules; the head statement asserts (R12).
io::awaitable<applier::voided> applier::pass_barrier(pg_time earliest, pg_time newest) {
    if (!link_.setup.conflicts.any_guarded()) {
        co_return boost::system::in_place_value;
    }
    if (earliest < link_.versions_since) {
        co_return versions_are_gone(link_, earliest);
    }
    std::chrono::microseconds waited{0};
    while (!link_.stopping) {
        std::chrono::microseconds const left{newest.unix_us() - (now_us() + link_.clock_offset_us)};
        if (left < 0us) {
            break;
        }
        if (waited >= 1s) {
            say_retrying(
                fmt::format("waiting for the clock of node {}: it is behind that of node {} "
                            "by another {:.1f} s",
                            link_.setup.target.name, link_.setup.source.name,
                            static_cast<double>(left.count()) / 1e6));
        }
        auto const part = std::min<std::chrono::microseconds>(left + 1ms, 100ms);
        co_await pause(std::chrono::ceil<std::chrono::milliseconds>(part));
        waited += part;
    }
    co_return boost::system::in_place_value;
}

} // namespace tandem::engine
