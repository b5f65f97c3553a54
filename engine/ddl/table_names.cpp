#include "engine/ddl/table_names.hpp"

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <utility>

namespace tandem::engine::ddl {

table_name name_of(shape const& of) {
    return {text(of, "schema"), text(of, "name")};
}

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
        for (auto const& change : entry.changes_here()) {
            gone = gone || drops(change, at);
            if (auto next = onward(at, change)) {
                at = *std::move(next);
            }
        }
    }
    return {at.schema, at.name, gone, {}};
}

followed_table follow_table(std::string schema, std::string name, std::span<logged const> log) {
    table_name at{std::move(schema), std::move(name)};
    followed_table const unknown{at.schema, at.name, false, {}};
    std::optional<followed_table> found;
    for (std::size_t left = log.size(); left > 0; --left) {
        auto const& entry = log[left - 1];
        for (auto const& change : std::views::reverse(entry.what.changes)) {
            auto next = onward(at, change);
            auto before = backward(at, change);
            bool const taken = next || drops(change, at);
            if (entry.own) {
                if (taken && found) { // before as well: the peer may mean either
                    return unknown;
                }
                if (next) {
                    found = end_of(*next, log.subspan(left));
                } else if (taken) {
                    found = unknown;
                    found->gone = true;
                } else if (found) { // the peer has seen that
                    at = std::move(before);
                }
                continue;
            }
            if (found && makes(change, at)) {
                return *found;
            }
            if (!found && (taken || makes(change, at) || (entry.waits && before != at))) {
                return unknown; // the peer gave that name to another
            }
            if (!found || !entry.waits) {
                at = std::move(before);
            }
        }
    }
    return found.value_or(unknown);
}

namespace {

bool makes_one(std::span<object_change const> changes, table_name const& what) {
    return std::ranges::any_of(changes, [&](auto const& each) { return makes(each, what); });
}

// The peer made a table of a name that one had here already, of this node's own: the first of which it did not know.
std::optional<followed_table> twin_of(table_name const& what, std::span<logged const> log,
                                      std::size_t upto) {
    for (std::size_t at = 0; at < upto; ++at) {
        if (log[at].own && !log[at].seen && makes_one(log[at].what.changes, what)) {
            return end_of(what, log.subspan(at + 1));
        }
    }
    return std::nullopt;
}

} // namespace

// From the end of the log: what it had seen says what it called the table then, and of what it had not seen the first counts.
std::optional<followed_table> moved_unseen(std::string const& schema, std::string const& name,
                                           std::span<logged const> log) {
    table_name at{schema, name};
    std::optional<followed_table> found;
    auto const other = [&](std::optional<followed_table> one) {
        bool const same = one && !one->gone && one->schema == schema && one->name == name;
        return same ? std::nullopt : std::move(one);
    };
    for (std::size_t left = log.size(); left > 0; --left) {
        auto const& entry = log[left - 1];
        for (auto const& change : std::views::reverse(entry.what.changes)) {
            if (!entry.own || entry.seen) {
                if (!makes(change, at)) {
                    at = backward(std::move(at), change);
                    continue;
                }
                bool const here =
                    entry.own || entry.waits || entry.cured || makes_one(entry.changes_here(), at);
                auto twin = here ? std::nullopt : twin_of(at, log, left - 1);
                return other(twin ? std::move(twin) : std::move(found));
            }
            auto const next = onward(at, change);
            if (next || drops(change, at)) {
                found = end_of(next.value_or(at), log.subspan(left));
                found->gone = found->gone || !next;
            }
        }
    }
    return other(std::move(found));
}

std::pair<std::string, std::string> name_behind(std::string schema, std::string name,
                                                std::span<message const> ahead) {
    table_name at{std::move(schema), std::move(name)};
    for (auto const& each : ahead) {
        for (auto const& change : each.changes) {
            if (auto next = onward(at, change)) {
                at = *std::move(next);
            }
        }
    }
    return {std::move(at.schema), std::move(at.name)};
}

void settle_name(object_change& change, followed_table const& at, std::span<logged const> log) {
    if (change.after.is_null()) {
        return;
    }
    table_name const here{at.schema, at.name};
    table_name name = name_of(change.after);
    for (auto const& entry : log) { // what waits behind it counts as well
        for (auto const& later : entry.what.changes) {
            if (auto next = onward(name, later); next && name != here) {
                name = *std::move(next);
            }
        }
    }
    if (name == here) {
        change.after["schema"] = change.before["schema"];
        change.after["name"] = change.before["name"];
    }
}

std::string settle_columns(object_change& change, followed_table const& at,
                           std::span<logged const> log) {
    table_name const there = name_of(change.before);
    auto const behind =
        [&](std::string name) { // what it is here by now, where its name is one of here
            for (auto const& entry : log) {
                for (auto const& each : entry.changes_here()) {
                    bool const about = each.is_table() && !each.before.is_null() &&
                                       !each.after.is_null() &&
                                       (name_of(each.after) == there ||
                                        name_of(each.after) == table_name{at.schema, at.name});
                    for (auto const& part :
                         about ? parts_of(each, "columns") : std::vector<part>{}) {
                        if (part.renamed() && text(*part.before, "name") == name) {
                            name = text(*part.after, "name");
                        }
                    }
                }
            }
            return name;
        };
    auto const original = change;
    for (auto const& each : parts_of(original, "columns")) {
        auto const before = each.renamed() ? text(*each.before, "name") : std::string{};
        auto const columns = list(original.before, "columns");
        auto const place = std::ranges::find_if(
            columns, [&](shape const& one) { return text(one, "name") == before; });
        if (before.empty() || place == columns.end()) {
            continue;
        }
        auto const& now = at.columns[static_cast<std::size_t>(place - columns.begin())];
        auto const after = text(*each.after, "name");
        if (now.gone || now.name == before) {
            continue;
        }
        if (after != now.name && behind(after) != now.name) {
            return fmt::format(
                "column {} of {} was renamed to {} there, and to {} here: give it one name, then 'tandem table "
                "resume'",
                before, shown(original.before), after, now.name);
        }
        for (auto& one : change.after["columns"]) {
            if (text(one, "name") == after) {
                one["name"] = before;
            }
        }
    }
    return {};
}

} // namespace tandem::engine::ddl
