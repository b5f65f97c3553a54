#pragma once
// Shared by the readers of values: read_value.cpp, read_number.cpp and read_time.cpp.

#include "codecs/event/event_error.hpp"
#include "codecs/event/event_view.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::event {

inline constexpr event_error wrong_type{event_errc::wrong_type, 0};
inline constexpr event_error bad_value{event_errc::bad_value, 0};
inline constexpr event_error unavailable{event_errc::unavailable, 0};

// Into the memory that `out` has.
inline event_result<void> set(std::string& out, std::string_view text) {
    out.assign(text);
    return {};
}

// A string or, where the mode says so, another scalar, taken as it is.
inline event_result<void> as_it_is(field_value const& value, field_kind wanted, std::string& out) {
    if (value.kind != wanted) {
        return wrong_type;
    }
    return set(out, value.text);
}

inline event_result<std::int64_t> integer(field_value const& value) noexcept {
    std::int64_t read = 0;
    if (value.kind != field_kind::number) {
        return wrong_type;
    }
    auto const [stop, failed] =
        std::from_chars(value.text.data(), value.text.data() + value.text.size(), read);
    return failed == std::errc{} && stop == value.text.data() + value.text.size()
               ? event_result<std::int64_t>{read}
               : event_result<std::int64_t>{bad_value};
}

} // namespace tandem::event
