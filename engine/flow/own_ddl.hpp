#pragma once
// What was altered at a node lately, as its log of DDL has it: its own, and its peers'.

#include "codecs/base/lsn.hpp"
#include "engine/ddl/follow.hpp"
#include "io/pg/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// What became of DDL that was to be carried out.
struct ddl_outcome {
    std::vector<std::string> statements; // that were carried out
    std::string left_out;
    std::optional<io::pg::error> failed;
    std::string sqlstate; // not empty: it is refused
    std::string why;
    std::vector<ddl::object_change> ended; // see ddl::leave_ended()
};

// Nothing where none of it was its own.
inline constexpr char const* own_ddl_query =
    "SELECT changes, node IS NULL, ended IN ('paused', 'left out'), seen_at, CASE WHEN ended = 'nothing to do' THEN NULL ELSE coalesce(here, "
    "changes) END, coalesce(here ->> 'tag' = 'CURED', false) FROM tandem.ddl WHERE (at > now() - interval '7 days' OR id >= "
    "(SELECT min(id) FROM tandem.ddl WHERE node IS NULL AND seen_at IS NULL)) AND EXISTS (SELECT FROM tandem.ddl WHERE node IS NULL AND "
    "(at > now() - interval '7 days' OR seen_at IS NULL)) AND EXISTS (SELECT FROM jsonb_array_elements(changes -> 'changes') AS c "
    "WHERE coalesce(c -> 'before' ->> 'kind', c -> 'after' ->> 'kind') IN ('table', 'schema')) ORDER BY id";

// `as_of`: the source's position at which it had seen of this node's own what is to count as seen.
[[nodiscard]] std::vector<ddl::logged> read_own_ddl(io::pg::rows const& got, lsn as_of);

// What this node's own DDL made last of an object that is no table: a row with its shape, null where it was dropped. No row: nothing
// took its name away. `unseen`: of which the source did not know, as of that position.
[[nodiscard]] std::string fate_query(ddl::shape const& of, bool unseen, lsn as_of);

} // namespace tandem::engine
