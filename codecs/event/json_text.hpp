#pragma once
// Text as a JSON string, for the hot loop. Every function writes at `out` and returns where it stopped; the
// caller has made room for the worst case and `slack` bytes more, which may be overwritten.
//
// Escapes are Jackson's, which Kafka's JsonConverter uses: " and \ with a backslash, \b \t \n \f \r, other
// controls as \u00XX in upper case; everything else stands as it is.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __AVX2__
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tandem::event {
inline namespace TANDEM_ISA {

inline constexpr std::size_t slack = 64;
inline constexpr std::size_t escaped_most = 6; // bytes that one byte becomes

[[nodiscard]] inline char* append(char* out, std::string_view text) noexcept {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

// As append, for text with `slack` readable bytes behind its start: one wide move for the usual length.
[[nodiscard]] inline char* append_fragment(char* out, char const* text, std::size_t size) noexcept {
    std::memcpy(out, text, 32);
    if (size > 32) {
        std::memcpy(out + 32, text + 32, size - 32);
    }
    return out + size;
}

[[nodiscard]] inline char* append_escape(char* out, char special) noexcept {
    constexpr char const* digits = "0123456789ABCDEF";
    *out++ = '\\';
    switch (special) {
    case '"':
    case '\\':
        *out++ = special;
        return out;
    case '\b':
        *out++ = 'b';
        return out;
    case '\t':
        *out++ = 't';
        return out;
    case '\n':
        *out++ = 'n';
        return out;
    case '\f':
        *out++ = 'f';
        return out;
    case '\r':
        *out++ = 'r';
        return out;
    default:
        out = append(out, "u00");
        out[0] = digits[static_cast<unsigned char>(special) >> 4U];
        out[1] = digits[static_cast<unsigned char>(special) & 15U];
        return out + 2;
    }
}

// The first 8 bytes of `text`, of which `size` (below 8) are there; the others are zero.
[[nodiscard]] inline std::uint64_t load_below_8(char const* text, std::size_t size) noexcept {
    if (size >= 4) {
        std::uint32_t low = 0;
        std::uint32_t high = 0;
        std::memcpy(&low, text, 4);
        std::memcpy(&high, text + size - 4, 4);
        return low | (std::uint64_t{high} << (8 * (size - 4)));
    }
    if (size >= 2) {
        std::uint16_t low = 0;
        std::uint16_t high = 0;
        std::memcpy(&low, text, 2);
        std::memcpy(&high, text + size - 2, 2);
        return low | (std::uint64_t{high} << (8 * (size - 2)));
    }
    return size == 1 ? static_cast<unsigned char>(*text) : 0;
}

#ifdef __SSE2__
// The bits of those bytes that need an escape.
[[nodiscard]] inline std::uint32_t specials(__m128i bytes) noexcept {
    __m128i const quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i const backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i const control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    return static_cast<std::uint32_t>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}

// The last bytes of a text, below 16 of them, without reading beyond.
[[nodiscard]] inline __m128i load_below_16(char const* text, std::size_t size) noexcept {
    if (size < 8) {
        return _mm_cvtsi64_si128(static_cast<long long>(load_below_8(text, size)));
    }
    std::uint64_t low = 0;
    std::memcpy(&low, text, 8);
    std::uint64_t high = 0;
    if (size > 8) {
        std::memcpy(&high, text + size - 8, 8);
        high >>= 8 * (16 - size);
    }
    return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}
#endif

// Escaped, without quotes around it.
[[nodiscard]] inline char* append_escaped(char* out, std::string_view text) noexcept {
    char const* at = text.data();
    std::size_t left = text.size();
#ifdef __AVX2__
    while (left >= 32) {
        __m256i const bytes = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(at));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
        __m256i const quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
        __m256i const backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
        __m256i const control =
            _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1F)), bytes);
        auto const found = static_cast<std::uint32_t>(
            _mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quote, backslash), control)));
        std::size_t const plain = found == 0 ? 32 : static_cast<unsigned>(__builtin_ctz(found));
        at += plain;
        out += plain;
        left -= plain;
        if (found != 0) {
            out = append_escape(out, *at++);
            --left;
        }
    }
#endif
#ifdef __SSE2__
    while (left > 0) {
        std::size_t const here = left < 16 ? left : 16;
        __m128i const bytes = left < 16 ? load_below_16(at, left)
                                        : _mm_loadu_si128(reinterpret_cast<__m128i const*>(at));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
        std::uint32_t const found = specials(bytes) & ((1U << here) - 1U);
        std::size_t const plain = found == 0 ? here : static_cast<unsigned>(__builtin_ctz(found));
        at += plain;
        out += plain;
        left -= plain;
        if (found != 0) {
            out = append_escape(out, *at++);
            --left;
        }
    }
#else
    for (; left > 0; --left, ++at) {
        auto const byte = static_cast<unsigned char>(*at);
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            out = append_escape(out, *at);
        } else {
            *out++ = *at;
        }
    }
#endif
    return out;
}

[[nodiscard]] inline char* append_string(char* out, std::string_view text) noexcept {
    *out++ = '"';
    out = append_escaped(out, text);
    *out++ = '"';
    return out;
}

// Digits and what else a number is made of: - + . e
[[nodiscard]] inline bool is_of_number(char each) noexcept {
    return (each >= '0' && each <= '9') || each == '-' || each == '+' || each == '.' || each == 'e';
}

// A number's text; nullptr when there are other bytes in it, or none at all. The server writes numbers as JSON
// has them, so that their grammar is not looked at.
[[nodiscard]] inline char* append_number_text(char* out, std::string_view text) noexcept {
    char const* at = text.data();
    std::size_t left = text.size();
    if (left == 0) {
        return nullptr;
    }
#ifdef __SSE2__
    if (left < 16) {
        __m128i const bytes = load_below_16(at, left);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
        __m128i const above_0 = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
        __m128i const digit = _mm_cmpeq_epi8(_mm_min_epu8(above_0, _mm_set1_epi8(9)), above_0);
        __m128i const sign = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')),
                                          _mm_cmpeq_epi8(bytes, _mm_set1_epi8('+')));
        __m128i const rest = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.')),
                                          _mm_cmpeq_epi8(bytes, _mm_set1_epi8('e')));
        auto const good = static_cast<std::uint32_t>(
            _mm_movemask_epi8(_mm_or_si128(digit, _mm_or_si128(sign, rest))));
        return (~good & ((1U << left) - 1U)) == 0 ? out + left : nullptr;
    }
#endif
    for (; left > 0; --left) {
        if (!is_of_number(*at)) {
            return nullptr;
        }
        *out++ = *at++;
    }
    return out;
}

} // namespace TANDEM_ISA
} // namespace tandem::event
