#pragma once
// Bytes that anybody may have written, so that no terminal obeys them. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::engine {

[[nodiscard]] bool is_utf8(std::string_view bytes) noexcept;

// Control characters, what changes the direction of text, and bytes that are no UTF-8, as \n, \u202e, \xff;
// all else as it is. More than `most` bytes are cut off, and how many there are is said.
[[nodiscard]] std::string shown(std::string_view bytes, std::size_t most);

// A JSON text in which no character is left that a terminal obeys, but for line ends: \u009b in its strings
// for the character itself. `json` is valid.
[[nodiscard]] std::string safe_json(std::string_view json);

// Whether it is JSON (RFC 8259) and nothing else.
[[nodiscard]] bool is_json(std::string_view text);
// Valid JSON without spaces between its parts; numbers and strings as they were written.
[[nodiscard]] std::string compact_json(std::string_view json);

// 2026-11-26 14:00:00.123Z; "no time" for -1.
[[nodiscard]] std::string shown_time(std::int64_t unix_ms);
// 1,234,567
[[nodiscard]] std::string shown_count(std::int64_t number);

} // namespace tandem::engine
