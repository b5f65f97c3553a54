#pragma once
// Exact decimal numbers between PostgreSQL's text and Connect's Decimal: an unscaled integer as two's
// complement bytes, most significant first, and the number of digits behind the point.
// Form: https://kafka.apache.org/39/javadoc/org/apache/kafka/connect/data/Decimal.html

#include "codecs/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::values {

// Whether it is NaN, Infinity or -Infinity, which have no such form.
[[nodiscard]] bool is_special_number(std::string_view text) noexcept;

// Digits behind the point.
[[nodiscard]] std::int32_t scale_of(std::string_view text) noexcept;

// The bytes of text * 10^scale, as few as hold it, appended to `into`. The text has no exponent: the server
// writes numeric without. Error: bad_value, for a text that is none, has more than `scale` digits behind the point
// or, with a negative scale, others than zeros where that has none; `into` is then as it was. The time grows with the
// square of the digits: 131,072 of them, the most that the server has, take tens of milliseconds.
[[nodiscard]] result<void> append_unscaled(std::string_view text, std::int32_t scale,
                                           std::string& into);

// The number in PostgreSQL's text with exactly `scale` digits behind the point, or followed by zeros for a
// negative scale. No bytes are zero.
[[nodiscard]] std::string decimal_text(std::string_view unscaled, std::int32_t scale);
// The same behind what is in `into`.
void append_decimal(std::string_view unscaled, std::int32_t scale, std::string& into);

} // namespace tandem::values
