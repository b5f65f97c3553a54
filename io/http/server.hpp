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
#include <optional>
#include <string>
#include <string_view>
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
    [[nodiscard]] std::size_t count(std::string const& name) const noexcept;
};

struct response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

[[nodiscard]] response json_response(std::string body);
// {"error_code":404,"message":"..."}
[[nodiscard]] response error_response(int status, std::string const& message);

// The part of a request's name: "from" of "topic=a%20b&from=5" is "5". Decoded; none where it is not said.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);

// An answer that goes on: one who writes it as long as the client is there.
class response_stream {
public:
    response_stream(response_stream const&) = delete;
    response_stream& operator=(response_stream const&) = delete;
    // False: the client is gone, or has taken nothing for too long. One at a time.
    [[nodiscard]] virtual awaitable<bool> write(std::string text) = 0;

protected:
    response_stream() = default;
    ~response_stream() = default;
};

// May throw: the client gets a 500 without the exception's text.
using handler = std::function<response(request const&)>;
// The same. Ends by itself when whoever runs the server is about to cancel it.
using slow_handler = std::function<awaitable<response>(request)>;
// Writes until it has no more, or a write says that the client is gone. What it throws ends the connection.
using stream_handler = std::function<awaitable<void>(request, response_stream&)>;

// PEM.
struct tls_files {
    std::string certificate; // with those that stand between it and its root
    std::string key;         // without a passphrase
};

struct server_options {
    std::string address = "127.0.0.1"; // an IP address, or "localhost" for 127.0.0.1
    std::uint16_t port = 8083;         // 0: any free one
    // Names a browser may have used to reach us, beside the loopback's and `address` (DNS rebinding).
    std::vector<std::string> allowed_hosts;
    std::optional<tls_files> tls; // none: plain HTTP
    // Whoever asks has to give it: "Authorization: Bearer TOKEN", or as the password of "Basic". Empty: nobody has to.
    std::string token;
    std::vector<std::string> open_paths{
        "/livez", "/readyz"}; // without it, for those who look whether we live
    std::uint32_t header_bytes_max = 8U << 10;
    std::uint64_t body_bytes_max = 1U << 20;
    // One connection more takes the place of the longest idle one, else of the one that has been sending its request
    // for longest, else it gets a 503.
    std::size_t connections_max = 64;
    std::size_t streams_max = 24;                    // among them
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
    // Before run(). The same for an answer that goes on until its end or the client's; GET only, HTTP/1.1.
    void stream(std::string path, std::string content_type, stream_handler write);
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
