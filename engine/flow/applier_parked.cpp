// What `tandem parked` asked for, carried out between two batches of the stream.
//
// Nothing is in flight then, so what leaves tandem.parked and what waits behind it change together: no change of the
// stream can come in between. Each attempt is one transaction that also removes the rows, and is fenced as any other.

#include "codecs/sql/ddl_statements.hpp"
#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "engine/admin/parked_rows.hpp"
#include "engine/ddl/filter.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/apply_session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::size_t rows_at_once = 1'000;

std::vector<ddl::message> ddl_in(io::pg::rows const& parked) {
    std::vector<ddl::message> found;
    for (int row = 0; row < parked.size(); ++row) {
        auto const one = parked_change_of(parked, row);
        if (one.values.operation != "ddl") {
            continue;
        }
        if (auto read = ddl::read_message(one.values.shape)) {
            found.push_back(std::move(*read));
        }
    }
    return found;
}

// Of these places the last that is no later; changes between two of them had seen the same.
lsn place_before(io::pg::rows const& places, std::string_view position) {
    lsn found{};
    auto const before = lsn::parse(position).value_or(lsn{});
    for (int row = 0; row < places.size(); ++row) {
        auto const place = lsn::parse(places.text(row, 0)).value_or(lsn{});
        found = place <= before ? place : found;
    }
    return found;
}

} // namespace

bool applier::requests_due() const noexcept {
    return link_.parked_asked && !open_ && std::chrono::steady_clock::now() >= requests_wait_;
}

// True: the applier looks again before it does anything else.
io::awaitable<outcome_of<bool>> applier::tend_parked() {
    bool const requests = requests_due();
    if (!requests && !collisions_due()) {
        co_return false;
    }
    if (!flights_.empty()) {
        co_await link_.arrived.wait();
        co_return true;
    }
    if (requests) {
        auto done = co_await carry_out_requests();
        if (!done) {
            co_return done.error();
        }
    } else {
        auto done = co_await resolve_collisions();
        if (!done) {
            co_return done.error();
        }
    }
    co_return true;
}

// All lanes together first, since a change of one may stand in the way of another's; then each by itself.
io::awaitable<outcome_of<bool>> applier::retry_lanes(std::vector<parked_row> const& rows) {
    auto const lanes = lanes_to_retry(rows);
    if (lanes.empty()) {
        co_return true;
    }
    parked_lane together;
    for (auto const& lane : lanes) {
        together.insert(together.end(), lane.begin(), lane.end());
    }
    std::ranges::sort(together);
    auto first = co_await retry_lane(rows, together, lanes.size() == 1);
    if (!first || *first != retried::refused || lanes.size() == 1) {
        if (!first) {
            co_return first.error();
        }
        co_return *first != retried::later;
    }
    bool all = true;
    for (auto const& lane : lanes) {
        if (link_.stopping) {
            co_return false;
        }
        auto one = co_await retry_lane(rows, lane, true);
        if (!one) {
            co_return one.error();
        }
        all = all && *one != retried::later;
    }
    co_return all;
}

// `keeps`: a refusal is written down.
io::awaitable<outcome_of<applier::retried>> applier::retry_lane(std::vector<parked_row> const& rows,
                                                                parked_lane const& lane,
                                                                bool keeps) {
    auto const ids = ids_of(rows, lane);
    auto const& table = rows[lane.front()].table;
    sql::parked_failure why;
    auto done = co_await apply_parked(ids, why);
    if (tables_.reads_inside()) { // there was DDL among them
        tables_.read_by(nullptr);
    }
    tables_.follow_no_more();
    tables_.as_of(plans::newest);
    if (!done) {
        co_return done;
    }
    if (*done == retried::applied) {
        link_.conflicts_changed = true;
        link_.stats.count.applied_rows.fetch_add(ids.size(), std::memory_order_relaxed);
        spdlog::info("{} -> {}: {} parked changes were applied, the first of {}",
                     link_.setup.source.name, link_.setup.target.name, ids.size(), table);
    }
    if (*done != retried::refused || !keeps) {
        co_return done;
    }
    auto queued = begin_request();
    if (queued) {
        queued = sender_.text(sql::keep_parked(ids, why));
    }
    auto noted = co_await commit_request(queued);
    if (!noted) {
        co_return noted.error();
    }
    if (*noted) {
        auto passing = co_await hindered(**noted, "noting why a retry failed");
        if (!passing) {
            co_return passing.error();
        }
        co_return retried::later;
    }
    spdlog::warn("{} -> {}: a retry of {} parked changes of {} failed ({}): they stay",
                 link_.setup.source.name, link_.setup.target.name, ids.size(), table, why.sqlstate);
    co_return retried::refused;
}

