// snapshot run, snapshot status; table resync.

#include "engine/admin/failure.hpp"
#include "engine/admin/sync_requests.hpp"
#include "engine/config/error.hpp"
#include "engine/config/quantity.hpp"
#include "tools/tandem/command_entry.hpp"
#include "tools/tandem/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace tandem::tool {
namespace {

// "2 of 5 tables done, public.chat_message [####......]  42 %, 10 rows differed"
std::string stand_of(std::vector<engine::sync_task> const& tasks, progress_line const& line) {
    if (tasks.empty()) {
        return {};
    }
    auto const over = std::ranges::count_if(tasks, [](engine::sync_task const& each) {
        return each.state == "done" || each.state == "failed";
    });
    auto made = fmt::format("{} of {} tables done", over, tasks.size());
    auto const running = std::ranges::find(tasks, "running", &engine::sync_task::state);
    if (running == tasks.end()) {
        return made + ", waiting for the running instance";
    }
    auto const began = line.seconds() - std::strtod(running->seconds.c_str(), nullptr);
    made += fmt::format(", {} {}, {} rows differed", running->display(),
                        line.bar(running->part, began), running->different);
    return running->said.empty() ? made : fmt::format("{}, {}", made, running->said);
}

int ask_for_sync(call const& now, char const* why) {
    auto const patience = engine::parse_duration(now.wait);
    if (!patience) {
        throw engine::config_error{
            fmt::format("--wait '{}': expected a duration such as 30s or 2m", now.wait)};
    }
    engine::sync_request what;
    what.tables = now.names;
    what.why = why;
    what.winner = now.winner;
    what.patience = *patience;
    std::vector<engine::sync_task> stand;
    io::asio::io_context io{1};
    progress_line line{io, now.quiet, [&] { return stand_of(stand, line); }};
    what.tell = [](std::string const& text) { fmt::print(stderr, "{}\n", text); };
    what.progress = [&stand](std::vector<engine::sync_task> tasks) { stand = std::move(tasks); };
    auto const tasks =
        engine::run_on(io, engine::request_sync(io.get_executor(), now.set, std::move(what)));
    line.wipe();
    fmt::print("{}", now.json ? engine::tasks_json(tasks) : engine::tasks_text(tasks));
    bool const done = std::ranges::all_of(
        tasks, [](engine::sync_task const& each) { return each.state == "done"; });
    if (!done && patience->count() > 0) {
        fmt::print(
            stderr,
            "not all of it is done: a running instance goes on with it; see 'tandem snapshot "
            "status'\n");
    }
    return done || patience->count() == 0 ? engine::exit_status::ok : engine::exit_status::check;
}

void sync_flags(CLI::App& app, call& into) {
    app.add_option(
           "--winner", into.winner,
           "This node is right, whatever the versions are. Default: none, the newer version wins, "
           "and a row on one node only comes to the other.")
        ->type_name("NODE");
    app.add_option("--wait", into.wait,
                   "How long to wait for the running instance to do it; 0: not at all. Default: " +
                       into.wait + ".")
        ->type_name("DUR");
    json_flag(app, into);
}

} // namespace

int snapshot_run(call const& now) {
    return ask_for_sync(now, "snapshot");
}

int table_resync(call const& now) {
    return ask_for_sync(now, "resync");
}

int snapshot_status(call const& now) {
    io::asio::io_context io{1};
    auto const tasks = engine::run_on(io, engine::sync_status(io.get_executor(), now.set));
    fmt::print("{}", now.json ? engine::tasks_json(tasks) : engine::tasks_text(tasks));
    if (tasks.empty()) {
        fmt::print(stderr, "no table was ever to be made equal\n");
    }
    return engine::exit_status::ok;
}

command_entry resync_command() {
    using group = engine::setting_group;
    return {"resync",
            "Compare tables and make them equal, while they are written; exit 4 unless they are.",
            table_resync,
            {group::nodes, group::tables, group::log},
            [](CLI::App& app, call& into) {
                app.add_option("table", into.names, "SCHEMA.TABLE, or its name alone. No default.")
                    ->type_name("TABLE")
                    ->required();
                sync_flags(app, into);
            }};
}

command_entry snapshot_commands() {
    using group = engine::setting_group;
    command_entry snapshot{
        "snapshot", "Tables that the running instance makes equal.", nullptr, {}, nullptr};
    snapshot.parts = {
        {"run",
         "Compare all synced tables, or those named, and make them equal; exit 4 unless they are.",
         snapshot_run,
         {group::nodes, group::tables, group::log},
         [](CLI::App& app, call& into) {
             app.add_option("table", into.names,
                            "SCHEMA.TABLE, or its name alone. Default: every synced table.")
                 ->type_name("TABLE");
             sync_flags(app, into);
         }},
        {"status",
         "What is made equal, how far it is, and what was done.",
         snapshot_status,
         {group::nodes, group::log},
         json_flag},
    };
    return snapshot;
}

} // namespace tandem::tool
