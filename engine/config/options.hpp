#pragma once
// Everything a user can set, with its default. The CLI, the environment and the TOML file all fill
// this one struct; engine/config/settings.hpp lists the settings, engine/config/load.hpp fills them.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::engine {

enum class conflict_policy { last_update_wins, node_wins, error, apply_remote };
enum class orphan_policy { report, null_child, drop_child, restore_parent };
enum class first_sync { merge, none, from };
enum class gap_care { stop, reconcile };
enum class transport { direct, kafka };
enum class topic_layout { ordered, per_table };
enum class schema_evolution { none, basic };
enum class confirmation { applied, kafka }; // what the source's WAL is released for

// One PostgreSQL database taking part. `name` is [a-z][a-z0-9_]{0,19}; rank is the place of the name
// among all nodes' in the order of the alphabet (0, 1 ...), so that every site finds the same: it breaks
// ties between equal commit times.
struct node_options {
    std::string name;
    std::string uri; // may hold a password: never logged; empty: a peer that another site serves
    int rank = 0;
};

// One --tables entry: 'schema.table', 'schema.*', 'table' (= public.table), with an optional column
// list and row filter (PostgreSQL 15+). engine/config/pattern.hpp reads and matches it.
struct table_pattern {
    std::string schema;               // may hold * and ?; \ takes the next character literally
    std::string table;                // may hold * and ?; \ takes the next character literally
    std::vector<std::string> columns; // empty: all
    std::string where;                // SQL, empty: all rows
    std::string text;                 // as the user wrote it
};

// Who wins a conflict in the tables of that pattern.
struct table_policy {
    table_pattern tables;
    conflict_policy policy = conflict_policy::last_update_wins;
    std::string winner; // node_wins: whose versions
};

// One [[transform]] of a configuration file: a transformation of Kafka Connect's.
struct transform_entry {
    std::string name;
    std::string where;                 // "tandem.toml:12: transform mask", for what is said of it
    std::string from;                  // the node whose changes go through it; empty: of all
    std::vector<table_pattern> tables; // empty: of all
    std::map<std::string, std::string, std::less<>> keys; // type, predicate, negate, and its own
};
// In the file's order; each predicate's keys by its name ([predicate.NAME]).
struct row_transform_entries {
    std::string file; // they are of; empty: of a connector
    std::vector<transform_entry> transforms;
    std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> predicates;
};

struct options {
    std::vector<node_options> nodes;
    std::vector<node_options> peers; // served by another site: only Kafka is between
    std::optional<std::pair<std::string, std::string>> one_way; // source, target

    std::vector<table_pattern> tables; // empty: every table with a usable key
    std::vector<table_pattern> exclude;
    row_transform_entries row_transforms; // of a file only

    enum first_sync first_sync = first_sync::merge;
    gap_care on_gap = gap_care::stop;
    std::chrono::milliseconds verify_every{0}; // the synced tables; zero: never
    std::string first_sync_from;               // from: the node whose rows are right
    std::optional<conflict_policy> conflict;   // nullopt: last_update_wins where possible (R20)
    std::string winner;                        // node_wins: whose versions
    std::vector<table_policy> table_conflicts; // the first that matches counts; others: conflict
    orphan_policy foreign_keys = orphan_policy::report;
    std::string
        origin_column; // tells where a row was written, instead of replication origins; empty: these
    bool ddl = true;   // is carried: init makes event triggers, a run carries out what they tell
    struct {
        std::vector<std::string> commands;
        std::vector<std::string> kinds;
        std::vector<table_pattern> objects;
    } ddl_skips;                                         // what of it is not
    schema_evolution evolution = schema_evolution::none; // where a node's DDL is not told
    std::chrono::milliseconds max_clock_skew{5'000};
    std::chrono::milliseconds conflict_retention = std::chrono::hours{24 * 30};
    bool peer_sync_commit = false;

    std::uint32_t batch_rows = 8'000; // 1: one source transaction per peer transaction
    std::size_t batch_bytes = std::size_t{4} << 20;
    std::chrono::milliseconds batch_delay{0};
    std::size_t queue_bytes = std::size_t{32} << 20;
    bool streaming = true;        // large transactions while they are open (PostgreSQL 14+)
    bool streaming_named = false; // it was said, on or off
    std::string spool_folder = "/var/tmp"; // keeps them until they end

    enum transport transport = transport::direct;
    std::string brokers; // host:port,host:port
    // librdkafka's names; values may be secrets: never logged.
    std::vector<std::pair<std::string, std::string>> kafka_properties;
    std::string compression = "lz4"; // of what is written to Kafka; librdkafka's word
    std::string topic_prefix = "tandem";
    topic_layout topics = topic_layout::ordered;
    bool event_schemas = false; // records have the schema blocks of Kafka's JsonConverter
    int table_partitions = 3;   // of each table's topic
    bool table_partitions_named = false;
    std::size_t topic_max_bytes = std::size_t{8} << 20;
    confirmation confirm = confirmation::applied;

    bool init = false;
    enum class id_care { leave, check, stride };
    id_care ids = id_care::leave;          // of init: what becomes of sequences that can meet
    std::string listen = "127.0.0.1:8083"; // "off": none
    bool insecure_listen = false;          // plain HTTP on a non-loopback address
    std::string token_file;                // of the HTTP server; empty: nobody is asked for one
    std::string tls_certificate;           // PEM; empty: plain HTTP
    std::string tls_key;
    std::vector<std::string>
        allowed_hosts;                // names a browser may reach us by, beside the loopback's
    bool read_only = false;           // what HTTP asks for changes nothing
    std::vector<table_pattern> masks; // columns whose values the console does not show
    bool until_caught_up = false;
    std::optional<std::chrono::milliseconds> until;

    enum class log_format { automatic, human, json };
    std::string log_level = "info";
    log_format format = log_format::automatic;
    std::string color = "auto";

    // Where each setting that was given came from, and its text as it may be shown.
    struct said {
        std::string where; // "--batch-rows", "TANDEM_BATCH_ROWS", "tandem.toml:3: batch-rows"
        std::string text;
    };
    std::map<std::string, std::vector<said>, std::less<>> told; // by the setting's name

    // Of those that this process serves.
    [[nodiscard]] node_options const* node(std::string const& name) const noexcept;
    // Also of a peer.
    [[nodiscard]] node_options const* member(std::string const& name) const noexcept;
};

// A pair source -> target, in the order nodes were given; this process serves one of the two at least.
struct direction_names {
    std::string source;
    std::string target;
};
[[nodiscard]] std::vector<direction_names> directions(options const& set);

// As people write it: --conflict.
[[nodiscard]] std::string policy_text(conflict_policy policy, std::string const& winner);
// As people write it: --table-conflict.
[[nodiscard]] std::string policy_text(table_policy const& of);
// --conflict, read. Throws config_error.
void take_conflict(options& into, std::string const& text);
// --table-conflict, read. Throws config_error.
void take_table_conflict(options& into, std::string const& text);
// --first-sync and --on-gap, read. Throw config_error.
void take_first_sync(options& into, std::string const& text);
void take_on_gap(options& into, std::string const& text);
// Whether the streams have to tell what their writers had seen (R13): tandem.progress is published for it.
[[nodiscard]] constexpr bool tells_seen(conflict_policy policy) noexcept {
    return policy == conflict_policy::node_wins || policy == conflict_policy::error;
}
// `policy`: of the tables that --table-conflict does not name.
[[nodiscard]] bool tells_seen(options const& set, conflict_policy policy) noexcept;

} // namespace tandem::engine
