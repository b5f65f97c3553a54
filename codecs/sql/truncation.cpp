// TRUNCATE of a peer, carried out here (R15).

#include "codecs/sql/apply_statements.hpp"
#include "codecs/sql/guard.hpp"
#include "codecs/sql/quote.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tandem::sql {
namespace {

// What the peer wrote stands before its TRUNCATE, whatever stamp its batch has here.
std::string outlives(apply_rules const& rules, truncation_terms const& terms) {
    if (takes_unseen(rules)) {
        return fmt::format(
            "(coalesce(pg_catalog.pg_xact_commit_timestamp(t.xmin) > {0}::timestamptz OR {1}, false) AND "
            "(pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident <> {2})",
            literal(terms.v),
            not_seen(literal(terms.unseen) + "::timestamptz[]",
                     literal(terms.unseen_by) + "::bigint[]"),
            rules.peer_origin);
    }
    return fmt::format(
        "(coalesce(pg_catalog.pg_xact_commit_timestamp(t.xmin) {} {}::timestamptz, false) AND "
        "(pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident <> {})",
        rules.peer_wins_ties ? ">" : ">=", literal(terms.v), rules.peer_origin);
}

std::string noted_and_deleted(truncated_table const& table, std::string const& newer,
                              apply_rules const& rules, std::string const& commit_time) {
    return fmt::format(
        "INSERT INTO tandem.conflict (type, schema_name, table_name, key, existing, existing_at, "
        "incoming_at, incoming_node, existing_node, position, policy, winner) SELECT "
        "'truncate_origin_differs', {0}, {1}, '{{}}', pg_catalog.jsonb_build_object('kept_rows', n), "
        "newest, {2}, {3}, {4}, p.applied_lsn, {5}, {4} FROM (SELECT pg_catalog.count(*) AS n, "
        "pg_catalog.max(pg_catalog.pg_xact_commit_timestamp(t.xmin)) AS newest FROM ONLY {6} AS t "
        "WHERE {7}) AS kept, tandem.progress AS p WHERE p.stream = {3} AND n > 0; "
        "DELETE FROM ONLY {6} AS t WHERE NOT {7}; ",
        literal(table.schema), literal(table.name), literal(commit_time), literal(rules.peer_node),
        literal(rules.own_node), literal(rules.policy), qualified(table.schema, table.name), newer);
}

} // namespace

std::string truncate(std::vector<truncated_table> const& tables, apply_rules const& rules,
                     truncation_terms const& terms) {
    auto const newer = outlives(rules, terms);
    std::vector<std::string> names;
    std::vector<std::string> any_newer;
    std::string deletes;
    std::string guarded_deletes;
    std::string prepared; // all have the same
    for (auto const& table : tables) {
        auto const& name = names.emplace_back("ONLY " + qualified(table.schema, table.name));
        deletes += fmt::format("DELETE FROM {}; ", name);
        any_newer.push_back(fmt::format("EXISTS (SELECT FROM {} AS t WHERE {})", name, newer));
        guarded_deletes += noted_and_deleted(table, newer, rules, terms.commit_time);
        prepared = as_prepared(table.form, "PERFORM ");
    }
    auto const all = fmt::format("{}", fmt::join(names, ", "));
    auto const plain = fmt::format(
        "BEGIN TRUNCATE {}; EXCEPTION WHEN feature_not_supported THEN {}END; ", all, deletes);
    auto const guarded = fmt::format(
        "IF {} THEN {}ELSE {}END IF; ", fmt::join(any_newer, " OR "),
        rules.conflicts_fail ? "PERFORM tandem.conflicting(); " : guarded_deletes, plain);
    auto const block =
        fmt::format("BEGIN LOCK TABLE {} IN ACCESS EXCLUSIVE MODE; {}{}END", all,
                    prepared.empty() ? "" : prepared + "; ", rules.guarded ? guarded : plain);
    return fmt::format("DO LANGUAGE plpgsql {}", literal(block));
}

} // namespace tandem::sql
