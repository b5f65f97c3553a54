#include "engine/config/settings.hpp"

#include "engine/config/console_settings.hpp"
#include "engine/config/error.hpp"
#include "engine/config/nearest.hpp"
#include "engine/config/pattern.hpp"
#include "engine/config/quantity.hpp"
#include "engine/config/setting_text.hpp"
#include "io/kafka/properties.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace tandem::engine {
namespace {

using kind = setting::kind;
using group = setting_group;

using setting_text::duration;
using setting_text::expected;
using setting_text::number;
using setting_text::on_or_off;
using setting_text::size;
using setting_text::word;

void set_node(options& into, std::string const& text) {
    std::size_t const equals = text.find('=');
    bool const looks_like_uri = text.find("://") < equals;
    if (equals == std::string::npos || equals == 0 || looks_like_uri) {
        // Not repeated: without its name nobody can tell where a password is in it.
        throw config_error{
            "expected NAME=URI (such as a=postgresql://user@host:5432/db), got a text "
            "without a node's name before the first '='"};
    }
    if (equals + 1 == text.size()) {
        throw config_error{fmt::format("node {} has no connection string", text.substr(0, equals))};
    }
    into.nodes.push_back({text.substr(0, equals), text.substr(equals + 1)});
}

void set_one_way(options& into, std::string const& text) {
    std::size_t const colon = text.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == text.size() ||
        text.find(':', colon + 1) != std::string::npos) {
        expected("SOURCE:TARGET, two node names (such as a:b)", text);
    }
    into.one_way.emplace(text.substr(0, colon), text.substr(colon + 1));
}

void set_exclude(options& into, std::string const& text) {
    table_pattern pattern = parse_table_pattern(text);
    if (!pattern.columns.empty() || !pattern.where.empty()) {
        throw config_error{fmt::format("'{}': a pattern that excludes takes no columns and no "
                                       "condition; put them into --tables",
                                       text)};
    }
    into.exclude.push_back(std::move(pattern));
}

void set_until(options& into, std::string const& text) {
    if (text == "caught-up") {
        into.until_caught_up = true;
        return;
    }
    auto const value = parse_duration(text);
    if (!value || value->count() <= 0) {
        expected("caught-up or a duration with its unit (such as 30s)", text);
    }
    into.until = *value;
}

void set_spool_folder(options& into, std::string const& text) {
    if (text.empty()) {
        throw config_error{fmt::format("expected a folder (such as {}), got an empty text",
                                       options{}.spool_folder)};
    }
    into.spool_folder = text;
}

constexpr std::uint32_t batch_rows_max = 1'000'000;
constexpr std::uint64_t kibi = 1024;
constexpr std::uint64_t mebi = kibi * kibi;
constexpr std::uint64_t gibi = kibi * mebi;

void set_foreign_keys(options& into, std::string const& text) {
    into.foreign_keys =
        word<orphan_policy>(text, {{"report", orphan_policy::report},
                                   {"null-child", orphan_policy::null_child},
                                   {"drop-child", orphan_policy::drop_child},
                                   {"restore-parent", orphan_policy::restore_parent}});
}

void set_origin_column(options& into, std::string const& text) {
    constexpr std::size_t longest = 63; // NAMEDATALEN - 1
    if (text.empty() || text.size() > longest) {
        throw config_error{
            "expected the name of a column, of 1 to 63 bytes, as the catalog has it (no quotes)"};
    }
    into.origin_column = text;
}

