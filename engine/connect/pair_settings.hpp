#pragma once
// What tandem.PostgresPair can be told: a sync of two masters in both directions as one connector.

#include "engine/config/definitions.hpp"

namespace tandem::connect {

[[nodiscard]] setting_definitions pair_definitions();

} // namespace tandem::connect
