#pragma once
// tandem.PostgresPair: a whole sync of two masters as one connector's task.

#include "engine/connect/flow/task.hpp"

namespace tandem::connect {

// Error: config.
[[nodiscard]] outcome<task> make_pair_task(task_setup const& setup);

} // namespace tandem::connect
