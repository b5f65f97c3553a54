#include "io/http/server.hpp"

#include "io/http/access.hpp"
#include "io/http/guard.hpp"
#include "io/http/tls.hpp"
#include "io/http/wire.hpp"
#include "io/runtime/event.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <type_traits>

namespace tandem::io::http {

namespace beast = boost::beast;
using asio::ip::tcp;
using parser = beast::http::request_parser<beast::http::string_body>;

namespace {

constexpr std::size_t first_read_bytes = 4096;

using plain_stream = beast::tcp_stream;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

struct session {
    session(tcp::socket socket, asio::ssl::context* tls, std::uint32_t buffer_bytes_max)
        : buffer{buffer_bytes_max} {
        if (tls != nullptr) {
            secret.emplace(std::move(socket), *tls);
        } else {
            plain.emplace(std::move(socket));
        }
    }
    // That the time limits and the end are of.
    [[nodiscard]] beast::tcp_stream& lowest() noexcept {
        return secret ? secret->next_layer() : *plain;
    }

    // One of the two.
    std::optional<plain_stream> plain;
    std::optional<tls_stream> secret;
    beast::flat_buffer buffer;
    std::optional<std::chrono::steady_clock::time_point> idle_since;
    std::optional<std::chrono::steady_clock::time_point>
        asking_since; // its request is not here whole
};

struct stream_route {
    std::string content_type;
    stream_handler write;
};

} // namespace

class server::implementation {
public:
    implementation(tcp::acceptor acceptor, server_options options,
                   std::unique_ptr<asio::ssl::context> tls)
        : acceptor_{std::move(acceptor)},
          options_{std::move(options)},
          tls_{std::move(tls)},
          closed_{acceptor_.get_executor()},
          port_{acceptor_.local_endpoint().port()} {}

    void route(std::string path, handler answer) {
        routes_.insert_or_assign(std::move(path), std::move(answer));
    }
    void stream(std::string path, std::string content_type, stream_handler write) {
        streams_.insert_or_assign(std::move(path),
                                  stream_route{std::move(content_type), std::move(write)});
    }
    void rest(slow_handler answer) { rest_ = std::move(answer); }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    awaitable<void> run();

private:
    using sessions = std::list<std::shared_ptr<session>>;

    void begin(tcp::socket socket);
    bool make_room();
    awaitable<void> serve(std::shared_ptr<session> own);
    template <class stream_type>
    awaitable<void> serve_all(session& own, stream_type& over);
    template <class stream_type>
    awaitable<bool> serve_one(session& own, stream_type& over,
                              std::chrono::milliseconds idle_limit);
    template <class stream_type>
    awaitable<bool> serve_stream(session& own, stream_type& over, stream_route const& route,
                                 request asked);
    template <class stream_type>
    awaitable<bool> refuse(session& own, stream_type& over, boost::system::error_code why);
    [[nodiscard]] std::optional<response> refusal(request const& asked, unsigned version) const;
    [[nodiscard]] awaitable<response> respond(request asked, unsigned version);

    tcp::acceptor acceptor_;
    server_options options_;
    std::unique_ptr<asio::ssl::context> tls_; // none: plain HTTP
    event closed_;                            // a session has ended
    std::uint16_t port_;
    std::map<std::string, handler, std::less<>> routes_;
    std::map<std::string, stream_route, std::less<>> streams_;
    std::size_t streaming_ = 0; // connections
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
        open->lowest().close();
    }
    while (!sessions_.empty()) {
        co_await closed_.wait();
    }
}

void server::implementation::begin(tcp::socket socket) {
    if (sessions_.size() >= options_.connections_max && !make_room()) {
        if (tls_ != nullptr) { // nothing can be said before the handshake
            return;
        }
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
    auto const own =
        sessions_.insert(sessions_.end(), std::make_shared<session>(std::move(socket), tls_.get(),
                                                                    options_.header_bytes_max));
    // The session ends with its connection; run() waits for that.
    asio::co_spawn(acceptor_.get_executor(), serve(*own), [this, own](std::exception_ptr) {
        sessions_.erase(own);
        closed_.notify();
    });
}

// Closes the connection that has been idle for longest, or else the one whose request has been coming for longest: many
// that send slowly must not keep others out. False when all are at work.
bool server::implementation::make_room() {
    for (auto since : {&session::idle_since, &session::asking_since}) {
        auto longest = sessions_.end();
        for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
            auto const& mine = (**at).*since;
            if (mine && (longest == sessions_.end() || *mine < *((**longest).*since))) {
                longest = at;
            }
        }
        if (longest != sessions_.end()) {
            (*longest)->idle_since.reset();
            (*longest)->asking_since.reset();
            (*longest)->lowest().close();
            return true;
        }
    }
    return false;
}

