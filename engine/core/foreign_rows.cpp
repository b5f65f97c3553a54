#include "engine/core/foreign_rows.hpp"

#include "codecs/base/big_endian.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tandem::engine {
namespace {

std::string small_letters(std::string_view name) {
    std::string made{name};
    std::ranges::transform(made, made.begin(), [](char each) {
        return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    });
    return made;
}

using event::event_operation;
using event::field_kind;
using event::field_value;

constexpr char null = static_cast<char>(pgoutput::column_kind::null);
constexpr char unchanged = static_cast<char>(pgoutput::column_kind::unchanged);
constexpr char text = static_cast<char>(pgoutput::column_kind::text);
constexpr std::string_view deleted_field =
    "__deleted"; // of ExtractNewRecordState, when it rewrites

std::string quoted(pgoutput::relation_shape const& shape) {
    return fmt::format("{}.{}", shape.schema, shape.name);
}

field_value value_at(event::row_values const& row, std::size_t number) noexcept {
    return number < row.size() ? row[number] : field_value{};
}

record_error no_key(foreign_table const& table, std::size_t column) {
    return {fmt::format("neither its key nor its row has column {} of the key of table {}",
                        table.shape.columns[column].name, quoted(table.shape))};
}

// Fields that transformations add to a row begin so (add.fields.prefix).
bool is_added(std::string_view name) noexcept {
    return name.starts_with("__");
}

} // namespace

foreign_rows::result<std::optional<foreign_rows::target>> foreign_rows::read(
    std::optional<std::string_view> key, std::optional<std::string_view> value, bool moved) {
    strings_.clear();
    kind_ = row_kind::nothing;
    event_.op = event_operation::none;
    event_.has_before = event_.has_after = false;
    has_key_ = key.has_value();
    moved_ = moved;
    if (key) {
        auto const decoded = decoder_.key(*key, event::has_schema(*key), names_, key_, strings_);
        if (!decoded) {
            return record_error{fmt::format("its key: {}", decoded.error().message())};
        }
    }
    if (value) {
        if (auto const decoded = read_value(*value); !decoded) {
            return decoded.error();
        }
    } else if (!format_.envelope && has_key_) {
        kind_ = row_kind::removed;
    }
    if (kind_ == row_kind::nothing) {
        return std::optional<target>{};
    }
    target to{format_.schema, format_.table};
    if (format_.envelope) {
        to.table = event_.source.table;
        to.schema = to.schema.empty() ? event_.source.schema : to.schema;
    }
    return std::optional{std::move(to)};
}

foreign_rows::result<void> foreign_rows::read_value(std::string_view value) {
    event::record_form const form{format_.envelope, event::has_schema(value)};
    auto const decoded = decoder_.value(value, form, names_, event_, strings_);
    if (!decoded) {
        return record_error{decoded.error().message()};
    }
    switch (event_.op) {
    case event_operation::create:
    case event_operation::read:
    case event_operation::update:
        kind_ = row_kind::put;
        break;
    case event_operation::none: // a plain row; without one, a tombstone with a schema block
        kind_ = event_.has_after                ? row_kind::put
                : format_.envelope || !has_key_ ? row_kind::nothing
                                                : row_kind::removed;
        break;
    case event_operation::remove:
        kind_ = row_kind::removed;
        break;
    case event_operation::truncate:
        kind_ = row_kind::emptied;
        break;
    case event_operation::message:
    case event_operation::begin:
    case event_operation::end:
    case event_operation::heartbeat:
        break;
    }
    return {};
}

foreign_rows::result<foreign_change> foreign_rows::change_for(foreign_table const& table,
                                                              arena& into) {
    foreign_change made;
    made.time_us = event_.op == event_operation::none ? 0 : event_.source.time_us;
    auto& of = mappings_[&table];
    if (auto const mapped = map_fields(table, of); !mapped) {
        return mapped.error();
    }
    auto const done = kind_ == row_kind::put       ? put(table, of, made, into)
                      : kind_ == row_kind::removed ? remove(table, of, made, into)
                                                   : result<void>{};
    if (!done) {
        return done.error();
    }
    if (kind_ == row_kind::emptied) {
        made.what.kind = change_kind::truncate;
        use_shape(table, of, std::vector<bool>(table.shape.columns.size(), true));
    }
    made.shape = of.shape;
    made.what.shape = of.shape.get();
    return made;
}

// Fields that came with this record get their columns; a field without one is an error where a row has it.
foreign_rows::result<void> foreign_rows::map_fields(foreign_table const& table, mapping& of) const {
    auto const& columns = table.shape.columns;
    of.fields.resize(columns.size(), no_field);
    for (std::size_t number = of.known.size(); number < names_.size(); ++number) {
        auto at = std::ranges::find(columns, names_[number], &pgoutput::column_shape::name);
        if (at == columns.end() && format_.folds) {
            at = std::ranges::find(columns, small_letters(names_[number]),
                                   &pgoutput::column_shape::name);
        }
        of.known.push_back(at != columns.end());
        if (at != columns.end()) {
            of.fields[static_cast<std::size_t>(at - columns.begin())] = number;
        }
    }
    for (std::size_t number = 0; kind_ == row_kind::put && number < event_.after.size(); ++number) {
        bool const has_place = of.known[number] || is_added(names_[number]);
        if (event_.after[number].kind != field_kind::absent && !has_place) {
            return record_error{
                fmt::format("table {} has no column {}: add it, or leave the field out at the "
                            "source",
                            quoted(table.shape), names_[number])};
        }
    }
    return {};
}

