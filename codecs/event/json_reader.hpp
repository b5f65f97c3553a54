#pragma once
// A record's JSON in pieces: what the event decoder is made of. Not for others.

#include "codecs/base/arena.hpp"
#include "codecs/event/decode.hpp"
#include "codecs/event/json_scalar.hpp"
#include "codecs/event/json_unescape.hpp"

#include <simdjson.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tandem::event {

namespace json = simdjson::ondemand;
using simdjson::error_code;

inline event_errc name_of(error_code failed) noexcept {
    switch (failed) {
    case simdjson::UTF8_ERROR:
        return event_errc::bad_utf8;
    case simdjson::DEPTH_ERROR:
        return event_errc::too_deep;
    case simdjson::INCORRECT_TYPE:
        return event_errc::wrong_type;
    case simdjson::STRING_ERROR:
        return event_errc::bad_escape;
    case simdjson::NUMBER_ERROR:
    case simdjson::NUMBER_OUT_OF_RANGE:
        return event_errc::bad_number;
    default:
        return event_errc::not_json;
    }
}

// Reads one record. The first error sticks; its place is where the reader stood.
class json_reader {
public:
    json_reader(std::string_view text, field_names& names, arena& strings) noexcept
        : text_{text},
          limit_{text.data() + text.size() + record_padding},
          names_{names},
          strings_{strings} {}

    [[nodiscard]] event_error const& error() const noexcept { return error_; }
    [[nodiscard]] bool failed() const noexcept { return error_.code != event_errc::ok; }

    void fail(event_errc code, char const* at) noexcept {
        if (!failed()) {
            auto const offset = at < text_.data() ? 0 : at - text_.data();
            error_ = {code, static_cast<std::uint32_t>(offset)};
        }
    }
    void fail(error_code code, char const* at) noexcept { fail(name_of(code), at); }
    void expect(bool met, event_errc otherwise, std::string_view at) noexcept {
        if (!met) {
            fail(otherwise, at.data());
        }
    }

    // --- pieces

    // The text of a string without space behind it; unescaped into the arena only where something is escaped.
    std::string_view string(std::string_view token) {
        if (token.size() < 2 || token.front() != '"' || token.back() != '"') {
            fail(event_errc::not_json, token.data());
            return {};
        }
        std::string_view const raw = token.substr(1, token.size() - 2);
        return has_escape(raw) ? unescaped(raw) : raw;
    }

    std::string_view unescaped(std::string_view raw) {
        unescape_end const end = unescape(raw, strings_.reserve(raw.size()));
        if (end.error != event_errc::ok) {
            fail(end.error, raw.data() + end.read);
            return {};
        }
        return strings_.commit(end.written);
    }

    // A string, number, true, false or null.
    void scalar(std::string_view token, field_value& into) {
        if (token.empty()) {
            return fail(event_errc::not_json, token.data());
        }
        switch (token.front()) {
        case '"':
            into = {field_kind::string, string(token)};
            return;
        case 't':
        case 'f':
            into = {field_kind::boolean, token};
            return expect(token == "true" || token == "false", event_errc::not_json, token);
        case 'n':
            into = {field_kind::null, {}};
            return expect(token == "null", event_errc::not_json, token);
        default:
            into = {field_kind::number, token};
            return expect(is_number(token), event_errc::bad_number, token);
        }
    }

    void column(json::value value, field_value& into) {
        std::string_view const token = trimmed(value.raw_json_token());
        error_code bad = simdjson::SUCCESS;
        if (token.front() == '{') {
            json::object object;
            bad = value.get_object().get(object);
            bad = bad == simdjson::SUCCESS ? object.raw_json().get(into.text) : bad;
            into.kind = field_kind::nested;
        } else if (token.front() == '[') {
            json::array list;
            bad = value.get_array().get(list);
            bad = bad == simdjson::SUCCESS ? list.raw_json().get(into.text) : bad;
            into.kind = field_kind::nested;
        } else {
            scalar(token, into);
        }
        if (bad != simdjson::SUCCESS) {
            fail(bad, token.data());
        }
    }

    // The raw name, up to its closing quote.
    static std::string_view raw_name(char const* start) noexcept {
        char const* end = start;
        while (*end != '"') { // the parser has seen that it is closed
            end += *end == '\\' ? 2 : 1;
        }
        return {start, static_cast<std::size_t>(end - start)};
    }

    std::size_t number_of(char const* raw, std::size_t expected) {
        if (expected < names_.size() && names_.stands(expected, raw, limit_)) {
            return expected;
        }
        std::string_view const name = raw_name(raw);
        return names_.number_of(name.find('\\') == std::string_view::npos ? name : unescaped(name));
    }

    void row(json::object object, row_values& into) {
        into.assign(names_.size(), field_value{});
        std::size_t expected = 0;
        each_field(object, [&](char const* raw, json::value value) {
            std::size_t const number = number_of(raw, expected);
            if (failed()) {
                return;
            }
            if (number >= into.size()) {
                into.resize(number + 1);
            }
            if (into[number].kind != field_kind::absent) {
                return fail(event_errc::duplicate_field, raw);
            }
            column(value, into[number]);
            expected = number + 1;
        });
    }

    // An object, or null.
    bool optional_row(json::value value, row_values& into) {
        std::string_view const token = trimmed(value.raw_json_token());
        if (token == "null") {
            return false;
        }
        json::object object;
        if (error_code const bad = value.get_object().get(object)) {
            fail(bad, token.data());
            return false;
        }
        row(object, into);
        return true;
    }

    std::int64_t integer(json::value value) { return number(trimmed(value.raw_json_token())); }

    std::int64_t number(std::string_view token) {
        if (token == "null") {
            return 0;
        }
        std::int64_t read = 0;
        auto const [stop, bad] = std::from_chars(token.data(), token.data() + token.size(), read);
        if (bad != std::errc{} || stop != token.data() + token.size()) {
            fail(is_number(token) ? event_errc::bad_number : event_errc::wrong_type, token.data());
        }
        return read;
    }

    std::string_view optional_string(json::value value) {
        std::string_view const token = trimmed(value.raw_json_token());
        if (token == "null") {
            return {};
        }
        if (token.empty() || token.front() != '"') {
            fail(event_errc::wrong_type, token.data());
            return {};
        }
        return string(token);
    }

    [[nodiscard]] event_result<void> verdict() const {
        return failed() ? event_result<void>{error_} : event_result<void>{};
    }

    // Calls `take(raw, value)` for every field until one fails; raw points behind the name's opening quote.
    // Names of the envelope need no escapes, so one that has some is none of them.
    template <class Take>
    void each_field(json::object& object, Take take) {
        for (auto field : object) {
            json::raw_json_string key;
            json::value value;
            if (error_code const bad = field.key().get(key)) {
                return fail(bad, last_);
            }
            last_ = key.raw();
            if (error_code const bad = field.value().get(value)) {
                return fail(bad, last_);
            }
            take(last_, value);
            if (failed()) {
                return;
            }
        }
    }

protected:
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] char const* limit() const noexcept { return limit_; }
    // The field that was read last, for errors that simdjson finds on the way to the next.
    [[nodiscard]] char const* last() const noexcept { return last_; }
    void start() noexcept { last_ = text_.data(); }
    [[nodiscard]] field_names& names() noexcept { return names_; }

private:
    std::string_view text_;
    char const* limit_; // of what may be read: the text and its padding
    field_names& names_;
    arena& strings_;
    char const* last_ = nullptr;
    event_error error_;
};

} // namespace tandem::event