awaitable<void> server::implementation::serve(std::shared_ptr<session> own) {
    if (own->secret) {
        own->asking_since = std::chrono::steady_clock::now();
        own->lowest().expires_after(options_.header_timeout);
        auto const [failed] =
            co_await own->secret->async_handshake(asio::ssl::stream_base::server, use_tuple);
        own->asking_since.reset();
        if (!failed) {
            co_await serve_all(*own, *own->secret);
        }
    } else {
        co_await serve_all(*own, *own->plain);
    }
    own->lowest().close();
}

template <class stream_type>
awaitable<void> server::implementation::serve_all(session& own, stream_type& over) {
    // A fresh connection has a request to send; only a used one may rest.
    bool more = co_await serve_one(own, over, options_.header_timeout);
    while (more) {
        more = co_await serve_one(own, over, options_.idle_timeout);
    }
    if constexpr (std::is_same_v<stream_type, tls_stream>) { // that nothing was cut off
        own.lowest().expires_after(std::chrono::seconds{1});
        auto const [ignored] = co_await over.async_shutdown(use_tuple);
        static_cast<void>(ignored);
    }
}

// True when the connection stays open for another request.
template <class stream_type>
awaitable<bool> server::implementation::serve_one(session& own, stream_type& over,
                                                  std::chrono::milliseconds idle_limit) {
    if (own.buffer.size() == 0) {
        own.idle_since = std::chrono::steady_clock::now();
        own.lowest().expires_after(idle_limit);
        auto const room = own.buffer.prepare(std::min(first_read_bytes, own.buffer.max_size()));
        auto const [gone, count] = co_await over.async_read_some(room, use_tuple);
        own.idle_since.reset();
        if (gone) {
            co_return false;
        }
        own.buffer.commit(count);
    }
    own.asking_since = std::chrono::steady_clock::now();
    parser reader;
    reader.header_limit(options_.header_bytes_max);
    reader.body_limit(options_.body_bytes_max);
    own.lowest().expires_after(options_.header_timeout);
    auto [failed, bytes] =
        co_await beast::http::async_read_header(over, own.buffer, reader, use_tuple);
    if (!failed) {
        own.lowest().expires_after(options_.header_timeout);
        auto const [broken, more_bytes] =
            co_await beast::http::async_read(over, own.buffer, reader, use_tuple);
        failed = broken;
    }
    own.asking_since.reset();
    if (failed) {
        co_return co_await refuse(own, over, failed);
    }
    auto& message = reader.get();
    bool const keep_alive = message.keep_alive();
    bool const head = message.method() == beast::http::verb::head;
    auto const version = message.version();
    auto asked = to_request(message);
    auto const streamed = streams_.find(asked.path);
    if (streamed != streams_.end() && asked.method == "GET" && version >= 11 &&
        !refusal(asked, version)) {
        co_return co_await serve_stream(own, over, streamed->second, std::move(asked));
    }
    auto answer = co_await respond(std::move(asked), version);
    auto const reply = to_wire(std::move(answer), version, keep_alive, head);
    own.lowest().expires_after(options_.header_timeout);
    auto const [unsent, sent] = co_await beast::http::async_write(over, reply, use_tuple);
    co_return !unsent && keep_alive;
}

template <class stream_type>
class chunked_stream final : public response_stream {
public:
    chunked_stream(session& own, stream_type& over) noexcept : own_{own}, over_{over} {}