// No message here repeats the text, which may be a secret or a part of one.
void set_property(options& into, std::string const& text) {
    constexpr std::string_view ours = "kafka.";
    constexpr std::string_view form = "KEY=VALUE with a KEY of librdkafka's (such as "
                                      "kafka.security.protocol=SASL_SSL)";
    std::string_view const all{text};
    std::size_t const equals = all.find('=');
    std::string_view const whole_name = all.substr(0, std::min(equals, all.size()));
    if (whole_name.starts_with("pg.")) {
        throw config_error{"pg. is not taken here: parameters of a connection to PostgreSQL belong "
                           "into the connection string of --node"};
    }
    if (equals == std::string_view::npos || !whole_name.starts_with(ours)) {
        throw config_error{fmt::format("expected {}{}", ours, form)};
    }
    std::string_view const name = whole_name.substr(ours.size());
    bool const legal = std::ranges::all_of(name, [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '.' ||
               each == '_';
    });
    if (!legal || name.empty()) {
        throw config_error{fmt::format("expected {}{}: its name has lower-case letters, digits, "
                                       "'.' and '_' only",
                                       ours, form)};
    }
    if (name == "compression.type" || name == "compression.codec") {
        throw config_error{fmt::format("kafka.{} is set by --compression", name)};
    }
    std::string_view const value = all.substr(equals + 1);
    if (auto const problem = io::kafka::property_problem(name, value)) {
        throw config_error{*problem};
    }
    auto const known = [name](auto const& one) { return one.first == name; };
    if (std::ranges::any_of(into.kafka_properties, known)) {
        throw config_error{fmt::format("kafka.{} is given twice", name)};
    }
    into.kafka_properties.emplace_back(name, value);
}

// What Kafka takes in a topic's name, with room for a node's behind it.
void set_topic_prefix(options& into, std::string const& text) {
    constexpr std::size_t most = 200;
    bool const legal = std::ranges::all_of(text, [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
               (each >= '0' && each <= '9') || each == '.' || each == '_' || each == '-';
    });
    if (text.empty() || text.size() > most || !legal) {
        expected("up to 200 letters, digits, '.', '_' or '-'", text);
    }
    into.topic_prefix = text;
}

std::vector<setting> node_settings() {
    return {
        {"node", kind::list, group::nodes, "NAME=URI",
         "A master: its name (a letter, then letters, digits, _; at most 20) and its connection "
         "string. Given twice, or once with --peer. Of equal commit times the later name in the "
         "alphabet wins. No default.",
         set_node},
        {"peer", kind::list, group::nodes, "NAME",
         "A master that another site serves, with only Kafka between: its name there. In place of its "
         "--node; `run` needs --transport kafka with it. Default: none.",
         [](options& into, std::string const& text) {
             into.peers.push_back({text, {}});
         }},
        {"one-way", kind::value, group::nodes, "A:B",
         "Sync only from node A to node B. Default: both ways.", set_one_way},
        {"tables", kind::list, group::tables, "PATTERN",
         "Tables to sync: [schema.]table with * and ?, then optionally (columns) and where "
         "CONDITION (PostgreSQL 15+). Repeatable. Default: all with a usable key.",
         [](options& into, std::string const& text) {
             into.tables.push_back(parse_table_pattern(text));
         }},
        {"exclude", kind::list, group::tables, "PATTERN",
         "Tables not to sync, stronger than --tables. Repeatable. Default: none.", set_exclude},
        {"first-sync", kind::value, group::tables, "merge|none|from=NODE",
         "Tables that differ when their sync begins. merge: the newer version of each row goes on, and rows on "
         "one node only come to the other, while both are written. from=NODE: as NODE has them. none: leave "
         "the differences. Empty tables are filled by COPY. Default: merge.",
         take_first_sync},
    };
}

