#include "codecs/event/read_value.hpp"

#include "codecs/event/event_place.hpp"
#include "codecs/event/padding.hpp"
#include "codecs/event/read_number.hpp"
#include "codecs/event/read_placeholder.hpp"
#include "codecs/event/read_scalar.hpp"
#include "codecs/event/read_time.hpp"
#include "codecs/values/array_text.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/hstore_text.hpp"
#include "codecs/values/row_text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace tandem::event {
namespace {

namespace json = simdjson::dom; // what is nested is small and read as a whole

// Memory that is used from value to value.
struct value_scratch {
    json::parser lists; // an element is read while its list is
    json::parser values;
    std::string element;
    std::string number;
};

event_result<void> scalar_text(field_value const& value, resolved_type const& type,
                               value_options const& options, value_scratch& with, std::string& out);

// What the server would refuse, together with all that travels with it.
template <class Range>
event_result<void> whole_number(field_value const& value, std::string& out) {
    auto const read = integer(value);
    if (!read) {
        return read.error();
    }
    return std::in_range<Range>(*read) ? set(out, value.text) : event_result<void>{bad_value};
}

// --- bytes

event_result<void> binary(field_value const& value, value_options const& options,
                          std::string& out) {
    if (value.kind != field_kind::string) {
        return wrong_type;
    }
    if (options.binaries == binary_mode::hex) {
        set(out, "\\x");
        out += value.text;
        return values::is_bytea(out) ? event_result<void>{} : event_result<void>{bad_value};
    }
    return values::bytea_of_base64(value.text, out) ? event_result<void>{}
                                                    : event_result<void>{bad_value};
}

event_result<void> bits(field_value const& value, resolved_type const& type, std::string& out) {
    if (type.modifier == 1) {
        if (value.kind != field_kind::boolean) {
            return wrong_type;
        }
        return set(out, value.text == "true" ? "1" : "0");
    }
    auto const bytes = values::parse_base64(value.text);
    if (value.kind != field_kind::string || !bytes) {
        return value.kind == field_kind::string ? bad_value : wrong_type;
    }
    std::string text = values::bits_text(*bytes, bytes->size() * 8);
    text.erase(0, std::min(text.find('1'), text.size()));
    bool const bounded = type.kind == value_kind::bit || type.modifier >= 0;
    auto const length = static_cast<std::size_t>(type.modifier < 0 ? 1 : type.modifier);
    constexpr std::size_t most = 83'886'080; // of PostgreSQL's bit(n)
    if (bounded && (text.size() > length || length > most)) {
        return bad_value;
    }
    if (type.kind == value_kind::bit) {
        text.insert(0, length - text.size(), '0');
    }
    return set(out, text);
}

// --- what is nested

event_result<void> hstore(field_value const& value, value_options const& options,
                          json::parser& parser, std::string& out) {
    bool const is_text = options.hstores == hstore_mode::json;
    if (value.kind != (is_text ? field_kind::string : field_kind::nested)) {
        return wrong_type;
    }
    json::object object;
    if (parser.parse(value.text.data(), value.text.size()).get(object) != simdjson::SUCCESS) {
        return bad_value;
    }
    if (repeats_a_field(object)) {
        return event_error{event_errc::duplicate_field, 0};
    }
    values::hstore_pairs pairs;
    for (auto const& [key, element] : object) {
        std::string_view text;
        if (element.is_null()) {
            pairs.emplace_back(std::string{key}, std::nullopt);
        } else if (element.get(text) == simdjson::SUCCESS) {
            pairs.emplace_back(std::string{key}, std::string{text});
        } else {
            return bad_value;
        }
    }
    bool const placeholder = pairs.size() == 1 && pairs.front().first == options.unavailable &&
                             pairs.front().second == options.unavailable;
    return placeholder ? event_result<void>{unavailable} : set(out, values::hstore_text(pairs));
}

// Looked through before the server sees it, which would refuse the whole batch and name no record.
codec_error error_in(std::string_view text, value_kind kind) {
    arena strings;
    if (kind == value_kind::range) {
        auto const read = values::parse_range(text, strings);
        return read ? codec_error{} : read.error();
    }
    if (kind == value_kind::multirange) {
        values::multirange_text_reader in{text, strings};
        while (in.next()) {
        }
        return in.error();
    }
    using element = values::record_text_reader::kind;
    values::record_text_reader in{text, strings};
    auto read = in.next();
    while (read.what == element::value || read.what == element::null) {
        read = in.next();
    }
    return read.what == element::end ? codec_error{} : in.error();
}

event_result<void> literal(field_value const& value, value_kind kind, std::string& out) {
    if (value.kind != field_kind::string) {
        return wrong_type;
    }
    codec_error const error = error_in(value.text, kind);
    if (error.code != codec_errc::ok) {
        return event_error{event_errc::bad_value, error.offset};
    }
    return set(out, value.text);
}

// The scalar of a JSON element, or its JSON where it is none; numbers as simdjson writes them.
field_value field_of(json::element element, std::string& room) {
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) {
        return {field_kind::string, text};
    }
    if (element.is_null()) {
        return {field_kind::null, {}};
    }
    room = simdjson::minify(element);
    return {element.is_bool()     ? field_kind::boolean
            : element.is_number() ? field_kind::number
                                  : field_kind::nested,
            room};
}

