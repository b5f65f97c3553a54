#include "codecs/event/debezium_values.hpp"
#include "codecs/event/json_text.hpp"
#include "codecs/values/array_text.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/hstore_text.hpp"
#include "codecs/values/text_cursor.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <string>

namespace tandem::event::debezium {
namespace {

char* pairs_object(values::hstore_pairs const& pairs, char* out) {
    *out++ = '{';
    bool first = true;
    for (auto const& [key, value] : pairs) {
        if (!first) {
            *out++ = ',';
        }
        first = false;
        out = append_string(out, key);
        *out++ = ':';
        out = value ? append_string(out, *value) : append(out, "null");
    }
    *out++ = '}';
    return out;
}

// "(0.1,-2.5)": the texts of both numbers.
bool split_point(std::string_view text, std::string_view& x, std::string_view& y) noexcept {
    auto const comma = text.find(',');
    if (comma == std::string_view::npos || text.front() != '(' || text.back() != ')') {
        return false;
    }
    x = text.substr(1, comma - 1);
    y = text.substr(comma + 1, text.size() - comma - 2);
    return true;
}

bool parse_double(std::string_view text, double& into) noexcept {
    // from_chars knows "nan" and "inf" in any case; the server writes NaN, Infinity.
    auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
    return failed == std::errc{} && stop == text.data() + text.size();
}

char* append_little_endian(char* out, std::uint64_t value, int size) noexcept {
    for (int index = 0; index < size; ++index, value >>= 8U) {
        *out++ = static_cast<char>(value & 0xFFU);
    }
    return out;
}

char* real(std::string_view text, char* out) {
    bool const special = text == "NaN" || text == "Infinity" || text == "-Infinity";
    return special ? append_string(out, text) : append_number_text(out, text);
}

char* element(column_plan const& column, std::string_view text, char* out) {
    switch (column.element_form) {
    case json_form::number:
        return append_number_text(out, text);
    case json_form::real:
        return real(text, out);
    case json_form::boolean:
        return text == "t" ? append(out, "true") : text == "f" ? append(out, "false") : nullptr;
    case json_form::converted:
        return column.element_convert(column, text, out);
    default:
        return append_string(out, text);
    }
}

} // namespace

char* array_list(column_plan const& column, std::string_view text, char* out) {
    using kind = values::array_text_reader::kind;
    values::array_text_reader in{text};
    bool first = true;
    *out++ = '[';
    for (auto token = in.next(); token.what != kind::end; token = in.next()) {
        if (token.what == kind::failed || in.depth() > 1) {
            return nullptr;
        }
        if (token.what != kind::value && token.what != kind::null) {
            continue;
        }
        if (!first) {
            *out++ = ',';
        }
        first = false;
        out = token.what == kind::null ? append(out, "null") : element(column, token.text, out);
        if (out == nullptr) {
            return nullptr;
        }
    }
    *out++ = ']';
    return out;
}

char* hstore_json_text(column_plan const&, std::string_view text, char* out) {
    auto const pairs = values::parse_hstore(text);
    if (!pairs) {
        return nullptr;
    }
    std::string room(text.size() * converted_growth + converted_extra, '\0');
    char const* const end = pairs_object(*pairs, room.data());
    return append_string(out, {room.data(), static_cast<std::size_t>(end - room.data())});
}

char* hstore_object(column_plan const&, std::string_view text, char* out) {
    auto const pairs = values::parse_hstore(text);
    return pairs ? pairs_object(*pairs, out) : nullptr;
}

// Well-known binary of a point: https://www.ogc.org/standard/sfa/, little-endian.
char* point_struct(column_plan const&, std::string_view text, char* out) {
    std::string_view x_text;
    std::string_view y_text;
    double x = 0;
    double y = 0;
    if (text.size() < 5 || !split_point(text, x_text, y_text) || !parse_double(x_text, x) ||
        !parse_double(y_text, y)) {
        return nullptr;
    }
    std::array<char, 21> wkb{};
    char* at = append_little_endian(wkb.data(), 1, 1); // byte order
    at = append_little_endian(at, 1, 4);               // a point
    at = append_little_endian(at, std::bit_cast<std::uint64_t>(x), 8);
    append_little_endian(at, std::bit_cast<std::uint64_t>(y), 8);
    out = real(x_text, append(out, R"({"x":)"));
    if (out == nullptr) {
        return nullptr;
    }
    out = real(y_text, append(out, R"(,"y":)"));
    if (out == nullptr) {
        return nullptr;
    }
    out = append(out, R"(,"wkb":")");
    out = values::write_base64({wkb.data(), wkb.size()}, values::base64_alphabet::standard, out);
    return append(out, R"(","srid":null})");
}

} // namespace tandem::event::debezium
