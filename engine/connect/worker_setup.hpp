#pragma once
// What a Connect worker is told. Pure.

#include "engine/config/definitions.hpp"
#include "engine/connect/config_providers.hpp"
#include "io/kafka/properties.hpp"

#include <string>

namespace tandem::connect {

struct state_topic {
    std::string name;
    int partitions = 1;          // when it is made
    int replication_factor = -1; // when it is made; -1: the brokers' default
};

struct state_setup {
    std::string brokers; // host:port,host:port
    io::kafka::properties properties;
    state_topic config;
    state_topic offset;
    state_topic status;
};

struct worker_setup {
    state_setup topics;
    std::string id;       // host:port of its REST, as others reach it
    std::string group_id; // of the workers that share connectors
    property_map
        defaults; // key.converter, value.converter, header.converter and what they are told
    provider_rules providers;
    bool topic_tracking = true;
    bool topic_tracking_reset = true;
};

} // namespace tandem::connect
