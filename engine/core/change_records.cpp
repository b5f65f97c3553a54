#include "engine/core/change_records.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/event/exact_schema.hpp"
#include "codecs/event/json_text.hpp"
#include "engine/core/oversize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

event::operation operation_of(change_kind kind) noexcept {
    switch (kind) {
    case change_kind::insert:
        return event::operation::create;
    case change_kind::update:
        return event::operation::update;
    case change_kind::remove:
        return event::operation::remove;
    case change_kind::truncate:
    case change_kind::ddl: // a note
        break;
    }
    return event::operation::truncate;
}

} // namespace

change_records::change_records(stream_identity who, event::stream_position last, std::size_t limit,
                               row_layout layout, record_style style)
    : who_{std::move(who)},
      source_{who_.version, who_.prefix, who_.database, event::value_form::exact},
      last_{last},
      covered_{last},
      row_ends_(layout.partitions, last),
      layout_{std::move(layout)},
      style_{std::move(style)},
      limit_{limit} {}

void change_records::begin(transaction_header const& header, lsn previous_commit) {
    current_ = header;
    index_ = 0;
    transaction_.emplace(source_, header.id, header.commit_time, previous_commit);
}

// A key of which the shape lacks a column was another shape's.
event::relation_events change_records::events_of(pgoutput::relation_shape const& shape) const {
    event::key_columns key;
    auto const at = style_.keys.find(table_id(shape.schema, shape.name));
    bool const wanted = shape.replica_identity == 'f' && at != style_.keys.end();
    if (wanted && std::ranges::all_of(at->second, [&](auto const& name) {
            return std::ranges::find(shape.columns, name, &pgoutput::column_shape::name) !=
                   shape.columns.end();
        })) {
        key = at->second;
    }
    event::record_schemas schemas;
    if (style_.schemas) {
        auto const topic = table_topic(who_.prefix + '.' + who_.node, {shape.schema, shape.name});
        schemas = event::exact_schemas(shape, key, topic);
    }
    return {shape, event::exact_plan(shape, key), std::move(schemas)};
}

change_records::relation& change_records::relation_of(
    pgoutput::relation_shape const* shape, std::span<pgoutput::relation_ptr const> shapes) {
    relation& found = relations_[shape];
    if (found.events == nullptr) {
        auto const owner = std::ranges::find(shapes, shape, &pgoutput::relation_ptr::get);
        TANDEM_ASSERT(owner != shapes.end());
        found.shape = *owner;
        found.events = std::make_unique<event::relation_events>(events_of(*shape));
        found.place = layout_.find(shape->schema, shape->name);
    }
    return found;
}

// Another shape of the same table is no longer the one that rows have.
void change_records::describe(relation& one, arena& into) {
    if (one.described) {
        return;
    }
    for (auto& [shape, other] : relations_) {
        bool const same = shape->name == one.shape->name && shape->schema == one.shape->schema;
        other.described = other.described && !same;
    }
    one.described = true;
    add_index(into);
    body note;
    note.note = event::encode_note(*one.shape, into);
    add(note, std::nullopt, into);
}

void change_records::add_index(arena& into) {
    if (all_covered()) {
        return;
    }
    event::index_note index;
    for (std::size_t at = 0; at < row_ends_.size(); ++at) {
        if (row_ends_[at] > covered_) {
            index.ends.push_back({static_cast<std::uint32_t>(at), row_ends_[at]});
        }
    }
    body note;
    note.note = event::encode_note(index, into);
    add(note, last_, into);
}

