#include "engine/core/record_changes.hpp"

#include "codecs/base/big_endian.hpp"
#include "codecs/event/event_place.hpp"
#include "codecs/event/row_plan.hpp"
#include "engine/core/oversize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tandem::engine {
namespace {

using event::event_operation;
using event::field_kind;

constexpr char unchanged = static_cast<char>(pgoutput::column_kind::unchanged);
constexpr char null = static_cast<char>(pgoutput::column_kind::null);
constexpr char text = static_cast<char>(pgoutput::column_kind::text);

// What an identifier cannot hold stands between schema and table.
std::string_view key_of(std::string_view schema, std::string_view table, std::string& scratch) {
    scratch.assign(schema);
    scratch += '\0';
    scratch += table;
    return scratch;
}

// Whether exact values of that form stand so in JSON.
bool fits(event::json_form form, field_kind kind) noexcept {
    switch (form) {
    case event::json_form::boolean:
        return kind == field_kind::boolean;
    case event::json_form::number:
        return kind == field_kind::number;
    case event::json_form::real:
        return kind == field_kind::number || kind == field_kind::string;
    default:
        return kind == field_kind::string;
    }
}

std::string_view expected_by(event::json_form form) noexcept {
    switch (form) {
    case event::json_form::boolean:
        return "true or false";
    case event::json_form::number:
        return "a number";
    case event::json_form::real:
        return "a number, or a string of what is no finite one";
    default:
        return "a string";
    }
}

std::string_view name_of(field_kind kind) noexcept {
    switch (kind) {
    case field_kind::boolean:
        return "true or false";
    case field_kind::number:
        return "a number";
    case field_kind::string:
        return "a string";
    default:
        return "an object or a list";
    }
}

std::string quoted(std::string_view schema, std::string_view table) {
    return fmt::format("{}.{}", schema, table);
}

} // namespace

void throw_exception_from_error(record_error const& error, boost::source_location const&) {
    throw std::runtime_error{error.what};
}

void record_changes::describe(pgoutput::relation_shape shape) {
    auto& known = tables_[std::string{key_of(shape.schema, shape.name, scratch_)}];
    if (known && *known->shape == shape) {
        return;
    }
    auto made = std::make_unique<table>();
    for (auto const& column : shape.columns) {
        static_cast<void>(made->names.number_of(column.name));
        made->forms.push_back(event::exact_form(column.type));
    }
    made->shape = std::make_shared<pgoutput::relation_shape const>(std::move(shape));
    last_ = last_ == known.get() ? nullptr : last_;
    known = std::move(made);
}

record_changes::table* record_changes::named(std::string_view schema, std::string_view name) {
    auto const at = tables_.find(key_of(schema, name, scratch_));
    return at == tables_.end() ? nullptr : at->second.get();
}

pgoutput::relation_ptr record_changes::shape_of(std::string_view schema, std::string_view name) {
    table const* const found = named(schema, name);
    return found == nullptr ? nullptr : found->shape;
}

// Rows stand before the name of their table, so it is looked for from the end. Only a guess: text that looks like it
// can stand in a column, and names can be escaped.
record_changes::table* record_changes::hinted_by(std::string_view value) {
    constexpr std::string_view schema_mark = ",\"schema\":\"";
    constexpr std::string_view table_mark = "\",\"table\":\"";
    std::size_t const table_at = value.rfind(table_mark);
    if (table_at == std::string_view::npos) {
        return last_;
    }
    std::size_t const schema_at = value.rfind(schema_mark, table_at);
    if (schema_at == std::string_view::npos) {
        return last_;
    }
    std::size_t const schema_from = schema_at + schema_mark.size();
    std::size_t const table_from = table_at + table_mark.size();
    std::size_t const table_end = value.find('"', table_from);
    if (schema_from > table_at || table_end == std::string_view::npos) {
        return last_;
    }
    auto const schema = value.substr(schema_from, table_at - schema_from);
    auto const name = value.substr(table_from, table_end - table_from);
    bool const same =
        last_ != nullptr && last_->shape->name == name && last_->shape->schema == schema;
    return same ? last_ : named(schema, name);
}

// The record's event, with its fields numbered as the columns of its table.
record_result<record_changes::table*> record_changes::read(std::string_view value) {
    table* guessed = hinted_by(value);
    event::field_names none;
    for (int tries = 0; tries < 2; ++tries) {
        auto& names = guessed == nullptr ? none : guessed->names;
        event::record_form const form{true, event::has_schema(value)};
        auto const decoded = decoder_.value(value, form, names, event_, strings_);
        if (!decoded) {
            return record_error{event::message_of(decoded.error(), value)};
        }
        auto const& source = event_.source;
        bool const right = guessed != nullptr && guessed->shape->name == source.table &&
                           guessed->shape->schema == source.schema;
        if (right) {
            last_ = guessed;
            return guessed;
        }
        if (guessed != nullptr) {
            names.forget_after(guessed->shape->columns.size());
        }
        guessed = named(source.schema, source.table);
        if (guessed == nullptr) {
            break;
        }
    }
    return record_error{fmt::format("table {} was not described before its row",
                                    quoted(event_.source.schema, event_.source.table))};
}

