#pragma once
// What stands for a value that was not sent (unavailable.value.placeholder), in the form of its column's type, as
// Debezium's UnchangedToastedPlaceholder has it. Types for which Debezium writes null, which nobody could tell from a
// value, have it in the nearest form: docs/events.md lists them.

#include "codecs/event/value_kind.hpp"
#include "codecs/event/value_options.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::event {

// What an element of a list is in JSON, as far as it can be the placeholder. Numbers stand for its bytes, one each.
enum class list_of : std::uint8_t { strings, whole_numbers, others };
[[nodiscard]] list_of elements_of(resolved_type const& type, value_options const& options) noexcept;
[[nodiscard]] std::vector<int> placeholder_codes(std::string_view placeholder);

// For a bytea: its bytes as they are written in that mode, but in mode hex itself.
[[nodiscard]] std::string binary_placeholder(std::string_view placeholder, binary_mode mode);

[[nodiscard]] std::string placeholder_json(resolved_type const& type, value_options const& options);

} // namespace tandem::event
