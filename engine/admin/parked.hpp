#pragma once
// `parked`: what nodes refused, and what is to become of it.
//
// A retry is carried out by the instance that serves the direction, between two batches; the command asks for it in
// tandem.parked and waits. So is a drop, unless nobody serves the direction: then the command does it.

#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"
#include "engine/core/parked_lanes.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// Which parked changes a command is about. What can only be dealt with together is taken together.
struct parked_choice {
    std::optional<direction_names> direction; // none: all to the given nodes
    std::string table;                        // "schema.name" or "name"; empty: all
    std::optional<parked_keys::key_values> key;
};

struct parked_entry {
    direction_names direction;
    parked_row row;
    std::size_t lane = 0;   // of its direction, see lanes_of()
    std::size_t behind = 0; // changes that wait behind it
    std::string position;   // R1, but for the LSN: where the transaction's commit begins
    long long index = 0;
    std::string operation;
    std::string sqlstate;
    std::string error;
    std::string since;
    std::optional<std::string> tried_at; // the last retry that failed
    bool escaped = false;                // key and values are in ASCII, see tandem.parked
    std::optional<std::string> key;      // JSON, as the two below
    bool key_hidden = false;             // what `key` says is not what it is
    bool with_values = false;            // the user's data was asked for:
    std::optional<std::string> values;
    std::optional<std::string> old_key;
    std::optional<std::string> detail;
};

enum class parked_state { applied, dropped, failing, waiting };

// What became of one lane.
struct parked_outcome {
    direction_names direction;
    std::string table;
    std::optional<std::string> key; // JSON; none: the table's changes
    std::size_t changes = 0;
    parked_state state = parked_state::waiting;
    std::string sqlstate; // why it is failing
    std::string reason;   // why it is failing or waiting
};

// Told of what is waited for; at most every few seconds.
using parked_progress = std::function<void(std::string const&)>;

// A node that `init` of this version has set up; else throws command_failed saying so.
[[nodiscard]] awaitable<session> open_set_up(io::asio::any_io_executor executor, node_options node);

// In source order of each direction. All of these throw command_failed.
[[nodiscard]] awaitable<std::vector<parked_entry>> list_parked(io::asio::any_io_executor executor,
                                                               options set, parked_choice choice,
                                                               bool values);
// Empty when nothing parked is meant by the choice.
[[nodiscard]] awaitable<std::vector<parked_outcome>> request_parked(
    io::asio::any_io_executor executor, options set, parked_choice choice, parked_request request,
    std::chrono::milliseconds patience, parked_progress tell);

// As the user wrote them. Throw config_error.
[[nodiscard]] direction_names parse_parked_direction(options const& set, std::string const& text);
[[nodiscard]] parked_keys::key_values parse_parked_key(std::string const& text);

// --- how they are shown (parked_shown.cpp)

[[nodiscard]] std::string parked_text(std::vector<parked_entry> const& entries);
[[nodiscard]] std::string parked_json(std::vector<parked_entry> const& entries);
[[nodiscard]] std::string outcomes_text(std::vector<parked_outcome> const& outcomes);
[[nodiscard]] std::string outcomes_json(std::vector<parked_outcome> const& outcomes);

} // namespace tandem::engine
