// What a sink makes of a record.

#include "codecs/event/padding.hpp"
#include "codecs/sql/quote.hpp"
#include "engine/connect/flow/sink_parts.hpp"
#include "engine/connect/flow/sink_task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

using engine::failure;
using engine::next_step;
using engine::outcome_of;

std::optional<std::string_view> padded(std::optional<std::string_view> bytes, std::string& room) {
    if (!bytes) {
        return std::nullopt;
    }
    room.assign(*bytes);
    room.append(event::record_padding, '\0');
    return std::string_view{room}.substr(0, bytes->size());
}

// A field of that name whose value begins so, however the writer spaces it.
bool has_field(std::string_view json, std::string_view name, char begin) noexcept {
    for (auto at = json.find(name); at != json.npos; at = json.find(name, at + 1)) {
        auto const colon = json.find_first_not_of(" \t\r\n", at + name.size());
        if (colon != json.npos && json[colon] == ':') {
            auto const value = json.find_first_not_of(" \t\r\n", colon + 1);
            if (value != json.npos && json[value] == begin) {
                return true;
            }
        }
    }
    return false;
}

// Debezium's envelope, by the fields that it has and rows mostly have not.
bool is_envelope(std::string_view value) noexcept {
    return has_field(value, R"("op")", '"') && has_field(value, R"("source")", '{');
}

// Of a record that a source of ours wrote.
std::optional<record_position> position_in(std::span<io::kafka::header const> headers) {
    auto const found = std::ranges::find(headers, position_header, &io::kafka::header::name);
    return found != headers.end() && found->value ? decode_position(*found->value) : std::nullopt;
}

} // namespace

void sink_task::note_from(parts& with, io::kafka::fetched_record const& record) const {
    auto& hand = with.hand;
    if (hand.from == nullptr || hand.from->first.second != record.partition() ||
        hand.from->first.first != record.topic()) {
        sink_partition of{std::string{record.topic()}, record.partition()};
        hand.from = &*with.places.try_emplace(std::move(of)).first;
        auto found = with.topics.find(record.topic());
        if (found == with.topics.end()) {
            engine::foreign_format envelope;
            envelope.values = settings_.values;
            envelope.folds = !settings_.quotes;
            engine::foreign_format row = envelope;
            row.envelope = false;
            auto made = std::make_unique<topic_rows>(envelope, row);
            found = with.topics.emplace(std::string{record.topic()}, std::move(made)).first;
        }
        hand.topic = found->second.get();
    }
    record.headers(with.headers);
    hand.position = position_in(with.headers);
    hand.fault.reset();
    hand.to = nullptr;
    hand.plain = nullptr;
    hand.removes = false;
}

void sink_task::note_taken(parts& with, io::kafka::fetched_record const& record) const {
    auto& of = with.hand.from->second;
    of.next = record.offset() + 1;
    if (!std::exchange(of.moved, true)) {
        with.moved.push_back(with.hand.from);
    }
    auto const& position = with.hand.position;
    if (position && !of.has(*position)) {
        of.source = position->source;
        of.at = position->at;
    }
}

failure sink_task::refused(io::kafka::fetched_record const& record, std::string const& why) const {
    return {next_step::paused,
            fmt::format("topic {}, partition {}, offset {}: {}; nothing behind it is written",
                        record.topic(), record.partition(), record.offset(), why)};
}

// Tombstones delete, but behind envelopes, which have done so.
bool sink_task::passes_tombstones(topic_rows const& of) const {
    bool const of_source = settings_.table_format.find("${source.") != std::string::npos;
    return !settings_.deletes || of.has_envelopes || of_source;
}

outcome_of<sink_task::heed> sink_task::look(parts& with,
                                            io::kafka::fetched_record const& record) const {
    note_from(with, record);
    auto const& hand = with.hand;
    if (hand.position && hand.from->second.has(*hand.position)) {
        return heed::nothing;
    }
    bool const plain = !settings_.tolerates && !with.records->changes() &&
                       !with.records->has_schema(record.key(), record.value());
    return plain ? look_plain(with, record) : look_changed(with, record);
}

// Where rows of that name go.
outcome<void> sink_task::note_table(parts& with, std::string_view topic, std::string_view schema,
                                    std::string_view table) const {
    auto& last = *with.hand.topic;
    if (last.to == nullptr || last.topic != topic || last.schema != schema || last.table != table) {
        auto const to = table_of(settings_, topic, schema, table);
        if (!to) {
            return to.error();
        }
        last.to = &with.tables[{to->schema, to->table}];
        last.to->name = *to;
        last.topic = topic;
        last.schema = schema;
        last.table = table;
    }
    with.hand.to = last.to;
    return {};
}

