#pragma once
// What a worker is told: the variables of the image debezium/connect, and those of Kafka's own worker behind CONNECT_.
// https://github.com/debezium/container-images/tree/main/connect/3.0#environment-variables
// https://kafka.apache.org/39/documentation/#connectconfigs

#include "engine/config/load.hpp"
#include "engine/connect/worker_setup.hpp"

#include <string>
#include <vector>

namespace tandem::connect {

// A worker's properties, by Kafka's names: "bootstrap.servers", "config.storage.topic".
[[nodiscard]] property_map worker_properties(std::vector<std::string> const& names,
                                             engine::environment const& variables);

struct worker_start {
    worker_setup setup;
    std::string listen;             // host:port; empty: nothing says
    std::vector<std::string> notes; // properties that mean nothing here
};
// Error: config, with the sentence of Kafka's worker where it has one.
[[nodiscard]] outcome<worker_start> worker_start_of(property_map const& given);

} // namespace tandem::connect
