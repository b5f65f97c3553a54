#pragma once
// What lost against a delete after all (docs/decisions/0002, new 3). A delete that comes beside an insert of the target's own
// may find no row, since it is not committed yet; the source finds that the insert lost and has it in its tandem.conflict,
// while the row stands at the target. It is taken away there, if it is still that version, and if the delete has been there:
// one that is still to come finds the row, and what the source wrote in between is to find it too.

#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <string>

namespace tandem::engine {

// Looks at the source what has come since the last time, and leaves it to the applier. A process that starts looks at the
// newest again: twice does no harm.
[[nodiscard]] io::awaitable<outcome_of<void>> look_for_buried(direction_link& link,
                                                              io::pg::connection& source);

// A statement for the target.
[[nodiscard]] std::string bury(buried_version const& what);

} // namespace tandem::engine