// In source order, one change a statement; as the applier does it after an error, but the position stays.
io::awaitable<outcome_of<applier::retried>> applier::apply_parked(
    std::vector<std::int64_t> const& ids, sql::parked_failure& why) {
    resumed_.clear();
    auto queued = begin_request();
    if (queued) {
        queued = sender_.text(sql::remove_applied(ids));
    }
    auto failed = co_await results_of(queued);
    pg_time newest;
    std::span<std::int64_t const> left{ids};
    while (failed && !*failed && !left.empty()) {
        auto const part = left.first(std::min(left.size(), rows_at_once));
        left = left.subspan(part.size());
        why = {};
        failed = co_await apply_parked_part(part, newest, why);
        if (failed && !*failed && !why.sqlstate.empty()) {
            co_return co_await refused();
        }
    }
    if (failed && !*failed) {
        auto last = give_version(newest);
        if (last) {
            last = sender_.text("SET CONSTRAINTS ALL IMMEDIATE");
        }
        failed = co_await results_of(last);
        if (failed && *failed && !passes_by_itself(**failed)) {
            auto const& error = **failed;
            why = {ids.back(), error.sqlstate, error.message, error.detail, false};
            co_return co_await refused();
        }
    }
    if (failed && !*failed) {
        auto told = co_await tell_seen(resumed_);
        if (!told) {
            co_return told.error();
        }
        failed = co_await commit_request(boost::system::in_place_value);
    }
    if (!failed) {
        co_return failed.error();
    }
    if (!*failed) {
        co_return retried::applied;
    }
    auto passing = co_await hindered(**failed, "applying parked changes");
    if (!passing) {
        co_return passing.error();
    }
    co_return retried::later;
}

// Whoever has a conflict carried out again wants it carried out.
void applier::judge(parked_change& parked) {
    if (parked.sqlstate == sql::sqlstate::conflict) {
        parked.header.seen_at = pg_time{std::numeric_limits<std::int64_t>::max()};
    }
}

// `why` is set when a change was refused; the result is what else went wrong.
io::awaitable<applier::server_answer> applier::apply_parked_part(std::span<std::int64_t const> ids,
                                                                 pg_time& newest,
                                                                 sql::parked_failure& why) {
    auto got = co_await tables_.catalog().execute(sql::parked_values(ids));
    if (!got) {
        co_return retry_after(link_.setup.target.name, "reading tandem.parked", got.error());
    }
    sender_.unseen({});
    auto const marks = co_await tables_.catalog().execute(sql::seen_places);
    if (!marks) {
        co_return retry_after(link_.setup.target.name, "reading tandem.ddl", marks.error());
    }
    auto ahead = ddl_in(*got);
    if (!ahead.empty()) {
        tables_.also_follow(ahead);
    }
    std::vector<ddl::object_change> ended;
    int first = 0;                 // that was sent
    std::vector<std::size_t> ends; // results due up to and with each from there
    for (int row = 0; row < got->size(); ++row) {
        auto one = parked_change_of(*got, row);
        tables_.as_of(place_before(*marks, got->text(row, 1)));
        if (one.values.operation == "ddl") {
            auto sent = co_await parked_results(*got, first, ends, why);
            if (!sent || *sent || !why.sqlstate.empty()) {
                co_return sent;
            }
            auto failed = co_await apply_parked_ddl(*got, row, ended, why);
            if (!failed || *failed || !why.sqlstate.empty()) {
                co_return failed;
            }
            ahead.erase(ahead.begin());
            tables_.also_follow(ahead);
            first = row + 1;
            ends.clear();
            continue;
        }
        if (one.values.operation == "pause") { // a mark, with nothing to apply
            ends.push_back(pipeline_.pending());
            continue;
        }
        judge(one);
        newest = std::max(newest, one.header.commit_time);
        if (one.sqlstate == sql::sqlstate::oversize) {
            why.sqlstate = one.sqlstate;
            why.error = one.error;
        } else {
            auto sent = co_await send_parked(one.values, one.header, why);
            if (!sent) {
                co_return sent.error();
            }
        }
        if (!why.sqlstate.empty()) {
            why.id = one.id;
            break;
        }
        ends.push_back(pipeline_.pending());
    }
    co_return co_await parked_results(*got, first, ends, why);
}

// Of the changes that were sent from that row on; the first that was refused, if any, comes before one that could not be
// sent.
io::awaitable<applier::server_answer> applier::parked_results(io::pg::rows const& from, int first,
                                                              std::vector<std::size_t> const& ends,
                                                              sql::parked_failure& why) {
    if (auto ended = sender_.sync(); !ended) {
        co_return ended.error();
    }
    std::size_t failed_at = 0;
    auto failed = co_await drain(&failed_at);
    if (!failed || !*failed || passes_by_itself(**failed)) {
        co_return failed;
    }
    auto const& error = **failed;
    auto const place = std::ranges::upper_bound(ends, failed_at) - ends.begin();
    why = {from.integer(first + static_cast<int>(place), 0), error.sqlstate, error.message,
           error.detail, sql::sqlstate::table_at_fault(error.sqlstate)};
    co_return std::nullopt;
}

