#include "engine/admin/ddl_log.hpp"

#include "engine/admin/failure.hpp"
#include "engine/admin/shown_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::engine {
namespace {

using json = nlohmann::json;

constexpr char const* reading_ddl = "reading tandem.ddl";
constexpr std::size_t shown_most = 200; // bytes of what may be long

constexpr char const* newest =
    "SELECT * FROM (SELECT id, at, node, tag, ended, position, error, to_jsonb(statements)::text, "
    "(SELECT jsonb_agg(coalesce(c -> 'after', c -> 'before') ->> 'kind' || ' ' || coalesce(nullif(coalesce(c -> 'after', "
    "c -> 'before') ->> 'schema', coalesce(c -> 'after', c -> 'before') ->> 'name') || '.', '') || "
    "(coalesce(c -> 'after', c -> 'before') ->> 'name')) FROM jsonb_array_elements(changes -> 'changes') AS c)::text "
    "FROM tandem.ddl ORDER BY id DESC LIMIT nullif($1::bigint, 0)) AS d ORDER BY id";

std::vector<std::string> texts_in(std::string_view from) {
    std::vector<std::string> made;
    for (auto const& each : json::parse(from, nullptr, false)) {
        if (each.is_string()) {
            made.push_back(each.get<std::string>());
        }
    }
    return made;
}

awaitable<std::vector<ddl_entry>> read_node(io::asio::any_io_executor executor, node_options node,
                                            std::size_t most) {
    session opened = co_await session::open(std::move(executor), std::move(node));
    auto const there =
        co_await opened.run("SELECT to_regclass('tandem.ddl') IS NOT NULL", reading_ddl);
    if (!there.boolean(0, 0)) {
        throw command_failed{
            exit_status::usage,
            fmt::format("node {} is not set up, or by an older tandem; run 'tandem init'",
                        opened.node())};
    }
    io::pg::parameters values;
    values.emplace_back(std::to_string(most));
    auto const got = co_await opened.ask(newest, values, reading_ddl);
    std::vector<ddl_entry> entries;
    for (int row = 0; row < got.size(); ++row) {
        ddl_entry one;
        one.node = opened.node();
        one.from = got.optional(row, 2).value_or(opened.node());
        one.id = got.integer(row, 0);
        one.at = std::string{got.text(row, 1)};
        one.tag = std::string{got.text(row, 3)};
        one.ended = std::string{got.text(row, 4)};
        one.position = got.optional(row, 5);
        one.error = got.optional(row, 6);
        one.statements = texts_in(got.text(row, 7));
        one.objects = texts_in(got.text(row, 8));
        entries.push_back(std::move(one));
    }
    co_return entries;
}

} // namespace

awaitable<std::vector<ddl_entry>> list_ddl(io::asio::any_io_executor executor, options set,
                                           std::size_t most) {
    std::vector<ddl_entry> entries;
    for (node_options const& node : set.nodes) {
        auto reading_one = read_node(executor, node, most);
        auto found = co_await std::move(reading_one);
        std::ranges::move(found, std::back_inserter(entries));
    }
    std::ranges::stable_sort(entries, {}, &ddl_entry::at);
    co_return entries;
}

std::string ddl_text(std::vector<ddl_entry> const& entries) {
    std::string made;
    for (auto const& each : entries) {
        made += fmt::format("{}  node {} from {}  {} {}: {}\n", each.at, each.node, each.from,
                            shown(each.tag, shown_most),
                            shown(fmt::format("{}", fmt::join(each.objects, ", ")), shown_most),
                            each.ended);
        for (auto const& statement : each.statements) {
            made += fmt::format("    {}\n", shown(statement, shown_most));
        }
        if (each.error) {
            made += fmt::format("    {}\n", shown(*each.error, 2 * shown_most));
        }
    }
    return made;
}

std::string ddl_json(std::vector<ddl_entry> const& entries) {
    auto made = json::array();
    for (auto const& each : entries) {
        made.push_back({{"node", each.node},
                        {"from", each.from},
                        {"id", each.id},
                        {"at", each.at},
                        {"tag", each.tag},
                        {"objects", each.objects},
                        {"ended", each.ended},
                        {"statements", each.statements},
                        {"error", each.error ? json(*each.error) : json{}},
                        {"position", each.position ? json(*each.position) : json{}}});
    }
    return made.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace tandem::engine
