#include "codecs/event/debezium_values.hpp"
#include "codecs/event/json_text.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace tandem::event::debezium {
namespace {

char* base64_string(std::string_view bytes, char* out, values::base64_alphabet alphabet = {}) {
    *out++ = '"';
    out = values::write_base64(bytes, alphabet, out);
    *out++ = '"';
    return out;
}

// Of bytea's text. The bytes wait behind the place of what is made of them: there is room for several times as many.
char* base64_of_bytea(std::string_view text, char* out, values::base64_alphabet alphabet) {
    char* const bytes = out + 2 + values::base64_room(text.size() / 2);
    char const* const end = values::write_bytea(text, bytes);
    return end == nullptr
               ? nullptr
               : base64_string({bytes, static_cast<std::size_t>(end - bytes)}, out, alphabet);
}

// numeric without a scale of its own: Debezium keeps no zeros at the end of the fraction.
std::string_view without_last_zeros(std::string_view text) noexcept {
    if (text.find('.') == std::string_view::npos) {
        return text;
    }
    while (text.back() == '0') {
        text.remove_suffix(1);
    }
    if (text.back() == '.') {
        text.remove_suffix(1);
    }
    return text;
}

// "-$1,234.50" is -1234.50: what is no digit, sign or point is the locale's.
std::string plain_money(std::string_view text) {
    std::string plain;
    for (char const each : text) {
        if ((each >= '0' && each <= '9') || each == '-' || each == '.') {
            plain.push_back(each);
        }
    }
    return plain;
}

char* unscaled(std::string_view text, std::int32_t scale, char* out) {
    std::string bytes;
    return values::append_unscaled(text, scale, bytes) ? base64_string(bytes, out) : nullptr;
}

} // namespace

char* decimal_bytes(column_plan const& column, std::string_view text, char* out) {
    return unscaled(text, column.parameter, out);
}

char* decimal_struct(column_plan const&, std::string_view text, char* out) {
    if (text.empty()) {
        return nullptr;
    }
    std::string_view const number = without_last_zeros(text);
    std::int32_t const scale = values::scale_of(number);
    out = fmt::format_to(out, R"({{"scale":{},"value":)", scale);
    out = unscaled(number, scale, out);
    if (out != nullptr) {
        *out++ = '}';
    }
    return out;
}

char* decimal_string(column_plan const&, std::string_view text, char* out) {
    if (values::is_special_number(text)) {
        return fmt::format_to(out, "\"{}\"",
                              text == "NaN"        ? "NAN"
                              : text == "Infinity" ? "POSITIVE_INFINITY"
                                                   : "NEGATIVE_INFINITY");
    }
    return append_string(out, text);
}

// The nearest double, in its shortest text. What is beyond all of them is infinite, as in Java.
char* decimal_double(column_plan const&, std::string_view text, char* out) {
    if (values::is_special_number(text)) {
        return append_string(out, text);
    }
    double value = 0;
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const read = failed != std::errc::invalid_argument && std::isfinite(value);
    if (!read || stop != text.data() + text.size()) { // "nan" and "inf" in other letters are none
        return nullptr;
    }
    if (failed == std::errc::result_out_of_range) {
        // PostgreSQL writes no exponents; with one, the digits do not say how large it is.
        if (text.find_first_of("eE") != text.npos) {
            return nullptr;
        }
        constexpr std::size_t digits_most = 309; // of a number below the greatest double
        bool const negative = text.front() == '-';
        bool const large = std::min(text.find('.'), text.size()) >= digits_most;
        return large ? append_string(out, negative ? "-Infinity" : "Infinity")
                     : append(out, negative ? "-0.0" : "0.0");
    }
    return fmt::format_to(out, "{}", value);
}

char* money_bytes(column_plan const& column, std::string_view text, char* out) {
    return unscaled(plain_money(text), column.parameter, out);
}

char* money_string(column_plan const&, std::string_view text, char* out) {
    return append_string(out, plain_money(text));
}

char* money_double(column_plan const&, std::string_view text, char* out) {
    return append_number_text(out, plain_money(text));
}

char* bytea_base64(column_plan const&, std::string_view text, char* out) {
    return base64_of_bytea(text, out, values::base64_alphabet::standard);
}

char* bytea_base64_url(column_plan const&, std::string_view text, char* out) {
    return base64_of_bytea(text, out, values::base64_alphabet::url_safe);
}

char* bytea_hex(column_plan const&, std::string_view text, char* out) {
    return values::is_bytea(text) ? append_string(out, text.substr(2)) : nullptr;
}

char* bit_boolean(column_plan const&, std::string_view text, char* out) {
    bool const good = text == "0" || text == "1";
    return good ? append(out, text == "1" ? "true" : "false") : nullptr;
}

char* bit_bytes(column_plan const&, std::string_view text, char* out) {
    auto bytes = values::parse_bits(text);
    if (!bytes) {
        return nullptr;
    }
    while (!bytes->empty() && bytes->back() == 0) { // as java.util.BitSet.toByteArray()
        bytes->pop_back();
    }
    return base64_string(*bytes, out);
}

} // namespace tandem::event::debezium
