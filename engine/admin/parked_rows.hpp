#pragma once
// Rows of tandem.parked as the engine works with them.

#include "engine/core/parked_changes.hpp"
#include "engine/core/parked_lanes.hpp"
#include "io/pg/connection.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace tandem::engine {

// An object of strings and nulls; none for SQL's null. `escaped`: see tandem.parked.
[[nodiscard]] std::optional<parked_keys::key_values> parked_object(io::pg::rows const& from,
                                                                   int row, int column,
                                                                   bool escaped);

// The answer to sql::parked_rows(), or to sql::parked_list(), which begins with the same columns.
[[nodiscard]] std::vector<parked_row> parked_rows_of(io::pg::rows const& got);

// A row of the answer to sql::parked_values().
struct parked_change {
    std::int64_t id = 0;
    transaction_header header; // of the transaction that it came in
    parked_values values;
    std::string sqlstate;
    std::string error;
};
[[nodiscard]] parked_change parked_change_of(io::pg::rows const& got, int row);

[[nodiscard]] std::vector<std::int64_t> ids_of(std::span<parked_row const> rows,
                                               std::span<std::size_t const> places);

} // namespace tandem::engine
