#pragma once
// What a PostgresConnector's configuration means here. Pure.

#include "codecs/event/value_options.hpp"
#include "engine/config/options.hpp"
#include "engine/connect/source_filters.hpp"
#include "engine/connect/task_setup.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

enum class publication_mode : std::uint8_t { all_tables, disabled, filtered, no_tables };
enum class snapshot_mode : std::uint8_t { initial, initial_only, always, when_needed, no_data };

// How one side of its records is written.
struct json_side {
    bool schemas = true; // schemas.enable
};

struct source_settings {
    engine::node_options node; // named after the connector
    std::string prefix;        // topic.prefix
    std::string database;
    std::string slot;
    std::string publication;
    publication_mode publishes = publication_mode::all_tables;
    bool drop_slot = false; // slot.drop.on.stop
    bool moves_slot = true; // flush.lsn.source
    snapshot_mode snapshot = snapshot_mode::initial;
    table_filter tables;
    column_changes columns;
    key_choices keys;
    event::value_options values;
    bool tombstones = true;
    std::set<char> skipped; // operations
    bool transactions = false;
    std::size_t queue_bytes = 0;
    std::chrono::milliseconds heartbeat{0}; // 0: none
    std::string heartbeat_prefix;
    std::string heartbeat_query;
    json_side key;
    json_side value;
    bool transforms = false; // the encoder's records, with schemas, go through source_transforms
    std::string delimiter = "."; // topic.delimiter
    std::vector<std::string> initial_statements;
    bool row_signals = false;       // signal.data.collection is there, and its channel enabled
    std::string signal_topic;       // empty: no such channel
    std::string signal_brokers;     // empty: those of the worker
    std::string notification_topic; // empty: none
    bool notifications_logged = false;
    std::size_t chunk_rows = 1024;
    std::vector<std::string> notes; // settings that are there and mean nothing here
};

// Error: config, of what is not possible here, with what is.
[[nodiscard]] outcome<source_settings> source_settings_of(task_setup const& from);

// How to reach the database that such a configuration names, as libpq takes it. Holds the password.
[[nodiscard]] std::string source_uri(property_map const& config);

// Of the versions before 2.0: database.server.name for topic.prefix, and others.
[[nodiscard]] property_map with_new_names(property_map config);

} // namespace tandem::connect