event_result<void> point(field_value const& value, json::parser& parser, std::string& out) {
    json::object object;
    if (value.kind != field_kind::nested ||
        parser.parse(value.text.data(), value.text.size()).get(object) != simdjson::SUCCESS) {
        return wrong_type;
    }
    if (repeats_a_field(object)) {
        return event_error{event_errc::duplicate_field, 0};
    }
    std::string text = "(";
    for (char const* const name : {"x", "y"}) {
        json::element element;
        std::string room;
        std::string number;
        if (object[name].get(element) != simdjson::SUCCESS ||
            !read_real(field_of(element, room), number)) {
            return wrong_type;
        }
        text += number + (*name == 'x' ? "," : ")");
    }
    return set(out, text);
}

event_result<void> list(field_value const& value, resolved_type const& type,
                        value_options const& options, value_scratch& with, std::string& out) {
    json::array elements;
    if (value.kind != field_kind::nested ||
        with.lists.parse(value.text.data(), value.text.size()).get(elements) != simdjson::SUCCESS) {
        return wrong_type;
    }
    if (is_placeholder(elements, type, options)) {
        return unavailable;
    }
    resolved_type element_type = type;
    element_type.array = false;
    set(out, "{");
    std::size_t index = 0;
    list_tokens numbers{value.text};
    for (json::element const element : elements) {
        out += index == 0 ? "" : ",";
        field_value field = field_of(element, with.number);
        if (field.kind == field_kind::number) { // as it stands: the parser's zero has no sign
            field.text = numbers.token(index);
        }
        if (field.kind == field_kind::null) {
            out += "NULL";
            ++index;
            continue;
        }
        if (auto const read = scalar_text(field, element_type, options, with, with.element);
            !read) {
            bool const unsent = read.error().code == event_errc::unavailable; // all of it
            return unsent ? unavailable
                          : event_error{read.error().code, element_at(value.text, index)};
        }
        if (with.element.find('\0') != std::string::npos) {
            return event_error{event_errc::zero_character, element_at(value.text, index)};
        }
        values::append_array_element(with.element, ',', out);
        ++index;
    }
    out += '}';
    return {};
}

// --- strings with a grammar

event_result<void> checked(field_value const& value, bool good, std::string& out) {
    if (value.kind != field_kind::string) {
        return wrong_type;
    }
    return good ? set(out, value.text) : event_result<void>{bad_value};
}

bool is_uuid(std::string_view text) noexcept {
    constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    constexpr std::string_view hex = "0123456789abcdefABCDEF";
    return text.size() == form.size() &&
           std::ranges::equal(text, form, [hex](char each, char wanted) {
               return wanted == '-' ? each == '-' : hex.find(each) != hex.npos;
           });
}

