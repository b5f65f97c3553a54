#pragma once
// tandem.origin.recipe: rows marked by a column, in one line in place of the transformations of docs/connect.md. Pure.
// Only beside sinks that are not ours: what a sink of ours writes bears a replication origin, and does not come back.

#include "engine/connect/plugins.hpp"

#include <string_view>

namespace tandem::connect {

inline constexpr std::string_view origin_recipe_name = "tandem.origin.recipe"; // "COLUMN=SITE"

// The configuration with the transformations that the recipe stands for, in front of its own; the same where there is none.
// Error: config.
[[nodiscard]] outcome<property_map> with_origin_recipe(plugin const& of, property_map config);

} // namespace tandem::connect
