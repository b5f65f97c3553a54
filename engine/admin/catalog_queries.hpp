#pragma once
// The queries behind read_catalog. They run on PostgreSQL 12 to 18 under search_path pg_catalog; the
// readers in read_catalog.cpp take the columns by position.

namespace tandem::engine::catalog_query {

// Tables of users: not the system's, not temporary ones, not our own.
#define TANDEM_USER_TABLES                                                                         \
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "                               \
    "WHERE c.relkind IN ('r','p','f','m') AND c.relpersistence <> 't' "                            \
    "AND n.nspname NOT IN ('pg_catalog','information_schema','tandem') "                           \
    "AND n.nspname NOT LIKE 'pg\\_%'"

inline constexpr char const* server = R"(SELECT
    current_setting('server_version'),
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    current_database(),
    current_setting('server_encoding'),
    pg_is_in_recovery(),
    current_setting('wal_level'),
    current_setting('track_commit_timestamp')::bool,
    current_setting('max_replication_slots'),
    (SELECT count(*) FROM pg_replication_slots),
    current_setting('max_wal_senders'),
    (SELECT count(*) FROM pg_stat_replication),
    coalesce(current_setting('max_active_replication_origins', true),
             current_setting('max_replication_slots')),
    (SELECT count(*) FROM pg_largeobject_metadata),
    pg_postmaster_start_time())";

// Attributes, and on managed servers the role that stands for REPLICATION.
inline constexpr char const* role = R"(SELECT
    rolname, rolsuper,
    rolsuper OR rolreplication OR EXISTS (SELECT 1 FROM pg_roles g WHERE g.rolname = 'rds_replication'
        AND pg_has_role(current_user, g.oid, 'MEMBER')),
    rolsuper OR rolbypassrls,
    has_database_privilege(current_database(), 'CREATE')
    FROM pg_roles WHERE rolname = current_user)";

// 14+: the functions' own privileges count. Before, a superuser is asked for inside them.
inline constexpr char const* use_origins = R"(SELECT bool_and(
    has_function_privilege(('pg_catalog.' || f)::regprocedure, 'EXECUTE')) FROM unnest(ARRAY[
    'pg_replication_origin_create(text)', 'pg_replication_origin_oid(text)',
    'pg_replication_origin_session_setup(text)', 'pg_replication_origin_session_reset()',
    'pg_replication_origin_session_is_setup()', 'pg_replication_origin_xact_reset()',
    'pg_replication_origin_xact_setup(pg_lsn,timestamptz)']) AS f)";

// 15+: granted by GRANT SET ON PARAMETER. Before, superusers only.
inline constexpr char const* set_replica_role =
    "SELECT has_parameter_privilege('session_replication_role', 'SET')";

inline constexpr char const* tables =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition AND c.relkind <> 'p', "
    "c.relpersistence, c.relreplident, c.relrowsecurity, c.relforcerowsecurity, "
    "pg_get_userbyid(c.relowner), pg_has_role(c.relowner, 'USAGE'), "
    "(SELECT x.extname FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid "
    "  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' "
    "  AND d.refclassid = 'pg_extension'::regclass LIMIT 1), "
    "greatest(c.reltuples, 0)::int8, "
    "CASE WHEN c.relispartition THEN (SELECT string_agg(a::oid::text, ',') "
    "  FROM pg_partition_ancestors(c.oid) a WHERE a::oid <> c.oid) END, "
    "has_schema_privilege(n.oid, 'USAGE') " TANDEM_USER_TABLES " ORDER BY n.nspname, c.relname";

inline constexpr char const* columns =
    "SELECT a.attrelid, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), a.atttypmod, "
    "a.attnotnull, a.atthasdef, a.attgenerated, a.attidentity, t.typtype, t.typcategory, "
    "(SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname) FROM pg_collation co "
    "  JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) "
    "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (SELECT c.oid " TANDEM_USER_TABLES
    ") ORDER BY a.attrelid, a.attnum";

