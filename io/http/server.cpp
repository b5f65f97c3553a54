#include "io/http/server.hpp"

#include "io/http/guard.hpp"
#include "io/runtime/event.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <map>
#include <optional>

namespace tandem::io::http {

namespace beast = boost::beast;
using asio::ip::tcp;
using wire_response = beast::http::response<beast::http::string_body>;
using parser = beast::http::request_parser<beast::http::string_body>;

namespace {

constexpr std::size_t first_read_bytes = 4096;

struct session {
    explicit session(tcp::socket socket, std::uint32_t buffer_bytes_max)
        : stream{std::move(socket)}, buffer{buffer_bytes_max} {}

    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    std::optional<std::chrono::steady_clock::time_point> idle_since;
};

request to_request(beast::http::request<beast::http::string_body>& message) {
    request plain;
    plain.method = message.method_string();
    std::string const target = message.target();
    auto const query = target.find('?');
    plain.path = target.substr(0, query);
    plain.query = query == std::string::npos ? "" : target.substr(query + 1);
    for (auto const& field : message) {
        plain.headers.emplace_back(field.name_string(), field.value());
    }
    plain.body = std::move(message.body());
    return plain;
}

bool reads(request const& asked) noexcept {
    return asked.method == "GET" || asked.method == "HEAD";
}

wire_response to_wire(response plain, unsigned version, bool keep_alive, bool head) {
    wire_response message{static_cast<beast::http::status>(plain.status), version};
    message.set(beast::http::field::server, "tandem");
    bool const bodiless = plain.status == 204;
    if (!bodiless) {
        message.set(beast::http::field::content_type, plain.content_type);
    }
    message.set(beast::http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    for (auto const& [name, value] : plain.headers) {
        message.set(name, value);
    }
    message.keep_alive(keep_alive);
    if (!bodiless) {
        message.content_length(plain.body.size());
    }
    if (!head && !bodiless) {
        message.body() = std::move(plain.body);
    }
    return message;
}

// What to say to a request that could not be read; nothing when the client is just gone.
std::optional<response> reading_failed(boost::system::error_code const& why) {
    using beast::http::error;
    if (why == error::header_limit || why == error::buffer_overflow) {
        return error_response(431, "the request's header is too large");
    }
    if (why == error::body_limit) {
        return error_response(413, "the request's body is too large");
    }
    bool const gone = why == error::end_of_stream || why == error::partial_message;
    if (!gone && why.category() == make_error_code(error::bad_target).category()) {
        return error_response(400, "this is not HTTP/1.1");
    }
    return std::nullopt;
}

} // namespace

class server::implementation {
public:
    implementation(tcp::acceptor acceptor, server_options options)
        : acceptor_{std::move(acceptor)},
          options_{std::move(options)},
          closed_{acceptor_.get_executor()},
          port_{acceptor_.local_endpoint().port()} {}

    void route(std::string path, handler answer) {
        routes_.insert_or_assign(std::move(path), std::move(answer));
    }
    void rest(slow_handler answer) { rest_ = std::move(answer); }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    awaitable<void> run();

private:
    using sessions = std::list<std::shared_ptr<session>>;

    void begin(tcp::socket socket);
    bool make_room();
    awaitable<void> serve(std::shared_ptr<session> own);
    awaitable<bool> serve_one(session& own, std::chrono::milliseconds idle_limit);
    awaitable<bool> refuse(session& own, boost::system::error_code why);
    [[nodiscard]] std::optional<response> refusal(request const& asked, unsigned version) const;
    [[nodiscard]] awaitable<response> respond(request asked, unsigned version);

