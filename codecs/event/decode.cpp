#include "codecs/event/decode.hpp"

#include "codecs/event/field_order.hpp"
#include "codecs/event/json_tokens.hpp"
#include "codecs/event/known_tail.hpp"
#include "codecs/event/record_reader.hpp"

#include <array>
#include <utility>

namespace tandem::event {
namespace {

// What earlier records have taught.
struct learned {
    field_order envelope{envelope_fields};
    field_order source{source_fields};
    known_tail tail;
};

// Reads one record.
class reader : public record_reader {
public:
    reader(json_text in, std::string_view text, field_names& names, learned& knows,
           arena& strings) noexcept
        : record_reader{in, text, names, strings}, knows_{knows} {}

    // The whole record: `object` with the one that it is, or with the one in its field "payload"; `other` where there
    // is something else. Both get its place and give back the one behind.
    template <class Object, class Other>
    void record(bool schema, Object object, Other other) {
        token_place at = in_.first();
        if (schema) {
            at = payload(at, object, other);
        } else {
            at = in_.front(at) == '{' ? object(at) : other(at);
        }
        expect(failed() || at == in_.end(), event_errc::not_json, at);
    }

    token_place envelope(token_place at, event_view& into) {
        knows_.envelope.rewind();
        meanings_seen seen;
        token_place tail = nullptr; // the source block's brace, where it had to be read
        meanings_seen before_tail;
        auto const which_field = [this](token_place field) {
            return which(knows_.envelope, field);
        };
        at = each_field(at, which_field, [&](meaning what, token_place value) {
            char const* const raw = name_at(value);
            meanings_seen const before = seen;
            expect(seen.first(what), event_errc::duplicate_field, raw);
            switch (what) {
            case meaning::before:
                return optional_row(value, into.has_before, into.before);
            case meaning::after:
                return optional_row(value, into.has_after, into.after);
            case meaning::source:
                if (token_place const behind = from_memory(value, before, into)) {
                    return behind;
                }
                tail = value;
                before_tail = before;
                return expect(in_.front(value) == '{', event_errc::wrong_type, raw)
                           ? source(value, into.source)
                           : value;
            case meaning::op:
                own_[2] = {what, value};
                into.op = operation(in_.token(value));
                return in_.next(value);
            default:
                return pass(value);
            }
        });
        expect(failed() || into.op != event_operation::none, event_errc::missing_field,
               text_.data());
        if (tail != nullptr && !failed() && knows_.tail.worth_learning()) {
            knows_.tail.learn(in_, tail, at - 1, before_tail, into.source, own_);
        }
        return at;
    }

private:
    // Fixed names have no escapes, so one that has some is none of them.
    meaning which(field_order& order, token_place field) {
        bool const next = in_.has_field(field) && order.stands(in_.start(field), limit_);
        return next ? order.next() : order.find(raw_name(field));
    }

    // An object, or null.
    token_place optional_row(token_place at, bool& there, row_values& into) {
        there = in_.front(at) == '{';
        return there ? row(at, into) : null(at);
    }

    // --- the envelope

    // The rest of the envelope, where it is as the record before had it; up to the closing brace.
    token_place from_memory(token_place at, meanings_seen before, event_view& into) {
        auto const take = [&](meaning what, std::string_view token) {
            if (what == meaning::position) {
                into.source.position = {static_cast<std::uint64_t>(number(token))};
            } else if (what == meaning::op) {
                into.op = operation(token);
            }
        };
        token_place const end = knows_.tail.match(in_, at, limit_, before, into.source, take);
        if (end != nullptr) {
            knows_.tail.matched();
        }
        return end;
    }

    token_place source(token_place at, source_view& into) {
        knows_.source.rewind();
        std::string_view millis; // read only where there is nothing finer
        meanings_seen seen;
        auto const which_field = [this](token_place field) { return which(knows_.source, field); };
        at = each_field(at, which_field, [&](meaning what, token_place value) {
            expect(seen.first(what), event_errc::duplicate_field, name_at(value));
            if (what == meaning::other) {
                return pass(value);
            }
            if (what == meaning::time_ms) {
                return pass(value, &millis);
            }
            if (what == meaning::sequence) {
                own_[0] = {what, value};
                return pass(value);
            }
            if (what == meaning::position) {
                own_[1] = {what, value};
            }
            said_by_source(what, in_.token(value), into);
            return in_.next(value);
        });
        if (into.time_us == 0 && !millis.empty() &&
            __builtin_mul_overflow(number(millis), std::int64_t{1'000}, &into.time_us)) {
            fail(event_errc::bad_number, millis.data());
        }
        return at;
    }

    void said_by_source(meaning what, std::string_view token, source_view& into) {
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
    }

    template <class Object, class Other>
    token_place payload(token_place at, Object object, Other other) {
        if (!expect(in_.front(at) == '{', event_errc::not_an_object, at)) {
            return at;
        }
        bool found = false;
        auto const name = [this](token_place field) { return raw_name(field); };
        at = each_field(at, name, [&](std::string_view raw, token_place value) {
            if (raw == "schema") {
                return pass(value);
            }
            expect(raw == "payload", event_errc::wrong_type, raw.data());
            expect(!std::exchange(found, true), event_errc::duplicate_field, raw.data());
            if (failed()) {
                return value;
            }
            return in_.front(value) == '{' ? object(value) : other(value);
        });
        expect(failed() || found, event_errc::missing_field, text_.data());
        return at;
    }

    event_operation operation(std::string_view token) {
        std::string_view const text = optional_string(token);
        if (text.size() != 1 ||
            std::string_view{"cudrtm"}.find(text[0]) == std::string_view::npos) {
            fail(event_errc::unknown_operation, token.data());
            return event_operation::none;
        }
        return static_cast<event_operation>(text[0]);
    }

    learned& knows_;
    std::array<own_value, 3> own_; // sequence, lsn, op
};

} // namespace

struct event_decoder::state {
    json_tokens tokens;
    learned knows;
};

event_decoder::event_decoder() : state_{std::make_unique<state>()} {}
event_decoder::~event_decoder() = default;

event_result<void> event_decoder::value(std::string_view text, record_form form, field_names& names,
                                        event_view& into, arena& strings) {
    into.op = event_operation::none;
    into.has_before = into.has_after = false;
    into.source = {};
    if (event_errc const bad = state_->tokens.find(text); bad != event_errc::ok) {
        return event_error{bad, 0};
    }
    reader from{state_->tokens.found(), text, names, state_->knows, strings};
    auto const object = [&](token_place at) {
        into.has_after = !form.envelope;
        return form.envelope ? from.envelope(at, into) : from.row(at, into.after);
    };
    auto const other = [&](token_place at) {
        if (form.schema) {
            return from.null(at);
        }
        from.fail(event_errc::not_an_object, at);
        return at;
    };
    from.record(form.schema, object, other);
    return from.verdict();
}

event_result<void> event_decoder::key(std::string_view text, bool schema, field_names& names,
                                      row_values& into, arena& strings) {
    if (event_errc const bad = state_->tokens.find(text); bad != event_errc::ok) {
        return event_error{bad, 0};
    }
    reader from{state_->tokens.found(), text, names, state_->knows, strings};
    from.record(
        schema, [&](token_place at) { return from.row(at, into); },
        [&](token_place at) { return from.bare(at, into); });
    return from.verdict();
}

} // namespace tandem::event
