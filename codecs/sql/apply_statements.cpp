#include "codecs/sql/apply_statements.hpp"

#include "codecs/sql/guard.hpp"
#include "codecs/sql/quote.hpp"

#include <fmt/format.h>

#include <string_view>

namespace tandem::sql {
namespace {

std::string parameter(std::size_t number, std::string const& type_name, bool binary) {
    return fmt::format("${}::{}[]", number, binary ? type_name : "text");
}

// In a target list: unlike in FROM, no array is copied into a tuple store first.
std::string elements(std::size_t number, std::string const& type_name, bool binary) {
    return fmt::format("unnest({}){}", parameter(number, type_name, binary),
                       binary ? std::string{} : "::" + type_name);
}

// Appends "text" with a separator before all but the first.
void list(std::string& to, std::string_view separator, std::string const& text) {
    if (!to.empty()) {
        to += separator;
    }
    to += text;
}

// The parameters as a row source `v` with columns c1, c2 ... and ts (the row's v); `old` columns are o1, o2 ...
struct row_source {
    std::string from;     // "(SELECT ...) AS v"
    std::string times;    // the array of v
    std::string commits;  // the array of commit times
    std::string at;       // of v: the column of them
    std::string earliest; // the scalars: bounds of v
    std::string newest;
    std::string seen;      // see left_out_matters()
    std::string unseen;    // see takes_unseen()
    std::string unseen_by; // the same
};

row_source source_of(std::vector<apply_column> const& columns,
                     std::vector<apply_column> const& old_key, apply_rules const& rules,
                     bool with_seen = false) {
    std::string values;
    std::size_t number = 0;
    auto const add = [&](apply_column const& column, std::string const& alias) {
        ++number;
        list(values, ", ", elements(number, column.type_name, rules.binary) + " AS " + alias);
    };
    for (auto const& column : columns) {
        add(column, fmt::format("c{}", number + 1));
    }
    for (std::size_t at = 0; at < old_key.size(); ++at) {
        add(old_key[at], fmt::format("o{}", at + 1));
    }
    auto const times = number + 1;
    auto const commits = takes_times(rules.conflicts) ? times + 1 : times;
    auto const unseen = commits + (with_seen ? 4 : 3);
    row_source made;
    made.from = fmt::format("(SELECT {}, unnest(${}::timestamptz[]) AS ts", values, times);
    made.at = "v.ts";
    if (takes_times(rules.conflicts)) {
        made.from += fmt::format(", unnest(${}::timestamptz[]) AS at", commits);
        made.at = "v.at";
    }
    made.from += ") AS v";
    made.times = fmt::format("${}::timestamptz[]", times);
    made.commits = fmt::format("${}::timestamptz[]", commits);
    made.earliest = fmt::format("${}::timestamptz", commits + 1);
    made.newest = fmt::format("${}::timestamptz", commits + 2);
    made.seen = fmt::format("${}::timestamptz", commits + 3);
    made.unseen = fmt::format("${}::timestamptz[]", unseen);
    made.unseen_by = fmt::format("${}::bigint[]", unseen + 1);
    return made;
}

// Of the incoming row whose key equals excluded's, what stands in that array: ON CONFLICT sees no other columns of v. Read
// only where the bounds have not decided.
std::string looked_up_time(apply_table const& table, apply_rules const& rules,
                           std::string const& times) {
    std::string arrays;
    std::string names;
    std::string match;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        auto const& column = table.columns[at];
        if (!column.key) {
            continue;
        }
        auto const alias = fmt::format("k{}", at + 1);
        list(arrays, ", ", parameter(at + 1, column.type_name, rules.binary));
        list(names, ", ", alias);
        list(match, " AND ",
             fmt::format("k.{}{} {} excluded.{}", alias,
                         rules.binary ? std::string{} : "::" + column.type_name, column.equals,
                         identifier(column.name)));
    }
    return fmt::format("(SELECT k.ts FROM unnest({}, {}) AS k({}, ts) WHERE {} LIMIT 1)", arrays,
                       times, names, match);
}

// jsonb_build_object over some columns of a row alias: names as the table has them.
std::string json_of(std::vector<apply_column> const& columns, std::string const& prefix,
                    bool keys_only) {
    std::string pairs;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        if (!keys_only || columns[at].key) {
            list(pairs, " || ",
                 fmt::format("pg_catalog.jsonb_build_object({}, {}{})", literal(columns[at].name),
                             prefix, at + 1));
        }
    }
    return pairs;
}

