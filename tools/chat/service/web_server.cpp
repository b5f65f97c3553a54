#include "tools/chat/service/web_server.hpp"

#include "io/http/guard.hpp"
#include "io/runtime/group.hpp"
#include "tools/chat/service/shown.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <list>
#include <optional>
#include <utility>

namespace tandem::chat {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using io::use_tuple;
using io::http::error_response;
using io::http::request;
using io::http::response;
using socket_stream = websocket::stream<beast::tcp_stream>;
using namespace std::chrono_literals;

constexpr char const* socket_path = "/chat/socket";
constexpr std::uint32_t header_bytes_most = 8U << 10;
constexpr std::size_t page_says_most = 1'024;

request to_request(http::request<http::string_body>& wire) {
    request plain;
    plain.method = wire.method_string();
    std::string const target = wire.target();
    auto const question = target.find('?');
    plain.path = target.substr(0, question);
    plain.query = question == std::string::npos ? "" : target.substr(question + 1);
    for (auto const& field : wire) {
        plain.headers.emplace_back(field.name_string(), field.value());
    }
    plain.body = std::move(wire.body());
    return plain;
}

http::response<http::string_body> to_wire(response plain, unsigned version, bool keep_alive,
                                          bool head) {
    http::response<http::string_body> wire{static_cast<http::status>(plain.status), version};
    wire.set(http::field::server, "tandem-chat");
    wire.set(http::field::content_type, plain.content_type);
    wire.set(http::field::cache_control, "no-store");
    wire.set("X-Content-Type-Options", "nosniff");
    wire.set("Referrer-Policy", "no-referrer");
    wire.set("Content-Security-Policy",
             "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    for (auto const& [name, value] : plain.headers) {
        wire.set(name, value);
    }
    wire.keep_alive(keep_alive);
    wire.content_length(plain.body.size());
    if (!head) {
        wire.body() = std::move(plain.body);
    }
    return wire;
}

// What a page of another site, or one that got here under a wrong name, makes a browser send.
std::optional<response> foreign(request const& asked, web_options const& options, bool changes) {
    auto const host = asked.header("Host");
    if (host.empty()) {
        return error_response(400, "the Host header is missing");
    }
    if (!io::http::host_allowed(host, options.address, options.allowed_hosts)) {
        return error_response(
            421, "this server does not serve that host name; --allow-host NAME makes it");
    }
    auto const origin = asked.header("Origin");
    if (changes && !origin.empty() && origin != "http://" + host) {
        return error_response(403, "a page of another site may not do anything here");
    }
    return std::nullopt;
}

std::optional<response> unreadable(boost::system::error_code const& why) {
    if (why == http::error::header_limit || why == http::error::buffer_overflow) {
        return error_response(431, "the request's header is too large");
    }
    if (why == http::error::body_limit) {
        return error_response(
            413, fmt::format("the request's body is larger than {} bytes", request_bytes_most));
    }
    bool const gone = why == http::error::end_of_stream || why == http::error::partial_message;
    if (!gone && why.category() == make_error_code(http::error::bad_target).category()) {
        return error_response(400, "this is not HTTP/1.1");
    }
    return std::nullopt;
}

// --- one page -------------------------------------------------------------------------------------
awaitable<int> hear(socket_stream& socket, std::shared_ptr<page> own, hub& pages) {
    beast::flat_buffer said;
    for (;;) {
        auto const [failed, size] = co_await socket.async_read(said, use_tuple);
        if (failed) {
            co_return 0; // closed by either side, silent, or more than a page has to say
        }
        auto const text = beast::buffers_to_string(said.data());
        said.consume(said.size());
        auto const room_id = read_open(text);
        if (room_id) {
            pages.open(*own, *room_id);
        } else {
            own->say(refused_json(room_id.error().why));
        }
    }
}

awaitable<int> tell(socket_stream& socket, std::shared_ptr<page> own) {
    while (!own->too_slow) {
        while (!own->out.empty()) {
            auto const text = std::move(own->out.front());
            own->out.pop_front();
            auto const [failed, size] = co_await socket.async_write(asio::buffer(text), use_tuple);
            own->out_bytes -= text.size();
            if (failed) {
                co_return 0;
            }
        }
        co_await own->ready.wait();
    }
    spdlog::warn("a page does not take what it is sent and is closed; it comes back by itself");
    co_return 0;
}

} // namespace