record_result<pgoutput::tuple_view> record_changes::row_of(table const& of,
                                                           event::row_values const& values,
                                                           char for_absent, arena& into) {
    std::size_t const columns = of.shape->columns.size();
    std::size_t size = columns * 5;
    for (auto const& value : values) {
        size += value.text.size();
    }
    char* const start = into.reserve(size);
    char* out = start;
    for (std::size_t at = 0; at < columns; ++at) {
        auto const value = at < values.size() ? values[at] : event::field_value{};
        std::string_view bytes = value.text;
        switch (value.kind) {
        case field_kind::absent:
            *out++ = for_absent;
            continue;
        case field_kind::null:
            *out++ = null;
            continue;
        case field_kind::boolean:
            bytes = bytes.substr(0, 1);
            break;
        case field_kind::nested:
        case field_kind::number:
        case field_kind::string:
            break;
        }
        if (!fits(of.forms[at], value.kind)) [[unlikely]] {
            return record_error{fmt::format(
                "column {} of table {} is no exact value: the record has {}, its type {}",
                of.shape->columns[at].name, quoted(of.shape->schema, of.shape->name),
                name_of(value.kind), expected_by(of.forms[at]))};
        }
        *out++ = text;
        store_big_endian(out, static_cast<std::uint32_t>(bytes.size()));
        out += 4;
        std::memcpy(out, bytes.data(), bytes.size());
        out += bytes.size();
    }
    return pgoutput::tuple_view{static_cast<std::uint16_t>(columns),
                                into.commit(static_cast<std::size_t>(out - start))};
}

// The old row: of the record, or the key under which an update found it.
record_result<void> record_changes::fill_old(table& of, std::optional<std::string_view> old_key,
                                             change& made, arena& into) {
    event::row_values const* values = nullptr;
    bool const full = of.shape->replica_identity == 'f' && event_.has_before;
    if (old_key && !full) {
        auto const decoded =
            decoder_.key(*old_key, event::has_schema(*old_key), of.names, key_, strings_);
        if (!decoded) {
            return record_error{fmt::format("header __debezium.oldkey: {}",
                                            event::message_of(decoded.error(), *old_key))};
        }
        values = &key_;
    } else if (event_.has_before && made.kind != change_kind::insert) {
        values = &event_.before;
    }
    if (values == nullptr) {
        return {};
    }
    auto const row = row_of(of, *values, null, into);
    if (!row) {
        return row.error();
    }
    made.old_row = *row;
    made.old_kind = full ? pgoutput::old_row_kind::full : pgoutput::old_row_kind::key;
    return {};
}

record_result<std::optional<recorded_change>> record_changes::change_of(
    std::string_view value, std::optional<std::string_view> old_key, arena& into) {
    strings_.clear();
    auto const found = read(value);
    if (!found) {
        return found.error();
    }
    table& from = **found;
    recorded_change made;
    auto& what = made.what;
    switch (event_.op) {
    case event_operation::create:
    case event_operation::read:
        what.kind = old_key ? change_kind::update : change_kind::insert;
        break;
    case event_operation::update:
        what.kind = change_kind::update;
        break;
    case event_operation::remove:
        what.kind = change_kind::remove;
        break;
    case event_operation::truncate:
        return std::optional<recorded_change>{};
    default:
        return record_error{"it is no change of a row"};
    }
    if (event_.source.values != event::value_form::exact) {
        return record_error{"its values are Debezium's, not exact ones"};
    }
    if (what.kind != change_kind::remove) {
        auto const row = row_of(from, event_.after, unchanged, into);
        if (!row) {
            return row.error();
        }
        what.new_row = *row;
    }
    if (auto const filled = fill_old(from, old_key, what, into); !filled) {
        return filled.error();
    }
    std::size_t const described = from.shape->columns.size();
    if (from.names.size() > described) {
        auto const unknown = from.names[described];
        from.names.forget_after(described);
        return record_error{fmt::format("column {} of table {} was not described before its row",
                                        unknown, quoted(from.shape->schema, from.shape->name))};
    }
    auto const id = event_.source.transaction;
    if (!std::in_range<std::uint32_t>(id) || event_.source.time_us <= 0) {
        return record_error{"its source block does not say which transaction made it, and when"};
    }
    made.transaction = xid{static_cast<std::uint32_t>(id)};
    made.commit_time = pg_time::from_unix_us(event_.source.time_us);
    made.shape = from.shape;
    what.shape = from.shape.get();
    what.position = event_.source.position;
    return std::optional{std::move(made)};
}

record_result<recorded_change> record_changes::change_of(event::oversize_note const& note,
                                                         arena& into) {
    recorded_change made;
    made.shape = shape_of(note.schema, note.table);
    if (made.shape == nullptr) {
        return record_error{fmt::format("table {} was not described before its row",
                                        quoted(note.schema, note.table))};
    }
    made.transaction = note.transaction;
    made.commit_time = note.commit_time;
    made.without_values.emplace(note.bytes, note.limit,
                                std::vector<bool>(made.shape->columns.size(), true), note.why);
    auto& known = made.without_values->known;
    auto const key = known_row(note.key, *made.shape, known, into);
    auto const moved_to = note.moved_to ? known_row(*note.moved_to, *made.shape, known, into) : key;
    if (!key || !moved_to) {
        return record_error{fmt::format("a column of table {} was not described before its row",
                                        quoted(note.schema, note.table))};
    }
    auto& what = made.what;
    what.shape = made.shape.get();
    what.kind = note.op == event::operation::create   ? change_kind::insert
                : note.op == event::operation::remove ? change_kind::remove
                                                      : change_kind::update;
    if (what.kind != change_kind::remove) {
        what.new_row = *moved_to;
    }
    if (what.kind == change_kind::remove || note.moved_to) {
        what.old_row = *key;
        what.old_kind = pgoutput::old_row_kind::key;
    }
    return made;
}

} // namespace tandem::engine
