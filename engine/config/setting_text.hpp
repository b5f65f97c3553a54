#pragma once
// How the text of a setting is read. Each throws config_error saying what is expected. Of engine/config alone.

#include "engine/config/error.hpp"
#include "engine/config/nearest.hpp"
#include "engine/config/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace tandem::engine::setting_text {

[[noreturn]] void expected(std::string_view what, std::string_view got);
[[nodiscard]] std::size_t size(std::string const& text, std::uint64_t least, std::uint64_t most);
[[nodiscard]] std::chrono::milliseconds duration(std::string const& text,
                                                 std::chrono::milliseconds least,
                                                 std::chrono::milliseconds most);
[[nodiscard]] bool on_or_off(std::string const& text);

template <class T>
T number(std::string const& text, T least, T most) {
    T value{};
    char const* const end = text.data() + text.size();
    auto const [stop, failed] = std::from_chars(text.data(), end, value);
    if (failed != std::errc{} || stop != end || value < least || value > most) {
        expected(fmt::format("a whole number from {} to {}", least, most), text);
    }
    return value;
}

// One of a few words; a near miss is named.
template <class T>
T word(std::string const& text, std::vector<std::pair<std::string, T>> const& words) {
    std::vector<std::string> names;
    for (auto const& [name, value] : words) {
        if (name == text) {
            return value;
        }
        names.push_back(name);
    }
    auto const near = nearest(text, names);
    throw config_error{fmt::format("expected one of {}, got '{}'{}", fmt::join(names, ", "), text,
                                   near ? fmt::format("; did you mean '{}'?", *near) : "")};
}

} // namespace tandem::engine::setting_text

namespace tandem::engine {

// engine/config/ddl_settings.cpp
[[nodiscard]] std::vector<setting> ddl_settings();

} // namespace tandem::engine
