#include "engine/connect/flow/dead_letters.hpp"

#include "engine/flow/kafka_clients.hpp"
#include "io/kafka/partition_of.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <utility>
#include <vector>

namespace tandem::connect {

using engine::failure;
using engine::kafka_patience;
using engine::next_step;
using engine::outcome_of;
using engine::retry_after;

dead_letters::~dead_letters() = default;

io::awaitable<outcome_of<void>> dead_letters::open(io::kafka::admin& cluster) {
    auto const& name = settings_.dead_letter_topic;
    if (name.empty()) {
        co_return boost::system::in_place_value;
    }
    auto seen = co_await cluster.metadata(name, kafka_patience);
    if (!seen && seen.error().code == io::kafka::errc::no_topic) {
        io::kafka::new_topic wanted;
        wanted.name = name;
        wanted.partitions = 1;
        wanted.replication_factor = settings_.dead_letter_replicas;
        auto const made = co_await cluster.create_topic(wanted, kafka_patience);
        if (!made && made.error().code != io::kafka::errc::topic_exists) {
            co_return retry_after(fmt::format("creating topic {}", name), made.error());
        }
        seen = co_await cluster.metadata(name, kafka_patience);
    }
    if (!seen) {
        co_return retry_after(fmt::format("asking for topic {}", name), seen.error());
    }
    partitions_ = static_cast<std::int32_t>(seen->topics.front().partitions.size());
    auto opened = io::kafka::producer::open(
        co_await io::asio::this_coro::executor, setup_.brokers, setup_.properties,
        engine::log_of(fmt::format("connector {} dead letters", setup_.connector)));
    if (!opened) {
        co_return retry_after("opening a client", opened.error());
    }
    producer_ = std::move(*opened);
    to_ = &producer_->open_topic(name);
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> dead_letters::put(io::kafka::fetched_record record,
                                                  record_fault why) {
    auto const place = fmt::format("topic {}, partition {}, offset {}", record.topic(),
                                   record.partition(), record.offset());
    if (settings_.logs_errors) {
        spdlog::error("connector {}: {} is passed over: {}", setup_.connector, place, why.message);
    }
    if (producer_ == nullptr) {
        co_return boost::system::in_place_value;
    }
    auto one = std::make_unique<letter>();
    one->bytes = record.value().value_or(std::string_view{});
    std::vector<io::kafka::header> headers;
    record.headers(headers);
    std::string const of_topic{record.topic()};
    auto const of_partition = std::to_string(record.partition());
    auto const of_offset = std::to_string(record.offset());
    auto const task = std::to_string(setup_.number);
    std::string_view const by = setup_.of->class_name;
    auto const trace = fmt::format("{}: {}", why.java_class, why.message);
    if (settings_.dead_letter_headers) {
        std::array<std::pair<std::string_view, std::string_view>, 10> const context{{
            {"__connect.errors.topic", of_topic},
            {"__connect.errors.partition", of_partition},
            {"__connect.errors.offset", of_offset},
            {"__connect.errors.connector.name", setup_.connector},
            {"__connect.errors.task.id", task},
            {"__connect.errors.stage", why.stage},
            {"__connect.errors.class.name", by},
            {"__connect.errors.exception.class.name", why.java_class},
            {"__connect.errors.exception.message", why.message},
            {"__connect.errors.exception.stacktrace", trace},
        }};
        for (auto const& [name, text] : context) {
            headers.push_back({name, text});
        }
    }
    io::kafka::record made;
    made.key = record.key();
    if (record.value()) {
        made.value = one->bytes;
    }
    made.headers = headers;
    auto const partition = made.key ? io::kafka::partition_of(*made.key, partitions_) : 0;
    for (;;) {
        auto const queued = producer_->produce(*to_, partition, made, one->settled);
        if (queued == io::kafka::producer::queued::yes) {
            break;
        }
        if (queued == io::kafka::producer::queued::refused) {
            co_return failure{next_step::paused,
                              fmt::format("{} cannot be copied to topic {}: {}", place, to_->name(),
                                          producer_->why().message)};
        }
        auto served = co_await producer_->serve();
        if (!served) {
            co_return retry_after(fmt::format("writing to topic {}", to_->name()), served.error());
        }
    }
    sent_.push_back(std::move(one));
    co_return boost::system::in_place_value;
}

io::awaitable<outcome_of<void>> dead_letters::settle() {
    if (sent_.empty()) {
        co_return boost::system::in_place_value;
    }
    producer_->hasten();
    while (producer_->outstanding() > 0) {
        auto served = co_await producer_->serve();
        if (!served) {
            co_return retry_after(fmt::format("writing to topic {}", to_->name()), served.error());
        }
    }
    sent_.clear();
    co_return boost::system::in_place_value;
}

} // namespace tandem::connect
