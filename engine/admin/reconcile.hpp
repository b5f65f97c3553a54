#pragma once
// A stream that broke begins anew, and the tables are made equal (--on-gap reconcile).

#include "engine/admin/session.hpp"
#include "engine/config/options.hpp"

#include <string>
#include <vector>

namespace tandem::engine {

// Nobody serves them meanwhile. What was lost is looked for by the running instance (sync_tasks.hpp). Can be done again after a
// failure, which is thrown (command_failed). Answers what was done, a line each.
[[nodiscard]] awaitable<std::vector<std::string>> reconcile_streams(
    io::asio::any_io_executor executor, options set, std::vector<direction_names> broken);

} // namespace tandem::engine
