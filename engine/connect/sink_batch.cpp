#include "engine/connect/sink_batch.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace tandem::connect {
namespace {

using engine::change_kind;

void append_element(std::string& array, std::optional<std::string> const& value) {
    array += array.size() == 1 ? "" : ",";
    if (!value) {
        array += "NULL";
        return;
    }
    array += '"';
    for (char const each : *value) {
        if (each == '"' || each == '\\') {
            array += '\\';
        }
        array += each;
    }
    array += '"';
}

// Which columns a statement has arrays for.
using column_set = std::vector<std::size_t>;
// Rows that go in one statement: what it does (delete, insert, insert over, update) and to which columns.
using group = std::pair<char, column_set>;

std::string names_of(sink_table const& of, column_set const& columns, std::string_view prefix) {
    std::string made;
    for (auto const each : columns) {
        made += fmt::format("{}{}{}", made.empty() ? "" : ", ", prefix,
                            sql::identifier(of.columns[each].name));
    }
    return made;
}

// SELECT of the arrays, each element of its column's type.
std::string rows_of(sink_table const& of, column_set const& columns) {
    std::string casts;
    std::string arrays;
    std::string names;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        auto const& column = of.columns[columns[at]];
        casts += fmt::format("{}u.c{}::{}", at == 0 ? "" : ", ", at, column.type_name);
        arrays += fmt::format("{}${}::text[]", at == 0 ? "" : ", ", at + 1);
        names += fmt::format("{}c{}", at == 0 ? "" : ", ", at);
    }
    return fmt::format("SELECT {} FROM unnest({}) AS u ({})", casts, arrays, names);
}

std::string key_matches(sink_table const& of, column_set const& columns, std::string_view table) {
    std::string made;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        auto const& column = of.columns[columns[at]];
        if (column.key) {
            made += fmt::format("{}{}.{} = u.c{}::{}", made.empty() ? "" : " AND ", table,
                                sql::identifier(column.name), at, column.type_name);
        }
    }
    return made;
}

std::string unnested(column_set const& columns) {
    std::string arrays;
    std::string names;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        arrays += fmt::format("{}${}::text[]", at == 0 ? "" : ", ", at + 1);
        names += fmt::format("{}c{}", at == 0 ? "" : ", ", at);
    }
    return fmt::format("unnest({}) AS u ({})", arrays, names);
}

std::string insert_text(sink_table const& of, column_set const& columns, bool over) {
    bool const own_numbers = std::ranges::any_of(
        columns, [&](std::size_t each) { return of.columns[each].identity_always; });
    auto made = fmt::format("INSERT INTO {} ({}){} {}", sql::qualified(of.schema, of.name),
                            names_of(of, columns, ""),
                            own_numbers ? " OVERRIDING SYSTEM VALUE" : "", rows_of(of, columns));
    if (!over) {
        return made;
    }
    std::string keys;
    std::string sets;
    for (auto const& column : of.columns) {
        if (column.key) {
            keys += fmt::format("{}{}", keys.empty() ? "" : ", ", sql::identifier(column.name));
        }
    }
    for (auto const each : columns) {
        auto const& column = of.columns[each];
        if (!column.key && !column.identity_always) {
            auto const name = sql::identifier(column.name);
            sets += fmt::format("{}{} = EXCLUDED.{}", sets.empty() ? "" : ", ", name, name);
        }
    }
    return made + fmt::format(" ON CONFLICT ({}) DO {}", keys,
                              sets.empty() ? "NOTHING" : "UPDATE SET " + sets);
}

// Empty: there is nothing that could be set.
std::string update_text(sink_table const& of, column_set const& columns) {
    std::string sets;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        auto const& column = of.columns[columns[at]];
        if (!column.key && !column.identity_always) {
            sets += fmt::format("{}{} = u.c{}::{}", sets.empty() ? "" : ", ",
                                sql::identifier(column.name), at, column.type_name);
        }
    }
    return sets.empty() ? std::string{}
                        : fmt::format("UPDATE {} AS t SET {} FROM {} WHERE {}",
                                      sql::qualified(of.schema, of.name), sets, unnested(columns),
                                      key_matches(of, columns, "t"));
}

std::string delete_text(sink_table const& of, column_set const& columns) {
    return fmt::format("DELETE FROM {} AS t USING {} WHERE {}", sql::qualified(of.schema, of.name),
                       unnested(columns), key_matches(of, columns, "t"));
}

} // namespace

sink_table::column const* sink_table::find(std::string_view column_name) const {
    auto const found = std::ranges::find(columns, column_name, &column::name);
    return found == columns.end() ? nullptr : &*found;
}

sink_batch::pending& sink_batch::pending_of(sink_table const& of) {
    auto const found = std::ranges::find(tables_, &of, &pending::of);
    if (found != tables_.end()) {
        return *found;
    }
    tables_.push_back({&of, {}, {}});
    return tables_.back();
}

