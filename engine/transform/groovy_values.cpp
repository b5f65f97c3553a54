#include "engine/transform/groovy_values.hpp"

#include "codecs/connect/java_text.hpp"
#include "codecs/values/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace tandem::connect {
namespace {

bool is_real(value const& of) noexcept {
    return of.kind() == value_kind::float32 || of.kind() == value_kind::float64;
}

bool is_number(value const& of) noexcept {
    return is_integer(of) || is_real(of) || of.kind() == value_kind::decimal;
}

std::string decimal_digits(value const& of) {
    return is_integer(of) ? std::to_string(of.number())
                          : values::decimal_text(of.text(), of.scale());
}

double real_of(value const& of) {
    return is_real(of)      ? of.real()
           : is_integer(of) ? static_cast<double>(of.number())
                            : double_of(decimal_digits(of));
}

// Of plain decimal texts, by their value.
std::strong_ordering compare_digits(std::string_view left, std::string_view right) {
    bool const negative = left.starts_with('-');
    if (negative != right.starts_with('-')) {
        return negative ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    if (negative) {
        return compare_digits(right.substr(1), left.substr(1));
    }
    auto const whole = [](std::string_view text) { return std::min(text.find('.'), text.size()); };
    auto const sizes = whole(left) <=> whole(right);
    if (sizes != std::strong_ordering::equal) {
        return sizes;
    }
    std::size_t const size = std::max(left.size(), right.size());
    for (std::size_t at = 0; at < size; ++at) {
        auto const digit = [at](std::string_view text) {
            return at < text.size() ? text[at] : '0';
        };
        auto const one = digit(left) == '.' ? '0' : digit(left);
        auto const other = digit(right) == '.' ? '0' : digit(right);
        if (one != other) {
            return one <=> other;
        }
    }
    return std::strong_ordering::equal;
}

std::partial_ordering compare_numbers(value const& left, value const& right) {
    if (is_integer(left) && is_integer(right)) {
        return left.number() <=> right.number();
    }
    if (is_real(left) || is_real(right)) {
        return real_of(left) <=> real_of(right);
    }
    return compare_digits(decimal_digits(left), decimal_digits(right));
}

} // namespace

problem failed(std::string what) {
    return {problem_kind::illegal_argument, std::move(what)};
}

bool is_integer(value const& of) noexcept {
    return of.kind() >= value_kind::int8 && of.kind() <= value_kind::int64;
}

bool equals(value const& left, value const& right) {
    if (left.is_null() || right.is_null()) {
        return left.is_null() && right.is_null();
    }
    if (is_number(left) && is_number(right)) {
        return compare_numbers(left, right) == std::partial_ordering::equivalent;
    }
    if (left.kind() == value_kind::array && right.kind() == value_kind::array) {
        return std::ranges::equal(left.elements(), right.elements(), equals);
    }
    return same(left, right);
}

bool is_true(value const& of) noexcept {
    switch (of.kind()) {
    case value_kind::null:
        return false;
    case value_kind::boolean:
    case value_kind::int8:
    case value_kind::int16:
    case value_kind::int32:
    case value_kind::int64:
        return of.number() != 0;
    case value_kind::float32:
    case value_kind::float64:
        return of.real() != 0;
    case value_kind::decimal:
        return std::ranges::any_of(of.text(), [](char each) { return each != '\0'; });
    case value_kind::string:
    case value_kind::bytes:
        return !of.text().empty();
    case value_kind::array:
        return !of.elements().empty();
    case value_kind::map:
        return !of.entries().empty();
    case value_kind::structure:
    case value_kind::date:
        break;
    }
    return true;
}

std::string described(value const& of) {
    return fmt::format("a {}", of.is_null() ? "null" : java_class(of));
}

outcome<std::partial_ordering> compare(value const& left, value const& right) {
    if (is_number(left) && is_number(right)) {
        return compare_numbers(left, right);
    }
    if (left.is_null() || right.is_null()) { // a null is the least
        return std::partial_ordering{int{!left.is_null()} <=> int{!right.is_null()}};
    }
    if (is_string(left) && is_string(right)) {
        return std::partial_ordering{left.text() <=> right.text()};
    }
    if (left.kind() == right.kind() &&
        (left.kind() == value_kind::date || left.kind() == value_kind::boolean)) {
        return std::partial_ordering{left.number() <=> right.number()};
    }
    if (left.kind() == value_kind::structure && same(left, right)) {
        return std::partial_ordering::equivalent;
    }
    return failed(fmt::format("Cannot compare {} with {}", described(left), described(right)));
}

bool is_in(value const& left, value const& right) {
    if (right.is_null()) {
        return (left.is_null());
    }
    if (right.kind() == value_kind::array) {
        return (std::ranges::any_of(right.elements(),
                                    [&left](value const& each) { return same(left, each); }));
    }
    if (right.kind() == value_kind::map) {
        return (std::ranges::any_of(
            right.entries(), [&left](map_entry const& each) { return equals(left, each.key); }));
    }
    return (equals(left, right));
}

outcome<value> arithmetic(expression_kind by, value const& left, value const& right) {
    if (is_integer(left) && is_integer(right)) {
        std::int64_t made = 0;
        bool over = false;
        if (by == expression_kind::remainder) {
            if (right.number() == 0) {
                return failed("Division by zero");
            }
            made = right.number() == -1 ? 0 : left.number() % right.number();
        } else {
            over = by == expression_kind::add
                       ? __builtin_add_overflow(left.number(), right.number(), &made)
                   : by == expression_kind::subtract
                       ? __builtin_sub_overflow(left.number(), right.number(), &made)
                       : __builtin_mul_overflow(left.number(), right.number(), &made);
        }
        bool const is_long = left.kind() == value_kind::int64 || right.kind() == value_kind::int64;
        if (over || (!is_long && made != static_cast<std::int32_t>(made))) {
            return failed("a number does not fit its type");
        }
        return value::of_integer(is_long ? value_kind::int64 : value_kind::int32, made);
    }
    if (!is_number(left) || !is_number(right)) {
        return failed(fmt::format("there is no such arithmetic with {} and {}", described(left),
                                  described(right)));
    }
    double const one = real_of(left);
    double const other = real_of(right);
    return value::of_real(value_kind::float64, by == expression_kind::add        ? one + other
                                               : by == expression_kind::subtract ? one - other
                                               : by == expression_kind::multiply
                                                   ? one * other
                                                   : std::fmod(one, other));
}

} // namespace tandem::connect
