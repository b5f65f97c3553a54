// R14: a parked change that another row of the target keeps out, since it has the same value of a unique index.
//
// What failed in source order too is parked as any other; it is looked at from here, between two batches. A lane (a change
// and what came for its key behind it) goes in as a whole, so that a value which was given up again does not count. Where it
// cannot, decide_collision() says who is greater.

#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"
#include "codecs/sql/tombstone_statements.hpp"
#include "engine/flow/applier.hpp"
#include "engine/flow/apply_session.hpp"
#include "engine/flow/orphans.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::engine {
namespace {

constexpr std::size_t lane_most = 100'000;

// As short as the applier's own: an application must never wait for us for long (R8).
constexpr char const* lock_wait = "SET LOCAL lock_timeout = '100ms'; ";
constexpr char const* silent_triggers = "SET LOCAL session_replication_role = replica; ";

std::string type_of(parked_change const& what, std::size_t rows) {
    return rows > 1                            ? "multiple_unique_conflicts"
           : what.values.operation == "insert" ? "insert_exists"
                                               : "update_exists";
}

} // namespace

// Something that was parked may have come behind what waits, or wait itself.
void applier::collided(bool parked_more) {
    if (collisions_ && parked_more) {
        collisions_backoff_.reset();
        collisions_wait_ = {};
    }
}

bool applier::collisions_due() const noexcept {
    return collisions_ && link_.setup.conflicts.any_guarded() && !parked_.empty() && !open_ &&
           std::chrono::steady_clock::now() >= collisions_wait_;
}

io::awaitable<applier::voided> applier::resolve_collisions() {
    take_back_batch();
    auto const rows = co_await read_parked_rows(link_.setup, tables_.catalog());
    if (!rows) {
        co_return rows.error();
    }
    collisions_ = false;
    for (auto const& lane : colliding_lanes(*rows)) {
        if (link_.stopping) {
            break;
        }
        auto const done = co_await resolve_lane(*rows, lane);
        if (!done) {
            co_return done.error();
        }
        collisions_ = collisions_ || *done != retried::applied;
    }
    collisions_wait_ = std::chrono::steady_clock::now() + collisions_backoff_.next();
    co_return co_await read_what_is_left();
}

io::awaitable<outcome_of<applier::retried>> applier::resolve_lane(
    std::vector<parked_row> const& rows, parked_lane const& lane) {
    if (lane.size() > lane_most) {
        co_return retried::refused;
    }
    auto const ids = ids_of(rows, lane);
    auto const got = co_await tables_.catalog().execute(sql::parked_values(ids));
    if (!got) {
        co_return retry_after(link_.setup.target.name, "reading tandem.parked", got.error());
    }
    std::vector<parked_change> changes;
    changes.reserve(ids.size());
    for (int row = 0; row < got->size(); ++row) {
        changes.push_back(parked_change_of(*got, row));
        judge(changes.back());
    }
    auto const whole = co_await apply_together(changes, ids);
    if (!whole || *whole != retried::refused) {
        co_return whole;
    }
    auto const last = std::find_if(changes.rbegin(), changes.rend(), [](auto const& change) {
        return change.values.row.has_value();
    });
    if (last == changes.rend()) {
        co_return retried::refused;
    }
    arena values;
    auto const restored = restored_.restore(last->values, values);
    if (!restored) {
        co_return retried::refused;
    }
    auto const plan = co_await plan_of(restored->shape);
    if (!plan) {
        co_return plan.error();
    }
    if (!(*plan)->conflicts.guarded) { // whoever wrote that policy waits for no winner
        co_return retried::refused;
    }
    auto const table = key_shape_of(**plan);
    if (verifies() && !moves_key(restored->what, **plan)) {
        auto const given_up = co_await give_up_buried(table, ids, last->id);
        if (!given_up || *given_up != retried::refused) {
            co_return given_up;
        }
    }
    auto const cleared = co_await clear_the_way(*last, table);
    if (!cleared) {
        co_return cleared.error();
    }
    if (!*cleared) {
        co_return retried::later;
    }
    co_return co_await apply_together(changes, ids);
}

