#include "engine/admin/verify.hpp"

#include "engine/admin/workbench.hpp"
#include "engine/config/error.hpp"
#include "engine/config/load.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace tandem::engine {
namespace {

std::string keys_text(std::string const& title, std::vector<std::string> const& keys) {
    std::string text;
    for (std::string const& each : keys) {
        text += fmt::format("  {}: {}\n", title, each);
    }
    return text;
}

std::int64_t listed(table_comparison const& table) noexcept {
    return static_cast<std::int64_t>(table.only_source.size() + table.only_target.size() +
                                     table.changed.size());
}

std::string table_text(verification const& found, table_comparison const& table) {
    if (table.equal()) {
        return fmt::format("{}: equal, {} rows\n", table.table, table.source_rows);
    }
    std::string text =
        fmt::format("{}: {}{} rows differ ({} rows on node {}, {} on node {})\n", table.table,
                    table.complete ? "" : "at least ", table.different, table.source_rows,
                    found.source, table.target_rows, found.target);
    text += keys_text("only on node " + found.source, table.only_source);
    text += keys_text("only on node " + found.target, table.only_target);
    text += keys_text("not the same", table.changed);
    if (std::int64_t const more = table.different - listed(table); more > 0) {
        text += fmt::format("  and {}{} more\n", table.complete ? "" : "at least ", more);
    }
    return text;
}

} // namespace

bool verification::equal() const noexcept {
    return std::all_of(tables.begin(), tables.end(),
                       [](table_comparison const& each) { return each.equal(); });
}

awaitable<verification> verify_tables(io::asio::any_io_executor executor, options set,
                                      std::size_t keys_max) {
    validate_nodes(set, 2);
    workbench bench = co_await open_workbench(std::move(executor), set);
    std::vector<table_choice> const choices = choose_all(bench.nodes, set);
    table_choice const& choice = choices.front();
    if (choice.synced.empty()) {
        throw config_error{fmt::format("no table of node {} can be compared with node {}",
                                       choice.source, choice.target)};
    }
    verification found;
    found.source = choice.source;
    found.target = choice.target;
    found.left_out = choice.left_out;
    for (session& each : bench.sessions) {
        co_await each.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "comparing tables");
    }
    for (chosen_table const& table : choice.synced) {
        auto comparing =
            compare_table(bench.of(choice.source), bench.of(choice.target), table, keys_max);
        found.tables.push_back(co_await std::move(comparing));
    }
    for (session& each : bench.sessions) {
        co_await each.run("COMMIT", "comparing tables");
    }
    co_return found;
}

std::string verification_text(verification const& found) {
    std::string text;
    std::int64_t rows = 0;
    std::size_t different = 0;
    for (table_comparison const& each : found.tables) {
        text += table_text(found, each);
        rows += each.source_rows;
        different += each.equal() ? 0 : 1;
    }
    if (different == 0) {
        return text +
               fmt::format("masters equal ({} tables, {} rows)\n", found.tables.size(), rows);
    }
    return text +
           fmt::format("masters differ in {} of {} tables\n", different, found.tables.size());
}

std::string verification_json(verification const& found) {
    using json = nlohmann::ordered_json;
    json tables = json::array();
    for (table_comparison const& each : found.tables) {
        json one;
        one["table"] = each.table;
        one["equal"] = each.equal();
        one["rows"] = {{found.source, each.source_rows}, {found.target, each.target_rows}};
        one["different"] = each.different;
        one["complete"] = each.complete;
        one["only_in"] = {{found.source, each.only_source}, {found.target, each.only_target}};
        one["changed"] = each.changed;
        tables.push_back(std::move(one));
    }
    json left_out = json::array();
    for (left_out_table const& each : found.left_out) {
        left_out.push_back({{"table", each.table}, {"reason", each.reason}});
    }
    json text;
    text["equal"] = found.equal();
    text["tables"] = std::move(tables);
    text["left_out"] = std::move(left_out);
    return text.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace tandem::engine
