#include "tools/tandem/http_ask.hpp"

#include "engine/admin/failure.hpp"
#include "engine/admin/session.hpp"
#include "engine/config/error.hpp"
#include "engine/config/token_file.hpp"
#include "io/http/tls.hpp"
#include "io/runtime/deadline.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

namespace tandem::tool {
namespace {

namespace asio = io::asio;
using tcp = asio::ip::tcp;

constexpr std::size_t answer_bytes_max = std::size_t{16} << 20;

struct place {
    bool secret = false; // https
    std::string host;
    std::string port = "8083";
};

place parse_base(std::string const& base) {
    constexpr std::string_view plain = "http://";
    constexpr std::string_view secret = "https://";
    std::string_view rest{base};
    place found;
    found.secret = rest.starts_with(secret);
    if (!found.secret && !rest.starts_with(plain)) {
        throw engine::config_error{
            fmt::format("--url '{}': expected http://HOST:PORT or https://HOST:PORT", base)};
    }
    rest.remove_prefix(found.secret ? secret.size() : plain.size());
    rest = rest.substr(0, rest.find('/'));
    std::size_t const colon = rest.rfind(':');
    bool const port =
        colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
    if (port) {
        found.port = std::string{rest.substr(colon + 1)};
        rest = rest.substr(0, colon);
    }
    if (rest.starts_with('[') && rest.ends_with(']')) {
        rest = rest.substr(1, rest.size() - 2);
    }
    found.host = std::string{rest};
    if (found.host.empty() || found.port.empty()) {
        throw engine::config_error{
            fmt::format("--url '{}': expected http://HOST:PORT or https://HOST:PORT", base)};
    }
    return found;
}

// HTTP/1.0: the body ends where the connection does.
std::optional<http_answer> parse_answer(std::string const& text) {
    std::size_t const space = text.find(' ');
    std::size_t const head = text.find("\r\n\r\n");
    http_answer read;
    if (!text.starts_with("HTTP/1.") || space == std::string::npos || head == std::string::npos) {
        return std::nullopt;
    }
    auto const [stop, failed] =
        std::from_chars(text.data() + space + 1, text.data() + text.size(), read.status);
    if (failed != std::errc{}) {
        return std::nullopt;
    }
    read.body = text.substr(head + 4);
    return read;
}

// Throws what fails, but the end.
void check(boost::system::error_code const& failed, io::deadline const& limit) {
    if (failed && failed != asio::error::eof && failed != asio::ssl::error::stream_truncated) {
        throw boost::system::system_error{limit.expired() ? asio::error::timed_out : failed};
    }
}

template <class stream_type>
io::awaitable<std::string> exchange_over(stream_type& over, std::string const& request,
                                         io::deadline const& limit) {
    auto const sending = asio::buffer(request);
    auto const [unsent, sent] = co_await asio::async_write(over, sending, io::use_tuple);
    check(unsent, limit);
    std::string text;
    auto const receiving = asio::dynamic_buffer(text, answer_bytes_max);
    auto const [ended, size] = co_await asio::async_read(over, receiving, io::use_tuple);
    check(ended, limit);
    co_return text;
}

// `trust`: of https only.
io::awaitable<std::string> exchange(place where, std::string request, std::chrono::seconds patience,
                                    asio::ssl::context* trust) {
    auto const executor = co_await asio::this_coro::executor;
    tcp::resolver resolver{executor};
    tcp::socket socket{executor};
    auto const give_up = [&socket, &resolver] {
        boost::system::error_code ignored;
        resolver.cancel();
        socket.close(ignored);
    };
    io::deadline const limit{executor, patience, give_up};
    auto const [unknown, found] =
        co_await resolver.async_resolve(where.host, where.port, io::use_tuple);
    check(unknown, limit);
    auto const [refused, end] = co_await asio::async_connect(socket, found, io::use_tuple);
    check(refused, limit);
    if (trust == nullptr) {
        auto answer = co_await exchange_over(socket, request, limit);
        co_return answer;
    }
    asio::ssl::stream<tcp::socket&> secret{socket, *trust};
    secret.set_verify_callback(asio::ssl::host_name_verification{where.host});
    // SSL_set_tlsext_host_name(), whose casts are of another time.
    SSL_ctrl(secret.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             where.host.data());
    auto const [unsafe] =
        co_await secret.async_handshake(asio::ssl::stream_base::client, io::use_tuple);
    check(unsafe, limit);
    auto answer = co_await exchange_over(secret, request, limit);
    co_return answer;
}

} // namespace

http_answer http_ask(call const& now, http_question const& what) {
    place const where = parse_base(now.url);
    std::unique_ptr<asio::ssl::context> trust;
    if (where.secret) {
        auto made = io::http::client_context(now.authorities);
        if (!made) {
            throw engine::config_error{fmt::format("--tls-ca {}", made.error().message)};
        }
        trust = std::move(*made);
    }
    bool const v6 = where.host.find(':') != std::string::npos;
    std::string request = fmt::format(
        "{} {} HTTP/1.0\r\nHost: {}:{}\r\nAccept: application/json\r\nConnection: close\r\n",
        what.method, what.path, v6 ? "[" + where.host + "]" : where.host, where.port);
    if (!what.body.empty() || what.method != "GET") {
        request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n",
                               what.body.size());
    }
    if (!now.token_file.empty()) {
        request += fmt::format("Authorization: Bearer {}\r\n", engine::read_token(now.token_file));
    }
    request += "\r\n" + what.body;
    std::string why = "it does not speak HTTP";
    try {
        asio::io_context context{1};
        auto const answer = parse_answer(
            engine::run_on(context, exchange(where, request, what.patience, trust.get())));
        if (answer && answer->status == 401) {
            throw engine::config_error{
                fmt::format("{} asks for {} token; give the file that holds it with --token-file",
                            now.url, now.token_file.empty() ? "a" : "another")};
        }
        if (answer) {
            return *answer;
        }
    } catch (boost::system::system_error const& failed) {
        why = failed.code().message();
    }
    throw engine::command_failed{
        engine::exit_status::environment,
        fmt::format(
            "no instance answers at {}: {}; start one with 'tandem run' or 'tandem connect', or give "
            "its address with --url",
            now.url, why)};
}

} // namespace tandem::tool
