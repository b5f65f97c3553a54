#pragma once
// The text that a JSON string stands for.

#include "codecs/event/event_error.hpp"
#include "codecs/event/padding.hpp"

#include <cstddef>
#include <string_view>

namespace tandem::event {

struct unescape_end {
    event_errc error = event_errc::ok;
    std::size_t written = 0;
    std::size_t read = 0; // on an error: where its escape begins
};

inline constexpr std::size_t unescape_slack = 16;

// `raw`: what stands between the quotes, in a record with its padding. `out` has raw.size() + unescape_slack bytes:
// text never becomes longer, but is written in steps.
// Errors: bad_escape, also for half a surrogate pair; zero_character for \u0000.
[[nodiscard]] unescape_end unescape(std::string_view raw, char* out) noexcept;

} // namespace tandem::event
