#include "engine/flow/read_tail.hpp"

#include "io/kafka/consumer.hpp"
#include "io/runtime/deadline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

constexpr std::int64_t records_first = 500;
// More than a segment of small ones: its head has the writer's token.
constexpr std::int64_t records_most = 60'000;

// Takes the records from that offset to the end.
io::awaitable<outcome_of<void>> look(io::kafka::consumer& source, std::string const& topic,
                                     std::int64_t from, log_tail_finder& finder) {
    std::vector<io::kafka::assignment> wanted;
    wanted.push_back({topic, 0, from});
    if (auto const assigned = source.assign(wanted); !assigned) {
        co_return retry_after(fmt::format("reading topic {}", topic), assigned.error());
    }
    io::kafka::fetched_batch batch;
    std::vector<io::kafka::header> raw;
    std::vector<event::record_header> headers;
    auto const executor = co_await io::asio::this_coro::executor;
    io::deadline const limit{executor, kafka_patience, [&] { source.client().interrupt(); }};
    for (;;) {
        while (source.try_fetch(batch)) {
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
                co_return boost::system::in_place_value;
            }
            for (auto const& failed : batch.failures()) {
                if (failed.failed.classify() != io::kafka::retry_class::transient) {
                    co_return retry_after(fmt::format("reading topic {}", topic), failed.failed);
                }
            }
        }
        auto waited = co_await source.wait();
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

} // namespace

io::awaitable<outcome_of<log_end>> read_tail(io::kafka::admin& cluster, kafka_setup const& kafka,
                                             std::string node, lsn confirmed, std::int64_t epoch) {
    auto const topic = stream_topic(kafka, node);
    auto const marks = co_await cluster.query_watermarks(topic, 0, kafka_patience);
    if (!marks) {
        co_return retry_after(fmt::format("asking where topic {} ends", topic), marks.error());
    }
    log_end found;
    if (marks->high <= marks->low) {
        co_return found;
    }
    auto const executor = co_await io::asio::this_coro::executor;
    io::kafka::properties reading{{"queued.max.messages.kbytes", "65536"}}; // it is read in one go
    reading.insert(reading.end(), kafka.properties.begin(), kafka.properties.end());
    auto source = io::kafka::consumer::open(executor, kafka.brokers, std::move(reading),
                                            log_of(node + " -> Kafka"), true);
    if (!source) {
        co_return retry_after("opening a client", source.error());
    }
    for (std::int64_t const records : {records_first, records_most}) {
        log_tail_finder finder{node};
        auto const looked =
            co_await look(**source, topic, std::max(marks->low, marks->high - records), finder);
        if (!looked) {
            co_return looked.error();
        }
        found = {finder.found(), finder.writer(), finder.epoch()};
        bool const nothing_new = finder.reached() && finder.reached()->at <= confirmed;
        if (found.writer || (nothing_new && found.epoch == epoch)) {
            break;
        }
    }
    co_return found;
}

} // namespace tandem::engine