// One row per index column; expressions have no attribute and drop out, so those indexes are left
// out as a whole.
inline constexpr char const* keys =
    "SELECT i.indrelid, x.relname, a.attname, i.indisprimary, i.indisreplident, a.attnotnull "
    "FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid "
    "CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place) "
    "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
    "WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL "
    "AND i.indexprs IS NULL AND k.place <= i.indnkeyatts "
    "AND i.indrelid IN (SELECT c.oid " TANDEM_USER_TABLES ") "
    "ORDER BY i.indrelid, i.indisprimary DESC, i.indexrelid, k.place";

inline constexpr char const* deferrable_primary_keys =
    "SELECT i.indrelid FROM pg_index i WHERE i.indisprimary AND NOT i.indimmediate";

inline constexpr char const* triggers =
    "SELECT t.tgrelid, t.tgname, t.tgenabled, coalesce(t.tgfoid = to_regproc('tandem.stamp_origin'), false) "
    "FROM pg_trigger t WHERE NOT t.tgisinternal "
    "AND t.tgrelid IN (SELECT c.oid " TANDEM_USER_TABLES ") ORDER BY t.tgrelid, t.tgname";

inline constexpr char const* sequences = R"(SELECT n.nspname, c.relname, s.seqincrement, s.seqstart,
    s.seqmin, s.seqmax, s.seqcycle,
    has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT'),
    EXISTS (SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
            AND d.classid = 'pg_attrdef'::regclass)
    OR EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
               AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype = 'i')
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('information_schema', 'tandem') AND n.nspname NOT LIKE 'pg\_%'
    ORDER BY 1, 2)";

inline constexpr char const* installed = R"(SELECT
    EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'tandem'),
    to_regclass('tandem.meta') IS NOT NULL,
    to_regclass('tandem.progress') IS NOT NULL,
    to_regclass('tandem.sending') IS NOT NULL,
    EXISTS (SELECT 1 FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
            WHERE p.pubname = 'tandem' AND r.prrelid = to_regclass('tandem.progress')),
    EXISTS (SELECT 1 FROM pg_event_trigger WHERE evtname = 'tandem_ddl'),
    to_regproc('tandem.tell') IS NOT NULL)";

inline constexpr char const* meta =
    "SELECT schema_version, node, incarnation, to_jsonb(m) ->> 'origin_column', "
    "to_jsonb(m) ->> 'joining' FROM tandem.meta m";

inline constexpr char const* progress =
    "SELECT stream, lane, applied_lsn, safe_lsn, start_lsn, system_id FROM tandem.progress ORDER BY 1, 2";

inline constexpr char const* sending = "SELECT peer FROM tandem.sending ORDER BY 1";

inline constexpr char const* publication =
    "SELECT puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, "
    "coalesce((to_jsonb(p) ->> 'pubviaroot')::bool, false) FROM pg_publication p "
    "WHERE pubname = 'tandem'";

inline constexpr char const* published_before_15 =
    "SELECT r.prrelid, NULL::text, NULL::text FROM pg_publication_rel r "
    "JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = 'tandem' ORDER BY r.prrelid";

// One row per published column of a list, or one row with a null.
inline constexpr char const* published =
    "SELECT r.prrelid, a.attname, pg_get_expr(r.prqual, r.prrelid) FROM pg_publication_rel r "
    "JOIN pg_publication p ON p.oid = r.prpubid "
    "LEFT JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs) "
    "WHERE p.pubname = 'tandem' ORDER BY r.prrelid, a.attnum";

inline constexpr char const* slots =
    "SELECT slot_name, plugin, active, restart_lsn, confirmed_flush_lsn, to_jsonb(s) ->> 'wal_status' "
    "FROM pg_replication_slots s WHERE database = current_database() ORDER BY 1";

inline constexpr char const* origins = "SELECT roname FROM pg_replication_origin ORDER BY 1";

#undef TANDEM_USER_TABLES

} // namespace tandem::engine::catalog_query
