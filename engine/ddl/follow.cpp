#include "engine/ddl/follow.hpp"

#include "engine/ddl/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ranges>
#include <utility>

namespace tandem::engine::ddl {
namespace {

std::vector<object_change> const no_changes;

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
        for (auto const& change : entry.waits ? no_changes : entry.what.changes) {
            gone = gone || drops(change, at);
            if (auto next = onward(at, change)) {
                at = *std::move(next);
            }
        }
    }
    return {at.schema, at.name, gone, {}};
}

// Goes through the log from its end, and keeps what the columns that are here, and those that were described, were called then.
class look_back {
public:
    // `ahead`: as follow_columns().
    look_back(followed_table table, names_there const& there, std::vector<std::string> const& here,
              std::span<message const> ahead)
        : made_{std::move(table)},
          here_{made_.schema, made_.name},
          there_{there.schema, there.name},
          first_{there.columns},
          now_{here},
          then_{here},
          described_{there.columns} {
        for (auto const& each : there.columns) {
            bool const is_here = std::ranges::find(here, each) != here.end();
            made_.columns.push_back({each, false, false, false});
            states_.push_back(is_here ? state::here : state::open);
        }
        for (auto const& each : ahead) {
            for (auto const& change : each.changes) {
                went_on(change);
            }
        }
        for (std::size_t at = 0; at < described_.size(); ++at) {
            if (states_[at] == state::open &&
                std::ranges::find(here, described_[at]) != here.end()) {
                made_.columns[at].name = described_[at];
                states_[at] = state::closed;
            }
        }
    }

