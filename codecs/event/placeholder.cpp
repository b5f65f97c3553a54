#include "codecs/event/placeholder.hpp"

#include "codecs/event/json_text.hpp"
#include "codecs/values/bytes_text.hpp"

namespace tandem::event {
namespace {

std::string quoted(std::string_view text) {
    std::string room(text.size() * escaped_most + 2 + slack, '\0');
    char const* const end = append_string(room.data(), text);
    room.resize(static_cast<std::size_t>(end - room.data()));
    return room;
}

} // namespace

std::string binary_placeholder(std::string_view placeholder, binary_mode mode) {
    switch (mode) {
    case binary_mode::bytes:
    case binary_mode::base64:
        break;
    case binary_mode::base64_url_safe:
        return values::base64_text(placeholder, values::base64_alphabet::url_safe);
    case binary_mode::hex:
        return values::bytea_text(placeholder).substr(2);
    }
    return values::base64_text(placeholder);
}

std::string placeholder_json(resolved_type const& type, value_options const& options) {
    std::string const text = quoted(options.unavailable);
    std::string const bytes = quoted(binary_placeholder(options.unavailable, options.binaries));
    if (!type.array) {
        bool const object = type.kind == value_kind::hstore && options.hstores == hstore_mode::map;
        return object                           ? '{' + text + ':' + text + '}'
               : type.kind == value_kind::bytea ? bytes
                                                : text;
    }
    switch (type.kind) {
    case value_kind::bytea:
        return '[' + bytes + ']';
    case value_kind::int4:
    case value_kind::int8: {
        std::string codes;
        for (char const each : options.unavailable) {
            codes += codes.empty() ? "" : ",";
            codes += std::to_string(static_cast<int>(static_cast<signed char>(each)));
        }
        return '[' + codes + ']';
    }
    case value_kind::text:
    case value_kind::json:
        return '[' + text + ']';
    default:
        break;
    }
    return text;
}

} // namespace tandem::event