std::vector<setting> transport_settings() {
    options const defaults;
    return {
        {"transport", kind::value, group::run, "direct|kafka",
         "How changes travel: from database to database in this process, or through Kafka. Default: "
         "direct.",
         [](options& into, std::string const& text) {
             into.transport = word<transport>(
                 text, {{"direct", transport::direct}, {"kafka", transport::kafka}});
         }},
        {"brokers", kind::value, group::brokers, "HOST:PORT,...",
         "Kafka's brokers to begin with, for --transport kafka and for topic. No default.",
         [](options& into, std::string const& text) { into.brokers = text; }},
        {"property", kind::list, group::brokers, "kafka.KEY=VALUE",
         "A property of the Kafka client, by librdkafka's name (security.protocol, sasl.*, ssl.* ...); "
         "${env:NAME} and ${file:PATH} in it are replaced. Repeatable. Default: none.",
         set_property, 'X', true},
        {"compression", kind::value, group::run, "CODEC",
         fmt::format("How batches of records are compressed on their way to Kafka and in its logs: "
                     "none, gzip, snappy, lz4 or zstd. Default: {} (zstd is smaller and costs more "
                     "CPU, none costs the brokers more).",
                     defaults.compression),
         [](options& into, std::string const& text) {
             into.compression = word<std::string>(text, {{"none", "none"},
                                                         {"gzip", "gzip"},
                                                         {"snappy", "snappy"},
                                                         {"lz4", "lz4"},
                                                         {"zstd", "zstd"}});
         }},
        {"topic-prefix", kind::value, group::kafka, "PREFIX",
         fmt::format("Beginning of the topics' names: PREFIX.NODE has a node's changes, "
                     "PREFIX.NODE.progress how far they are applied. Default: {}.",
                     defaults.topic_prefix),
         set_topic_prefix},
        {"confirm", kind::value, group::run, "applied|kafka",
         "What lets the source release its WAL: that the peer has applied it durably, so that Kafka may "
         "lose everything, or that all in-sync replicas of Kafka have it. Default: applied.",
         [](options& into, std::string const& text) {
             into.confirm = word<confirmation>(
                 text, {{"applied", confirmation::applied}, {"kafka", confirmation::kafka}});
         }},
    };
}

std::vector<setting> topic_settings() {
    options const defaults;
    return {
        {"topics", kind::value, group::run, "LAYOUT",
         "ordered: all changes of a node are in one topic with one partition. per-table: rows are in "
         "PREFIX.NODE.SCHEMA.TABLE, spread over its partitions by their key as the Java clients do, and "
         "PREFIX.NODE keeps their order. Transactions stay whole either way, and the peer's site "
         "follows whatever is sent. Default: ordered.",
         [](options& into, std::string const& text) {
             into.topics = word<topic_layout>(text, {{"ordered", topic_layout::ordered},
                                                     {"per-table", topic_layout::per_table}});
         }},
        {"table-partitions", kind::value, group::run, "N",
         fmt::format("Partitions of each table's topic with --topics per-table, 1 to 100. "
                     "Default: {}.",
                     defaults.table_partitions),
         [](options& into, std::string const& text) {
             into.table_partitions = number<int>(text, 1, 100);
             into.table_partitions_named = true;
         }},
        {"event-schemas", kind::value, group::run, "on|off",
         "Keys and values have the schema blocks that Kafka Connect's JsonConverter reads "
         "(schemas.enable), for its sinks: some kilobytes in every record. Default: off.",
         [](options& into, std::string const& text) { into.event_schemas = on_or_off(text); }},
        {"topic-max-bytes", kind::value, group::run, "SIZE",
         fmt::format(
             "max.message.bytes of the topics that tandem creates, 64KiB to 64MiB. A row whose "
             "record is larger than its topic takes is parked at the peer by its key. "
             "Default: {}.",
             format_size(defaults.topic_max_bytes)),
         [](options& into, std::string const& text) {
             into.topic_max_bytes = size(text, 64 * kibi, 64 * mebi);
         }},
    };
}

