#include "engine/admin/tables.hpp"

#include "codecs/sql/parked_statements.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/parked.hpp"
#include "engine/admin/shown_text.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace tandem::engine {
namespace {

constexpr char const* reading_tables = "reading which tables are synced";
constexpr char const* pausing = "pausing a table";
constexpr std::size_t why_most = 200; // bytes

// What this node receives is what it publishes; of one way, what waits for it.
constexpr char const* tables_query =
    "WITH waits AS (SELECT stream, schema_name, table_name, count(*) FILTER (WHERE op <> 'pause') AS changes, min(at) AS since, "
    "bool_or(whole_table) AS whole, bool_or(asked = 'pause') AS asked, (array_agg(error ORDER BY position, idx, id))[1] AS why FROM tandem.parked GROUP BY 1, 2, 3) "
    "SELECT p.stream, t.schemaname || '.' || t.tablename, CASE WHEN w.asked THEN 'pausing' WHEN w.whole THEN 'paused' WHEN w.stream IS NOT NULL THEN 'parked' "
    "ELSE 'ok' END, coalesce(w.changes, 0), w.since, w.why FROM (SELECT schemaname, tablename FROM pg_publication_tables WHERE "
    "pubname = 'tandem' AND schemaname <> 'tandem' UNION SELECT schema_name, table_name FROM waits) AS t CROSS JOIN tandem.progress "
    "AS p LEFT JOIN waits AS w ON w.stream = p.stream AND w.schema_name = t.schemaname AND w.table_name = t.tablename ORDER BY 1, 2";

awaitable<std::vector<table_entry>> tables_of(session& target) {
    auto const got = co_await target.run(tables_query, reading_tables);
    std::vector<table_entry> entries;
    for (int row = 0; row < got.size(); ++row) {
        table_entry one;
        one.direction = {std::string{got.text(row, 0)}, target.node()};
        one.table = std::string{got.text(row, 1)};
        one.state = std::string{got.text(row, 2)};
        one.waiting = got.integer(row, 3);
        one.since = got.optional(row, 4);
        one.why = got.optional(row, 5);
        entries.push_back(std::move(one));
    }
    co_return entries;
}

// "schema.name" of the table that is meant at that node.
std::string table_meant(std::vector<table_entry> const& entries, std::string const& named,
                        std::string const& node) {
    std::set<std::string> found;
    for (auto const& each : entries) {
        if (each.table == named || each.table.ends_with("." + named)) {
            found.insert(each.table);
        }
    }
    if (found.size() == 1) {
        return *found.begin();
    }
    throw command_failed{
        exit_status::usage,
        found.empty()
            ? fmt::format("no synced table of node {} is called {}; 'tandem table list' shows them",
                          node, named)
            : fmt::format("several tables of node {} are called {}: {}; name the schema too", node,
                          named, fmt::join(found, ", "))};
}

// Until the running instance has seen it. False: it has not yet.
awaitable<bool> taken_to_heart(session& target, std::string ids,
                               std::chrono::steady_clock::time_point until) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto const query = fmt::format(
        "SELECT EXISTS (SELECT FROM tandem.parked WHERE id = ANY ('{{{}}}'::bigint[]) AND asked = 'pause')",
        ids);
    for (;;) {
        auto const got = co_await target.run(query, pausing);
        if (!got.boolean(0, 0)) {
            co_return true;
        }
        if (std::chrono::steady_clock::now() >= until) {
            co_return false;
        }
        timer.expires_after(std::chrono::milliseconds{100});
        co_await timer.async_wait(io::use_tuple);
    }
}

awaitable<std::vector<pause_outcome>> pause_at(session& target, std::string named,
                                               std::optional<direction_names> direction,
                                               std::chrono::steady_clock::time_point until) {
    auto const entries = co_await tables_of(target);
    auto const table = table_meant(entries, named, target.node());
    std::set<std::string> streams;
    for (auto const& each : entries) {
        if (each.table == table && (!direction || direction->source == each.direction.source)) {
            streams.insert(each.direction.source);
        }
    }
    auto const dot = table.find('.');
    io::pg::parameters values;
    values.emplace_back(table.substr(0, dot));
    values.emplace_back(table.substr(dot + 1));
    values.emplace_back(fmt::format("{{{}}}", fmt::join(streams, ",")));
    auto const made = co_await target.ask(sql::pause_table(), values, pausing);
    std::vector<pause_outcome> outcomes;
    std::vector<long long> ids;
    for (int row = 0; row < made.size(); ++row) {
        outcomes.push_back({{std::string{made.text(row, 0)}, target.node()}, table, false});
        ids.push_back(made.integer(row, 1));
    }
    bool const done =
        co_await taken_to_heart(target, fmt::format("{}", fmt::join(ids, ",")), until);
    for (auto& each : outcomes) {
        each.waits = !done;
    }
    co_return outcomes;
}

} // namespace

awaitable<std::vector<table_entry>> list_tables(io::asio::any_io_executor executor, options set) {
    std::vector<table_entry> entries;
    for (node_options const& node : set.nodes) {
        session target = co_await open_set_up(executor, node);
        auto found = co_await tables_of(target);
        std::ranges::move(found, std::back_inserter(entries));
    }
    co_return entries;
}

awaitable<std::vector<pause_outcome>> pause_table(io::asio::any_io_executor executor, options set,
                                                  std::string table,
                                                  std::optional<direction_names> direction,
                                                  std::chrono::milliseconds patience) {
    auto const until = std::chrono::steady_clock::now() + patience;
    std::vector<pause_outcome> outcomes;
    for (node_options const& node : set.nodes) {
        if (direction && direction->target != node.name) {
            continue;
        }
        session target = co_await open_set_up(executor, node);
        auto made = co_await pause_at(target, table, direction, until);
        std::ranges::move(made, std::back_inserter(outcomes));
    }
    co_return outcomes;
}

std::string tables_text(std::vector<table_entry> const& entries) {
    std::string made;
    for (auto const& each : entries) {
        made += fmt::format("{} -> {}  {}  {}", each.direction.source, each.direction.target,
                            each.table, each.state);
        if (each.state != "ok") {
            made += fmt::format(": {} changes wait since {}: {}", each.waiting,
                                each.since.value_or(""), shown(each.why.value_or(""), why_most));
        }
        made += "\n";
    }
    return made;
}

std::string tables_json(std::vector<table_entry> const& entries) {
    auto made = nlohmann::json::array();
    for (auto const& each : entries) {
        made.push_back({{"source", each.direction.source},
                        {"target", each.direction.target},
                        {"table", each.table},
                        {"state", each.state},
                        {"waiting", each.waiting},
                        {"since", each.since ? nlohmann::json(*each.since) : nlohmann::json{}},
                        {"why", each.why ? nlohmann::json(*each.why) : nlohmann::json{}}});
    }
    return made.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string pauses_text(std::vector<pause_outcome> const& outcomes) {
    std::string made;
    for (auto const& each : outcomes) {
        made += fmt::format("{} -> {}: {} {}\n", each.direction.source, each.direction.target,
                            each.table,
                            each.waits ? "will be paused by the instance that serves the direction"
                                       : "is paused; 'tandem table resume' lets it go on");
    }
    return made;
}

std::string pauses_json(std::vector<pause_outcome> const& outcomes) {
    auto made = nlohmann::json::array();
    for (auto const& each : outcomes) {
        made.push_back({{"source", each.direction.source},
                        {"target", each.direction.target},
                        {"table", each.table},
                        {"state", each.waits ? "waiting" : "paused"}});
    }
    return made.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace tandem::engine
