#pragma once
// What io.debezium.connector.postgresql.PostgresConnector can be told: every key of Debezium 3.0, with its default, and
// what it means here. The same of versions before 2.0 (database.server.name and others) under their names of now.
// https://debezium.io/documentation/reference/3.0/connectors/postgresql.html#postgresql-connector-properties

#include "engine/connect/debezium_settings.hpp"

namespace tandem::connect {

[[nodiscard]] debezium_settings const& postgres_source_settings();

} // namespace tandem::connect
