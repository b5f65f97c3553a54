#pragma once
// The console of a running instance: its pages, what they ask for, and the stream that keeps them fresh.
//
// Everything runs on the HTTP server's thread. What has to ask a database or a broker opens its own connection for that
// question; few of these run at a time.

#include "engine/admin/parked.hpp"
#include "engine/admin/status_view.hpp"
#include "engine/config/options.hpp"
#include "engine/console/history.hpp"
#include "engine/core/tuning.hpp"
#include "io/http/server.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tandem::console {

class service {
public:
    // `stats` outlives the service and is complete before the server runs; `tuned` outlives it too.
    service(io::asio::any_io_executor executor, engine::options set, engine::instance_stats& stats,
            engine::tuning& tuned);

    // /livez /readyz /metrics /metrics/compat /api/v1/... and the pages. The service outlives the server.
    void serve(io::http::server& server);
    // A sample a second until cancelled.
    [[nodiscard]] io::awaitable<void> keep_sampling();

private:
    using request = io::http::request;
    using response = io::http::response;

    void add_health(io::http::server& server);
    void add_status(io::http::server& server);
    [[nodiscard]] io::awaitable<response> answer(request asked);
    [[nodiscard]] io::awaitable<response> ask(request asked);
    [[nodiscard]] io::awaitable<response> change(request asked);
    [[nodiscard]] io::awaitable<response> restore(request asked);
    [[nodiscard]] io::awaitable<response> decide_parked(request asked);
    [[nodiscard]] io::awaitable<response> decided(engine::parked_choice choice,
                                                  engine::parked_request wanted);
    [[nodiscard]] io::awaitable<response> decide_table(request asked);
    [[nodiscard]] response retune(request const& asked);
    [[nodiscard]] io::awaitable<void> stream(request asked, io::http::response_stream& out);
    [[nodiscard]] io::awaitable<void> search(request asked, io::http::response_stream& out);
    void compose_sample();
    [[nodiscard]] std::string live_json() const;
    [[nodiscard]] std::string tail_event(std::uint64_t& from, std::uint64_t& passed_over) const;

    io::asio::any_io_executor executor_;
    engine::options set_;
    engine::instance_stats& stats_;
    engine::tuning& tuned_;
    engine::status_board board_;
    history history_;
    std::shared_ptr<std::string const> sample_; // an event of the stream
    std::uint64_t number_ = 0;                  // its
    // Questions that databases or brokers are being asked; shared, since coroutines may end after the service.
    std::shared_ptr<std::size_t> busy_ = std::make_shared<std::size_t>(0);
};

// The server's options for --listen and --allow-host; `set` was validated.
[[nodiscard]] io::http::server_options listen_options(engine::options const& set);

} // namespace tandem::console
