#include "codecs/sql/apply_statements.hpp"

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

// The parameters as a row source `v` with columns c1, c2 ... and ts; `old` columns are o1, o2 ...
struct row_source {
    std::string from;     // "(SELECT ...) AS v"
    std::string times;    // the array of commit times
    std::string earliest; // the scalars: bounds of the commit times
    std::string newest;
};

row_source source_of(std::vector<apply_column> const& columns,
                     std::vector<apply_column> const& old_key, bool binary) {
    std::string values;
    std::size_t number = 0;
    auto const add = [&](apply_column const& column, std::string const& alias) {
        ++number;
        list(values, ", ", elements(number, column.type_name, binary) + " AS " + alias);
    };
    for (auto const& column : columns) {
        add(column, fmt::format("c{}", number + 1));
    }
    for (std::size_t at = 0; at < old_key.size(); ++at) {
        add(old_key[at], fmt::format("o{}", at + 1));
    }
    auto const times = number + 1;
    return {fmt::format("(SELECT {}, unnest(${}::timestamptz[]) AS ts) AS v", values, times),
            fmt::format("${}::timestamptz[]", times), fmt::format("${}::timestamptz", times + 1),
            fmt::format("${}::timestamptz", times + 2)};
}

// "ts" of the incoming row whose key equals excluded's: ON CONFLICT sees no other columns of v. Read
// only where the bounds have not decided.
std::string looked_up_time(apply_table const& table, apply_rules const& rules,
                           row_source const& source) {
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
                       source.times, names, match);
}

struct guard_terms {
    std::string type;     // PostgreSQL's name of the conflict
    std::string time;     // the incoming row's v
    std::string incoming; // jsonb of the incoming row
    std::string key;      // jsonb of its key
    std::string earliest;
    std::string newest;
};

// True when the incoming row wins (R11). A version without commit time is old, or our own of this
// very transaction: both give way.
std::string guard(apply_table const& table, apply_rules const& rules, guard_terms const& terms) {
    return fmt::format(
        "CASE WHEN coalesce(pg_catalog.pg_xact_commit_timestamp(t.xmin) < {}, true) THEN true "
        "WHEN (pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident = {} THEN true "
        "WHEN pg_catalog.pg_xact_commit_timestamp(t.xmin) <= {} AND "
        "pg_catalog.pg_xact_commit_timestamp(t.xmin) {} {} THEN true "
        "ELSE tandem.lost({}, {}, {}, {}, {}, {}, {}, {}, {}, "
        "pg_catalog.pg_xact_commit_timestamp(t.xmin), {}) END",
        terms.earliest, rules.peer_origin, terms.newest, rules.peer_wins_ties ? "<=" : "<",
        terms.time, literal(terms.type), literal(rules.policy), literal(rules.peer_node),
        literal(rules.own_node), literal(table.schema), literal(table.name), terms.key,
        terms.incoming, "pg_catalog.to_jsonb(t.*)", terms.time);
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

std::string upsert(apply_table const& table, apply_rules const& rules, std::string const& type) {
    auto const source = source_of(table.columns, {}, rules.binary);
    std::string names;
    std::string values;
    std::string arbiter;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        auto const& column = table.columns[at];
        list(names, ", ", identifier(column.name));
        list(values, ", ", fmt::format("v.c{}", at + 1));
        if (column.key) {
            list(arbiter, ", ", identifier(column.name));
        }
    }
    auto const head = fmt::format("INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM "
                                  "{} WHERE {} ON CONFLICT ({}) DO ",
                                  qualified(table.schema, table.name), names, values, source.from,
                                  bounds_known(source), arbiter);
    auto set = assignments(table, false, "excluded");
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
    if (!rules.guarded) {
        return update;
    }
    guard_terms const terms{type,
                            looked_up_time(table, rules, source),
                            json_of_excluded(table, false),
                            json_of_excluded(table, true),
                            source.earliest,
                            source.newest};
    return update + " WHERE " + guard(table, rules, terms);
}

} // namespace

std::string plain_insert(apply_table const& table, apply_rules const& rules) {
    std::string names;
    std::string values;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        list(names, ", ", identifier(table.columns[at].name));
        list(values, ", ", elements(at + 1, table.columns[at].type_name, rules.binary));
    }
    return fmt::format("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {}",
                       qualified(table.schema, table.name), names, values);
}

std::string insert_rows(apply_table const& table, apply_rules const& rules) {
    return upsert(table, rules, "insert_exists");
}

std::string update_rows(apply_table const& table, apply_rules const& rules) {
    return upsert(table, rules, "update_origin_differs");
}

namespace {

// UPDATE whose missing rows are logged: what it would have written is not lost unseen.
std::string logged_update(apply_table const& table, apply_rules const& rules,
                          row_source const& source, std::string const& set,
                          std::string const& match) {
    guard_terms const terms{"update_origin_differs",
                            "v.ts",
                            json_of(table.columns, "v.c", false),
                            json_of(table.columns, "v.c", true),
                            source.earliest,
                            source.newest};
    auto const guarded = rules.guarded ? " AND " + guard(table, rules, terms) : std::string{};
    return fmt::format(
        "WITH v AS (SELECT * FROM {0} WHERE {1}), done AS (UPDATE {2} AS t SET {3} FROM v WHERE "
        "{4}{5}) INSERT INTO tandem.conflict (type, schema_name, table_name, key, incoming, "
        "incoming_at, incoming_node, position, policy, winner) SELECT 'update_missing', {6}, {7}, "
        "{8}, {9}, v.ts, {10}, p.applied_lsn, {11}, {12} FROM v, tandem.progress AS p WHERE "
        "p.stream = {10} AND NOT EXISTS (SELECT 1 FROM {2} AS t WHERE {4})",
        source.from, bounds_known(source), qualified(table.schema, table.name), set, match, guarded,
        literal(table.schema), literal(table.name), terms.key, terms.incoming,
        literal(rules.peer_node), literal(rules.policy), literal(rules.own_node));
}

} // namespace

