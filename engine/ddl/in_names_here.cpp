// A peer's change in the names of this node.

#include "engine/ddl/definition_names.hpp"
#include "engine/ddl/follow.hpp"
#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::engine::ddl {
namespace {

shape const* here_as(shape const& columns, std::string const& before, std::string const& after) {
    auto const* const now = named(columns, after);
    return now != nullptr ? now : named(columns, before);
}

// A column, and what is granted of it.
void rename(shape& table, std::string const& from, std::string const& to) {
    for (auto& each : table["columns"]) {
        if (text(each, "name") == from) {
            each["name"] = to;
        }
    }
    if (!table.contains("column_grants")) {
        return;
    }
    for (auto& each : table["column_grants"]) {
        if (each.size() > 3 && each[3] == from) {
            each[3] = to;
        }
    }
}

// As the server writes it.
std::string table_in_indexes(shape const& here) {
    for (auto const& each : list(here, "indexes")) {
        auto const def = text(each, "def");
        if (auto const place = place_of_table(def)) {
            return def.substr(place->first, place->second);
        }
    }
    return qualified(here);
}

void name_indexes(shape& table, std::string const& as) {
    if (!table.is_object() || !table.contains("indexes")) {
        return;
    }
    for (auto& each : table["indexes"]) {
        auto def = text(each, "def");
        if (auto const place = place_of_table(def)) {
            each["def"] = def.replace(place->first, place->second, as);
        }
    }
}

// From where to where it names columns of its own table.
std::pair<std::size_t, std::size_t> about_columns(std::string_view key, std::string const& def) {
    if (key == "indexes") {
        return {std::min(def.find(" USING "), def.size()), def.size()};
    }
    return {0, std::min(def.find(" REFERENCES "), def.size())};
}

// What is about a column that is gone went with it.
void name_columns(shape& table, column_names const& now) {
    for (auto const* const key : {"constraints", "indexes"}) {
        if (now.empty() || !table.is_object() || !table.contains(key)) {
            continue;
        }
        auto& parts = table[key].get_ref<shape::array_t&>();
        std::erase_if(parts, [&](shape& each) {
            auto def = text(each, "def");
            auto const [from, to] = about_columns(key, def);
            auto const made = with_names(std::string_view{def}.substr(from, to - from), now);
            if (made) {
                each["def"] = def.replace(from, to - from, *made);
            }
            return !made;
        });
    }
}

void leave(shape& columns, std::string const& name) {
    std::erase_if(columns.get_ref<shape::array_t&>(),
                  [&](shape const& each) { return text(each, "name") == name; });
}

} // namespace

bool misses_something(object_change const& change, surroundings const& here) {
    if (change.before.is_null()) {
        return false;
    }
    if (!change.is_table()) {
        return !change.after.is_null() && here.at_before.is_null() && here.at_after.is_null();
    }
    auto const& table = here.at_before.is_null() ? here.at_after : here.at_before;
    if (table.is_null()) {
        return true;
    }
    auto const parts = parts_of(change, "columns");
    return text(table, "kind") == "table" && std::ranges::any_of(parts, [&](part const& each) {
               if (each.added()) {
                   return false;
               }
               auto const before = text(*each.before, "name");
               return here_as(list(table, "columns"), before,
                              each.removed() ? before : text(*each.after, "name")) == nullptr;
           });
}

object_change in_names_here(object_change change, followed_table const& followed,
                            shape const& here) {
    auto const original = change;
    column_names before_now;
    column_names after_now;
    std::size_t at = 0;
    for (auto const& each : list(original.before, "columns")) {
        auto const before = text(each, "name");
        auto const& column = followed.columns[at++];
        auto const parts = parts_of(original, "columns");
        auto const of = std::ranges::find_if(parts, [&](part const& one) {
            return one.before != nullptr && text(*one.before, "name") == before;
        });
        auto const after = of->removed() ? before : text(*of->after, "name");
        if (column.gone) {
            before_now.emplace(before, std::nullopt);
            after_now.emplace(after, std::nullopt);
            leave(change.before["columns"], before);
            if (!of->removed()) {
                leave(change.after["columns"], after);
            }
        } else if (!of->renamed() && column.name != before) {
            before_now.emplace(before, column.name);
            after_now.emplace(after, column.name);
            rename(change.before, before, column.name);
            if (!of->removed()) {
                rename(change.after, after, column.name);
            }
        }
    }
    name_columns(change.before, before_now);
    name_columns(change.after, after_now);
    bool const stays =
        change.after.is_null() || (text(change.after, "schema") == text(change.before, "schema") &&
                                   text(change.after, "name") == text(change.before, "name"));
    if (stays) {
        auto const target = table_in_indexes(here);
        for (auto* const side : {&change.before, &change.after}) {
            name_indexes(*side, target);
        }
        change.before["schema"] = followed.schema;
        change.before["name"] = followed.name;
        if (!change.after.is_null()) {
            change.after["schema"] = followed.schema;
            change.after["name"] = followed.name;
        }
    }
    return change;
}

void note_names(followed_table const& followed, names_there const& there, surroundings& here) {
    if (followed.schema != there.schema || followed.name != there.name) {
        here.table_here = fmt::format("{}.{}", followed.schema, followed.name);
    }
    for (std::size_t at = 0; at < there.columns.size(); ++at) {
        auto const& now = followed.columns[at];
        if (!now.gone && now.name != there.columns[at]) {
            here.columns_here.emplace(there.columns[at], now.name);
        }
    }
}

} // namespace tandem::engine::ddl
