#pragma once
// Making a logical slot, with the snapshot of the place where it begins.

#include "engine/admin/session.hpp"

#include <string>

namespace tandem::engine {

// The snapshot lives as long as the walsender session, and until its next command.
struct new_slot {
    session walsender;
    std::string start;    // consistent point: the first change of the slot comes after it
    std::string snapshot; // for SET TRANSACTION SNAPSHOT on the same database
};

// Gives up after ten seconds, naming the open transaction it waited for: a slot begins when every
// transaction that is open now has ended. Throws command_failed; then there is no slot.
[[nodiscard]] awaitable<new_slot> create_slot(session& source, node_options node, std::string name);

} // namespace tandem::engine