namespace {

// A GENERATED ALWAYS identity cannot be set by UPDATE: the row is taken out and put in again, with the
// columns that the source left out as they were.
std::string replaced_row(apply_table const& table, std::vector<std::string> const& kept,
                         apply_rules const& rules, row_source const& source,
                         std::string const& match) {
    std::string names;
    std::string values;
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
        list(names, ", ", identifier(table.columns[at].name));
        list(values, ", ", fmt::format("v.c{}", at + 1));
    }
    std::string returned = "1";
    for (auto const& column : kept) {
        list(names, ", ", identifier(column));
        list(values, ", ", "gone." + identifier(column));
        returned += ", t." + identifier(column);
    }
    guard_terms const terms{"update_origin_differs",
                            "v.ts",
                            json_of(table.columns, "v.c", false),
                            json_of(table.columns, "v.c", true),
                            source.earliest,
                            source.newest};
    auto const guarded = rules.guarded ? " AND " + guard(table, rules, terms) : std::string{};
    return fmt::format(
        "WITH v AS (SELECT * FROM {0} WHERE {1}), gone AS (DELETE FROM {2} AS t "
        "USING v WHERE {3}{4} RETURNING {7}) INSERT INTO {2} ({5}) OVERRIDING SYSTEM "
        "VALUE SELECT {6} FROM v, gone",
        source.from, bounds_known(source), qualified(table.schema, table.name), match, guarded,
        names, values, returned);
}

} // namespace

std::string patch_rows(apply_table const& table, std::vector<std::string> const& kept,
                       apply_rules const& rules) {
    auto const source = source_of(table.columns, {}, rules.binary);
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
    return logged_update(table, rules, source, set, key_match(table));
}

std::string remove_rows(apply_table const& table, apply_rules const& rules) {
    auto const source = source_of(table.columns, {}, rules.binary);
    auto const head = fmt::format("DELETE FROM {} AS t USING {} WHERE {} AND {}",
                                  qualified(table.schema, table.name), source.from,
                                  bounds_known(source), key_match(table));
    if (!rules.guarded) {
        return head;
    }
    guard_terms const terms{"delete_origin_differs", "v.ts",
                            "NULL::jsonb",           json_of(table.columns, "v.c", true),
                            source.earliest,         source.newest};
    return head + " AND " + guard(table, rules, terms);
}

std::string move_keys(apply_table const& table, std::vector<apply_column> const& old_key,
                      std::vector<std::string> const& kept, apply_rules const& rules) {
    auto const source = source_of(table.columns, old_key, rules.binary);
    std::string match;
    for (std::size_t at = 0; at < old_key.size(); ++at) {
        list(
            match, " AND ",
            fmt::format("t.{} {} v.o{}", identifier(old_key[at].name), old_key[at].equals, at + 1));
    }
    for (auto const& column : old_key) {
        if (column.fixed) {
            return replaced_row(table, kept, rules, source, match);
        }
    }
    return logged_update(table, rules, source, assignments(table, true, "v"), match);
}

std::string copy_rows(apply_table const& table, bool binary) {
    std::string names;
    for (auto const& column : table.columns) {
        list(names, ", ", identifier(column.name));
    }
    return fmt::format("COPY {} ({}) FROM STDIN (FORMAT {})", qualified(table.schema, table.name),
                       names, binary ? "binary" : "text");
}

namespace {

// What the peer wrote stands before its TRUNCATE, whatever stamp its batch has here.
std::string outlives(apply_rules const& rules, std::string const& commit_time) {
    return fmt::format(
        "(coalesce(pg_catalog.pg_xact_commit_timestamp(t.xmin) {} {}::timestamptz, false) AND "
        "(pg_catalog.pg_xact_commit_timestamp_origin(t.xmin)).roident <> {})",
        rules.peer_wins_ties ? ">" : ">=", literal(commit_time), rules.peer_origin);
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
                     std::string const& commit_time) {
    auto const newer = outlives(rules, commit_time);
    std::string names;
    std::string deletes;
    std::string any_newer;
    std::string guarded_deletes;
    for (auto const& table : tables) {
        auto const name = "ONLY " + qualified(table.schema, table.name);
        list(names, ", ", name);
        deletes += fmt::format("DELETE FROM {}; ", name);
        list(any_newer, " OR ", fmt::format("EXISTS (SELECT FROM {} AS t WHERE {})", name, newer));
        guarded_deletes += noted_and_deleted(table, newer, rules, commit_time);
    }
    auto const plain = fmt::format(
        "BEGIN TRUNCATE {}; EXCEPTION WHEN feature_not_supported THEN {}END", names, deletes);
    if (!rules.guarded) {
        return fmt::format("DO LANGUAGE plpgsql {}", literal(plain));
    }
    auto const block = fmt::format(
        "BEGIN LOCK TABLE {} IN ACCESS EXCLUSIVE MODE; IF {} THEN {}ELSE {}; END IF; END", names,
        any_newer, guarded_deletes, plain);
    return fmt::format("DO LANGUAGE plpgsql {}", literal(block));
}

} // namespace tandem::sql
