#include "engine/config/setting_text.hpp"

#include "engine/config/quantity.hpp"

namespace tandem::engine::setting_text {

void expected(std::string_view what, std::string_view got) {
    throw config_error{fmt::format("expected {}, got '{}'", what, got)};
}

std::size_t size(std::string const& text, std::uint64_t least, std::uint64_t most) {
    auto const value = parse_size(text);
    if (!value || *value < least || *value > most) {
        expected(fmt::format("a size from {} to {} (such as 4MiB)", format_size(least),
                             format_size(most)),
                 text);
    }
    return *value;
}

std::chrono::milliseconds duration(std::string const& text, std::chrono::milliseconds least,
                                   std::chrono::milliseconds most) {
    auto const value = parse_duration(text);
    if (!value || *value < least || *value > most) {
        expected(fmt::format("a duration with its unit (such as 250ms, 5s, 2m), from {} to {}",
                             format_duration(least), format_duration(most)),
                 text);
    }
    return *value;
}

bool on_or_off(std::string const& text) {
    if (text == "on" || text == "true" || text == "yes" || text == "1") {
        return true;
    }
    if (text == "off" || text == "false" || text == "no" || text == "0") {
        return false;
    }
    expected("on or off", text);
}

} // namespace tandem::engine::setting_text