// DDL that waited. What is behind it among the same rows tells where it all ends; `ended`: what was carried out to there.
io::awaitable<applier::server_answer> applier::apply_parked_ddl(
    io::pg::rows const& from, int row, std::vector<ddl::object_change>& ended,
    sql::parked_failure& why) {
    std::vector<ddl::message> told;
    for (int each = row; each < from.size(); ++each) {
        auto const one = parked_change_of(from, each);
        if (one.values.operation != "ddl") {
            continue;
        }
        std::string left_out;
        auto read = ddl::read_carried(one.values.shape, link_.setup.ddl_filter, left_out);
        if (!read) {
            why = {one.id, sql::sqlstate::not_restored, read.error().what, {}, true};
            co_return std::nullopt;
        }
        told.push_back(std::move(*read));
    }
    leave_ended(told.front(), ended);
    auto const later = std::span<ddl::message const>{told}.subspan(1);
    auto done = co_await carry_out(told.front(), later);
    if (!done) {
        co_return done.error();
    }
    std::ranges::move(done->ended, std::back_inserter(ended));
    if (done->failed && passes_by_itself(*done->failed)) {
        co_return done->failed;
    }
    if (!done->sqlstate.empty()) {
        why = {from.integer(row, 0), done->sqlstate, done->why,
               done->failed ? done->failed->detail : std::string{}, true};
        co_return std::nullopt;
    }
    resumed_.push_back(told.front().id);
    auto const statement = sql::resumed_ddl(link_.setup.source.name, from.text(row, 1),
                                            from.text(row, 7), done->statements);
    auto noted = co_await run_alone(statement);
    if (!noted) {
        co_return noted.error();
    }
    co_return noted->failed;
}

io::awaitable<applier::voided> applier::send_parked(parked_values const& from,
                                                    transaction_header const& header,
                                                    sql::parked_failure& why) {
    arena values;
    auto const restored = restored_.restore(from, values);
    if (!restored) {
        why.sqlstate = sql::sqlstate::not_restored;
        why.error = restored.error().what;
        co_return boost::system::in_place_value;
    }
    auto const plan = co_await plan_of(restored->shape);
    if (!plan) {
        co_return plan.error();
    }
    careful_progress partial{link_.binary};
    batch_builder single{false};
    single.begin(header);
    if (restored->what.kind == change_kind::truncate) {
        single.add_truncate(restored->what, (*plan)->on_target ? std::vector{*plan}
                                                               : std::vector<table_plan const*>{});
    } else if ((*plan)->usable) {
        pending_change one;
        one.what = &restored->what;
        one.plan = *plan;
        if (!(*plan)->kept.empty()) {
            leave_computed(one, partial);
        }
        single.add(*one.what, **plan);
    } else if ((*plan)->gone) { // and so is what it was of
        co_return boost::system::in_place_value;
    } else {
        why.sqlstate = (*plan)->sqlstate;
        why.error = (*plan)->why_not;
        why.whole_table = true;
        co_return boost::system::in_place_value;
    }
    auto const form =
        from.operation == touch_operation ? statement_form::touch : statement_form::apart;
    co_return sender_.steps(single, link_.setup.source.name, queued_behind(), form);
}

// --- the transaction of a request: where the stream stands is asserted, and stays

applier::voided applier::begin_request() {
    auto const& facts = link_.progress.facts;
    link_.progress_locked = true;
    // Their clock barrier was passed when they were parked (R12).
    auto done = sender_.begin(head_for({facts.applied_xid, facts.applied_at, {}}, chained_, {}));
    if (done) { // whoever asked is told that it is done
        done = sender_.text("SET LOCAL synchronous_commit TO local");
    }
    return done;
}

// The version of the open transaction's rows is that of the newest change (R11), not of the stream's last one.
applier::voided applier::give_version(pg_time newest) {
    if (!link_.setup.origins) { // there are none
        return boost::system::in_place_value;
    }
    return sender_.text(fmt::format("SELECT pg_replication_origin_xact_setup({}, {})",
                                    sql::literal(to_string(chained_)),
                                    sql::literal(to_string(newest))));
}

// Sends what was queued; the value is the server's error, if any.
io::awaitable<applier::server_answer> applier::results_of(voided queued) {
    if (queued) {
        queued = sender_.sync();
    }
    if (!queued) {
        co_return queued.error();
    }
    co_return co_await drain(nullptr);
}

io::awaitable<applier::server_answer> applier::commit_request(voided queued) {
    if (queued) {
        queued = sender_.commit();
    }
    auto failed = co_await results_of(queued);
    if (failed && !*failed) {
        link_.progress_locked = false;
    }
    co_return failed;
}

io::awaitable<outcome_of<applier::retried>> applier::refused() {
    auto rolled = co_await roll_back();
    if (!rolled) {
        co_return rolled.error();
    }
    co_return retried::refused;
}

// After a rollback: false where it will do later, otherwise the direction starts anew.
io::awaitable<outcome_of<bool>> applier::hindered(io::pg::error error, std::string doing) {
    auto const cause = retry_after(link_.setup.target.name, doing, error);
    auto rolled = co_await roll_back();
    if (!rolled) {
        co_return rolled.error();
    }
    if (error.code != io::pg::errc::server_error || error.sqlstate == sql::sqlstate::out_of_order ||
        error.sqlstate == sql::sqlstate::no_origin) {
        co_return cause;
    }
    spdlog::warn("{} -> {}: tries again: {}", link_.setup.source.name, link_.setup.target.name,
                 cause.reason);
    co_return false;
}

} // namespace tandem::engine
