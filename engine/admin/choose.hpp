#pragma once
// Which tables are synced, which are not and why. Pure decisions on catalogs.

#include "engine/admin/catalog.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// One table of one direction, as both ends see it.
struct chosen_table {
    table_info source;
    table_info target;
    std::vector<std::string>
        columns;                  // sent by the source and written at the target, source's order
    std::vector<std::string> key; // tells rows apart at both ends; the replica identity's columns
    std::vector<std::string> column_list; // --tables named columns: part of the publication
    std::string where;                    // --tables gave a row filter: part of the publication
};

struct left_out_table {
    std::string table;      // as shown to people
    std::string reason;     // one sentence with its cure, in words
    bool by_nature = false; // a kind of table that no replication carries
};

struct table_choice {
    std::string source;
    std::string target;
    std::vector<chosen_table> synced;
    std::vector<left_out_table> left_out;
};

// One direction by itself.
[[nodiscard]] table_choice choose_tables(node_catalog const& source, node_catalog const& target,
                                         options const& set);

// All directions of `set`; with both ways, a table takes part in both or in none. `nodes` holds a
// catalog for every node of `set`; a peer's tables are taken to be as ours, and where they are not, its
// site says so. Throws config_error for a pattern that matches nothing and for
// column lists or filters on a source before 15.
[[nodiscard]] std::vector<table_choice> choose_all(std::vector<node_catalog> const& nodes,
                                                   options const& set);

struct chosen_policy {
    conflict_policy policy = conflict_policy::last_update_wins;
    std::string why; // empty for the default on able nodes
};
// R20: without commit timestamps on every node only apply-remote is possible. Throws config_error if
// another policy was asked for by name.
[[nodiscard]] chosen_policy choose_policy(std::vector<node_catalog> const& nodes,
                                          options const& set);

[[nodiscard]] node_catalog const& catalog_of(std::vector<node_catalog> const& nodes,
                                             std::string const& name);
// nullptr: another site serves the node, nobody here can look.
[[nodiscard]] node_catalog const* find_catalog(std::vector<node_catalog> const& nodes,
                                               std::string const& name) noexcept;

} // namespace tandem::engine