// A newer delete of the target's own beats it, which was not read yet when it came, or stood behind the collision.
io::awaitable<outcome_of<applier::retried>> applier::give_up_buried(
    key_shape const& table, std::vector<std::int64_t> const& ids, std::int64_t last) {
    std::int64_t given_up = 0;
    auto queued = begin_request();
    if (queued) {
        queued = sender_.text(
            sql::give_up_buried(table.table, sender_.rules_of(table.conflicts), ids, last));
    }
    if (queued) {
        queued = sender_.commit();
    }
    if (queued) {
        queued = sender_.sync();
    }
    if (!queued) {
        co_return queued.error();
    }
    auto const failed = co_await drain(nullptr, &given_up);
    if (!failed) {
        co_return failed.error();
    }
    if (*failed) {
        auto passing = co_await hindered(**failed, "giving up what was deleted");
        if (!passing) {
            co_return passing.error();
        }
        co_return retried::later;
    }
    link_.progress_locked = false;
    link_.conflicts_changed = true;
    co_return given_up > 0 ? retried::applied : retried::refused;
}

// True: the change was greater than the rows in its way, and they are gone.
io::awaitable<outcome_of<bool>> applier::clear_the_way(parked_change const& last,
                                                       key_shape const& table) {
    auto const rows = co_await rows_in_the_way(last, table.table);
    if (!rows) {
        co_return rows.error();
    }
    collision_rules const rules{last.header.commit_time, rules_.peer_wins_ties};
    if (decide_collision(rules, *rows) != collision_outcome::wins) {
        co_return false;
    }
    co_return co_await delete_losers(last, table, *rows);
}

io::awaitable<outcome_of<std::vector<sql::unique_index>>> applier::unique_indexes_of(
    sql::apply_table const& table) {
    io::pg::parameters values;
    values.emplace_back(table.schema);
    values.emplace_back(table.name);
    auto const got = co_await tables_.catalog().query(sql::unique_indexes(), std::move(values));
    if (!got) {
        co_return retry_after(link_.setup.target.name, "reading a table's unique indexes",
                              got.error());
    }
    std::vector<sql::unique_index> indexes;
    for (int row = 0; row < got->size(); ++row) {
        if (row == 0 || got->text(row, 0) != got->text(row - 1, 0)) {
            indexes.push_back({{}, std::string{got->text(row, 3)}, got->boolean(row, 4)});
        }
        indexes.back().parts.push_back(
            {std::string{got->text(row, 1)}, std::string{got->text(row, 2)}});
    }
    co_return indexes;
}

io::awaitable<outcome_of<std::vector<colliding_row>>> applier::rows_in_the_way(
    parked_change const& last, sql::apply_table const& table) {
    std::vector<colliding_row> found;
    auto const indexes = co_await unique_indexes_of(table);
    if (!indexes) {
        co_return indexes.error();
    }
    if (indexes->empty()) {
        co_return found;
    }
    auto const got =
        co_await tables_.catalog().execute(sql::colliding_rows(table, *indexes, last.id));
    if (!got) {
        co_return retry_after(link_.setup.target.name,
                              "looking for rows with the same unique value", got.error());
    }
    for (int row = 0; row < got->size(); ++row) {
        colliding_row made;
        made.key = std::string{got->text(row, 0)};
        made.transaction = std::string{got->text(row, 1)};
        if (!got->null(row, 2)) {
            made.at = pg_time::from_unix_us(got->integer(row, 2));
        }
        made.origin = static_cast<unsigned>(got->integer(row, 3));
        found.push_back(std::move(made));
    }
    co_return found;
}

// On the session without an origin: all peers are to hear of it.
io::awaitable<outcome_of<bool>> applier::delete_losers(parked_change const& last,
                                                       key_shape const& shape,
                                                       std::vector<colliding_row> const& rows) {
    sql::apply_table const& table = shape.table;
    auto const rules = sender_.rules_of(shape.conflicts);
    std::string statements = lock_wait;
    if (link_.setup.replica_role) {
        statements += silent_triggers;
    }
    std::vector<sql::foreign_key> referring;
    if (link_.setup.replica_role) {
        io::pg::parameters of;
        of.emplace_back(table.schema);
        of.emplace_back(table.name);
        auto reading = read_foreign_keys(link_.setup, tables_.catalog(), std::move(of));
        auto found = co_await std::move(reading);
        if (!found) {
            co_return found.error();
        }
        referring = std::move(*found);
        std::erase_if(referring,
                      [&table](auto const& each) { return !sql::refers_by(each, table); });
    }
    for (auto const& row : rows) {
        statements += sql::delete_loser(
            table, {row.key, row.transaction, type_of(last, rows.size())}, last.id, rules);
        statements += "; ";
        for (auto const& constraint : referring) {
            statements += sql::log_orphans_of(constraint, table, row.key, rules) + "; ";
        }
    }
    auto const done = co_await tables_.catalog().execute(std::move(statements));
    if (done) {
        link_.conflicts_changed = true;
        spdlog::info(
            "{} -> {}: {} older rows of {}.{} gave way to a newer one with the same unique "
            "value; they are in tandem.conflict",
            link_.setup.source.name, link_.setup.target.name, rows.size(), table.schema,
            table.name);
        co_return true;
    }
    if (done.error().code != io::pg::errc::server_error) {
        co_return retry_after(link_.setup.target.name, "deleting a row", done.error());
    }
    spdlog::warn("{} -> {}: tries again: {}", link_.setup.source.name, link_.setup.target.name,
                 retry_after(link_.setup.target.name, "deleting a row", done.error()).reason);
    co_return false;
}

