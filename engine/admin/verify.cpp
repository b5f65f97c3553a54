#include "engine/admin/verify.hpp"

#include "engine/config/error.hpp"
#include "engine/config/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
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
    std::string const moving =
        (table.unsettled > 0
             ? fmt::format("  {} rows were written all the while: not compared\n", table.unsettled)
             : "") +
        (table.undecided > 0
             ? fmt::format("  {} rows differ, which may be on their way\n", table.undecided)
             : "");
    if (table.different == 0) {
        return fmt::format("{}: {}, {} rows\n", table.table,
                           table.undecided > 0 ? "not known" : "equal", table.source_rows) +
               moving;
    }
    std::string text = fmt::format("{}: {}{} rows {} ({} rows on node {}, {} on node {})\n",
                                   table.table, table.complete ? "" : "at least ", table.different,
                                   table.repaired > 0 ? "differed" : "differ", table.source_rows,
                                   found.source, table.target_rows, found.target);
    text += keys_text("only on node " + found.source, table.only_source);
    text += keys_text("only on node " + found.target, table.only_target);
    text += keys_text("not the same", table.changed);
    if (std::int64_t const more = table.different - listed(table); more > 0) {
        text += fmt::format("  and {}{} more\n", table.complete ? "" : "at least ", more);
    }
    if (table.repaired > 0) {
        text +=
            fmt::format("  {} rows repaired{}\n", table.repaired,
                        table.repaired < table.different
                            ? ", the others not: 'tandem parked list' and 'tandem conflict list' "
                              "may say why"
                            : "");
    }
    return text + moving;
}

void refuse_impossible(options const& set, verify_wish const& wish) {
    if (!wish.apply && !wish.repairs) {
        if (!wish.how.prefer.empty()) {
            throw config_error{
                "--winner says which node a repair follows: it needs --repair or --apply"};
        }
        return;
    }
    if (!set.origin_column.empty()) {
        throw config_error{
            "--repair and --apply write under a replication origin, which --origin-column is there to do "
            "without: repair by ordinary writes on the node that is wrong"};
    }
    if (!wish.how.prefer.empty() && set.node(wish.how.prefer) == nullptr) {
        throw config_error{fmt::format("--winner {}: no node has that name; it is one of {} and {}",
                                       wish.how.prefer, set.nodes[0].name, set.nodes[1].name)};
    }
    if (set.one_way && wish.apply && wish.how.prefer != set.one_way->first) {
        throw config_error{fmt::format(
            "nothing goes from node {1} to node {0} (--one-way): add --winner {0}, whose rows are right then",
            set.one_way->first, set.one_way->second)};
    }
}

} // namespace

bool verification::equal() const noexcept {
    return std::all_of(tables.begin(), tables.end(),
                       [](table_comparison const& each) { return each.equal(); });
}

awaitable<verification> verify_tables(io::asio::any_io_executor executor, options set,
                                      verify_wish wish) {
    validate_nodes(set, 2);
    refuse_impossible(set, wish);
    workbench bench = co_await open_workbench(executor, set);
    std::vector<table_choice> const choices = choose_all(bench.nodes, set);
    table_choice const& choice = choices.front();
    if (choice.synced.empty()) {
        throw config_error{fmt::format("no table of node {} can be compared with node {}",
                                       choice.source, choice.target)};
    }
    pair_verifier work{bench, set, choice, wish};
    co_await work.open(executor);
    verification found;
    found.source = choice.source;
    found.target = choice.target;
    found.left_out = choice.left_out;
    for (chosen_table const& table : choice.synced) {
        if (wish.begins) {
            wish.begins(table.source.display(), found.tables.size() + 1, choice.synced.size());
        }
        auto comparing = work.compare(table);
        found.tables.push_back(co_await std::move(comparing));
    }
    co_await work.close();
    found.idle = work.fence().idle();
    found.late = work.fence().late();
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
    if (!found.late.empty()) {
        text +=
            fmt::format("stream {} did not come up to what was compared: what differs may be on "
                        "its way; give it more time (--wait), or see 'tandem status'\n",
                        fmt::join(found.late, ", "));
    }
    return text + fmt::format("masters {} in {} of {} tables\n",
                              found.late.empty() ? "differ" : "differ, or may,", different,
                              found.tables.size());
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
        one["repaired"] = each.repaired;
        one["unsettled"] = each.unsettled;
        one["undecided"] = each.undecided;
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
    text["streams"] = {{"idle", found.idle}, {"late", found.late}};
    return text.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace tandem::engine
