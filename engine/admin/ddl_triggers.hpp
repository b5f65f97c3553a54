#pragma once
// The event triggers of a node whose DDL is carried (R18), and which new tables join the sync. Pure.

#include "engine/admin/catalog.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

struct ddl_wish {
    bool carried = false;
    std::string joining; // tandem.meta's: --tables and --exclude as regular expressions
};
[[nodiscard]] ddl_wish ddl_wish_of(options const& set);

// What makes the node as it is wished. `hints` gets what cannot be, and why.
[[nodiscard]] std::vector<std::string> ddl_statements(node_catalog const& node,
                                                      ddl_wish const& wish,
                                                      std::vector<std::string>& hints);

// A glob (see glob_matches()) as a regular expression of PostgreSQL's.
[[nodiscard]] std::string glob_regex(std::string_view glob);

} // namespace tandem::engine
