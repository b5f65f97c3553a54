#pragma once
// What a connector's task is told. Pure.

#include "engine/connect/offset_state.hpp"
#include "engine/connect/plugins.hpp"
#include "io/kafka/properties.hpp"

#include <string>
#include <vector>

namespace tandem::connect {

struct task_setup {
    std::string connector;
    int number = 0;
    int tasks = 1; // of the connector
    plugin const* of = nullptr;
    property_map config; // as it runs: references to secrets are resolved
    // The worker's, for what the configuration does not say: converters.
    property_map worker;
    std::string brokers;
    io::kafka::properties properties; // of its Kafka clients
    // The worker's topics, into which a task tells how far it has come and what it uses; empty: nowhere.
    std::string offset_topic;
    int offset_partitions = 1;
    std::vector<connector_offset> offsets; // of its connector, as they were known when it started
    std::string status_topic;
    int status_partitions = 1;
};

// What each of a connector's tasks is told; at most tasks.max of them.
[[nodiscard]] std::vector<property_map> task_configs(plugin const& of, property_map const& config);

} // namespace tandem::connect
