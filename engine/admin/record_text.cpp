#include "engine/admin/record_text.hpp"

#include "codecs/base/arena.hpp"
#include "codecs/event/decode.hpp"
#include "codecs/event/headers.hpp"
#include "codecs/event/stream_notes.hpp"
#include "engine/admin/row_difference.hpp"
#include "engine/admin/shown_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tandem::engine {
namespace {

using event::field_kind;
using event::record_headers;

constexpr std::size_t column_most = 200; // bytes shown
constexpr std::size_t ddl_most = 4'096;
constexpr std::size_t value_most = 2'000;

// As decoders want it: with bytes behind the text.
std::string padded(std::string const& text) {
    return text + std::string(event::record_padding, '\0');
}
std::string_view unpadded(std::string const& text) noexcept {
    return std::string_view{text}.substr(0, text.size() - event::record_padding);
}

std::string position_text(event::stream_position at) {
    return fmt::format("{}.{}", to_string(at.at), at.index);
}

std::string field_text(event::field_value const& value) {
    auto const text = shown(value.text, column_most);
    switch (value.kind) {
    case field_kind::absent:
        return "not sent";
    case field_kind::null:
        return "null";
    case field_kind::string:
        return '"' + text + '"';
    case field_kind::boolean:
    case field_kind::number:
    case field_kind::nested:
        break;
    }
    return text;
}

std::string columns_text(event::event_view const& of, event::field_names const& names) {
    using kind = column_difference::kind;
    std::string out;
    std::vector<std::string> same;
    char const mark = of.op == event::event_operation::update ? '~' : '+';
    for (auto const& each : difference(of, names)) {
        auto const name = shown(each.name, column_most);
        switch (each.what) {
        case kind::same:
            same.push_back(name);
            break;
        case kind::changed:
            out += fmt::format("  ~ {}: {} -> {}\n", name, field_text(each.before),
                               field_text(each.after));
            break;
        case kind::set:
            out += fmt::format("  {} {} = {}\n", mark, name, field_text(each.after));
            break;
        case kind::removed:
            out += fmt::format("  - {} = {}\n", name, field_text(each.before));
            break;
        }
    }
    if (!same.empty()) {
        out += fmt::format("  unchanged: {}\n", fmt::join(same, ", "));
    }
    return out;
}

std::string_view operation_text(event::event_operation op) noexcept {
    switch (op) {
    case event::event_operation::create:
        return "create";
    case event::event_operation::update:
        return "update";
    case event::event_operation::remove:
        return "delete";
    case event::event_operation::read:
        return "read";
    case event::event_operation::truncate:
        return "truncate";
    default:
        return {};
    }
}

// What tandem's headers say, behind the first words of a line.
std::string stream_text(record_headers const& of) {
    std::string out =
        fmt::format("  stream {}  epoch {}  position {}", shown(of.stream, column_most), of.epoch,
                    position_text(of.position));
    if (of.position == of.previous) {
        out += " (covers nothing)";
    } else if (of.position.ends_transaction()) {
        out += " (ends its transaction)";
    }
    return out;
}

// A change of the key comes as the end of one row and the beginning of another, which name each other.
struct key_change {
    std::optional<std::string> old_key; // of the row that began
    bool ended = false;
};

key_change key_change_of(topic_record const& record) {
    key_change found;
    for (auto const& each : record.headers) {
        found.ended = found.ended || each.name == "__debezium.newkey";
        if (each.name == "__debezium.oldkey" && each.value) {
            found.old_key = padded(*each.value);
        }
    }
    return found;
}

std::string change_text(event::event_view const& of, event::field_names const& names,
                        std::optional<record_headers> const& own, bool key_changed) {
    std::string out =
        fmt::format("{} {}.{}{}", operation_text(of.op), shown(of.source.schema, column_most),
                    shown(of.source.table, column_most), key_changed ? " (key changed)" : "");
    out += own ? stream_text(*own) : fmt::format("  position {}", to_string(of.source.position));
    if (of.source.transaction != 0) {
        out += fmt::format("  transaction {}", of.source.transaction);
    }
    auto const origin = own ? own->origin : of.source.origin;
    if (!origin.empty()) {
        out += fmt::format("  origin {}", shown(origin, column_most));
    }
    return out + '\n' + columns_text(of, names);
}

// Empty: it is no change in Debezium's form.
std::string event_text(topic_record const& record, std::optional<record_headers> const& own) {
    std::string const value = padded(*record.value);
    key_change const moved = key_change_of(record);
    for (bool const schema : {false, true}) {
        event::event_decoder decoder;
        event::field_names names;
        event::event_view seen;
        arena strings;
        event::record_form form;
        form.schema = schema;
        if (!decoder.value(unpadded(value), form, names, seen, strings) ||
            operation_text(seen.op).empty()) {
            continue;
        }
        if (moved.old_key && seen.op == event::event_operation::create &&
            (seen.has_before ||
             decoder.key(unpadded(*moved.old_key), schema, names, seen.before, strings))) {
            seen.op = event::event_operation::update;
            seen.has_before = true;
        }
        return change_text(seen, names, own,
                           seen.op == event::event_operation::update ? moved.old_key.has_value()
                                                                     : moved.ended);
    }
    return {};
}

struct note_lines {
    std::string operator()(event::start_note const& of) const {
        return fmt::format(
            "start of the writer  run {}  system {}  timeline {}  confirmed {}  WAL end {}{}\n{}",
            shown(of.run, column_most), shown(of.system_id, column_most), of.timeline,
            to_string(of.confirmed), to_string(of.wal_end),
            of.policy.empty() ? "" : "  policy " + shown(of.policy, column_most), rows_text(of));
    }
    std::string operator()(event::relation_note const& of) const {
        std::vector<std::string> columns;
        columns.reserve(of.shape.columns.size());
        for (auto const& each : of.shape.columns) {
            columns.push_back(shown(each.name, column_most) + (each.key ? " (key)" : ""));
        }
        return fmt::format("table {}.{}\n  columns: {}\n", shown(of.shape.schema, column_most),
                           shown(of.shape.name, column_most), fmt::join(columns, ", "));
    }
    std::string operator()(event::truncate_note const& of) const {
        std::vector<std::string> tables;
        tables.reserve(of.tables.size());
        for (auto const& [schema, name] : of.tables) {
            tables.push_back(shown(schema, column_most) + '.' + shown(name, column_most));
        }
        return fmt::format("truncate {}  transaction {}  committed {}\n", fmt::join(tables, ", "),
                           of.transaction.value, to_string(of.commit_time));
    }
    std::string operator()(event::ddl_note const& of) const {
        return fmt::format("ddl  transaction {}  committed {}\n  {}\n", of.transaction.value,
                           to_string(of.commit_time), shown(of.told, ddl_most));
    }
    std::string operator()(event::commit_note const& of) const {
        return fmt::format("commit  transaction {}  committed {}\n", of.transaction.value,
                           to_string(of.commit_time));
    }
    std::string operator()(event::oversize_note const& of) const {
        return fmt::format(
            "oversize {} {}.{}  {} bytes where the topic takes {}  transaction {}  committed {}\n{}{}",
            operation_text(event::event_operation{static_cast<char>(of.op)}),
            shown(of.schema, column_most), shown(of.table, column_most), of.bytes, of.limit,
            of.transaction.value, to_string(of.commit_time), identity_text("key", of.key),
            of.moved_to ? identity_text("moved to", *of.moved_to) : "");
    }
    std::string operator()(event::index_note const& of) const {
        std::string out = "index of rows in other partitions\n";
        for (auto const& [partition, last] : of.ends) {
            out +=
                fmt::format("  rows {}: up to {}.{}\n", partition, to_string(last.at), last.index);
        }
        return out;
    }

private:
    static std::string rows_text(event::start_note const& of) {
        std::string out;
        for (std::size_t number = 0; number < of.rows.size(); ++number) {
            auto const& one = of.rows[number];
            out += fmt::format("  rows {}: topic {}, partition {}, from offset {}\n", number,
                               shown(one.topic, column_most), one.partition, one.offset);
        }
        return out;
    }
    static std::string identity_text(std::string_view what,
                                     event::oversize_note::identity const& of) {
        std::string out;
        for (auto const& [name, value] : of) {
            out += fmt::format("  {}: {} = {}\n", what, shown(name, column_most),
                               value ? shown(*value, column_most) : "null");
        }
        return out;
    }
};

// Of a record without value.
std::string nothing_text(topic_record const& record, std::optional<record_headers> const& own) {
    if (!own) {
        return record.key ? "tombstone\n" : "no value\n";
    }
    std::string const stream = stream_text(*own) + '\n';
    if (own->note.empty()) {
        return (record.key ? "tombstone" : "position") + stream;
    }
    auto const note = event::decode_note(own->note);
    if (!note) {
        return fmt::format("note that is none ({}): {}\n", note.error().message(),
                           shown(own->note, value_most));
    }
    auto text = std::visit(note_lines{}, *note);
    return text.insert(text.find('\n'), stream.substr(0, stream.size() - 1));
}

std::string value_text(std::string const& value) {
    return fmt::format("value {}\n",
                       shown(is_json(value) ? compact_json(value) : value, value_most));
}

std::string headers_text(topic_record const& record, bool own_too) {
    std::string out;
    for (auto const& each : record.headers) {
        bool const own = each.name == "origin" || each.name.starts_with("tandem.");
        if (own_too || !own) {
            out += fmt::format("  header {}: {}\n", shown(each.name, column_most),
                               each.value ? shown(*each.value, column_most) : "null");
        }
    }
    return out;
}

} // namespace

std::string record_text(topic_record const& record) {
    std::vector<event::record_header> headers;
    headers.reserve(record.headers.size());
    for (auto const& each : record.headers) {
        headers.push_back(
            {each.name, each.value ? std::string_view{*each.value} : std::string_view{}});
    }
    auto const decoded = event::decode_headers(headers);
    auto const own = decoded ? std::optional{*decoded} : std::nullopt;
    std::string out = fmt::format("partition {}  offset {}  {}  {}\n", record.partition,
                                  record.offset, shown_time(record.timestamp_ms),
                                  record.key ? "key " + shown(*record.key, column_most) : "no key");
    if (!own && event::has_own_headers(headers)) {
        out += fmt::format("not a record of a stream: {}\n",
                           shown(decoded.error().message(), value_most));
    }
    if (!record.value) {
        out += nothing_text(record, own);
    } else if (auto const change = event_text(record, own); !change.empty()) {
        out += change;
    } else {
        out += value_text(*record.value);
    }
    return out + headers_text(record, !own) + '\n';
}

} // namespace tandem::engine
