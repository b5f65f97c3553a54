#include "engine/admin/read_topic.hpp"

#include "engine/admin/failure.hpp"
#include "io/runtime/deadline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace tandem::engine {
namespace {

using clock = std::chrono::steady_clock;
using io::awaitable;

constexpr std::chrono::seconds patience{20}; // longer than the election of a leader

topic_record kept(io::kafka::fetched_record const& from) {
    topic_record record;
    record.partition = from.partition();
    record.offset = from.offset();
    record.timestamp_ms = from.timestamp_ms();
    record.key = from.key();
    record.value = from.value();
    std::vector<io::kafka::header> headers;
    from.headers(headers);
    for (auto const& each : headers) {
        topic_record::header one;
        one.name = each.name;
        one.value = each.value;
        record.headers.push_back(std::move(one));
    }
    return record;
}

// Reads some spans side by side, each to its end.
class spans_reading {
public:
    spans_reading(io::kafka::consumer& source, std::string const& topic, topic_scan& scan,
                  topic_callbacks const& reader)
        : source_{source}, topic_{topic}, scan_{scan}, reader_{reader} {}

    awaitable<void> run(std::vector<log_span> spans) {
        open_ = std::move(spans);
        std::vector<io::kafka::assignment> wanted;
        wanted.reserve(open_.size());
        for (log_span const& each : open_) {
            wanted.push_back({topic_, each.partition, each.begin});
        }
        auto const assigned = source_.assign(wanted);
        if (!assigned) {
            throw kafka_failure("reading topic " + topic_, assigned.error());
        }
        auto const executor = co_await io::asio::this_coro::executor;
        auto limit = clock::now() + patience;
        while (!open_.empty()) {
            while (!open_.empty() && source_.try_fetch(batch_)) {
                limit = take(batch_) ? clock::now() + patience : limit;
                reader_.pause();
            }
            if (!open_.empty()) {
                co_await more(executor, limit);
            }
        }
        batch_.clear();
    }

private:
    // Whether anything came of what is asked for.
    bool take(io::kafka::fetched_batch const& batch) {
        for (std::size_t at = 0; at < batch.size(); ++at) {
            take(batch[at]);
        }
        for (auto const& end : batch.ends()) {
            close(end.partition, end.offset);
        }
        for (auto const& each : batch.failures()) {
            if (each.failed.code == io::kafka::errc::out_of_range) {
                throw command_failed{
                    exit_status::runtime,
                    fmt::format(
                        "topic {}: records of partition {} were deleted while they were read "
                        "(retention); try again",
                        topic_, each.partition)};
            }
            if (each.failed.classify() != io::kafka::retry_class::transient) {
                throw kafka_failure("reading topic " + topic_, each.failed);
            }
        }
        return batch.size() > 0 || !batch.ends().empty();
    }

    void take(io::kafka::fetched_record const& record) {
        auto const of = std::ranges::find(open_, record.partition(), &log_span::partition);
        if (of == open_.end()) {
            return; // fetched ahead
        }
        if (record.offset() < of->end) {
            scan_.passed(record.partition(), record.timestamp_ms());
            if (reader_.wanted(record)) {
                scan_.found(kept(record));
            }
        }
        close(record.partition(), record.offset() + 1);
    }

    // Offsets need not be records: others mark the ends of transactions, or were compacted away.
    void close(std::int32_t partition, std::int64_t next) {
        auto const of = std::ranges::find(open_, partition, &log_span::partition);
        if (of != open_.end() && next >= of->end) {
            scan_.finish(*of);
            open_.erase(of);
        }
    }

    awaitable<void> more(io::asio::any_io_executor executor, clock::time_point until) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
        io::deadline const limit{executor, std::max(left, std::chrono::milliseconds{0}),
                                 [this] { source_.client().interrupt(); }};
        auto const waited = co_await source_.wait();
        if (limit.expired()) {
            auto const& why = source_.client().last_complaint();
            throw command_failed{exit_status::environment,
                                 fmt::format("Kafka: topic {}: nothing came for {} s{}", topic_,
                                             patience.count(),
                                             why.empty() ? why : " (last: " + why + ")")};
        }
        if (!waited) {
            throw kafka_failure("reading topic " + topic_, waited.error());
        }
    }

    io::kafka::consumer& source_;
    std::string const& topic_;
    topic_scan& scan_;
    topic_callbacks const& reader_;
    std::vector<log_span> open_;
    io::kafka::fetched_batch batch_;
};

} // namespace

std::unique_ptr<io::kafka::consumer> open_topic_reader(io::asio::any_io_executor executor,
                                                       options const& set) {
    // A span is small, and what is fetched behind it is thrown away.
    io::kafka::properties few{{"fetch.message.max.bytes", "1048576"},
                              {"queued.max.messages.kbytes", "65536"}};
    few.insert(few.end(), set.kafka_properties.begin(), set.kafka_properties.end());
    auto opened =
        io::kafka::consumer::open(std::move(executor), set.brokers, std::move(few), {}, true);
    if (!opened) {
        throw kafka_failure("connecting", opened.error());
    }
    return std::move(*opened);
}

awaitable<void> read_topic(io::kafka::consumer& source, std::string topic, topic_scan& scan,
                           topic_callbacks reader) {
    spans_reading reading{source, topic, scan, reader};
    for (;;) {
        while (auto const record = scan.take()) {
            if (!reader.take(*record)) {
                co_return;
            }
        }
        auto spans = scan.next_spans();
        if (spans.empty()) {
            co_return;
        }
        co_await reading.run(std::move(spans));
    }
}

} // namespace tandem::engine
