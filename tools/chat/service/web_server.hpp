#pragma once
// HTTP/1.1 and one WebSocket path, for browsers on pages of this server.
//
// One executor of one thread; handlers run on it. The server owns its connections: run() ends when all of them are
// closed. Like io/http, which knows no WebSockets; requests, answers and the guard are its.

#include "io/http/server.hpp"
#include "tools/chat/service/hub.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::chat {

struct web_options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080; // 0: any free one
    std::vector<std::string> allowed_hosts;
    std::size_t connections_max = 256;
};

// Answers every request but upgrades to WebSocket.
using web_handler = std::function<awaitable<io::http::response>(io::http::request)>;

class web_server {
public:
    // Takes the port; connections wait until run(). `pages` outlives run().
    [[nodiscard]] static boost::system::result<std::unique_ptr<web_server>, io::http::listen_error>
    listen(asio::any_io_executor executor, web_options options, web_handler answer, hub& pages);
    ~web_server();
    web_server(web_server const&) = delete;
    web_server& operator=(web_server const&) = delete;

    // Serves until cancelled, then closes every connection.
    [[nodiscard]] awaitable<int> run();
    [[nodiscard]] std::uint16_t port() const noexcept;

private:
    class implementation;
    explicit web_server(std::unique_ptr<implementation> body) noexcept;
    std::unique_ptr<implementation> body_;
};

} // namespace tandem::chat
