#include "engine/flow/direction.hpp"

#include "engine/core/failpoint.hpp"
#include "engine/core/names.hpp"
#include "engine/core/origin_gate.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/apply_session.hpp"
#include "engine/flow/capture.hpp"
#include "engine/flow/capture_session.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/keepalive.hpp"
#include "engine/flow/sessions.hpp"
#include "engine/flow/start.hpp"
#include "engine/flow/synced_catalog.hpp"
#include "engine/flow/tombstones.hpp"
#include "io/runtime/all.hpp"
#include "io/runtime/group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

// After a stop, which ends within 10 s: how long what is on its way may take, and all of it.
constexpr auto stop_patience = 5s;
constexpr auto direction_stop_limit = 7s;

// In group<T>, T must be default constructible: what a member that threw leaves behind.
using ending = failure;

} // namespace

struct direction::sessions {
    std::unique_ptr<io::pg::connection> source;  // control
    std::unique_ptr<io::pg::connection> target;  // control
    std::unique_ptr<io::pg::connection> catalog; // the applier's look-ups
    std::unique_ptr<io::pg::connection> deletes; // of the source; null: nobody needs them
    apply_session apply;
    std::unique_ptr<io::pg::replication_stream> stream;
};

direction::direction(direction_setup setup, direction_stats& stats, node_stats& source_stats,
                     node_bookkeeping& source_wal, node_bookkeeping& target_wal)
    : supervised{setup.source.name + " -> " + setup.target.name, stats},
      setup_{std::move(setup)},
      source_stats_{source_stats},
      source_wal_{source_wal},
      target_wal_{target_wal},
      memory_{std::make_unique<direction_memory>()} {}

direction::~direction() = default;

void direction::change_way(next_step how) {
    text_ = text_ || how == next_step::retry_text;
    whole_ = whole_ || how == next_step::retry_whole;
}

io::awaitable<failure> direction::stream() {
    auto const executor = co_await io::asio::this_coro::executor;
    session_request source;
    source.node = setup_.source;
    source.application_name = "tandem control " + setup_.target.name;
    session_request target;
    target.node = setup_.target;
    target.application_name = "tandem control " + setup_.source.name;
    std::vector<io::awaitable<outcome_of<std::unique_ptr<io::pg::connection>>>> opening;
    opening.push_back(open_session(executor, source));
    opening.push_back(open_session(executor, target));
    opening.push_back(open_session(executor, target));
    if (source_wal_.deletes.watched()) {
        opening.push_back(open_session(executor, source));
    }
    auto opened = co_await io::all(executor, std::move(opening));
    if (!opened[0]) {
        source_stats_.up.store(false);
    }
    for (auto const& each : opened) {
        if (!each) {
            co_return each.error();
        }
    }
    sessions open;
    open.source = std::move(*opened[0]);
    open.target = std::move(*opened[1]);
    open.catalog = std::move(*opened[2]);
    if (source_wal_.deletes.watched()) {
        open.deletes = std::move(*opened[3]);
    }
    auto const why = co_await stream_with(open);
    co_return why;
}

// Until somebody else's origin was noticed the server left out what it brought. That is only repeated
// where nothing after it has been applied or confirmed.
io::awaitable<std::optional<failure>> direction::foreign_changes_missed(io::pg::connection& source,
                                                                        start_point const& point) {
    auto const reached = std::max(point.progress.facts.reached(), point.confirmed);
    if (!memory_->without_foreign) { // there was none when the process started
        memory_->without_foreign = reached;
    }
    auto const alone_at = memory_->without_foreign;
    if (!memory_->foreign_origins || reached <= alone_at) {
        co_return std::nullopt;
    }
    io::pg::parameters values;
    values.emplace_back(to_string(alone_at));
    values.emplace_back(std::string{origin_prefix});
    auto const brought = co_await source.query(
        "SELECT 1 FROM pg_replication_origin_status WHERE NOT starts_with(external_id, $2) AND "
        "local_lsn > $1",
        std::move(values));
    if (brought && brought->empty()) { // an error, for want of rights, says nothing
        memory_->without_foreign = reached;
        co_return std::nullopt;
    }
    co_return failure{
        next_step::gap,
        fmt::format(
            "a replication origin of somebody else appeared on node {}: what it brought between "
            "{} and {} may be missing; compare the nodes (tandem verify), cure what differs, "
            "then start tandem again",
            setup_.source.name, to_string(alone_at), to_string(reached))};
}

capture_way direction::way_of_capture(bool binary, bool resends) const {
    capture_way way;
    way.binary = binary;
    way.origin_none = setup_.origin_none && !memory_->foreign_origins && !resends &&
                      !failpoint("origin_filter") && !setup_.tells_seen;
    way.streaming = !whole_ && !setup_.spool_folder.empty();
    return way;
}

// What writes to the target, then what reads the source.
io::awaitable<outcome_of<void>> direction::open_ends(sessions& open, bool binary, bool resends) {
    auto apply = co_await open_apply_session(setup_);
    if (!apply) {
        co_return apply.error();
    }
    open.apply = std::move(*apply);
    auto const way = way_of_capture(binary, resends);
    auto started = co_await open_capture_session(setup_, way);
    if (!started) {
        co_return started.error();
    }
    open.stream = std::move(*started);
    co_return boost::system::in_place_value;
}

