#include "engine/admin/reconcile.hpp"

#include "codecs/sql/ddl_statements.hpp"
#include "codecs/sql/quote.hpp"
#include "engine/admin/choose.hpp"
#include "engine/admin/plan.hpp"
#include "engine/admin/slots.hpp"
#include "engine/admin/sync_tasks.hpp"
#include "engine/admin/workbench.hpp"
#include "engine/core/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::engine {
namespace {

constexpr char const* reconciling = "reconciling its stream";

// The history that was followed, but for the lost piece: what is missing at the source has been deleted there. A restored
// copy misses rows for another reason.
awaitable<bool> same_history(session& source, session& target, std::string stream) {
    auto const now = co_await source.run(
        "SELECT c.system_identifier, (pg_control_checkpoint()).timeline_id, pg_current_wal_flush_lsn(), "
        "(SELECT incarnation FROM tandem.meta) FROM pg_control_system() AS c",
        reconciling);
    io::pg::parameters values;
    values.emplace_back(std::move(stream));
    for (int column = 0; column < now.columns(); ++column) {
        values.emplace_back(std::string{now.text(0, column)});
    }
    auto const known = co_await target.ask(
        "SELECT coalesce(system_id, $2) = $2 AND coalesce(timeline, $3::integer) = $3::integer AND "
        "greatest(applied_lsn, safe_lsn, start_lsn) <= $4::pg_lsn AND (coalesce(incarnation, $5) = $5 OR "
        "next_incarnation = $5) FROM tandem.progress WHERE stream = $1 AND lane = 0",
        std::move(values), reconciling);
    co_return !known.empty() && known.boolean(0, 0);
}

std::string begin_anew(std::string const& stream, std::string const& start) {
    return fmt::format(
        "{}UPDATE tandem.progress SET epoch = epoch + 1, owner = NULL, applied_lsn = '0/0', applied_idx = 0, "
        "applied_xid = 0, applied_at = NULL, safe_lsn = '0/0', start_lsn = {}, skip_lsns = '{{}}', system_id = "
        "NULL, timeline = NULL, incarnation = NULL, next_incarnation = NULL, log_offset = NULL, source_tokens = "
        "'{{}}' WHERE stream = {} AND lane = 0",
        sql::all_is_seen, sql::literal(start), sql::literal(stream));
}

// What a missing row means: only where the streams tell, and the table was equal when they broke.
struct known_deletes {
    bool by_peer = true; // see repair_rules
    std::string at;      // the same; a node
};

// A restored copy breaks both streams, and one may be noticed before the other.
awaitable<known_deletes> what_is_known(workbench& bench, options const& set,
                                       std::vector<direction_names> broken) {
    known_deletes found;
    for (direction_names const& each : directions(set)) {
        bool const same =
            co_await same_history(bench.of(each.source), bench.of(each.target), each.source);
        found.by_peer = found.by_peer && same;
    }
    if (found.by_peer && broken.size() == 1) {
        found.at = broken.front().source;
    }
    co_return found;
}

// What was to be done to the table before may not have been done: the other stream may have broken then, and have lost what
// the table lacks.
sync_task task_of(chosen_table const& table, std::vector<sync_task> const& before,
                  known_deletes const& known, options const& set) {
    sync_task made;
    made.schema = table.source.schema;
    made.name = table.source.name;
    made.why = gap_task;
    made.peer_deletes = known.by_peer;
    made.deleted_at = known.at;
    made.follow = set.one_way ? set.one_way->first : std::string{};
    auto const undone = std::ranges::find_if(before, [&](sync_task const& each) {
        return each.schema == made.schema && each.name == made.name && each.state != "done";
    });
    if (undone != before.end()) {
        made.peer_deletes = made.peer_deletes && undone->peer_deletes;
        if (undone->why != gap_task || undone->deleted_at != known.at) {
            made.deleted_at.clear();
        }
        made.follow = made.follow.empty() ? undone->follow : made.follow;
    }
    return made;
}

std::string begun_text(direction_names const& each, std::string const& start,
                       std::vector<sync_task> const& tasks) {
    auto const told =
        std::ranges::count_if(tasks, [](sync_task const& one) { return !one.deleted_at.empty(); });
    auto const text =
        fmt::format("{} -> {}: the stream begins anew at {}: {} tables are compared and made equal",
                    each.source, each.target, start, tasks.size());
    if (told == 0) {
        return text + "; a row on one node only comes to the other";
    }
    auto const where =
        told == std::ssize(tasks) ? std::string{} : fmt::format("in {} of them ", told);
    return text + fmt::format("; {}a row that node {} does not have any more was deleted there",
                              where, each.source);
}

} // namespace

awaitable<std::vector<std::string>> reconcile_streams(io::asio::any_io_executor executor,
                                                      options set,
                                                      std::vector<direction_names> broken) {
    workbench bench = co_await open_workbench(executor, set);
    std::vector<table_choice> const choices = choose_all(bench.nodes, set);
    std::vector<std::string> notes;
    auto const known = co_await what_is_known(bench, set, broken);
    session& keeper = bench.of(task_keeper(set).name);
    auto const before = co_await read_tasks(keeper, false);
    std::vector<sync_task> tasks;
    for (chosen_table const& table : choices.front().synced) {
        tasks.push_back(task_of(table, before, known, set));
    }
    // First of all: whoever is killed behind it finds them.
    co_await ask_for(keeper, tasks);
    for (direction_names const& each : broken) {
        session& source = bench.of(each.source);
        auto const name =
            slot_name(each.source, each.target, catalog_of(bench.nodes, each.source).database);
        io::pg::parameters of;
        of.emplace_back(name);
        co_await source.ask(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE "
            "slot_name = $1",
            std::move(of), reconciling);
        node_options const node = *set.node(each.source);
        auto creating = create_slot(source, node, name);
        new_slot const made = co_await std::move(creating);
        auto const sending = sending_statement(each.target, sql::literal(made.start), true);
        co_await source.run(sending, reconciling);
        auto const begin = begin_anew(each.source, made.start);
        co_await bench.of(each.target).run(begin, reconciling);
        notes.push_back(begun_text(each, made.start, tasks));
    }
    co_return notes;
}

} // namespace tandem::engine
