#pragma once
// What stands for a value that was not sent (unavailable.value.placeholder), in the form of its column's type, as
// Debezium's UnchangedToastedPlaceholder has it; but for lists of uuids, which have the placeholder alone here.

#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <string>
#include <string_view>

namespace tandem::event {

// Its bytes, as a bytea is written in that mode.
[[nodiscard]] std::string binary_placeholder(std::string_view placeholder, binary_mode mode);

[[nodiscard]] std::string placeholder_json(resolved_type const& type, value_options const& options);

} // namespace tandem::event
