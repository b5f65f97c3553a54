#include "engine/connect/postgres_source_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace tandem::connect {
namespace {

using enum setting_type;
constexpr auto high = importance::high;
constexpr auto mid = importance::medium;
constexpr auto low = importance::low;
constexpr auto unset = display_width::none;
constexpr auto brief = display_width::brief;
constexpr auto fair = display_width::medium;
constexpr auto wide = display_width::large;

std::optional<std::string_view> given(property_map const& all, std::string_view name) {
    auto const found = all.find(name);
    return found == all.end() ? std::nullopt : std::optional<std::string_view>{found->second};
}

std::string_view trimmed(std::string_view text) noexcept {
    auto const begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// Every part between separators; empty ones count.
template <class Visit>
void each_part(std::string_view text, char separator, Visit visit) {
    while (true) {
        auto const stop = std::min(text.find(separator), text.size());
        visit(text.substr(0, stop));
        if (stop == text.size()) {
            return;
        }
        text.remove_prefix(stop + 1);
    }
}

bool one_word(std::string_view text) noexcept {
    return !text.empty() && text.find_first_of(" \t\r\n:") == std::string_view::npos;
}

bool same_in_any_case(std::string_view text, std::string_view upper) noexcept {
    return std::ranges::equal(text, upper, {}, [](char each) {
        return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
    });
}

// "schema.table:column"
bool names_key_columns(std::string_view text) noexcept {
    text = trimmed(text);
    auto const colon = text.find(':');
    return colon != std::string_view::npos && one_word(text.substr(0, colon)) &&
           one_word(text.substr(colon + 1));
}

// "schema.table:FULL", "schema.table:INDEX name"
bool names_replica_identity(std::string_view text) noexcept {
    text = trimmed(text);
    auto const colon = text.find(':');
    if (colon == std::string_view::npos || !one_word(text.substr(0, colon))) {
        return false;
    }
    auto const how = text.substr(colon + 1);
    constexpr std::size_t word = 6; // "INDEX "
    return same_in_any_case(how, "DEFAULT") || same_in_any_case(how, "FULL") ||
           same_in_any_case(how, "NOTHING") ||
           (how.size() > word && same_in_any_case(how.substr(0, word), "INDEX "));
}

void check_slot_name(debezium_value const& of, string_list& problems) {
    constexpr std::size_t most = 63;
    bool const good =
        of.text && !of.text->empty() && of.text->size() <= most &&
        std::ranges::all_of(*of.text, [](char each) {
            return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '_';
        });
    if (of.text && !good) {
        problems.emplace_back("Valid replication slot name must contain only digits, lowercase "
                              "characters and underscores with length <= 63");
    }
}

void check_replica_identities(debezium_value const& of, string_list& problems) {
    if (!of.text) {
        return;
    }
    if (of.text->empty()) {
        problems.emplace_back("Must not be empty");
    }
    each_part(*of.text, ',', [&](std::string_view part) {
        if (!names_replica_identity(part)) {
            problems.push_back(fmt::format(
                "{} has an invalid format (expecting '(?i)^\\s*(?<tablepredicate>[^\\s:]+):"
                "(?<replicaidentity>DEFAULT|(INDEX) (?<indexname>.\\w*)|FULL|NOTHING)"
                "\\s*$')",
                part));
        }
    });
}

void check_key_columns(debezium_value const& of, string_list& problems) {
    if (!of.text) {
        return;
    }
    if (of.text->empty()) {
        problems.emplace_back("Must not be empty");
    }
    each_part(*of.text, ';', [&](std::string_view part) {
        if (!names_key_columns(part)) {
            problems.push_back(fmt::format(
                "{} has an invalid format (expecting '^\\s*([^\\s:]+):([^:\\s]+)\\s*$')", part));
        }
    });
}

void check_operations(debezium_value const& of, string_list& problems) {
    if (!of.text || *of.text == "none") {
        return;
    }
    bool none = false;
    bool some = false;
    bool wrong = false;
    each_part(*of.text, ',', [&](std::string_view part) {
        part = trimmed(part);
        bool const known =
            part.size() == 1 && std::string_view{"rcudt"}.find(part[0]) != std::string_view::npos;
        none = none || part == "none";
        some = some || known;
        wrong = wrong || (!known && part != "none");
    });
    if (wrong) {
        problems.emplace_back("Invalid operation");
    } else if (none && some) {
        problems.emplace_back("'none' cannot be specified with other skipped operation types");
    }
}

void check_queue_size(debezium_value const& of, string_list& problems) {
    auto const size = parse_setting("max.queue.size", of.text.value_or("8192"), int32);
    auto const batch =
        parse_setting("max.batch.size", given(of.all, "max.batch.size").value_or("2048"), int32);
    if (!size || !batch) {
        return; // said already
    }
    if (std::get<std::int64_t>(*size) <= 0) {
        problems.emplace_back("A positive queue size is required");
    }
    if (std::get<std::int64_t>(*size) <= std::get<std::int64_t>(*batch)) {
        problems.emplace_back("Must be larger than the maximum batch size");
    }
}

// Of two that exclude each other.
void check_other_is_not(std::string_view other, debezium_value const& of, string_list& problems,
                        std::string_view said) {
    if (of.text && given(of.all, other)) {
        problems.push_back(fmt::format("\"{}\" is already specified", said));
    }
}
void check_no_included_tables(debezium_value const& of, string_list& problems) {
    check_other_is_not("table.include.list", of, problems, "table.include.list");
}
void check_no_included_columns(debezium_value const& of, string_list& problems) {
    check_other_is_not("column.include.list", of, problems, "column.include.list");
}
void check_no_included_schemas(debezium_value const& of, string_list& problems) {
    check_other_is_not("schema.include.list", of, problems, "schema.include.list");
}
void check_no_included_prefixes(debezium_value const& of, string_list& problems) {
    check_other_is_not("message.prefix.include.list", of, problems,
                       "logical_decoding_message.prefix.include.list");
}

// Of the name of a class that a mode "custom" needs.
void check_custom_name(debezium_value const& of, string_list& problems, std::string_view mode) {
    if (same_in_any_case(given(of.all, mode).value_or(""), "CUSTOM") &&
        of.text.value_or("").empty()) {
        problems.push_back(
            fmt::format("{0}.custom.name cannot be empty when {0} 'custom' is defined", mode));
    }
}
void check_snapshot_name(debezium_value const& of, string_list& problems) {
    check_custom_name(of, problems, "snapshot.mode");
}
void check_locking_name(debezium_value const& of, string_list& problems) {
    check_custom_name(of, problems, "snapshot.locking.mode");
}
void check_query_name(debezium_value const& of, string_list& problems) {
    check_custom_name(of, problems, "snapshot.query.mode");
}

void check_notification_topic(debezium_value const& of, string_list& problems) {
    bool sink = false;
    each_part(given(of.all, "notification.enabled.channels").value_or(""), ',',
              [&](std::string_view part) { sink = sink || trimmed(part) == "sink"; });
    if (sink && !of.text) {
        problems.emplace_back(
            "Notification topic name must be provided when kafka notification channel is enabled");
    }
}

std::vector<debezium_row> server_rows() {
    return {
        {"topic.prefix",
         string,
         nullptr,
         high,
         fair,
         "Topic prefix",
         "What the names of all of this connector's topics begin with; one for each database.",
         {},
         {check_required, check_topic_name}},
        {"database.hostname",
         string,
         nullptr,
         high,
         fair,
         "Hostname",
         "Name or address of the database server.",
         {},
         {check_required, check_host_name}},
        {"database.port",
         int32,
         "5432",
         high,
         brief,
         "Port",
         "Port of the database server.",
         {},
         {check_integer}},
        {"database.user",
         string,
         nullptr,
         high,
         brief,
         "User",
         "Who the connector logs in as.",
         {},
         {check_required}},
        {"database.password", password, nullptr, high, brief, "Password",
         "The password of that user."},
        {"database.dbname",
         string,
         nullptr,
         high,
         fair,
         "Database",
         "The database whose changes are captured.",
         {},
         {check_required}},
        {"database.query.timeout.ms", int32, "600000", low, unset, "Query timeout",
         "How long a query may take, in milliseconds; 0: as long as it takes."},
        {"plugin.name", string, "decoderbufs", mid, fair, "Plugin",
         "The plugin of the server that decodes changes. Only pgoutput, which every server has, is "
         "read here: it stands for the others as well.",
         "pgoutput,decoderbufs"},
        {"slot.name",
         string,
         "debezium",
         mid,
         fair,
         "Slot",
         "The replication slot from which changes are read; made when there is none.",
         {},
         {check_slot_name}},
        {"publication.name", string, "dbz_publication", mid, fair, "Publication",
         "The publication that says whose changes are sent."},
        {"publication.autocreate.mode", string, "all_tables", mid, fair,
         "Publication Auto Create Mode",
         "What a publication that there is not is made for: all tables, those that the filters let "
         "through, none, or none is made.",
         "disabled,all_tables,filtered,no_tables"},
        {"replica.identity.autoset.values",
         string,
         nullptr,
         mid,
         wide,
         "Replica Identity Auto Set Values",
         "Which replica identity tables are given at the start: SCHEMA.TABLE:FULL, and others with "
         "commas.",
         {},
         {check_replica_identities}},
        {"slot.drop.on.stop", boolean, "false", mid, unset, "Drop slot on stop",
         "Whether the slot is dropped when the connector stops: what is written until it starts "
         "again is not captured."},
        {"slot.failover", boolean, "false", mid, unset, "Create failover slot",
         "Whether a slot is made so that standbys have it too (PostgreSQL 17)."},
        {"slot.stream.params", string, nullptr, low, wide,
         "Optional parameters to pass to the logical decoder when the stream is started.",
         "Further options of the stream: name=value, several with semicolons."},
        {"database.initial.statements", string, nullptr, low, wide, "Initial statements",
         "SQL that every connection begins with; several with semicolons."},
        {"database.sslmode", string, "prefer", mid, fair, "SSL mode",
         "Whether connections are encrypted and whom they trust, as libpq's sslmode.",
         "disable,allow,prefer,require,verify-ca,verify-full"},
        {"database.sslcert", string, nullptr, mid, wide, "SSL Client Certificate",
         "File of the certificate that the client shows."},
        {"database.sslpassword", password, nullptr, mid, fair, "SSL Client Key Password",
         "Password of the file of its key."},
        {"database.sslrootcert", string, nullptr, mid, wide, "SSL Root Certificate",
         "File of the certificates that servers are checked against."},
        {"database.sslkey", string, nullptr, mid, wide, "SSL Client Key",
         "File of the key to the client's certificate."},
        {"slot.max.retries",
         int32,
         "6",
         low,
         unset,
         "Retry count",
         "Without meaning here: a slot that is taken is tried for again until it is free.",
         {},
         {check_integer}},
        {"slot.retry.delay.ms",
         int64,
         "10000",
         low,
         unset,
         "Retry delay",
         "Without meaning here, as slot.max.retries.",
         {},
         {check_integer}},
        {"database.sslfactory", string, nullptr, mid, wide, "SSL Root Certificate",
         "A class of the Java driver; without meaning here."},
        {"status.update.interval.ms",
         int32,
         "10000",
         mid,
         brief,
         "Status update interval (ms)",
         "How often the server is told how far changes were read; sooner where its timeout asks for "
         "it.",
         {},
         {check_positive_integer}},
        {"database.tcpKeepAlive",
         boolean,
         "true",
         mid,
         brief,
         "TCP keep-alive probe",
         "Whether a connection that is silent is probed.",
         {},
         {check_boolean}},
        {"xmin.fetch.interval.ms",
         int64,
         "0",
         mid,
         brief,
         "Xmin fetch interval (ms)",
         "How often the slot's xmin is read into source.xmin; 0: never.",
         {},
         {check_non_negative_long}},
        {"skipped.operations",
         list,
         "t",
         low,
         brief,
         "Skipped Operations",
         "Operations that make no records: c, u, d, t; none.",
         {},
         {check_operations}},
        {"flush.lsn.source",
         boolean,
         "true",
         low,
         brief,
         "Boolean to determine if Debezium should flush LSN in the source database",
         "Whether the slot is moved on. False keeps all WAL until somebody else moves it.",
         {},
         {check_boolean}},
    };
}

std::vector<debezium_row> connector_rows() {
    return {
        {"event.processing.failure.handling.mode", string, "fail", mid, brief,
         "Event deserialization failure handling",
         "What becomes of a change that cannot be read: the connector fails, it is passed over with "
         "a warning, or without.",
         "skip,warn,fail,ignore"},
        {"max.batch.size",
         int32,
         "2048",
         mid,
         brief,
         "Change event batch size",
         "Without meaning here: batches are bounded by their bytes.",
         {},
         {check_positive_integer}},
        {"max.queue.size",
         int32,
         "8192",
         mid,
         brief,
         "Change event buffer size",
         "Without meaning here: what waits is bounded by its bytes.",
         {},
         {check_queue_size}},
        {"poll.interval.ms",
         int64,
         "500",
         mid,
         brief,
         "Poll interval (ms)",
         "Without meaning here: changes are sent when they come.",
         {},
         {check_positive_integer}},
        {"max.queue.size.in.bytes",
         int64,
         "0",
         mid,
         wide,
         "Change event buffer size in bytes",
         "How much of what was read may wait for Kafka; 0: 32 MiB.",
         {},
         {check_non_negative_long}},
        {"provide.transaction.metadata", boolean, "false", low, brief,
         "Store transaction metadata information in a dedicated topic.",
         "Whether records tell of their transaction, and a topic of its own of where transactions "
         "begin and end."},
        {"snapshot.delay.ms",
         int64,
         "0",
         low,
         fair,
         "Snapshot Delay (milliseconds)",
         "How long to wait before a snapshot.",
         {},
         {check_non_negative_long}},
        {"streaming.delay.ms",
         int64,
         "0",
         low,
         fair,
         "Streaming Delay (milliseconds)",
         "How long to wait between a snapshot and the first change.",
         {},
         {check_non_negative_long}},
        {"snapshot.include.collection.list",
         list,
         nullptr,
         mid,
         wide,
         "Snapshot mode include data collection",
         "Which of the captured tables a snapshot has; regular expressions of SCHEMA.TABLE.",
         {},
         {check_list_of_regexes}},
        {"snapshot.fetch.size",
         int32,
         nullptr,
         mid,
         fair,
         "Snapshot fetch size",
         "Without meaning here: a snapshot's rows are read as they come.",
         {},
         {check_non_negative_integer}},
        {"snapshot.max.threads",
         int32,
         "1",
         mid,
         brief,
         "Snapshot maximum threads",
         "Without meaning here: a snapshot reads one table after the other.",
         {},
         {check_positive_integer}},
        {"snapshot.mode.custom.name",
         string,
         nullptr,
         mid,
         fair,
         "Snapshot Mode Custom Name",
         "A Java class; not possible here.",
         {},
         {check_snapshot_name}},
        {"snapshot.mode.configuration.based.snapshot.data", boolean, "false", mid, fair,
         "Snapshot mode property based snapshot data",
         "Of snapshot.mode configuration_based: whether the rows are read."},
        {"snapshot.mode.configuration.based.snapshot.schema", boolean, "false", mid, fair,
         "Snapshot mode property based snapshot schema",
         "Of snapshot.mode configuration_based: without meaning here."},
        {"snapshot.mode.configuration.based.start.stream", boolean, "false", mid, fair,
         "Snapshot mode property based start stream",
         "Of snapshot.mode configuration_based: whether changes follow."},
        {"snapshot.mode.configuration.based.snapshot.on.schema.error", boolean, "false", mid, fair,
         "Snapshot mode property based snapshot on schema error",
         "Of snapshot.mode configuration_based: without meaning here."},
        {"snapshot.mode.configuration.based.snapshot.on.data.error", boolean, "false", mid, fair,
         "Snapshot mode property based snapshot on data error",
         "Of snapshot.mode configuration_based: whether rows are read when the slot does not reach "
         "back to what was captured last."},
        {"retriable.restart.connector.wait.ms",
         int64,
         "10000",
         low,
         fair,
         "Retriable restart wait (ms)",
         "Without meaning here: after what passes by itself the connector goes on, sooner at first, "
         "then ever more rarely, at least every 30 s.",
         {},
         {check_positive_long}},
        {"query.fetch.size",
         int32,
         "0",
         mid,
         fair,
         "Query fetch size",
         "Without meaning here.",
         {},
         {check_non_negative_integer}},
        {"errors.max.retries",
         int32,
         "-1",
         low,
         fair,
         "The maximum number of retries",
         "How often an error that passes by itself is tried again; -1: always.",
         {},
         {check_integer}},
        {"incremental.snapshot.watermarking.strategy", string, "INSERT_INSERT", low, fair,
         "Incremental snapshot watermarking strategy",
         "How a snapshot of tables that are captured already marks its steps.",
         "insert_insert,insert_delete"},
        {"internal.log.position.check.enable", boolean, "true", mid, fair,
         "Enable/Disable log position check", "Without meaning here: it is always checked."},
        {"internal.advanced.metrics.enable", boolean, "false", mid, fair,
         "Enable/Disable advance metrics", "Without meaning here."},
        {"decimal.handling.mode", string, "precise", mid, brief, "Decimal Handling",
         "What numeric and money become: exact Decimals, texts, or floating point.",
         "precise,string,double"},
        {"time.precision.mode", string, "adaptive", mid, brief, "Time Precision",
         "What dates and times become: whole numbers as fine as the column, always of microseconds, "
         "Connect's own types, or texts.",
         "adaptive,adaptive_time_microseconds,connect,isostring,microseconds,nanoseconds"},
        {"snapshot.lock.timeout.ms", int64, "10000", mid, wide, "Snapshot lock timeout (ms)",
         "Without meaning here: a snapshot locks nothing."},
        {"snapshot.mode", string, "initial", mid, brief, "Snapshot mode",
         "Whether the rows that tables have are sent before their changes.",
         "always,initial,never,no_data,initial_only,when_needed,configuration_based,custom"},
        {"snapshot.isolation.mode", string, "serializable", low, brief, "Snapshot isolation mode",
         "Without meaning here: a snapshot sees one moment.",
         "serializable,repeatable_read,read_committed,read_uncommitted"},
        {"snapshot.query.mode", string, "select_all", low, brief, "Snapshot query mode",
         "Which columns a snapshot reads.", "select_all,custom"},
        {"snapshot.query.mode.custom.name",
         string,
         nullptr,
         mid,
         fair,
         "Snapshot Query Mode Custom Name",
         "A Java class; not possible here.",
         {},
         {check_query_name}},
        {"snapshot.locking.mode.custom.name",
         string,
         nullptr,
         mid,
         fair,
         "Snapshot Locking Mode Custom Name",
         "A Java class; not possible here.",
         {},
         {check_locking_name}},
        {"snapshot.locking.mode", string, "none", low, brief, "Snapshot locking mode",
         "Without meaning here: a snapshot locks nothing.", "shared,none,custom"},
        {"hstore.handling.mode", string, "json", low, fair, "HStore Handling",
         "What hstore becomes: a text of JSON, or a map.", "json,map"},
        {"binary.handling.mode", string, "bytes", low, fair, "Binary Handling",
         "What bytea becomes: bytes, or a text of them.", "bytes,base64,base64-url-safe,hex"},
        {"schema.name.adjustment.mode", string, "none", low, fair, "Schema Name Adjustment",
         "Whether schemas' names are changed into what Avro takes.", "none,avro,avro_unicode"},
        {"interval.handling.mode", string, "numeric", low, fair, "Interval Handling",
         "What interval becomes: microseconds, of months of 30.4375 days, or a text.",
         "numeric,string"},
        {"schema.refresh.mode", string, "columns_diff", mid, brief, "Schema refresh mode",
         "Without meaning here: the stream itself tells of its tables.",
         "columns_diff,columns_diff_exclude_unchanged_toast"},
        {"incremental.snapshot.chunk.size",
         int32,
         "1024",
         mid,
         fair,
         "Incremental snapshot chunk size",
         "How many rows a snapshot of tables that are captured already reads at once.",
         {},
         {check_non_negative_integer}},
        {"unavailable.value.placeholder", string, "__debezium_unavailable_value", mid, fair,
         "Unavailable value placeholder",
         "What stands for a large value that an update left as it was and that the server does not "
         "send; hex: and digits for bytes."},
        {"message.prefix.include.list",
         list,
         nullptr,
         mid,
         wide,
         "Include Logical Decoding Message Prefixes",
         "Which logical messages make records; regular expressions of their prefix.",
         {},
         {check_list_of_regexes}},
        {"message.prefix.exclude.list",
         list,
         nullptr,
         mid,
         wide,
         "Exclude Logical Decoding Message Prefixes",
         "Which logical messages make none; regular expressions of their prefix.",
         {},
         {check_list_of_regexes, check_no_included_prefixes}},
    };
}

std::vector<debezium_row> event_rows() {
    return {
        {"converters", string, nullptr, low, fair,
         "List of prefixes defining custom values converters.", "Java classes; not possible here."},
        {"post.processors", string, nullptr, low, fair, "List of change event post processors.",
         "Java classes; not possible here."},
        {"tombstones.on.delete",
         boolean,
         "true",
         mid,
         brief,
         "Change the behaviour of Debezium with regards to delete operations",
         "Whether a delete's record is followed by one without value, for which topics that are "
         "compacted forget the key.",
         {},
         {check_boolean}},
        {"heartbeat.interval.ms",
         int32,
         "0",
         mid,
         fair,
         "Connector heartbeat interval (milli-seconds)",
         "How often a record is sent to the heartbeat's topic; 0: never. The slot moves on without "
         "it.",
         {},
         {check_non_negative_integer}},
        {"heartbeat.topics.prefix", string, "__debezium-heartbeat", low, fair,
         "A prefix used for naming of heartbeat topics",
         "What the heartbeat's topic begins with; topic.prefix follows."},
        {"signal.data.collection", string, nullptr, mid, fair, "Signaling data collection",
         "The table whose new rows are signals to the connector."},
        {"signal.poll.interval.ms",
         int64,
         "5000",
         mid,
         brief,
         "Signal processor poll interval",
         "Without meaning here: signals are read as they come.",
         {},
         {check_positive_integer}},
        {"signal.enabled.channels", list, "source", mid, wide, "Enabled channels names",
         "Where signals come from."},
        {"topic.naming.strategy", java_class, "io.debezium.schema.SchemaTopicNamingStrategy", mid,
         fair, "Topic naming strategy class", "Only that one is possible here."},
        {"notification.enabled.channels", list, nullptr, mid, wide,
         "Enabled notification channels names", "Where notifications go: sink, log."},
        {"notification.sink.topic.name",
         string,
         nullptr,
         high,
         wide,
         "Notification topic name",
         "The topic of the channel sink.",
         {},
         {check_notification_topic}},
        {"transaction.metadata.factory", java_class,
         "io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory", low, fair,
         "Factory class to create transaction context & transaction struct maker classes",
         "Only that one is possible here."},
        {"custom.metric.tags",
         list,
         nullptr,
         low,
         fair,
         "Customize metric tags",
         "Labels of this connector's metrics: name=value, several with commas.",
         {},
         {check_pairs}},
        {"column.include.list",
         list,
         nullptr,
         mid,
         wide,
         "Include Columns",
         "Which columns records have; regular expressions of SCHEMA.TABLE.COLUMN.",
         {},
         {check_list_of_regexes}},
        {"column.exclude.list",
         list,
         nullptr,
         mid,
         wide,
         "Exclude Columns",
         "Which columns records do not have; regular expressions of SCHEMA.TABLE.COLUMN.",
         {},
         {check_list_of_regexes, check_no_included_columns}},
        {"table.include.list",
         list,
         nullptr,
         high,
         wide,
         "Include Tables",
         "Which tables are captured; regular expressions of SCHEMA.TABLE.",
         {},
         {check_list_of_regexes}},
        {"table.exclude.list",
         list,
         nullptr,
         mid,
         wide,
         "Exclude Tables",
         "Which tables are not; regular expressions of SCHEMA.TABLE.",
         {},
         {check_list_of_regexes, check_no_included_tables}},
        {"table.ignore.builtin",
         boolean,
         "true",
         low,
         brief,
         "Ignore system databases",
         "Without meaning here: the server's own tables are not captured.",
         {},
         {check_boolean}},
        {"schema.include.list",
         list,
         nullptr,
         high,
         wide,
         "Include Schemas",
         "Whose tables are captured; regular expressions of SCHEMA.",
         {},
         {check_list_of_regexes},
         {"table.include.list"}},
        {"schema.exclude.list",
         list,
         nullptr,
         mid,
         wide,
         "Exclude Schemas",
         "Whose tables are not; regular expressions of SCHEMA.",
         {},
         {check_list_of_regexes, check_no_included_schemas},
         {},
         false},
        {"message.key.columns",
         string,
         nullptr,
         mid,
         wide,
         "Columns PK mapping",
         "Which columns make a record's key, in place of the primary key's: "
         "SCHEMA.TABLE:COLUMN,COLUMN, and others with semicolons.",
         {},
         {check_key_columns}},
        {"snapshot.select.statement.overrides", string, nullptr, mid, wide,
         "List of tables where the default select statement used during snapshotting should be "
         "overridden.",
         "Tables whose rows a snapshot reads with the SELECT of "
         "snapshot.select.statement.overrides.SCHEMA.TABLE."},
        {"column.mask.hash.([^.]+).with.salt.(.+)", string, nullptr, mid, wide,
         "Mask Columns Using Hash and Salt",
         "Columns of which records have a hash in place of the value."},
        {"column.mask.with.(d+).chars",
         string,
         nullptr,
         mid,
         unset,
         "Mask Columns With n Asterisks",
         "Columns of which records have so many asterisks.",
         {},
         {check_integer}},
        {"column.truncate.to.(d+).chars",
         int32,
         nullptr,
         mid,
         unset,
         "Truncate Columns To n Characters",
         "Columns of which records have so many letters.",
         {},
         {check_integer}},
        {"include.schema.comments",
         boolean,
         "false",
         mid,
         brief,
         "Include Table and Column Comments",
         "Without meaning here.",
         {},
         {check_boolean}},
        {"column.propagate.source.type",
         list,
         nullptr,
         mid,
         unset,
         "Propagate Source Types by Columns",
         "Columns whose schema tells their type in the database; regular expressions of "
         "SCHEMA.TABLE.COLUMN.",
         {},
         {check_list_of_regexes}},
        {"datatype.propagate.source.type",
         list,
         nullptr,
         mid,
         unset,
         "Propagate Source Types by Data Type",
         "Types whose columns' schema tells it; regular expressions.",
         {},
         {check_list_of_regexes}},
        {"internal.snapshot.scan.all.columns.force", boolean, "false", low, brief,
         "Snapshot force scan all columns of all tables", "Without meaning here."},
        {"snapshot.tables.order.by.row.count", string, "disabled", mid, unset,
         "Initial snapshot tables order by row count",
         "Whether a snapshot begins with the largest or the smallest table.",
         "ascending,descending,disabled"},
        {"heartbeat.action.query", string, nullptr, low, fair,
         "An optional query to execute with every heartbeat",
         "SQL that every heartbeat runs in the source."},
        {"include.unknown.datatypes", boolean, "false", mid, brief, "Include unknown datatypes",
         "Whether records have the bytes of values whose type is not known."},
        {"sourceinfo.struct.maker", java_class,
         "io.debezium.connector.postgresql.PostgresSourceInfoStructMaker", low, fair,
         "Source info struct maker class", "Only that one is possible here."},
    };
}

debezium_settings make() {
    debezium_settings made;
    made.add("Postgres", server_rows());
    made.add("Connector", connector_rows());
    made.add("Events", event_rows());
    return made;
}

} // namespace

debezium_settings const& postgres_source_settings() {
    static debezium_settings const made = make();
    return made;
}

} // namespace tandem::connect
