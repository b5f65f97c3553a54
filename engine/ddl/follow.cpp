#include "engine/ddl/follow.hpp"

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>

namespace tandem::engine::ddl {
namespace {

struct table_name {
    std::string schema;
    std::string name;

    bool operator==(table_name const&) const = default;
};

table_name name_of(shape const& of) {
    return {text(of, "schema"), text(of, "name")};
}

// How a change gives the table another name; none: it does not, or is not about it. Its end is not told.
std::optional<table_name> onward(table_name const& from, object_change const& change) {
    if (auto const renamed = renamed_schema(change)) {
        return renamed->first == from.schema ? std::optional{table_name{renamed->second, from.name}}
                                             : std::nullopt;
    }
    bool const about = change.is_table() && !change.before.is_null() && !change.after.is_null() &&
                       name_of(change.before) == from;
    return about && name_of(change.after) != from ? std::optional{name_of(change.after)}
                                                  : std::nullopt;
}

// The same the other way round.
table_name backward(table_name to, object_change const& change) {
    if (auto const renamed = renamed_schema(change)) {
        return renamed->second == to.schema ? table_name{renamed->first, std::move(to.name)} : to;
    }
    bool const about = change.is_table() && !change.before.is_null() && !change.after.is_null() &&
                       name_of(change.after) == to;
    return about ? name_of(change.before) : to;
}

bool drops(object_change const& change, table_name const& what) {
    return change.is_table() && change.after.is_null() && name_of(change.before) == what;
}

bool makes(object_change const& change, table_name const& what) {
    return change.is_table() && change.before.is_null() && name_of(change.after) == what;
}

followed_table end_of(table_name at, std::span<logged const> later) {
    bool gone = false;
    for (auto const& entry : later) {
        for (auto const& change : entry.what.changes) {
            gone = gone || drops(change, at);
            if (auto next = onward(at, change)) {
                at = *std::move(next);
            }
        }
    }
    return {at.schema, at.name, gone, {}};
}

// What this node's own DDL alone makes of a column: the first opinion.
followed_column forward(table_name table, std::string const& name, std::span<logged const> log) {
    followed_column column{name, false, false, false};
    for (auto const& entry : log) {
        for (auto const& change : entry.what.changes) {
            if (!entry.own) {
                continue;
            }
            bool const about = change.is_table() && !change.before.is_null() &&
                               !change.after.is_null() && name_of(change.before) == table;
            for (auto const& part : about ? parts_of(change, "columns") : std::vector<part>{}) {
                if (!part.added() && !column.gone && text(*part.before, "name") == column.name) {
                    column.gone = part.removed();
                    column.name = part.removed() ? column.name : text(*part.after, "name");
                    break;
                }
            }
            if (auto next = onward(table, change)) {
                table = *std::move(next);
            }
        }
    }
    return column;
}

// Goes through the log from its end, and keeps what the columns that are here, and those that were described, were called then.
class look_back {
public:
    look_back(followed_table table, names_there const& there, std::vector<std::string> const& here)
        : made_{std::move(table)},
          here_{made_.schema, made_.name},
          there_{there.schema, there.name},
          now_{here},
          then_{here},
          described_{there.columns} {
        for (auto const& each : there.columns) {
            bool const is_here = std::ranges::find(here, each) != here.end();
            made_.columns.push_back({each, false, false, false});
            open_.push_back(!is_here);
        }
    }

    void meet(logged const& entry) {
        for (auto const& change : std::views::reverse(entry.what.changes)) {
            bool const both =
                change.is_table() && !change.before.is_null() && !change.after.is_null();
            bool const of_here = both && name_of(change.after) == here_;
            bool const of_there = both && !entry.own && name_of(change.after) == there_;
            if (of_here || of_there) {
                auto const parts = parts_of(change, "columns");
                for (auto const& part : parts) {
                    if (of_here) {
                        took_away(part);
                        gave_type(part, entry.own, change.by_using);
                    }
                }
                if (of_here) {
                    then_ = names_before(then_, parts);
                }
                if (of_there) {
                    described_ = names_before(described_, parts);
                }
            }
            here_ = backward(std::move(here_), change);
            there_ = entry.own ? std::move(there_) : backward(std::move(there_), change);
        }
    }

    followed_table take() {
        for (auto& column : made_.columns) {
            for (auto const& [name, by_using] : types_) {
                bool const same = !column.gone && column.name == name;
                column.retyped = column.retyped || same;
                column.computed = column.computed || (same && by_using);
            }
        }
        return std::move(made_);
    }

private:
    static std::vector<std::string> names_before(std::vector<std::string> names,
                                                 std::vector<part> const& parts) {
        for (auto& name : names) {
            auto const at = std::ranges::find_if(parts, [&](part const& each) {
                return !each.removed() && text(*each.after, "name") == name;
            });
            if (at != parts.end()) {
                name = at->added() ? std::string{} : text(*at->before, "name");
            }
        }
        return names;
    }

