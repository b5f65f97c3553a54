#pragma once
// How far back the target knows when its rows were written. PostgreSQL forgets commit timestamps with the transactions
// that VACUUM has frozen everywhere, and a row without one counts as older than any change (R11). That is right for changes
// that were committed later than all that is forgotten, and unknown for earlier ones, so these are not applied.

#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

namespace tandem::engine {

// Sets link.versions_since; only with last-update-wins.
[[nodiscard]] io::awaitable<outcome_of<void>> read_versions_since(direction_link& link,
                                                                  io::pg::connection& target);

// For a change that was committed then.
[[nodiscard]] failure versions_are_gone(direction_link const& link, pg_time committed);

} // namespace tandem::engine
