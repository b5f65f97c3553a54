#pragma once
// A second reading of JSON text, slow and plain, for plain_event.hpp: its tokens, as simdjson finds them before
// anything has a meaning, and what strings stand for. Shares no code with the event decoder.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::wire {

class plain_json {
public:
    // Nothing for a text that is refused whatever its tokens mean: not UTF-8, a string that is never closed or holds
    // a control character.
    static std::optional<std::vector<std::string_view>> tokens(std::string_view text) {
        plain_json one{text};
        one.split();
        bool const good = one.good_ && is_utf8(text);
        return good ? std::optional{one.found()} : std::nullopt;
    }

    static bool is_literal(std::string_view token) {
        return token == "null" || token == "true" || token == "false";
    }

    static bool is_number(std::string_view token) {
        std::size_t at = token.starts_with('-') ? 1 : 0;
        std::size_t const whole = digits(token, at);
        if (whole == 0 || (whole > 1 && token[at] == '0')) {
            return false;
        }
        at += whole;
        if (at < token.size() && token[at] == '.') {
            std::size_t const fraction = digits(token, at + 1);
            if (fraction == 0) {
                return false;
            }
            at += 1 + fraction;
        }
        if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
            ++at;
            at += at < token.size() && (token[at] == '+' || token[at] == '-') ? 1 : 0;
            std::size_t const exponent = digits(token, at);
            return exponent > 0 && at + exponent == token.size();
        }
        return at == token.size();
    }

    // What a string token stands for.
    static std::optional<std::string> string(std::string_view token) {
        if (token.size() < 2 || token.front() != '"' || token.back() != '"') {
            return std::nullopt;
        }
        return unescaped(token.substr(1, token.size() - 2));
    }

    static std::optional<std::string> unescaped(std::string_view raw) {
        std::string text;
        for (std::size_t at = 0; at < raw.size();) {
            if (raw[at] != '\\') {
                text += raw[at++];
                continue;
            }
            constexpr std::string_view letters = "\"\\/bfnrt";
            constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
            char const letter = at + 1 < raw.size() ? raw[at + 1] : '\0';
            if (auto const which = letters.find(letter); which != std::string_view::npos) {
                text += meant[which];
                at += 2;
                continue;
            }
            std::uint32_t point = letter == 'u' ? hexadecimal(raw.substr(at + 2)) : bad;
            at += 6;
            if (point >= 0xD800 && point < 0xDC00 && raw.substr(at).starts_with("\\u")) {
                std::uint32_t const low = hexadecimal(raw.substr(at + 2));
                point = low >= 0xDC00 && low < 0xE000
                            ? 0x10000 + (point - 0xD800) * 0x400 + (low - 0xDC00)
                            : bad;
                at += 6;
            }
            if (point == 0 || point == bad || (point >= 0xD800 && point < 0xE000)) {
                return std::nullopt;
            }
            append(text, point);
        }
        return text;
    }

private:
    explicit plain_json(std::string_view text) : text_{text} {}

    static bool is_space(char each) {
        return each == ' ' || each == '\t' || each == '\n' || each == '\r';
    }
    // Two control characters pass for punctuation until they are looked at.
    static bool is_mark(char each) {
        return std::string_view{"{}[]:,\x0c\x1a"}.find(each) != std::string_view::npos;
    }

    void split() {
        bool escaped = false; // by a backslash, in a string or not
        bool in_string = false;
        bool in_word = false;
        for (std::size_t at = 0; at < text_.size(); ++at) {
            char const each = text_[at];
            bool const here_escaped = escaped;
            escaped = each == '\\' && !here_escaped;
            bool const quote = each == '"' && !here_escaped;
            if (in_string) {
                good_ = good_ && static_cast<unsigned char>(each) >= 0x20;
                in_string = !quote;
                in_word = false;
            } else if (quote) {
                start(at, !in_word);
                in_string = true;
                in_word = false;
            } else if (is_mark(each)) {
                start(at, true);
                in_word = false;
            } else if (is_space(each)) {
                in_word = false;
            } else {
                start(at, !in_word);
                in_word = true;
            }
        }
        good_ = good_ && !in_string;
    }

    void start(std::size_t at, bool one) {
        if (one) {
            starts_.push_back(at);
        }
    }

    std::vector<std::string_view> found() const {
        std::vector<std::string_view> tokens;
        for (std::size_t index = 0; index < starts_.size(); ++index) {
            std::size_t const end = index + 1 < starts_.size() ? starts_[index + 1] : text_.size();
            std::string_view token = text_.substr(starts_[index], end - starts_[index]);
            while (is_space(token.back())) {
                token.remove_suffix(1);
            }
            tokens.push_back(token);
        }
        return tokens;
    }

    static std::size_t digits(std::string_view text, std::size_t from) {
        std::size_t count = 0;
        while (from + count < text.size() && text[from + count] >= '0' &&
               text[from + count] <= '9') {
            ++count;
        }
        return count;
    }

    static constexpr std::uint32_t bad = 0xFFFF'FFFF;

    static std::uint32_t hexadecimal(std::string_view text) {
        std::uint32_t value = 0;
        for (std::size_t at = 0; at < 4; ++at) {
            constexpr std::string_view known = "0123456789abcdefABCDEF";
            std::size_t const digit = at < text.size() ? known.find(text[at]) : known.npos;
            if (digit == known.npos) {
                return bad;
            }
            value = value * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
        }
        return value;
    }

    static void append(std::string& text, std::uint32_t point) {
        auto const byte = [&text](std::uint32_t value) { text += static_cast<char>(value); };
        if (point < 0x80) {
            return byte(point);
        }
        if (point < 0x800) {
            byte(0xC0 + point / 0x40);
        } else if (point < 0x10000) {
            byte(0xE0 + point / 0x1000);
            byte(0x80 + point / 0x40 % 0x40);
        } else {
            byte(0xF0 + point / 0x40000);
            byte(0x80 + point / 0x1000 % 0x40);
            byte(0x80 + point / 0x40 % 0x40);
        }
        byte(0x80 + point % 0x40);
    }

    static bool is_utf8(std::string_view text) {
        while (!text.empty()) {
            auto const first = static_cast<unsigned char>(text[0]);
            std::size_t const size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
            if (text.size() < size || (first >= 0x80 && first < 0xC2) || first > 0xF4) {
                return false;
            }
            std::uint32_t point = size == 1 ? first : first % (1U << (7 - size));
            for (std::size_t at = 1; at < size; ++at) {
                auto const next = static_cast<unsigned char>(text[at]);
                if (next < 0x80 || next >= 0xC0) {
                    return false;
                }
                point = point * 0x40 + next % 0x40;
            }
            std::uint32_t const least[] = {0, 0, 0x80, 0x800, 0x10000};
            if (point < least[size] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
                return false;
            }
            text.remove_prefix(size);
        }
        return true;
    }

    std::string_view text_;
    std::vector<std::size_t> starts_;
    bool good_ = true;
};

} // namespace tandem::wire