std::string json_of_excluded(apply_table const& table, bool keys_only) {
    std::string pairs;
    for (auto const& column : table.columns) {
        if (!keys_only || column.key) {
            list(pairs, " || ",
                 fmt::format("pg_catalog.jsonb_build_object({}, excluded.{})", literal(column.name),
                             identifier(column.name)));
        }
    }
    return pairs;
}

// "a" = v.c1 ... of the columns an UPDATE sets; empty when there is none.
std::string assignments(apply_table const& table, bool keys_too, std::string_view source) {
    std::string set;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        auto const& column = table.columns[at];
        if (column.fixed || (column.key && !keys_too)) {
            continue;
        }
        auto const name = identifier(column.name);
        list(set, ", ",
             source == "excluded" ? fmt::format("{0} = excluded.{0}", name)
                                  : fmt::format("{} = v.c{}", name, at + 1));
    }
    return set;
}

std::string key_match(apply_table const& table) {
    std::string match;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        if (table.columns[at].key) {
            list(match, " AND ",
                 fmt::format("t.{} {} v.c{}", identifier(table.columns[at].name),
                             table.columns[at].equals, at + 1));
        }
    }
    return match;
}

// Gives the bounds their type where no guard uses them.
std::string bounds_known(row_source const& source) {
    return fmt::format("{} <= {}", source.earliest, source.newest);
}
std::string scalars_known(row_source const& source, apply_rules const& rules) {
    return takes_unseen(rules.conflicts)
               ? fmt::format("{} AND pg_catalog.cardinality({}) = pg_catalog.cardinality({})",
                             bounds_known(source), source.unseen, source.unseen_by)
               : bounds_known(source);
}

struct column_lists {
    std::string names;
    std::string values;  // of v
    std::string arbiter; // the key's names
};

column_lists lists_of(apply_table const& table) {
    column_lists made;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        auto const& column = table.columns[at];
        list(made.names, ", ", identifier(column.name));
        list(made.values, ", ", fmt::format("v.c{}", at + 1));
        if (column.key) {
            list(made.arbiter, ", ", identifier(column.name));
        }
    }
    return made;
}

// What becomes of a row that is there: overwritten where the incoming one wins. `more`: columns that it brings along.
std::string on_conflict(apply_table const& table, std::vector<std::string> const& more,
                        apply_rules const& rules, row_source const& source,
                        std::string const& type) {
    auto const head = fmt::format(" ON CONFLICT ({}) DO ", lists_of(table).arbiter);
    auto set = assignments(table, false, "excluded");
    for (auto const& column : more) {
        list(set, ", ", fmt::format("{0} = excluded.{0}", identifier(column)));
    }
    if (set.empty()) { // all columns are key: rewrite one, so that the version is ours
        for (auto const& column : table.columns) {
            if (set.empty() && !column.fixed) {
                set = fmt::format("{0} = excluded.{0}", identifier(column.name));
            }
        }
    }
    if (set.empty()) {
        return head + "NOTHING";
    }
    auto const update = head + "UPDATE SET " + set;
    if (!rules.conflicts.guarded) {
        return update;
    }
    guard_terms const terms{type,
                            looked_up_time(table, rules, source.times),
                            looked_up_time(table, rules, source.commits),
                            json_of_excluded(table, false),
                            json_of_excluded(table, true),
                            source.earliest,
                            source.newest,
                            source.unseen,
                            source.unseen_by};
    return update + " WHERE " + guard(table, rules, terms);
}

std::string upsert(apply_table const& table, apply_rules const& rules, std::string const& type) {
    auto const source = source_of(table.columns, {}, rules);
    auto const columns = lists_of(table);
    return fmt::format(
               "INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} WHERE {}{}",
               qualified(table.schema, table.name), columns.names, columns.values, source.from,
               scalars_known(source, rules), as_prepared(table, " AND ")) +
           on_conflict(table, {}, rules, source, type);
}

} // namespace

std::string plain_insert(apply_table const& table, apply_rules const& rules) {
    std::string names;
    std::string values;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        list(names, ", ", identifier(table.columns[at].name));
        list(values, ", ", elements(at + 1, table.columns[at].type_name, rules.binary));
    }
    return fmt::format("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {}{}",
                       qualified(table.schema, table.name), names, values,
                       as_prepared(table, " WHERE "));
}

std::string insert_rows(apply_table const& table, apply_rules const& rules) {
    return upsert(table, rules, "insert_exists");
}

std::string update_rows(apply_table const& table, apply_rules const& rules) {
    return upsert(table, rules, "update_origin_differs");
}

