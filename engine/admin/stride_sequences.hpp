#pragma once
// `init --ids`: whether two masters can give the same number, and numbers of its own for each.

#include "engine/admin/workbench.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// With ids check: throws command_failed, status `check`, with the sequences that can. With either: config_error where not
// both nodes can be reached.
[[nodiscard]] awaitable<void> check_ids(workbench& bench, options set);

// With ids stride: each sequence that both nodes have and that can give a number twice. While it is looked at and altered
// on both nodes nobody gets a number of it. Lines for the user: what was done, and what cannot be; `dry`: as SQL, and
// nothing is done. Throws command_failed.
[[nodiscard]] awaitable<std::vector<std::string>> stride_sequences(workbench& bench, options set,
                                                                   bool dry);

} // namespace tandem::engine
