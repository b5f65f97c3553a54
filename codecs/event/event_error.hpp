#pragma once
// What can be wrong with a record.

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::event {

enum class event_errc : std::uint8_t {
    ok = 0,
    not_json,          // the text is not JSON, or not all of it
    bad_utf8,          // it is not UTF-8
    too_deep,          // nested beyond what any event needs
    not_an_object,     // something else where an object must be
    wrong_type,        // a field of the envelope has another type than it must
    duplicate_field,   // a field stands twice
    unknown_field,     // a field that is neither schema nor payload beside them
    missing_field,     // the record lacks a field that its kind has, or a record of no kind any
    unknown_operation, // op is none of c u d r t m, status none of BEGIN and END, or both are there
    bad_escape,        // an escape that is none, or half of a surrogate pair
    zero_character,    // \u0000: PostgreSQL's text cannot hold it
    bad_number,        // a number that is none, or out of range where one is counted on
    too_many_fields,   // the topic's rows have had more field names than any table has columns
    bad_value,         // a value that is none of its column's type
    unavailable,       // unavailable.value.placeholder: the value was not sent
};

[[nodiscard]] std::string_view describe(event_errc code) noexcept;

struct event_error {
    event_errc code = event_errc::ok;
    std::uint32_t offset = 0; // of the byte where it was found; event_place.hpp names the field

    [[nodiscard]] std::string message() const;
    friend bool operator==(event_error const&, event_error const&) = default;
};
[[noreturn]] void throw_exception_from_error(event_error const& error,
                                             boost::source_location const& at);

template <class T>
using event_result = boost::system::result<T, event_error>;

} // namespace tandem::event
