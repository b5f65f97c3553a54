#include "engine/flow/read_tail.hpp"

#include "io/kafka/consumer.hpp"
#include "io/runtime/deadline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

// More than a segment of small ones: its head has the writer's token.
constexpr std::int64_t records_most = 60'000;

} // namespace

io::awaitable<outcome_of<std::optional<log_tail>>> read_tail(io::kafka::admin& cluster,
                                                             kafka_setup const& kafka,
                                                             std::string node) {
    auto const topic = stream_topic(kafka, node);
    auto const marks = co_await cluster.query_watermarks(topic, 0, kafka_patience);
    if (!marks) {
        co_return retry_after(fmt::format("asking where topic {} ends", topic), marks.error());
    }
    log_tail_finder finder{node};
    if (marks->high <= marks->low) {
        co_return finder.found();
    }
    auto const executor = co_await io::asio::this_coro::executor;
    auto source = io::kafka::consumer::open(executor, kafka.brokers, kafka.properties,
                                            log_of(node + " -> Kafka"), true);
    if (!source) {
        co_return retry_after("opening a client", source.error());
    }
    std::vector<io::kafka::assignment> wanted;
    wanted.push_back({topic, 0, std::max(marks->low, marks->high - records_most)});
    if (auto const assigned = (*source)->assign(wanted); !assigned) {
        co_return retry_after(fmt::format("reading topic {}", topic), assigned.error());
    }
    io::kafka::fetched_batch batch;
    std::vector<io::kafka::header> raw;
    std::vector<event::record_header> headers;
    io::deadline const limit{executor, kafka_patience, [&] { (*source)->client().interrupt(); }};
    for (;;) {
        while ((*source)->try_fetch(batch)) {
            for (std::size_t at = 0; at < batch.size(); ++at) {
                auto const record = batch[at];
                record.headers(raw);
                headers.clear();
                for (auto const& each : raw) {
                    headers.push_back({each.name, each.value.value_or(std::string_view{})});
                }
                finder.take(headers, record.value());
            }
            if (!batch.ends().empty()) {
                co_return finder.found();
            }
            for (auto const& failed : batch.failures()) {
                if (failed.failed.classify() != io::kafka::retry_class::transient) {
                    co_return retry_after(fmt::format("reading topic {}", topic), failed.failed);
                }
            }
        }
        auto waited = co_await (*source)->wait();
        if (limit.expired()) {
            co_return failure{
                next_step::retry,
                fmt::format("reading the end of topic {}: it did not come within {} s", topic,
                            kafka_patience.count())};
        }
        if (!waited) {
            co_return retry_after(fmt::format("reading topic {}", topic), waited.error());
        }
    }
}

} // namespace tandem::engine