    awaitable<bool> begin(std::string content_type) {
        // Without a length: HTTP/1.1 says its end by closing.
        std::string head =
            fmt::format("HTTP/1.1 200 OK\r\nServer: tandem\r\nContent-Type: {}\r\n"
                        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                        "Connection: close\r\n\r\n",
                        content_type);
        return write(std::move(head));
    }
    awaitable<bool> write(std::string text) override {
        own_.lowest().expires_after(patience);
        auto const sending = asio::buffer(text);
        auto const [failed, count] = co_await asio::async_write(over_, sending, use_tuple);
        own_.lowest().expires_never();
        co_return !failed;
    }

private:
    static constexpr std::chrono::seconds patience{10};
    session& own_;
    stream_type& over_;
};

// It is the connection's last.
template <class stream_type>
awaitable<bool> server::implementation::serve_stream(session& own, stream_type& over,
                                                     stream_route const& route, request asked) {
    if (streaming_ >= options_.streams_max) {
        auto const reply = to_wire(error_response(503, "too many streams now"), 11, false, false);
        co_await beast::http::async_write(over, reply, use_tuple);
        co_return false;
    }
    ++streaming_;
    chunked_stream<stream_type> out{own, over};
    bool const begun = co_await out.begin(route.content_type);
    try {
        if (begun) {
            co_await route.write(std::move(asked), out);
        }
    } catch (std::exception const&) { // the client sees the end
    }
    --streaming_;
    co_return false;
}

// Answers what could not be read, then takes in the rest for a moment: closing with unread input
// would reset the connection and take the answer away from the client.
template <class stream_type>
awaitable<bool> server::implementation::refuse(session& own, stream_type& over,
                                               boost::system::error_code why) {
    auto const said = reading_failed(why);
    if (!said) {
        co_return false;
    }
    auto const reply = to_wire(*said, 11, false, false);
    own.lowest().expires_after(std::chrono::seconds{1});
    auto const [unsent, sent] = co_await beast::http::async_write(over, reply, use_tuple);
    boost::system::error_code broken = unsent;
    if (!broken && own.plain) {
        own.plain->socket().shutdown(tcp::socket::shutdown_send, broken);
    }
    own.buffer.consume(own.buffer.size());
    auto const room = own.buffer.prepare(std::min(first_read_bytes, own.buffer.max_size()));
    while (!broken) {
        auto const [ended, count] = co_await over.async_read_some(room, use_tuple);
        broken = ended;
    }
    co_return false;
}

std::optional<response> server::implementation::refusal(request const& asked,
                                                        unsigned version) const {
    auto const host = asked.header("Host");
    if (asked.count("Host") > 1) {
        return error_response(400, "there is more than one Host header");
    }
    bool const without_host = host.empty() && version < 11; // HTTP/1.0 knows no Host
    if (host.empty() && !without_host) {
        return error_response(400, "the Host header is missing");
    }
    if (!without_host && !host_allowed(host, options_.address, options_.allowed_hosts)) {
        return error_response(421, "this server does not serve that host name");
    }
    auto const origin = asked.header("Origin");
    bool const elsewhere =
        (!origin.empty() && origin != (tls_ != nullptr ? "https://" : "http://") + host) ||
        asked.header("Sec-Fetch-Site") == "cross-site";
    if (!reads(asked) && elsewhere) {
        return error_response(403, "a page of another site may not change anything here");
    }
    bool const open =
        std::ranges::find(options_.open_paths, asked.path) != options_.open_paths.end();
    if (!options_.token.empty() && !open &&
        !token_given(asked.header("Authorization"), options_.token)) {
        auto refused = error_response(
            401, "a token is needed: as a bearer token, or as the password of any user");
        refused.headers.emplace_back("WWW-Authenticate",
                                     "Basic realm=\"tandem\", charset=\"UTF-8\"");
        return refused;
    }
    if (rest_) {
        return std::nullopt;
    }
    if (streams_.contains(asked.path) && asked.method == "GET") {
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
    std::unique_ptr<asio::ssl::context> tls;
    if (options.tls) {
        auto made = server_context(*options.tls);
        if (!made) {
            why.message = made.error().message;
            return why;
        }
        tls = std::move(*made);
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
        return std::unique_ptr<server>{new server{std::make_unique<implementation>(
            std::move(acceptor), std::move(options), std::move(tls))}};
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

void server::stream(std::string path, std::string content_type, stream_handler write) {
    body_->stream(std::move(path), std::move(content_type), std::move(write));
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
