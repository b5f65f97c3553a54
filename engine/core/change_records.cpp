#include "engine/core/change_records.hpp"

#include "codecs/base/assert.hpp"
#include "codecs/event/row_plan.hpp"

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

change_records::change_records(stream_identity who, event::stream_position last)
    : who_{std::move(who)},
      source_{who_.version, who_.prefix, who_.database, event::value_form::exact},
      last_{last} {}

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
    event::record_options options;
    options.skip_truncate = false;
    if (made.kind == change_kind::truncate) {
        event::truncate_note note{current_.id, current_.commit_time, {}};
        for (auto const& shape : made.truncated->relations) {
            auto& one = relation_of(shape.get(), made.truncated->relations);
            describe(one, into);
            event::relation_events::change whole;
            whole.op = event::operation::truncate;
            whole.position = made.position;
            auto const records =
                event::records_of(*one.events, whole, *transaction_, now, options, into);
            add(std::nullopt, records->all().front().value, last_, into);
            note.tables.emplace_back(shape->schema, shape->name);
        }
        add(std::nullopt, std::nullopt, at, into, event::encode_note(note, into));
        return std::span<stream_record const>{made_.data(), count_};
    }
    auto& one = relation_of(made.shape, shapes);
    describe(one, into);
    event::relation_events::change const what{
        operation_of(made.kind), made.old_row, made.old_kind != pgoutput::old_row_kind::full,
        made.new_row, made.position ? made.position : current_.final_lsn};
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
    for (auto const& each : all) {
        bool const covers = &each == &covering;
        add(each.key, each.value, covers ? at : last_, into);
        if (!each.header.name.empty()) {
            made_[count_ - 1].headers.push_back(each.header);
        }
    }
    return std::span<stream_record const>{made_.data(), count_};
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
                         event::stream_position at, arena& into, std::string_view note) {
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
    last_ = std::max(last_, at);
}

} // namespace tandem::engine
