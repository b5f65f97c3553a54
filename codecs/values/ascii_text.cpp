#include "codecs/values/ascii_text.hpp"

#include "codecs/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace tandem::values {
namespace {

constexpr std::uint32_t high_first = 0xD800;
constexpr std::uint32_t low_first = 0xDC00;
constexpr std::uint32_t low_behind = 0xE000;
constexpr std::uint32_t beyond_first = 0x1'0000;

std::uint32_t byte_at(std::string_view text, std::size_t at) noexcept {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

struct character {
    std::uint32_t code = 0;
    std::size_t size = 1;
};

character first_of(std::string_view text) noexcept {
    auto const follow = [text](std::size_t at) { return byte_at(text, at) & 0x3FU; };
    std::uint32_t const lead = byte_at(text, 0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    if (lead < 0xE0) {
        return {((lead & 0x1FU) << 6U) | follow(1), 2};
    }
    if (lead < 0xF0) {
        return {((lead & 0x0FU) << 12U) | (follow(1) << 6U) | follow(2), 3};
    }
    return {((lead & 0x07U) << 18U) | (follow(1) << 12U) | (follow(2) << 6U) | follow(3), 4};
}

// The number in \uXXXX at the front.
std::optional<std::uint32_t> unit_of(std::string_view text) noexcept {
    std::uint32_t value = 0;
    if (text.size() < 6 || text.substr(0, 2) != "\\u") {
        return std::nullopt;
    }
    auto const [stop, failed] = std::from_chars(text.data() + 2, text.data() + 6, value, 16);
    return failed == std::errc{} && stop == text.data() + 6 ? std::optional{value} : std::nullopt;
}

} // namespace

bool is_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char each) { return static_cast<unsigned char>(each) < 0x80; });
}

std::string to_ascii(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto const [code, size] = first_of(text);
        if (code == '\\') {
            out += "\\\\";
        } else if (code < 0x80) {
            out.push_back(text.front());
        } else if (code < beyond_first) {
            out += fmt::format("\\u{:04x}", code);
        } else {
            std::uint32_t const offset = code - beyond_first;
            out += fmt::format("\\u{:04x}\\u{:04x}", high_first + (offset >> 10U),
                               low_first + (offset & 0x3FFU));
        }
        text.remove_prefix(std::min(size, text.size()));
    }
    return out;
}

std::string from_ascii(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t taken = 1;
        if (text.substr(0, 2) == "\\\\") {
            out.push_back('\\');
            taken = 2;
        } else if (auto const unit = unit_of(text)) {
            taken = 6;
            std::uint32_t code = *unit;
            auto const second = unit_of(text.substr(6));
            if (code >= high_first && code < low_first && second && *second >= low_first &&
                *second < low_behind) {
                code = beyond_first + ((code - high_first) << 10U) + (*second - low_first);
                taken = 12;
            }
            char bytes[utf8_most];
            out.append(bytes, append_utf8(bytes, code));
        } else {
            out.push_back(text.front());
        }
        text.remove_prefix(taken);
    }
    return out;
}

} // namespace tandem::values
