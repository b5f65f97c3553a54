#pragma once
// Reads a node_catalog through one session: everything that commands decide on, in one snapshot.

#include "engine/admin/catalog.hpp"
#include "engine/admin/session.hpp"

namespace tandem::engine {

// Throws command_failed. The session is left outside any transaction.
[[nodiscard]] awaitable<node_catalog> read_catalog(session& node, int rank);

// What the sequences that fill columns give next. Apart from the rest, since it waits for those who
// hold a sequence's lock. Throws command_failed.
[[nodiscard]] awaitable<void> read_sequence_states(session& node, node_catalog& into);

} // namespace tandem::engine
