#pragma once
// A pooler that gives each transaction another session of the server loses what a session is told once: origin, settings,
// prepared statements. tandem cannot work through one, and says so.

#include "engine/admin/session.hpp"

namespace tandem::engine {

// Throws command_failed where one is between. `link` is a new session of `node`.
[[nodiscard]] awaitable<void> refuse_pooler(io::asio::any_io_executor executor, session& link,
                                            node_options node);

} // namespace tandem::engine
