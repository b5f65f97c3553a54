#pragma once
// The keys of records whose table's replica identity is no key.

#include "engine/core/change_records.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <string>

namespace tandem::engine {

// Of the synced tables with REPLICA IDENTITY FULL: their primary key, where they have one, as it is by now. See
// record_style::keys.
[[nodiscard]] io::awaitable<outcome_of<decltype(record_style::keys)>> read_record_keys(
    std::string node, io::pg::connection& source);

} // namespace tandem::engine
