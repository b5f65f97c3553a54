#pragma once
// --origin-column: what it needs of tables, and what init does for it. Pure decisions on catalogs.
//
// Where replication origins are not granted, the stream out of a node tells what was applied there by a row of
// tandem.progress, which each of our transactions writes first and the publication holds. The column is for people and
// other readers: triggers keep in it the node where a row was last written.

#include "engine/admin/catalog.hpp"
#include "engine/admin/choose.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// Why a table cannot be synced with that column, with the cure; nullopt: it can.
[[nodiscard]] std::optional<std::string> against_origin_column(chosen_table const& table,
                                                               std::string const& column,
                                                               node_catalog const& source,
                                                               node_catalog const& target);

// Statements that set the node up for the column, or, where `column` is empty, take away what an earlier init did for
// one. `publication_is_new`: the
// same transaction has made it before. `tells_seen`: tandem.progress is published also without a column, see tells_seen().
[[nodiscard]] std::vector<std::string> origin_column_statements(
    node_catalog const& node, std::vector<table_choice> const& choices, std::string const& column,
    bool publication_is_new, bool tells_seen = false);

// A node that was set up for another --origin-column or --conflict: what is wrong and the cure; nullopt: nothing is.
[[nodiscard]] std::optional<std::string> set_up_otherwise(node_catalog const& node,
                                                          options const& set);

} // namespace tandem::engine
