#include "engine/flow/run.hpp"

#include "engine/admin/failure.hpp"
#include "engine/admin/init.hpp"
#include "engine/config/load.hpp"
#include "engine/console/service.hpp"
#include "engine/flow/instance.hpp"
#include "engine/flow/stop_request.hpp"
#include "io/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <utility>

namespace tandem::engine {
namespace {

namespace asio = io::asio;

struct listener {
    std::unique_ptr<console::service> console;
    std::unique_ptr<io::http::server> server; // empty: --listen off
};

listener listen(asio::io_context& context, options const& set, sync_instance& of) {
    if (set.listen == "off") {
        return {};
    }
    auto opened = io::http::server::listen(context.get_executor(), console::listen_options(set));
    if (!opened) {
        throw command_failed{
            exit_status::environment,
            fmt::format("{}; choose another address with --listen, or --listen off",
                        opened.error().message)};
    }
    auto made =
        std::make_unique<console::service>(context.get_executor(), set, of.stats(), of.tuned());
    made->serve(**opened);
    spdlog::info("console on http://{}", set.listen);
    return {std::move(made), std::move(*opened)};
}

// Ends `context`.
asio::awaitable<void> live(asio::io_context& context, sync_instance& running,
                           stop_request const& asked) {
    auto is_asked = [&asked] { return asked.made(); };
    auto too_late = [] { std::_Exit(exit_status::runtime); };
    co_await running.live(std::move(is_asked), std::move(too_late));
    context.stop();
}

} // namespace

int run_instance(options const& set) {
    asio::io_context context{1};
    // What can be refused is refused before anything is created: the folder, and a port that is taken.
    sync_instance running{set};
    running.check(context.get_executor());
    auto const [console, server] = listen(context, set, running);
    stop_request asked{context};
    // What is created before the sync begins is created whole: a signal meanwhile is obeyed afterwards.
    auto const ready = run_on(context, prepare(context.get_executor(), set));
    if (asked.made()) {
        spdlog::info("stopped before the sync began");
        return exit_status::ok;
    }
    running.build(ready);
    if (server) {
        asio::co_spawn(context, server->run(), asio::detached);
        asio::co_spawn(context, console->keep_sampling(), asio::detached);
    }
    asio::co_spawn(context, live(context, running, asked), asio::detached);
    context.run();
    running.summarise();
    bool const asked_to_end = !set.until_caught_up && !set.until;
    return running.stuck() && !asked_to_end ? exit_status::runtime : exit_status::ok;
}

} // namespace tandem::engine
