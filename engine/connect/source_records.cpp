#include "engine/connect/source_records.hpp"

#include "codecs/base/big_endian.hpp"
#include "codecs/event/connect_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tandem::connect {
namespace {

using engine::change_kind;
using record_span = std::span<source_record const>;
using made_records = boost::system::result<record_span, std::string>;

constexpr std::uint64_t numbers_of_change = 4; // at most three records each

event::operation operation_of(change_kind kind) noexcept {
    switch (kind) {
    case change_kind::insert:
        return event::operation::create;
    case change_kind::update:
        return event::operation::update;
    case change_kind::remove:
        return event::operation::remove;
    case change_kind::truncate:
    case change_kind::ddl: // not asked for by a connector
        break;
    }
    return event::operation::truncate;
}

// The first number of a change's records.
std::uint64_t number_of(std::uint32_t index) noexcept {
    return (std::uint64_t{index} + 1) * numbers_of_change;
}

} // namespace

std::string_view encode_position(record_position const& of, arena& into) {
    constexpr std::size_t room = 41; // beside the source
    auto* const out = into.reserve(room + of.source.size());
    auto const end = fmt::format_to(out, "{} {:X}/{:X}.{}", of.source, of.at.at.value >> 32U,
                                    of.at.at.value & 0xFFFF'FFFFU, of.at.index);
    return into.commit(static_cast<std::size_t>(end - out));
}

std::optional<record_position> decode_position(std::string_view text) {
    auto const gap = text.find(' ');
    auto const dot = text.rfind('.');
    if (gap == std::string_view::npos || dot == std::string_view::npos || dot < gap ||
        text.find_first_not_of("0123456789.") < gap) {
        return std::nullopt;
    }
    auto const at = lsn::parse(text.substr(gap + 1, dot - gap - 1));
    std::uint64_t index = 0;
    auto const [stop, failed] =
        std::from_chars(text.data() + dot + 1, text.data() + text.size(), index);
    if (!at || failed != std::errc{} || stop != text.data() + text.size()) {
        return std::nullopt;
    }
    return record_position{text.substr(0, gap), {*at, index}};
}

std::string source_topic(source_settings const& settings, std::string_view schema,
                         std::string_view table) {
    auto made = fmt::format("{}{}{}{}{}", settings.prefix, settings.delimiter, schema,
                            settings.delimiter, table);
    std::ranges::replace_if(
        made,
        [](char each) {
            return (each < '0' || each > '9') && (each < 'a' || each > 'z') &&
                   (each < 'A' || each > 'Z') && each != '.' && each != '_' && each != '-';
        },
        '_');
    constexpr std::size_t most = 249;
    made.resize(std::min(made.size(), most));
    return made;
}

source_records::source_records(source_settings const& settings, std::string version)
    : settings_{settings},
      source_{std::move(version), settings.prefix, settings.database, event::value_form::debezium},
      boundaries_{settings.value.schemas},
      heartbeats_{source_, settings.value.schemas} {
    options_.tombstones = settings.tombstones;
    options_.skip_truncate = settings.skipped.contains('t');
}

namespace {

// As Debezium does it: where the driver gives a string. PostgreSQL's network types are none.
bool is_text(pgoutput::column_shape const& column, event::resolved_type const& type) noexcept {
    constexpr std::array<std::uint32_t, 4> network{650, 774, 829, 869};
    return !type.array && (type.kind == event::value_kind::enumeration ||
                           (type.kind == event::value_kind::text &&
                            std::ranges::find(network, column.type.value) == network.end()));
}

constexpr std::uint32_t char_type = 1042;
constexpr std::uint32_t varchar_type = 1043;

void choose_columns(column_changes const& by, table_facts const& facts,
                    event::type_table const& types, source_table& made) {
    auto const& of = *made.shape;
    made.changed.resize(of.columns.size());
    bool any = false;
    bool fewer = false;
    for (std::size_t at = 0; at < of.columns.size(); ++at) {
        auto const& column = of.columns[at];
        auto const name = fmt::format("{}.{}.{}", of.schema, of.name, column.name);
        auto& into = made.changed[at];
        into.left_out = !by.takes(name);
        if (into.left_out && std::ranges::find(facts.key, column.name) != facts.key.end()) {
            made.refused = fmt::format(
                "column {} is of the primary key and cannot be left out: take it out of "
                "column.exclude.list, or into column.include.list",
                name);
        }
        into.text = by.change_of(name);
        if (into.text.what == column_changes::text_change::kind::hash && column.type_modifier > 4 &&
            (column.type.value == varchar_type || column.type.value == char_type)) {
            into.text.length = static_cast<std::size_t>(column.type_modifier - 4);
        }
        into.has_text = is_text(column, event::resolve(column.type, column.type_modifier, types));
        auto const known = facts.columns.find(column.name);
        into.fills = known != facts.columns.end() && known->second.not_null;
        bool const is_changed = into.text.what != column_changes::text_change::kind::none;
        if (is_changed && !into.has_text && !into.left_out) {
            made.unchanged.push_back(name);
        }
        fewer = fewer || into.left_out;
        any = any || into.left_out || is_changed;
    }
    if (!any) {
        made.changed.clear();
    }
    if (fewer) {
        auto shape = std::make_shared<pgoutput::relation_shape>(of);
        shape->columns.clear();
        for (std::size_t at = 0; at < of.columns.size(); ++at) {
            if (!made.changed[at].left_out) {
                shape->columns.push_back(of.columns[at]);
            }
        }
        made.sent = std::move(shape);
    }
}

// What makes a record's key. Where the old row of a change would not have it, nothing of the table can be sent: a delete
// would go to another key than the row.
event::key_columns key_of(key_choices const& choices, table_facts const& facts,
                          source_table& made) {
    auto const& of = *made.shape;
    auto const name = fmt::format("{}.{}", of.schema, of.name);
    auto const* const chosen = choices.of_table(name);
    if (chosen == nullptr) {
        return facts.key;
    }
    for (auto const& column : *chosen) {
        bool const there =
            std::ranges::find(made.sent->columns, column, &pgoutput::column_shape::name) !=
            made.sent->columns.end();
        bool const primary = std::ranges::find(facts.key, column) != facts.key.end();
        if (!there) {
            made.refused =
                fmt::format("message.key.columns: table {} has no column {}", name, column);
        } else if (of.replica_identity != 'f' && !primary) {
            made.refused = fmt::format(
                "message.key.columns: column {} of table {} is not of its primary key, and a delete "
                "does not tell it: ALTER TABLE {} REPLICA IDENTITY FULL",
                column, name, name);
        }
    }
    return *chosen;
}

// What Debezium says in the schema of a column whose text it changes.
std::string parameters_of(source_table const& table, std::string_view column) {
    for (std::size_t at = 0; at < table.changed.size(); ++at) {
        auto const& text = table.changed[at].text;
        if (table.shape->columns[at].name != column) {
            continue;
        }
        switch (text.what) {
        case column_changes::text_change::kind::none:
            break;
        case column_changes::text_change::kind::mask:
        case column_changes::text_change::kind::hash:
            return R"("masked":"true")";
        case column_changes::text_change::kind::truncate:
            return fmt::format(R"("truncateLength":"{}")", text.length);
        }
    }
    return {};
}

// The row with what the table's columns become, in `room`; with `texts` their values too.
pgoutput::tuple_view changed_row(pgoutput::tuple_view row, source_table const& table, bool texts,
                                 std::string& room) {
    room.clear();
    std::uint16_t count = 0;
    pgoutput::tuple_view::cursor columns{row};
    for (std::size_t at = 0; at < row.column_count(); ++at) {
        auto const column = columns.next();
        auto const& how = table.changed[at];
        if (how.left_out) {
            continue;
        }
        ++count;
        using change = column_changes::text_change::kind;
        bool const plain = !texts || !how.has_text || how.text.what == change::none;
        bool const masks_null = !plain && column.kind == pgoutput::column_kind::null &&
                                (how.text.what == change::mask ||
                                 (how.text.what == change::hash && how.fills)); // as Debezium does
        if (column.kind != pgoutput::column_kind::text &&
            column.kind != pgoutput::column_kind::binary && !masks_null) {
            room += static_cast<char>(column.kind);
            continue;
        }
        room += static_cast<char>(masks_null ? pgoutput::column_kind::text : column.kind);
        auto const text = plain ? std::string{} : changed_text(column.bytes, how.text);
        auto const bytes = plain ? column.bytes : std::string_view{text};
        char size[4];
        store_big_endian(size, static_cast<std::uint32_t>(bytes.size()));
        room.append(size, sizeof size).append(bytes);
    }
    return {count, room};
}

} // namespace

source_table source_records::table_of(pgoutput::relation_ptr shape, table_facts const& facts,
                                      event::type_table const& types) const {
    source_table made;
    made.captured = settings_.tables.takes(shape->schema, shape->name);
    made.signals =
        settings_.row_signals && settings_.tables.is_of_signals(shape->schema, shape->name);
    made.topic = source_topic(settings_, shape->schema, shape->name);
    made.shape = std::move(shape);
    made.sent = made.shape;
    if (!made.captured) {
        return made;
    }
    choose_columns(settings_.columns, facts, types, made);
    auto const& of = *made.sent;
    std::vector<event::column_facts> columns;
    for (auto const& column : of.columns) {
        auto const found = facts.columns.find(column.name);
        columns.push_back(found == facts.columns.end() ? event::column_facts{} : found->second);
        columns.back().parameters = parameters_of(made, column.name);
    }
    // A key whose column the shape does not have is another shape's.
    auto key = key_of(settings_.keys, facts, made);
    if (!std::ranges::all_of(key, [&](std::string const& name) {
            return std::ranges::find(of.columns, name, &pgoutput::column_shape::name) !=
                   of.columns.end();
        })) {
        key.clear();
    }
    made.keyed = !key.empty();
    for (std::size_t at = 0; at < made.changed.size(); ++at) {
        bool const is_key = std::ranges::find(key, made.shape->columns[at].name) != key.end();
        made.keeps_keys = made.keeps_keys ||
                          (is_key && made.changed[at].has_text &&
                           made.changed[at].text.what != column_changes::text_change::kind::none);
    }
    event::schema_source const from{of, types, settings_.values, columns, made.topic, key};
    event::record_schemas schemas;
    if (settings_.key.schemas) {
        schemas.key = event::key_schema(from);
    }
    if (settings_.value.schemas) {
        schemas.value = event::envelope_schema(from);
    }
    made.events.emplace(of, event::debezium_plan(of, types, settings_.values, key, columns),
                        std::move(schemas),
                        event::debezium_key_order(of, types, settings_.values, key, columns));
    return made;
}

std::string source_records::transaction_topic() const {
    return fmt::format("{}{}transaction", settings_.prefix, settings_.delimiter);
}

std::string source_records::heartbeat_topic() const {
    return fmt::format("{}{}{}", settings_.heartbeat_prefix, settings_.delimiter, settings_.prefix);
}

void source_records::begin(engine::transaction_header const& header, lsn previous_commit) {
    current_ = header;
    begun_ = false;
    last_number_ = 0;
    counter_.clear();
    transaction_.emplace(source_, header.id, header.commit_time, previous_commit);
}

record_span source_records::of_boundary(event::record const& made, std::uint64_t number) {
    made_.clear();
    source_record one;
    one.key = made.key;
    one.value = made.value;
    one.position = {current_.final_lsn, number};
    made_.push_back(one);
    return made_;
}

record_span source_records::of_begin(lsn position, arena& into) {
    begun_ = true;
    if (!settings_.transactions) {
        return {};
    }
    return of_boundary(boundaries_.begin(current_.id, position, current_.commit_time, into), 1);
}

record_span source_records::of_end(lsn end, arena& into) {
    if (!settings_.transactions || !begun_) {
        return {};
    }
    return of_boundary(boundaries_.end(current_.id, end, current_.commit_time, counter_, into),
                       last_number_ + numbers_of_change);
}

event::record source_records::heartbeat(std::int64_t unix_ms, arena& into) const {
    return heartbeats_.at(unix_ms, into);
}

made_records source_records::of_change(engine::change const& made, source_table const& table,
                                       event::event_time const& now, arena& into) {
    auto const op = operation_of(made.kind);
    if (settings_.skipped.contains(static_cast<char>(op))) {
        made_.clear();
        return record_span{};
    }
    event::relation_events::change what;
    what.op = op;
    what.old_row = made.old_row;
    what.old_is_key = made.old_kind != pgoutput::old_row_kind::full;
    what.new_row = made.new_row;
    what.position = made.position ? made.position : current_.final_lsn;
    return of_rows(what, table, number_of(made.index), now, into);
}

void source_records::begin_read(xid transaction, pg_time now, lsn position,
                                std::string_view which) {
    current_ = {};
    current_.final_lsn = position;
    transaction_.emplace(source_, transaction, now, lsn{}, std::string_view{}, lsn{}, which);
}

made_records source_records::of_read(pgoutput::tuple_view row, source_table const& table,
                                     event::event_time const& now, arena& into) {
    event::relation_events::change what;
    what.op = event::operation::read;
    what.new_row = row;
    what.position = current_.final_lsn;
    auto const made = of_rows(what, table, 0, now, into);
    for (auto& each : made_) {
        each.position = {};
    }
    return made;
}

made_records source_records::of_truncate(engine::change const& made, source_table const& table,
                                         event::event_time const& now, arena& into) {
    event::relation_events::change what;
    what.op = event::operation::truncate;
    what.position = made.position ? made.position : current_.final_lsn;
    return of_rows(what, table, number_of(made.index), now, into);
}

event::relation_events::change source_records::changed(event::relation_events::change what,
                                                       source_table const& table) {
    if (what.old_row.column_count() > 0) {
        if (table.keeps_keys) {
            what.old_key_row = changed_row(what.old_row, table, false, old_key_row_);
        }
        what.old_row = changed_row(what.old_row, table, true, old_row_);
    }
    if (what.new_row.column_count() > 0) {
        if (table.keeps_keys) {
            what.new_key_row = changed_row(what.new_row, table, false, new_key_row_);
        }
        what.new_row = changed_row(what.new_row, table, true, new_row_);
    }
    return what;
}

made_records source_records::of_rows(event::relation_events::change const& what,
                                     source_table const& table, std::uint64_t index,
                                     event::event_time const& now, arena& into) {
    made_.clear();
    auto options = options_;
    options.keyed = table.keyed;
    auto const records = event::records_of(
        *table.events, table.changed.empty() ? what : changed(what, table), *transaction_, now,
        options, into,
        settings_.transactions && what.op != event::operation::read ? &counter_ : nullptr);
    if (!records) {
        auto const column =
            std::min<std::size_t>(records.error().offset, table.sent->columns.size() - 1);
        return fmt::format("a value of column {} of table {}.{} has no form as text",
                           table.sent->columns[column].name, table.shape->schema,
                           table.shape->name);
    }
    for (auto const& each : records->all()) {
        source_record one;
        one.key = each.key;
        one.value = each.value;
        one.header = each.header;
        one.position = {current_.final_lsn, index + made_.size()};
        one.table = &table;
        made_.push_back(one);
    }
    last_number_ = std::max(last_number_, index);
    return record_span{made_};
}

} // namespace tandem::connect
