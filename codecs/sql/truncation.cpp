// TRUNCATE of a peer, carried out here (R15).

#include "codecs/sql/apply_statements.hpp"
#include "codecs/sql/guard.hpp"
#include "codecs/sql/quote.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tandem::sql {
namespace {

// What the peer wrote stands before its TRUNCATE, whatever stamp its batch has here.
std::string outlives(truncated_table const& table, apply_rules const& rules,
                     truncation_terms const& terms) {
    if (takes_unseen(table.conflicts)) {
        return fmt::format(
            "(coalesce(pg_catalog.pg_xact_commit_timestamp(t.xmin) > {0}::timestamptz OR {1}, false) AND "
            "(pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident <> {2})",
            literal(table.v),
            not_seen(literal(terms.unseen) + "::timestamptz[]",
                     literal(terms.unseen_by) + "::bigint[]"),
            rules.peer_origin);
    }
    return fmt::format(
        "(coalesce(pg_catalog.pg_xact_commit_timestamp(t.xmin) {} {}::timestamptz, false) AND "
        "(pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident <> {})",
        rules.peer_wins_ties ? ">" : ">=", literal(table.v), rules.peer_origin);
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
        literal(rules.own_node), literal(table.conflicts.policy),
        qualified(table.schema, table.name), newer);
}

} // namespace

std::string truncate(std::vector<truncated_table> const& tables, apply_rules const& rules,
                     truncation_terms const& terms) {
    std::vector<std::string> names;
    std::vector<std::string> any_newer;
    std::vector<std::string> failing;
    std::string deletes;
    std::string guarded_deletes;
    std::string prepared; // all have the same
    for (auto const& table : tables) {
        auto const& name = names.emplace_back("ONLY " + qualified(table.schema, table.name));
        auto const all_rows = fmt::format("DELETE FROM {}; ", name);
        deletes += all_rows;
        prepared = as_prepared(table.form, "PERFORM ");
        if (!table.conflicts.guarded) {
            guarded_deletes += all_rows;
            continue;
        }
        auto const newer = outlives(table, rules, terms);
        any_newer.push_back(fmt::format("EXISTS (SELECT FROM {} AS t WHERE {})", name, newer));
        if (table.conflicts.conflicts_fail) {
            failing.push_back(any_newer.back());
        }
        guarded_deletes += noted_and_deleted(table, newer, rules, terms.commit_time);
    }
    auto const all = fmt::format("{}", fmt::join(names, ", "));
    auto const plain = fmt::format(
        "BEGIN TRUNCATE {}; EXCEPTION WHEN feature_not_supported THEN {}END; ", all, deletes);
    auto const asked = failing.empty()
                           ? std::string{}
                           : fmt::format("IF {} THEN PERFORM tandem.conflicting(); END IF; ",
                                         fmt::join(failing, " OR "));
    auto const guarded = fmt::format("{}IF {} THEN {}ELSE {}END IF; ", asked,
                                     fmt::join(any_newer, " OR "), guarded_deletes, plain);
    auto const block =
        fmt::format("BEGIN LOCK TABLE {} IN ACCESS EXCLUSIVE MODE; {}{}END", all,
                    prepared.empty() ? "" : prepared + "; ", any_newer.empty() ? plain : guarded);
    return fmt::format("DO LANGUAGE plpgsql {}", literal(block));
}

} // namespace tandem::sql
