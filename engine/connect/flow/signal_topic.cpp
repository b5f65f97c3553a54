#include "engine/connect/flow/signal_topic.hpp"

#include "engine/flow/kafka_clients.hpp"
#include "io/kafka/admin.hpp"
#include "io/kafka/consumer.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace tandem::connect {
namespace {

using namespace std::chrono_literals;
using engine::failure;
using engine::outcome_of;
using engine::retry_after;

constexpr auto signal_patience = 20s;
constexpr auto topic_looked_for_every = 1s;

} // namespace

io::awaitable<outcome_of<std::int64_t>> signal_topic::begin() {
    auto const executor = co_await io::asio::this_coro::executor;
    auto const& brokers =
        settings_.signal_brokers.empty() ? setup_.brokers : settings_.signal_brokers;
    auto opened = io::kafka::admin::open(executor, brokers, setup_.properties,
                                         engine::log_of(setup_.connector));
    if (!opened) {
        co_return retry_after("opening a client", opened.error());
    }
    auto const cluster = std::move(*opened);
    io::asio::steady_timer timer{executor};
    for (bool said = false;; said = true) {
        auto const marks =
            co_await cluster->query_watermarks(settings_.signal_topic, 0, signal_patience);
        if (marks) {
            auto const from = to_.signals_from();
            if (from < 0) {
                to_.take_record(false, {},
                                marks->high); // what is sent while nobody reads is not lost
                co_return marks->high;
            }
            co_return std::clamp(from, marks->low, marks->high);
        }
        if (marks.error().code != io::kafka::errc::no_topic) {
            co_return retry_after(fmt::format("asking where topic {} ends", settings_.signal_topic),
                                  marks.error());
        }
        if (!said) {
            spdlog::warn("connector {}: signal topic {} is not there: waiting for it",
                         setup_.connector, settings_.signal_topic);
        }
        timer.expires_after(topic_looked_for_every);
        co_await timer.async_wait(io::asio::use_awaitable);
    }
}

io::awaitable<failure> signal_topic::run() {
    auto const from = co_await begin();
    if (!from) {
        co_return from.error();
    }
    auto const executor = co_await io::asio::this_coro::executor;
    auto const& brokers =
        settings_.signal_brokers.empty() ? setup_.brokers : settings_.signal_brokers;
    auto opened = io::kafka::consumer::open(executor, brokers, setup_.properties,
                                            engine::log_of(setup_.connector), true);
    if (!opened) {
        co_return retry_after("opening a client", opened.error());
    }
    auto const source = std::move(*opened);
    std::vector<io::kafka::assignment> const wanted{{settings_.signal_topic, 0, *from}};
    if (auto const assigned = source->assign(wanted); !assigned) {
        co_return retry_after(fmt::format("reading topic {}", settings_.signal_topic),
                              assigned.error());
    }
    io::kafka::fetched_batch batch;
    for (;;) {
        while (source->try_fetch(batch)) {
            for (std::size_t at = 0; at < batch.size(); ++at) {
                bool const ours = batch[at].key() == settings_.prefix;
                to_.take_record(ours, batch[at].value().value_or(""), batch[at].offset() + 1);
            }
            for (auto const& each : batch.failures()) {
                if (each.failed.classify() != io::kafka::retry_class::transient) {
                    co_return retry_after(fmt::format("reading topic {}", settings_.signal_topic),
                                          each.failed);
                }
            }
        }
        auto const waited = co_await source->wait();
        if (!waited) {
            co_return retry_after(fmt::format("reading topic {}", settings_.signal_topic),
                                  waited.error());
        }
    }
}

} // namespace tandem::connect
