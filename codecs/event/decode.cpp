#include "codecs/event/decode.hpp"

#include "codecs/event/field_order.hpp"
#include "codecs/event/json_scalar.hpp"
#include "codecs/event/json_unescape.hpp"

#include <simdjson.h>

#include <charconv>
#include <utility>

namespace tandem::event {
namespace {

namespace json = simdjson::ondemand;
using simdjson::error_code;

event_errc name_of(error_code failed) noexcept {
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

expected_name const payload_name{"payload"};
expected_name const schema_name{"schema"};

// Reads one record. The first error sticks; its place is where the reader stood.
class reader {
public:
    reader(std::string_view text, field_names& names, field_orders& orders, arena& strings) noexcept
        : text_{text},
          limit_{text.data() + text.size() + record_padding},
          names_{names},
          orders_{orders},
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

    void column(std::string_view token, field_value& into) {
        if (token.front() != '{' && token.front() != '[') {
            return scalar(token, into);
        }
        into = {field_kind::nested, nested(token.data())};
        expect(!into.text.empty(), event_errc::not_json, token);
    }

    // From an opening bracket to the one that closes it, as simdjson passes over it: of whatever kind. Its own
    // raw_json() ends elsewhere when an object begins with anything but a name. Empty: none closes it.
    [[nodiscard]] std::string_view nested(char const* from) const noexcept {
        int depth = 0;
        bool in_string = false;
        for (char const* at = from; at < text_.data() + text_.size(); ++at) {
            bool const opens = *at == '{' || *at == '[';
            bool const closes = *at == '}' || *at == ']';
            if (*at == '\\') {
                at += at[1] == '"' || at[1] == '\\' ? 1 : 0;
            } else if (*at == '"') {
                in_string = !in_string;
            } else if (!in_string && (opens || closes)) {
                depth += opens ? 1 : -1;
                if (depth == 0) {
                    return {from, static_cast<std::size_t>(at + 1 - from)};
                }
            }
        }
        return {};
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
        each_field(object, [&](char const* raw, json::value, std::string_view token) {
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
            column(token, into[number]);
            expected = number + 1;
        });
    }

    // An object, or null.
    bool optional_row(json::value value, std::string_view token, row_values& into) {
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

    std::int64_t number(std::string_view token) {
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

    std::string_view optional_string(std::string_view token) {
        if (token == "null") {
            return {};
        }
        if (token.empty() || token.front() != '"') {
            fail(event_errc::wrong_type, token.data());
            return {};
        }
        return string(token);
    }

    // --- the envelope

    void source(json::object object, source_view& into) {
        orders_.source.rewind();
        std::string_view millis; // read only where there is nothing finer
        meanings_seen seen;
        each_field(object, [&](char const* raw, json::value, std::string_view token) {
            meaning const what = orders_.source.next(raw, limit_);
            expect(seen.first(what), event_errc::duplicate_field, {raw, 0});
            switch (what) {
            case meaning::version:
                into.version = optional_string(token);
                break;
            case meaning::connector:
                into.connector = optional_string(token);
                break;
            case meaning::name:
                into.name = optional_string(token);
                break;
            case meaning::snapshot:
                into.snapshot = optional_string(token);
                break;
            case meaning::database:
                into.database = optional_string(token);
                break;
            case meaning::schema:
                into.schema = optional_string(token);
                break;
            case meaning::table:
                into.table = optional_string(token);
                break;
            case meaning::origin:
                into.origin = optional_string(token);
                break;
            case meaning::time_us:
                into.time_us = number(token);
                break;
            case meaning::time_ms:
                millis = token;
                break;
            case meaning::transaction:
                into.transaction = number(token);
                break;
            case meaning::position:
                into.position = {static_cast<std::uint64_t>(number(token))};
                break;
            case meaning::origin_position:
                into.origin_position = {static_cast<std::uint64_t>(number(token))};
                break;
            default:
                break;
            }
        });
        if (into.time_us == 0 && !millis.empty() &&
            __builtin_mul_overflow(number(millis), std::int64_t{1'000}, &into.time_us)) {
            fail(event_errc::bad_number, millis.data());
        }
    }

    void envelope(json::object object, event_view& into) {
        orders_.envelope.rewind();
        meanings_seen seen;
        each_field(object, [&](char const* raw, json::value value, std::string_view token) {
            meaning const what = orders_.envelope.next(raw, limit_);
            expect(seen.first(what), event_errc::duplicate_field, {raw, 0});
            switch (what) {
            case meaning::before:
                into.has_before = optional_row(value, token, into.before);
                break;
            case meaning::after:
                into.has_after = optional_row(value, token, into.after);
                break;
            case meaning::source: {
                json::object block;
                if (error_code const bad = value.get_object().get(block)) {
                    return fail(bad, raw);
                }
                source(block, into.source);
                break;
            }
            case meaning::op:
                into.op = operation(optional_string(token), raw);
                break;
            default:
                break;
            }
        });
        expect(failed() || into.op != event_operation::none, event_errc::missing_field, text_);
    }

    // Calls `take` with the object that is the record, or with the one in its field "payload"; with anything else
    // there, `other` with its text and its place. Nothing else may be in the document.
    template <class Take, class Other>
    void payload(json::document& document, bool schema, Take take, Other other) {
        json::object object;
        last_ = text_.data();
        if (error_code const bad = document.get_object().get(object)) {
            return fail(bad == simdjson::INCORRECT_TYPE ? event_errc::not_an_object : name_of(bad),
                        last_);
        }
        bool found = !schema;
        if (schema) {
            each_field(object, [&](char const* raw, json::value value, std::string_view token) {
                if (!payload_name.stands(raw, limit_)) {
                    return expect(schema_name.stands(raw, limit_), event_errc::wrong_type,
                                  {raw, 0});
                }
                expect(!std::exchange(found, true), event_errc::duplicate_field, {raw, 0});
                if (token.front() != '{') {
                    return other(token, raw);
                }
                json::object inner;
                if (error_code const bad = value.get_object().get(inner)) {
                    return fail(bad, raw);
                }
                take(inner);
            });
        } else {
            take(object);
        }
        expect(failed() || found, event_errc::missing_field, text_);
        char const* rest = nullptr;
        if (!failed() && document.current_location().get(rest) == simdjson::SUCCESS) {
            fail(event_errc::not_json, rest);
        }
    }

    // A key that is one scalar.
    void bare(std::string_view token, row_values& into) {
        into.assign(1, field_value{});
        static_cast<void>(names_.number_of(""));
        scalar(token, into.front());
    }
    // True when the record is one.
    bool bare(json::document& document, row_values& into) {
        std::string_view token;
        if (error_code const bad = document.raw_json_token().get(token)) {
            fail(bad, text_.data());
            return true;
        }
        if (token.front() == '{') {
            return false;
        }
        token = trimmed(token);
        bare(token, into);
        expect(failed() ||
                   token.data() + token.size() == trimmed(text_).data() + trimmed(text_).size(),
               event_errc::not_json, token.substr(token.size()));
        return true;
    }

    [[nodiscard]] event_result<void> verdict() const {
        return failed() ? event_result<void>{error_} : event_result<void>{};
    }

    // Calls `take(raw, value, token)` for every field until one fails; raw points behind the name's opening quote.
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
            std::string_view const token = value.raw_json_token();
            if (!stands_alone(token)) {
                return fail(event_errc::not_json, token.data());
            }
            take(last_, value, trimmed(token));
            if (failed()) {
                return;
            }
        }
    }

private:
    // simdjson passes over what nobody takes up to the next closing bracket, and the fields before it with it,
    // unless it is a value and a comma or brace follows. `token` ends where the next one begins.
    static bool stands_alone(std::string_view token) noexcept {
        char const first = token.front();
        char const behind = token.data()[token.size()];
        if (behind == ',' || behind == '}') {
            return first != ',' && first != ':' && first != ']' && first != '}';
        }
        return first == '{' || first == '[';
    }

    event_operation operation(std::string_view text, char const* at) noexcept {
        if (text.size() != 1 ||
            std::string_view{"cudrtm"}.find(text[0]) == std::string_view::npos) {
            fail(event_errc::unknown_operation, at);
            return event_operation::none;
        }
        return static_cast<event_operation>(text[0]);
    }

    std::string_view text_;
    char const* limit_; // of what may be read: the text and its padding
    field_names& names_;
    field_orders& orders_;
    arena& strings_;
    char const* last_ = nullptr; // the field that was read last
    event_error error_;
};

} // namespace

struct event_decoder::state {
    json::parser parser;
    field_orders orders;

    error_code open(std::string_view text, json::document& document) {
        return parser.iterate(text.data(), text.size(), text.size() + record_padding).get(document);
    }
};

event_decoder::event_decoder() : state_{std::make_unique<state>()} {}
event_decoder::~event_decoder() = default;

event_result<void> event_decoder::value(std::string_view text, record_form form, field_names& names,
                                        event_view& into, arena& strings) {
    into.op = event_operation::none;
    into.has_before = into.has_after = false;
    into.source = {};
    reader from{text, names, state_->orders, strings};
    json::document document;
    if (error_code const bad = state_->open(text, document)) {
        return event_error{name_of(bad), 0};
    }
    auto const take = [&](json::object object) {
        if (form.envelope) {
            from.envelope(object, into);
        } else {
            from.row(object, into.after);
            into.has_after = true;
        }
    };
    from.payload(document, form.schema, take, [&](std::string_view token, char const* at) {
        from.expect(token == "null", event_errc::wrong_type, {at, 0}); // null: a tombstone
    });
    return from.verdict();
}

event_result<void> event_decoder::key(std::string_view text, bool schema, field_names& names,
                                      row_values& into, arena& strings) {
    reader from{text, names, state_->orders, strings};
    json::document document;
    if (error_code const bad = state_->open(text, document)) {
        return event_error{name_of(bad), 0};
    }
    if (!schema && from.bare(document, into)) {
        return from.verdict();
    }
    from.payload(
        document, schema, [&](json::object object) { from.row(object, into); },
        [&](std::string_view token, char const*) { from.bare(token, into); });
    return from.verdict();
}

} // namespace tandem::event
