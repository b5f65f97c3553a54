#pragma once
// How a stream goes through Kafka. Immutable while it runs.

#include "io/kafka/handle.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace tandem::engine {

enum class confirm_at { applied, kafka };

struct kafka_setup {
    std::string brokers; // host:port,host:port
    io::kafka::properties properties;
    std::string prefix; // of the topics' names
    confirm_at confirm = confirm_at::applied;
    std::size_t topic_max_bytes = 0; // max.message.bytes of the topics that are made
    bool per_table = false;          // rows go to topics of their tables
    int table_partitions = 1;        // of each of those
    bool schemas = false;            // records have those of Kafka's JsonConverter
};

// The changes of a node, in one partition: transactions and their order stay. With per_table what orders them, and
// TOPIC.SCHEMA.TABLE has the rows.
[[nodiscard]] inline std::string stream_topic(kafka_setup const& kafka, std::string_view node) {
    return kafka.prefix + '.' + std::string{node};
}
// How far its readers have come.
[[nodiscard]] inline std::string progress_topic(kafka_setup const& kafka, std::string_view node) {
    return stream_topic(kafka, node) + ".progress";
}

// What its readers came upon there that is none of it.
[[nodiscard]] inline std::string letters_topic(kafka_setup const& kafka, std::string_view node) {
    return stream_topic(kafka, node) + ".dead-letters";
}

inline constexpr std::chrono::seconds kafka_patience{10}; // for one question

// Into our log; secrets are removed already.
[[nodiscard]] io::kafka::listener log_of(std::string who);

} // namespace tandem::engine
