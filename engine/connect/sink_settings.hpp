#pragma once
// What a JDBC sink's configuration means here: Debezium's and Confluent's. Pure.

#include "codecs/event/value_options.hpp"
#include "engine/config/options.hpp"
#include "engine/connect/task_setup.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::connect {

enum class insert_mode : std::uint8_t { insert, upsert, update };

struct sink_settings {
    engine::node_options node; // named after the connector
    std::vector<std::string> topics;
    std::string topics_regex; // in place of those
    insert_mode mode = insert_mode::insert;
    bool deletes = false;
    bool truncates = false;
    std::string table_format = "${topic}";
    bool underscores = true; // points of the topic's name become such
    bool quotes = false;     // names are taken as they are
    event::value_options values;
    bool tolerates = false; // errors.tolerance=all: a record that cannot be read is passed over
    bool logs_errors = false;
    std::string dead_letter_topic; // empty: none
    int dead_letter_replicas = 3;
    bool dead_letter_headers = false;
    std::vector<std::string> notes;
};

// Error: config, of what is not possible here, with what is.
[[nodiscard]] outcome<sink_settings> sink_settings_of(task_setup const& from);

// "jdbc:postgresql://host:port/database?..." as libpq takes it; user and password may stand beside it. Error: config.
[[nodiscard]] outcome<std::string> sink_uri(std::string_view url, std::string_view user,
                                            std::string_view password);

struct sink_table_name {
    std::string schema;
    std::string table;
};
// The table of a record. `schema` and `table`: of its source block; empty: it has none. Error: data, the format asks for
// what the record does not say.
[[nodiscard]] outcome<sink_table_name> table_of(sink_settings const& settings,
                                                std::string_view topic, std::string_view schema,
                                                std::string_view table);

} // namespace tandem::connect
