#pragma once
// Which settings hold secrets: none of them is ever shown.

#include "engine/config/definitions.hpp"

#include <string_view>

namespace tandem::connect {

// What stands for a secret in every answer, and, sent back, means the one that is known.
inline constexpr std::string_view hidden_secret = "[hidden]";

// By the setting's name. References to a configuration's provider ("${file:...}") are none, and may be shown.
[[nodiscard]] bool is_secret(std::string_view name, std::string_view value);
// With their secrets hidden.
[[nodiscard]] property_map shown(property_map const& config);
// `sent` with the secrets of `known` in the places of hidden ones.
[[nodiscard]] property_map with_secrets(property_map sent, property_map const& known);

} // namespace tandem::connect
