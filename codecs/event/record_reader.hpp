#pragma once
// Reads the fields of one record: names, columns, scalars. decode.cpp adds what an envelope means.

#include "codecs/base/arena.hpp"
#include "codecs/event/event_error.hpp"
#include "codecs/event/event_view.hpp"
#include "codecs/event/json_tokens.hpp"
#include "codecs/event/json_unescape.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tandem::event {

// The first error sticks, with its place; what is read afterwards counts for nothing.
class record_reader {
public:
    record_reader(json_text in, std::string_view text, field_names& names, arena& strings) noexcept
        : in_{in},
          text_{text},
          limit_{text.data() + text.size() + record_padding},
          names_{names},
          strings_{strings} {}

    [[nodiscard]] event_result<void> verdict() const {
        return failed() ? event_result<void>{error_} : event_result<void>{};
    }

    // The object's fields as columns.
    token_place row(token_place at, row_values& into) {
        into.resize(names_.size());
        std::size_t filled = 0; // what lies behind is of the row before
        auto const [behind, whole] = known_columns(at, into, filled);
        if (whole) {
            clear_behind(into, filled);
            return behind;
        }
        std::size_t expected = filled;
        std::span<expected_name const> names = names_.all();
        auto const number_of = [&](token_place field) {
            if (expected < names.size() && in_.has_field(field) &&
                names[expected].stands(in_.start(field), limit_)) {
                return expected;
            }
            std::size_t const number = looked_up(field);
            names = names_.all(); // there may be one more
            return number;
        };
        auto const take = [&](std::size_t number, token_place value) {
            if (number >= into.size()) {
                into.resize(number + 1);
            }
            expected = number + 1;
            if (number < filled) { // out of order
                if (!expect(into[number].kind == field_kind::absent, event_errc::duplicate_field,
                            name_at(value))) {
                    return value;
                }
                return column(value, into[number]);
            }
            for (; filled < number; ++filled) {
                into[filled] = {};
            }
            ++filled;
            return column(value, into[number]);
        };
        at = filled == 0 ? each_field(at, number_of, take) : fields_from(behind, number_of, take);
        clear_behind(into, filled);
        return at;
    }

    // A key that is one scalar: the field without a name.
    token_place bare(token_place at, row_values& into) {
        bool const scalar = in_.front(at) != '{' && in_.front(at) != '[';
        auto const number = names_.number_of("");
        if (!expect(scalar, event_errc::not_an_object, at) ||
            !expect(number.has_value(), event_errc::too_many_fields, at)) {
            return at;
        }
        into.assign(*number + 1, field_value{});
        return column(at, into[*number]);
    }

    // What stands here must be null, for a tombstone.
    token_place null(token_place at) {
        expect(in_.token(at) == "null", event_errc::wrong_type, in_.start(at));
        return in_.next(at);
    }

    void fail(event_errc code, char const* at) noexcept {
        if (!failed()) {
            error_ = {code, static_cast<std::uint32_t>(at - text_.data())};
        }
    }
    void fail(event_errc code, token_place at) noexcept { fail(code, in_.start(at)); }

protected:
    [[nodiscard]] bool failed() const noexcept { return error_.code != event_errc::ok; }

    template <class Place>
    bool expect(bool met, event_errc otherwise, Place at) noexcept {
        if (!met) {
            fail(otherwise, at);
        }
        return met;
    }

    // For every field of the object that begins at `at`, until one fails: `which(field)` says which it is, and
    // `take` with that gives back the place behind its value.
    template <class Which, class Take>
    token_place each_field(token_place at, Which which, Take take) {
        ++at;
        if (in_.front(at) == '}') {
            return at + 1;
        }
        return fields_from(at, which, take);
    }

    // The same from a field on.
    template <class Which, class Take>
    token_place fields_from(token_place at, Which which, Take take) {
        for (;;) {
            auto const found = which(at);
            if (failed()) {
                return at;
            }
            at = take(found, at + 2);
            if (failed()) {
                return at;
            }
            char const behind = in_.front(at);
            if (behind != ',') {
                expect(behind == '}', event_errc::not_json, at);
                return in_.next(at);
            }
            ++at;
        }
    }

    struct walked {
        token_place behind;
        bool whole; // the row ends there; else a field begins
    };

    // The columns in front that stand where they are expected, mostly all: `filled` of them. What it needs from one to
    // the next stays in registers.
    walked known_columns(token_place at, row_values& into, std::size_t& filled) {
        expected_name const* name = names_.all().data();
        field_value* const first = into.data();
        field_value* const end = first + into.size();
        field_value* value = first;
        ++at;
        while (value != end && in_.has_field(at) && name->stands(in_.start(at), limit_)) {
            at = usual_column(at + 2, *value);
            ++value;
            ++name;
            char const behind = in_.front(at);
            if (failed() || behind != ',') {
                expect(behind == '}', event_errc::not_json, at);
                filled = static_cast<std::size_t>(value - first);
                return {in_.next(at), true};
            }
            ++at;
        }
        filled = static_cast<std::size_t>(value - first);
        return {at, false};
    }

    static void clear_behind(row_values& into, std::size_t filled) noexcept {
        for (; filled < into.size(); ++filled) {
            into[filled] = {};
        }
    }

