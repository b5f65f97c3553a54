#include "codecs/sql/tombstone_statements.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

namespace tandem::sql {

std::string key_text(std::string const& value, std::string const& type_name) {
    if (type_name == "numeric") {
        return fmt::format("CASE WHEN {0}::text LIKE '%.%' THEN rtrim(rtrim({0}::text, '0'), '.') "
                           "ELSE {0}::text END",
                           value);
    }
    if (type_name == "real" || type_name == "double precision") {
        return fmt::format("({} + 0)::text", value); // -0 is 0
    }
    if (type_name == "citext" || type_name.ends_with(".citext")) {
        return fmt::format("pg_catalog.lower({}::text)", value);
    }
    return value + "::text";
}

namespace {

std::string hash_of(std::string const& key) {
    return fmt::format("pg_catalog.hashtextextended(({})::text, 0)", key);
}

constexpr std::string_view no_key = "'{}'::text[]";

// c1, c2 ... ts of the parameters.
std::string keys(apply_table const& table, bool binary) {
    std::string values;
    std::size_t number = 0;
    for (auto const& column : table.columns) {
        ++number;
        values += fmt::format("pg_catalog.unnest(${}::{}[]){} AS c{}, ", number,
                              binary ? column.type_name : "text",
                              binary ? std::string{} : "::" + column.type_name, number);
    }
    return fmt::format("SELECT {}pg_catalog.unnest(${}::timestamptz[]) AS ts", values, number + 1);
}

std::string key_array(apply_table const& table) {
    std::string texts;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        texts += (at == 0 ? "" : ", ") +
                 key_text(fmt::format("v.c{}", at + 1), table.columns[at].type_name);
    }
    return fmt::format("ARRAY[{}]::text[]", texts);
}

// The time of the newest tombstone of v's key; with `unseen` (an array of times) of those that v had not seen.
std::string newest_of(apply_table const& table, std::string const& unseen = {}) {
    auto const key = key_array(table);
    return fmt::format(
        "(SELECT max(d.at) FROM tandem.tombstone AS d WHERE d.hash IN ({}, {}) AND (d.relation = {}::regclass OR (d.relation IS "
        "NULL AND d.schema_name = {} AND d.table_name = {})) AND d.key IN ({}, {}){})",
        hash_of(key), hash_of(std::string{no_key}), literal(qualified(table.schema, table.name)),
        literal(table.schema), literal(table.name), key, no_key,
        unseen.empty() ? std::string{}
                       : fmt::format(" AND (d.at > v.ts OR d.at = ANY ({}))", unseen));
}

std::string number_or_null(std::uint32_t relation) {
    return relation == 0 ? "NULL" : std::to_string(relation);
}

std::string beaten(apply_rules const& rules) {
    return takes_unseen(rules.conflicts) ? "b.at IS NOT NULL"
           : rules.peer_wins_ties        ? "b.at > b.ts"
                                         : "b.at >= b.ts";
}

} // namespace

std::string store_tombstones(apply_table const& table, bool binary) {
    return fmt::format(
        "INSERT INTO tandem.tombstone (schema_name, table_name, relation, key, hash, at, "
        "position) SELECT {}, {}, {}, w.k, {}, w.ts, ${}::pg_lsn FROM (SELECT {} AS k, "
        "v.ts FROM ({}) AS v) AS w",
        literal(table.schema), literal(table.name), number_or_null(table.relation), hash_of("w.k"),
        table.columns.size() + 2, key_array(table), keys(table, binary));
}

std::string store_truncation(truncated_table const& table) {
    return fmt::format(
        "INSERT INTO tandem.tombstone (schema_name, table_name, relation, key, hash, at, "
        "position) SELECT {}, {}, {}, {}, {}, $1::timestamptz, $2::pg_lsn",
        literal(table.schema), literal(table.name), number_or_null(table.relation), no_key,
        hash_of(std::string{no_key}));
}

std::string newest_tombstones() {
    return "SELECT schema_name, table_name, (extract(epoch FROM max(at)) * 1000000)::bigint FROM "
           "tandem.tombstone GROUP BY schema_name, table_name";
}

std::string drop_tombstones() {
    return "DELETE FROM tandem.tombstone AS t WHERE position < $1 AND NOT EXISTS (SELECT FROM "
           "tandem.parked AS p WHERE p.schema_name = t.schema_name AND p.table_name = t.table_name)";
}

