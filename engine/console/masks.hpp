#pragma once
// What the console shows of rows, without the values of columns that --mask names. Pure.

#include "engine/admin/conflicts.hpp"
#include "engine/admin/parked.hpp"
#include "engine/config/options.hpp"

#include <vector>

namespace tandem::console {

using masks = std::vector<engine::table_pattern>;

[[nodiscard]] engine::conflict_entry masked(engine::conflict_entry entry, masks const& by);
// Of a table with hidden columns the server's sentences go too: they hold values.
[[nodiscard]] engine::parked_entry masked(engine::parked_entry entry, masks const& by);
[[nodiscard]] engine::parked_outcome masked(engine::parked_outcome outcome, masks const& by);

} // namespace tandem::console