namespace {

guard_terms of_update(apply_table const& table, row_source const& source) {
    return {"update_origin_differs",
            "v.ts",
            source.at,
            json_of(table.columns, "v.c", false),
            json_of(table.columns, "v.c", true),
            source.earliest,
            source.newest,
            source.unseen,
            source.unseen_by};
}

std::string and_guard(apply_table const& table, std::vector<std::string> const& kept,
                      apply_rules const& rules, row_source const& source) {
    if (!rules.conflicts.guarded) {
        return {};
    }
    auto const terms = of_update(table, source);
    return " AND " + (left_out_matters(kept, rules)
                          ? guard_left_out(table, rules, terms, source.seen)
                          : guard(table, rules, terms));
}

// What would have been written over a missing row is not lost unseen.
std::string log_missing(apply_table const& table, std::vector<std::string> const& kept,
                        apply_rules const& rules, row_source const& source,
                        std::string const& match) {
    auto const terms = of_update(table, source);
    return fmt::format(
        "INSERT INTO tandem.conflict (type, schema_name, table_name, key, incoming, "
        "incoming_at, incoming_node, position, policy, winner) SELECT {9}, {0}, {1}, {2}, {3}, {10}, "
        "{4}, p.applied_lsn, {5}, {6} FROM v, tandem.progress AS p WHERE p.stream = {4} AND NOT EXISTS (SELECT 1 FROM {7} AS t WHERE {8})",
        literal(table.schema), literal(table.name), terms.key, terms.incoming,
        literal(rules.peer_node), literal(rules.conflicts.policy), literal(rules.own_node),
        qualified(table.schema, table.name), match,
        left_out_matters(kept, rules) ? "CASE WHEN tandem.incomplete() THEN 'update_missing' END"
        : rules.conflicts.conflicts_fail
            ? "CASE WHEN tandem.conflicting() THEN 'update_missing' END"
            : "'update_missing'",
        source.at);
}

std::string update_of(apply_table const& table, std::vector<std::string> const& kept,
                      apply_rules const& rules, row_source const& source, std::string const& set,
                      std::string const& match) {
    return fmt::format(
        "WITH v AS (SELECT * FROM {} WHERE {}), done AS (UPDATE {} AS t SET {} FROM v "
        "WHERE {}{}{} RETURNING 1) ",
        source.from, scalars_known(source, rules), qualified(table.schema, table.name), set, match,
        and_guard(table, kept, rules, source), as_prepared(table, " AND "));
}

std::string old_key_match(std::vector<apply_column> const& old_key) {
    std::string match;
    for (std::size_t at = 0; at < old_key.size(); ++at) {
        list(
            match, " AND ",
            fmt::format("t.{} {} v.o{}", identifier(old_key[at].name), old_key[at].equals, at + 1));
    }
    return match;
}

} // namespace

std::string patch_rows(apply_table const& table, std::vector<std::string> const& kept,
                       apply_rules const& rules) {
    auto const source = source_of(table.columns, {}, rules, left_out_matters(kept, rules));
    auto set = assignments(table, false, "v");
    if (set.empty() &&
        !kept.empty()) { // all were left out: the row's version becomes ours all the same
        set = fmt::format("{0} = t.{0}", identifier(kept.front()));
    }
    if (set.empty()) {
        set = assignments(table, true, "v");
    }
    if (set.empty()) {
        return {};
    }
    auto const match = key_match(table);
    return update_of(table, kept, rules, source, set, match) +
           log_missing(table, kept, rules, source, match);
}

std::string log_deleted_meanwhile(apply_table const& table,
                                  std::vector<apply_column> const& old_key,
                                  std::vector<std::string> const& kept, apply_rules const& rules) {
    auto const source = source_of(table.columns, old_key, rules);
    auto const terms = of_update(table, source);
    bool const lives_on = !old_key.empty() || rules.conflicts.versions == row_versions::always;
    auto const* const type = lives_on && left_out_matters(kept, rules)
                                 ? "CASE WHEN tandem.incomplete() THEN 'update_deleted' END"
                                 : "'update_deleted'";
    auto const match = old_key.empty() // a row that was moved is at its new key
                           ? key_match(table)
                           : fmt::format("({}) OR ({})", old_key_match(old_key), key_match(table));
    return fmt::format(
        "WITH v AS (SELECT * FROM {0} WHERE {1}) INSERT INTO tandem.conflict (type, schema_name, table_name, key, "
        "incoming, incoming_at, incoming_node, existing_node, position, policy, winner) SELECT {11}, {2}, "
        "{3}, {4}, {5}, {12}, {6}, {7}, p.applied_lsn, {8}, {7} FROM v, tandem.progress AS p WHERE p.stream = {6} AND NOT "
        "EXISTS (SELECT 1 FROM {9} AS t WHERE {10}) AND NOT EXISTS (SELECT 1 FROM tandem.conflict AS c WHERE c.at >= "
        "pg_catalog.now() AND c.incoming_at = {12} AND c.incoming_node = {6} AND c.schema_name = {2} AND c.table_name = "
        "{3} AND c.key = {4})",
        source.from, bounds_known(source), literal(table.schema), literal(table.name), terms.key,
        terms.incoming, literal(rules.peer_node), literal(rules.own_node),
        literal(rules.conflicts.policy), qualified(table.schema, table.name), match, type,
        source.at);
}