// Each key's last state, in one transaction.
io::awaitable<outcome_of<applier::retried>> applier::apply_together(
    std::vector<parked_change> const& changes, std::vector<std::int64_t> const& ids) {
    arena values;
    std::deque<restored_change> restored;
    batch_builder together;
    auto const gathered = co_await gather(changes, restored, values, together);
    if (!gathered) {
        co_return gathered.error();
    }
    if (!*gathered) {
        co_return retried::refused;
    }
    std::int64_t transaction = 0;
    auto queued = begin_request();
    if (queued) {
        queued = sender_.sync();
    }
    if (!queued) {
        co_return queued.error();
    }
    auto failed = co_await drain(nullptr, &transaction);
    key_sets written{link_.binary};
    if (failed && !*failed) {
        failed = co_await results_of(queue_together(together, written, ids, transaction));
        if (failed && *failed && !passes_by_itself(**failed)) {
            co_return co_await refused();
        }
    }
    if (failed && !*failed) {
        failed = co_await commit_request(boost::system::in_place_value);
    }
    if (!failed) {
        co_return failed.error();
    }
    if (*failed) {
        auto passing = co_await hindered(**failed, "applying parked changes");
        if (!passing) {
            co_return passing.error();
        }
        co_return retried::later;
    }
    note_retried(written, transaction);
    link_.conflicts_changed = true;
    link_.stats.count.applied_rows.fetch_add(ids.size(), std::memory_order_relaxed);
    co_return retried::applied;
}

// False: some of it is no row that could be written.
io::awaitable<outcome_of<bool>> applier::gather(std::vector<parked_change> const& changes,
                                                std::deque<restored_change>& restored,
                                                arena& values, batch_builder& into) {
    lsn position;
    for (auto const& change : changes) {
        auto made = restored_.restore(change.values, values);
        if (!made) {
            co_return false;
        }
        auto const plan = co_await plan_of(made->shape);
        if (!plan) {
            co_return plan.error();
        }
        if (!(*plan)->usable) {
            co_return false;
        }
        restored.push_back(std::move(*made));
        if (restored.back().what.kind ==
            change_kind::truncate) { // of the table that all of the lane is of
            into.clear();
            position = change.header.final_lsn;
            into.begin(change.header);
            into.add_truncate(restored.back().what, std::vector{*plan});
            continue;
        }
        if (position != change.header.final_lsn) {
            if (position) {
                into.commit(position);
            }
            position = change.header.final_lsn;
            into.begin(change.header);
        }
        into.add(restored.back().what, **plan);
    }
    into.commit(position);
    co_return true;
}

applier::voided applier::queue_together(batch_builder const& together, key_sets& written,
                                        std::vector<std::int64_t> const& ids,
                                        std::int64_t transaction) {
    sender_.unseen({});
    auto queued = sender_.text(sql::remove_applied(ids));
    if (queued) {
        queued = sender_.steps(together, link_.setup.source.name, queued_behind(),
                               statement_form::apart);
    }
    if (verifies() && !written.add_written(together)) {
        return failure{next_step::retry, "too many keys in parked changes"};
    }
    for (auto& set : written.sets()) { // deletes that were read while it waited
        if (queued) {
            queued = sender_.remove_buried(set, transaction, transaction + 1);
            sender_.look_behind(set);
        }
    }
    if (queued) {
        queued = give_version(together.newest());
    }
    if (queued) {
        queued = sender_.text("SET CONSTRAINTS ALL IMMEDIATE");
    }
    return queued;
}

// Deletes that are yet to be read count as well (R9).
void applier::note_retried(key_sets& written, std::int64_t transaction) {
    if (!verifies() || written.empty()) {
        return;
    }
    written_rows rows;
    rows.end = chained_;
    rows.first = transaction;
    rows.next = transaction + 1;
    rows.tables = written.take();
    link_.unverified.add(std::move(rows));
    link_.watermark.hold(link_.unverified.verified());
}

} // namespace tandem::engine
