#pragma once
// A JSON text as tokens: simdjson's first stage finds where each begins, and the walk over them follows the
// grammar of RFC 8259 to the letter. docs/decisions/0006 has why not simdjson's own second stage.

#include "codecs/event/event_error.hpp"
#include "codecs/event/json_scalar.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tandem::event {

// A token's place among those of its text: a plain pointer, so that a walk stays in a register.
using token_place = std::uint32_t const*;

// A text whose tokens have been found. Copyable; valid as long as the text and the json_tokens that it came from.
class json_text {
public:
    // `places`: where each token begins, and behind them the size of the text.
    json_text(char const* text, token_place places, std::size_t count) noexcept
        : text_{text}, first_{places}, end_{places + count} {}

    [[nodiscard]] token_place first() const noexcept { return first_; }
    [[nodiscard]] token_place end() const noexcept { return end_; }
    [[nodiscard]] char const* start(token_place at) const noexcept { return text_ + *at; }
    // A whole field and what is behind it are left: name, colon, value, comma or brace.
    [[nodiscard]] bool has_field(token_place at) const noexcept { return end_ - at >= 4; }
    // The token's first character; zero behind the last token.
    [[nodiscard]] char front(token_place at) const noexcept {
        return at == end_ ? '\0' : text_[*at];
    }
    // The token, which stands alone when it is a scalar: text up to the next one, without the space between. Empty
    // behind the last one.
    [[nodiscard]] std::string_view token(token_place at) const noexcept {
        return at == end_ ? std::string_view{start(at), start(at)}
                          : trimmed({text_ + at[0], std::size_t{at[1]} - at[0]});
    }
    [[nodiscard]] token_place next(token_place at) const noexcept {
        return at == end_ ? at : at + 1;
    }
    // A field's name and the colon: behind the name's opening quote, nullptr when they do not stand here. The value
    // is two tokens on.
    [[nodiscard]] char const* name(token_place at) const noexcept {
        return end_ - at >= 2 && text_[at[0]] == '"' && text_[at[1]] == ':' ? text_ + *at + 1
                                                                            : nullptr;
    }
    // The token that keeps name() from being one.
    [[nodiscard]] token_place no_name(token_place at) const noexcept {
        return front(at) == '"' ? at + 1 : at;
    }

private:
    char const* text_;
    token_place first_;
    token_place end_;
};

struct passed_value {
    token_place behind = nullptr; // where the error is, if there is one
    std::string_view text;
    event_errc error = event_errc::ok; // not_json, bad_number, too_deep
};

// Over a value that is not looked into. Escapes in strings are not checked.
[[nodiscard]] passed_value pass_value(json_text const& in, token_place at) noexcept;

// What a token that begins so and is no value is called.
[[nodiscard]] event_errc no_value(char first) noexcept;

// One per thread. Its memory grows to the longest text and stays.
class json_tokens {
public:
    json_tokens();
    ~json_tokens();
    json_tokens(json_tokens const&) = delete;
    json_tokens& operator=(json_tokens const&) = delete;

    // Finds the tokens of a text with record_padding readable bytes behind it. Errors: not_json, bad_utf8.
    [[nodiscard]] event_errc find(std::string_view text);
    // The tokens of the first `head` bytes, and behind them the byte there and the text's last one as a token each. What is
    // between them is not looked at. `head` is at most text.size() - 2; errors as those of find(), of the head.
    [[nodiscard]] event_errc find_head(std::string_view text, std::size_t head);
    // The text of the last find(), up to the next one.
    [[nodiscard]] json_text found() const noexcept;

private:
    [[nodiscard]] event_errc find_within(std::string_view text, std::size_t size);

    struct state;
    std::unique_ptr<state> state_;
    char const* text_ = nullptr;
};

} // namespace tandem::event
