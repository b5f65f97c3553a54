// table list, pause. Resuming is in parked.cpp.

#include "engine/admin/failure.hpp"
#include "engine/admin/parked.hpp"
#include "engine/admin/tables.hpp"
#include "engine/config/error.hpp"
#include "engine/config/quantity.hpp"
#include "tools/tandem/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace tandem::tool {

int table_list(call const& now) {
    engine::validate_nodes(now.set, 1);
    io::asio::io_context io{1};
    auto const found = engine::run_on(io, engine::list_tables(io.get_executor(), now.set));
    fmt::print("{}", now.json ? engine::tables_json(found) : engine::tables_text(found));
    if (found.empty()) {
        fmt::print(stderr, "no table is synced to the given nodes\n");
    }
    return engine::exit_status::ok;
}

int table_pause(call const& now) {
    engine::validate_nodes(now.set, 1);
    auto const patience = engine::parse_duration(now.wait);
    if (!patience) {
        throw engine::config_error{
            fmt::format("--wait '{}': expected a duration such as 30s or 2m", now.wait)};
    }
    std::optional<engine::direction_names> direction;
    if (!now.direction.empty()) {
        direction = engine::parse_parked_direction(now.set, now.direction);
    }
    std::vector<engine::pause_outcome> outcomes;
    for (auto const& table : now.names) {
        io::asio::io_context io{1};
        auto made = engine::run_on(
            io, engine::pause_table(io.get_executor(), now.set, table, direction, *patience));
        std::ranges::move(made, std::back_inserter(outcomes));
    }
    fmt::print("{}", now.json ? engine::pauses_json(outcomes) : engine::pauses_text(outcomes));
    bool const all = std::ranges::none_of(outcomes, &engine::pause_outcome::waits);
    return all && !outcomes.empty() ? engine::exit_status::ok : engine::exit_status::check;
}

} // namespace tandem::tool
