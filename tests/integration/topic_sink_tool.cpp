// topic_sink_tool DATABASE-URI BROKERS STREAM TOPIC PARTITIONS KEY=VALUE...: the engine's sink, until the topic's end is
// applied or every partition waits for a person. Exit 0, or 1 with why on stderr.
//
// KEY: form (envelope, row), table (schema.name, of rows), decimals, times, intervals (Debezium's modes), follow (yes:
// until SIGTERM).

#include "engine/core/stats.hpp"
#include "engine/flow/sessions.hpp"
#include "engine/flow/topic_sink.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tandem::engine {
namespace {

namespace asio = io::asio;

using settings = std::map<std::string, std::string>;

template <class T>
T chosen(settings const& given, std::string const& key, std::map<std::string, T> const& words,
         T otherwise) {
    auto const at = given.find(key);
    return at == given.end() ? otherwise : words.at(at->second);
}

foreign_format format_of(settings const& given) {
    using event::decimal_mode;
    using event::time_mode;
    foreign_format format;
    format.envelope = chosen<bool>(given, "form", {{"envelope", true}, {"row", false}}, true);
    if (auto const at = given.find("table"); at != given.end()) {
        auto const dot = at->second.find('.');
        format.schema = at->second.substr(0, dot);
        format.table = at->second.substr(dot + 1);
    }
    auto& values = format.values;
    values.decimals = chosen<decimal_mode>(given, "decimals",
                                           {{"precise", decimal_mode::precise},
                                            {"string", decimal_mode::string},
                                            {"double", decimal_mode::double_}},
                                           values.decimals);
    values.times =
        chosen<time_mode>(given, "times",
                          {{"adaptive", time_mode::adaptive},
                           {"adaptive_time_microseconds", time_mode::adaptive_time_microseconds},
                           {"connect", time_mode::connect}},
                          values.times);
    using event::interval_mode;
    values.intervals = chosen<interval_mode>(
        given, "intervals",
        {{"numeric", interval_mode::numeric}, {"string", interval_mode::string}}, values.intervals);
    return format;
}

io::awaitable<void> fill(direction_setup& setup) {
    session_request request;
    request.node = setup.target;
    request.application_name = "topic sink tool";
    auto opened = co_await open_session(co_await asio::this_coro::executor, request);
    auto connection = std::move(opened.value());
    auto got = co_await connection->execute(
        "SELECT oid, current_setting('server_version_num') FROM pg_database WHERE datname = "
        "current_database()");
    setup.target_database = {static_cast<std::uint32_t>(got.value().integer(0, 0))};
    setup.target_version = static_cast<int>(got.value().integer(0, 1));
}

struct sinks {
    std::vector<std::unique_ptr<direction_stats>> stats;
    std::vector<std::unique_ptr<topic_sink>> all;
    bool follow = false;
    bool ended = false; // by a signal

    [[nodiscard]] bool done() const {
        return ended || std::ranges::all_of(all, [this](auto const& each) {
                   return (each->caught_up() && !follow) || each->stuck();
               });
    }
};

io::awaitable<void> until_done(sinks& of) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    while (!of.done()) {
        timer.expires_after(std::chrono::milliseconds{20});
        co_await timer.async_wait(asio::use_awaitable);
    }
    for (auto const& each : of.all) {
        each->stop();
    }
}

int run(std::vector<std::string> const& arguments) {
    settings given;
    for (std::size_t at = 5; at < arguments.size(); ++at) {
        auto const equals = arguments[at].find('=');
        given[arguments[at].substr(0, equals)] = arguments[at].substr(equals + 1);
    }
    direction_setup setup;
    setup.target = {"target", arguments[0], 0};
    setup.conflicts.rest = {.guarded = false, .policy = "apply-remote"};
    setup.batch_rows = 8'000;
    setup.batch_bytes = std::size_t{4} << 20;
    setup.queue_bytes = std::size_t{16} << 20;
    kafka_setup kafka;
    kafka.brokers = arguments[1];
    asio::io_context context{1};
    asio::co_spawn(context, fill(setup), [](std::exception_ptr failed) {
        if (failed) {
            std::rethrow_exception(failed);
        }
    });
    context.run();
    context.restart();

    node_bookkeeping source_wal;
    node_bookkeeping target_wal;
    sinks of;
    for (int partition = 0; partition < std::stoi(arguments[4]); ++partition) {
        setup.source.name = arguments[2] + '-' + std::to_string(partition);
        of.stats.push_back(std::make_unique<direction_stats>(setup.source.name, setup.target.name));
        topic_source from{arguments[3], partition, arguments[4] == "1", format_of(given)};
        of.all.push_back(std::make_unique<topic_sink>(setup, kafka, std::move(from),
                                                      *of.stats.back(), source_wal, target_wal));
        asio::co_spawn(context, of.all.back()->run(), [](std::exception_ptr failed) {
            if (failed) {
                std::rethrow_exception(failed);
            }
        });
    }
    of.follow = given.contains("follow");
    asio::signal_set signals{context, SIGTERM};
    signals.async_wait([&](auto failed, int) { of.ended = of.ended || !failed; });
    asio::co_spawn(context, until_done(of), [&](std::exception_ptr) { signals.cancel(); });
    context.run();
    int status = 0;
    for (auto const& each : of.stats) {
        auto const reason = each->state().reason;
        if (!reason.empty()) {
            std::cerr << reason << '\n';
            status = 1;
        }
    }
    return status;
}

} // namespace
} // namespace tandem::engine

int main(int count, char** arguments) {
    if (count < 6) {
        std::cerr
            << "usage: topic_sink_tool DATABASE-URI BROKERS STREAM TOPIC PARTITIONS KEY=VALUE...\n";
        return 2;
    }
    spdlog::set_default_logger(spdlog::stderr_logger_st("tandem"));
    try {
        return tandem::engine::run({arguments + 1, arguments + count});
    } catch (std::exception const& failed) {
        std::cerr << "topic_sink_tool: " << failed.what() << '\n';
        return 1;
    }
}
