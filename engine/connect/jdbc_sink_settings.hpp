#pragma once
// What the JDBC sinks can be told: Debezium's and Confluent's, every key, with its default, and what it means here.
// https://debezium.io/documentation/reference/3.0/connectors/jdbc.html#jdbc-connector-properties
// https://docs.confluent.io/kafka-connectors/jdbc/current/sink-connector/sink_config_options.html

#include "engine/config/definitions.hpp"

namespace tandem::connect {

[[nodiscard]] setting_definitions jdbc_sink_definitions();
[[nodiscard]] setting_definitions confluent_sink_definitions();

} // namespace tandem::connect