    tcp::acceptor acceptor_;
    server_options options_;
    event closed_; // a session has ended
    std::uint16_t port_;
    std::map<std::string, handler, std::less<>> routes_;
    slow_handler rest_;
    sessions sessions_;
};

awaitable<void> server::implementation::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const cancellation = co_await asio::this_coro::cancellation_state;
    while (cancellation.cancelled() == asio::cancellation_type::none) {
        auto [failed, socket] = co_await acceptor_.async_accept(use_tuple);
        if (!failed) {
            begin(std::move(socket));
        } else if (failed != asio::error::operation_aborted) {
            // Out of descriptors, most likely: without a pause this would spin.
            asio::steady_timer pause{acceptor_.get_executor(), std::chrono::milliseconds{100}};
            co_await pause.async_wait(use_tuple);
        }
    }
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (auto const& open : sessions_) {
        open->stream.close();
    }
    while (!sessions_.empty()) {
        co_await closed_.wait();
    }
}

void server::implementation::begin(tcp::socket socket) {
    if (sessions_.size() >= options_.connections_max && !make_room()) {
        auto const body = error_response(503, "too many connections now").body;
        auto const busy = fmt::format("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                      "Content-Type: application/json\r\nContent-Length: {}\r\n"
                                      "\r\n{}",
                                      body.size(), body);
        boost::system::error_code ignored;
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(busy), ignored);
        return;
    }
    auto const own = sessions_.insert(
        sessions_.end(), std::make_shared<session>(std::move(socket), options_.header_bytes_max));
    // The session ends with its connection; run() waits for that.
    asio::co_spawn(acceptor_.get_executor(), serve(*own), [this, own](std::exception_ptr) {
        sessions_.erase(own);
        closed_.notify();
    });
}

// Closes the connection that has been idle for longest; false when all are at work.
bool server::implementation::make_room() {
    auto longest = sessions_.end();
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
        if ((*at)->idle_since &&
            (longest == sessions_.end() || *(*at)->idle_since < *(*longest)->idle_since)) {
            longest = at;
        }
    }
    if (longest == sessions_.end()) {
        return false;
    }
    (*longest)->idle_since.reset();
    (*longest)->stream.close();
    return true;
}

awaitable<void> server::implementation::serve(std::shared_ptr<session> own) {
    // A fresh connection has a request to send; only a used one may rest.
    bool more = co_await serve_one(*own, options_.header_timeout);
    while (more) {
        more = co_await serve_one(*own, options_.idle_timeout);
    }
    own->stream.close();
}

// True when the connection stays open for another request.
awaitable<bool> server::implementation::serve_one(session& own,
                                                  std::chrono::milliseconds idle_limit) {
    if (own.buffer.size() == 0) {
        own.idle_since = std::chrono::steady_clock::now();
        own.stream.expires_after(idle_limit);
        auto const room = own.buffer.prepare(std::min(first_read_bytes, own.buffer.max_size()));
        auto const [gone, count] = co_await own.stream.async_read_some(room, use_tuple);
        own.idle_since.reset();
        if (gone) {
            co_return false;
        }
        own.buffer.commit(count);
    }
    parser reader;
    reader.header_limit(options_.header_bytes_max);
    reader.body_limit(options_.body_bytes_max);
    own.stream.expires_after(options_.header_timeout);
    auto [failed, bytes] =
        co_await beast::http::async_read_header(own.stream, own.buffer, reader, use_tuple);
    if (!failed) {
        own.stream.expires_after(options_.header_timeout);
        auto const [broken, more_bytes] =
            co_await beast::http::async_read(own.stream, own.buffer, reader, use_tuple);
        failed = broken;
    }
    if (failed) {
        co_return co_await refuse(own, failed);
    }
    auto& message = reader.get();
    bool const keep_alive = message.keep_alive();
    bool const head = message.method() == beast::http::verb::head;
    auto const version = message.version();
    auto answer = co_await respond(to_request(message), version);
    auto const reply = to_wire(std::move(answer), version, keep_alive, head);
    own.stream.expires_after(options_.header_timeout);
    auto const [unsent, sent] = co_await beast::http::async_write(own.stream, reply, use_tuple);
    co_return !unsent && keep_alive;
}