outcome_of<sink_task::heed> sink_task::look_plain(parts& with,
                                                  io::kafka::fetched_record const& record) const {
    auto& topic = *with.hand.topic;
    auto const key = padded(record.key(), with.key_room);
    auto const value = padded(record.value(), with.value_room);
    if (!value && passes_tombstones(topic)) {
        return heed::nothing;
    }
    bool const moved = std::ranges::find(with.headers, "__debezium.oldkey",
                                         &io::kafka::header::name) != with.headers.end();
    bool const envelope = value && is_envelope(*value);
    topic.has_envelopes = topic.has_envelopes || envelope;
    auto& rows = envelope ? topic.envelopes : topic.rows;
    auto const read = rows.read(key, value, moved);
    if (!read) {
        return refused(record, read.error().what);
    }
    if (!*read) {
        return heed::nothing;
    }
    auto const to = note_table(with, record.topic(), (*read)->schema, (*read)->table);
    if (!to) {
        return refused(record, to.error().what);
    }
    with.hand.plain = &rows;
    return heed::row;
}

outcome_of<sink_task::heed> sink_task::look_changed(parts& with,
                                                    io::kafka::fetched_record const& record) const {
    auto& hand = with.hand;
    with.header_views.clear();
    for (auto const& each : with.headers) {
        with.header_views.push_back({each.name, each.value});
    }
    fetched_form from;
    from.topic = record.topic();
    from.partition = record.partition();
    from.offset = record.offset();
    from.timestamp_ms =
        record.timestamp_ms() < 0 ? std::nullopt : std::optional{record.timestamp_ms()};
    from.key = record.key();
    from.value = record.value();
    from.headers = with.header_views;
    auto const at_fault = [&](problem const& why) {
        hand.fault = record_fault{with.records->stage(), java_class(why.kind), why.what};
        return refused(record, why.what);
    };
    auto const read = with.records->read(from);
    if (!read) {
        return at_fault(read.error());
    }
    if (*read == nullptr) {
        return heed::nothing;
    }
    sink_row const& row = **read;
    hand.topic->has_envelopes = hand.topic->has_envelopes || !row.table.empty();
    hand.removes = row.what == sink_row::kind::remove;
    if (hand.removes &&
        (!settings_.deletes || (row.is_tombstone && passes_tombstones(*hand.topic)))) {
        return heed::nothing;
    }
    if (auto const to = note_table(with, row.topic, row.schema, row.table); !to) {
        return at_fault(to.error());
    }
    return row.what == sink_row::kind::truncate ? heed::truncate : heed::row;
}

// Nothing of its table needs to be asked for.
bool sink_task::is_ready(parts const& with) const {
    bool const evolves =
        with.hand.plain == nullptr && !with.hand.removes && (settings_.creates || settings_.adds);
    return with.hand.to->table != nullptr && !evolves;
}

io::awaitable<sink_task::voided> sink_task::prepare(parts& with, io::kafka::fetched_record record) {
    auto& hand = with.hand;
    voided done = boost::system::in_place_value;
    if (hand.plain == nullptr && !hand.removes && (settings_.creates || settings_.adds)) {
        done = co_await evolve(with, *hand.to);
    }
    if (done) {
        done = co_await know(with, *hand.to);
    }
    if (!done && done.error().step == next_step::paused) {
        co_return refused(record, done.error().reason);
    }
    co_return done;
}

outcome_of<sink_task::heed> sink_task::put(parts& with,
                                           io::kafka::fetched_record const& record) const {
    auto& hand = with.hand;
    auto const& to = *hand.to;
    auto& batch = with.filling.batch;
    if (hand.plain != nullptr) {
        auto const made = hand.plain->change_for(*to.foreign, batch.memory());
        if (!made) {
            return refused(record, made.error().what);
        }
        if (made->what.kind == engine::change_kind::truncate) {
            return heed::truncate;
        }
        if (made->what.kind != engine::change_kind::remove || settings_.deletes) {
            batch.add(*to.table, made->what);
        }
        return heed::nothing;
    }
    auto const made = with.records->values_for(*to.table, batch.memory(), with.values);
    if (!made) {
        if (made.error().kind != problem_kind::connect) { // that is the table's
            hand.fault = record_fault{with.records->stage(), java_class(made.error().kind),
                                      made.error().what};
        }
        return refused(record, made.error().what);
    }
    batch.add(*to.table, with.values);
    return heed::nothing;
}

// Behind what came before it.
io::awaitable<sink_task::voided> sink_task::truncate(parts& with) {
    voided done = boost::system::in_place_value;
    if (settings_.truncates) {
        auto const& name = with.hand.to->name;
        with.filling.batch.end_with(
            fmt::format("TRUNCATE {}", sql::qualified(name.schema, name.table)));
        done = co_await hand_over(with);
    }
    co_return done;
}

} // namespace tandem::connect
