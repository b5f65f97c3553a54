#pragma once
// Keeps a node's own deletes in its tandem.tombstone for as long as a peer may still send a row that one of them beats (R9).

#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <memory>

namespace tandem::engine {

// Before a start's other members: whose deletes it reads, and against whose it verifies. Nothing without
// last-update-wins, or where the target is not decoded by this process.
[[nodiscard]] io::awaitable<outcome_of<void>> watch_deletes(direction_link& link,
                                                            io::pg::connection& target,
                                                            node_deletes& source,
                                                            node_deletes& of_target);

// Stores what the link's capture collects, and says how far. A member of its group. `source`: a connection of its own.
[[nodiscard]] io::awaitable<failure> tombstone_loop(direction_link& link,
                                                    std::unique_ptr<io::pg::connection> source,
                                                    node_bookkeeping& bookkeeping,
                                                    node_deletes& of_target);

} // namespace tandem::engine