// Answers what could not be read, then takes in the rest for a moment: closing with unread input
// would reset the connection and take the answer away from the client.
awaitable<bool> server::implementation::refuse(session& own, boost::system::error_code why) {
    auto const said = reading_failed(why);
    if (!said) {
        co_return false;
    }
    auto const reply = to_wire(*said, 11, false, false);
    own.stream.expires_after(std::chrono::seconds{1});
    auto const [unsent, sent] = co_await beast::http::async_write(own.stream, reply, use_tuple);
    boost::system::error_code broken = unsent;
    if (!broken) {
        own.stream.socket().shutdown(tcp::socket::shutdown_send, broken);
    }
    own.buffer.consume(own.buffer.size());
    auto const room = own.buffer.prepare(std::min(first_read_bytes, own.buffer.max_size()));
    while (!broken) {
        auto const [ended, count] = co_await own.stream.async_read_some(room, use_tuple);
        broken = ended;
    }
    co_return false;
}

std::optional<response> server::implementation::refusal(request const& asked,
                                                        unsigned version) const {
    auto const host = asked.header("Host");
    bool const without_host = host.empty() && version < 11; // HTTP/1.0 knows no Host
    if (host.empty() && !without_host) {
        return error_response(400, "the Host header is missing");
    }
    if (!without_host && !host_allowed(host, options_.address, options_.allowed_hosts)) {
        return error_response(421, "this server does not serve that host name");
    }
    auto const origin = asked.header("Origin");
    if (!reads(asked) && !origin.empty() && origin != "http://" + host) {
        return error_response(403, "a page of another site may not change anything here");
    }
    if (rest_) {
        return std::nullopt;
    }
    if (!routes_.contains(asked.path)) {
        return error_response(404, "there is nothing at this path");
    }
    if (!reads(asked)) {
        auto refused = error_response(405, "only GET and HEAD are possible here");
        refused.headers.emplace_back("Allow", "GET, HEAD");
        return refused;
    }
    return std::nullopt;
}

awaitable<response> server::implementation::respond(request asked, unsigned version) {
    if (auto const refused = refusal(asked, version)) {
        co_return *refused;
    }
    try {
        auto const found = routes_.find(asked.path);
        if (found != routes_.end() && (reads(asked) || !rest_)) {
            co_return found->second(asked);
        }
        auto made = co_await rest_(std::move(asked));
        co_return made;
    } catch (std::exception const&) { // its text is for our log at most, not for a stranger
        co_return error_response(500, "internal error");
    }
}

boost::system::result<std::unique_ptr<server>, listen_error> server::listen(
    asio::any_io_executor executor, server_options options) {
    auto const place = fmt::format("{}:{}", options.address, options.port);
    boost::system::error_code failed;
    auto const address = asio::ip::make_address(
        options.address == "localhost" ? "127.0.0.1" : options.address, failed);
    listen_error why;
    if (failed) {
        why.message = fmt::format("cannot listen on {}: not an IP address", place);
        return why;
    }
    tcp::endpoint const endpoint{address, options.port};
    tcp::acceptor acceptor{executor};
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) {
        acceptor.set_option(tcp::acceptor::reuse_address{true}, failed);
    }
    if (!failed) {
        acceptor.bind(endpoint, failed);
    }
    if (!failed) {
        acceptor.listen(tcp::acceptor::max_listen_connections, failed);
    }
    if (!failed) {
        return std::unique_ptr<server>{
            new server{std::make_unique<implementation>(std::move(acceptor), std::move(options))}};
    }
    why.message = fmt::format("cannot listen on {}: {}", place, failed.message());
    if (failed == asio::error::address_in_use) {
        auto const holder = port_holder(options.port);
        why.taken = true;
        why.message =
            holder ? fmt::format("cannot listen on {}: process {} ({}) holds the port", place,
                                 holder->pid, holder->name)
                   : fmt::format("cannot listen on {}: another process holds the port", place);
    }
    return why;
}

server::server(std::unique_ptr<implementation> body) noexcept : body_{std::move(body)} {}

server::~server() = default;

void server::route(std::string path, handler answer) {
    body_->route(std::move(path), std::move(answer));
}

void server::rest(slow_handler answer) {
    body_->rest(std::move(answer));
}

awaitable<void> server::run() {
    return body_->run();
}

std::uint16_t server::port() const noexcept {
    return body_->port();
}

} // namespace tandem::io::http