boost::system::result<std::span<stream_record const>, std::string> change_records::of_change(
    change const& made, std::span<pgoutput::relation_ptr const> shapes, lsn end,
    event::event_time const& now, arena& into) {
    count_ = 0;
    event::stream_position const at = next_position(end);
    ++index_;
    if (made.kind == change_kind::truncate) {
        add_truncate(*made.truncated, made.position, at, now, into);
        return records();
    }
    if (made.kind == change_kind::ddl) {
        add_ddl(*made.ddl, at, into);
        return records();
    }
    auto& one = relation_of(made.shape, shapes);
    describe(one, into);
    if (one.place == nullptr) { // renamed since, or synced only now
        add_index(into);
    }
    if (made.oversized != nullptr) {
        add_oversize(one, made, at, 0, into);
        return records();
    }
    auto const rows = made.new_row.raw().size() + made.old_row.raw().size();
    auto const greater = std::max(made.new_row.raw().size(), made.old_row.raw().size());
    auto const start = here();
    std::size_t bytes = greater; // at least: JSON is longer
    if (greater <= 2 * limit_) {
        if (rows > limit_ / event::escaped_most) { // tried where it is gone if it is too large
            arena apart;
            auto const tried = add_rows(one, made, at, now, apart);
            if (!tried) {
                return tried.error();
            }
            bytes = *tried;
            back_to(start);
        } else {
            bytes = 0;
        }
    }
    if (bytes <= limit_) {
        auto const added = add_rows(one, made, at, now, into);
        if (!added) {
            return added.error();
        }
        bytes = *added;
    }
    if (bytes > limit_) {
        back_to(start);
        add_oversize(one, made, at, bytes, into);
    }
    return records();
}

void change_records::back_to(place where) noexcept {
    while (count_ > where.count) {
        --count_;
        last_in(made_[count_].partition) = before_[count_];
    }
    last_ = where.last;
    covered_ = where.covered;
}

void change_records::add_truncate(truncation const& what, lsn position, event::stream_position at,
                                  event::event_time const& now, arena& into) {
    event::record_options options;
    options.skip_truncate = false;
    event::truncate_note note{current_.id, current_.commit_time, {}};
    for (auto const& shape : what.relations) {
        auto& one = relation_of(shape.get(), what.relations);
        describe(one, into);
        event::relation_events::change whole;
        whole.op = event::operation::truncate;
        whole.position = position;
        auto const records =
            event::records_of(*one.events, whole, *transaction_, now, options, into);
        body told;
        told.value = records->all().front().value;
        if (one.place == nullptr) {
            add(told, std::nullopt, into);
        } else { // whoever reads one of them alone has to know
            for (std::int32_t each = 0; each < one.place->partitions; ++each) {
                told.partition = one.place->first + static_cast<std::uint32_t>(each);
                add(told, std::nullopt, into);
            }
        }
        note.tables.emplace_back(shape->schema, shape->name);
    }
    add_index(into);
    body told;
    told.note = event::encode_note(note, into);
    add(told, at, into);
}

void change_records::add_ddl(std::string const& told, event::stream_position at, arena& into) {
    add_index(into); // what was written before it comes before it
    event::ddl_note const note{current_.id, current_.commit_time, told};
    body written;
    written.note = event::encode_note(note, into);
    add(written, at, into);
}

// The greatest of its records.
boost::system::result<std::size_t, std::string> change_records::add_rows(
    relation const& one, change const& made, event::stream_position at,
    event::event_time const& now, arena& into) {
    event::relation_events::change const what{
        operation_of(made.kind), made.old_row, made.old_kind != pgoutput::old_row_kind::full,
        made.new_row, made.position ? made.position : current_.final_lsn};
    event::record_options options;
    options.old_row_of_moved = true;
    auto const records = event::records_of(*one.events, what, *transaction_, now, options, into);
    if (!records) {
        auto const column =
            std::min<std::size_t>(records.error().offset, one.shape->columns.size() - 1);
        return fmt::format("a value of column {} of table {}.{} has no form as text",
                           one.shape->columns[column].name, one.shape->schema, one.shape->name);
    }
    // One of them covers the change: the row that it leaves or, of a delete, the row that goes.
    auto const all = records->all();
    bool const moves = all.size() > 1 && made.kind == change_kind::update;
    auto const& covering = moves ? all.back() : all.front();
    std::size_t greatest = 0;
    for (auto const& each : all) {
        body row{each.key, each.value, {}, each.header, {}};
        if (one.place != nullptr) {
            row.partition = layout_.partition_of(*one.place, each.key);
        }
        add(row, &each == &covering ? std::optional{at} : std::nullopt, into);
        greatest = std::max(greatest, made_[count_ - 1].bytes);
    }
    return greatest;
}

