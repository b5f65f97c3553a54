#include "engine/admin/schema_check.hpp"

#include "engine/admin/shown_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace tandem::engine {
namespace {

using json = nlohmann::json;

constexpr char const* reading_shapes = "reading how its tables look";
constexpr char const* shapes_known =
    "SELECT to_regprocedure('tandem.relation_shape(oid)') IS NOT NULL";
constexpr char const* shapes_of_tables =
    "SELECT w.place, tandem.relation_shape(c.oid)::text FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS w(name, "
    "place) JOIN pg_namespace AS n ON n.nspname = w.name ->> 0 JOIN pg_class AS c ON c.relnamespace = n.oid AND "
    "c.relname = w.name ->> 1";
constexpr std::size_t told_most = 5; // differences of one table
constexpr std::size_t text_most = 120;

// By their place in the list that was asked for; empty: the node cannot tell.
using shapes_by_place = std::map<long long, ddl::shape>;

awaitable<shapes_by_place> read_shapes(session& node, std::string const& names) {
    shapes_by_place made;
    auto const known = co_await node.run(shapes_known, reading_shapes);
    if (!known.boolean(0, 0)) {
        co_return made;
    }
    io::pg::parameters values;
    values.emplace_back(names);
    auto const got = co_await node.ask(shapes_of_tables, values, reading_shapes);
    for (int row = 0; row < got.size(); ++row) {
        if (!got.null(row, 1)) {
            made.emplace(got.integer(row, 0), ddl::shape::parse(got.text(row, 1)));
        }
    }
    co_return made;
}

std::string names_of(std::vector<chosen_table> const& tables) {
    auto names = json::array();
    for (auto const& each : tables) {
        names.push_back(json::array({each.source.schema, each.source.name}));
    }
    return names.dump();
}

// What the user has told us not to carry, or a column list leaves out, differs on purpose.
bool on_purpose(ddl::difference const& one, chosen_table const& table, options const& set) {
    auto const kind = one.what.substr(0, one.what.find(' '));
    if (kind == "column" && !table.column_list.empty()) {
        return true;
    }
    auto const& skipped = set.ddl_skips.kinds;
    return std::ranges::find(skipped, kind) != skipped.end();
}

std::string told(ddl::difference const& one, std::string const& left, std::string const& right) {
    if (one.left.empty() || one.right.empty()) {
        auto const& there = one.left.empty() ? right : left;
        auto const& missing = one.left.empty() ? left : right;
        return fmt::format("{} is missing on {} ({}: {})", one.what, missing, there,
                           shown(one.left.empty() ? one.right : one.left, text_most));
    }
    return fmt::format("{} is {} on {} and {} on {}", one.what, shown(one.left, text_most), left,
                       shown(one.right, text_most), right);
}

struct one_side {
    node_catalog const& node;
    shapes_by_place const& shapes;
};

} // namespace

finding schema_finding(chosen_table const& table, std::vector<ddl::difference> const& found,
                       node_catalog const& left, node_catalog const& right, options const& set) {
    std::vector<std::string> said;
    for (auto const& each : found) {
        if (said.size() < told_most) {
            said.push_back(told(each, left.name, right.name));
        }
    }
    if (found.size() > said.size()) {
        said.push_back(fmt::format("and {} more", found.size() - said.size()));
    }
    bool const meant_equal = set.ddl && !set.one_way;
    return {{},
            "schema of " + table.source.display(),
            "the same",
            found.size() == 1 ? "1 difference" : fmt::format("{} differences", found.size()),
            meant_equal ? severity::warning : severity::info,
            fmt::format("{}; unless that is meant, or on its way, make both the same",
                        fmt::join(said, "; "))};
}

namespace {

std::vector<finding> compare(std::vector<chosen_table> const& tables, one_side const& left,
                             one_side const& right, options const& set) {
    std::vector<finding> made;
    std::size_t compared = 0;
    bool const other_major = left.node.major() != right.node.major();
    for (auto const& [place, shape] : left.shapes) {
        auto const other = right.shapes.find(place);
        if (other == right.shapes.end()) {
            continue;
        }
        auto const& table = tables[static_cast<std::size_t>(place - 1)];
        auto found = ddl::differences(shape, other->second, other_major);
        std::erase_if(found, [&table, &set](ddl::difference const& one) {
            return on_purpose(one, table, set);
        });
        if (!found.empty()) {
            made.push_back(schema_finding(table, found, left.node, right.node, set));
        }
        ++compared;
    }
    if (made.empty() && compared > 0) {
        made.push_back({{},
                        "schemas of synced tables",
                        "the same",
                        fmt::format("the same ({} compared)", compared),
                        severity::ok,
                        {}});
    }
    return made;
}

} // namespace

awaitable<std::vector<finding>> check_schemas(workbench& bench, std::vector<table_choice> choices,
                                              options const& set) {
    if (choices.empty() || bench.nodes.size() < 2) {
        co_return std::vector<finding>{};
    }
    auto const& tables = choices.front().synced; // both ways: the same ones
    auto const names = names_of(tables);
    auto const& left = bench.nodes[0];
    auto const& right = bench.nodes[1];
    auto const here = co_await read_shapes(bench.of(left.name), names);
    auto const there = co_await read_shapes(bench.of(right.name), names);
    one_side const of_left{left, here};
    one_side const of_right{right, there};
    co_return compare(tables, of_left, of_right, set);
}

} // namespace tandem::engine
