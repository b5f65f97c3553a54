#include "engine/connect/sink_batch.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tandem::connect {
namespace {

using engine::change_kind;

void append_element(std::string& array, sink_field const& value) {
    if (array.size() > 1) {
        array += ',';
    }
    if (value.is != sink_field::state::text) {
        array += "NULL";
        return;
    }
    array += '"';
    auto rest = value.text;
    for (auto at = rest.find_first_of("\"\\"); at != rest.npos; at = rest.find_first_of("\"\\")) {
        array += rest.substr(0, at);
        array += '\\';
        array += rest[at];
        rest.remove_prefix(at + 1);
    }
    array += rest;
    array += '"';
}

// https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.2
void append_copied(std::string& data, sink_field const& value) {
    if (value.is != sink_field::state::text) {
        data += "\\N";
        return;
    }
    std::size_t from = 0;
    for (std::size_t at = 0; at < value.text.size(); ++at) {
        char const each = value.text[at];
        if (each > '\r' && each != '\\') [[likely]] {
            continue;
        }
        std::string_view const escape = each == '\\'   ? "\\\\"
                                        : each == '\n' ? "\\n"
                                        : each == '\r' ? "\\r"
                                        : each == '\t' ? "\\t"
                                                       : "";
        if (!escape.empty()) {
            data += value.text.substr(from, at - from);
            data += escape;
            from = at + 1;
        }
    }
    data += value.text.substr(from);
}

// Which columns a statement has arrays for.
using column_set = std::vector<std::size_t>;
// Rows that go in one statement: what it does (delete, insert, insert over, put over what was there, update) and to which columns.
struct group {
    char does = 'i';
    column_set columns;
    std::vector<std::size_t> rows;

    // Those that free unique values first.
    [[nodiscard]] bool before(group const& other) const noexcept {
        return does != other.does ? does < other.does : columns < other.columns;
    }
};

// What a COPY saves is more than what it costs when it fails.
constexpr std::size_t copied_least = 100; // rows

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

// Without its rows. Empty text: there is nothing that could be set.
sink_statement statement_of(sink_table const& of, group const& what, engine::insert_trust* trust) {
    sink_statement made;
    made.rows = what.rows.size();
    bool const may_be_new = what.does == 'o' || what.does == 'i';
    if (may_be_new && trust != nullptr && made.rows >= copied_least && !what.columns.empty()) {
        made.table = sql::qualified(of.schema, of.name);
        made.is_copy = trust->plain(made.table);
    }
    if (made.is_copy) {
        made.sql =
            fmt::format("COPY {} ({}) FROM STDIN", made.table, names_of(of, what.columns, ""));
        return made;
    }
    made.sql = what.does == 'd'   ? delete_text(of, what.columns)
               : what.does == 'u' ? update_text(of, what.columns)
                                  : insert_text(of, what.columns, what.does != 'i');
    made.arrays.assign(what.columns.size(), "{");
    return made;
}

void append_values(sink_statement& to, column_set const& columns, sink_field const* row) {
    for (std::size_t at = 0; at < columns.size(); ++at) {
        if (to.is_copy) {
            to.copied += at == 0 ? "" : "\t";
            append_copied(to.copied, row[columns[at]]);
        } else {
            append_element(to.arrays[at], row[columns[at]]);
        }
    }
    if (to.is_copy) {
        to.copied += '\n';
    }
}

} // namespace

sink_table::column const* sink_table::find(std::string_view column_name) const {
    auto const found = std::ranges::find(columns, column_name, &column::name);
    return found == columns.end() ? nullptr : &*found;
}

sink_batch::pending& sink_batch::pending_of(sink_table const& of) {
    for (std::size_t at = 0; at < used_; ++at) {
        if (tables_[at]->of == &of) {
            return *tables_[at];
        }
    }
    if (used_ == tables_.size()) {
        tables_.push_back(std::make_unique<pending>());
    }
    auto& made = *tables_[used_++];
    made.of = &of;
    made.width = of.columns.size();
    return made;
}

void sink_batch::note_places(pending& into, pgoutput::relation_shape const& shape) const {
    into.shape = &shape;
    into.places.clear();
    for (auto const& column : shape.columns) {
        auto const* const known = into.of->find(column.name);
        into.places.push_back(known == nullptr ? -1
                                               : static_cast<int>(known - into.of->columns.data()));
    }
}

void sink_batch::add(sink_table const& of, engine::change const& what) {
    auto& into = pending_of(of);
    if (into.shape != what.shape) {
        note_places(into, *what.shape);
    }
    change_.removed = what.kind == change_kind::remove;
    change_.whole = true;
    change_.is_update = what.kind == change_kind::update;
    change_.columns.assign(into.width, {});
    auto const sent = change_.removed ? what.old_row : what.new_row;
    pgoutput::tuple_view::cursor columns{sent};
    for (std::size_t at = 0; at < sent.column_count(); ++at) {
        auto const column = columns.next();
        auto const place = into.places[at];
        if (place < 0) {
            continue;
        }
        auto const index = static_cast<std::size_t>(place);
        if (change_.removed && !of.columns[index].key) {
            continue;
        }
        if (column.kind == pgoutput::column_kind::unchanged) {
            change_.whole = false;
            continue;
        }
        bool const null = column.kind == pgoutput::column_kind::null;
        change_.columns[index] = {null ? sink_field::state::null : sink_field::state::text,
                                  null ? std::string_view{} : column.bytes};
    }
    add(of, change_);
}