void sink_batch::add(sink_table const& of, engine::change const& what) {
    sink_values made;
    made.removed = what.kind == change_kind::remove;
    made.columns.resize(of.columns.size());
    auto const sent = made.removed ? what.old_row : what.new_row;
    pgoutput::tuple_view::cursor columns{sent};
    for (std::size_t at = 0; at < sent.column_count(); ++at) {
        auto const column = columns.next();
        auto const& name = what.shape->columns[at].name;
        auto const* const known = of.find(name);
        if (known == nullptr || (made.removed && !known->key)) {
            continue;
        }
        auto& place = made.columns[static_cast<std::size_t>(known - of.columns.data())];
        if (column.kind == pgoutput::column_kind::unchanged) {
            made.whole = false;
            continue;
        }
        place.emplace();
        if (column.kind != pgoutput::column_kind::null) {
            place->emplace(column.bytes);
        }
    }
    add(of, std::move(made));
}

void sink_batch::add(sink_table const& of, sink_values made) {
    auto& into = pending_of(of);
    std::vector<std::string> key;
    for (std::size_t at = 0; at < of.columns.size(); ++at) {
        auto const& each = made.columns[at];
        bytes_ += each && *each ? (*each)->size() : 0;
        if (of.columns[at].key && each) {
            key.push_back(each->value_or(std::string{}));
        }
    }
    ++changes_;
    if (mode_ != insert_mode::upsert || key.empty()) {
        into.rows.push_back(std::move(made));
        return;
    }
    // The last state of each row.
    auto const [found, fresh] = into.by_key.try_emplace(std::move(key), into.rows.size());
    if (fresh) {
        into.rows.push_back(std::move(made));
        return;
    }
    if (into.rows[found->second].removed && !made.removed) { // nothing of the row before is left
        found->second = into.rows.size();
        into.rows.push_back(std::move(made));
        return;
    }
    auto& before = into.rows[found->second];
    if (!made.removed) { // what it does not say stays
        for (std::size_t column = 0; column < made.columns.size(); ++column) {
            if (!made.columns[column]) {
                made.columns[column] = std::move(before.columns[column]);
            }
        }
        made.whole = made.whole || before.whole;
    }
    before = std::move(made);
}

void sink_batch::add_statements(pending const& of, std::vector<sink_statement>& into) const {
    auto const group_of = [&](sink_values const& one) {
        group made{'i', {}};
        made.first = one.removed                    ? 'd'
                     : mode_ == insert_mode::update ? 'u'
                     : !one.whole                   ? 'u'
                     : mode_ == insert_mode::upsert ? 'o'
                                                    : 'i';
        for (std::size_t column = 0; column < one.columns.size(); ++column) {
            if (one.columns[column] && !of.of->columns[column].generated) {
                made.second.push_back(column);
            }
        }
        return made;
    };
    auto const begin = [&](group const& what) {
        sink_statement made;
        made.sql = what.first == 'd'   ? delete_text(*of.of, what.second)
                   : what.first == 'u' ? update_text(*of.of, what.second)
                                       : insert_text(*of.of, what.second, what.first == 'o');
        made.arrays.assign(what.second.size(), "{");
        return made;
    };
    auto const append = [&](sink_statement& to, group const& what, sink_values const& one) {
        for (std::size_t at = 0; at < what.second.size(); ++at) {
            append_element(to.arrays[at], *one.columns[what.second[at]]);
        }
        ++to.rows;
    };
    std::vector<sink_statement> made;
    if (mode_ ==
        insert_mode::upsert) { // one state of each row: deletes first, they free unique values
        std::map<group, sink_statement> groups;
        for (auto const& one : of.rows) {
            auto const what = group_of(one);
            auto const [at, fresh] = groups.try_emplace(what);
            if (fresh) {
                at->second = begin(what);
            }
            append(at->second, what, one);
        }
        for (auto& [what, statement] : groups) {
            made.push_back(std::move(statement));
        }
    } else { // in their order
        std::optional<group> last;
        for (auto const& one : of.rows) {
            auto const what = group_of(one);
            if (last != what) {
                made.push_back(begin(what));
                last = what;
            }
            append(made.back(), what, one);
        }
    }
    for (auto& each : made) {
        for (auto& array : each.arrays) {
            array += '}';
        }
        if (!each.sql.empty()) {
            into.push_back(std::move(each));
        }
    }
}

std::vector<sink_statement> sink_batch::statements() const {
    std::vector<sink_statement> made;
    for (auto const& each : tables_) {
        add_statements(each, made);
    }
    return made;
}

void sink_batch::clear() {
    tables_.clear();
    changes_ = 0;
    bytes_ = 0;
}

} // namespace tandem::connect