    void meet(logged const& entry) {
        for (auto const& change : std::views::reverse(entry.what.changes)) {
            bool const both =
                change.is_table() && !change.before.is_null() && !change.after.is_null();
            bool const of_here = both && !entry.waits && name_of(change.after) == here_;
            bool const of_there = both && !entry.own && name_of(change.after) == there_;
            if (of_here || of_there) {
                auto const parts = parts_of(change, "columns");
                for (auto const& part : parts) {
                    if (of_here && entry.own && entry.seen) {
                        peer_saw(part);
                        took_away(part);
                    }
                    if (of_here && entry.own && !entry.seen) {
                        peer_missed(part);
                        gave_type(part, change.by_using);
                    }
                    if (of_there) {
                        peer_gave(part, entry.waits);
                    }
                }
                if (of_here) {
                    then_ = names_before(then_, parts);
                }
                if (of_there) {
                    described_ = names_before(described_, parts);
                }
            }
            if (!entry.waits) {
                here_ = backward(std::move(here_), change);
            }
            if (!entry.own || entry.seen) {
                there_ = backward(std::move(there_), change);
            }
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
        leave_doubles();
        return std::move(made_);
    }

private:
    // here: one of that name is here, which may be another one; missed: what the peer does not know tells, of which the first
    // counts; found: what it should know does.
    enum class state : std::uint8_t { open, here, missed, found, closed };

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

    // What the peer made of them behind that, in its own names.
    void went_on(object_change const& change) {
        if (!change.is_table() || change.before.is_null() || change.after.is_null() ||
            name_of(change.before) != there_) {
            return;
        }
        auto const parts = parts_of(change, "columns");
        for (std::size_t at = 0; at < described_.size(); ++at) {
            auto const of = std::ranges::find_if(parts, [&](part const& each) {
                return !each.added() && text(*each.before, "name") == described_[at];
            });
            if (of != parts.end() && !of->removed() &&
                text(*of->before, "type") != text(*of->after, "type")) {
                made_.columns[at].retyped = true;
                made_.columns[at].computed = made_.columns[at].computed || change.by_using;
            }
            if (states_[at] != state::open || of == parts.end()) {
                continue;
            }
            if (of->removed()) {
                made_.columns[at].gone = true;
                states_[at] = state::closed;
            } else {
                described_[at] = text(*of->after, "name");
            }
        }
        there_ = name_of(change.after);
    }

    void unknown(std::size_t at) {
        made_.columns[at] = {first_[at], false, false, false};
        states_[at] = state::closed;
    }

    // This node's own, which the peer had carried out.
    void peer_saw(part const& of) {
        for (std::size_t at = 0; at < described_.size(); ++at) {
            bool const watched = states_[at] == state::here || states_[at] == state::missed;
            if (!watched || of.removed() || text(*of.after, "name") != described_[at]) {
                continue;
            }
            if (of.added()) {
                states_[at] = state::closed;
            } else {
                described_[at] = text(*of.before, "name");
            }
        }
    }

    // This node's own, of which the peer did not know: what took the name away is what became of the column.
    void peer_missed(part const& of) {
        if (of.added() || (!of.removed() && !of.renamed())) {
            return;
        }
        auto const was = text(*of.before, "name");
        for (std::size_t at = 0; at < described_.size(); ++at) {
            if (states_[at] != state::found && states_[at] != state::closed &&
                described_[at] == was) {
                become(at, of);
                states_[at] = state::missed;
            }
        }
    }

    void become(std::size_t at, part const& of) {
        auto const now =
            of.removed() ? then_.end() : std::ranges::find(then_, text(*of.after, "name"));
        // dropped, or what that became then is not here either
        bool const gone = now == then_.end();
        made_.columns[at] = {gone ? first_[at]
                                  : now_[static_cast<std::size_t>(now - then_.begin())],
                             gone, made_.columns[at].retyped, made_.columns[at].computed};
    }

    // What a described column that is not here was, last. Where this node had taken that name away before as well, the peer may
    // mean either.
    void took_away(part const& of) {
        if (of.added()) {
            return;
        }
        auto const was = text(*of.before, "name");
        for (std::size_t at = 0; at < described_.size(); ++at) {
            if (states_[at] != state::open && states_[at] != state::found) {
                continue;
            }
            if (states_[at] == state::found && of.renamed() &&
                text(*of.after, "name") == described_[at]) {
                described_[at] = was; // the peer has seen that
                continue;
            }
            if (described_[at] != was || (!of.removed() && !of.renamed())) {
                continue;
            }
            if (states_[at] == state::found) {
                unknown(at);
                continue;
            }
            states_[at] = state::found;
            become(at, of);
        }
    }

    // What the peer made, or took away and named again, is another column than this node's own DDL speaks of.
    void peer_gave(part const& of, bool waits) {
        for (std::size_t at = 0; at < described_.size(); ++at) {
            bool const made = of.added() && text(*of.after, "name") == described_[at];
            bool const taken = !of.added() && text(*of.before, "name") == described_[at] &&
                               (of.removed() || of.renamed());
            bool const not_yet = waits && of.renamed() && text(*of.after, "name") == described_[at];
            if (states_[at] == state::open && (made || taken || not_yet)) {
                unknown(at);
            } else if (states_[at] != state::open && made) {
                states_[at] = state::closed;
            }
        }
    }

    // Two columns can not be one.
    void leave_doubles() {
        for (std::size_t at = 0; at < made_.columns.size(); ++at) {
            bool const doubled = std::ranges::count_if(made_.columns, [&](auto const& each) {
                                     return !each.gone && each.name == made_.columns[at].name;
                                 }) > 1;
            doubled_.push_back(doubled && !made_.columns[at].gone);
        }
        for (std::size_t at = 0; at < made_.columns.size(); ++at) {
            if (doubled_[at]) {
                made_.columns[at] = {first_[at], false, false, false};
            }
        }
    }

    void gave_type(part const& of, bool by_using) {
        if (of.added() || of.removed() || text(*of.before, "type") == text(*of.after, "type")) {
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
    std::vector<std::string> first_; // the columns as they were described
    std::vector<std::string> now_;   // the columns that are here
    std::vector<std::string>
        then_; // the same ones, as they were called at that place of the log; empty: not made yet
    std::vector<std::string> described_; // the same of those that were described, by the peer
    std::vector<state> states_;
    std::vector<bool> doubled_;
    std::vector<std::pair<std::string, bool>>
        types_; // columns with a type of this node's, and whether it computed the values
};

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

// From the end of the log: what it had seen says what it called the table then, and of what it had not seen the first counts.
std::optional<followed_table> moved_unseen(std::string const& schema, std::string const& name,
                                           std::span<logged const> log) {
    table_name at{schema, name};
    std::optional<followed_table> found;
    for (std::size_t left = log.size(); left > 0; --left) {
        auto const& entry = log[left - 1];
        for (auto const& change : std::views::reverse(entry.what.changes)) {
            if (!entry.own || entry.seen) {
                if (makes(change, at)) {
                    return found;
                }
                at = backward(std::move(at), change);
                continue;
            }
            auto const next = onward(at, change);
            if (next || drops(change, at)) {
                found = end_of(next.value_or(at), log.subspan(left));
                found->gone = found->gone || !next;
            }
        }
    }
    return found;
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

void go_on(names_later& names, message const& later) {
    for (auto const& change : later.changes) {
        table_name const at{names.schema, names.name};
        names.gone = names.gone || drops(change, at);
        bool const about = change.is_table() && !change.before.is_null() &&
                           !change.after.is_null() && name_of(change.before) == at;
        auto const parts = about ? parts_of(change, "columns") : std::vector<part>{};
        for (auto& name : names.columns) {
            auto const of = std::ranges::find_if(parts, [&](part const& each) {
                return !each.added() && text(*each.before, "name") == name;
            });
            if (of != parts.end()) {
                name = of->removed() ? std::string{} : text(*of->after, "name");
            }
        }
        if (auto next = onward(at, change); next && !names.gone) {
            names.schema = std::move(next->schema);
            names.name = std::move(next->name);
        }
    }
}

followed_table follow_columns(followed_table table, names_there const& there,
                              std::vector<std::string> const& here, std::span<logged const> log,
                              std::span<message const> ahead) {
    look_back looking{std::move(table), there, here, ahead};
    for (auto const& entry : std::views::reverse(log)) {
        looking.meet(entry);
    }
    return looking.take();
}

bool is_same(followed_table const& followed, names_there const& there) {
    auto const same = [](followed_column const& here, std::string const& name) {
        return !here.gone && here.name == name;
    };
    return followed.schema == there.schema && followed.name == there.name &&
           std::ranges::equal(followed.columns, there.columns, same);
}

void settle_name(object_change& change, followed_table const& at, std::span<logged const> log) {
    if (change.after.is_null()) {
        return;
    }
    table_name name = name_of(change.after);
    for (auto const& entry : log) { // what waits behind it counts as well
        for (auto const& later : entry.what.changes) {
            if (auto next = onward(name, later)) {
                name = *std::move(next);
            }
        }
    }
    if (name == table_name{at.schema, at.name}) {
        change.after["schema"] = change.before["schema"];
        change.after["name"] = change.before["name"];
    }
}

std::vector<logged> known_before(std::vector<logged> log, object_change const& change) {
    auto const itself = std::ranges::find_if(log, [&](logged const& entry) {
        return entry.waits && std::ranges::any_of(entry.what.changes, [&](auto const& each) {
                   return each.before == change.before && each.after == change.after;
               });
    });
    log.erase(std::remove_if(itself, log.end(), [](logged const& each) { return each.waits; }),
              log.end());
    return log;
}

} // namespace tandem::engine::ddl
