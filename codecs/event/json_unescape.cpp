#include "codecs/event/json_unescape.hpp"

#include "codecs/base/utf8.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace tandem::event {
namespace {

constexpr std::uint32_t bad_digits = 0x1'0000;

// Four hexadecimal digits at `at`, or bad_digits.
std::uint32_t four_digits(std::string_view raw, std::size_t at) noexcept {
    if (raw.size() - at < 4) {
        return bad_digits;
    }
    std::uint32_t value = 0;
    for (char const each : raw.substr(at, 4)) {
        auto const low = static_cast<unsigned char>(each | 0x20);
        std::uint32_t const digit = each >= '0' && each <= '9'
                                        ? static_cast<std::uint32_t>(each - '0')
                                    : low >= 'a' && low <= 'f' ? low - 'a' + 10U
                                                               : bad_digits;
        if (digit == bad_digits) {
            return bad_digits;
        }
        value = value * 16 + digit;
    }
    return value;
}

// What the letter behind a backslash stands for; zero: something else.
constexpr auto simple_escapes = [] {
    std::array<char, 256> meant{};
    meant['"'] = '"';
    meant['\\'] = '\\';
    meant['/'] = '/';
    meant['b'] = '\b';
    meant['f'] = '\f';
    meant['n'] = '\n';
    meant['r'] = '\r';
    meant['t'] = '\t';
    return meant;
}();

struct code_point {
    event_errc error = event_errc::ok;
    std::uint32_t value = 0;
    std::size_t size = 0; // of the escape
};

// \uXXXX, or a pair of them, at `at`.
code_point read_code_point(std::string_view raw, std::size_t at) noexcept {
    constexpr std::uint32_t high = 0xD800;
    constexpr std::uint32_t low = 0xDC00;
    constexpr std::uint32_t behind = 0xE000;
    std::uint32_t const first = four_digits(raw, at + 2);
    if (first == bad_digits || (first >= low && first < behind)) {
        return {event_errc::bad_escape};
    }
    if (first == 0) {
        return {event_errc::zero_character};
    }
    if (first < high || first >= behind) {
        return {event_errc::ok, first, 6};
    }
    if (raw.substr(at + 6, 2) != "\\u") {
        return {event_errc::bad_escape};
    }
    std::uint32_t const second = four_digits(raw, at + 8);
    if (second < low || second >= behind) {
        return {event_errc::bad_escape};
    }
    return {event_errc::ok, 0x1'0000 + ((first - high) << 10U) + (second - low), 12};
}

constexpr std::size_t window = 16;

// One bit for every backslash among the bytes from there on.
std::uint32_t backslashes(char const* at) noexcept {
#ifdef __SSE2__
    __m128i const bytes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(at));
    return static_cast<std::uint32_t>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
#else
    std::uint32_t found = 0;
    for (std::size_t index = 0; index < window; ++index) {
        found |= (at[index] == '\\' ? 1U : 0U) << index;
    }
    return found;
#endif
}

void copy_window(char* out, char const* from) noexcept {
    std::memcpy(out, from, window);
}

} // namespace

// Window by window: the places of its backslashes come from one comparison, so that an escape need not wait for
// what was read behind the one before.
unescape_end unescape(std::string_view raw, char* out) noexcept {
    static_assert(record_padding >= window && unescape_slack >= window);
    char* const start = out;
    std::size_t at = 0; // what is copied so far
    for (std::size_t base = 0; base < raw.size(); base = std::max(base + window, at)) {
        std::uint32_t found = backslashes(raw.data() + base);
        while (found != 0) {
            std::size_t const escape = base + static_cast<std::size_t>(std::countr_zero(found));
            if (escape >= raw.size()) { // not of this text any more
                break;
            }
            if (escape + 1 == raw.size()) {
                return {event_errc::bad_escape, 0, escape};
            }
            copy_window(out, raw.data() + at);
            out += escape - at;
            std::size_t size = 2;
            if (char const meant = simple_escapes[static_cast<unsigned char>(raw[escape + 1])]) {
                *out++ = meant;
            } else {
                code_point const point = raw[escape + 1] == 'u'
                                             ? read_code_point(raw, escape)
                                             : code_point{event_errc::bad_escape};
                if (point.error != event_errc::ok) {
                    return {point.error, 0, escape};
                }
                out = append_utf8(out, point.value);
                size = point.size;
            }
            at = escape + size;
            std::size_t const passed = at - base;
            found = passed >= window ? 0 : found & ~((1U << passed) - 1U);
        }
        std::size_t const end = std::min(base + window, raw.size());
        if (at < end) {
            copy_window(out, raw.data() + at);
            out += end - at;
            at = end;
        }
    }
    return {event_errc::ok, static_cast<std::size_t>(out - start), at};
}

} // namespace tandem::event
