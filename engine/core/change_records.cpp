#include "engine/core/change_records.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/event/json_text.hpp"
#include "codecs/event/row_plan.hpp"
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
        break;
    }
    return event::operation::truncate;
}

} // namespace

change_records::change_records(stream_identity who, event::stream_position last, std::size_t limit)
    : who_{std::move(who)},
      source_{who_.version, who_.prefix, who_.database, event::value_form::exact},
      last_{last},
      limit_{limit} {}

void change_records::begin(transaction_header const& header, lsn previous_commit) {
    current_ = header;
    index_ = 0;
    transaction_.emplace(source_, header.id, header.commit_time, previous_commit);
}

change_records::relation& change_records::relation_of(
    pgoutput::relation_shape const* shape, std::span<pgoutput::relation_ptr const> shapes) {
    relation& found = relations_[shape];
    if (found.events == nullptr) {
        auto const owner = std::ranges::find(shapes, shape, &pgoutput::relation_ptr::get);
        TANDEM_ASSERT(owner != shapes.end());
        found.shape = *owner;
        found.events = std::make_unique<event::relation_events>(*shape, event::exact_plan(*shape));
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
    add(std::nullopt, std::nullopt, last_, into, event::encode_note(*one.shape, into));
}

boost::system::result<std::span<stream_record const>, std::string> change_records::of_change(
    change const& made, std::span<pgoutput::relation_ptr const> shapes, lsn end,
    event::event_time const& now, arena& into) {
    count_ = 0;
    ++index_;
    event::stream_position const at =
        end ? event::stream_position{end, 0} : event::stream_position{current_.final_lsn, index_};
    if (made.kind == change_kind::truncate) {
        add_truncate(*made.truncated, made.position, at, now, into);
        return std::span<stream_record const>{made_.data(), count_};
    }
    auto& one = relation_of(made.shape, shapes);
    describe(one, into);
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
    return std::span<stream_record const>{made_.data(), count_};
}

void change_records::back_to(place where) noexcept {
    count_ = where.count;
    last_ = where.last;
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
        add(std::nullopt, records->all().front().value, last_, into);
        note.tables.emplace_back(shape->schema, shape->name);
    }
    add(std::nullopt, std::nullopt, at, into, event::encode_note(note, into));
}

// The greatest of its records.
boost::system::result<std::size_t, std::string> change_records::add_rows(
    relation const& one, change const& made, event::stream_position at,
    event::event_time const& now, arena& into) {
    event::relation_events::change const what{
        operation_of(made.kind), made.old_row, made.old_kind != pgoutput::old_row_kind::full,
        made.new_row, made.position ? made.position : current_.final_lsn};
    auto const records = event::records_of(*one.events, what, *transaction_, now, {}, into);
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
        add(each.key, each.value, &each == &covering ? at : last_, into, {}, each.header);
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
    bool const has_old = made.old_kind != pgoutput::old_row_kind::none;
    note.key = identity_of(has_old ? made.old_row : made.new_row, *one.shape);
    if (made.kind == change_kind::update && one.events->key_differs(made.old_row, made.new_row)) {
        note.moved_to = identity_of(made.new_row, *one.shape, made.old_row);
    }
    auto const start = here();
    add(std::nullopt, std::nullopt, at, into, event::encode_note(note, into));
    if (made_[count_ - 1].bytes > limit_) {
        back_to(start);
        note.key.clear();
        note.moved_to.reset();
        add(std::nullopt, std::nullopt, at, into, event::encode_note(note, into));
    }
}

stream_record const& change_records::of_position(lsn at, arena& into) {
    count_ = 0;
    add(std::nullopt, std::nullopt, {at, 0}, into);
    return made_.front();
}

stream_record const& change_records::of_commit(lsn end, arena& into) {
    count_ = 0;
    event::commit_note const note{current_.id, current_.commit_time};
    add(std::nullopt, std::nullopt, {end, 0}, into, event::encode_note(note, into));
    return made_.front();
}

stream_record const& change_records::of_start(event::start_note const& note, arena& into) {
    count_ = 0;
    for (auto& [shape, one] : relations_) {
        one.described = false;
    }
    add(std::nullopt, std::nullopt, last_, into, event::encode_note(note, into));
    return made_.front();
}

void change_records::add(std::optional<std::string_view> key, std::optional<std::string_view> value,
                         event::stream_position at, arena& into, std::string_view note,
                         event::record_header more) {
    if (count_ == made_.size()) {
        made_.emplace_back();
    }
    stream_record& one = made_[count_++];
    one.key = key;
    one.value = value;
    event::record_headers headers;
    headers.origin = who_.node;
    headers.stream = who_.node;
    headers.epoch = who_.epoch;
    headers.position = at;
    headers.previous = last_;
    headers.note = note;
    auto const made = event::encode_headers(headers, into);
    one.headers.assign(made.all().begin(), made.all().end());
    if (!more.name.empty()) {
        one.headers.push_back(more);
    }
    one.bytes = batch_bytes(one);
    last_ = std::max(last_, at);
}

} // namespace tandem::engine
