#include "codecs/connect/java_text.hpp"

#include "codecs/connect/old_calendar.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

namespace tandem::connect {
namespace {

bool is_digit(char each) noexcept {
    return each >= '0' && each <= '9';
}

// from_chars leaves the number alone where it is out of range, and says so for both ends alike.
template <class Real>
Real real_of(std::string_view text) noexcept {
    Real number = 0;
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc::result_out_of_range) {
        bool const negative = text.starts_with('-');
        auto const exponent = text.find_first_of("eE");
        bool const small =
            exponent != std::string_view::npos && text.substr(exponent + 1).starts_with('-');
        Real const end = small ? Real{0} : std::numeric_limits<Real>::infinity();
        return negative ? -end : end;
    }
    return number;
}

template <class Real>
void append_real(Real number, std::string& into) {
    if (std::isnan(number)) {
        into += "NaN";
        return;
    }
    if (std::isinf(number)) {
        into += number < 0 ? "-Infinity" : "Infinity";
        return;
    }
    std::array<char, 32> room{};
    auto const end =
        std::to_chars(room.data(), room.data() + room.size(), number, std::chars_format::scientific)
            .ptr;
    std::string_view text{room.data(), static_cast<std::size_t>(end - room.data())};
    if (text.starts_with('-')) {
        into += '-';
        text.remove_prefix(1);
    }
    auto const mark = text.find('e');
    int exponent = 0;
    auto const* const digits_of_exponent = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
    std::from_chars(digits_of_exponent, text.data() + text.size(), exponent);
    std::string digits{text.substr(0, 1)};
    if (mark > 2) {
        digits += text.substr(2, mark - 2);
    }
    if (number == 0) {
        into += "0.0";
    } else if (exponent >= 7 || exponent < -3) {
        into += digits[0];
        into += '.';
        into += digits.size() > 1 ? std::string_view{digits}.substr(1) : "0";
        into += 'E';
        into += std::to_string(exponent);
    } else if (exponent < 0) {
        into += "0.";
        into.append(static_cast<std::size_t>(-exponent - 1), '0');
        into += digits;
    } else {
        auto const whole = static_cast<std::size_t>(exponent) + 1;
        if (digits.size() <= whole) {
            digits.append(whole - digits.size() + 1, '0');
        }
        into += digits.substr(0, whole);
        into += '.';
        into += digits.substr(whole);
    }
}

void append_quoted(std::string_view text, std::string& into) {
    into += '"';
    for (char const each : text) {
        if (each == '"' || each == '\\') {
            into += '\\';
        }
        into += each;
    }
    into += '"';
}

// Values.dateFormatFor: what is before the second day is a time, what is a whole day a date.
void append_date(std::int64_t ms, std::string& into) {
    auto const [day, rest] = split_ms(ms);
    bool const time_only = ms < day_ms;
    auto const out = std::back_inserter(into);
    if (!time_only) {
        auto const date = old_date_of(day);
        fmt::format_to(out, "{:04}-{:02}-{:02}", date.year, date.month, date.day);
        if (rest == 0) {
            return;
        }
        into += 'T';
    }
    fmt::format_to(out, "{:02}:{:02}:{:02}.{:03}Z", rest / 3'600'000, rest / 60'000 % 60,
                   rest / 1'000 % 60, rest % 1'000);
}

void append(value const& of, bool embedded, std::string& into);

void append_text(std::string_view text, bool embedded, std::string& into) {
    if (embedded) {
        append_quoted(text, into);
    } else {
        into += text;
    }
}

void append_list(value const& of, std::string& into) {
    into += '[';
    bool first = true;
    for (auto const& each : of.elements()) {
        into += first ? "" : ",";
        first = false;
        append(each, true, into);
    }
    into += ']';
}

void append_map(value const& of, std::string& into) {
    into += '{';
    bool first = true;
    for (auto const& each : of.entries()) {
        into += first ? "" : ",";
        first = false;
        append(each.key, true, into);
        into += ':';
        append(each.mapped, true, into);
    }
    into += '}';
}

void append_structure(value const& of, std::string& into) {
    into += '{';
    auto const& fields = of.shape().fields;
    for (std::size_t index = 0; index < fields.size(); ++index) {
        into += index == 0 ? "" : ",";
        append_quoted(fields[index].name, into);
        into += ':';
        append(field_value(of, index, true), true, into);
    }
    into += '}';
}

void append(value const& of, bool embedded, std::string& into) {
    switch (of.kind()) {
    case value_kind::null:
        into += "null";
        return;
    case value_kind::int8:
    case value_kind::int16:
    case value_kind::int32:
    case value_kind::int64:
        into += std::to_string(of.number());
        return;
    case value_kind::float32:
        append_java(static_cast<float>(of.real()), into);
        return;
    case value_kind::float64:
        append_java(of.real(), into);
        return;
    case value_kind::boolean:
        into += of.number() != 0 ? "true" : "false";
        return;
    case value_kind::string:
        append_text(of.text(), embedded, into);
        return;
    case value_kind::bytes:
        append_text(values::base64_text(of.text()), embedded, into);
        return;
    case value_kind::array:
        append_list(of, into);
        return;
    case value_kind::map:
        append_map(of, into);
        return;
    case value_kind::structure:
        append_structure(of, into);
        return;
    case value_kind::decimal:
        append_java_decimal(of.text(), of.scale(), into);
        return;
    case value_kind::date:
        append_date(of.number(), into);
        return;
    }
}

} // namespace

