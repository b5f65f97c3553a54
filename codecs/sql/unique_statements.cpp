#include "codecs/sql/unique_statements.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

namespace tandem::sql {
namespace {

void list(std::string& to, std::string_view separator, std::string const& text) {
    to += (to.empty() ? "" : std::string{separator}) + text;
}

// The key of a row and its values of the indexes, under names of their own.
std::string values_of(apply_table const& key, std::vector<unique_index> const& indexes) {
    std::string made;
    for (std::size_t at = 0; at < key.columns.size(); ++at) {
        list(made, ", ", fmt::format("{} AS k{}", identifier(key.columns[at].name), at));
    }
    for (std::size_t at = 0; at < indexes.size(); ++at) {
        auto const& index = indexes[at];
        for (std::size_t part = 0; part < index.parts.size(); ++part) {
            made += fmt::format(", ({}) AS v{}_{}", index.parts[part].expression, at, part);
        }
        made += fmt::format(", ({}) AS covered{}",
                            index.predicate.empty() ? "true" : index.predicate, at);
    }
    return made;
}

std::string same(unique_index const& index, std::size_t at) {
    auto made = fmt::format("t.covered{0} AND n.covered{0}", at);
    for (std::size_t part = 0; part < index.parts.size(); ++part) {
        auto const name = fmt::format("v{}_{}", at, part);
        auto const equal = fmt::format("t.{0} {1} n.{0}", name, index.parts[part].equals);
        made += index.nulls_equal
                    ? fmt::format(" AND ({0} OR (t.{1} IS NULL AND n.{1} IS NULL))", equal, name)
                    : " AND " + equal;
    }
    return made;
}

// By the columns' own names, or by those of values_of().
enum class names { own, numbered };
std::string same_key(apply_table const& key, std::string_view left, names of_left,
                     std::string_view right, names of_right) {
    std::string made;
    for (std::size_t at = 0; at < key.columns.size(); ++at) {
        auto const& column = key.columns[at];
        auto const name = [&](names of) {
            return of == names::own ? identifier(column.name) : fmt::format("k{}", at);
        };
        list(made, " AND ",
             fmt::format("{}.{} {} {}.{}", left, name(of_left), column.equals, right,
                         name(of_right)));
    }
    return made;
}

std::string key_json(apply_table const& key) {
    std::string made;
    for (std::size_t at = 0; at < key.columns.size(); ++at) {
        list(made, " || ",
             fmt::format("pg_catalog.jsonb_build_object({}, t.k{})", literal(key.columns[at].name),
                         at));
    }
    return made;
}

} // namespace

std::string unique_indexes() {
    return "SELECT i.indexrelid, pg_catalog.pg_get_indexdef(i.indexrelid, k.place::integer, true), (SELECT "
           "CASE WHEN s.nspname = 'pg_catalog' THEN o.oprname ELSE format('OPERATOR(%I.%s)', "
           "s.nspname, o.oprname) END FROM pg_opclass AS l JOIN pg_amop AS m ON m.amopfamily = "
           "l.opcfamily AND m.amoplefttype = l.opcintype AND m.amoprighttype = l.opcintype AND "
           "m.amopstrategy = 3 JOIN pg_operator AS o ON o.oid = m.amopopr JOIN pg_namespace AS s ON "
           "s.oid = o.oprnamespace WHERE l.oid = (i.indclass::oid[])[k.place - 1]), "
           "pg_catalog.pg_get_expr(i.indpred, i.indrelid), "
           "coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) FROM pg_index "
           "AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = "
           "c.relnamespace CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS k(place) WHERE "
           "n.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indisvalid AND NOT "
           "i.indisexclusion ORDER BY i.indexrelid, k.place";
}

std::string colliding_rows(apply_table const& key, std::vector<unique_index> const& indexes,
                           std::int64_t parked_id) {
    std::string any;
    for (std::size_t at = 0; at < indexes.size(); ++at) {
        list(any, " OR ", "(" + same(indexes[at], at) + ")");
    }
    return fmt::format(
        "WITH p AS (SELECT key, row FROM tandem.parked WHERE id = {0}), k AS (SELECT "
        "(jsonb_populate_record(NULL::{1}, p.key)).* FROM p), n AS (SELECT {2} FROM (SELECT "
        "(jsonb_populate_record((SELECT t FROM {1} AS t, k WHERE {3}), p.key || p.row)).* FROM p) AS "
        "n), t AS NOT MATERIALIZED (SELECT xmin AS writer, {2} FROM {1}) SELECT {4}, t.writer, "
        "(extract(epoch FROM pg_xact_commit_timestamp(t.writer)) * 1000000)::bigint, "
        "coalesce((SELECT 0 FROM pg_replication_origin AS o WHERE o.roident = "
        "(pg_xact_commit_timestamp_origin(t.writer)).roident AND starts_with(o.roname, 'tandem_resent_')), "
        "(pg_xact_commit_timestamp_origin(t.writer)).roident) FROM t, n WHERE ({5}) AND NOT ({6}) AND "
        "NOT EXISTS (SELECT FROM k WHERE {7})",
        parked_id, qualified(key.schema, key.name), values_of(key, indexes),
        same_key(key, "t", names::own, "k", names::own), key_json(key), any,
        same_key(key, "t", names::numbered, "n", names::numbered),
        same_key(key, "t", names::numbered, "k", names::own));
}

std::string delete_loser(apply_table const& key, losing_row const& row, std::int64_t parked_id,
                         apply_rules const& rules) {
    auto const table = qualified(key.schema, key.name);
    return fmt::format(
        "WITH gone AS (DELETE FROM {0} AS t USING (SELECT (jsonb_populate_record(NULL::{0}, "
        "{1}::jsonb)).*) AS k WHERE {2} AND t.xmin::text = {3} RETURNING to_jsonb(t.*) AS was, "
        "pg_xact_commit_timestamp(t.xmin) AS at), noted AS (INSERT INTO tandem.conflict (type, "
        "schema_name, table_name, key, incoming, existing, incoming_at, existing_at, incoming_node, "
        "existing_node, position, policy, winner) SELECT {4}, p.schema_name, p.table_name, {1}::jsonb, "
        "p.row, gone.was, p.committed_at, gone.at, p.stream, {5}, p.position, {6}, p.stream FROM gone, "
        "tandem.parked AS p WHERE p.id = {7}) SELECT FROM gone",
        table, literal(row.key), same_key(key, "t", names::own, "k", names::own),
        literal(row.transaction), literal(row.type), literal(rules.own_node),
        literal(rules.conflicts.policy), parked_id);
}

} // namespace tandem::sql
