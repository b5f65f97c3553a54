#include "codecs/sql/guard.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sql {

std::string not_seen(std::string const& times, std::string const& ids) {
    return fmt::format(
        "EXISTS (SELECT FROM unnest({}, {}) AS e(at, id) WHERE e.at = "
        "pg_catalog.pg_xact_commit_timestamp(t.xmin) AND e.id IN (0, t.xmin::text::bigint))",
        times, ids);
}

namespace {

std::string lost(apply_table const& table, apply_rules const& rules, guard_terms const& terms) {
    if (rules.conflicts.conflicts_fail) {
        return "tandem.conflicting()";
    }
    return fmt::format("tandem.lost({}, {}, {}, {}, {}, {}, {}, {}, pg_catalog.to_jsonb(t.*), "
                       "pg_catalog.pg_xact_commit_timestamp(t.xmin), {})",
                       literal(terms.type), literal(rules.conflicts.policy),
                       literal(rules.peer_node), literal(rules.own_node), literal(table.schema),
                       literal(table.name), terms.key, terms.incoming, terms.at);
}

// The row here is newer, or was written anew by this node's own DDL, which is nobody's version of it.
std::string otherwise(apply_table const& table, apply_rules const& rules,
                      guard_terms const& terms) {
    return rules.touches ? "ELSE false"
                         : fmt::format("WHEN tandem.rewritten(t.xmin) THEN true ELSE {}",
                                       lost(table, rules, terms));
}

// True when the writer of the incoming row had seen the one that is there, or it is the same peer's (R13).
std::string guard_seen(apply_table const& table, apply_rules const& rules,
                       guard_terms const& terms) {
    return fmt::format(
        "CASE WHEN (pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident = {} THEN true "
        "WHEN pg_catalog.pg_xact_commit_timestamp(t.xmin) IS NULL THEN true "
        "WHEN pg_catalog.pg_xact_commit_timestamp(t.xmin) <= {} AND NOT {} THEN true {} END",
        rules.peer_origin, terms.time, not_seen(terms.unseen, terms.unseen_by),
        otherwise(table, rules, terms));
}

} // namespace

// True when the incoming row wins (R11). A version without commit time is old, or our own of this
// very transaction: both give way.
std::string guard(apply_table const& table, apply_rules const& rules, guard_terms const& terms) {
    if (takes_unseen(rules.conflicts)) {
        return guard_seen(table, rules, terms);
    }
    return fmt::format(
        "CASE WHEN coalesce(pg_catalog.pg_xact_commit_timestamp(t.xmin) < {}, true) THEN true "
        "WHEN (pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident = {} THEN true "
        "WHEN pg_catalog.pg_xact_commit_timestamp(t.xmin) <= {} AND "
        "pg_catalog.pg_xact_commit_timestamp(t.xmin) {} {} THEN true {} END",
        terms.earliest, rules.peer_origin, terms.newest, rules.peer_wins_ties ? "<=" : "<",
        terms.time, otherwise(table, rules, terms));
}

// The same where columns were left out.
std::string guard_left_out(apply_table const& table, apply_rules const& rules,
                           guard_terms const& terms, std::string const& seen) {
    return fmt::format(
        "CASE WHEN (pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident = {} THEN true WHEN "
        "coalesce(pg_catalog.pg_xact_commit_timestamp(t.xmin) < {}, true) THEN true WHEN "
        "pg_catalog.pg_xact_commit_timestamp(t.xmin) {} {} THEN tandem.incomplete() "
        "WHEN tandem.rewritten(t.xmin) THEN tandem.incomplete() ELSE {} END",
        rules.peer_origin, seen, rules.peer_wins_ties ? "<=" : "<", terms.time,
        lost(table, rules, terms));
}

std::string as_prepared(std::string_view form, std::string_view word) {
    std::string made;
    while (!form.empty()) {
        auto const name = form.substr(0, form.find(','));
        form.remove_prefix(std::min(form.size(), name.size() + 1));
        made += fmt::format("{}NULL::{} IS NULL", made.empty() ? word : " AND ",
                            qualified("tandem", name));
    }
    return made;
}

} // namespace tandem::sql