double double_of(std::string_view text) noexcept {
    return real_of<double>(text);
}

float float_of(std::string_view text) noexcept {
    return real_of<float>(text);
}

void append_java(double number, std::string& into) {
    append_real(number, into);
}

void append_java(float number, std::string& into) {
    append_real(number, into);
}

std::optional<decimal_parts> decimal_of(std::string_view text) {
    std::string digits; // with its sign
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        if (text.front() == '-') {
            digits += '-';
        }
        text.remove_prefix(1);
    }
    auto const mark = std::min(text.find_first_of("eE"), text.size());
    auto const number = text.substr(0, mark);
    std::int64_t scale = 0;
    bool any = false;
    bool point = false;
    for (char const each : number) {
        if (is_digit(each)) {
            any = true;
            digits += each;
            scale += point ? 1 : 0;
        } else if (each == '.' && !point) {
            point = true;
        } else {
            return std::nullopt;
        }
    }
    if (!any) {
        return std::nullopt;
    }
    if (mark < text.size()) {
        auto exponent = text.substr(mark + 1);
        if (exponent.starts_with('+')) {
            exponent.remove_prefix(1);
        }
        std::int32_t by = 0;
        auto const [stop, failed] =
            std::from_chars(exponent.data(), exponent.data() + exponent.size(), by);
        if (failed != std::errc{} || stop != exponent.data() + exponent.size()) {
            return std::nullopt;
        }
        scale -= by;
    }
    if (scale > std::numeric_limits<std::int32_t>::max() ||
        scale < std::numeric_limits<std::int32_t>::min()) {
        return std::nullopt;
    }
    decimal_parts made{{}, static_cast<std::int32_t>(scale)};
    if (!values::append_unscaled(digits, 0, made.unscaled)) {
        return std::nullopt;
    }
    return made;
}

void append_java_decimal(std::string_view unscaled, std::int32_t scale, std::string& into) {
    std::string digits = values::decimal_text(unscaled, 0);
    if (scale == 0) {
        into += digits;
        return;
    }
    if (digits.starts_with('-')) {
        into += '-';
        digits.erase(0, 1);
    }
    auto const size = static_cast<std::int64_t>(digits.size());
    std::int64_t const adjusted = size - 1 - std::int64_t{scale};
    if (scale > 0 && adjusted >= -6) {
        if (size <= scale) {
            into += "0.";
            into.append(static_cast<std::size_t>(scale - size), '0');
            into += digits;
        } else {
            auto const whole = static_cast<std::size_t>(size - scale);
            into += digits.substr(0, whole);
            into += '.';
            into += digits.substr(whole);
        }
        return;
    }
    into += digits[0];
    if (size > 1) {
        into += '.';
        into += digits.substr(1);
    }
    if (adjusted != 0) {
        into += 'E';
        into += adjusted > 0 ? "+" : "";
        into += std::to_string(adjusted);
    }
}

std::string_view minimal_unscaled(std::string_view unscaled) noexcept {
    while (unscaled.size() > 1 && ((unscaled[0] == '\0' && (unscaled[1] & '\x80') == 0) ||
                                   (unscaled[0] == '\xFF' && (unscaled[1] & '\x80') != 0))) {
        unscaled.remove_prefix(1);
    }
    return unscaled;
}

std::optional<std::int32_t> scale_of(schema const& decimal) {
    auto const* const given = decimal.parameter("scale");
    std::int32_t scale = 0;
    if (given == nullptr) {
        return std::nullopt;
    }
    auto const [stop, failed] =
        std::from_chars(given->data(), given->data() + given->size(), scale);
    return failed == std::errc{} && stop == given->data() + given->size() ? std::optional{scale}
                                                                          : std::nullopt;
}

std::string text_of(value const& of) {
    std::string made;
    append(of, false, made);
    return made;
}

} // namespace tandem::connect
