#include "engine/admin/sync_tasks.hpp"

#include "engine/admin/catalog.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tandem::engine {
namespace {

constexpr char const* keeping_tasks = "keeping tandem.first_sync";

// Made when it is first needed.
constexpr char const* create_tasks =
    R"(CREATE TABLE IF NOT EXISTS tandem.first_sync (
    schema_name text NOT NULL,
    table_name text NOT NULL,
    why text NOT NULL,
    follow text NOT NULL,
    peer_deletes boolean NOT NULL,
    deleted_at text NOT NULL DEFAULT '',
    state text NOT NULL,
    rows bigint NOT NULL DEFAULT 0,
    part double precision NOT NULL DEFAULT 0,
    different bigint NOT NULL DEFAULT 0,
    repaired bigint NOT NULL DEFAULT 0,
    said text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    began_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (schema_name, table_name)))";

constexpr char const* ask_task =
    "INSERT INTO tandem.first_sync (schema_name, table_name, why, follow, "
    "peer_deletes, deleted_at, state) VALUES ($1, $2, $3, "
    "$4, $5::boolean, $6, 'waiting') ON CONFLICT (schema_name, table_name) DO "
    "UPDATE SET why = excluded.why, follow = "
    "excluded.follow, peer_deletes = excluded.peer_deletes, deleted_at = excluded.deleted_at, state = 'waiting', "
    "rows = 0, part = 0, different = 0, "
    "repaired = 0, said = '', asked_at = clock_timestamp(), began_at = NULL, "
    "ended_at = NULL";

constexpr char const* open_tasks = "WHERE state NOT IN ('done', 'failed') ";

constexpr char const* read_all =
    "SELECT schema_name, table_name, why, follow, peer_deletes, state, rows, "
    "part, different, repaired, said, "
    "asked_at, coalesce(ended_at::text, ''), coalesce(extract(epoch FROM "
    "coalesce(ended_at, clock_timestamp()) - "
    "began_at)::numeric(12,1)::text, ''), deleted_at FROM tandem.first_sync {}ORDER BY "
    "asked_at, schema_name, table_name";

constexpr char const* note_one =
    "UPDATE tandem.first_sync SET state = $3, rows = $4::bigint, part = "
    "$5::float8, different = $6::bigint, repaired = "
    "$7::bigint, said = $8, began_at = coalesce(began_at, clock_timestamp()), "
    "ended_at = CASE WHEN $3 IN ('done', "
    "'failed') THEN clock_timestamp() END WHERE schema_name = $1 AND "
    "table_name = $2";

sync_task task_in(io::pg::rows const& from, int row) {
    auto const text = [&](int column) { return std::string{from.text(row, column)}; };
    sync_task made;
    made.schema = text(0);
    made.name = text(1);
    made.why = text(2);
    made.follow = text(3);
    made.peer_deletes = from.boolean(row, 4);
    made.state = text(5);
    made.rows = from.integer(row, 6);
    made.part = std::strtod(text(7).c_str(), nullptr);
    made.different = from.integer(row, 8);
    made.repaired = from.integer(row, 9);
    made.said = text(10);
    made.asked_at = text(11);
    made.ended_at = text(12);
    made.seconds = text(13);
    made.deleted_at = text(14);
    return made;
}

} // namespace

std::string sync_task::display() const {
    return shown_table(schema, name);
}

node_options const& task_keeper(options const& set) noexcept {
    return *std::ranges::min_element(set.nodes, {}, &node_options::name);
}

awaitable<void> ask_for(session& keeper, std::vector<sync_task> tasks) {
    co_await keeper.run(create_tasks, keeping_tasks);
    for (sync_task const& each : tasks) {
        io::pg::parameters values;
        for (auto const* text : {&each.schema, &each.name, &each.why, &each.follow}) {
            values.emplace_back(*text);
        }
        values.emplace_back(each.peer_deletes ? "true" : "false");
        values.emplace_back(each.deleted_at);
        co_await keeper.ask(ask_task, std::move(values), keeping_tasks);
    }
}

awaitable<std::vector<sync_task>> read_tasks(session& keeper, bool open) {
    std::vector<sync_task> found;
    auto const there =
        co_await keeper.run("SELECT to_regclass('tandem.first_sync') IS NOT NULL", keeping_tasks);
    if (!there.boolean(0, 0)) {
        co_return found;
    }
    auto text = fmt::format(read_all, open ? open_tasks : "");
    auto const got = co_await keeper.run(std::move(text), keeping_tasks);
    for (int row = 0; row < got.size(); ++row) {
        found.push_back(task_in(got, row));
    }
    co_return found;
}

awaitable<void> note_task(session& keeper, sync_task task) {
    io::pg::parameters values;
    values.emplace_back(task.schema);
    values.emplace_back(task.name);
    values.emplace_back(task.state);
    values.emplace_back(std::to_string(task.rows));
    values.emplace_back(fmt::format("{:.4f}", task.part));
    values.emplace_back(std::to_string(task.different));
    values.emplace_back(std::to_string(task.repaired));
    values.emplace_back(task.said);
    co_await keeper.ask(note_one, std::move(values), keeping_tasks);
}

awaitable<void> note_peer_deletes(session& keeper, sync_task task) {
    io::pg::parameters values;
    values.emplace_back(task.schema);
    values.emplace_back(task.name);
    co_await keeper.ask(
        "UPDATE tandem.first_sync SET peer_deletes = true WHERE schema_name = $1 AND table_name = $2",
        std::move(values), keeping_tasks);
}

std::string tasks_text(std::vector<sync_task> const& tasks) {
    std::string text;
    for (sync_task const& each : tasks) {
        text += fmt::format("{}: {} ({}), {} rows, {} differed, {} made equal", each.display(),
                            each.state, each.why, each.rows, each.different, each.repaired);
        if (each.state == "running") {
            text += fmt::format(", {:.0f} % of this pass", each.part * 100);
        }
        text += each.seconds.empty() ? "" : fmt::format(", {} s", each.seconds);
        text += each.said.empty() ? "\n" : fmt::format(": {}\n", each.said);
    }
    return text;
}

std::string tasks_json(std::vector<sync_task> const& tasks) {
    using json = nlohmann::ordered_json;
    json list = json::array();
    for (sync_task const& each : tasks) {
        json one;
        one["table"] = each.display();
        one["state"] = each.state;
        one["why"] = each.why;
        one["from"] = each.follow;
        one["rows"] = each.rows;
        one["part"] = each.part;
        one["different"] = each.different;
        one["repaired"] = each.repaired;
        one["said"] = each.said;
        one["asked_at"] = each.asked_at;
        one["ended_at"] = each.ended_at;
        one["seconds"] = each.seconds;
        list.push_back(std::move(one));
    }
    json text;
    text["tables"] = std::move(list);
    return text.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace tandem::engine
