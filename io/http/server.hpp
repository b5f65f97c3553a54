#pragma once
// A small HTTP/1.1 server: exact paths with GET and HEAD, whose answers are ready at once, and everything else for one
// handler, which may take its time.
//
// One executor of one thread; handlers run on it and must not block. The server owns its sessions:
// run() ends only when all of them are closed. Whatever handlers refer to outlives run().

#include "io/runtime/awaitable.hpp"

#include <boost/system/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::io::http {

struct request {
    std::string method; // "GET"
    std::string path;   // as sent, without the query
    std::string query;  // behind the '?', as sent
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    // The first header of that name in any case, empty when there is none.
    [[nodiscard]] std::string header(std::string const& name) const;
};

struct response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

// {"error_code":404,"message":"..."}
[[nodiscard]] response error_response(int status, std::string const& message);

// May throw: the client gets a 500 without the exception's text.
using handler = std::function<response(request const&)>;
// The same. Ends by itself when whoever runs the server is about to cancel it.
using slow_handler = std::function<awaitable<response>(request)>;

struct server_options {
    std::string address = "127.0.0.1"; // an IP address, or "localhost" for 127.0.0.1
    std::uint16_t port = 8083;         // 0: any free one
    // Names a browser may have used to reach us, beside the loopback's and `address` (DNS rebinding).
    std::vector<std::string> allowed_hosts;
    std::uint32_t header_bytes_max = 8U << 10;
    std::uint64_t body_bytes_max = 1U << 20;
    // One connection more takes the place of the longest idle one, or gets a 503.
    std::size_t connections_max = 64;
    std::chrono::milliseconds header_timeout{5'000}; // also for body and answer
    std::chrono::milliseconds idle_timeout{30'000};  // between two requests of a connection
};

// Why there is no server. `message` names the cause, and for a taken port its holder.
struct listen_error {
    bool taken = false; // the port belongs to another process
    std::string message;
};
[[noreturn]] void throw_exception_from_error(listen_error const& failed,
                                             boost::source_location const& where);

class server {
public:
    // Takes the port; connections wait until run().
    [[nodiscard]] static boost::system::result<std::unique_ptr<server>, listen_error> listen(
        asio::any_io_executor executor, server_options options);

    ~server();
    server(server const&) = delete;
    server& operator=(server const&) = delete;

    // Before run(). The path is compared exactly.
    void route(std::string path, handler answer);
    // Before run(). For all paths and methods that have no route. Nothing that a page of another site makes a browser
    // send gets there, but for GET and HEAD.
    void rest(slow_handler answer);

    // Serves until cancelled, then closes every connection.
    [[nodiscard]] awaitable<void> run();

    [[nodiscard]] std::uint16_t port() const noexcept;

private:
    class implementation;
    explicit server(std::unique_ptr<implementation> body) noexcept;
    std::unique_ptr<implementation> body_;
};

} // namespace tandem::io::http
