#include "engine/ddl/follow.hpp"

#include "engine/ddl/shapes.hpp"
#include "engine/ddl/table_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ranges>
#include <utility>

namespace tandem::engine::ddl {
namespace {

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
            bool const renamed = states_[at] == state::open || described_[at] != first_[at];
            if (renamed && states_[at] != state::closed &&
                std::ranges::find(here, described_[at]) != here.end()) {
                made_.columns[at].name = described_[at];
                states_[at] = state::closed;
            }
        }
    }

    void meet(logged const& entry) {
        if (!entry.own) {
            for (auto const& change : std::views::reverse(entry.what.changes)) {
                meet_there(change, entry);
            }
        }
        for (auto const& change : std::views::reverse(entry.changes_here())) {
            meet_here(change, entry);
        }
        if (entry.own && entry.seen) {
            for (auto const& change : std::views::reverse(entry.what.changes)) {
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
    // counts; twin: the peer made it, and this node had made one of that name: the first that the peer did not know; found: what it
    // should know tells.
    enum class state : std::uint8_t { open, here, missed, twin, found, closed };

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

    static bool alters(object_change const& change, table_name const& to) {
        return change.is_table() && !change.before.is_null() && !change.after.is_null() &&
               name_of(change.after) == to;
    }

    void meet_there(object_change const& change, logged const& entry) {
        if (alters(change, there_)) {
            auto const parts = parts_of(change, "columns");
            for (auto const& part : parts) {
                peer_gave(part, entry);
            }
            auto before = names_before(described_, parts);
            for (std::size_t at = 0; at < before.size(); ++at) {
                if (states_[at] != state::twin) { // what came before is of another one
                    described_[at] = std::move(before[at]);
                }
            }
        }
        there_ = backward(std::move(there_), change);
    }

    void meet_here(object_change const& change, logged const& entry) {
        if (alters(change, here_)) {
            auto const parts = parts_of(change, "columns");
            for (auto const& part : parts) {
                if (entry.own && entry.seen) {
                    peer_saw(part);
                    took_away(part);
                } else if (entry.own) {
                    peer_missed(part);
                    gave_type(part, change.by_using);
                }
            }
            then_ = names_before(then_, parts);
        }
        here_ = backward(std::move(here_), change);
    }

    // Whether carrying it out here made a column of that name.
    [[nodiscard]] bool made_here(logged const& entry, std::string const& name) const {
        if (entry.cured) {
            return true;
        }
        for (auto const& change : entry.changes_here()) {
            auto const parts =
                alters(change, here_) ? parts_of(change, "columns") : std::vector<part>{};
            if (std::ranges::any_of(parts, [&](part const& each) {
                    return each.added() && text(*each.after, "name") == name;
                })) {
                return true;
            }
        }
        return false;
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
            bool const watched = states_[at] == state::open || states_[at] == state::here;
            if (!watched || of == parts.end()) {
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
        bool const takes = !of.added() && (of.removed() || of.renamed());
        for (std::size_t at = 0; at < described_.size(); ++at) {
            if (states_[at] == state::twin && of.added() &&
                text(*of.after, "name") == described_[at]) {
                become(at, of);
            }
            bool const watched = states_[at] == state::here || states_[at] == state::open ||
                                 states_[at] == state::missed;
            if (watched && takes && text(*of.before, "name") == described_[at]) {
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
    void peer_gave(part const& of, logged const& entry) {
        for (std::size_t at = 0; at < described_.size(); ++at) {
            bool const made = of.added() && text(*of.after, "name") == described_[at];
            bool const taken = !of.added() && text(*of.before, "name") == described_[at] &&
                               (of.removed() || of.renamed());
            bool const not_yet =
                entry.waits && of.renamed() && text(*of.after, "name") == described_[at];
            if (states_[at] == state::open && (made || taken || not_yet)) {
                unknown(at);
            } else if (states_[at] == state::here && made && !entry.waits &&
                       !made_here(entry, described_[at])) {
                states_[at] = state::twin;
            } else if (states_[at] != state::open && states_[at] != state::twin && made) {
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

std::vector<logged> known_before(std::vector<logged> log, object_change const& change) {
    auto const waiting = [&](bool whole) { // together with what is behind it, it ends otherwise
        return std::ranges::find_if(log, [&](logged const& entry) {
            return entry.waits && std::ranges::any_of(entry.what.changes, [&](auto const& each) {
                       return each.before == change.before &&
                              (!whole || each.after == change.after);
                   });
        });
    };
    auto const found = waiting(true);
    auto const itself = found != log.end() ? found : waiting(false);
    log.erase(std::remove_if(itself, log.end(), [](logged const& each) { return each.waits; }),
              log.end());
    return log;
}

} // namespace tandem::engine::ddl
