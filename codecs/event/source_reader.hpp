#pragma once
// Reads objects whose fields mean something: the source block, and what decode.cpp makes of an envelope.

#include "codecs/event/field_order.hpp"
#include "codecs/event/known_tail.hpp"
#include "codecs/event/record_reader.hpp"

#include <array>

namespace tandem::event {

// What earlier records have taught.
struct learned {
    field_order envelope{envelope_fields};
    field_order source{source_fields};
    field_order order{order_fields};
    field_order message{message_fields};
    field_order collection{collection_fields};
    known_tail tail;
};

class source_reader : public record_reader {
public:
    source_reader(json_text in, std::string_view text, field_names& names, learned& knows,
                  arena& strings) noexcept
        : record_reader{in, text, names, strings}, knows_{knows} {}

protected:
    meaning which(field_order& order, token_place field) {
        if (in_.has_field(field) && order.stands(in_.start(field), limit_)) {
            return order.next();
        }
        std::string_view const name = name_of(field);
        return failed() ? meaning::other : order.find(name);
    }

    // Calls `take(meaning, value)` for every field of the object; none that means something stands twice. `before`:
    // what has been before the field that is taken.
    template <class Take>
    token_place fields(token_place at, field_order& order, meanings_seen& before, Take take) {
        order.rewind();
        meanings_seen seen;
        auto const name = [&](token_place field) { return which(order, field); };
        return each_field(at, name, [&](meaning what, token_place value) {
            before = seen;
            expect(seen.first(what), event_errc::duplicate_field, name_at(value));
            return take(what, value);
        });
    }
    template <class Take>
    token_place fields(token_place at, field_order& order, Take take) {
        meanings_seen before;
        return fields(at, order, before, take);
    }

    // Where an object must be.
    template <class Take>
    token_place block(token_place at, Take take) {
        return expect(in_.front(at) == '{', event_errc::wrong_type, in_.start(at)) ? take(at) : at;
    }

    token_place source(token_place at, source_view& into) {
        std::string_view millis; // read only where there is nothing finer
        at = fields(at, knows_.source, [&](meaning what, token_place value) {
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
            version(optional_string(token), into);
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
            into.position = position(token);
            break;
        case meaning::origin_position:
            into.origin_position = position(token);
            break;
        default:
            break;
        }
    }

    lsn position(std::string_view token) {
        std::int64_t const value = number(token);
        expect(value >= 0, event_errc::bad_number, token.data());
        return {static_cast<std::uint64_t>(value)};
    }

    void version(std::string_view text, source_view& into) noexcept {
        bool const marked = text.ends_with(exact_mark);
        into.version = marked ? text.substr(0, text.size() - exact_mark.size()) : text;
        into.values = marked ? value_form::exact : value_form::debezium;
    }

    learned& knows_;
    std::array<own_value, 3> own_; // sequence, lsn, op
};

} // namespace tandem::event