// It covers the change and has no values; where even the key finds no room, nothing but the table's name.
void change_records::add_oversize(relation const& one, change const& made,
                                  event::stream_position at, std::size_t bytes, arena& into) {
    event::oversize_note note;
    note.transaction = current_.id;
    note.commit_time = current_.commit_time;
    note.schema = one.shape->schema;
    note.table = one.shape->name;
    note.op = operation_of(made.kind);
    note.bytes = bytes;
    note.limit = limit_;
    note.why = made.oversized != nullptr ? made.oversized->why : std::string{};
    bool const has_old = made.old_kind != pgoutput::old_row_kind::none;
    note.key = identity_of(has_old ? made.old_row : made.new_row, *one.shape);
    if (made.kind == change_kind::update && one.events->key_differs(made.old_row, made.new_row)) {
        note.moved_to = identity_of(made.new_row, *one.shape, made.old_row);
    }
    add_index(into);
    auto const start = here();
    body told;
    told.note = event::encode_note(note, into);
    add(told, at, into);
    if (made_[count_ - 1].bytes > limit_) {
        back_to(start);
        note.key.clear();
        note.moved_to.reset();
        told.note = event::encode_note(note, into);
        add(told, at, into);
    }
}

std::span<stream_record const> change_records::of_position(lsn at, arena& into) {
    count_ = 0;
    add_index(into);
    add({}, event::stream_position{at, 0}, into);
    return records();
}

std::span<stream_record const> change_records::of_commit(lsn end, arena& into) {
    count_ = 0;
    add_index(into);
    body note;
    note.note = event::encode_note(event::commit_note{current_.id, current_.commit_time}, into);
    add(note, event::stream_position{end, 0}, into);
    return records();
}

std::span<stream_record const> change_records::of_start(event::start_note const& note,
                                                        arena& into) {
    count_ = 0;
    for (auto& [shape, one] : relations_) {
        one.described = false;
    }
    add_index(into);
    body told;
    told.note = event::encode_note(note, into);
    add(told, std::nullopt, into);
    return records();
}

std::span<stream_record const> change_records::of_index(arena& into) {
    count_ = 0;
    add_index(into);
    return records();
}

// Values that live as long as the transaction.
void change_records::add_trace(stream_record& to, trace_context const& trace) {
    if (!trace.parent.empty()) {
        to.headers.push_back({trace_parent, trace.parent});
        if (!trace.state.empty()) {
            to.headers.push_back({trace_state, trace.state});
        }
    }
}

void change_records::add(body const& what, std::optional<event::stream_position> at, arena& into) {
    if (count_ == made_.size()) {
        made_.emplace_back();
        before_.emplace_back();
    }
    auto& last = last_in(what.partition);
    before_[count_] = last;
    stream_record& one = made_[count_++];
    one.key = what.key;
    one.value = what.value;
    one.partition = what.partition;
    event::record_headers headers;
    headers.origin = who_.node;
    headers.stream = who_.node;
    headers.epoch = who_.epoch;
    headers.position = at.value_or(last);
    headers.previous = last;
    headers.note = what.note;
    auto const made = event::encode_headers(headers, into);
    one.headers.assign(made.all().begin(), made.all().end());
    if (!what.more.name.empty()) {
        one.headers.push_back(what.more);
    }
    if (current_.trace && (what.key || what.value)) {
        add_trace(one, *current_.trace);
    }
    one.bytes = batch_bytes(one);
    if (at) {
        last = std::max(last, *at);
        last_ = std::max(last_, *at);
    }
}

} // namespace tandem::engine
