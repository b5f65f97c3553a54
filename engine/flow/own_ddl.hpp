#pragma once
// What was altered at a node lately, as its log of DDL has it: its own, and what it carried out of its peers.

#include "engine/ddl/follow.hpp"
#include "io/pg/connection.hpp"

#include <vector>

namespace tandem::engine {

// Nothing where none of it was its own.
inline constexpr char const* own_ddl_query =
    "SELECT changes, node IS NULL, ended = 'paused' FROM tandem.ddl WHERE at > now() - interval '7 days' AND EXISTS (SELECT FROM "
    "tandem.ddl WHERE node IS NULL AND at > now() - interval '7 days') AND EXISTS (SELECT FROM jsonb_array_elements(changes -> 'changes') AS c "
    "WHERE coalesce(c -> 'before' ->> 'kind', c -> 'after' ->> 'kind') IN ('table', 'schema')) ORDER BY id";

enum class waiting : bool { left, taken };
// `paused`: what becomes of DDL that waits here.
[[nodiscard]] std::vector<ddl::logged> read_own_ddl(io::pg::rows const& got, waiting paused);

} // namespace tandem::engine
