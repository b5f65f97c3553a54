#pragma once
// Code points as UTF-8.

#include <cstdint>

namespace tandem {

inline constexpr int utf8_most = 4; // bytes of one code point

// Writes it at `out` and returns its end. `point` is at most 0x10FFFF and no surrogate.
[[nodiscard]] inline char* append_utf8(char* out, std::uint32_t point) noexcept {
    auto const put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0U | (point >> 6U));
        put(0x80U | (point & 0x3FU));
    } else if (point < 0x1'0000) {
        put(0xE0U | (point >> 12U));
        put(0x80U | ((point >> 6U) & 0x3FU));
        put(0x80U | (point & 0x3FU));
    } else {
        put(0xF0U | (point >> 18U));
        put(0x80U | ((point >> 12U) & 0x3FU));
        put(0x80U | ((point >> 6U) & 0x3FU));
        put(0x80U | (point & 0x3FU));
    }
    return out;
}

} // namespace tandem