// What tells a row from the others of its table; empty: nothing does.
std::string_view sink_batch::key_of(sink_table const& of, sink_field const* row) {
    std::size_t size = 0;
    std::size_t count = 0;
    std::string_view only;
    for (std::size_t at = 0; at < of.columns.size(); ++at) {
        if (of.columns[at].key && row[at].there()) {
            only = row[at].text;
            size += only.size() + sizeof(std::uint32_t);
            ++count;
        }
    }
    if (count == 1 && !only.empty()) {
        return only;
    }
    char* const room = memory_.reserve(size);
    char* to = room;
    for (std::size_t at = 0; at < of.columns.size(); ++at) {
        if (of.columns[at].key && row[at].there()) {
            auto const text = row[at].text;
            auto const length = static_cast<std::uint32_t>(text.size());
            std::memcpy(to, &length, sizeof length);
            to = std::ranges::copy(text, to + sizeof length).out;
        }
    }
    return memory_.commit(size);
}

void sink_batch::append_row(pending& into, sink_values const& made) {
    into.rows.push_back({made.removed, made.whole, made.is_update});
    into.cells.insert(into.cells.end(), made.columns.begin(), made.columns.end());
}

void sink_batch::add(sink_table const& of, sink_values const& made) {
    auto& into = pending_of(of);
    for (auto const& each : made.columns) {
        bytes_ += each.text.size();
    }
    ++changes_;
    auto const key =
        mode_ == insert_mode::upsert ? key_of(of, made.columns.data()) : std::string_view{};
    if (key.empty()) {
        append_row(into, made);
        return;
    }
    // The last state of each row.
    auto const [found, fresh] = into.by_key.try_emplace(key, into.rows.size());
    if (fresh) {
        append_row(into, made);
        return;
    }
    auto& before = into.rows[found->second];
    if (before.removed && !made.removed) { // nothing of the row before is left
        found->second = into.rows.size();
        append_row(into, made);
        return;
    }
    auto* const cells = into.row_at(found->second);
    for (std::size_t column = 0; column < into.width; ++column) {
        if (made.removed || made.columns[column].there()) { // what it does not say stays
            cells[column] = made.columns[column];
        }
    }
    before.whole = made.whole || (!made.removed && before.whole);
    before.removed = made.removed;
}

void sink_batch::add_statements(pending const& of, engine::insert_trust* trust,
                                std::vector<sink_statement>& into) const {
    auto const& columns = of.of->columns;
    auto const does = [this](pending::row const& one) {
        return one.removed                    ? 'd'
               : mode_ == insert_mode::update ? 'u'
               : !one.whole                   ? 'u'
               : mode_ != insert_mode::upsert ? 'i'
               : one.is_update                ? 'p'
                                              : 'o';
    };
    auto const is_sent = [&columns](sink_field const* row, std::size_t at) {
        return row[at].there() && !columns[at].generated;
    };
    auto const is_of = [&](group const& one, char what, sink_field const* row) {
        std::size_t next = 0;
        for (std::size_t at = 0; at < columns.size(); ++at) {
            if (is_sent(row, at) && (next == one.columns.size() || one.columns[next++] != at)) {
                return false;
            }
        }
        return one.does == what && next == one.columns.size();
    };
    bool const in_order = mode_ != insert_mode::upsert;
    std::vector<group> groups;
    std::size_t last = 0;
    for (std::size_t index = 0; index < of.rows.size(); ++index) {
        auto const* const row = of.row_at(index);
        char const what = does(of.rows[index]);
        if (groups.empty() || !is_of(groups[last], what, row)) {
            // Of upserts there is one state of each row, so that they may be put together.
            auto const found =
                in_order ? groups.end() : std::ranges::find_if(groups, [&](group const& one) {
                    return is_of(one, what, row);
                });
            last = static_cast<std::size_t>(found - groups.begin());
            if (found == groups.end()) {
                last = groups.size();
                auto& made = groups.emplace_back();
                made.does = what;
                for (std::size_t at = 0; at < columns.size(); ++at) {
                    if (is_sent(row, at)) {
                        made.columns.push_back(at);
                    }
                }
            }
        }
        groups[last].rows.push_back(index);
    }
    if (!in_order) {
        std::ranges::sort(groups,
                          [](group const& one, group const& other) { return one.before(other); });
    }
    for (auto const& one : groups) {
        auto made = statement_of(*of.of, one, trust);
        for (auto const index : one.rows) {
            append_values(made, one.columns, of.row_at(index));
        }
        for (auto& array : made.arrays) {
            array += '}';
        }
        if (!made.sql.empty()) {
            into.push_back(std::move(made));
        }
    }
}

std::vector<sink_statement> sink_batch::statements(engine::insert_trust* trust) const {
    std::vector<sink_statement> made;
    for (std::size_t at = 0; at < used_; ++at) {
        add_statements(*tables_[at], trust, made);
    }
    if (!last_.empty()) {
        made.emplace_back().sql = last_;
    }
    return made;
}

void sink_batch::clear() {
    for (std::size_t at = 0; at < used_; ++at) {
        auto& each = *tables_[at];
        each.of = nullptr;
        each.shape = nullptr;
        each.rows.clear();
        each.cells.clear();
        each.by_key.clear();
    }
    used_ = 0;
    memory_.clear();
    last_.clear();
    changes_ = 0;
    bytes_ = 0;
}

} // namespace tandem::connect