std::string remove_rows(apply_table const& table, apply_rules const& rules) {
    auto const source = source_of(table.columns, {}, rules);
    auto const head = fmt::format(
        "DELETE FROM {} AS t USING {} WHERE {} AND {}{}", qualified(table.schema, table.name),
        source.from, scalars_known(source, rules), key_match(table), as_prepared(table, " AND "));
    if (!rules.conflicts.guarded) {
        return head;
    }
    guard_terms const terms{"delete_origin_differs",
                            "v.ts",
                            source.at,
                            "NULL::jsonb",
                            json_of(table.columns, "v.c", true),
                            source.earliest,
                            source.newest,
                            source.unseen,
                            source.unseen_by};
    return head + " AND " + guard(table, rules, terms);
}

std::string move_keys(apply_table const& table, std::vector<apply_column> const& old_key,
                      std::vector<std::string> const& kept, apply_rules const& rules) {
    for (auto const& column : old_key) {
        if (column.fixed) { // cannot be set by UPDATE
            return move_apart(table, old_key, kept, rules);
        }
    }
    auto const source = source_of(table.columns, old_key, rules, left_out_matters(kept, rules));
    auto const match = old_key_match(old_key);
    auto const update = update_of(table, kept, rules, source, assignments(table, true, "v"), match);
    if (!kept.empty()) {
        return update + log_missing(table, kept, rules, source, match);
    }
    auto const columns = lists_of(table);
    return update +
           fmt::format(
               "INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM v WHERE NOT "
               "EXISTS (SELECT FROM done)",
               qualified(table.schema, table.name), columns.names, columns.values) +
           on_conflict(table, {}, rules, source, "update_exists");
}

std::string move_apart(apply_table const& table, std::vector<apply_column> const& old_key,
                       std::vector<std::string> const& kept, apply_rules const& rules) {
    auto const source = source_of(table.columns, old_key, rules, left_out_matters(kept, rules));
    auto const match = old_key_match(old_key);
    auto columns = lists_of(table);
    std::string returned = "1";
    for (auto const& column : kept) {
        list(columns.names, ", ", identifier(column));
        list(columns.values, ", ", "gone." + identifier(column));
        returned += ", t." + identifier(column);
    }
    auto const missing = kept.empty() ? std::string{}
                                      : fmt::format(", noted AS ({})",
                                                    log_missing(table, kept, rules, source, match));
    return fmt::format("WITH v AS (SELECT * FROM {0} WHERE {1}{10}), gone AS (DELETE FROM {2} AS t "
                       "USING v WHERE {3}{4} RETURNING {5}){6} INSERT INTO {2} AS t ({7}) "
                       "OVERRIDING SYSTEM VALUE SELECT {8} FROM v {9}",
                       source.from, scalars_known(source, rules),
                       qualified(table.schema, table.name), match,
                       and_guard(table, kept, rules, source), returned, missing, columns.names,
                       columns.values, kept.empty() ? "LEFT JOIN gone ON true" : "CROSS JOIN gone",
                       as_prepared(table, " AND ")) +
           on_conflict(table, kept, rules, source, "update_exists");
}

std::string copy_rows(apply_table const& table, bool binary) {
    std::string names;
    for (auto const& column : table.columns) {
        list(names, ", ", identifier(column.name));
    }
    auto const name = qualified(table.schema, table.name);
    auto const prepared = as_prepared(table, "PERFORM ");
    auto const checked =
        prepared.empty()
            ? std::string{}
            : fmt::format("LOCK TABLE {} IN ROW EXCLUSIVE MODE; DO LANGUAGE plpgsql {}; ", name,
                          literal("BEGIN " + prepared + "; END"));
    return fmt::format("{}COPY {} ({}) FROM STDIN (FORMAT {})", checked, name, names,
                       binary ? "binary" : "text");
}

} // namespace tandem::sql
