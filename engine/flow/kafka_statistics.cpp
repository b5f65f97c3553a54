#include "engine/flow/kafka_statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tandem::engine {
namespace {

using nlohmann::json;

constexpr std::int64_t unknown = kafka_figures::unknown;

std::int64_t number(json const& in, char const* name) {
    auto const found = in.find(name);
    return found != in.end() && found->is_number_integer() ? found->get<std::int64_t>() : unknown;
}

json const& part(json const& in, char const* name) {
    static json const none = json::object();
    auto const found = in.find(name);
    return found != in.end() && found->is_object() ? *found : none;
}

// Mean of the slowest broker among those that answered something since the last emission.
std::int64_t round_trip_us(json const& all) {
    std::int64_t slowest = unknown;
    for (auto const& broker : part(all, "brokers")) {
        auto const& times = part(broker, "rtt");
        if (number(times, "cnt") > 0) {
            slowest = std::max(slowest, number(times, "avg"));
        }
    }
    return slowest;
}

// librdkafka's own consumer_lag needs offsets stored in Kafka, where tandem stores none.
std::int64_t lag_records(json const& all) {
    std::int64_t lag = unknown;
    for (auto const& topic : part(all, "topics")) {
        for (auto const& partition : part(topic, "partitions")) {
            auto const end = number(partition, "hi_offset");
            auto const taken = number(partition, "app_offset");
            auto const next = taken >= 0 ? taken : number(partition, "next_offset");
            if (end >= 0 && next >= 0) {
                lag = std::max<std::int64_t>(lag, 0) + std::max<std::int64_t>(end - next, 0);
            }
        }
    }
    return lag;
}

// Those that a client is connected to, and that have answered.
std::int64_t brokers_up(json const& all) {
    auto const& brokers = part(all, "brokers");
    return std::ranges::count_if(
        brokers, [](json const& broker) { return broker.value("state", std::string{}) == "UP"; });
}

} // namespace

void take_brokers(std::string_view text, kafka_figures::figure& into) {
    auto const all = json::parse(text, nullptr, false);
    if (all.is_object()) {
        into.store(brokers_up(all), std::memory_order_relaxed);
    }
}

void take_statistics(std::string_view text, kafka_figures& into) {
    auto const all = json::parse(text, nullptr, false);
    if (!all.is_object()) {
        return;
    }
    auto const kind = all.value("type", json{});
    if (kind == "producer") {
        into.queue_records.store(number(all, "msg_cnt"), std::memory_order_relaxed);
        into.queue_bytes.store(number(all, "msg_size"), std::memory_order_relaxed);
        into.round_trip_us.store(round_trip_us(all), std::memory_order_relaxed);
    } else if (kind == "consumer") {
        into.lag_records.store(lag_records(all), std::memory_order_relaxed);
        into.readers_brokers.store(brokers_up(all), std::memory_order_relaxed);
    }
}

} // namespace tandem::engine
