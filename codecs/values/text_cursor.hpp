#pragma once
// Walks a value's text and knows where it went wrong.

#include "codecs/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tandem::values {

// The first failure sticks: from then on nothing is taken.
class text_cursor {
public:
    explicit text_cursor(std::string_view text) noexcept : text_{text} {}

    [[nodiscard]] bool done() const noexcept { return at_ == text_.size(); }
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }
    [[nodiscard]] char peek() const noexcept { return done() ? '\0' : text_[at_]; }

    void fail() noexcept { failed_ = true; }

    // Takes `wanted` if it stands here.
    bool take(std::string_view wanted) noexcept {
        bool const here = !failed_ && rest().substr(0, wanted.size()) == wanted;
        at_ += here ? wanted.size() : 0;
        return here;
    }
    void expect(std::string_view wanted) noexcept {
        if (!take(wanted)) {
            fail();
        }
    }

    // A number of `least` to `most` digits; most is at most 18.
    std::int64_t digits(std::size_t least, std::size_t most) noexcept {
        std::int64_t value = 0;
        std::size_t count = 0;
        std::size_t const start = at_;
        while (!failed_ && !done() && count < most && peek() >= '0' && peek() <= '9') {
            value = value * 10 + (peek() - '0');
            ++at_;
            ++count;
        }
        if (count < least) {
            at_ = start;
            fail();
        }
        return value;
    }
    // The same, at most `greatest`; a greater one fails where it began.
    std::int64_t bounded(std::size_t least, std::size_t most, std::int64_t greatest) noexcept {
        std::size_t const start = at_;
        std::int64_t const value = digits(least, most);
        if (!failed_ && value > greatest) {
            at_ = start;
            fail();
        }
        return value;
    }

    [[nodiscard]] std::size_t place() const noexcept { return at_; }
    void back_to(std::size_t place) noexcept { at_ = place; }

    // The error, or none when everything was taken.
    [[nodiscard]] codec_error finish() const noexcept {
        bool const good = !failed_ && done();
        return good ? codec_error{}
                    : codec_error{codec_errc::bad_value, static_cast<std::uint32_t>(at_)};
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

} // namespace tandem::values
