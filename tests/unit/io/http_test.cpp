#include "io/http/access.hpp"
#include "io/http/guard.hpp"
#include "io/http/server.hpp"
#include "tests/support/event_loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <unistd.h>
#include <vector>

namespace tandem::io::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using asio::ip::tcp;
using clock = std::chrono::steady_clock;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(HostGuard, OnlyOurNamesAreServed) {
    struct host_case {
        char const* host;
        char const* listen;
        bool allowed;
    };
    for (auto const& one : {
             host_case{"localhost", "127.0.0.1", true},
             host_case{"localhost:8083", "127.0.0.1", true},
             host_case{"LocalHost:1", "127.0.0.1", true},
             host_case{"127.0.0.1:8083", "127.0.0.1", true},
             host_case{"127.0.0.1", "10.1.2.3", true},
             host_case{"[::1]:8083", "::1", true},
             host_case{"[::1]", "127.0.0.1", true},
             host_case{"10.1.2.3:8083", "10.1.2.3", true},
             host_case{"sync.example:8083", "10.1.2.3", true}, // named below
             host_case{"SYNC.example", "127.0.0.1", true},
             host_case{"10.9.9.9", "0.0.0.0", true},
             host_case{"[fd00::1]:1", "::", true},
             host_case{"10.9.9.9", "10.1.2.3", false},
             host_case{"evil.example", "127.0.0.1", false},
             host_case{"evil.example", "0.0.0.0", false},
             host_case{"localhost.evil.example", "127.0.0.1", false},
             host_case{"127.0.0.1.evil.example", "127.0.0.1", false},
             host_case{"localhost:80:80", "127.0.0.1", false},
             host_case{"localhost:port", "127.0.0.1", false},
             host_case{"[::1", "127.0.0.1", false},
             host_case{"[::1]x", "127.0.0.1", false},
             host_case{"user@localhost", "127.0.0.1", false},
             host_case{"", "127.0.0.1", false},
             host_case{":8083", "127.0.0.1", false},
         }) {
        EXPECT_EQ(host_allowed(one.host, one.listen, {"sync.example"}), one.allowed)
            << one.host << " on " << one.listen;
    }
}

TEST(PortHolder, ReadsTheKernelsTable) {
    constexpr char const* table =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
        "inode\n"
        "   0: 0100007F:1F93 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
        "1234 1 0000000000000000 100 0 0 10 0\n"
        "   1: 0100007F:1F93 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 "
        "1235 1 0000000000000000 100 0 0 10 0\n"
        "   2: 00000000:1F94 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
        "1236 1 0000000000000000 100 0 0 10 0\n"
        "broken line\n";
    EXPECT_THAT(listening_inodes(table, 8083), ElementsAre("1234"));
    EXPECT_THAT(listening_inodes(table, 8084), ElementsAre("1236"));
    EXPECT_THAT(listening_inodes(table, 9999), IsEmpty());
    EXPECT_THAT(listening_inodes("", 8083), IsEmpty());
}

TEST(ErrorResponse, IsJsonWhateverTheMessage) {
    EXPECT_EQ(error_response(404, "no \"x\\y\"\n").body,
              "{\"error_code\":404,\"message\":\"no \\\"x\\\\y\\\"\\u000a\"}\n");
}

