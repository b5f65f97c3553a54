#pragma once
// What a decoded event says, in the form of plain_event.

#include "codecs/event/decode.hpp"
#include "tests/support/plain_event.hpp"

#include <string>
#include <string_view>

namespace tandem::wire {

class event_said {
public:
    static plain_event::said of(event::event_view const& read, event::field_names const& names) {
        plain_event::said into;
        if (read.has_before) {
            row("before", read.before, names, into);
        }
        if (read.has_after) {
            row("after", read.after, names, into);
        }
        if (read.op != event::event_operation::none) {
            into["op"] = std::string(1, static_cast<char>(read.op));
        }
        source(read.source, into);
        text("transaction.id", read.transaction.id, into);
        number("transaction.total_order", read.transaction.total_order, into);
        number("transaction.data_collection_order", read.transaction.collection_order, into);
        text("message.prefix", read.message.prefix, into);
        text("message.content", read.message.content, into);
        text("boundary.id", read.boundary.id, into);
        number("boundary.event_count", read.boundary.event_count, into);
        number("boundary.time_ms", read.boundary.time_ms, into);
        for (std::size_t index = 0; index < read.boundary.collections.size(); ++index) {
            std::string const prefix = "collection." + std::to_string(index) + '.';
            text(prefix + "data_collection", read.boundary.collections[index].name, into);
            number(prefix + "event_count", read.boundary.collections[index].events, into);
        }
        return into;
    }

    static void row(std::string const& of, event::row_values const& values,
                    event::field_names const& names, plain_event::said& into) {
        into[of] = "there";
        for (std::size_t index = 0; index < values.size(); ++index) {
            if (values[index].kind != event::field_kind::absent) {
                into[of + '.' + names[index]] = shown(values[index]);
            }
        }
    }

    static std::string shown(event::field_value const& value) {
        std::string const text{value.text};
        switch (value.kind) {
        case event::field_kind::absent:
            return "absent";
        case event::field_kind::null:
            return "null";
        case event::field_kind::boolean:
            return "boolean " + text;
        case event::field_kind::number:
            return "number " + text;
        case event::field_kind::string:
            return "string " + text;
        case event::field_kind::nested:
            return "nested " + text.substr(0, text.find_last_of("]}") + 1); // space may follow
        }
        return "none";
    }

private:
    static void source(event::source_view const& read, plain_event::said& into) {
        text("source.version", read.version, into);
        text("source.connector", read.connector, into);
        text("source.name", read.name, into);
        text("source.snapshot", read.snapshot, into);
        text("source.db", read.database, into);
        text("source.schema", read.schema, into);
        text("source.table", read.table, into);
        text("source.origin", read.origin, into);
        number("source.ts_us", read.time_us, into);
        number("source.txId", read.transaction, into);
        number("source.lsn", static_cast<std::int64_t>(read.position.value), into);
        number("source.origin_lsn", static_cast<std::int64_t>(read.origin_position.value), into);
        text("source.values", read.values == event::value_form::exact ? "exact" : "", into);
    }
    static void text(std::string const& name, std::string_view value, plain_event::said& into) {
        if (!value.empty()) {
            into[name] = value;
        }
    }
    static void number(std::string const& name, std::int64_t value, plain_event::said& into) {
        if (value != 0) {
            into[name] = std::to_string(value);
        }
    }
};

} // namespace tandem::wire
