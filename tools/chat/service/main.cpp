// tandem-chat: a chat service with a database of its own. Two of them, on two masters that tandem keeps the same, show
// each other's messages.

#include "io/pg/conninfo.hpp"
#include "io/runtime/group.hpp"
#include "tools/chat/service/hub.hpp"
#include "tools/chat/service/pages.hpp"
#include "tools/chat/service/routes.hpp"
#include "tools/chat/service/store.hpp"
#include "tools/chat/service/topic_log.hpp"
#include "tools/chat/service/web_server.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::chat;
using io::awaitable;

constexpr int ok = 0;
constexpr int runtime_failure = 1;
constexpr int usage = 2;
constexpr int environment = 3;

struct settings {
    std::string database;
    std::string listen = "127.0.0.1:8080";
    std::string instance;
    int number = -1;
    bool create = false;
    std::string brokers;
    std::vector<std::string> topics{"tandem.*"};
    std::vector<std::string> allowed_hosts;
    bool insecure_listen = false;
    int poll_ms = 200;
};

class wrong_usage : public std::runtime_error {
public:
    using runtime_error::runtime_error;
};

void declare(CLI::App& app, settings& into) {
    app.set_version_flag("--version", "tandem-chat " TANDEM_VERSION);
    app.add_option(
           "--database", into.database,
           "This instance's database, as a URI or in libpq's keyword form; a password may come from ~/.pgpass or "
           "PGPASSWORD. No default.")
        ->envname("CHAT_DATABASE")
        ->type_name("URI")
        ->required();
    app.add_option("--instance", into.instance,
                   "Its name, in the rows it writes and in Kafka's records. No default.")
        ->envname("CHAT_INSTANCE")
        ->type_name("NAME")
        ->required();
    app.add_option("--number", into.number,
                   "0 to 15, another one for each instance: no two make one key. No default.")
        ->envname("CHAT_NUMBER")
        ->type_name("N")
        ->required()
        ->check(CLI::Range(0, instances_most - 1));
    app.add_option("--listen", into.listen, "Where browsers reach it. Default: 127.0.0.1:8080.")
        ->envname("CHAT_LISTEN")
        ->type_name("ADDRESS:PORT");
    app.add_flag("--create", into.create,
                 "Make the chat's tables where they are missing. Default: wait for them.")
        ->envname("CHAT_CREATE");
    app.add_option(
           "--brokers", into.brokers,
           "Kafka's addresses: the log then says topic, partition and offset of what this instance wrote. "
           "Default: none.")
        ->envname("CHAT_BROKERS")
        ->type_name("HOST:PORT,...");
    app.add_option(
           "--topic", into.topics,
           "Topics to look for it, each a name or the beginning of one with * behind, with commas between. Default: tandem.*.")
        ->envname("CHAT_TOPIC")
        ->type_name("NAME")
        ->delimiter(',')
        ->expected(1, CLI::detail::expected_max_vector_size);
    app.add_option("--allow-host", into.allowed_hosts,
                   "Names under which browsers reach it, beside localhost. Default: none.")
        ->envname("CHAT_ALLOW_HOST")
        ->type_name("NAME")
        ->delimiter(',')
        ->expected(1, CLI::detail::expected_max_vector_size);
    app.add_flag(
           "--insecure-listen", into.insecure_listen,
           "Listen, in plain HTTP and for anybody, on an address that is not the loopback's. Default: refuse.")
        ->envname("CHAT_INSECURE_LISTEN");
    app.add_option("--poll", into.poll_ms,
                   "Milliseconds between two looks for what the peer wrote. Default: 200.")
        ->envname("CHAT_POLL")
        ->type_name("MS")
        ->check(CLI::Range(10, 60'000));
}

web_options listen_options(settings const& set) {
    auto const colon = set.listen.rfind(':');
    web_options options;
    unsigned port = 0;
    if (colon != std::string::npos) {
        auto const digits = set.listen.substr(colon + 1);
        auto const [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (failed == std::errc{} && end == digits.data() + digits.size() && port <= 65'535) {
            options.address = set.listen.substr(0, colon);
            if (options.address.starts_with('[') && options.address.ends_with(']')) {
                options.address = options.address.substr(1, options.address.size() - 2);
            }
            if (options.address == "localhost") {
                options.address = "127.0.0.1";
            }
            options.port = static_cast<std::uint16_t>(port);
            options.allowed_hosts = set.allowed_hosts;
        } else {
            throw wrong_usage{"--listen takes ADDRESS:PORT, as in 127.0.0.1:8080"};
        }
    } else {
        throw wrong_usage{"--listen takes ADDRESS:PORT, as in 127.0.0.1:8080"};
    }
    boost::system::error_code failed;
    auto const address = boost::asio::ip::make_address(options.address, failed);
    if (failed) {
        throw wrong_usage{"--listen: " + options.address + " is no IP address"};
    }
    if (!address.is_loopback() && !set.insecure_listen) {
        throw wrong_usage{
            "--listen " + set.listen +
            " is open to others, in plain HTTP and without passwords; --insecure-listen permits it"};
    }
    return options;
}

void check(settings const& set) {
    if (auto const problem = io::pg::conninfo_problem(set.database)) {
        throw wrong_usage{"--database: " + *problem};
    }
    if (set.instance.empty() || set.instance.size() > 32 ||
        set.instance.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") !=
            std::string::npos) {
        throw wrong_usage{"--instance takes 1 to 32 of a-z, 0-9, _ and -"};
    }
}

awaitable<int> until_signal(boost::asio::signal_set& signals) {
    auto const [failed, number] = co_await signals.async_wait(io::use_tuple);
    if (!failed) {
        spdlog::info("stopping");
    }
    co_return 0;
}

// The tables are not there, or the database: said when it changes, until they are. Then it goes on waiting to be ended.
awaitable<int> await_tables(store& from) {
    boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor};
    std::string said;
    for (;;) {
        auto const ready = co_await from.prepare();
        if (ready) {
            break;
        }
        if (ready.error().why != said) {
            said = ready.error().why;
            spdlog::warn("waiting: {}", said);
        }
        pause.expires_after(std::chrono::seconds{1});
        co_await pause.async_wait(io::use_tuple);
    }
    spdlog::info("the chat's tables are there");
    pause.expires_at(boost::asio::steady_timer::time_point::max());
    co_await pause.async_wait(io::use_tuple);
    co_return 0;
}

int serve(settings const& set) {
    boost::asio::io_context context{1};
    auto const executor = context.get_executor();
    identity own;
    own.name = set.instance;
    own.number = set.number;
    own.ddl = set.create ? schema_script() : std::string_view{};
    store database{executor, set.database, own};
    hub pages{executor, database, std::chrono::milliseconds{set.poll_ms}};
    routes paths{database, pages};
    auto server = web_server::listen(
        executor, listen_options(set),
        [&paths](io::http::request asked) { return paths.answer(std::move(asked)); }, pages);
    if (!server) {
        std::fprintf(stderr, "error: %s; choose another with --listen\n",
                     server.error().message.c_str());
        return environment;
    }
    topic_log_options reading;
    reading.brokers = set.brokers;
    reading.topics = set.topics;
    reading.instance = set.instance;
    topic_log offsets{executor, reading};
    boost::asio::signal_set signals{context, SIGINT, SIGTERM};
    io::group<int> all{executor};
    all.add("signals", until_signal(signals));
    all.add("server", (*server)->run());
    all.add("pages", pages.run());
    all.add("tables", await_tables(database));
    if (!set.brokers.empty()) {
        all.add("topics", offsets.run());
    }
    spdlog::info("{} on http://{}, database {}", set.instance, set.listen,
                 io::pg::conninfo_label(set.database));
    auto ended = boost::asio::co_spawn(context, all.run(), boost::asio::use_future);
    context.run();
    for (auto const& each : ended.get()) {
        if (each.name != "signals" && each.exception && each.value == 0) {
            try {
                std::rethrow_exception(each.exception);
            } catch (boost::system::system_error const& failed) {
                if (failed.code() != boost::asio::error::operation_aborted) {
                    throw;
                }
            }
        }
    }
    return ok;
}

void set_up_log() {
    auto log =
        std::make_shared<spdlog::logger>("chat", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    log->set_pattern("%H:%M:%S.%e %-7l %v");
    log->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(log));
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app{"A chat with a database of its own, which shows what others write into it."};
    settings set;
    declare(app, set);
    try {
        app.parse(argc, argv);
        check(set);
        set_up_log();
        return serve(set);
    } catch (CLI::Success const& asked) {
        return app.exit(asked);
    } catch (CLI::ParseError const& failed) {
        std::fprintf(stderr, "error: %s; --help names the flags\n", failed.what());
        return usage;
    } catch (wrong_usage const& failed) {
        std::fprintf(stderr, "error: %s\n", failed.what());
        return usage;
    } catch (std::exception const& failed) {
        std::fprintf(stderr, "error: %s\n", failed.what());
        return runtime_failure;
    }
}
