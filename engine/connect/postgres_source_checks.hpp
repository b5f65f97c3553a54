#pragma once
// The rows of PostgresConnector's settings, and the checks that are its own. For postgres_source_*.cpp.

#include "engine/connect/debezium_settings.hpp"

#include <span>

namespace tandem::connect {

[[nodiscard]] std::span<debezium_row const> postgres_server_rows();
[[nodiscard]] std::span<debezium_row const> postgres_connector_rows();
[[nodiscard]] std::span<debezium_row const> postgres_event_rows();

void check_slot_name(debezium_value const& of, string_list& problems);
void check_replica_identities(debezium_value const& of, string_list& problems);
void check_key_columns(debezium_value const& of, string_list& problems);
void check_operations(debezium_value const& of, string_list& problems);
void check_queue_size(debezium_value const& of, string_list& problems);
void check_no_included_tables(debezium_value const& of, string_list& problems);
void check_no_included_columns(debezium_value const& of, string_list& problems);
void check_no_included_schemas(debezium_value const& of, string_list& problems);
void check_no_included_prefixes(debezium_value const& of, string_list& problems);
void check_snapshot_name(debezium_value const& of, string_list& problems);
void check_locking_name(debezium_value const& of, string_list& problems);
void check_query_name(debezium_value const& of, string_list& problems);
void check_notification_topic(debezium_value const& of, string_list& problems);

} // namespace tandem::connect
