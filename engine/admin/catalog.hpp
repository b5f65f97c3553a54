#pragma once
// What a node is and holds, as read at one moment. Plain values: engine/admin/read_catalog.hpp fills
// them, pure functions (choose, check, plan) decide on them.

#include "codecs/base/lsn.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace tandem::engine {

struct column_info {
    std::string name;
    oid type;
    std::string
        type_name; // format_type() under search_path pg_catalog: "numeric(10,2)", "public.mood"
    int type_modifier = -1;
    bool not_null = false;
    bool has_default = false;
    bool generated = false; // GENERATED ALWAYS AS (expression): never written
    char identity = 0;      // 'a' always, 'd' by default, 0 none
    char type_kind = 'b';   // pg_type.typtype: b c d e m p r
    char type_category = 'U';
    std::string collation; // empty where the type has none
};

// An index that can tell rows apart: unique, valid, checked at once, on plain columns of all rows.
struct key_info {
    std::string index;
    std::vector<std::string> columns; // in index order
    bool primary = false;
    bool replica_identity = false;
    bool not_null = false; // every column is
};

struct trigger_info {
    std::string name;
    char enabled = 'O'; // 'O' origin and local, 'A' always, 'R' replica, 'D' disabled
};

struct table_info {
    oid id;
    std::string schema;
    std::string name;
    char kind = 'r';             // r table, p partitioned, f foreign, m materialized view
    bool leaf = false;           // a partition that is no partitioned table itself
    char persistence = 'p';      // p permanent, u unlogged
    char replica_identity = 'd'; // d default, n nothing, f full, i index
    bool row_security = false;
    bool row_security_forced = false;
    std::string owner;
    bool schema_usable = true; // the role has USAGE on its schema
    bool member_of_owner = false;
    std::string extension;            // the extension it belongs to, or empty
    std::int64_t rows_estimate = 0;   // as of the last ANALYZE
    std::vector<oid> ancestors;       // of a partition: parent first, root last
    std::vector<column_info> columns; // in attnum order, dropped ones left out
    std::vector<key_info> keys;
    bool deferrable_primary_key = false;
    std::vector<trigger_info> triggers; // users' only
    bool stamps_origin = false;         // has the trigger of --origin-column

    [[nodiscard]] column_info const* column(std::string const& wanted) const noexcept;
    [[nodiscard]] key_info const* primary_key() const noexcept;
    // schema.name with quotes where needed, for messages.
    [[nodiscard]] std::string display() const;
};

struct sequence_info {
    std::string schema;
    std::string name;
    std::int64_t increment = 1;
    std::int64_t start = 1;
    std::int64_t minimum = 1;
    std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
    bool cycles = false;
    bool generates_values = false; // some column's default or identity uses it
    bool readable = false;         // the role may read its state
    std::int64_t next = 1;         // what it gives next; its start where the state is not readable
};

struct role_info {
    std::string name;
    bool superuser = false;
    bool replication = false; // the attribute, or a provider's role that stands for it
    bool bypass_row_security = false;
    bool create_in_database = false;
    bool use_origins = false;      // may call the pg_replication_origin_ functions
    bool set_replica_role = false; // may set session_replication_role
};

struct slot_info {
    std::string name;
    std::string plugin;
    bool active = false;
    lsn restart;
    lsn confirmed;
    std::string wal_status; // 13+: reserved, extended, unreserved, lost
};

struct published_table {
    oid id;
    std::vector<std::string> columns; // empty: all
    std::string where;                // as pg_get_expr shows it
};

struct publication_info {
    bool all_tables = false;
    bool insert = true, update = true, remove = true, truncate = true;
    bool via_root = false;
    std::vector<published_table> tables;
};

struct progress_info {
    std::string stream;
    int lane = 0;
    lsn applied;
    lsn safe;
    lsn start;
    std::string system_id;
};

// What init left behind.
struct installation_info {
    std::optional<int> schema_version; // nullopt: no tandem.meta
    bool schema_exists = false;        // a schema of that name, ours or not
    std::string node;
    std::string incarnation;
    std::string origin_column;       // it was set up with; empty: with replication origins
    bool progress_published = false; // tandem.progress is in the publication
    bool ddl_triggers = false;       // its DDL is told to its stream
    bool tells = false;              // ... or at least what of the others' it has carried out
    std::string joining;             // which new tables join: see ddl_triggers.hpp
    std::optional<publication_info> publication;
    std::vector<slot_info> slots;     // logical slots of this database, others' too
    std::vector<std::string> origins; // of the whole server
    std::vector<progress_info> progress;
    std::vector<std::string> sending; // the peers whose slots were made here
};

struct node_catalog {
    std::string name;
    int rank = 0;

    int server_version = 0; // 150020
    std::string version;    // "15.20 (Debian ...)"
    std::string system_id;
    std::string running_since; // with system_id: this very server, not a copy of its files
    int timeline = 0;
    oid database;
    std::string database_name;
    std::string encoding;
    bool in_recovery = false;

    std::string wal_level;
    bool track_commit_timestamp = false;
    int slots_max = 0;
    int slots_used = 0;
    int senders_max = 0;
    int senders_used = 0;
    int origins_max = 0; // max_replication_slots, or 18's max_active_replication_origins

    role_info role;
    std::vector<table_info> tables; // of users, sorted by schema and name
    std::vector<sequence_info> sequences;
    std::int64_t large_objects = 0;
    installation_info installed;

    [[nodiscard]] int major() const noexcept { return server_version / 10'000; }
    [[nodiscard]] table_info const* table(std::string const& schema,
                                          std::string const& table_name) const noexcept;
    [[nodiscard]] table_info const* table(oid id) const noexcept;
};

// name as SQL needs it: quoted unless it is a plain lower-case identifier. Keywords stay unquoted:
// this is for people; statements quote always (codecs/sql/quote.hpp).
[[nodiscard]] std::string shown_identifier(std::string const& name);
[[nodiscard]] std::string shown_table(std::string const& schema, std::string const& table);

} // namespace tandem::engine
