#pragma once
// Files with connectors.

#include "engine/connect/connector_file.hpp"

#include <string>
#include <vector>

namespace tandem::tool {

// Throws config_error, which names the file.
[[nodiscard]] std::vector<tandem::connect::named_config> read_connectors(std::string const& file);

} // namespace tandem::tool
