#include "engine/admin/routes.hpp"

#include "engine/config/load.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace tandem::engine {
namespace {

std::int64_t now_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

io::http::response text_response(std::string type, std::string body) {
    io::http::response made;
    made.content_type = std::move(type);
    made.body = std::move(body);
    return made;
}

// "verbose", "verbose=1" or among others.
bool asks_verbose(std::string_view query) noexcept {
    while (!query.empty()) {
        std::size_t const stop = std::min(query.find('&'), query.size());
        std::string_view const name = query.substr(0, std::min(query.find('='), stop));
        if (name == "verbose") {
            return true;
        }
        query.remove_prefix(std::min(stop + 1, query.size()));
    }
    return false;
}

} // namespace

io::http::server_options listen_options(options const& set) {
    listen_address const address = parse_listen(set.listen);
    io::http::server_options made;
    made.address = address.host;
    made.port = address.port;
    return made;
}

std::shared_ptr<status_board> add_routes(io::http::server& server, instance_stats const& stats) {
    auto const board = std::make_shared<status_board>(stats);
    server.route("/livez", [](io::http::request const&) {
        return text_response("application/json", "{\"alive\":true}\n");
    });
    server.route("/readyz", [board](io::http::request const& asked) {
        status_view const seen = board->view(now_us());
        io::http::response answer =
            text_response("application/json", ready_json(seen, asks_verbose(asked.query)));
        answer.status = seen.ready() ? 200 : 503;
        return answer;
    });
    server.route("/metrics", [board](io::http::request const&) {
        return text_response("text/plain; version=0.0.4; charset=utf-8",
                             metrics_text(board->view(now_us())));
    });
    server.route("/api/v1/status", [board](io::http::request const&) {
        return text_response("application/json", status_json(board->view(now_us())));
    });
    return board;
}

io::awaitable<void> keep_sampling(std::shared_ptr<status_board> board) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    for (;;) {
        board->sample(now_us());
        timer.expires_after(std::chrono::microseconds{rate_meter::interval_us});
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

} // namespace tandem::engine
