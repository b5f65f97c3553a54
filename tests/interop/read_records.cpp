#include "codecs/event/read_value.hpp"
#include "codecs/values/bytes_text.hpp"
#include "tests/interop/tool_input.hpp"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

namespace tandem::event {
namespace {

// Of the tables that records go to, "table\tcolumn".
using column_types = std::map<std::string, resolved_type>;

column_types read_columns(std::string const& path, type_table const& types) {
    column_types columns;
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        auto const parts = split(line, '\t');
        columns[parts.at(0) + '\t' + parts.at(1)] = resolve(
            {static_cast<std::uint32_t>(std::stoul(parts.at(2)))}, std::stoi(parts.at(3)), types);
    }
    return columns;
}

std::string hex(std::string_view bytes) {
    return values::bytea_text(bytes).substr(2);
}

// Padded; says where it begins.
std::string_view padded(std::string& line) {
    std::size_t const size = line.size();
    line.append(record_padding, '\0');
    return {line.data(), size};
}

class reader {
public:
    explicit reader(settings const& given)
        : types_{read_types(given.at("types"))},
          columns_{read_columns(given.at("columns"), types_)},
          options_{options_of(given)},
          form_{!is_set(given, "plain"), is_set(given, "schemas")},
          exact_{given.contains("values") && given.at("values") == "exact"} {}

    void take(std::size_t number, std::string const& topic, std::string key, std::string value) {
        number_ = number;
        table_ = topic.substr(topic.rfind('.') + 1);
        read_value(std::move(value));
        if (key != "-") {
            read_key(std::move(key));
        }
    }

private:
    std::ostream& line(std::string_view part, std::string_view name) const {
        return std::cout << number_ << '\t' << part << '\t' << name << '\t';
    }
    void say(std::string_view part, std::string_view name, std::string_view text) const {
        line(part, name) << hex(text) << '\n';
    }
    void say(std::string_view part, std::string_view name, std::int64_t number) const {
        say(part, name, std::to_string(number));
    }

    void read_value(std::string value) {
        if (value == "-") {
            line("record", "kind") << hex("tombstone") << '\n';
            return;
        }
        field_names names;
        event_view event;
        arena strings;
        auto const read = decoder_.value(padded(value), form_, names, event, strings);
        if (!read) {
            line("record", "error") << '!' << read.error().message() << '\n';
            return;
        }
        if (!event.source.table.empty()) {
            table_ = event.source.table;
        }
        say_kind(event);
        say_source(event.source);
        say_row("before", event.has_before, event.before, names);
        say_row("after", event.has_after, event.after, names);
    }

    void read_key(std::string key) {
        field_names names;
        row_values row;
        arena strings;
        auto const read = decoder_.key(padded(key), form_.schema, names, row, strings);
        if (!read) {
            line("key", "") << '!' << read.error().message() << '\n';
            return;
        }
        say_row("key", true, row, names);
    }

    void say_kind(event_view const& event) const {
        bool const row = event.op == event_operation::none;
        char const letter = static_cast<char>(event.op);
        say("record", "kind",
            !row              ? std::string_view{&letter, 1}
            : event.has_after ? std::string_view{"row"}
                              : std::string_view{"tombstone"});
        if (!event.transaction.id.empty()) {
            say("transaction", "id", event.transaction.id);
            say("transaction", "total_order", event.transaction.total_order);
            say("transaction", "collection_order", event.transaction.collection_order);
        }
        if (event.op == event_operation::message) {
            std::string bytes;
            auto const read = message_bytes(event.message.content, options_.binaries, bytes);
            say("message", "prefix", event.message.prefix);
            line("message", "content")
                << (read ? hex(bytes) : "!" + read.error().message()) << '\n';
        }
        if (!event.boundary.id.empty()) {
            say("boundary", "id", event.boundary.id);
            say("boundary", "events", event.boundary.event_count);
        }
        for (collection_view const& each : event.boundary.collections) {
            say("collection", each.name, each.events);
        }
        if (event.boundary.time_ms != 0) {
            say("boundary", "time_ms", event.boundary.time_ms);
        }
    }

    void say_source(source_view const& source) const {
        say("source", "version", source.version);
        say("source", "snapshot", source.snapshot);
        say("source", "schema", source.schema);
        say("source", "table", source.table);
        say("source", "origin", source.origin);
        say("source", "origin_lsn", static_cast<std::int64_t>(source.origin_position.value));
        say("source", "lsn", static_cast<std::int64_t>(source.position.value));
        say("source", "txId", source.transaction);
        say("source", "ts_us", source.time_us);
    }

    void say_row(std::string_view part, bool there, row_values const& row,
                 field_names const& names) const {
        for (std::size_t index = 0; there && index < row.size(); ++index) {
            if (row[index].kind != field_kind::absent) {
                line(part, names[index]) << text_of(row[index], names[index]) << '\n';
            }
        }
    }

    // What a table does not have comes from a transformation, and is shown as it is; so is a key without a name.
    std::string text_of(field_value const& value, std::string const& name) const {
        if (value.kind == field_kind::null) {
            return "null";
        }
        auto const type = columns_.find(table_ + '\t' + name);
        if (exact_ || type == columns_.end()) {
            auto const taken = exact_text(value);
            return taken ? hex(*taken) : "!" + taken.error().message();
        }
        std::string text;
        auto const taken = debezium_text(value, type->second, options_, text);
        return taken ? hex(text) : "!" + taken.error().message();
    }

    type_table const types_;
    column_types const columns_;
    value_options const options_;
    record_form const form_;
    bool const exact_;
    event_decoder decoder_;
    std::size_t number_ = 0;
    std::string table_;
};

} // namespace

void read_records(settings const& given) {
    reader read{given};
    std::size_t number = 0;
    for (std::string line; std::getline(std::cin, line); ++number) {
        auto const parts = split(line, '\t');
        read.take(number, parts.at(0), parts.at(1), parts.at(2));
    }
}

} // namespace tandem::event
