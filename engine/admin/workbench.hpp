#pragma once
// The open sessions and catalogs of all nodes that a command works with.

#include "engine/admin/catalog.hpp"
#include "engine/admin/choose.hpp"
#include "engine/admin/session.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// Owned by the command; sessions stay open as long as it lives.
struct workbench {
    std::vector<session> sessions; // in the order of nodes
    std::vector<node_catalog> nodes;

    [[nodiscard]] session& of(std::string const& node);
};

// Connects to every node and reads its catalog. Throws command_failed naming the node.
[[nodiscard]] awaitable<workbench> open_workbench(io::asio::any_io_executor executor, options set);

// Replaces every row filter by the server's own way to write it, and refuses those that PostgreSQL
// could not use for updates and deletes (columns outside the replica identity).
[[nodiscard]] awaitable<std::vector<table_choice>> check_filters(workbench& bench,
                                                                 std::vector<table_choice> choices);

} // namespace tandem::engine