awaitable<> elapse(std::chrono::milliseconds time) {
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

// Runs a server on a loop that the tests drive; clients are plain sockets on the same loop.
class HttpServer : public testing::Test {
protected:
    void serve(server_options options = {}, slow_handler rest = nullptr) {
        options.port = 0;
        server_ = test::must(server::listen(loop_.executor(), std::move(options)));
        server_->route("/hello", [](request const& asked) {
            response made;
            made.content_type = "text/plain";
            made.body = asked.method + " " + asked.path + " " + asked.query + " " +
                        asked.header("x-who") + " " + asked.body;
            return made;
        });
        server_->route("/broken",
                       [](request const&) -> response { throw std::runtime_error{"secret"}; });
        if (rest) {
            server_->rest(std::move(rest));
        }
        if (before_) {
            before_(*server_);
        }
        asio::co_spawn(loop_.executor(), server_->run(),
                       asio::bind_cancellation_slot(
                           stop_.slot(), [this](std::exception_ptr) { stopped_ = true; }));
    }
    // One at a time.
    void stream(std::string path, stream_handler write) {
        server_options options;
        options.streams_max = 1;
        before_ = [path = std::move(path), write = std::move(write)](server& of) {
            of.stream(path, "text/event-stream", write);
        };
        serve(std::move(options));
    }
    void TearDown() override { stop(); }
    void stop() {
        stop_.emit(asio::cancellation_type::terminal);
        for (auto const limit = clock::now() + 30s; server_ && !stopped_ && clock::now() < limit;) {
            loop_.run(elapse(1ms));
        }
        EXPECT_TRUE(stopped_ || !server_);
    }

    tcp::socket connect() {
        tcp::socket socket{loop_.executor()};
        socket.connect({asio::ip::address_v4::loopback(), server_->port()});
        return socket;
    }

    // Writes all of `text` and reads until the server closes.
    static awaitable<std::string> talk(tcp::socket& socket, std::string text) {
        [[maybe_unused]] auto const [unsent, bytes] =
            co_await asio::async_write(socket, asio::buffer(text), use_tuple);
        std::string answer;
        auto into = asio::dynamic_buffer(answer);
        [[maybe_unused]] auto const [ended, count] =
            co_await asio::async_read(socket, into, use_tuple);
        co_return answer;
    }
    std::string ask(std::string text) {
        auto socket = connect();
        return loop_.run(talk(socket, std::move(text)));
    }
    std::string get(std::string const& path, std::string const& method = "GET") {
        return ask(method + " " + path +
                   " HTTP/1.1\r\nHost: localhost\r\nX-Who: me\r\n"
                   "Connection: close\r\n\r\n");
    }

    // Answer of one request on a connection that stays open.
    static awaitable<std::string> ask_once(tcp::socket& socket, std::string text) {
        [[maybe_unused]] auto const [unsent, bytes] =
            co_await asio::async_write(socket, asio::buffer(text), use_tuple);
        std::string answer(4096, '\0');
        auto const [ended, count] =
            co_await socket.async_read_some(asio::buffer(answer), use_tuple);
        answer.resize(count);
        co_return answer;
    }

    std::function<void(server&)> before_;
    test::event_loop loop_;
    std::unique_ptr<server> server_;
    asio::cancellation_signal stop_;
    bool stopped_ = false;
};

TEST_F(HttpServer, AnswersExactPaths) {
    serve();
    auto const answer = get("/hello?a=b&c");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain\r\n"));
    EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nGET /hello a=b&c me "));
    for (auto const* path : {"/", "/hello/", "/hell", "/Hello", "/hello/../hello"}) {
        auto const missing = get(path);
        EXPECT_THAT(missing, StartsWith("HTTP/1.1 404 Not Found\r\n")) << path;
        EXPECT_THAT(missing, HasSubstr("\r\n\r\n{\"error_code\":404,\"message\":\"")) << path;
    }
}

TEST_F(HttpServer, HeadHasTheLengthAndNoBody) {
    serve();
    auto const answer = get("/hello", "HEAD");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 16\r\n")); // "HEAD /hello  me "
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServer, OtherMethodsAreNotAllowed) {
    serve();
    for (auto const* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
        auto const answer = get("/hello", method);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 ")) << method;
        EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n")) << method;
        EXPECT_THAT(answer, HasSubstr("{\"error_code\":405,")) << method;
    }
}

// Takes a moment for it.
awaitable<response> echo(request asked) {
    co_await elapse(5ms);
    response made;
    made.status = asked.method == "DELETE" ? 204 : 201;
    made.body = asked.method + " " + asked.path + "?" + asked.query + " " + asked.body;
    co_return made;
}

TEST_F(HttpServer, TheRestGoesToOneHandlerThatMayTakeItsTime) {
    serve({}, echo);
    EXPECT_THAT(ask("POST /a/b?c=d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    "Content-Length: 2\r\n\r\nhi"),
                AllOf(StartsWith("HTTP/1.1 201 "), EndsWith("POST /a/b?c=d hi")));
    EXPECT_THAT(ask("POST /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                EndsWith("POST /hello? "));
    EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                EndsWith("GET /hello   "));
    EXPECT_THAT(ask("DELETE /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                AllOf(StartsWith("HTTP/1.1 204 "), Not(HasSubstr("Content-Length")),
                      Not(HasSubstr("\nContent-Type")), EndsWith("\r\n\r\n")));
}

TEST_F(HttpServer, OneHostIsEnough) {
    serve({}, echo);
    EXPECT_THAT(
        ask("GET /hello HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\nConnection: close\r\n\r\n"),
        AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("more than one Host header")));
}

TEST_F(HttpServer, AnotherSitesPageMayOnlyRead) {
    serve({}, echo);
    auto const from = [this](std::string const& method, std::string const& origin) {
        return ask(method + " /x HTTP/1.1\r\nHost: localhost:8083\r\nOrigin: " + origin +
                   "\r\nConnection: close\r\n\r\n");
    };
    EXPECT_THAT(from("PUT", "http://evil.example"),
                AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("may not change anything")));
    EXPECT_THAT(from("PUT", "null"), StartsWith("HTTP/1.1 403 "));
    EXPECT_THAT(from("PUT", "http://localhost:8083"), StartsWith("HTTP/1.1 201 "));
    EXPECT_THAT(from("GET", "http://evil.example"), StartsWith("HTTP/1.1 201 "));
}

TEST_F(HttpServer, ABrowserThatSaysItComesFromElsewhereMayOnlyRead) {
    serve({}, [](request) -> awaitable<response> {
        response made;
        made.body = "done";
        co_return made;
    });
    EXPECT_THAT(
        ask("POST /x HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nConnection: close\r\n\r\n"),
        StartsWith("HTTP/1.1 403 "));
    EXPECT_THAT(
        ask("POST /x HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n"),
        StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, ForeignHostIsMisdirected) {
    serve();
    EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 421 "));
    EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(ask("GET /hello HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 200 "));
}

TEST_F(HttpServer, ThrowingHandlerGivesNothingAway) {
    serve();
    auto const answer = get("/broken");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, Not(HasSubstr("secret")));
}

TEST_F(HttpServer, LimitsAreAnswered) {
    serve();
    std::string const large(std::size_t{2} << 20, 'x');
    EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Large: " + large.substr(0, 9000) +
                    "\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(
        ask("GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2097152\r\n\r\n" + large),
        StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    "Content-Length: 1000000\r\n\r\n" +
                    large.substr(0, 1'000'000)),
                StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(ask("this is no request\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
                StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServer, ConnectionIsKeptForTheNextRequest) {
    serve();
    auto socket = connect();
    for (int round = 0; round < 3; ++round) {
        auto const answer =
            loop_.run(ask_once(socket, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    }
    // Two at once: both are answered, in order.
    auto const both = loop_.run(talk(socket, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                             "GET /none HTTP/1.1\r\nHost: localhost\r\n"
                                             "Connection: close\r\n\r\n"));
    EXPECT_THAT(both, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(both, HasSubstr("HTTP/1.1 404 Not Found\r\n"));
}

TEST_F(HttpServer, SlowHeaderAndIdleConnectionAreClosed) {
    server_options options;
    options.header_timeout = 100ms;
    options.idle_timeout = 300ms;
    serve(options);
    auto const began = clock::now();
    EXPECT_EQ(ask("GET /hel"), "");
    EXPECT_GE(clock::now() - began, 100ms);
    EXPECT_LT(clock::now() - began, 10s);
    auto const rested = ask("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(rested, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_GE(clock::now() - began, 400ms);
}

TEST_F(HttpServer, OneTooManyTakesTheIdleOnesPlaceOrIsToldSo) {
    server_options options;
    options.connections_max = 2;
    serve(options);
    std::string const question = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
    auto first = connect();
    EXPECT_THAT(loop_.run(ask_once(first, question)), StartsWith("HTTP/1.1 200 "));
    auto second = connect();
    EXPECT_THAT(loop_.run(ask_once(second, question)), StartsWith("HTTP/1.1 200 "));
    auto third = connect();
    EXPECT_THAT(loop_.run(ask_once(third, question)), StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(loop_.run(talk(first, "")), ""); // closed: it had been idle for longest
    EXPECT_THAT(loop_.run(ask_once(second, question)), StartsWith("HTTP/1.1 200 "));

    // Half a request each: nobody is idle, so the one that has been at it for longest makes room.
    asio::write(second, asio::buffer(question.substr(0, 10)));
    loop_.run(elapse(5ms));
    asio::write(third, asio::buffer(question.substr(0, 10)));
    loop_.run(elapse(5ms));
    auto fourth = connect();
    EXPECT_THAT(loop_.run(ask_once(fourth, question)), StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(loop_.run(talk(second, "")), "");
    EXPECT_THAT(loop_.run(ask_once(third, question.substr(10))), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, WhoIsBeingAnsweredKeepsThePlace) {
    server_options options;
    options.connections_max = 1;
    serve(options, [](request) -> awaitable<response> {
        co_await elapse(100ms);
        response made;
        made.body = "slow";
        co_return made;
    });
    auto first = connect();
    asio::write(
        first, asio::buffer("GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"s));
    loop_.run(elapse(20ms));
    auto second = connect();
    EXPECT_THAT(loop_.run(talk(second, "")), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(loop_.run(talk(first, "")), EndsWith("slow"));
}

TEST_F(HttpServer, ManyThatSendSlowlyDoNotKeepOthersOut) {
    server_options options;
    options.connections_max = 8;
    serve(options);
    std::vector<tcp::socket> slow;
    for (int number = 0; number < 60; ++number) {
        slow.push_back(connect());
        asio::write(slow.back(), asio::buffer("GET /hel"s));
        loop_.run(elapse(1ms));
    }
    auto const began = clock::now();
    EXPECT_THAT(get("/hello"), StartsWith("HTTP/1.1 200 "));
    EXPECT_LT(clock::now() - began, 100ms);
}

TEST_F(HttpServer, AStreamGoesOnUntilItsEndOrTheClients) {
    int written = 0;
    bool gone = false;
    stream("/counts", [&](request asked, response_stream& out) -> awaitable<void> {
        bool there =
            co_await out.write("for " + query_value(asked.query, "who").value_or("?") + "\n");
        while (there && written < 3) {
            ++written;
            there = co_await out.write(std::to_string(written) + "\n");
            co_await elapse(1ms);
        }
        gone = !there;
    });
    auto const answer = ask("GET /counts?who=a%20b HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/event-stream\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nfor a b\n1\n2\n3\n"));
    EXPECT_FALSE(gone);

    written = -100'000;
    {
        auto leaving = connect();
        asio::write(leaving, asio::buffer("GET /counts HTTP/1.1\r\nHost: localhost\r\n\r\n"s));
        loop_.run(elapse(20ms));
    }
    for (auto const limit = clock::now() + 10s; !gone && clock::now() < limit;) {
        loop_.run(elapse(5ms));
    }
    EXPECT_TRUE(gone) << "a client that left is noticed by the next writes";
}

TEST_F(HttpServer, StreamsAreGuardedAndFewAtATime) {
    stream("/counts", [](request, response_stream& out) -> awaitable<void> {
        for (bool there = true; there;) {
            there = co_await out.write("x\n");
            co_await elapse(1ms);
        }
    });
    EXPECT_THAT(ask("GET /counts HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 421 "));
    EXPECT_THAT(ask("POST /counts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 404 "));
    std::string const question = "GET /counts HTTP/1.1\r\nHost: localhost\r\n\r\n";
    auto first = connect();
    EXPECT_THAT(loop_.run(ask_once(first, question)), StartsWith("HTTP/1.1 200 "));
    auto second = connect();
    EXPECT_THAT(loop_.run(ask_once(second, question)), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(get("/hello"), StartsWith("HTTP/1.1 200 "));
}

TEST(QueryValue, IsDecodedAndNeedsItsWholeName) {
    EXPECT_EQ(query_value("topic=a%2Fb+c&from=-5", "topic"), "a/b c");
    EXPECT_EQ(query_value("topic=a&from=-5", "from"), "-5");
    EXPECT_EQ(query_value("verbose", "verbose"), "");
    EXPECT_EQ(query_value("verboser=1", "verbose"), std::nullopt);
    EXPECT_EQ(query_value("", "x"), std::nullopt);
    EXPECT_EQ(query_value("x=%", "x"), "%");
    EXPECT_EQ(query_value("x=%2", "x"), "%2");
    EXPECT_EQ(query_value("x=%zz&x=2", "x"), "%zz");
    EXPECT_EQ(query_value("a=b=c", "a"), "b=c");
}

TEST_F(HttpServer, StopClosesOpenConnections) {
    serve();
    auto socket = connect();
    EXPECT_THAT(loop_.run(ask_once(socket, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")),
                StartsWith("HTTP/1.1 200 "));
    stop();
    EXPECT_EQ(loop_.run(talk(socket, "")), "");
    tcp::socket late{loop_.executor()};
    boost::system::error_code refused;
    late.connect({asio::ip::address_v4::loopback(), server_->port()}, refused);
    EXPECT_EQ(refused, asio::error::connection_refused);
}

TEST_F(HttpServer, TakenPortNamesItsHolder) {
    serve();
    server_options options;
    options.port = server_->port();
    auto const second = server::listen(loop_.executor(), options);
    ASSERT_FALSE(second.has_value());
    EXPECT_TRUE(second.error().taken);
    EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(options.port)));
    EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid()) + " ("));
    auto const holder = port_holder(options.port);
    ASSERT_TRUE(holder.has_value());
    EXPECT_EQ(holder->pid, ::getpid());
    EXPECT_NE(holder->name, "");
}

TEST_F(HttpServer, AddressMustBeOurs) {
    server_options options;
    options.address = "no.address";
    auto const named = server::listen(loop_.executor(), options);
    ASSERT_FALSE(named.has_value());
    EXPECT_FALSE(named.error().taken);
    EXPECT_THAT(named.error().message, HasSubstr("not an IP address"));
}

TEST(Access, AToken) {
    constexpr auto token = "open sesame";
    for (auto const* right : {"Bearer open sesame", "bearer   open sesame", "BEARER open sesame",
                              "Basic YW55Om9wZW4gc2VzYW1l", "basic Om9wZW4gc2VzYW1l"}) {
        EXPECT_TRUE(token_given(right, token)) << right;
    }
    for (auto const* wrong :
         {"", "Bearer", "Bearer ", "Bearer open", "Bearer open sesame ", "open sesame",
          "Digest open sesame", "Basic", "Basic open sesame",
          "Basic ====", "Basic YQ==", "Basic b3BlbiBzZXNhbWU6YW55", "Basic b3BlbiBzZXNhbWU="}) {
        EXPECT_FALSE(token_given(wrong, token)) << wrong;
    }
    EXPECT_FALSE(token_given("Bearer " + std::string(8'192, 'x'), std::string(8'192, 'x')));
}

} // namespace
} // namespace tandem::io::http
