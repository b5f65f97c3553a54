#pragma once
// Which of Connect's types a decimal number has when nothing else says so.

#include "codecs/connect/json_reader.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::connect {

// As BigDecimal reads it; the least of int8, int16, int32, int64 where it is whole and fits, else float32, else float64,
// else Decimal. None: it is no number.
[[nodiscard]] std::optional<data> number_literal(std::string_view text, arena& memory);

// BigDecimal(text).longValue(): without the fraction, its low 64 bits.
[[nodiscard]] std::optional<std::int64_t> long_of(std::string_view text);

} // namespace tandem::connect
