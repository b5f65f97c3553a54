// conflict list, show, restore, export.

#include "engine/admin/conflicts.hpp"
#include "engine/admin/failure.hpp"
#include "engine/config/error.hpp"
#include "tools/tandem/command.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace tandem::tool {
namespace {

engine::conflict_choice choice_of(call const& now) {
    engine::conflict_choice made;
    made.table = now.table;
    made.type = now.pattern;
    made.most = now.count ? static_cast<std::size_t>(*now.count) : 20;
    return made;
}

} // namespace

int conflict_list(call const& now) {
    engine::validate_nodes(now.set, 1);
    io::asio::io_context io{1};
    auto const found =
        engine::run_on(io, engine::list_conflicts(io.get_executor(), now.set, choice_of(now)));
    fmt::print("{}", now.json ? engine::conflicts_json(found) : engine::conflicts_text(found));
    if (found.empty()) {
        fmt::print(stderr, "no conflicts\n");
    }
    return engine::exit_status::ok;
}

int conflict_show(call const& now) {
    engine::validate_nodes(now.set, 1);
    io::asio::io_context io{1};
    for (auto const& name : now.names) {
        auto place = engine::parse_conflict_place(now.set, name);
        auto const found =
            engine::run_on(io, engine::read_conflict(io.get_executor(), now.set, std::move(place)));
        fmt::print("{}",
                   now.json ? engine::conflict_json_line(found) : engine::conflict_text(found));
    }
    return engine::exit_status::ok;
}

int conflict_export(call const& now) {
    engine::validate_nodes(now.set, 1);
    io::asio::io_context io{1};
    auto const count = engine::run_on(
        io, engine::export_conflicts(io.get_executor(), now.set, choice_of(now),
                                     [](std::string const& line) { fmt::print("{}", line); }));
    fmt::print(stderr, "{} conflicts\n", count);
    return engine::exit_status::ok;
}

int conflict_restore(call const& now) {
    engine::validate_nodes(now.set, 1);
    if (!now.yes) {
        throw engine::config_error{
            "conflict restore writes the losing version over what is there, on all "
            "nodes; add --yes to do it"};
    }
    io::asio::io_context io{1};
    for (auto const& name : now.names) {
        auto place = engine::parse_conflict_place(now.set, name);
        auto const done = engine::run_on(
            io, engine::restore_conflict(io.get_executor(), now.set, std::move(place)));
        fmt::print("{}\n", engine::restored_text(done));
    }
    return engine::exit_status::ok;
}

} // namespace tandem::tool
