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

} // namespace

awaitable<std::vector<std::string>> reconcile_streams(io::asio::any_io_executor executor,
                                                      options set,
                                                      std::vector<direction_names> broken) {
    workbench bench = co_await open_workbench(executor, set);
    std::vector<table_choice> const choices = choose_all(bench.nodes, set);
    std::vector<std::string> notes;
    std::string deleted_at; // the node at which a missing row was deleted
    for (direction_names const& each : broken) {
        bool const same =
            co_await same_history(bench.of(each.source), bench.of(each.target), each.source);
        deleted_at = same && broken.size() == 1 ? each.source : std::string{};
    }
    std::vector<sync_task> tasks;
    for (chosen_table const& table : choices.front().synced) {
        sync_task one;
        one.schema = table.source.schema;
        one.name = table.source.name;
        one.why = gap_task;
        one.peer_deletes = true;
        one.deleted_at = deleted_at;
        one.follow = set.one_way ? set.one_way->first : std::string{};
        tasks.push_back(std::move(one));
    }
    // First of all: whoever is killed behind it finds them.
    co_await ask_for(bench.of(task_keeper(set).name), tasks);
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
        notes.push_back(fmt::format(
            "{} -> {}: the stream begins anew at {}: {} tables are compared and made "
            "equal{}",
            each.source, each.target, made.start, tasks.size(),
            deleted_at.empty() ? "; a row on one node only comes to the other"
                               : fmt::format("; a row that node {} does not have any more was "
                                             "deleted there",
                                             deleted_at)));
    }
    co_return notes;
}

} // namespace tandem::engine
