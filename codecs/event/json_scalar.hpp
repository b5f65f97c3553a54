#pragma once
// Scalars of a JSON text that simdjson has found and not looked into.

#include "codecs/event/padding.hpp"

#include <bit>
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

// Whether the first `size` bytes are digits; 32 are readable.
inline bool are_digits(char const* text, std::size_t size) noexcept {
#ifdef __SSE2__
    static_assert(record_padding >= 32);
    auto const others = [text](std::size_t from) { // one bit each
        __m128i const bytes = _mm_sub_epi8(
            _mm_loadu_si128(reinterpret_cast<__m128i const*>(text + from)), _mm_set1_epi8('0'));
        __m128i const good = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(9)), bytes);
        return ~static_cast<unsigned>(_mm_movemask_epi8(good)) & 0xFFFFU;
    };
    if (size <= 16) {
        return (others(0) & ((1U << size) - 1U)) == 0;
    }
    if (size < 32) {
        return (others(0) | (others(16) & ((1U << (size - 16)) - 1U))) == 0;
    }
#endif
    for (std::size_t at = 0; at < size; ++at) {
        if (!is_digit(text[at])) {
            return false;
        }
    }
    return true;
}

// A number without sign, fraction and exponent, the commonest by far. `text` lies in a record with its padding.
inline bool is_whole_number(std::string_view text) noexcept {
    return !text.empty() && (text[0] != '0' || text.size() == 1) &&
           are_digits(text.data(), text.size());
}

// What at most 16 digits stand for; 8 bytes behind the first are readable.
inline std::int64_t digits_value(std::string_view digits) noexcept {
    static_assert(std::endian::native == std::endian::little);
    // Of the eight bytes from there on, the first `count` are digits.
    auto const eight = [](char const* from, std::size_t count) {
        std::uint64_t value = 0;
        std::memcpy(&value, from, sizeof value);
        value = count == 0 ? 0 : value << (64U - 8U * count);  // what is before them reads as zeros
        value = (value & 0x0F0F'0F0F'0F0F'0F0F) * 2'561 >> 8U; // pairs
        value = (value & 0x00FF'00FF'00FF'00FF) * 6'553'601 >> 16U; // fours
        return (value & 0x0000'FFFF'0000'FFFF) * 42'949'672'960'001 >> 32U;
    };
    std::size_t const low = digits.size() < 8 ? digits.size() : 8;
    std::size_t const high = digits.size() - low;
    return static_cast<std::int64_t>(eight(digits.data(), high) * 100'000'000 +
                                     eight(digits.data() + high, low));
}

// The grammar of RFC 8259. `text` lies in a record with its padding.
[[nodiscard]] bool is_any_number(std::string_view text) noexcept;
inline bool is_number(std::string_view text) noexcept {
    return is_whole_number(text) || is_any_number(text);
}
// Compared at once: the size is known where it is compiled.
template <std::size_t Size>
[[nodiscard]] inline bool is_word(std::string_view token, char const (&word)[Size]) noexcept {
    return token.size() == Size - 1 && std::memcmp(token.data(), word, Size - 1) == 0;
}

// Whether a token that is neither bracket nor sign is a value. Escapes are not looked at.
inline bool is_scalar(std::string_view token) noexcept {
    switch (token.empty() ? '\0' : token.front()) {
    case '"':
        return token.size() >= 2 && token.back() == '"';
    case 't':
        return is_word(token, "true");
    case 'f':
        return is_word(token, "false");
    case 'n':
        return is_word(token, "null");
    default:
        return is_number(token);
    }
}

// Whether there is a backslash in it. `text` lies in a record with its padding.
[[nodiscard]] inline bool has_escape(std::string_view text) noexcept {
#ifdef __SSE2__
    static_assert(record_padding >= 16);
    constexpr std::size_t long_text = 512; // from there on the library's search is the faster one
    if (text.size() >= long_text) {
        return std::memchr(text.data(), '\\', text.size()) != nullptr;
    }
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
