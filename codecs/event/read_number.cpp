#include "codecs/event/read_number.hpp"

#include "codecs/event/read_scalar.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace tandem::event {
namespace {

namespace json = simdjson::dom;

// Without an exponent, which money does not read.
event_result<void> rounded(field_value const& value, int digits, std::string& out) {
    double read = 0;
    if (value.kind != field_kind::number) {
        return wrong_type;
    }
    auto const [stop, failed] =
        std::from_chars(value.text.data(), value.text.data() + value.text.size(), read);
    return failed == std::errc{} && stop == value.text.data() + value.text.size()
               ? set(out, fmt::format("{:.{}f}", read, digits))
               : event_result<void>{bad_value};
}

event_result<void> unscaled(std::string_view base64, std::int32_t scale, std::string& out) {
    // What PostgreSQL holds, and what that can be in base64.
    constexpr std::size_t most_before = 131'072;
    constexpr std::int32_t most_behind = 16'383;
    constexpr std::size_t most = 81'700;
    if (base64.size() > most || scale > most_behind) {
        return bad_value;
    }
    std::string bytes; // few: in the string itself
    if (!values::append_of_base64(base64, bytes) || bytes.empty()) {
        return bad_value;
    }
    out.clear();
    values::append_decimal(bytes, scale, out);
    std::size_t const before = std::min(out.find('.'), out.size()) - (out[0] == '-' ? 1 : 0);
    return before <= most_before ? event_result<void>{} : event_result<void>{bad_value};
}

event_result<void> variable_scale(field_value const& value, json::parser& parser,
                                  std::string& out) {
    if (value.kind != field_kind::nested) {
        return wrong_type;
    }
    json::object object;
    std::int64_t scale = 0;
    std::string_view base64;
    if (parser.parse(value.text.data(), value.text.size()).get(object) != simdjson::SUCCESS ||
        object["scale"].get(scale) != simdjson::SUCCESS ||
        object["value"].get(base64) != simdjson::SUCCESS ||
        scale < std::numeric_limits<std::int16_t>::min() ||
        scale > std::numeric_limits<std::int16_t>::max()) {
        return wrong_type;
    }
    if (repeats_a_field(object)) {
        return event_error{event_errc::duplicate_field, 0};
    }
    return unscaled(base64, static_cast<std::int32_t>(scale), out);
}

// -12.50, and the exponent of Java's BigDecimal.
bool is_decimal_text(std::string_view text) noexcept {
    auto const digits = [&text] {
        std::size_t const count = std::min(text.find_first_not_of("0123456789"), text.size());
        text.remove_prefix(count);
        return count > 0;
    };
    auto const take = [&text](std::string_view any) {
        bool const there = !text.empty() && any.find(text.front()) != any.npos;
        text.remove_prefix(there ? 1 : 0);
        return there;
    };
    take("-");
    bool good = digits();
    good = good && (!take(".") || digits());
    if (good && take("eE")) {
        take("+-");
        good = digits();
    }
    return good && text.empty();
}

event_result<void> decimal_text(std::string_view text, std::string& out) {
    std::string_view const plain = text == "NAN"                 ? "NaN"
                                   : text == "POSITIVE_INFINITY" ? "Infinity"
                                   : text == "NEGATIVE_INFINITY" ? "-Infinity"
                                                                 : text;
    return values::is_special_number(plain) || is_decimal_text(plain)
               ? set(out, plain)
               : event_result<void>{bad_value};
}

} // namespace

bool repeats_a_field(json::object const& object) {
    std::vector<std::string_view> names;
    for (auto const& [name, element] : object) {
        names.push_back(name);
    }
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
}

event_result<void> read_real(field_value const& value, std::string& out) {
    bool const special = value.kind == field_kind::string && values::is_special_number(value.text);
    return special ? set(out, value.text) : as_it_is(value, field_kind::number, out);
}

event_result<void> read_decimal(field_value const& value, resolved_type const& type,
                                value_options const& options, json::parser& parser,
                                std::string& out) {
    auto const [precision, scale] = numeric_of(type.modifier);
    switch (options.decimals) {
    case decimal_mode::double_:
        return type.kind == value_kind::money ? rounded(value, options.money_digits, out)
                                              : read_real(value, out);
    case decimal_mode::string:
        if (value.kind != field_kind::string) {
            return wrong_type;
        }
        if (type.kind == value_kind::money && !is_decimal_text(value.text)) { // it has no NaN
            return bad_value;
        }
        return decimal_text(value.text, out);
    case decimal_mode::precise:
        break;
    }
    if (value.kind == field_kind::number) { // of another writer: exact as it stands
        return set(out, value.text);
    }
    bool const money = type.kind == value_kind::money;
    if (!money && precision == 0) {
        return variable_scale(value, parser, out);
    }
    if (value.kind != field_kind::string) {
        return wrong_type;
    }
    return unscaled(value.text, money ? options.money_digits : scale, out);
}

} // namespace tandem::event
