#pragma once
// `topic list` and `topic describe`. Failures are thrown: see failure.hpp.

#include "codecs/event/headers.hpp"
#include "engine/admin/topic_cluster.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

struct topic_summary {
    std::string name;
    std::size_t partitions = 0;
    std::size_t replication = 0; // replicas of a partition, the most
    std::size_t out_of_sync = 0; // partitions without a leader, or with replicas that are behind
    std::optional<std::int64_t>
        records; // between the ends of the logs; none: a partition has no leader
    std::optional<own_topic> own;
};

// By name.
[[nodiscard]] awaitable<std::vector<topic_summary>> list_topics(io::asio::any_io_executor executor,
                                                                options set);

[[nodiscard]] std::string topics_text(std::vector<topic_summary> const& topics);
// {"topics":[{"name","partitions","replication","out_of_sync","records","tandem":{"holds","node"}|null}]}
[[nodiscard]] std::string topics_json(std::vector<topic_summary> const& topics);

// What a stream's last records say of it.
struct stream_summary {
    std::string stream;
    std::string origin;
    std::int64_t epoch = 0;
    event::stream_position position;
    std::int64_t timestamp_ms = -1; // of the last record
    std::string run;                // of the writer; empty: its start is too far back
};

struct topic_description {
    topic_summary summary;
    std::vector<io::kafka::partition_metadata> partitions;
    std::vector<log_span> logs; // of those with a leader
    // What differs from the defaults, and what one asks for first: cleanup.policy, max.message.bytes,
    // min.insync.replicas, retention.bytes, retention.ms.
    io::kafka::topic_configs settings;
    std::optional<stream_summary> stream; // none: no record of a stream among the last ones
};

// Reads the last 100,000 records of a topic that holds changes at most.
[[nodiscard]] awaitable<topic_description> describe_topic(io::asio::any_io_executor executor,
                                                          options set, std::string name);

[[nodiscard]] std::string description_text(topic_description const& topic);
// As an element of topics_json(), with "logs":[{"partition","leader","replicas","in_sync","low","high"}],
// "settings":{NAME:{"value","default"}} and "stream":{"stream","origin","epoch","run","position","timestamp"}|null.
[[nodiscard]] std::string description_json(topic_description const& topic);

} // namespace tandem::engine
