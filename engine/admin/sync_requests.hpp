#pragma once
// `table resync`, `snapshot run`, `snapshot status`: tables that a running instance makes equal (sync_tasks.hpp).

#include "engine/admin/sync_tasks.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tandem::engine {

struct sync_request {
    std::vector<std::string> tables; // schema.table, or a name alone; empty: all that are synced
    std::string why = "resync";
    std::string winner;                         // the node that is right; empty: the newer version
    std::chrono::milliseconds patience{60'000}; // for their end; zero: nobody waits
    std::function<void(std::string const&)> tell;         // a line
    std::function<void(std::vector<sync_task>)> progress; // how they stand, now and then
};

// What became of them. Throws command_failed, and config_error for a table that is not synced.
[[nodiscard]] awaitable<std::vector<sync_task>> request_sync(io::asio::any_io_executor executor,
                                                             options set, sync_request what);

[[nodiscard]] awaitable<std::vector<sync_task>> sync_status(io::asio::any_io_executor executor,
                                                            options set);

} // namespace tandem::engine
