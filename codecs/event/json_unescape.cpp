#include "codecs/event/json_unescape.hpp"

#include "codecs/base/utf8.hpp"

#include <cstdint>
#include <cstring>

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

char simple_escape(char letter) noexcept {
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

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

} // namespace

unescape_end unescape(std::string_view raw, char* out) noexcept {
    char* const start = out;
    std::size_t at = 0;
    while (at < raw.size()) {
        auto const* const found =
            static_cast<char const*>(std::memchr(raw.data() + at, '\\', raw.size() - at));
        std::size_t const plain =
            found == nullptr ? raw.size() - at : static_cast<std::size_t>(found - raw.data()) - at;
        std::memcpy(out, raw.data() + at, plain);
        out += plain;
        at += plain;
        if (found == nullptr) {
            break;
        }
        if (at + 1 >= raw.size()) {
            return {event_errc::bad_escape, 0, at};
        }
        if (raw[at + 1] != 'u') {
            char const meant = simple_escape(raw[at + 1]);
            if (meant == 0) {
                return {event_errc::bad_escape, 0, at};
            }
            *out++ = meant;
            at += 2;
            continue;
        }
        code_point const point = read_code_point(raw, at);
        if (point.error != event_errc::ok) {
            return {point.error, 0, at};
        }
        out = append_utf8(out, point.value);
        at += point.size;
    }
    return {event_errc::ok, static_cast<std::size_t>(out - start), at};
}

} // namespace tandem::event
