#pragma once
// Numbers and values as Java writes them, which is what reaches topics, headers and topic names.
// https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/lang/Double.html#toString(double)
// https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/math/BigDecimal.html#toString()

#include "codecs/connect/schema.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::connect {

// A number's text as RFC 8259 has it; what is too large is infinite, what is too small zero.
[[nodiscard]] double double_of(std::string_view text) noexcept;
[[nodiscard]] float float_of(std::string_view text) noexcept;

// "1.0", "1.0E10", "NaN", "-Infinity". The fewest digits that give the same number again; Java before 19 writes one more
// for some.
void append_java(double number, std::string& into);
void append_java(float number, std::string& into);

struct decimal_parts {
    std::string unscaled; // two's complement, as few bytes as hold it, at least one
    std::int32_t scale = 0;
};

// As BigDecimal reads a text: sign, digits, a point, an exponent. None: it is no number, or beyond what that one holds.
[[nodiscard]] std::optional<decimal_parts> decimal_of(std::string_view text);
// "-1.50", "1E+3", "1E-7"
void append_java_decimal(std::string_view unscaled, std::int32_t scale, std::string& into);
// Those bytes without what only repeats the sign.
[[nodiscard]] std::string_view minimal_unscaled(std::string_view unscaled) noexcept;

// The parameter `scale` of a Decimal's schema; none when it is missing or no number.
[[nodiscard]] std::optional<std::int32_t> scale_of(schema const& decimal);

// A value as Connect's Values.convertToString: strings as they are, structures and maps as {"name":value}, dates in UTC.
[[nodiscard]] std::string text_of(value const& of);

} // namespace tandem::connect