    // What a described column that is not here was, last.
    void took_away(part const& of) {
        if (of.added()) {
            return;
        }
        auto const was = text(*of.before, "name");
        for (std::size_t at = 0; at < described_.size(); ++at) {
            if (!open_[at] || described_[at] != was || (!of.removed() && !of.renamed())) {
                continue;
            }
            open_[at] = false;
            if (of.removed()) {
                made_.columns[at].gone = true;
                continue;
            }
            auto const now = std::ranges::find(then_, text(*of.after, "name"));
            if (now == then_.end()) { // and what that became then, is not here either
                made_.columns[at].gone = true;
            } else {
                made_.columns[at].name = now_[static_cast<std::size_t>(now - then_.begin())];
            }
        }
    }

    void gave_type(part const& of, bool own, bool by_using) {
        if (!own || of.added() || of.removed() ||
            text(*of.before, "type") == text(*of.after, "type")) {
            return;
        }
        auto const at = std::ranges::find(then_, text(*of.after, "name"));
        if (at == then_.end()) {
            return;
        }
        types_.push_back({now_[static_cast<std::size_t>(at - then_.begin())], by_using});
    }

    followed_table made_;
    table_name here_;
    table_name there_;
    std::vector<std::string> now_; // the columns that are here
    std::vector<std::string>
        then_; // the same ones, as they were called at that place of the log; empty: not made yet
    std::vector<std::string> described_; // the same of those that were described, by the peer
    std::vector<bool> open_;             // not here, and not found yet
    std::vector<std::pair<std::string, bool>>
        types_; // columns with a type of this node's, and whether it computed the values
};

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

void leave(shape& columns, std::string const& name) {
    std::erase_if(columns.get_ref<shape::array_t&>(),
                  [&](shape const& each) { return text(each, "name") == name; });
}

} // namespace

names_there names_of(shape const& table) {
    names_there made{text(table, "schema"), text(table, "name"), {}};
    for (auto const& each : list(table, "columns")) {
        made.columns.push_back(text(each, "name"));
    }
    return made;
}

followed_table follow_table(std::string schema, std::string name, std::span<logged const> log) {
    table_name at{std::move(schema), std::move(name)};
    auto const described = at;
    for (std::size_t left = log.size(); left > 0; --left) {
        auto const& entry = log[left - 1];
        for (auto const& change : std::views::reverse(entry.what.changes)) {
            if (!entry.own && makes(change, at)) {
                return {described.schema, described.name, false, {}};
            }
            if (drops(change, at)) {
                return {described.schema, described.name, true, {}};
            }
            if (auto next = onward(at, change)) {
                return end_of(*std::move(next), log.subspan(left));
            }
            at = entry.own ? std::move(at) : backward(std::move(at), change);
        }
    }
    return {described.schema, described.name, false, {}};
}

followed_table follow_columns(followed_table table, names_there const& there,
                              std::vector<std::string> const& here, std::span<logged const> log) {
    look_back looking{std::move(table), there, here};
    for (auto const& entry : std::views::reverse(log)) {
        looking.meet(entry);
    }
    auto made = looking.take();
    for (std::size_t at = 0; at < made.columns.size(); ++at) {
        auto& column = made.columns[at];
        auto const& described = there.columns[at];
        if (!column.gone && column.name == described) {
            continue;
        }
        auto const other = forward({there.schema, there.name}, described, log);
        bool const has_said = other.gone || std::ranges::find(here, other.name) != here.end();
        if (has_said &&
            (other.gone != column.gone || (!column.gone && other.name != column.name))) {
            column = {described, false, false, false}; // several had that name
        }
    }
    return made;
}

bool misses_something(object_change const& change, surroundings const& here) {
    if (!change.is_table() || change.before.is_null()) {
        return false;
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

void settle_name(object_change& change, followed_table const& at, std::span<logged const> log) {
    if (change.after.is_null()) {
        return;
    }
    auto const now = follow_table(text(change.after, "schema"), text(change.after, "name"), log);
    if (!now.gone && now.schema == at.schema && now.name == at.name) {
        change.after["schema"] = change.before["schema"];
        change.after["name"] = change.before["name"];
    }
}

object_change in_names_here(object_change change, followed_table const& followed,
                            shape const& here) {
    auto const original = change;
    std::size_t at = 0;
    for (auto const& each : list(original.before, "columns")) {
        auto const before = text(each, "name");
        auto const& column = followed.columns[at++];
        auto const parts = parts_of(original, "columns");
        auto const of = std::ranges::find_if(parts, [&](part const& one) {
            return one.before != nullptr && text(*one.before, "name") == before;
        });
        auto const after = of->removed() ? before : text(*of->after, "name");
        if (here_as(list(here, "columns"), before, after) != nullptr) {
            continue;
        }
        if (column.gone) {
            leave(change.before["columns"], before);
            if (!of->removed()) {
                leave(change.after["columns"], after);
            }
        } else if (!of->renamed()) {
            rename(change.before, before, column.name);
            if (!of->removed()) {
                rename(change.after, after, column.name);
            }
        }
    }
    if (change.after.is_null() || name_of(change.after) == name_of(change.before)) {
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
