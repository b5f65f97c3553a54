#pragma once
// What several transformations can be told alike.

#include "engine/config/definitions.hpp"

#include <string_view>

namespace tandem::connect {

inline constexpr std::string_view null_with_default_name = "replace.null.with.default";

[[nodiscard]] inline setting_definition null_with_default_definition() {
    return {std::string{null_with_default_name}, setting_type::boolean, setting{true},
            importance::medium,
            "Whether to replace fields that have a default value and that are null to the default "
            "value. When set to true, the default value is used, otherwise null is used."};
}

} // namespace tandem::connect
