#include "engine/admin/shown_text.hpp"

#include "codecs/base/civil_date.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>

namespace tandem::engine {
namespace {

struct code_point {
    std::uint32_t value = 0;
    std::size_t size = 0; // bytes; 0: no UTF-8 begins here
};

// `bytes` is not empty. Overlong forms, surrogates and what is above 10FFFF are no UTF-8.
code_point first_of(std::string_view bytes) noexcept {
    auto const at = [&](std::size_t i) {
        return std::uint32_t{static_cast<unsigned char>(bytes[i])};
    };
    std::uint32_t const lead = at(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    std::size_t const size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || bytes.size() < size) {
        return {};
    }
    std::uint32_t value = lead & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((at(i) & 0xC0U) != 0x80U) {
            return {};
        }
        value = value << 6U | (at(i) & 0x3FU);
    }
    constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x1'0000};
    bool const surrogate = value >= 0xD800 && value < 0xE000;
    return value < least.at(size) || value > 0x10'FFFF || surrogate ? code_point{}
                                                                    : code_point{value, size};
}

// What a terminal acts on, or what makes text look like another: controls, line and paragraph
// separators, marks of direction, the mark of byte order.
bool is_obeyed(std::uint32_t point) noexcept {
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x061C || point == 0x200E ||
           point == 0x200F || (point >= 0x2028 && point <= 0x202E) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

std::string escaped(code_point const& of) {
    switch (of.value) {
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return of.value < 0x80 ? fmt::format("\\x{:02x}", of.value)
                               : fmt::format("\\u{:04x}", of.value);
    }
}

} // namespace

bool is_utf8(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        auto const next = first_of(bytes);
        if (next.size == 0) {
            return false;
        }
        bytes.remove_prefix(next.size);
    }
    return true;
}

std::string shown(std::string_view bytes, std::size_t most) {
    std::string out;
    auto rest = bytes;
    while (!rest.empty()) {
        auto const next = first_of(rest);
        auto const size = next.size == 0 ? 1 : next.size;
        if (bytes.size() - rest.size() + size > most) {
            return out + fmt::format("... ({} bytes)",
                                     shown_count(static_cast<std::int64_t>(bytes.size())));
        }
        if (next.size == 0) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(rest.front()));
        } else if (is_obeyed(next.value)) {
            out += escaped(next);
        } else {
            out += rest.substr(0, size);
        }
        rest.remove_prefix(size);
    }
    return out;
}

std::string safe_json(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        auto const next = first_of(json);
        auto const size = next.size == 0 ? 1 : next.size;
        // Below 0x20 there are only line ends and spaces between the parts.
        if (next.value >= 0x7F && is_obeyed(next.value)) {
            out += fmt::format("\\u{:04x}", next.value);
        } else {
            out += json.substr(0, size);
        }
        json.remove_prefix(size);
    }
    return out;
}

bool is_json(std::string_view text) {
    // The parser would take a NUL for the end, and pass over a mark of byte order.
    return text.find('\0') == text.npos && !text.starts_with("\xEF\xBB\xBF") &&
           nlohmann::json::accept(text);
}

std::string compact_json(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    bool inside = false; // a string
    for (std::size_t at = 0; at < json.size(); ++at) {
        char const each = json[at];
        if (inside && each == '\\') {
            out += each;
            out += json[++at];
            continue;
        }
        inside = inside != (each == '"');
        bool const space = each == ' ' || each == '\n' || each == '\r' || each == '\t';
        if (inside || !space) {
            out += each;
        }
    }
    return out;
}

std::string shown_time(std::int64_t unix_ms) {
    if (unix_ms < 0) {
        return "no time";
    }
    constexpr std::int64_t ms_per_day = 86'400'000;
    civil_date const date = date_of(unix_ms / ms_per_day);
    std::int64_t const ms = unix_ms % ms_per_day;
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}Z", date.year, date.month,
                       date.day, ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60, ms % 1'000);
}

std::string shown_count(std::int64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3 + (number < 0 ? 1U : 0U);) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

} // namespace tandem::engine
