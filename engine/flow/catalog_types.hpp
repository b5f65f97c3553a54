#pragma once
// Types that are not built in, from a node's pg_type.

#include "codecs/event/value_kind.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <string>

namespace tandem::engine {

[[nodiscard]] inline std::uint32_t oid_in(io::pg::rows const& from, int row, int column) {
    return static_cast<std::uint32_t>(from.integer(row, column));
}

// `node`: for what is said of a failure.
[[nodiscard]] io::awaitable<outcome_of<event::type_table>> read_user_types(
    std::string node, io::pg::connection& link);

} // namespace tandem::engine
