#include "codecs/event/event_error.hpp"

#include <stdexcept>

namespace tandem::event {

std::string_view describe(event_errc code) noexcept {
    switch (code) {
    case event_errc::ok:
        return "no error";
    case event_errc::not_json:
        return "the text is not JSON, or more than one value";
    case event_errc::bad_utf8:
        return "the text is not UTF-8";
    case event_errc::too_deep:
        return "the text is nested too deeply";
    case event_errc::not_an_object:
        return "a JSON object is expected";
    case event_errc::wrong_type:
        return "a field has another JSON type than it must";
    case event_errc::duplicate_field:
        return "a field stands twice";
    case event_errc::unknown_field:
        return "beside schema and payload stands another field, and none may";
    case event_errc::missing_field:
        return "the record lacks op, or another field that its kind has";
    case event_errc::unknown_operation:
        return "the field op is none of c, u, d, r, t, m, or status none of BEGIN, END";
    case event_errc::bad_escape:
        return "a string holds an escape that is none, or half of a surrogate pair";
    case event_errc::zero_character:
        return "a string holds the character \\u0000, which PostgreSQL's text cannot";
    case event_errc::bad_number:
        return "a number is none, or is out of range";
    case event_errc::too_many_fields:
        return "the topic's rows have had more field names than a table can have columns";
    case event_errc::unavailable:
        return "the value was not sent (unavailable.value.placeholder)";
    case event_errc::bad_value:
        return "a value is none of its column's type";
    }
    return "an unknown error";
}

std::string event_error::message() const {
    return std::string{describe(code)} + " (at byte " + std::to_string(offset) + ")";
}

void throw_exception_from_error(event_error const& error, boost::source_location const&) {
    throw std::runtime_error{error.message()};
}

} // namespace tandem::event