class web_server::implementation {
public:
    implementation(tcp::acceptor acceptor, web_options options, web_handler answer, hub& pages)
        : acceptor_{std::move(acceptor)},
          options_{std::move(options)},
          answer_{std::move(answer)},
          pages_{pages},
          closed_{acceptor_.get_executor()},
          port_{acceptor_.local_endpoint().port()} {}

    awaitable<int> run();
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    struct session {
        explicit session(tcp::socket socket)
            : stream{std::move(socket)}, buffer{header_bytes_most} {}
        void close() {
            if (upgraded) {
                beast::get_lowest_layer(*upgraded).close();
            } else {
                stream.close();
            }
        }
        beast::tcp_stream stream;
        std::optional<socket_stream> upgraded;
        beast::flat_buffer buffer;
    };

    void begin(tcp::socket socket);
    awaitable<void> serve(std::shared_ptr<session> own);
    awaitable<bool> serve_one(session& own, std::chrono::milliseconds patience);
    awaitable<void> send(session& own, response said, unsigned version, bool keep_alive, bool head);
    awaitable<void> serve_page(session& own, http::request<http::string_body> asked);
    [[nodiscard]] awaitable<response> respond(request asked);

    tcp::acceptor acceptor_;
    web_options options_;
    web_handler answer_;
    hub& pages_;
    io::event closed_;
    std::uint16_t port_;
    std::list<std::shared_ptr<session>> sessions_;
};

awaitable<int> web_server::implementation::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const cancellation = co_await asio::this_coro::cancellation_state;
    while (cancellation.cancelled() == asio::cancellation_type::none) {
        auto [failed, socket] = co_await acceptor_.async_accept(use_tuple);
        if (!failed) {
            begin(std::move(socket));
        } else if (failed != asio::error::operation_aborted) {
            asio::steady_timer pause{acceptor_.get_executor(),
                                     100ms}; // out of descriptors: do not spin
            co_await pause.async_wait(use_tuple);
        }
    }
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (auto const& open : sessions_) {
        open->close();
    }
    while (!sessions_.empty()) {
        co_await closed_.wait();
    }
    co_return 0;
}

void web_server::implementation::begin(tcp::socket socket) {
    if (sessions_.size() >= options_.connections_max) {
        constexpr std::string_view busy =
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
            "Content-Length: 0\r\n\r\n";
        boost::system::error_code ignored;
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(busy), ignored);
        return;
    }
    auto const own =
        sessions_.insert(sessions_.end(), std::make_shared<session>(std::move(socket)));
    asio::co_spawn(acceptor_.get_executor(), serve(*own), [this, own](std::exception_ptr) {
        sessions_.erase(own);
        closed_.notify();
    });
}

