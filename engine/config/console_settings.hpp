#pragma once
// The settings of the console, a part of settings().

#include "engine/config/settings.hpp"

#include <vector>

namespace tandem::engine {

[[nodiscard]] std::vector<setting> console_settings();

} // namespace tandem::engine
