#pragma once
// What tandem.PostgresPair can be told: a sync of two masters in both directions as one connector.

#include "engine/config/definitions.hpp"
#include "engine/config/options.hpp"
#include "engine/connect/task_setup.hpp"

namespace tandem::connect {

[[nodiscard]] setting_definitions pair_definitions();

// As `tandem run --init` would be told, but for the address: the worker's is for all. Brokers are the worker's unless it
// names others. Error: config.
[[nodiscard]] outcome<engine::options> pair_options_of(task_setup const& from);

} // namespace tandem::connect
