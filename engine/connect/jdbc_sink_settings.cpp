#include "engine/connect/jdbc_sink_settings.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tandem::connect {
namespace {

using enum setting_type;
constexpr auto high = importance::high;
constexpr auto mid = importance::medium;
constexpr auto low = importance::low;
constexpr auto brief = display_width::brief;
constexpr auto fair = display_width::medium;
constexpr auto wide = display_width::large;

struct row {
    std::string_view name;
    setting_type type;
    char const* by_default; // null: none
    importance matters;
    std::string_view group;
    display_width width;
    std::string_view display;
    std::string_view doc;
    std::string_view allowed = {}; // with commas
    bool needed = false;
};

setting_definitions made_of(std::span<row const> rows) {
    setting_definitions made;
    std::string_view group;
    int order = 0;
    for (auto const& each : rows) {
        order = each.group == group ? order + 1 : 1;
        group = each.group;
        setting_definition one;
        one.name = each.name;
        one.type = each.type;
        if (!each.needed) {
            one.by_default = each.by_default == nullptr
                                 ? setting{}
                                 : parse_setting(each.name, each.by_default, each.type).value();
        }
        one.matters = each.matters;
        one.doc = each.doc;
        one.group = group;
        one.order = order;
        one.width = each.width;
        one.display = each.display;
        if (each.type == java_class) {
            one.no_class = [only = std::string{each.by_default}](std::string_view name) {
                return name == only ? std::nullopt
                                    : std::optional{fmt::format("tandem has {} alone.", only)};
            };
        }
        if (!each.allowed.empty()) {
            auto const list_of = parse_setting(each.name, each.allowed, list);
            one.check = one_of(std::get<string_list>(list_of.value()));
            one.recommended = std::get<string_list>(list_of.value());
        }
        made.push_back(std::move(one));
    }
    return made;
}

constexpr std::string_view one_group = "Connector";
constexpr std::array debezium_rows{
    row{"connection.url", string, nullptr, high, one_group, wide, "Hostname",
        "The database: jdbc:postgresql://HOST:PORT/DATABASE."},
    row{"connection.username", string, nullptr, high, one_group, brief, "User",
        "Who the connector logs in as."},
    row{"connection.password", password, nullptr, high, one_group, brief, "Password",
        "The password of that user."},
    row{"connection.pool.min_size", int32, "5", low, one_group, brief,
        "Connection pool minimum size", "Without meaning here: a task has the sessions it needs."},
    row{"connection.pool.max_size", int32, "32", low, one_group, brief,
        "Connection pool maximum size", "Without meaning here, as connection.pool.min_size."},
    row{"connection.pool.acquire_increment", int32, "32", low, one_group, brief,
        "Connection pool acquire increment", "Without meaning here, as connection.pool.min_size."},
    row{"connection.pool.timeout", int64, "1800", low, one_group, brief, "Connection pool timeout",
        "Without meaning here, as connection.pool.min_size."},
    row{"insert.mode", string, "insert", low, one_group, brief, "The insertion mode to use",
        "How a record that is no delete is written: insert, upsert or update."},
    row{"delete.enabled", boolean, "false", low, one_group, brief,
        "Controls whether records can be deleted by the connector",
        "Whether deletes and tombstones delete rows; needs primary.key.mode record_key."},
    row{"truncate.enabled", boolean, "false", low, one_group, brief,
        "Controls whether tables can be truncated by the connector",
        "Whether truncates empty tables; needs primary.key.mode record_key."},
    row{"table.name.format", string, "${topic}", mid, one_group, fair,
        "A format string for the table",
        "The table of a record: ${topic}, with its points as underscores, or ${source.schema}, "
        "${source.table} and other fields of the source block."},
    row{"primary.key.mode", string, "none", high, one_group, brief, "The primary key mode",
        "Where the key comes from: none, kafka (topic, partition, offset), record_key, "
        "record_value or record_header."},
    row{"primary.key.fields", string, nullptr, low, one_group, fair,
        "Comma-separated list of primary key field names",
        "The fields that make the key; without it all of the record's key."},
    row{"schema.evolution", string, "none", low, one_group, brief,
        "Controls how schema evolution is handled by the sink connector",
        "Whether tables and columns that are missing are made: none, basic."},
    row{"quote.identifiers", boolean, "false", low, one_group, brief,
        "Controls whether table, column, or other identifiers are quoted",
        "Whether names are taken as they are; without it PostgreSQL makes them lower case."},
    row{"table.naming.strategy", java_class,
        "io.debezium.connector.jdbc.naming.DefaultTableNamingStrategy", low, one_group, wide,
        "Name of the strategy class that implements the TablingNamingStrategy interface",
        "Only that one is possible here."},
    row{"column.naming.strategy", java_class,
        "io.debezium.connector.jdbc.naming.DefaultColumnNamingStrategy", low, one_group, wide,
        "Name of the strategy class that implements the ColumnNamingStrategy interface",
        "Only that one is possible here."},
    row{"database.time_zone", string, "UTC", mid, one_group, brief,
        "The timezone used when inserting temporal values.",
        "The zone in which times without one are written."},
    row{"dialect.postgres.postgis.schema", string, "public", low, one_group, wide,
        "Name of the schema where postgis extension is installed", "The schema of PostGIS' types."},
    row{"dialect.sqlserver.identity.insert", boolean, "false", low, one_group, brief,
        "Allowing to insert explicit value for identity column in table for SQLSERVER.",
        "Without meaning here."},
    row{"batch.size", int32, "500", mid, one_group, brief,
        "Specifies how many records to attempt to batch together into the destination table, when "
        "possible. You can also configure the connector’s underlying consumer’s max.poll.records "
        "using consumer.override.max.poll.records in the connector configuration.",
        "Without meaning here: a batch is what came while the one before was written, up to 8,000 "
        "records."},
    row{"field.include.list", list, nullptr, mid, one_group, wide, "Include Fields",
        "The only fields that are written; regular expressions of TOPIC:FIELD or FIELD."},
    row{"field.exclude.list", list, nullptr, mid, one_group, wide, "Exclude Fields",
        "Fields that are not written; regular expressions of TOPIC:FIELD or FIELD."},
    row{"flush.max.retries", int32, "5", low, one_group, brief, "Max retry count",
        "Without meaning here: what passes by itself is tried again until it has."},
    row{"flush.retry.delay.ms", int64, "1000", low, one_group, brief, "Delay to retry flush",
        "Without meaning here, as flush.max.retries."},
};

constexpr std::string_view connection = "Database";
constexpr std::string_view writes = "Writes";
constexpr std::string_view mapping = "Data Mapping";
constexpr std::string_view ddl = "DDL Support";
constexpr std::string_view retries = "Retries";
constexpr std::array confluent_rows{
    row{"connection.url",
        string,
        nullptr,
        high,
        connection,
        wide,
        "JDBC URL",
        "The database: jdbc:postgresql://HOST:PORT/DATABASE.",
        {},
        true},
    row{"connection.user", string, nullptr, high, connection, fair, "JDBC User",
        "Who the connector logs in as."},
    row{"connection.password", password, nullptr, high, connection, fair, "JDBC Password",
        "The password of that user."},
    row{"dialect.name", string, "", low, connection, wide, "Database Dialect",
        "Only PostgreSqlDatabaseDialect is possible here.", ",PostgreSqlDatabaseDialect"},
    row{"connection.attempts", int32, "3", low, connection, brief, "JDBC connection attempts",
        "Without meaning here: a connection is tried for until there is one."},
    row{"connection.backoff.ms", int64, "10000", low, connection, brief,
        "JDBC connection backoff in milliseconds", "Without meaning here, as connection.attempts."},
    row{"insert.mode", string, "insert", high, writes, fair, "Insert Mode",
        "How a record is written: insert, upsert or update.", "insert,upsert,update"},
    row{"batch.size", int32, "3000", mid, writes, brief, "Batch Size",
        "Without meaning here: a batch is what came while the one before was written, up to 8,000 "
        "records."},
    row{"delete.enabled", boolean, "false", mid, writes, brief, "Enable deletes",
        "Whether tombstones delete rows; needs pk.mode record_key."},
    row{"table.types", list, "TABLE", low, writes, fair, "Table Types",
        "What records may be written to: TABLE, PARTITIONED TABLE, VIEW."},
    row{"table.name.format", string, "${topic}", mid, mapping, wide, "Table Name Format",
        "The table of a record; ${topic} stands for its topic."},
    row{"pk.mode", string, "none", high, mapping, fair, "Primary Key Mode",
        "Where the key comes from: none, kafka (topic, partition, offset), record_key or "
        "record_value.",
        "none,kafka,record_key,record_value"},
    row{"pk.fields", list, "", mid, mapping, wide, "Primary Key Fields",
        "The fields that make the key; empty: all of the record's key or value."},
    row{"fields.whitelist", list, "", mid, mapping, wide, "Fields Whitelist",
        "The only fields that are written beside the key; empty: all."},
    row{"db.timezone", string, "UTC", mid, mapping, fair, "DB Time Zone",
        "The zone in which times without one are written."},
    row{"replace.null.with.default", boolean, "true", low, mapping, brief,
        "Replace null with default", "Whether the default of a field stands for its null."},
    row{"auto.create", boolean, "false", mid, ddl, brief, "Auto-Create",
        "Whether tables that are missing are made."},
    row{"auto.evolve", boolean, "false", mid, ddl, brief, "Auto-Evolve",
        "Whether columns that are missing are added."},
    row{"quote.sql.identifiers", string, "ALWAYS", mid, ddl, fair, "Quote Identifiers",
        "Whether names are taken as they are.", "ALWAYS,NEVER,always,never"},
    row{"max.retries", int32, "10", mid, retries, brief, "Maximum Retries",
        "Without meaning here: what passes by itself is tried again until it has."},
    row{"retry.backoff.ms", int32, "3000", mid, retries, brief, "Retry Backoff (millis)",
        "Without meaning here, as max.retries."},
    row{"trim.sensitive.log", boolean, "false", low, retries, brief, "Trim Sensitive Logs",
        "Without meaning here: logs never have values."},
};

} // namespace

setting_definitions jdbc_sink_definitions() {
    return made_of(debezium_rows);
}

setting_definitions confluent_sink_definitions() {
    return made_of(confluent_rows);
}

} // namespace tandem::connect