io::awaitable<failure> direction::stream_with(sessions& open) {
    auto const executor = co_await io::asio::this_coro::executor;
    auto point = co_await take_over(setup_, *open.source, *open.target, epoch_);
    if (!point) {
        co_return point.error();
    }
    epoch_ = point->progress.epoch;
    if (auto missed = co_await foreign_changes_missed(*open.source, *point)) {
        co_return *missed;
    }
    auto parked = co_await read_parked(setup_, *open.target);
    if (!parked) {
        co_return parked.error();
    }
    auto const transforms = co_await open_row_transforms(setup_, *open.source);
    if (!transforms) {
        co_return transforms.error();
    }
    bool const binary = !text_ && *transforms == nullptr && parked->empty() &&
                        setup_.source_version >= 140000 && setup_.target_version >= 140000;
    auto const opened = co_await open_ends(open, binary, point->resends);
    if (!opened) {
        co_return opened.error();
    }
    auto const& facts = point->progress.facts;
    resume_guard const resume{failpoint("progress_check") ? progress_facts{} : facts,
                              point->expect_last_applied && !failpoint("progress_check")};
    direction_link link{executor,        setup_,           stats(), *memory_,
                        point->progress, point->confirmed, binary};
    link.ddl_token = point->ddl_token;
    link.tells_ddl = point->tells_ddl;
    memory_->source_clock.restart(point->progress.facts.applied_at);
    auto const watched =
        co_await watch_deletes(link, *open.target, source_wal_.deletes, target_wal_.deletes);
    if (!watched) {
        co_return watched.error();
    }
    if (failpoint("progress_check")) {
        link.watermark = ack_watermark{{}, {}, {}};
    }
    plans tables{setup_, *open.catalog, binary};
    applier writer{
        link,       *open.apply.pipeline, tables, *parked, rules_for(setup_, open.apply, binary),
        careful_at_};
    capture reader{link, *open.stream, resume, transforms->get()};
    careful_at_.reset();
    stats().set_state(direction_state::streaming, {});
    spdlog::info("{} -> {}: streaming from {}", setup_.source.name, setup_.target.name,
                 to_string(point->confirmed));
    source_stats_.up.store(true);

    io::group<failure> members{executor};
    members.add("apply", writer.run());
    members.add("results", writer.results());
    members.add("capture", reader.run());
    members.add("feedback", feedback_loop(link, *open.stream, point->sender_timeout));
    members.add("durability", durability_loop(link, *open.target, source_wal_, target_wal_));
    members.add("source", source_watch(link, *open.source, source_stats_));
    members.add("requests", watch_requests(link, open, point->source_end));
    if (open.deletes != nullptr) {
        members.add("deletes", tombstone_loop(link, std::move(open.deletes), source_wal_,
                                              target_wal_.deletes));
    }
    auto endings = co_await members.run();
    auto first = said_by(endings.front());
    careful_at_ = writer.careful_next();
    set_left_undone(writer.unfinished());
    if (first.step == next_step::stopped) {
        co_await finish(link, open);
    }
    co_return first;
}

// What does not end by itself after a stop: its statements are cancelled, then nobody waits for it.
io::awaitable<failure> direction::watch_requests(direction_link& link, sessions& open, lsn goal) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const forced = std::chrono::steady_clock::now() + 3s;
    static bool restarted = false;
    auto cancel_at = std::chrono::steady_clock::time_point::max();
    auto leave_at = cancel_at;
    for (;;) {
        auto const now = std::chrono::steady_clock::now();
        if (stop_requested() && !link.stopping) {
            link.stopping = true;
            link.arrived.notify();
            cancel_at = now + stop_patience;
            leave_at = now + direction_stop_limit;
        }
        if (now >= leave_at) {
            link.left = true;
            co_return failure{next_step::stopped, {}};
        }
        if (now >= cancel_at) {
            open.apply.pipeline->link().request_cancel();
            cancel_at += 1s;
        }
        if (link.watermark.settled() && link.watermark.position() >= goal) {
            now_caught_up();
        }
        if (failpoint("progress_check") && !restarted &&
            std::chrono::steady_clock::now() > forced) {
            restarted = true;
            co_return failure{next_step::retry, "failpoint progress_check"};
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

// What was committed becomes durable and is confirmed; then the walsender is let go.
io::awaitable<void> direction::finish(direction_link& link, sessions& open) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const limit = std::chrono::steady_clock::now() + 3s;
    while (!link.left && link.flushes.waiting() && std::chrono::steady_clock::now() < limit) {
        // Not by the session of the durability loop, which may have been cancelled in mid-query.
        auto probed = co_await probe_durability(link, *open.catalog);
        if (!probed) {
            break;
        }
        timer.expires_after(50ms);
        co_await timer.async_wait(io::use_tuple);
    }
    auto stored = co_await store_seen(link, *open.catalog);
    if (!stored) { // what is not confirmed is sent again
        spdlog::debug("{} -> {}: {}", setup_.source.name, setup_.target.name,
                      stored.error().reason);
    }
    auto sent = co_await send_status(link, *open.stream);
    if (sent) {
        co_await open.stream->finish(1s);
    }
}

} // namespace tandem::engine
