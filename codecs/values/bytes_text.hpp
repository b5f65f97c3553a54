#pragma once
// Binary values in their text forms: bytea's hex, base64, bit strings.

#include "codecs/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace tandem::values {

// Errors of all parse functions: bad_value, at the byte that cannot be right.

// bytea_output hex: \x00ff
[[nodiscard]] result<std::string> parse_bytea(std::string_view text);
// The same at `out`, which has text.size() / 2 bytes; returns the end, nullptr where parse_bytea() has an error.
[[nodiscard]] char* write_bytea(std::string_view text, char* out) noexcept;
[[nodiscard]] bool is_bytea(std::string_view text) noexcept;
[[nodiscard]] std::string bytea_text(std::string_view bytes);

enum class base64_alphabet : bool { standard, url_safe };
// RFC 4648, with padding.
[[nodiscard]] std::string base64_text(std::string_view bytes,
                                      base64_alphabet alphabet = base64_alphabet::standard);
// The same at `out`, which has base64_room() bytes; returns the end.
char* write_base64(std::string_view bytes, base64_alphabet alphabet, char* out) noexcept;
[[nodiscard]] constexpr std::size_t base64_room(std::size_t bytes) noexcept {
    return (bytes + 2) / 3 * 4;
}
// Two lower-case digits for each byte, at `out`; returns the end.
char* write_hex(std::string_view bytes, char* out) noexcept;
// Either alphabet; padding may be missing, and nothing else may be there.
[[nodiscard]] result<std::string> parse_base64(std::string_view text);
// The same behind what is in `into`, which an error leaves as it was.
[[nodiscard]] result<void> append_of_base64(std::string_view text, std::string& into);
// bytea_text() of the bytes of a base64 text; an error leaves anything in `into`.
[[nodiscard]] result<void> bytea_of_base64(std::string_view text, std::string& into);

// bit and varbit, "10110", as Debezium's Bits: least significant byte first, the last bit of the text in bit 0.
[[nodiscard]] result<std::string> parse_bits(std::string_view text);
// Of `length` bits.
[[nodiscard]] std::string bits_text(std::string_view bytes, std::size_t length);

} // namespace tandem::values
