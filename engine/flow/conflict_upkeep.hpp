#pragma once
// The target's log of conflicts, tandem.conflict: counted by type, what waits there carried out, what is too old deleted.

#include "engine/flow/direction_link.hpp"
#include "engine/flow/failure.hpp"
#include "io/pg/connection.hpp"
#include "io/runtime/awaitable.hpp"

#include <chrono>

namespace tandem::engine {

// What an upkeep remembers between its ticks; one per start of a stream.
struct conflict_upkeep {
    using time_point = std::chrono::steady_clock::time_point;
    time_point counted{}; // not yet
    time_point pruned{};
    time_point cured{};
    time_point sent_again{};
};

// One look, where it is time for it: at most one statement of each kind.
[[nodiscard]] io::awaitable<outcome_of<void>> tend_conflicts(direction_link& link,
                                                             io::pg::connection& target,
                                                             conflict_upkeep& state);

} // namespace tandem::engine
