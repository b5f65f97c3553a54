#pragma once
// `table`: the synced tables of each direction, and letting one wait.

#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// A table as a direction's target sees it.
struct table_entry {
    direction_names direction;
    std::string table; // "schema.name"
    std::string
        state; // ok; pausing: it is asked for; paused: all its changes wait; parked: those of some keys do
    long long waiting = 0;
    std::optional<std::string> since;
    std::optional<std::string> why; // of the first that waits
};

// By direction and name. Throw command_failed, as all of these.
[[nodiscard]] awaitable<std::vector<table_entry>> list_tables(io::asio::any_io_executor executor,
                                                              options set);

// What became of the wish.
struct pause_outcome {
    direction_names direction;
    std::string table;
    bool waits = false; // for the instance that serves the direction
};
// `table`: "schema.name", or a name that one synced table has. Waits for the running instance at most `patience`.
[[nodiscard]] awaitable<std::vector<pause_outcome>> pause_table(
    io::asio::any_io_executor executor, options set, std::string table,
    std::optional<direction_names> direction, std::chrono::milliseconds patience);

[[nodiscard]] std::string tables_text(std::vector<table_entry> const& entries);
[[nodiscard]] std::string tables_json(std::vector<table_entry> const& entries);
[[nodiscard]] std::string pauses_text(std::vector<pause_outcome> const& outcomes);
[[nodiscard]] std::string pauses_json(std::vector<pause_outcome> const& outcomes);

} // namespace tandem::engine
