#pragma once
// Shared by the readers of values: read_value.cpp and read_time.cpp.

#include "codecs/event/event_error.hpp"
#include "codecs/event/event_view.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

namespace tandem::event {

inline constexpr event_error wrong_type{event_errc::wrong_type, 0};
inline constexpr event_error bad_value{event_errc::bad_value, 0};
inline constexpr event_error unavailable{event_errc::unavailable, 0};

inline event_result<void> set(std::string& out, std::string text) {
    out = std::move(text);
    return {};
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
