#include "codecs/sql/parked_statements.hpp"

#include "codecs/sql/quote.hpp"
#include "codecs/sql/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tandem::sql {
namespace {

// An unchanged part of the key is not in the row.
constexpr char const* row_columns =
    "id, schema_name, table_name, key, CASE WHEN op IN ('update', 'touch') THEN (SELECT jsonb_object_agg(k, "
    "coalesce(row -> k, key -> k)) FROM jsonb_object_keys(key) AS k) END, escaped, whole_table, asked, sqlstate";

std::string array(std::span<std::int64_t const> ids) {
    return fmt::format("'{{{}}}'::bigint[]", fmt::join(ids, ","));
}

} // namespace

std::string parked_rows() {
    return fmt::format("SELECT {} FROM tandem.parked WHERE stream = $1 ORDER BY position, idx, id",
                       row_columns);
}

std::string parked_list(bool values) {
    return fmt::format("SELECT {}, stream, position, idx, op, error, at, tried_at{} FROM "
                       "tandem.parked ORDER BY stream, position, idx, id",
                       row_columns, values ? ", row, old_key, detail" : "");
}

std::string parked_values(std::span<std::int64_t const> ids) {
    return fmt::format(
        "SELECT id, position, idx, xid, (extract(epoch FROM committed_at) * "
        "1000000)::bigint, op, escaped, shape, key, row, old_key, sqlstate, error, (extract(epoch FROM v) * 1000000)::bigint FROM tandem.parked "
        "WHERE id = ANY ({}) ORDER BY position, idx, id",
        array(ids));
}

std::string parked_asked() {
    return fmt::format(
        "SELECT EXISTS (SELECT FROM tandem.parked WHERE stream = $1 AND asked IS NOT NULL), (SELECT count(*) FROM "
        "(SELECT FROM tandem.parked WHERE stream = $1 LIMIT {}) AS p)",
        parked_counted_most);
}

std::string ask_parked(std::span<std::int64_t const> ids, std::string_view request) {
    return fmt::format("UPDATE tandem.parked SET asked = {} WHERE id = ANY ({})", literal(request),
                       array(ids));
}

std::string remove_applied(std::span<std::int64_t const> ids) {
    return fmt::format("WITH gone AS (DELETE FROM tandem.parked WHERE id = ANY ({}) RETURNING 1) "
                       "SELECT 1 / (count(*) = {})::integer FROM gone",
                       array(ids), ids.size());
}

std::string drop_parked(std::span<std::int64_t const> ids, std::string_view node) {
    return fmt::format(
        "WITH gone AS (DELETE FROM tandem.parked WHERE id = ANY ({}) RETURNING *) INSERT INTO "
        "tandem.conflict (type, schema_name, table_name, key, incoming, incoming_at, "
        "incoming_node, position, policy, winner) SELECT 'parked_dropped', schema_name, "
        "table_name, coalesce(key, '{{}}'), row, committed_at, stream, position, 'parked drop', {} "
        "FROM gone ORDER BY position, idx, id",
        array(ids), literal(node));
}

std::string keep_parked(std::span<std::int64_t const> ids, parked_failure const& why) {
    auto const chosen = [&](std::string_view column, std::string const& value,
                            std::string const& others) {
        return fmt::format(
            "{0} = CASE WHEN id = {1} THEN {2} WHEN sqlstate = {3} THEN {0} ELSE {4} END", column,
            why.id, value, literal(sqlstate::oversize), others);
    };
    return fmt::format(
        "UPDATE tandem.parked SET asked = nullif(asked, 'retry'), tried_at = clock_timestamp(), {}, "
        "{}, {}, whole_table = whole_table OR (id = {} AND {}) WHERE id = ANY ({})",
        chosen("sqlstate", literal(why.sqlstate), literal(sqlstate::queued)),
        chosen("error", literal(why.error), literal("waits for a parked change that failed again")),
        chosen("detail", why.detail.empty() ? "NULL" : literal(why.detail), "NULL"), why.id,
        why.whole_table, array(ids));
}

std::string pause_table() {
    return fmt::format(
        "INSERT INTO tandem.parked (stream, position, idx, xid, committed_at, schema_name, table_name, whole_table, op, "
        "sqlstate, error, asked) SELECT p.stream, p.applied_lsn, 0, p.applied_xid, coalesce(p.applied_at, now()), $1, $2, "
        "true, 'pause', {}, 'paused by tandem table pause: ''tandem table resume'' lets its changes go on', 'pause' FROM "
        "tandem.progress AS p WHERE p.stream = ANY ($3::text[]) RETURNING stream, id",
        literal(sqlstate::paused));
}

std::string paused_tables(std::string_view stream) {
    return fmt::format(
        "UPDATE tandem.parked SET asked = NULL WHERE stream = {} AND asked = 'pause'",
        literal(stream));
}

std::string make_whole(std::span<std::int64_t const> ids) {
    return fmt::format("UPDATE tandem.parked SET whole_table = true WHERE id = ANY ({})",
                       array(ids));
}

} // namespace tandem::sql
