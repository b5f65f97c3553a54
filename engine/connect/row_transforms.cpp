#include "engine/connect/row_transforms.hpp"

#include "codecs/base/big_endian.hpp"
#include "engine/config/pattern.hpp"
#include "engine/connect/read_text.hpp"
#include "engine/core/oversize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace tandem::connect {
namespace {

using engine::change;
using engine::change_kind;
using pgoutput::column_kind;
using pgoutput::relation_shape;

void append_cell(std::string& tuple, column_kind kind, std::string_view bytes) {
    tuple += static_cast<char>(kind);
    if (kind == column_kind::text || kind == column_kind::binary) {
        char size[4];
        store_big_endian(size, static_cast<std::uint32_t>(bytes.size()));
        tuple.append(size, sizeof size).append(bytes);
    }
}

// The row that a record is of. Null: it is of none.
value const* row_in(data const& what) noexcept {
    auto const* row = &what.what;
    if (row->kind() != value_kind::structure) {
        return nullptr;
    }
    auto const& name = row->shape().name;
    if (name && name->ends_with(".Envelope")) {
        auto const after = row->shape().index_of("after");
        row = after ? &row->field(*after) : nullptr;
    }
    return row != nullptr && row->kind() == value_kind::structure ? row : nullptr;
}

} // namespace

row_transforms::row_transforms(engine::row_transform_entries const& of, std::string const& node,
                               std::string const& database, synced_catalog catalog)
    : entries_{of},
      node_{node},
      settings_{[&] {
          source_settings made;
          made.prefix = node;
          made.database = database;
          made.tombstones = false;
          return made;
      }()},
      catalog_{std::move(catalog)},
      records_{settings_, std::string{}},
      texts_{settings_.values} {}

row_transforms::table& row_transforms::table_of(pgoutput::relation_ptr const& shape) {
    auto& found = tables_[shape.get()];
    if (found) {
        return *found;
    }
    found = std::make_unique<table>();
    found->shape = shape;
    std::vector<engine::transform_entry const*> chosen;
    for (auto const& each : entries_.transforms) {
        bool const of_node = each.from.empty() || each.from == node_;
        bool const of_table =
            each.tables.empty() || std::ranges::any_of(each.tables, [&](auto const& one) {
                return engine::matches(one, shape->schema, shape->name);
            });
        if (of_node && of_table) {
            chosen.push_back(&each);
        }
    }
    if (chosen.empty()) {
        return *found;
    }
    auto chain = transformation_chain::of(row_chain_config(entries_, chosen));
    found->chain = std::move(chain).value(); // each was checked at the start
    auto const known = catalog_.tables.find({shape->schema, shape->name});
    auto const facts = known == catalog_.tables.end() ? table_facts{} : known->second;
    found->records = records_.table_of(shape, facts, catalog_.types);
    for (auto const& column : shape->columns) {
        bool const named = std::ranges::find(facts.key, column.name) != facts.key.end();
        found->key.push_back(facts.key.empty() ? column.key : named);
        auto const of_column = facts.columns.find(column.name);
        found->not_null.push_back(of_column != facts.columns.end() && of_column->second.not_null);
        found->types.push_back(event::resolve(column.type, column.type_modifier, catalog_.types));
    }
    return *found;
}

