#include "engine/admin/sync_requests.hpp"

#include "engine/admin/choose.hpp"
#include "engine/admin/failure.hpp"
#include "engine/admin/workbench.hpp"
#include "engine/config/error.hpp"
#include "engine/config/load.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace tandem::engine {
namespace {

using namespace std::chrono_literals;

bool called(chosen_table const& table, std::string const& name) {
    return name == table.source.display() || name == table.source.name ||
           name == table.source.schema + "." + table.source.name;
}

std::vector<chosen_table const*> tables_called(table_choice const& choice,
                                               std::vector<std::string> const& names) {
    std::vector<chosen_table const*> found;
    for (std::string const& name : names) {
        auto const before = found.size();
        for (chosen_table const& each : choice.synced) {
            if (called(each, name)) {
                found.push_back(&each);
            }
        }
        if (found.size() == before) {
            throw config_error{fmt::format(
                "no table {} is synced between nodes {} and {}: 'tandem doctor' says what is left out, "
                "and why",
                name, choice.source, choice.target)};
        }
    }
    if (names.empty()) {
        for (chosen_table const& each : choice.synced) {
            found.push_back(&each);
        }
    }
    return found;
}

void refuse_what_cannot_be(options const& set, sync_request const& what) {
    if (!what.winner.empty() && set.node(what.winner) == nullptr) {
        throw config_error{fmt::format("--winner {}: no node has that name; it is one of {} and {}",
                                       what.winner, set.nodes[0].name, set.nodes[1].name)};
    }
    if (!set.origin_column.empty()) {
        throw config_error{
            "rows are sent again under a replication origin, which --origin-column is there "
            "to do without"};
    }
    if (set.one_way && what.winner != set.one_way->first) {
        throw config_error{fmt::format(
            "nothing goes from node {1} to node {0} (--one-way): add --winner {0}, whose rows are right then",
            set.one_way->first, set.one_way->second)};
    }
}

bool over(sync_task const& task) {
    return task.state == "done" || task.state == "failed";
}

// Those that were asked for, as they stand.
awaitable<std::vector<sync_task>> those_asked(session& keeper, std::vector<sync_task> asked) {
    auto all = co_await read_tasks(keeper, false);
    std::erase_if(all, [&](sync_task const& each) {
        return std::ranges::none_of(asked, [&](sync_task const& one) {
            return one.schema == each.schema && one.name == each.name;
        });
    });
    co_return all;
}

} // namespace

awaitable<std::vector<sync_task>> request_sync(io::asio::any_io_executor executor, options set,
                                               sync_request what) {
    validate_nodes(set, 2);
    refuse_what_cannot_be(set, what);
    workbench bench = co_await open_workbench(executor, set);
    for (node_catalog const& node : bench.nodes) {
        if (!node.installed.schema_version) {
            throw config_error{fmt::format("node {} is not set up; run 'tandem init'", node.name)};
        }
    }
    std::vector<table_choice> const choices = choose_all(bench.nodes, set);
    std::vector<sync_task> asked;
    for (chosen_table const* each : tables_called(choices.front(), what.tables)) {
        sync_task one;
        one.schema = each->source.schema;
        one.name = each->source.name;
        one.why = what.why;
        one.follow = what.winner;
        asked.push_back(std::move(one));
    }
    session& keeper = bench.of(task_keeper(set).name);
    co_await ask_for(keeper, asked);
    what.tell(fmt::format("{} tables are left to the running instance", asked.size()));
    auto const until = std::chrono::steady_clock::now() + what.patience;
    io::asio::steady_timer timer{executor};
    for (;;) {
        auto now = co_await those_asked(keeper, asked);
        bool const all_over = std::ranges::all_of(now, over);
        if (all_over || std::chrono::steady_clock::now() >= until) {
            co_return now;
        }
        what.progress(now);
        timer.expires_after(200ms);
        co_await timer.async_wait(io::use_tuple);
    }
}

awaitable<std::vector<sync_task>> sync_status(io::asio::any_io_executor executor, options set) {
    validate_nodes(set, 1);
    node_options const where = task_keeper(set);
    session keeper = co_await session::open(std::move(executor), where);
    auto tasks = co_await read_tasks(keeper, false);
    co_return tasks;
}

} // namespace tandem::engine
