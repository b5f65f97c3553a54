#pragma once
// Whether the synced tables of two nodes look alike: what one takes and the other refuses is told before it waits.

#include "engine/admin/check.hpp"
#include "engine/admin/workbench.hpp"
#include "engine/ddl/differ.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// Asks the first two nodes, where `init` has set up both; nothing else is found. One finding for each table that differs, or one
// that none does.
// Throws command_failed.
[[nodiscard]] awaitable<std::vector<finding>> check_schemas(workbench& bench,
                                                            std::vector<table_choice> choices,
                                                            options const& set);

// Of one table. Pure.
[[nodiscard]] finding schema_finding(chosen_table const& table,
                                     std::vector<ddl::difference> const& found,
                                     node_catalog const& left, node_catalog const& right,
                                     options const& set);

} // namespace tandem::engine