row_transforms::result row_transforms::apply(engine::transaction_header const& of,
                                             change const& from,
                                             pgoutput::relation_ptr const& shape) {
    auto& with = table_of(shape);
    if (!with.chain) {
        return {verdict::as_it_is, from, shape};
    }
    if (begun_ != of.final_lsn) {
        records_.begin(of, {});
        begun_ = of.final_lsn;
        now_.emplace(of.commit_time.unix_us() * 1'000);
    }
    encoded_.clear();
    memory_.clear();
    auto made = through(with, from);
    return made ? std::move(*made) : refused(with, from, std::move(made).error().what);
}

outcome<row_transforms::result> row_transforms::through(table& of, change const& from) {
    auto encoded = records_.of_change(from, of.records, *now_, encoded_);
    if (!encoded) { // for values that Debezium has no form for the chain sees its placeholder
        encoded = records_.of_change(without_odd_values(of, from), of.records, *now_, encoded_);
    }
    if (!encoded) {
        return data_problem(encoded.error());
    }
    // Of an update that moved its row: what is removed, and what is made.
    bool const moved = encoded->size() > 1;
    auto const first = run(of, encoded->front());
    if (!first) {
        return first.error();
    }
    if (from.kind == change_kind::remove) {
        if (!*first) {
            return result{verdict::left_out, {}, {}};
        }
        result made{verdict::changed, from, of.shape};
        reduce_old_row(of, *of.shape, made.made);
        return made;
    }
    if (!moved) {
        return *first ? rebuilt(of, from, **first)
                      : outcome<result>{result{verdict::left_out, {}, {}}};
    }
    auto const second = run(of, encoded->back());
    if (!second) {
        return second.error();
    }
    auto what = from;
    if (!*second) {
        if (!*first) {
            return result{verdict::left_out, {}, {}};
        }
        what.kind = change_kind::remove;
        what.new_row = {};
        reduce_old_row(of, *of.shape, what);
        return result{verdict::changed, what, of.shape};
    }
    if (!*first) { // the row that it was stays
        pgoutput::tuple_view::cursor cells{from.new_row};
        for (auto const& column : of.shape->columns) {
            if (cells.next().kind == column_kind::unchanged) {
                return data_problem(fmt::format(
                    "they drop the delete of the row that it was, and column {}, which is as it was, is not "
                    "in the stream for the row that it becomes",
                    column.name));
            }
        }
        what.kind = change_kind::insert;
        what.old_kind = pgoutput::old_row_kind::none;
        what.old_row = {};
    }
    return rebuilt(of, what, **second);
}

// Arrays of arrays and numbers that are none have no form in Debezium's records.
change row_transforms::without_odd_values(table const& of, change from) {
    auto const replaced = [&](pgoutput::tuple_view row) {
        std::string tuple;
        pgoutput::tuple_view::cursor cells{row};
        for (std::size_t at = 0; at < row.column_count(); ++at) {
            auto cell = cells.next();
            bool const number = of.types[at].kind == event::value_kind::numeric;
            bool const finite =
                !cell.bytes.empty() && (cell.bytes.back() >= '0' && cell.bytes.back() <= '9');
            bool const odd =
                cell.kind == column_kind::text && (of.types[at].array || (number && !finite));
            if (odd && of.not_null[at]) {
                append_cell(tuple, column_kind::text, of.types[at].array ? "{}" : "0");
            } else {
                append_cell(tuple, odd ? column_kind::null : cell.kind, cell.bytes);
            }
        }
        return pgoutput::tuple_view{row.column_count(), memory_.keep(tuple)};
    };
    from.old_row = from.old_row.empty() ? from.old_row : replaced(from.old_row);
    from.new_row = from.new_row.empty() ? from.new_row : replaced(from.new_row);
    return from;
}

outcome<std::optional<row_transforms::passed>> row_transforms::run(table& of,
                                                                   source_record const& encoded) {
    record made;
    made.topic = of.records.topic;
    auto key = read_text(keys_, encoded.key, key_room_, memory_);
    if (!key) {
        return key.error();
    }
    auto value = read_text(values_, encoded.value, value_room_, memory_);
    if (!value) {
        return value.error();
    }
    made.key = std::move(*key);
    made.value = *value;
    auto const stays = of.chain->apply(made, memory_);
    if (!stays) {
        return stays.error();
    }
    if (!*stays) {
        return std::optional<passed>{};
    }
    if (made.topic != of.records.topic) {
        return data_problem(
            fmt::format("they send its record to topic {}, and a row goes to the table of "
                        "the same name",
                        made.topic));
    }
    return std::optional{passed{std::move(*value), std::move(made.value)}};
}

outcome<row_transforms::result> row_transforms::rebuilt(table& of, change const& from,
                                                        passed const& by) {
    auto const* const was = row_in(by.was);
    auto const* const is = row_in(by.is);
    if (is == nullptr) {
        return data_problem("what they leave of its record is no row: an envelope, or what "
                            "ExtractNewRecordState makes of it");
    }
    tuple_.clear();
    auto const names = write_row(of, from.new_row, *was, *is);
    if (!names) {
        return names.error();
    }
    result made{verdict::changed, from, shape_for(of, *names)};
    made.made.new_row = {static_cast<std::uint16_t>(names->size()), memory_.keep(tuple_)};
    reduce_old_row(of, *made.shape, made.made);
    return made;
}

// Into tuple_: the names of its columns.
outcome<std::vector<std::string>> row_transforms::write_row(table const& of,
                                                            pgoutput::tuple_view from,
                                                            value const& was, value const& is) {
    std::vector<std::string> names;
    pgoutput::tuple_view::cursor cells{from};
    auto const& columns = of.shape->columns;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        auto const& name = columns[at].name;
        auto const cell = cells.next();
        auto const before = was.shape().index_of(name);
        auto const after = is.shape().index_of(name);
        bool const kept = !before || (after && same(was.field(*before), is.field(*after)));
        if (!kept && of.key[at]) {
            return data_problem(
                fmt::format("they {} column {} of its key, by which the other node finds it",
                            after ? "change" : "take away", name));
        }
        if (!kept && !after) {
            continue;
        }
        names.push_back(name);
        if (kept) {
            append_cell(tuple_, cell.kind, cell.bytes);
            continue;
        }
        auto const written =
            write_value(*is.shape().fields[*after].of, is.field(*after), of.types[at], cell);
        if (!written) {
            return data_problem(fmt::format("column {}: {}", name, written.error().what));
        }
    }
    for (auto const& field : is.shape().fields) {
        if (std::ranges::find(columns, field.name, &pgoutput::column_shape::name) ==
            columns.end()) {
            return data_problem(
                fmt::format("they add field {}, which is no column of its table", field.name));
        }
    }
    return names;
}

