#pragma once
// What this node's own DDL made of a table since a peer described it: its rows, and its DDL, were written before the peer
// carried that out. Pure.

#include "engine/ddl/decide.hpp"
#include "engine/ddl/message.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine::ddl {

// Of this node's log of DDL (tandem.ddl).
struct logged {
    message what;
    bool own = true;    // false: a peer's
    bool waits = false; // a peer's that is not carried out here, or was given up
    bool seen = false;  // own: the peer had carried it out by then, or has decided against it
    // A peer's: what carrying it out changed here. None: as much as there, if it does not wait.
    std::optional<std::vector<object_change>> here = std::nullopt;
    bool cured = false; // it waited until people had made here what it makes

    [[nodiscard]] std::span<object_change const> changes_here() const noexcept {
        if (own || (!here && !waits)) {
            return what.changes;
        }
        return here ? std::span<object_change const>{*here} : std::span<object_change const>{};
    }
};

struct followed_column {
    std::string name; // now; of one that is gone, as it was
    bool gone = false;
    bool retyped = false;  // its text is read as the type that it has now
    bool computed = false; // ... and this node alone knows how its rows got their values
};

struct followed_table {
    std::string schema;
    std::string name;
    bool gone = false;
    std::vector<followed_column> columns; // in the order that was given
};

// As the peer described it.
struct names_there {
    std::string schema;
    std::string name;
    std::vector<std::string> columns;
};
[[nodiscard]] names_there names_of(shape const& table);

// Where the table is that a peer described so and of which nothing has that name here: by what of this node's own took the name
// away last. Without columns. Not gone and of that name still: nobody knows; so it is where the peer gave that name to another
// table, carried out here or not, and where several tables had it. `log`: in its order.
[[nodiscard]] followed_table follow_table(std::string schema, std::string name,
                                          std::span<logged const> log);

// What this node's own DDL, of which the peer did not know, has made of the table that it calls so: it is another one than that
// which has the name here now, if any. None: it is that one, as far as is known.
[[nodiscard]] std::optional<followed_table> moved_unseen(std::string const& schema,
                                                         std::string const& name,
                                                         std::span<logged const> log);

// What the peer itself calls the table behind `ahead`: DDL of its that comes later and is known already.
[[nodiscard]] std::pair<std::string, std::string> name_behind(std::string schema, std::string name,
                                                              std::span<message const> ahead);

// What a node calls a table, and its columns, behind DDL of its log that came later.
struct names_later {
    std::string schema;
    std::string name;
    bool gone = false;
    std::vector<std::string> columns; // empty: it is gone
};
void go_on(names_later& names, message const& later);

// What became of its columns; `here`: the names of those that `table` has here. What is neither gone nor named like one of
// these, nobody knows; the same as for tables.
[[nodiscard]] followed_table follow_columns(followed_table table, names_there const& there,
                                            std::vector<std::string> const& here,
                                            std::span<logged const> log,
                                            std::span<message const> ahead = {});

// It has the names here that it has there, as far as is known.
[[nodiscard]] bool is_same(followed_table const& followed, names_there const& there);

// An object, or columns of a table, of which the change speaks, have another name here, or are not here at all.
[[nodiscard]] bool misses_something(object_change const& change, surroundings const& here);

// The log without what waits of that very change, and behind it: the peer had not come to that.
[[nodiscard]] std::vector<logged> known_before(std::vector<logged> log,
                                               object_change const& change);

// Where the name that the table got there has become, by later DDL, what it is here: it is not renamed any more.
void settle_name(object_change& change, followed_table const& at, std::span<logged const> log);

// The same of its columns; where both gave one another name, what the table waits for.
[[nodiscard]] std::string settle_columns(object_change& change, followed_table const& at,
                                         std::span<logged const> log);

// The change of a table in the names of this node; what is said of columns that are gone here, is gone.
[[nodiscard]] object_change in_names_here(object_change change, followed_table const& followed,
                                          shape const& here);
// What is called otherwise here, for who is told of a contradiction.
void note_names(followed_table const& followed, names_there const& there, surroundings& here);

} // namespace tandem::engine::ddl
