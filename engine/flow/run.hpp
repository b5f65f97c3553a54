#pragma once
// `tandem run`: one instance, from its checks to its last confirmed position.

#include "engine/config/options.hpp"

namespace tandem::engine {

// Returns the exit status (cli.md). Throws command_failed and config_error before anything runs.
// SIGINT and SIGTERM end it: what is on its way is finished and confirmed within 10 s; a second one
// ends the process at once with 130 or 143.
[[nodiscard]] int run_instance(options const& set);

} // namespace tandem::engine
