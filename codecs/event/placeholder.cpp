#include "codecs/event/placeholder.hpp"

#include "codecs/event/json_text.hpp"
#include "codecs/values/bytes_text.hpp"
#include "codecs/values/name_uuid.hpp"

namespace tandem::event {
namespace {

std::string quoted(std::string_view text) {
    std::string room(text.size() * escaped_most + 2 + slack, '\0');
    char const* const end = append_string(room.data(), text);
    room.resize(static_cast<std::size_t>(end - room.data()));
    return room;
}

std::string scalar_json(value_kind kind, value_options const& options) {
    std::string const text = quoted(options.unavailable);
    switch (kind) {
    case value_kind::bytea:
        return quoted(binary_placeholder(options.unavailable, options.binaries));
    case value_kind::hstore: {
        std::string const pair = '{' + text + ':' + text + '}';
        return options.hstores == hstore_mode::map ? pair : quoted(pair);
    }
    default:
        return text;
    }
}

std::string codes_json(std::string_view placeholder) {
    std::string codes;
    for (int const code : placeholder_codes(placeholder)) {
        codes += codes.empty() ? "" : ",";
        codes += std::to_string(code);
    }
    return '[' + codes + ']';
}

} // namespace

list_of elements_of(resolved_type const& type, value_options const& options) noexcept {
    switch (type.kind) {
    case value_kind::int2:
    case value_kind::int4:
    case value_kind::int8:
        return list_of::whole_numbers;
    case value_kind::date:
    case value_kind::time:
    case value_kind::timestamp:
        return time_unit_of(type, options.times) == time_unit::iso ? list_of::strings
                                                                   : list_of::whole_numbers;
    case value_kind::numeric:
        return options.decimals == decimal_mode::string ? list_of::strings : list_of::others;
    case value_kind::boolean:
    case value_kind::float4:
    case value_kind::float8:
    case value_kind::bit:
        return list_of::others;
    default:
        return list_of::strings; // or hstore's map, which can be the placeholder as well
    }
}

std::vector<int> placeholder_codes(std::string_view placeholder) {
    std::vector<int> codes;
    for (char const each : placeholder) {
        codes.push_back(static_cast<signed char>(each));
    }
    return codes;
}

std::string binary_placeholder(std::string_view placeholder, binary_mode mode) {
    switch (mode) {
    case binary_mode::bytes:
    case binary_mode::base64:
        break;
    case binary_mode::base64_url_safe:
        return values::base64_text(placeholder, values::base64_alphabet::url_safe);
    case binary_mode::hex:
        return std::string{placeholder};
    }
    return values::base64_text(placeholder);
}

std::string placeholder_json(resolved_type const& type, value_options const& options) {
    if (!type.array) {
        return scalar_json(type.kind, options);
    }
    switch (elements_of(type, options)) {
    case list_of::whole_numbers:
        return codes_json(options.unavailable);
    case list_of::strings:
        break;
    case list_of::others:
        return quoted(options.unavailable);
    }
    return type.kind == value_kind::uuid ? "[\"" + values::name_uuid(options.unavailable) + "\"]"
                                         : '[' + scalar_json(type.kind, options) + ']';
}

} // namespace tandem::event