std::string remove_buried(apply_table const& table, apply_rules const& rules) {
    std::string match;
    std::string key;
    std::string columns;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        auto const& column = table.columns[at];
        auto const own = "t." + identifier(column.name);
        match += fmt::format("{} {} b.c{} AND ", own, column.equals, at + 1);
        columns += fmt::format("r.c{}, ", at + 1);
        key += fmt::format("{}pg_catalog.jsonb_build_object({}, {})", at == 0 ? "" : " || ",
                           literal(column.name), own);
    }
    auto const first = table.columns.size() + 2;
    auto const written = fmt::format("((t.xmin::text::bigint - ${0}::bigint) & 4294967295) < "
                                     "${1}::bigint - ${0}::bigint",
                                     first, first + 1);
    auto const unseen = takes_unseen(rules.conflicts) ? fmt::format("${}::timestamptz[]", first + 2)
                                                      : std::string{};
    auto const source =
        fmt::format("SELECT {}max(r.ts) AS ts FROM ({}) AS r GROUP BY {}", columns,
                    keys(table, rules.binary), columns.substr(0, columns.size() - 2));
    return fmt::format(
        "WITH v AS ({0}), b AS (SELECT v.*, {1} AS at FROM v), gone AS (DELETE FROM {2} AS t USING b "
        "WHERE {3}{4} AND (pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident = "
        "{5} AND {6} RETURNING {7} AS key, pg_catalog.to_jsonb(t.*) AS was, {13} AS ts, b.at) "
        "INSERT INTO tandem.conflict (type, schema_name, table_name, key, incoming, incoming_at, "
        "existing_at, incoming_node, existing_node, position, policy, winner) SELECT "
        "'update_deleted', {8}, {9}, g.key, g.was, g.ts, g.at, {10}, {11}, p.applied_lsn, {12}, "
        "{11} FROM gone AS g, tandem.progress AS p WHERE p.stream = {10}",
        source, newest_of(table, unseen), qualified(table.schema, table.name), match, beaten(rules),
        rules.peer_origin, written, key, literal(table.schema), literal(table.name),
        literal(rules.peer_node), literal(rules.own_node), literal(rules.conflicts.policy),
        takes_times(rules.conflicts) ? "pg_catalog.pg_xact_commit_timestamp(t.xmin)" : "b.ts");
}

std::string store_inversion() {
    return "INSERT INTO tandem.tombstone (schema_name, table_name, key, hash, at, position) VALUES ('', '', "
           "ARRAY[$1::text], 0, $2::timestamptz, $3::pg_lsn)";
}

std::string inversions() {
    return "SELECT key[1], (extract(epoch FROM at) * 1000000)::bigint, position FROM tandem.tombstone WHERE "
           "schema_name = '' ORDER BY position";
}

std::string give_up_buried(apply_table const& table, apply_rules const& rules,
                           std::span<std::int64_t const> ids, std::int64_t last) {
    std::string columns;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        columns += fmt::format("r.{} AS c{}, ", identifier(table.columns[at].name), at + 1);
    }
    return fmt::format(
        "WITH v AS (SELECT {0}coalesce(p.v, p.committed_at) AS ts FROM tandem.parked AS p CROSS JOIN LATERAL "
        "jsonb_populate_record(NULL::{1}, p.key || p.row) AS r WHERE p.id = {2} AND NOT p.escaped), "
        "b AS (SELECT v.ts, {3} AS at FROM v), gone AS (DELETE FROM tandem.parked AS p USING b WHERE "
        "p.id = ANY ('{{{4}}}'::bigint[]) AND b.at {5} b.ts RETURNING 1), noted AS (INSERT INTO "
        "tandem.conflict (type, schema_name, table_name, key, incoming, incoming_at, existing_at, "
        "incoming_node, existing_node, position, policy, winner) SELECT 'update_deleted', "
        "p.schema_name, p.table_name, p.key, p.row, p.committed_at, b.at, p.stream, {6}, p.position, "
        "{7}, {6} FROM tandem.parked AS p, b WHERE p.id = {2} AND b.at {5} b.ts) SELECT count(*) FROM "
        "gone",
        columns, qualified(table.schema, table.name), last, newest_of(table), fmt::join(ids, ","),
        rules.peer_wins_ties ? ">" : ">=", literal(rules.own_node),
        literal(rules.conflicts.policy));
}

} // namespace tandem::sql
