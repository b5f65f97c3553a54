#pragma once
// `ddl list`: the DDL of each node, and what became of it at the others (tandem.ddl).

#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

// One row of a node's tandem.ddl.
struct ddl_entry {
    std::string node; // whose log it is in
    std::string from; // where it was carried out first
    long long id = 0;
    std::string at;
    std::string tag;
    std::vector<std::string> objects;    // "table public.person"
    std::string ended;                   // sent, applied, nothing to do, paused
    std::vector<std::string> statements; // that were carried out at `node`
    std::optional<std::string> error;    // why it waits, or what was left out
    std::optional<std::string> position; // in the WAL of `from`; none: it is of `node` itself
};

// Of all nodes, the newest last; at most `most` of each, 0: all. Throws command_failed.
[[nodiscard]] awaitable<std::vector<ddl_entry>> list_ddl(io::asio::any_io_executor executor,
                                                         options set, std::size_t most);

[[nodiscard]] std::string ddl_text(std::vector<ddl_entry> const& entries);
[[nodiscard]] std::string ddl_json(std::vector<ddl_entry> const& entries);

} // namespace tandem::engine
