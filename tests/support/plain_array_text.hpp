#pragma once
// Arrays, byte by byte as array_in() of the server reads what array_out() writes: what the fuzzers hold
// codecs/values/array_text.hpp against. Shares no code with it.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::wire {

class plain_array_text {
public:
    // "[2:3]={(a)0{}}": bounds as they stand, then braces, and the elements as (text) or, of nulls, 0. Nothing when it is
    // no array.
    static std::optional<std::string> shown(std::string_view text, char delimiter = ',') {
        plain_array_text one{text, delimiter};
        if (one.here() == '[') {
            one.bounds();
        }
        one.list(1);
        return one.good_ && one.at_ == text.size() ? std::optional{one.shown_} : std::nullopt;
    }

private:
    plain_array_text(std::string_view text, char delimiter) : text_{text}, delimiter_{delimiter} {}

    char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool done() const { return at_ >= text_.size(); }
    void expect(char wanted) {
        if (!good_ || done() || here() != wanted) {
            good_ = false;
            return;
        }
        ++at_;
    }

    void number() {
        if (here() == '-') {
            shown_ += text_[at_++];
        }
        std::size_t digits = 0;
        for (; !done() && here() >= '0' && here() <= '9'; ++digits) {
            shown_ += text_[at_++];
        }
        good_ = good_ && digits >= 1 && digits <= 10;
    }

    void bounds() {
        while (good_ && here() == '[') {
            shown_ += '[';
            ++at_;
            number();
            shown_ += ':';
            expect(':');
            number();
            shown_ += ']';
            expect(']');
        }
        shown_ += '=';
        expect('=');
    }

    void list(int depth) {
        good_ = good_ && depth <= 6;
        expect('{');
        shown_ += '{';
        if (good_ && !done() && here() == '}') {
            ++at_;
            shown_ += '}';
            return;
        }
        while (good_) {
            item(depth);
            if (!good_ || done()) {
                good_ = false;
                return;
            }
            if (here() == '}') {
                ++at_;
                shown_ += '}';
                return;
            }
            expect(delimiter_);
        }
    }

    void item(int depth) {
        if (done()) {
            good_ = false;
        } else if (here() == '{') {
            list(depth + 1);
        } else if (here() == '"') {
            quoted();
        } else {
            open();
        }
    }

    void quoted() {
        ++at_;
        shown_ += '(';
        while (!done() && here() != '"') {
            if (here() == '\\') {
                ++at_;
                if (done()) {
                    break;
                }
            }
            shown_ += text_[at_++];
        }
        shown_ += ')';
        expect('"');
    }

    // The server writes it so when there is nothing in it that means something in an array.
    void open() {
        std::string text;
        for (; !done() && here() != '}' && here() != delimiter_; ++at_) {
            char const each = here();
            bool const space = each == ' ' || (each >= '\t' && each <= '\r');
            if (space || each == '"' || each == '\\' || each == '{') {
                good_ = false;
                return;
            }
            text += each;
        }
        std::string small;
        for (char const each : text) {
            small += each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
        }
        good_ = good_ && !text.empty();
        shown_ += small == "null" ? "0" : '(' + text + ')';
    }

    std::string_view text_;
    char delimiter_;
    std::size_t at_ = 0;
    bool good_ = true;
    std::string shown_;
};

} // namespace tandem::wire
