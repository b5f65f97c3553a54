#pragma once
// The topics of a source: made when their first record comes, and what their partitions have already.

#include "codecs/event/headers.hpp"
#include "engine/connect/task_setup.hpp"
#include "engine/flow/failure.hpp"
#include "io/kafka/admin.hpp"
#include "io/kafka/consumer.hpp"
#include "io/kafka/producer.hpp"
#include "io/runtime/awaitable.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tandem::connect {

// topic.creation.default.* of a configuration, and what it says of others.
struct topic_creation {
    int partitions = -1; // -1: the brokers' default
    int replication_factor = -1;
    std::map<std::string, std::string> configs;

    [[nodiscard]] static topic_creation of(property_map const& config);
};

struct open_topic {
    io::kafka::producer::topic* to = nullptr;
    std::vector<event::stream_position> has; // by partition: everything up to there is in it
};

class source_topics {
public:
    // References outlive it. `source`: record_position::source.
    source_topics(task_setup const& setup, std::string source, io::kafka::admin& cluster,
                  io::kafka::producer& sink);

    // There, and read as far as `confirmed` asks for: what lies before that is not sent again. Lives as long as this object.
    [[nodiscard]] io::awaitable<engine::outcome_of<open_topic const*>> open(std::string name,
                                                                            lsn confirmed);

    // Null: it was not opened.
    [[nodiscard]] open_topic const* find(std::string_view name) const;

private:
    [[nodiscard]] io::awaitable<engine::outcome_of<std::int32_t>> ensure(std::string name);
    [[nodiscard]] io::awaitable<engine::outcome_of<void>> read_ends(std::string name,
                                                                    open_topic& into,
                                                                    lsn confirmed);

    task_setup const& setup_;
    std::string source_;
    topic_creation creation_;
    io::kafka::admin& cluster_;
    io::kafka::producer& sink_;
    std::map<std::string, std::unique_ptr<open_topic>, std::less<>> topics_;
};

} // namespace tandem::connect
