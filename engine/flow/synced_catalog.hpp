#pragma once
// What a source's catalog says of the synced tables, for the transformations of their changes.

#include "engine/connect/row_transforms.hpp"
#include "engine/flow/direction_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <memory>

namespace tandem::engine {

// Of one start of a stream. Null: the setup names none.
[[nodiscard]] io::awaitable<outcome_of<std::unique_ptr<connect::row_transforms>>>
open_row_transforms(direction_setup const& setup, io::pg::connection& source);

} // namespace tandem::engine
