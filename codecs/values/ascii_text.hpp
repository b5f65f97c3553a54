#pragma once
// UTF-8 text in ASCII, and back: for a database whose encoding may not have the characters.

#include <string>
#include <string_view>

namespace tandem::values {

[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

// Characters beyond ASCII as \uXXXX, those beyond the basic plane as the pair of JSON, a backslash doubled.
// `text` is valid UTF-8.
[[nodiscard]] std::string to_ascii(std::string_view text);
// The text that to_ascii() was given. What it cannot have made is left as it is.
[[nodiscard]] std::string from_ascii(std::string_view text);

} // namespace tandem::values