// `otherwise`: where it is the placeholder of what the source did not send.
outcome<void> row_transforms::write_value(schema const& of, value const& what,
                                          event::resolved_type const& column,
                                          pgoutput::column_view otherwise) {
    auto const cell = texts_.of(&of, what, column, text_);
    if (!cell) {
        return cell.error();
    }
    if (*cell == sink_cell::text) {
        append_cell(tuple_, column_kind::text, text_);
    } else if (*cell == sink_cell::null) {
        append_cell(tuple_, column_kind::null, {});
    } else {
        append_cell(tuple_, otherwise.kind, otherwise.bytes);
    }
    return {};
}

pgoutput::relation_ptr row_transforms::shape_for(table& of, std::vector<std::string> const& names) {
    auto& made = of.shapes[fmt::format("{}", fmt::join(names, "\n"))];
    if (made) {
        return made;
    }
    auto shape = *of.shape;
    shape.columns.clear();
    std::ranges::copy_if(
        of.shape->columns, std::back_inserter(shape.columns),
        [&](auto const& each) { return std::ranges::find(names, each.name) != names.end(); });
    made = shape == *of.shape ? of.shape : std::make_shared<relation_shape const>(std::move(shape));
    return made;
}

// To what the other node finds the row by: the rest has not gone through the chain. Where all of the row is its key, nothing
// of it was changed.
void row_transforms::reduce_old_row(table const& of, relation_shape const& as, change& made) {
    if (made.old_row.empty()) {
        return;
    }
    std::string tuple;
    for (auto const& column : as.columns) {
        pgoutput::tuple_view::cursor cells{made.old_row};
        pgoutput::column_view cell;
        for (std::size_t at = 0; at < of.shape->columns.size(); ++at) {
            auto const here = cells.next();
            if (of.shape->columns[at].name == column.name && of.key[at]) {
                cell = here;
            }
        }
        append_cell(tuple, cell.kind, cell.bytes);
    }
    made.old_row = {static_cast<std::uint16_t>(as.columns.size()), memory_.keep(tuple)};
    bool const whole = std::ranges::all_of(of.key, [](bool each) { return each; });
    made.old_kind = whole ? made.old_kind : pgoutput::old_row_kind::key;
}

row_transforms::result row_transforms::refused(table const& of, change const& from,
                                               std::string why) {
    auto shape = *of.shape;
    bool const whole = std::ranges::all_of(of.key, [](bool each) { return each; });
    for (std::size_t at = 0; at < shape.columns.size(); ++at) {
        shape.columns[at].key = of.key[at] && !(whole && shape.replica_identity == 'f');
    }
    note_ = {};
    note_.known.assign(shape.columns.size(), true);
    note_.why =
        fmt::format("the transformations of its changes ([[transform]]) refuse it: {}", why);
    result made{verdict::changed, from, of.shape};
    auto const only_key = [&](pgoutput::tuple_view& row, pgoutput::tuple_view before) {
        if (!row.empty()) {
            row = *engine::known_row(engine::identity_of(row, shape, before), shape, note_.known,
                                     memory_);
        }
    };
    only_key(made.made.new_row, from.old_row);
    only_key(made.made.old_row, {});
    made.made.old_kind =
        from.old_kind == pgoutput::old_row_kind::none ? from.old_kind : pgoutput::old_row_kind::key;
    made.made.oversized = &note_;
    return made;
}

} // namespace tandem::connect