std::vector<setting> conflict_settings() {
    options const defaults;
    return {
        {"conflict", kind::value, group::set_up, "POLICY",
         "Who wins a conflict: last-update-wins, node-wins=NAME (that node's row, whatever the clocks say), error (the "
         "change is parked at each node until `tandem parked` decides) or apply-remote. Default: last-update-wins, or "
         "apply-remote where a node is older than 14 or lacks track_commit_timestamp.",
         take_conflict},
        {"table-conflict", kind::list, group::set_up, "PATTERN=POLICY",
         "Another policy for these tables, such as 'public.counter=node-wins=a'; the first that matches counts. Repeatable. "
         "Default: none.",
         take_table_conflict},
        {"on-gap", kind::value, group::run, "stop|reconcile",
         "What becomes of a stream of changes that broke (its slot was lost): stop, or begin anew and make the tables "
         "equal. Default: stop.",
         take_on_gap},
        {"verify-every", kind::value, group::run, "DUR",
         "The synced tables are compared while they are synced, each again after so long, in a hundredth of the time at "
         "most; what differs is in status, metrics and log. Default: 0s (never).",
         [](options& into, std::string const& text) {
             into.verify_every =
                 duration(text, std::chrono::milliseconds{0}, std::chrono::hours{24 * 365});
         }},
        {"foreign-keys", kind::value, group::run, "CURE",
         "What becomes of rows that refer to one which the peer deleted meanwhile: report (kept in the log of "
         "conflicts), null-child, drop-child or restore-parent. Default: report.",
         set_foreign_keys},
        {"origin-column", kind::value, group::set_up, "NAME",
         "For servers where replication origins are not granted: a text column of every synced table in which "
         "triggers of tandem's keep the name of the node where the row was last written. What was applied "
         "here is told by a row of tandem.progress in the same transaction. Only with --conflict "
         "apply-remote. Default: replication origins.",
         set_origin_column},
        {"max-clock-skew", kind::value, group::checked, "DUR",
         fmt::format(
             "Clock offset between the nodes from which a warning is due; a clock that is set "
             "back by more, and by more than 5s, pauses what comes from its node. Default: "
             "{}.",
             format_duration(defaults.max_clock_skew)),
         [](options& into, std::string const& text) {
             into.max_clock_skew =
                 duration(text, std::chrono::milliseconds{1}, std::chrono::hours{24});
         }},
        {"conflict-retention", kind::value, group::run, "DUR",
         fmt::format(
             "How long conflicts stay in the log (`tandem conflict`), and DDL in its own (`tandem ddl list`, at least 7d), such as 90d; 0 keeps "
             "them for good. Default: {}.",
             format_duration(defaults.conflict_retention)),
         [](options& into, std::string const& text) {
             into.conflict_retention =
                 duration(text, std::chrono::milliseconds{0}, std::chrono::hours{24 * 3'650});
         }},
    };
}

std::vector<setting> apply_settings() {
    options const defaults;
    return {
        {"peer-sync-commit", kind::value, group::run, "on|off",
         "synchronous_commit of the transactions we apply; the source's WAL is released only for "
         "what is durable either way. Default: off.",
         [](options& into, std::string const& text) { into.peer_sync_commit = on_or_off(text); }},
        {"batch-rows", kind::value, group::run, "N",
         fmt::format("Rows gathered into one transaction at the peer; 1 keeps every source "
                     "transaction by itself. Default: {} rows.",
                     defaults.batch_rows),
         [](options& into, std::string const& text) {
             into.batch_rows = number<std::uint32_t>(text, 1, batch_rows_max);
         }},
        {"batch-bytes", kind::value, group::run, "SIZE",
         fmt::format("Bytes gathered into one transaction at the peer. Default: {}.",
                     format_size(defaults.batch_bytes)),
         [](options& into, std::string const& text) {
             into.batch_bytes = size(text, kibi, gibi / 4);
         }},
        {"batch-delay", kind::value, group::run, "DUR",
         fmt::format("Time an incomplete batch waits for more while nothing is in flight. "
                     "Default: {} (it leaves at once).",
                     format_duration(defaults.batch_delay)),
         [](options& into, std::string const& text) {
             into.batch_delay =
                 duration(text, std::chrono::milliseconds{0}, std::chrono::minutes{1});
         }},
        {"queue-bytes", kind::value, group::run, "SIZE",
         fmt::format("Memory for changes read and not yet applied, per direction. Default: {}.",
                     format_size(defaults.queue_bytes)),
         [](options& into, std::string const& text) {
             into.queue_bytes = size(text, mebi, 64 * gibi);
         }},
        {"streaming", kind::value, group::checked, "on|off",
         "Receive large transactions while they are still open (PostgreSQL 14+), in files until "
         "they commit. Default: on.",
         [](options& into, std::string const& text) {
             into.streaming = on_or_off(text);
             into.streaming_named = true;
         }},
        {"spool-dir", kind::text, group::checked, "DIR",
         fmt::format("Folder of these files, one and its descriptor for each open large "
                     "transaction; they have no names and leave nothing behind. Default: {}.",
                     defaults.spool_folder),
         set_spool_folder},
    };
}

std::vector<setting> instance_settings() {
    options const defaults;
    return {
        {"init", kind::toggle, group::run, "",
         "Create what the databases need before starting (as tandem init). Default: off.",
         [](options& into, std::string const& text) { into.init = on_or_off(text); }},
        {"listen", kind::text, group::listen, "ADDR:PORT|off",
         fmt::format("Address of the HTTP server (health, metrics, status). Default: {}.",
                     defaults.listen),
         [](options& into, std::string const& text) { into.listen = text; }},
        {"insecure-listen", kind::toggle, group::listen, "",
         "Permit plain HTTP on an address that is not loopback. Default: off.",
         [](options& into, std::string const& text) { into.insecure_listen = on_or_off(text); }},
        {"until", kind::value, group::run, "caught-up|DUR",
         "End by itself: when all that was committed at the start is applied, or after a duration. "
         "Default: never.",
         set_until},
        {"log-level", kind::value, group::log, "LEVEL",
         "trace, debug, info, warn, error or off. Default: info.",
         [](options& into, std::string const& text) {
             into.log_level = word<std::string>(text, {{"trace", "trace"},
                                                       {"debug", "debug"},
                                                       {"info", "info"},
                                                       {"warn", "warn"},
                                                       {"error", "error"},
                                                       {"off", "off"}});
         }},
        {"log-format", kind::value, group::log, "FORMAT",
         "auto, human or json. Default: auto (human on a terminal, json elsewhere).",
         [](options& into, std::string const& text) {
             using format = options::log_format;
             into.format = word<format>(
                 text,
                 {{"auto", format::automatic}, {"human", format::human}, {"json", format::json}});
         }},
        {"color", kind::value, group::log, "WHEN",
         "auto, always or never. Default: auto (on a terminal, unless NO_COLOR is set).",
         [](options& into, std::string const& text) {
             into.color = word<std::string>(
                 text, {{"auto", "auto"}, {"always", "always"}, {"never", "never"}});
         }},
    };
}

std::vector<setting> all_settings() {
    std::vector<setting> all = node_settings();
    for (auto* more : {transport_settings, topic_settings, conflict_settings, ddl_settings,
                       apply_settings, instance_settings, console_settings}) {
        for (setting& each : more()) {
            all.push_back(std::move(each));
        }
    }
    return all;
}

} // namespace

std::span<setting const> settings() {
    static std::vector<setting> const all = all_settings();
    return all;
}

setting const* find_setting(std::string_view name) noexcept {
    for (setting const& each : settings()) {
        if (each.name == name) {
            return &each;
        }
    }
    return nullptr;
}

std::string environment_name(std::string_view setting_name) {
    std::string name{"TANDEM_"};
    for (char const each : setting_name) {
        bool const letter = each >= 'a' && each <= 'z';
        name += each == '-' ? '_' : letter ? static_cast<char>(each - 'a' + 'A') : each;
    }
    return name;
}

} // namespace tandem::engine