// PostgreSQL's json has numbers beyond any double, and halves of surrogate pairs.
bool is_json(std::string_view text, json::parser& parser) {
    json::element any;
    auto const code = parser.parse(text.data(), text.size()).get(any);
    return code == simdjson::SUCCESS || code == simdjson::NUMBER_ERROR ||
           code == simdjson::NUMBER_OUT_OF_RANGE || code == simdjson::STRING_ERROR;
}

// Who knows a type by its schema alone has its labels joined by commas.
bool is_label(std::string_view text, resolved_type const& type) {
    return type.named == nullptr || text.find(',') != text.npos ||
           std::ranges::find(type.named->labels, text) != type.named->labels.end();
}

} // namespace

event_result<std::string_view> exact_text(field_value const& value) noexcept {
    switch (value.kind) {
    case field_kind::boolean:
        return value.text.substr(0, 1);
    case field_kind::number:
    case field_kind::string:
        return value.text;
    default:
        return wrong_type;
    }
}

namespace {

event_result<void> scalar_text(field_value const& value, resolved_type const& type,
                               value_options const& options, value_scratch& with,
                               std::string& out) {
    switch (type.kind) {
    case value_kind::boolean:
        return as_it_is(value, field_kind::boolean, out);
    case value_kind::int2:
        return whole_number<std::int16_t>(value, out);
    case value_kind::int4:
        return whole_number<std::int32_t>(value, out);
    case value_kind::int8:
        return whole_number<std::int64_t>(value, out);
    case value_kind::float4:
    case value_kind::float8:
        return read_real(value, out);
    case value_kind::numeric:
    case value_kind::money:
        return read_decimal(value, type, options, with.values, out);
    case value_kind::bytea:
        return binary(value, options, out);
    case value_kind::bit:
    case value_kind::varbit:
        return bits(value, type, out);
    case value_kind::date:
    case value_kind::time:
    case value_kind::timetz:
    case value_kind::timestamp:
    case value_kind::timestamptz:
    case value_kind::interval:
        return read_time(value, type, options, out);
    case value_kind::hstore:
        return hstore(value, options, with.values, out);
    case value_kind::point:
        return point(value, with.values, out);
    case value_kind::range:
    case value_kind::multirange:
    case value_kind::composite:
        return literal(value, type.kind, out);
    case value_kind::json:
        return checked(value, is_json(value.text, with.values), out);
    case value_kind::uuid:
        return checked(value, is_uuid(value.text), out);
    case value_kind::enumeration:
        return checked(value, is_label(value.text, type), out);
    case value_kind::text:
    case value_kind::xml:
    case value_kind::ltree:
    case value_kind::tsvector:
    case value_kind::other:
        break;
    }
    return as_it_is(value, field_kind::string, out);
}

event_result<void> text_of(field_value const& value, resolved_type const& type,
                           value_options const& options, value_scratch& with, std::string& out) {
    if (value.kind == field_kind::string && is_placeholder(value.text, type.kind, options)) {
        return unavailable;
    }
    auto read = type.array ? list(value, type, options, with, out)
                           : scalar_text(value, type, options, with, out);
    if (read && out.find('\0') != std::string::npos) {
        return event_error{event_errc::zero_character, 0};
    }
    return read;
}

} // namespace

struct value_reader::state : value_scratch {};

value_reader::value_reader() : state_{std::make_unique<state>()} {}
value_reader::~value_reader() = default;

event_result<void> value_reader::text(field_value const& value, resolved_type const& type,
                                      value_options const& options, std::string& out) {
    return text_of(value, type, options, *state_, out);
}

event_result<void> debezium_text(field_value const& value, resolved_type const& type,
                                 value_options const& options, std::string& out) {
    return value_reader{}.text(value, type, options, out);
}

event_result<void> message_bytes(std::string_view content, binary_mode mode, std::string& out) {
    auto bytes = mode == binary_mode::hex ? values::parse_bytea("\\x" + std::string{content})
                                          : values::parse_base64(content);
    return bytes ? set(out, *bytes) : event_result<void>{bad_value};
}

} // namespace tandem::event
