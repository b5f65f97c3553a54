#include "codecs/connect/number_kind.hpp"

#include "codecs/connect/java_text.hpp"
#include "codecs/values/decimal.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace tandem::connect {
namespace {

constexpr std::int64_t scale_least = -400; // beyond it there is no number that a double holds

// The whole part's digits, with the sign; none when there is more behind the point than zeros.
std::optional<std::string> whole_digits(decimal_parts const& of) {
    std::string digits = values::decimal_text(of.unscaled, 0);
    std::int64_t scale = of.scale;
    while (scale > 0 && digits.back() == '0' && digits.size() > 1) {
        digits.pop_back();
        --scale;
    }
    if (digits == "0" || digits == "-") {
        return "0";
    }
    if (scale > 0 || scale < scale_least) {
        return std::nullopt;
    }
    digits.append(static_cast<std::size_t>(-scale), '0');
    return digits;
}

std::string_view without_plus(std::string_view text) noexcept {
    return text.starts_with('+') ? text.substr(1) : text;
}

data integer_literal(std::int64_t number) {
    auto const made = [number](schema_type type, value_kind kind) {
        return data{plain_schema(type), value::of_integer(kind, number)};
    };
    if (number == static_cast<std::int8_t>(number)) {
        return made(schema_type::int8, value_kind::int8);
    }
    if (number == static_cast<std::int16_t>(number)) {
        return made(schema_type::int16, value_kind::int16);
    }
    if (number == static_cast<std::int32_t>(number)) {
        return made(schema_type::int32, value_kind::int32);
    }
    return made(schema_type::int64, value_kind::int64);
}

} // namespace

std::optional<data> number_literal(std::string_view text, arena& memory) {
    auto const parts = decimal_of(text);
    if (!parts) {
        return std::nullopt;
    }
    if (auto const digits = whole_digits(*parts)) {
        std::int64_t number = 0;
        auto const [stop, failed] =
            std::from_chars(digits->data(), digits->data() + digits->size(), number);
        if (failed == std::errc{} && stop == digits->data() + digits->size()) {
            return integer_literal(number);
        }
    }
    float const single = float_of(without_plus(text));
    double const real = double_of(without_plus(text));
    if (std::isfinite(single) && parts->scale != 0) {
        return data{plain_schema(schema_type::float32),
                    value::of_real(value_kind::float32, double{single})};
    }
    if (std::isfinite(real) && parts->scale != 0) {
        return data{plain_schema(schema_type::float64), value::of_real(value_kind::float64, real)};
    }
    return data{decimal_schema(parts->scale),
                value::of_decimal(memory.keep(parts->unscaled), parts->scale)};
}

std::optional<std::int64_t> long_of(std::string_view text) {
    auto const parts = decimal_of(text);
    if (!parts) {
        return std::nullopt;
    }
    std::string const digits = values::decimal_text(parts->unscaled, 0);
    std::size_t const sign = digits.starts_with('-') ? 1 : 0;
    std::int64_t const behind = parts->scale; // digits that are no part of the whole number
    std::int64_t const size =
        static_cast<std::int64_t>(digits.size() - sign) - (behind > 0 ? behind : 0);
    std::uint64_t number = 0;
    for (std::int64_t at = 0; at < size; ++at) {
        number = number * 10 +
                 static_cast<std::uint64_t>(digits[sign + static_cast<std::size_t>(at)] - '0');
    }
    constexpr std::int64_t powers = 64; // ten to that power has 64 zero bits at its end
    for (std::int64_t at = 0; at < -behind && at < powers; ++at) {
        number *= 10;
    }
    return static_cast<std::int64_t>(sign != 0 ? 0 - number : number);
}

} // namespace tandem::connect
