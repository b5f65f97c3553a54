#include "codecs/event/decode.hpp"

#include "codecs/event/field_order.hpp"
#include "codecs/event/json_reader.hpp"

namespace tandem::event {
namespace {

expected_name const payload_name{"payload"};
expected_name const schema_name{"schema"};

// A record as one of the kinds that an event_view can hold.
class event_reader : public json_reader {
public:
    event_reader(std::string_view text, field_names& names, field_orders& orders,
                 arena& strings) noexcept
        : json_reader{text, names, strings}, orders_{orders} {}

    // The envelope of a change or message, the beginning or end of a transaction, or a heartbeat.
    void envelope(json::object object, event_view& into) {
        orders_.envelope.rewind();
        parts found;
        each_field(object, [&](char const* raw, json::value value) {
            ++found.fields;
            meaning const what = orders_.envelope.next(raw, limit());
            switch (what) {
            case meaning::before:
                into.has_before = optional_row(value, into.before);
                break;
            case meaning::after:
                into.has_after = optional_row(value, into.after);
                break;
            case meaning::source:
                block(value, [&](json::object inner) { source(inner, into.source); });
                break;
            case meaning::op:
                into.op = operation(optional_string(value), raw);
                found.op = true;
                break;
            case meaning::time_ms:
                found.time = value.raw_json_token();
                break;
            case meaning::other:
                break;
            default:
                if (!is_null(value.raw_json_token())) { // most have no transaction
                    rarer(what, raw, value, found, into);
                }
                break;
            }
        });
        bool const change = found.op && !found.status && into.op != event_operation::message;
        if (!failed() && !change) {
            settle(found, into);
        }
    }

    // Calls `take` with the object that is the record, or with the one in its field "payload"; not at all when
    // that is null. Nothing else may be in the document.
    template <class Take>
    void payload(json::document& document, bool schema, Take take) {
        json::object object;
        start();
        if (error_code const bad = document.get_object().get(object)) {
            return fail(bad == simdjson::INCORRECT_TYPE ? event_errc::not_an_object : name_of(bad),
                        last());
        }
        bool found = !schema;
        if (schema) {
            each_field(object, [&](char const* raw, json::value value) {
                json::object inner;
                if (!payload_name.stands(raw, limit())) {
                    if (!schema_name.stands(raw, limit())) {
                        fail(event_errc::wrong_type, raw);
                    }
                    return;
                }
                found = true;
                if (trimmed(value.raw_json_token()) == "null") {
                    return;
                }
                if (error_code const bad = value.get_object().get(inner)) {
                    return fail(bad, raw);
                }
                take(inner);
            });
        } else {
            take(object);
        }
        expect(failed() || found, event_errc::missing_field, text());
        char const* rest = nullptr;
        if (!failed() && document.current_location().get(rest) == simdjson::SUCCESS) {
            fail(event_errc::not_json, rest);
        }
    }

    // A record that is one scalar: true when it is one.
    bool bare(json::document& document, row_values& into) {
        std::string_view token;
        if (error_code const bad = document.raw_json_token().get(token)) {
            fail(bad, text().data());
            return true;
        }
        if (token.front() == '{') {
            return false;
        }
        token = trimmed(token);
        into.assign(1, field_value{});
        static_cast<void>(names().number_of(""));
        scalar(token, into.front());
        expect(failed() ||
                   token.data() + token.size() == trimmed(text()).data() + trimmed(text()).size(),
               event_errc::not_json, token.substr(token.size()));
        return true;
    }

private:
    // What of an envelope was there, beside what it says.
    struct parts {
        std::size_t fields = 0;
        bool op = false;
        bool status = false;
        bool message = false;
        std::string_view time; // read only where it means something
    };

    // Fields that most changes do not have; not null. On its own and cold, so that the compiler keeps the usual ones together:
    // otherwise a change takes a third longer.
    [[gnu::cold, gnu::noinline]] void rarer(meaning what, char const* raw, json::value value,
                                            parts& found, event_view& into) {
        switch (what) {
        case meaning::order:
            block(value, [&](json::object inner) { order(inner, into.transaction); });
            break;
        case meaning::message:
            block(value, [&](json::object inner) { message(inner, into.message); });
            found.message = true;
            break;
        case meaning::status:
            into.op = status(optional_string(value), raw);
            found.status = true;
            break;
        case meaning::id:
            into.boundary.id = optional_string(value);
            break;
        case meaning::event_count:
            into.boundary.event_count = integer(value);
            break;
        case meaning::collections:
            collections(value, into.boundary.collections);
            break;
        default:
            break;
        }
    }

    // Which kind of record it is, and whether that one is whole. What has neither op nor status is none but a
    // heartbeat, which has its time and nothing else.
    [[gnu::cold, gnu::noinline]] void settle(parts const& found, event_view& into) noexcept {
        bool const heartbeat =
            !found.op && !found.status && found.fields == 1 && !found.time.empty();
        if (heartbeat) {
            into.op = event_operation::heartbeat;
        }
        expect(!(found.op && found.status), event_errc::unknown_operation, text());
        expect(found.op || found.status || heartbeat, event_errc::missing_field, text());
        expect(found.message || into.op != event_operation::message, event_errc::missing_field,
               text());
        expect(!found.status || !into.boundary.id.empty(), event_errc::missing_field, text());
        if (heartbeat || found.status) {
            expect(!found.time.empty(), event_errc::missing_field, text());
            into.boundary.time_ms = failed() ? 0 : number(trimmed(found.time));
        }
    }

