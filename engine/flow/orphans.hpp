#pragma once
// Rows of the target that refer to one which the peer deleted: foreign keys to look at, and what --foreign-keys makes of
// them. Found in the transaction that takes the parent (statement_sender::commit), cured by ordinary changes of the target
// that all nodes get.

#include "codecs/sql/foreign_key_statements.hpp"
#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <vector>

namespace tandem::engine {

// Of those that refer to a table; `table`: schema and name.
[[nodiscard]] io::awaitable<outcome_of<std::vector<sql::foreign_key>>> read_foreign_keys(
    direction_setup const& setup, io::pg::connection& catalog, io::pg::parameters table);

// Carries out the cures that wait. `target` is a session without an origin, whose triggers fire. What the server refuses
// stays reported.
[[nodiscard]] io::awaitable<outcome_of<void>> cure_orphans(direction_link& link,
                                                           io::pg::connection& target);

} // namespace tandem::engine