    // The raw name of a field, up to its closing quote; empty with an error when there is none.
    std::string_view raw_name(token_place field) noexcept {
        char const* const start = in_.name(field);
        if (start == nullptr) {
            fail(event_errc::not_json, in_.no_name(field));
            return {};
        }
        char const* end = start;
        while (*end != '"') { // the first stage has seen that it is closed
            end += *end == '\\' ? 2 : 1;
        }
        return {start, static_cast<std::size_t>(end - start)};
    }
    // Where an error about the name of that value's field is.
    [[nodiscard]] char const* name_at(token_place value) const noexcept {
        return in_.start(value - 2) + 1;
    }

    // Without its escapes; in the arena where it has some.
    std::string_view name_of(token_place field) {
        std::string_view const raw = raw_name(field);
        return raw.find('\\') == std::string_view::npos ? raw : unescaped(raw);
    }

    // The number of a column whose name is not the expected one.
    std::size_t looked_up(token_place field) {
        std::string_view const name = name_of(field);
        auto const number = failed() ? std::nullopt : names_.number_of(name);
        expect(number.has_value(), event_errc::too_many_fields, in_.start(field) + 1);
        return number.value_or(0);
    }

    // --- values

    // The text of a string; unescaped into the arena only where something is escaped.
    [[gnu::always_inline]] std::string_view string(std::string_view token) {
        if (token.size() < 2 || token.back() != '"') {
            fail(event_errc::not_json, token.data());
            return {};
        }
        std::string_view const raw = token.substr(1, token.size() - 2);
        return has_escape(raw) ? unescaped(raw) : raw;
    }

    std::string_view unescaped(std::string_view raw) {
        unescape_end const end = unescape(raw, strings_.reserve(raw.size() + unescape_slack));
        if (end.error != event_errc::ok) {
            fail(end.error, raw.data() + end.read);
            return {};
        }
        return strings_.commit(end.written);
    }

    // As column(), with another token behind it: strings, whole numbers and words are looked at as they stand, up to that
    // token. What is none of these, or has space behind it, is left to column().
    [[gnu::always_inline]] token_place usual_column(token_place at, field_value& into) {
        char const* const start = in_.start(at);
        std::string_view const token{start, static_cast<std::size_t>(at[1] - at[0])};
        char const first = *start;
        if (first == '"') {
            std::string_view const raw = token.substr(1, token.size() - 2);
            if (token.size() >= 2 && token.back() == '"' && !has_escape(raw)) {
                into = {field_kind::string, raw};
                return at + 1;
            }
        } else if (is_digit(first)) {
            if (is_whole_number(token)) {
                into = {field_kind::number, token};
                return at + 1;
            }
        } else if (is_word(token, "null")) {
            into = {field_kind::null, {}};
            return at + 1;
        } else if (is_word(token, "true") || is_word(token, "false")) {
            into = {field_kind::boolean, token};
            return at + 1;
        }
        return column(at, into);
    }

    [[gnu::noinline]] token_place column(token_place at, field_value& into) {
        char const first = in_.front(at);
        std::string_view const token = in_.token(at);
        switch (first) {
        case '"':
            into = {field_kind::string, string(token)};
            break;
        case '{':
        case '[':
            into.kind = field_kind::nested;
            return pass(at, &into.text);
        case 't':
        case 'f':
            into = {field_kind::boolean, token};
            expect(token == "true" || token == "false", event_errc::not_json, at);
            break;
        case 'n':
            into = {field_kind::null, {}};
            expect(token == "null", event_errc::not_json, at);
            break;
        default:
            into = {field_kind::number, token};
            if (!is_number(token)) {
                fail(no_value(first), at);
            }
        }
        return in_.next(at);
    }

    // Over a value that is not looked into.
    token_place pass(token_place at, std::string_view* text = nullptr) {
        char const first = in_.front(at);
        if (first != '{' && first != '[') {
            std::string_view const token = in_.token(at);
            if (!is_scalar(token)) {
                fail(no_value(first), at);
            }
            if (text != nullptr) {
                *text = token;
            }
            return in_.next(at);
        }
        passed_value const passed = pass_value(in_, at);
        expect(passed.error == event_errc::ok, passed.error, passed.behind);
        if (text != nullptr) {
            *text = passed.text;
        }
        return passed.behind;
    }

    std::int64_t number(std::string_view token) {
        constexpr std::size_t quick = 16; // digits
        return token.size() <= quick && is_whole_number(token) ? digits_value(token)
                                                               : any_number(token);
    }
    std::int64_t any_number(std::string_view token) {
        if (token == "null") {
            return 0;
        }
        std::int64_t read = 0;
        auto const [stop, bad] = std::from_chars(token.data(), token.data() + token.size(), read);
        if (bad != std::errc{} || stop != token.data() + token.size() || !is_number(token)) {
            fail(is_number(token) ? event_errc::bad_number : event_errc::wrong_type, token.data());
        }
        return read;
    }

    // Null is as empty.
    std::string_view optional_string(std::string_view token) {
        if (!token.empty() && token.front() == '"') {
            return string(token);
        }
        expect(token == "null", event_errc::wrong_type, token.data());
        return {};
    }

    json_text const in_;
    std::string_view text_;
    char const* limit_; // of what may be read: the text and its padding
    field_names& names_;
    arena& strings_;
    event_error error_;
};

} // namespace tandem::event
