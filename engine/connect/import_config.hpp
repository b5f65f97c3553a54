#pragma once
// Connectors of Kafka Connect as a configuration of `tandem run`. Pure.

#include "engine/connect/connector_file.hpp"

#include <span>
#include <string>
#include <vector>

namespace tandem::connect {

struct imported {
    std::string toml;
    std::vector<std::string>
        notes; // what it could not take over: "CONNECTOR: KEY=VALUE: why"; no secrets
};

// Sources and sinks of two databases. Error: config, of connectors that are not a sync of two databases.
[[nodiscard]] outcome<imported> import_connectors(std::span<named_config const> connectors);

} // namespace tandem::connect
