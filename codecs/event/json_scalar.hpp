#pragma once
// Scalars of a JSON text that simdjson has found and not looked into.

#include "codecs/event/padding.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace tandem::event {

// A scalar's text without the space that may follow it.
inline std::string_view trimmed(std::string_view token) noexcept {
    while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                              token.back() == '\t')) {
        token.remove_suffix(1);
    }
    return token;
}

inline bool is_digit(char each) noexcept {
    return each >= '0' && each <= '9';
}

// Takes the digits at the front; false when there are none.
inline bool take_digits(std::string_view& text) noexcept {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) {
        ++count;
    }
    text.remove_prefix(count);
    return count > 0;
}

// The grammar of RFC 8259; simdjson does not look at numbers that are taken as text.
inline bool is_number(std::string_view text) noexcept {
    if (!text.empty() && text.front() == '-') {
        text.remove_prefix(1);
    }
    if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) {
        return false;
    }
    if (!take_digits(text)) {
        return false;
    }
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        if (!take_digits(text)) {
            return false;
        }
    }
    if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
        text.remove_prefix(1);
        if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
            text.remove_prefix(1);
        }
        return take_digits(text) && text.empty();
    }
    return text.empty();
}

// Whether there is a backslash in it. `text` lies in a record with its padding.
[[nodiscard]] inline bool has_escape(std::string_view text) noexcept {
#ifdef __SSE2__
    static_assert(record_padding >= 16);
    char const* at = text.data();
    std::size_t left = text.size();
    auto const here = [&at](std::size_t place) {
        return _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<__m128i const*>(at + place)),
                              _mm_set1_epi8('\\'));
    };
    for (; left >= 64; at += 64, left -= 64) {
        __m128i const any =
            _mm_or_si128(_mm_or_si128(here(0), here(16)), _mm_or_si128(here(32), here(48)));
        if (_mm_movemask_epi8(any) != 0) {
            return true;
        }
    }
    while (left > 0) {
        auto const found = static_cast<unsigned>(_mm_movemask_epi8(here(0)));
        if (left <= 16) {
            return (found & ((1U << left) - 1U)) != 0;
        }
        if (found != 0) {
            return true;
        }
        at += 16;
        left -= 16;
    }
    return false;
#else
    return std::memchr(text.data(), '\\', text.size()) != nullptr;
#endif
}

} // namespace tandem::event