awaitable<void> web_server::implementation::serve(std::shared_ptr<session> own) {
    bool more = co_await serve_one(*own, 5'000ms);
    while (more) {
        more = co_await serve_one(*own, 30'000ms);
    }
    own->close();
}

awaitable<void> web_server::implementation::send(session& own, response said, unsigned version,
                                                 bool keep_alive, bool head) {
    auto const wire = to_wire(std::move(said), version, keep_alive, head);
    own.stream.expires_after(5s);
    auto const [unsent, size] = co_await http::async_write(own.stream, wire, use_tuple);
    if (unsent) {
        own.stream.close();
    }
}

// True when the connection is there for another request.
awaitable<bool> web_server::implementation::serve_one(session& own,
                                                      std::chrono::milliseconds patience) {
    http::request_parser<http::string_body> reader;
    reader.header_limit(header_bytes_most);
    reader.body_limit(request_bytes_most);
    own.stream.expires_after(patience);
    auto [failed, size] =
        co_await http::async_read_header(own.stream, own.buffer, reader, use_tuple);
    if (!failed) {
        own.stream.expires_after(5s);
        auto const [broken, more] =
            co_await http::async_read(own.stream, own.buffer, reader, use_tuple);
        failed = broken;
    }
    if (failed) {
        if (auto said = unreadable(failed)) {
            co_await send(own, std::move(*said), 11, false, false);
            boost::system::error_code ignored;
            own.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
        }
        co_return false;
    }
    auto wire = reader.release();
    own.stream.expires_never();
    bool const upgrade = websocket::is_upgrade(wire);
    bool const keep_alive = wire.keep_alive();
    bool const head = wire.method() == http::verb::head;
    auto const version = wire.version();
    if (upgrade && wire.target() == socket_path) {
        co_await serve_page(own, std::move(wire));
        co_return false;
    }
    auto said = co_await respond(to_request(wire));
    co_await send(own, std::move(said), version, keep_alive, head);
    co_return keep_alive&& own.stream.socket().is_open();
}

awaitable<void> web_server::implementation::serve_page(session& own,
                                                       http::request<http::string_body> asked) {
    auto const version = asked.version();
    auto const plain = to_request(asked);
    if (auto const refused = foreign(plain, options_, true)) {
        co_await send(own, *refused, version, false, false);
        co_return;
    }
    auto& socket = own.upgraded.emplace(std::move(own.stream));
    websocket::stream_base::timeout patience;
    patience.handshake_timeout = 5s;
    patience.idle_timeout = 30s;
    patience.keep_alive_pings = true;
    socket.set_option(patience);
    socket.read_message_max(page_says_most);
    socket.auto_fragment(false);
    auto const [failed] = co_await socket.async_accept(asked, use_tuple);
    if (failed) {
        co_return;
    }
    auto const opened = std::make_shared<page>(acceptor_.get_executor());
    pages_.add(opened);
    struct leaving {
        hub& pages;
        std::shared_ptr<page> const& opened;
        ~leaving() { pages.remove(opened); }
    } const leave{pages_, opened};
    io::group<int> both{acceptor_.get_executor()};
    both.add("hear", hear(socket, opened, pages_));
    both.add("tell", tell(socket, opened));
    auto const endings = co_await both.run();
}

awaitable<response> web_server::implementation::respond(request asked) {
    bool const changes = asked.method != "GET" && asked.method != "HEAD";
    if (auto const refused = foreign(asked, options_, changes)) {
        co_return *refused;
    }
    try {
        auto said = co_await answer_(std::move(asked));
        co_return said;
    } catch (std::exception const& failed) {
        spdlog::error("answering a request: {}", failed.what());
        co_return error_response(500, "internal error");
    }
}

boost::system::result<std::unique_ptr<web_server>, io::http::listen_error> web_server::listen(
    asio::any_io_executor executor, web_options options, web_handler answer, hub& pages) {
    auto const place = fmt::format("{}:{}", options.address, options.port);
    io::http::listen_error why;
    boost::system::error_code failed;
    auto const address = asio::ip::make_address(options.address, failed);
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
        return std::unique_ptr<web_server>{new web_server{std::make_unique<implementation>(
            std::move(acceptor), std::move(options), std::move(answer), pages)}};
    }
    why.taken = failed == asio::error::address_in_use;
    why.message = fmt::format("cannot listen on {}: {}", place, failed.message());
    if (auto const holder = io::http::port_holder(options.port); why.taken && holder) {
        why.message = fmt::format("cannot listen on {}: process {} ({}) holds the port", place,
                                  holder->pid, holder->name);
    }
    return why;
}

web_server::web_server(std::unique_ptr<implementation> body) noexcept : body_{std::move(body)} {}
web_server::~web_server() = default;

awaitable<int> web_server::run() {
    return body_->run();
}

std::uint16_t web_server::port() const noexcept {
    return body_->port();
}

} // namespace tandem::chat
