#pragma once
// Which parked changes can only be dealt with together, and what a request for some of them means for the rest. Pure.

#include "engine/core/parked_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tandem::engine {

enum class parked_request : std::uint8_t { none, retry, drop, pause };

// One row of tandem.parked, without the change's values.
struct parked_row {
    std::int64_t id = 0;
    std::string table;               // "schema.name"
    parked_keys::key_values key;     // empty: a TRUNCATE's
    parked_keys::key_values new_key; // of an update; equal to `key` where that stays
    bool whole_table = false;        // everything of the table waits behind it
    parked_request asked = parked_request::none;
    std::string sqlstate; // why
};

// Places in the list of rows, ascending: what belongs together is carried out in source order.
using parked_lane = std::vector<std::size_t>;

// All functions here take the rows of one stream in source order.

// The lane of every row, by its place: rows of a key, of the keys that updates lead to, or of a whole table. A lane's
// number is the place of its first row. With `keys_alone` a table that is parked as a whole is taken apart into the
// lanes of its keys; a TRUNCATE is then a lane of its own.
[[nodiscard]] std::vector<std::size_t> lanes_of(std::span<parked_row const> rows, bool keys_alone);

// The lanes with a row that is to be retried, in the order of their first rows.
[[nodiscard]] std::vector<parked_lane> lanes_to_retry(std::span<parked_row const> rows);

// The lanes that wait for a value of a unique index and for nothing else (R14), in the order of their first rows.
[[nodiscard]] std::vector<parked_lane> colliding_lanes(std::span<parked_row const> rows);

// What carrying out the requests to drop means. What came to the queue after the request was not meant by it: it is
// retried.
struct parked_drop {
    std::vector<std::size_t> dropped;
    std::vector<std::size_t> retried;
    // The first that is left of a table whose cause was dropped: the rest waits behind it until it has been retried.
    std::vector<std::size_t> now_whole;
};
[[nodiscard]] parked_drop decide_drop(std::span<parked_row const> rows);

// What later changes wait behind.
[[nodiscard]] parked_keys keys_of(std::span<parked_row const> rows);

} // namespace tandem::engine