    template <class Take>
    void block(json::value value, Take take) {
        std::string_view const token = value.raw_json_token();
        json::object inner;
        if (error_code const bad = value.get_object().get(inner)) {
            return fail(bad, token.data());
        }
        take(inner);
    }
    static bool is_null(std::string_view token) noexcept {
        return token == "null" || trimmed(token) == "null";
    }

    void source(json::object object, source_view& into) {
        orders_.source.rewind();
        std::string_view millis; // read only where there is nothing finer
        each_field(object, [&](char const* raw, json::value value) {
            switch (orders_.source.next(raw, limit())) {
            case meaning::version:
                version(optional_string(value), into);
                break;
            case meaning::connector:
                into.connector = optional_string(value);
                break;
            case meaning::name:
                into.name = optional_string(value);
                break;
            case meaning::snapshot:
                into.snapshot = optional_string(value);
                break;
            case meaning::database:
                into.database = optional_string(value);
                break;
            case meaning::schema:
                into.schema = optional_string(value);
                break;
            case meaning::table:
                into.table = optional_string(value);
                break;
            case meaning::origin:
                into.origin = optional_string(value);
                break;
            case meaning::time_us:
                into.time_us = integer(value);
                break;
            case meaning::time_ms:
                millis = trimmed(value.raw_json_token());
                break;
            case meaning::transaction:
                into.transaction = integer(value);
                break;
            case meaning::position:
                into.position = {static_cast<std::uint64_t>(integer(value))};
                break;
            case meaning::origin_position:
                into.origin_position = {static_cast<std::uint64_t>(integer(value))};
                break;
            default:
                break;
            }
        });
        if (into.time_us == 0 && !millis.empty()) {
            into.time_us = number(millis) * 1'000;
        }
    }

    void version(std::string_view text, source_view& into) noexcept {
        bool const marked = text.ends_with(exact_mark);
        into.version = marked ? text.substr(0, text.size() - exact_mark.size()) : text;
        into.values = marked ? value_form::exact : value_form::debezium;
    }

    // The block `transaction` of a change or message.
    [[gnu::cold, gnu::noinline]] void order(json::object object, transaction_view& into) {
        orders_.order.rewind();
        each_field(object, [&](char const* raw, json::value value) {
            switch (orders_.order.next(raw, limit())) {
            case meaning::id:
                into.id = optional_string(value);
                break;
            case meaning::total_order:
                into.total_order = integer(value);
                break;
            case meaning::collection_order:
                into.collection_order = integer(value);
                break;
            default:
                break;
            }
        });
        expect(failed() || !into.id.empty(), event_errc::missing_field, text());
    }

    [[gnu::cold, gnu::noinline]] void message(json::object object, message_view& into) {
        orders_.message.rewind();
        each_field(object, [&](char const* raw, json::value value) {
            switch (orders_.message.next(raw, limit())) {
            case meaning::prefix:
                into.prefix = optional_string(value);
                break;
            case meaning::content:
                into.content = optional_string(value);
                break;
            default:
                break;
            }
        });
    }

    [[gnu::cold, gnu::noinline]] void collections(json::value value,
                                                  std::vector<collection_view>& into) {
        char const* const start = value.raw_json_token().data();
        json::array list;
        if (error_code const bad = value.get_array().get(list)) {
            return fail(bad, start);
        }
        for (auto element : list) {
            json::value each;
            if (error_code const bad = element.get(each)) {
                return fail(bad, start);
            }
            block(each, [&](json::object inner) { collection(inner, into.emplace_back()); });
            if (failed()) {
                return;
            }
        }
    }

    [[gnu::cold, gnu::noinline]] void collection(json::object object, collection_view& into) {
        orders_.collection.rewind();
        each_field(object, [&](char const* raw, json::value value) {
            switch (orders_.collection.next(raw, limit())) {
            case meaning::collection:
                into.name = optional_string(value);
                break;
            case meaning::event_count:
                into.events = integer(value);
                break;
            default:
                break;
            }
        });
    }

    event_operation operation(std::string_view text, char const* at) noexcept {
        if (text.size() != 1 ||
            std::string_view{"cudrtm"}.find(text[0]) == std::string_view::npos) {
            fail(event_errc::unknown_operation, at);
            return event_operation::none;
        }
        return static_cast<event_operation>(text[0]);
    }

    event_operation status(std::string_view text, char const* at) noexcept {
        if (text == "BEGIN") {
            return event_operation::begin;
        }
        if (text != "END") {
            fail(event_errc::unknown_operation, at);
        }
        return event_operation::end;
    }

    field_orders& orders_;
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
    into.transaction = {};
    into.message = {};
    into.boundary.clear();
    event_reader from{text, names, state_->orders, strings};
    json::document document;
    if (error_code const bad = state_->open(text, document)) {
        return event_error{name_of(bad), 0};
    }
    from.payload(document, form.schema, [&](json::object object) {
        if (form.envelope) {
            from.envelope(object, into);
        } else {
            from.row(object, into.after);
            into.has_after = true;
        }
    });
    return from.verdict();
}

event_result<void> event_decoder::key(std::string_view text, bool schema, field_names& names,
                                      row_values& into, arena& strings) {
    event_reader from{text, names, state_->orders, strings};
    json::document document;
    if (error_code const bad = state_->open(text, document)) {
        return event_error{name_of(bad), 0};
    }
    if (!schema && from.bare(document, into)) {
        return from.verdict();
    }
    from.payload(document, schema, [&](json::object object) { from.row(object, into); });
    return from.verdict();
}

} // namespace tandem::event
