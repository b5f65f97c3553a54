#pragma once
// The HTTP surface of a running instance: /livez /readyz /metrics /api/v1/status.

#include "engine/admin/status_view.hpp"
#include "engine/config/options.hpp"
#include "engine/core/stats.hpp"
#include "io/http/server.hpp"
#include "io/runtime/awaitable.hpp"

#include <memory>

namespace tandem::engine {

// The server's options for --listen; `set` was validated.
[[nodiscard]] io::http::server_options listen_options(options const& set);

// `stats` outlives the server and is complete before it serves. The board takes samples whenever it
// is asked; keep_sampling() makes its rates those of the last seconds whoever asks and when.
std::shared_ptr<status_board> add_routes(io::http::server& server, instance_stats const& stats);

// A sample a second until cancelled, on the server's thread.
[[nodiscard]] io::awaitable<void> keep_sampling(std::shared_ptr<status_board> board);

} // namespace tandem::engine
