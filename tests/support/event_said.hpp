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
        text("version", read.version, into);
        text("connector", read.connector, into);
        text("name", read.name, into);
        text("snapshot", read.snapshot, into);
        text("db", read.database, into);
        text("schema", read.schema, into);
        text("table", read.table, into);
        text("origin", read.origin, into);
        number("ts_us", read.time_us, into);
        number("txId", read.transaction, into);
        number("lsn", static_cast<std::int64_t>(read.position.value), into);
        number("origin_lsn", static_cast<std::int64_t>(read.origin_position.value), into);
    }
    static void text(std::string const& name, std::string_view value, plain_event::said& into) {
        if (!value.empty()) {
            into["source." + name] = value;
        }
    }
    static void number(std::string const& name, std::int64_t value, plain_event::said& into) {
        if (value != 0) {
            into["source." + name] = std::to_string(value);
        }
    }
};

} // namespace tandem::wire