void foreign_rows::use_shape(foreign_table const& table, mapping& of,
                             std::vector<bool> const& present) const {
    if (of.shape != nullptr && of.present == present) {
        return;
    }
    auto& shape = of.shapes[present];
    if (shape == nullptr) {
        auto made = std::make_shared<pgoutput::relation_shape>(table.shape);
        made->columns.clear();
        for (std::size_t at = 0; at < present.size(); ++at) {
            if (present[at]) {
                made->columns.push_back(table.shape.columns[at]);
            }
        }
        shape = std::move(made);
    }
    of.present = present;
    of.shape = shape;
}

// Into tuple_. True: it has a value, or is null; false: its writer did not send it.
foreign_rows::result<bool> foreign_rows::append(foreign_table const& table, std::size_t column,
                                                field_value const& value) {
    if (value.kind == field_kind::null) {
        tuple_ += null;
        return true;
    }
    std::string_view bytes;
    event::event_result<void> read;
    if (is_exact()) {
        auto const taken = event::exact_text(value);
        read = taken ? event::event_result<void>{} : event::event_result<void>{taken.error()};
        bytes = taken ? *taken : std::string_view{};
    } else {
        read = event::debezium_text(value, table.types[column], format_.values, text_);
        bytes = text_;
    }
    if (!read && read.error().code == event::event_errc::unavailable) {
        tuple_ += unchanged;
        return false;
    }
    if (!read) {
        return record_error{fmt::format("column {} of table {}: {}",
                                        table.shape.columns[column].name, quoted(table.shape),
                                        read.error().message())};
    }
    char size[4];
    store_big_endian(size, static_cast<std::uint32_t>(bytes.size()));
    tuple_ += text;
    tuple_.append(size, sizeof size).append(bytes);
    return true;
}

foreign_rows::result<void> foreign_rows::put(foreign_table const& table, mapping& of,
                                             foreign_change& made, arena& into) {
    for (std::size_t number = 0; number < event_.after.size(); ++number) {
        if (names_[number] == deleted_field && event_.after[number].text == "true") {
            return remove(table, of, made, into);
        }
    }
    auto const& columns = table.shape.columns;
    bool const update = event_.op == event_operation::update;
    bool whole = true;
    tuple_.clear();
    present_.assign(columns.size(), update);
    for (std::size_t column = 0; column < present_.size(); ++column) {
        auto value = value_at(event_.after, of.fields[column]);
        if (columns[column].key && value.kind == field_kind::absent) {
            value = key_value(table, of, column);
        }
        if (columns[column].key &&
            (value.kind == field_kind::absent || value.kind == field_kind::null)) {
            return no_key(table, column);
        }
        if (value.kind == field_kind::absent) { // what a new row does not have gets its default
            tuple_ += update ? std::string_view{&unchanged, 1} : std::string_view{};
            whole = whole && !(moved_ && is_exact());
            continue;
        }
        present_[column] = true;
        auto const appended = append(table, column, value);
        if (!appended) {
            return appended.error();
        }
        whole = whole && *appended;
    }
    // A plain row does not say whether it is new, but for one whose key was changed.
    bool const is_new = moved_ || (!update && event_.op != event_operation::none);
    if (!whole && is_new) {
        return record_error{fmt::format(
            "a row of table {} that is to be made has values that were not sent with it{}: give the "
            "table REPLICA IDENTITY FULL at the source, or copy the row by hand",
            quoted(table.shape), moved_ ? " (its key was changed)" : "")};
    }
    use_shape(table, of, present_);
    made.what.kind = update || !whole ? change_kind::update : change_kind::insert;
    made.what.new_row = {static_cast<std::uint16_t>(of.shape->columns.size()), into.keep(tuple_)};
    return {};
}

// Of the record's key, which may be the bare value of a key of one column, or of the row that goes.
field_value foreign_rows::key_value(foreign_table const& table, mapping const& of,
                                    std::size_t column) const {
    field_value value;
    if (has_key_) {
        value = value_at(key_, of.fields[column]);
        bool const single =
            std::ranges::count(table.shape.columns, true, &pgoutput::column_shape::key) == 1;
        for (std::size_t number = 0; single && number < key_.size(); ++number) {
            value = names_[number].empty() && key_[number].kind != field_kind::absent ? key_[number]
                                                                                      : value;
        }
    }
    if (value.kind == field_kind::absent && event_.has_before) {
        value = value_at(event_.before, of.fields[column]);
    }
    if (value.kind == field_kind::absent && event_.has_after) {
        value = value_at(event_.after, of.fields[column]);
    }
    return value;
}

foreign_rows::result<void> foreign_rows::remove(foreign_table const& table, mapping& of,
                                                foreign_change& made, arena& into) {
    auto const& columns = table.shape.columns;
    tuple_.clear();
    for (std::size_t column = 0; column < columns.size(); ++column) {
        if (!columns[column].key) {
            tuple_ += null;
            continue;
        }
        auto const value = key_value(table, of, column);
        if (value.kind == field_kind::absent || value.kind == field_kind::null) {
            return no_key(table, column);
        }
        auto const appended = append(table, column, value);
        if (!appended) {
            return appended.error();
        }
        if (!*appended) { // it says that it was not sent
            return no_key(table, column);
        }
    }
    use_shape(table, of, std::vector<bool>(columns.size(), true));
    made.what.kind = change_kind::remove;
    made.what.old_kind = pgoutput::old_row_kind::key;
    made.what.old_row = {static_cast<std::uint16_t>(columns.size()), into.keep(tuple_)};
    return {};
}

} // namespace tandem::engine
