#include "codecs/values/bytes_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace tandem::values {
namespace {

constexpr std::uint8_t none = 0xFF;

codec_error bad(std::size_t at) noexcept {
    return {codec_errc::bad_value, static_cast<std::uint32_t>(at)};
}

std::uint8_t hex_value(char digit) noexcept {
    if (digit >= '0' && digit <= '9') {
        return static_cast<std::uint8_t>(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return static_cast<std::uint8_t>(digit - 'a' + 10);
    }
    return digit >= 'A' && digit <= 'F' ? static_cast<std::uint8_t>(digit - 'A' + 10) : none;
}

constexpr std::string_view standard_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::uint8_t, 256> letter_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(none);
    for (std::uint8_t value = 0; value < 64; ++value) {
        values[static_cast<unsigned char>(standard_letters[value])] = value;
        values[static_cast<unsigned char>(url_letters[value])] = value;
    }
    return values;
}();

} // namespace

result<std::string> parse_bytea(std::string_view text) {
    if (text.substr(0, 2) != "\\x") {
        return bad(0);
    }
    std::string bytes(text.size() / 2 - 1, '\0');
    if (write_bytea(text, bytes.data()) != nullptr) {
        return bytes;
    }
    std::size_t at = 2; // of the first that is no digit, or is alone
    while (at < text.size() && hex_value(text[at]) != none) {
        ++at;
    }
    return bad(at);
}

char* write_bytea(std::string_view text, char* out) noexcept {
    if (text.substr(0, 2) != "\\x" || text.size() % 2 != 0) {
        return nullptr;
    }
    for (std::size_t at = 2; at < text.size(); at += 2) {
        std::uint8_t const high = hex_value(text[at]);
        std::uint8_t const low = hex_value(text[at + 1]);
        if (high == none || low == none) {
            return nullptr;
        }
        *out++ = static_cast<char>(high * 16 + low);
    }
    return out;
}

bool is_bytea(std::string_view text) noexcept {
    return text.starts_with("\\x") && text.size() % 2 == 0 &&
           std::ranges::none_of(text.substr(2), [](char each) { return hex_value(each) == none; });
}

char* write_hex(std::string_view bytes, char* out) noexcept {
    constexpr char const* digits = "0123456789abcdef";
    for (char const each : bytes) {
        auto const byte = static_cast<unsigned char>(each);
        *out++ = digits[byte >> 4U];
        *out++ = digits[byte & 15U];
    }
    return out;
}

std::string bytea_text(std::string_view bytes) {
    std::string text(2 + 2 * bytes.size(), 'x');
    text[0] = '\\';
    write_hex(bytes, text.data() + 2);
    return text;
}

char* write_base64(std::string_view bytes, base64_alphabet alphabet, char* out) noexcept {
    std::string_view const letters =
        alphabet == base64_alphabet::standard ? standard_letters : url_letters;
    while (!bytes.empty()) {
        std::string_view const group = bytes.substr(0, 3);
        std::uint32_t bits = 0;
        for (std::size_t index = 0; index < 3; ++index) {
            bits =
                bits * 256 + (index < group.size() ? static_cast<unsigned char>(group[index]) : 0U);
        }
        for (std::size_t index = 0; index < 4; ++index) {
            *out++ = index <= group.size() ? letters[(bits >> (18 - 6 * index)) & 63U] : '=';
        }
        bytes.remove_prefix(group.size());
    }
    return out;
}

std::string base64_text(std::string_view bytes, base64_alphabet alphabet) {
    std::string text(base64_room(bytes.size()), '=');
    write_base64(bytes, alphabet, text.data());
    return text;
}

result<std::string> parse_base64(std::string_view text) {
    std::string bytes;
    auto const read = append_of_base64(text, bytes);
    return read ? result<std::string>{std::move(bytes)} : result<std::string>{read.error()};
}

result<void> append_of_base64(std::string_view text, std::string& into) {
    std::size_t const letters = std::min(text.find('='), text.size());
    std::string_view const padding = text.substr(letters);
    bool const padded =
        padding.empty() || (text.size() % 4 == 0 && (padding == "=" || padding == "=="));
    if (!padded || letters % 4 == 1) {
        return bad(letters);
    }
    std::size_t const before = into.size();
    auto const failed = [&into, before](std::size_t at) {
        into.resize(before);
        return bad(at);
    };
    into.resize(before + letters * 6 / 8);
    char* out = into.data() + before;
    std::uint32_t bits = 0;
    unsigned count = 0; // of bits that are not written yet
    for (std::size_t at = 0; at < letters; ++at) {
        std::uint8_t const value = letter_values[static_cast<unsigned char>(text[at])];
        if (value == none) {
            return failed(at);
        }
        bits = (bits << 6U) | value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *out++ = static_cast<char>((bits >> count) & 0xFFU);
        }
    }
    if ((bits & ((1U << count) - 1U)) != 0) { // two texts must not mean the same bytes
        return failed(letters - 1);
    }
    return {};
}

result<void> bytea_of_base64(std::string_view text, std::string& into) {
    into.clear();
    if (auto const read = append_of_base64(text, into); !read) {
        return read.error();
    }
    // Each byte becomes two digits: from behind, so that none is written over before it has been read.
    std::size_t const size = into.size();
    into.resize(2 + 2 * size);
    for (std::size_t left = size; left > 0; --left) {
        char const byte = into[left - 1];
        write_hex({&byte, 1}, into.data() + 2 * left);
    }
    into[0] = '\\';
    into[1] = 'x';
    return {};
}

result<std::string> parse_bits(std::string_view text) {
    std::string bytes((text.size() + 7) / 8, '\0');
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '0' && text[at] != '1') {
            return bad(at);
        }
        std::size_t const bit = text.size() - 1 - at;
        auto const mask = static_cast<unsigned>(text[at] - '0') << (bit % 8);
        bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) | mask);
    }
    return bytes;
}

std::string bits_text(std::string_view bytes, std::size_t length) {
    std::string text(length, '0');
    for (std::size_t bit = 0; bit < length && bit / 8 < bytes.size(); ++bit) {
        if ((static_cast<unsigned char>(bytes[bit / 8]) >> (bit % 8) & 1U) != 0) {
            text[length - 1 - bit] = '1';
        }
    }
    return text;
}

} // namespace tandem::values
