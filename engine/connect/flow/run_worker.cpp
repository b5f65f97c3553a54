#include "engine/connect/flow/run_worker.hpp"

#include "engine/admin/failure.hpp"
#include "engine/config/load.hpp"
#include "engine/connect/flow/make_task.hpp"
#include "engine/connect/flow/rest.hpp"
#include "engine/console/assets.hpp"
#include "engine/console/service.hpp"
#include "engine/flow/stop_request.hpp"
#include "io/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::command_failed;
using engine::exit_status::environment;

constexpr std::uint64_t body_most = std::uint64_t{4} << 20;

std::unique_ptr<io::http::server> listen(io::asio::io_context& context,
                                         engine::options const& set) {
    auto options = console::listen_options(set);
    options.body_bytes_max = body_most;
    auto opened = io::http::server::listen(context.get_executor(), std::move(options));
    if (!opened) {
        throw command_failed{environment, fmt::format("{}; choose another address with --listen",
                                                      opened.error().message)};
    }
    return std::move(*opened);
}

// What `tandem status --ready` asks, as of `tandem run`. A connector that failed does not make the worker unready: it is
// the worker that has to be asked why.
void add_health(io::http::server& server, worker const& of) {
    server.route("/livez", [](io::http::request const&) {
        io::http::response alive;
        alive.body = "{\"alive\":true}\n";
        return alive;
    });
    server.route("/readyz", [&of](io::http::request const&) {
        io::http::response said;
        said.status = of.ready() ? 200 : 503;
        said.body =
            of.ready()
                ? "{\"ready\":true}\n"
                : "{\"ready\":false,\"reasons\":[\"the worker has not read its topics yet\"]}\n";
        return said;
    });
}

// Validation changes nothing, whatever its method says.
bool only_looks(io::http::request const& asked) {
    return asked.method == "GET" || asked.method == "HEAD" || asked.path.ends_with("/validate");
}

// The console's page for browsers, Connect's interface for everybody.
void serve(io::http::server& server, rest_face& face, bool read_only) {
    console::page const pages[] = {{"/connect", {}}};
    console::add_assets(server, pages);
    server.route("/api/v1/about", [read_only](io::http::request const&) {
        io::http::response made;
        made.body = fmt::format(
            "{{\"version\":\"{}\",\"mode\":\"connect\",\"read_only\":{},\"kafka\":true}}\n",
            TANDEM_VERSION, read_only);
        return made;
    });
    server.rest([&face, read_only](io::http::request asked) -> io::awaitable<io::http::response> {
        if (asked.method == "GET" && asked.path == "/" && console::wants_page(asked)) {
            co_return console::page_response(asked);
        }
        if (read_only && !only_looks(asked)) {
            co_return io::http::error_response(403, "this worker is read-only (--read-only)");
        }
        auto answer = co_await face.answer(std::move(asked));
        co_return answer;
    });
}

// How a life ended.
struct ending {
    std::optional<engine::failure> why;
};

// Until asked to stop, or something does not pass by itself.
io::asio::awaitable<void> live(io::asio::io_context& context, worker& of,
                               engine::stop_request const& asked, ending& into) {
    io::asio::steady_timer timer{co_await io::asio::this_coro::executor};
    auto opened = co_await of.open();
    while (!opened && opened.error().step == engine::next_step::retry && !asked.made()) {
        spdlog::warn("connect: {}; trying again", opened.error().reason);
        timer.expires_after(1s);
        co_await timer.async_wait(io::use_tuple);
        opened = co_await of.open();
    }
    if (!opened) {
        into.why = opened.error();
        context.stop();
        co_return;
    }
    bool over = false;
    io::asio::co_spawn(
        context,
        [&]() -> io::asio::awaitable<void> {
            auto why = co_await of.run();
            if (why.step != engine::next_step::stopped) {
                into.why = std::move(why);
            }
            over = true;
        },
        io::asio::detached);
    while (!over) {
        if (asked.made()) {
            of.stop();
        }
        timer.expires_after(20ms);
        co_await timer.async_wait(io::use_tuple);
    }
    context.stop();
}

} // namespace

int run_worker(engine::options const& set, worker_start start) {
    io::asio::io_context context{1};
    auto const server = listen(context, set);
    if (start.setup.id.empty()) {
        auto const address = engine::parse_listen(set.listen);
        start.setup.id = fmt::format("{}:{}", address.host, server->port());
    }
    for (auto const& note : start.notes) {
        spdlog::info("connect: {}", note);
    }
    engine::stop_request asked{context};
    worker of{context.get_executor(), std::move(start.setup), make_task};
    rest_face face{of, check_databases, TANDEM_VERSION};
    add_health(*server, of);
    serve(*server, face, set.read_only);
    ending how;
    io::asio::co_spawn(context, server->run(), io::asio::detached);
    io::asio::co_spawn(context, live(context, of, asked, how), io::asio::detached);
    spdlog::info("connect: REST on http://{}", set.listen);
    context.run();
    if (how.why) {
        throw command_failed{how.why->step == engine::next_step::retry ? environment
                                                                       : engine::exit_status::usage,
                             how.why->reason};
    }
    return engine::exit_status::ok;
}

} // namespace tandem::connect
