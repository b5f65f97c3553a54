#pragma once
// How deep a JSON text is nested, before anything recurses into it.

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tandem::connect {

inline constexpr std::size_t json_depth_most = 64;

// Of any bytes.
[[nodiscard]] constexpr bool too_deep(std::string_view text) noexcept {
    std::size_t depth = 0;
    bool inside = false; // a string
    for (std::size_t at = 0; at < text.size(); ++at) {
        char const each = text[at];
        if (inside) {
            at += each == '\\' ? 1 : 0;
            inside = each != '"';
        } else if (each == '"') {
            inside = true;
        } else if (each == '{' || each == '[') {
            if (++depth > json_depth_most) {
                return true;
            }
        } else if (each == '}' || each == ']') {
            depth -= std::min<std::size_t>(depth, 1);
        }
    }
    return false;
}

} // namespace tandem::connect
