#include "engine/admin/workbench.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/sql/quote.hpp"
#include "engine/admin/pooler.hpp"
#include "engine/admin/read_catalog.hpp"
#include "engine/config/error.hpp"
#include "io/runtime/all.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace tandem::engine {
namespace {

using io::pg::rows;

// The columns a filter reads are those its publication entry depends on.
constexpr char const* filter_facts =
    "SELECT pg_get_expr(r.prqual, r.prrelid), a.attname FROM pg_publication_rel r "
    "JOIN pg_publication p ON p.oid = r.prpubid "
    "LEFT JOIN pg_depend d ON d.classid = 'pg_publication_rel'::regclass AND d.objid = r.oid "
    "  AND d.refclassid = 'pg_class'::regclass AND d.refobjid = r.prrelid AND d.refobjsubid > 0 "
    "LEFT JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = d.refobjsubid "
    "WHERE p.pubname = 'tandem_probe'";

// The server reads the filter in a publication that never comes to be.
awaitable<std::string> probe_filter(session& source, chosen_table table) {
    std::string const doing = "checking the row filter of " + table.source.display();
    co_await source.run("BEGIN", doing);
    co_await source.run("SET LOCAL lock_timeout = '5s'", doing);
    io::pg::parameters none;
    std::string create =
        fmt::format("CREATE PUBLICATION tandem_probe FOR TABLE ONLY {} WHERE ({})",
                    sql::qualified(table.source.schema, table.source.name), table.where);
    // By the extended protocol: one statement, whatever the filter's text holds.
    auto creating = source.link().query(std::move(create), std::move(none));
    auto const created = co_await std::move(creating);
    if (!created) {
        throw config_error{fmt::format("--tables: table {}: where {}: {}", table.source.display(),
                                       table.where, created.error().message)};
    }
    rows const facts = co_await source.run(filter_facts, doing);
    co_await source.run("ROLLBACK", doing);
    for (int row = 0; row < facts.size(); ++row) {
        std::string const column{facts.text(row, 1)};
        bool const known = facts.null(row, 1) || table.source.replica_identity == 'f' ||
                           std::find(table.key.begin(), table.key.end(), column) != table.key.end();
        if (!known) {
            throw config_error{fmt::format(
                "--tables: table {}: the row filter reads column {}, which is no part of the replica "
                "identity, so PostgreSQL would refuse updates of the table; filter by key columns or "
                "ALTER TABLE {} REPLICA IDENTITY FULL",
                table.source.display(), shown_identifier(column), table.source.display())};
        }
    }
    co_return std::string{facts.text(0, 0)};
}

struct visited {
    session link;
    node_catalog catalog;
};

awaitable<std::optional<visited>> visit(io::asio::any_io_executor executor, node_options node) {
    session link = co_await session::open(executor, node);
    co_await refuse_pooler(std::move(executor), link, node);
    node_catalog catalog = co_await read_catalog(link, node.rank);
    visited made{std::move(link), std::move(catalog)};
    co_return std::optional{std::move(made)};
}

} // namespace

session& workbench::of(std::string const& node) {
    auto const found = std::find_if(sessions.begin(), sessions.end(),
                                    [&](session const& each) { return each.node() == node; });
    TANDEM_ASSERT(found != sessions.end());
    return *found;
}

awaitable<workbench> open_workbench(io::asio::any_io_executor executor, options set) {
    std::vector<awaitable<std::optional<visited>>> visits;
    for (node_options const& node : set.nodes) {
        visits.push_back(visit(executor, node));
    }
    auto arrived = co_await io::all(executor, std::move(visits));
    workbench bench;
    for (auto& each : arrived) {
        bench.sessions.push_back(std::move(each->link));
        bench.nodes.push_back(std::move(each->catalog));
    }
    co_return bench;
}

awaitable<std::vector<table_choice>> check_filters(workbench& bench,
                                                   std::vector<table_choice> choices) {
    for (table_choice& choice : choices) {
        if (find_catalog(bench.nodes, choice.source) == nullptr) {
            continue; // its own site looks at them
        }
        for (chosen_table& table : choice.synced) {
            if (!table.where.empty()) {
                table.where = co_await probe_filter(bench.of(choice.source), table);
            }
        }
    }
    co_return choices;
}

} // namespace tandem::engine
