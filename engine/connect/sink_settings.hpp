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
// Where the values of a row's key come from.
enum class key_source : std::uint8_t { none, kafka, record_key, record_value, record_header };

// The columns of a key that is a record's place.
inline constexpr std::string_view topic_column = "__connect_topic";
inline constexpr std::string_view partition_column = "__connect_partition";
inline constexpr std::string_view offset_column = "__connect_offset";

// Which fields beside the key are written: FIELD or TOPIC:FIELD, whole names; excluded ones go before included ones.
class field_filter {
public:
    field_filter() = default;
    // Lists with commas.
    [[nodiscard]] static field_filter of(std::string_view included, std::string_view excluded);

    [[nodiscard]] bool takes_all() const noexcept { return named_.empty(); }
    [[nodiscard]] bool takes(std::string_view topic, std::string_view field) const;

private:
    struct one {
        std::string topic; // empty: any
        std::string field;
    };
    std::vector<one> named_;
    bool excluded_ = false;
};

struct sink_settings {
    engine::node_options node; // named after the connector
    std::vector<std::string> topics;
    std::string topics_regex; // in place of those
    insert_mode mode = insert_mode::insert;
    key_source keys = key_source::none;
    std::vector<std::string> key_fields; // empty: the table's primary key
    field_filter fields;
    bool creates = false; // tables that are missing
    bool adds = false;    // columns that are missing
    bool from_end =
        false; // topics that are there and were never read; otherwise from their beginning
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
    bool of_confluent = false; // whose types columns get that are made

    // Whether a record has to be read field by field, whatever it looks like.
    [[nodiscard]] bool by_fields() const noexcept {
        return keys == key_source::none || keys == key_source::kafka ||
               keys == key_source::record_header || !key_fields.empty() || !fields.takes_all() ||
               creates || adds;
    }
    // A column's name as PostgreSQL reads it.
    [[nodiscard]] std::string column_name(std::string_view field) const;
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
