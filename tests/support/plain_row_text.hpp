#pragma once
// Composite values, ranges and multiranges, byte by byte as record_in(), range_in() and multirange_in() of the
// server read them: what the fuzzers hold codecs/values/row_text.hpp against. Shares no code with it.

#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::wire {

// One element as it is shown: 0 for null, otherwise its text in parentheses.
class plain_row_text {
public:
    // "(a)0": the columns of a composite value; nothing when it is none.
    static std::optional<std::string> record(std::string_view text) {
        plain_row_text one{text};
        one.space();
        one.expect('(');
        do {
            one.element(",)");
        } while (one.take(','));
        one.expect(')');
        return one.end();
    }

    // "[(1)0)" or "empty"
    static std::optional<std::string> range(std::string_view text) {
        plain_row_text one{text};
        one.space();
        one.one_range();
        return one.end();
    }

    // The ranges with a semicolon behind each.
    static std::optional<std::string> multirange(std::string_view text) {
        plain_row_text one{text};
        one.space();
        one.expect('{');
        one.space();
        if (!one.take('}')) {
            do {
                one.space();
                one.one_range();
                one.shown_ += ';';
                one.space();
            } while (one.take(','));
            one.expect('}');
        }
        return one.end();
    }

private:
    explicit plain_row_text(std::string_view text) : left_{text.begin(), text.end()} {}

    char here() const { return at_ < left_.size() ? left_[at_] : '\0'; }
    bool done() const { return at_ >= left_.size(); }
    bool take(char wanted) {
        bool const met = good_ && !done() && here() == wanted;
        at_ += met ? 1 : 0;
        return met;
    }
    void expect(char wanted) { good_ = take(wanted) && good_; }
    void space() {
        while (!done() && std::isspace(static_cast<unsigned char>(here())) != 0) {
            ++at_;
        }
    }
    std::optional<std::string> end() {
        space();
        return good_ && done() ? std::optional{shown_} : std::nullopt;
    }

    void element(std::string_view ends) {
        auto const ended = [&] { return !done() && ends.find(here()) != ends.npos; };
        if (ended()) {
            shown_ += '0';
            return;
        }
        bool in_quote = false;
        shown_ += '(';
        while (good_ && (in_quote || !ended())) {
            if (done()) {
                good_ = false;
            } else if (here() == '\\') {
                ++at_;
                good_ = !done();
                shown_ += here();
                ++at_;
            } else if (here() == '"' && in_quote && at_ + 1 < left_.size() &&
                       left_[at_ + 1] == '"') {
                shown_ += '"';
                at_ += 2;
            } else if (here() == '"') {
                in_quote = !in_quote;
                ++at_;
            } else {
                shown_ += here();
                ++at_;
            }
        }
        shown_ += ')';
    }

    void one_range() {
        std::string word;
        for (std::size_t ahead = at_; ahead < left_.size() && ahead < at_ + 5; ++ahead) {
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(left_[ahead])));
        }
        if (word == "empty") {
            shown_ += word;
            at_ += 5;
            return;
        }
        bool const inclusive = take('[');
        if (!inclusive) {
            expect('(');
        }
        shown_ += inclusive ? '[' : '(';
        element(",)]");
        expect(',');
        element(",)]");
        bool const closed = take(']');
        if (!closed) {
            expect(')');
        }
        shown_ += closed ? ']' : ')';
    }

    std::vector<char> left_;
    std::size_t at_ = 0;
    bool good_ = true;
    std::string shown_;
};

} // namespace tandem::wire
