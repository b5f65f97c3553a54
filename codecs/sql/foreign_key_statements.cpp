#include "codecs/sql/foreign_key_statements.hpp"

#include "codecs/sql/quote.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

namespace tandem::sql {
namespace {

std::string name_of(table_name const& table) {
    return qualified(table.schema, table.name);
}

template <class Item, class Text>
std::string joined(std::vector<Item> const& items, std::string_view between, Text const& text_of) {
    std::string all;
    for (auto const& each : items) {
        all += all.empty() ? std::string_view{} : between;
        all += text_of(each);
    }
    return all;
}

// c1, c2 ... ts of the parameters.
std::string keys_given(apply_table const& key, bool binary) {
    std::string values;
    std::vector<std::string> places;
    for (auto const& column : key.columns) {
        auto const number = places.size() + 1;
        values += fmt::format("pg_catalog.unnest(${}::{}[]){} AS c{}, ", number,
                              binary ? column.type_name : "text",
                              binary ? std::string{} : "::" + column.type_name, number);
        places.push_back(std::to_string(number));
    }
    return fmt::format("SELECT DISTINCT ON ({}) {}pg_catalog.unnest(${}::timestamptz[]) AS ts",
                       fmt::join(places, ", "), values, places.size() + 1);
}

std::string key_from_json(apply_table const& key, std::string const& object) {
    std::string values;
    std::size_t number = 0;
    for (auto const& column : key.columns) {
        values += fmt::format("r.{} AS c{}, ", identifier(column.name), ++number);
    }
    return fmt::format("SELECT {}pg_catalog.now() AS ts FROM "
                       "pg_catalog.jsonb_populate_record(NULL::{}, {}::jsonb) AS r",
                       values, qualified(key.schema, key.name), literal(object));
}

// Where a parent's column stands in k.
std::size_t place_of(apply_table const& key, std::string const& column) {
    auto const found = std::ranges::find(key.columns, column, &apply_column::name);
    return static_cast<std::size_t>(found - key.columns.begin()) + 1;
}

std::string parent_is_there(table_name const& parent,
                            std::vector<reference_column> const& columns) {
    auto const same = joined(columns, " AND ", [](reference_column const& each) {
        return fmt::format("p.{} {} t.{}", identifier(each.parent), each.equals,
                           identifier(each.child));
    });
    return fmt::format("EXISTS (SELECT FROM {} AS p WHERE {})", name_of(parent), same);
}

std::string json_names(std::vector<std::string> const& names) {
    std::vector<std::string> all;
    std::ranges::transform(names, std::back_inserter(all), literal);
    return fmt::format("pg_catalog.jsonb_build_array({})", fmt::join(all, ", "));
}

std::string about(foreign_key const& of, apply_table const& key, bool keeps) {
    std::vector<std::string> values;
    std::vector<std::string> children;
    std::vector<std::string> parents;
    std::vector<std::string> equals;
    for (auto const& each : of.columns) {
        values.push_back(
            fmt::format("{}, k.c{}", literal(each.parent), place_of(key, each.parent)));
        children.push_back(each.child);
        parents.push_back(each.parent);
        equals.push_back(each.equals);
    }
    auto const object = fmt::format("pg_catalog.jsonb_build_object({})", fmt::join(values, ", "));
    return fmt::format(
        "pg_catalog.jsonb_build_object('constraint', {}, 'schema', {}, 'table', {}, 'key', {}, "
        "'columns', {}, 'parent_columns', {}, 'equals', {}, 'child_key', {}, 'row', {})",
        literal(of.name), literal(of.parent.schema), literal(of.parent.name), object,
        json_names(children), json_names(parents), json_names(equals), json_names(of.child_key),
        keeps ? fmt::format("(SELECT o.row FROM tandem.removed AS o WHERE o.transaction = "
                            "pg_catalog.txid_current() AND o.schema_name = {} AND o.table_name = "
                            "{} AND o.row @> {} LIMIT 1)",
                            literal(key.schema), literal(key.name), object)
              : std::string{"NULL"});
}

std::string log_of(foreign_key const& of, apply_table const& key, apply_rules const& rules,
                   std::string const& source, bool keeps) {
    auto const match = joined(of.columns, " AND ", [&key](reference_column const& each) {
        return fmt::format("k.c{} {} t.{}", place_of(key, each.parent), each.equals,
                           identifier(each.child));
    });
    auto const child_key = joined(of.child_key, ", ", [](std::string const& each) {
        return fmt::format("{}, t.{}", literal(each), identifier(each));
    });
    bool const reports = rules.orphans == "report" || of.child_key.empty();
    return fmt::format(
        "INSERT INTO tandem.conflict (type, schema_name, table_name, key, existing, incoming_at, "
        "incoming_node, existing_node, position, policy, winner, about) SELECT "
        "'foreign_key_missing', {}, {}, pg_catalog.jsonb_build_object({}), "
        "pg_catalog.to_jsonb(t.*), k.ts, {}, {}, g.applied_lsn, {}, {}, {} FROM ({}) AS k JOIN {} "
        "AS t ON {} JOIN tandem.progress AS g ON g.stream = {} WHERE NOT {}",
        literal(of.child.schema), literal(of.child.name), child_key, literal(rules.peer_node),
        literal(rules.own_node), literal(reports ? "report" : rules.orphans),
        literal(reports ? rules.own_node : std::string{}), about(of, key, keeps), source,
        name_of(of.child), match, literal(rules.peer_node), parent_is_there(of.parent, of.columns));
}

// t is the child's row as long as it still refers to what is missing.
std::string still_orphan(orphan const& of) {
    std::vector<std::string> match{of.same_child};
    for (auto const& each : of.columns) {
        match.push_back(fmt::format("m.{} {} t.{}", identifier(each.parent), each.equals,
                                    identifier(each.child)));
    }
    return fmt::format("{} AND NOT {}", fmt::join(match, " AND "),
                       parent_is_there(of.parent, of.columns));
}

std::string records(orphan const& of) {
    return fmt::format("pg_catalog.jsonb_populate_record(NULL::{}, {}::jsonb) AS k, "
                       "pg_catalog.jsonb_populate_record(NULL::{}, {}::jsonb -> 'key') AS m",
                       name_of(of.child), literal(of.key), name_of(of.parent), literal(of.about));
}

} // namespace

std::string foreign_keys_of_table() {
    return "SELECT c.conname, cn.nspname, ct.relname, pn.nspname, pt.relname, ca.attname, pa.attname, "
           "(SELECT CASE WHEN s.nspname = 'pg_catalog' THEN o.oprname ELSE format('OPERATOR(%I.%s)', s.nspname, "
           "o.oprname) END FROM pg_operator AS o JOIN pg_namespace AS s ON s.oid = o.oprnamespace WHERE o.oid = "
           "c.conpfeqop[k.place]), coalesce((SELECT jsonb_agg(a.attname ORDER BY x.place) FROM pg_index AS i CROSS JOIN LATERAL "
           "unnest(i.indkey::int2[]) WITH ORDINALITY AS x(number, place) JOIN pg_attribute AS a ON a.attrelid = "
           "i.indrelid AND a.attnum = x.number WHERE i.indrelid = c.conrelid AND i.indisprimary AND x.place <= "
           "i.indnkeyatts), '[]'::jsonb)::text FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace "
           "JOIN pg_constraint AS c ON c.confrelid = t.oid AND c.contype = 'f' "
           "JOIN pg_class AS ct ON ct.oid = c.conrelid JOIN pg_namespace AS cn ON cn.oid = ct.relnamespace "
           "JOIN pg_class AS pt ON pt.oid = CASE WHEN t.relispartition THEN pg_partition_root(t.oid)::oid ELSE t.oid END "
           "JOIN pg_namespace AS pn ON pn.oid = pt.relnamespace CROSS JOIN LATERAL "
           "unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(child, parent, place) "
           "JOIN pg_attribute AS ca ON ca.attrelid = c.conrelid AND ca.attnum = k.child "
           "JOIN pg_attribute AS pa ON pa.attrelid = c.confrelid AND pa.attnum = k.parent "
           "WHERE n.nspname = $1 AND t.relname = $2 AND has_table_privilege(c.conrelid, 'SELECT') AND "
           "has_schema_privilege(cn.oid, 'USAGE') AND has_table_privilege(pt.oid, 'SELECT') AND NOT (ct.relispartition AND c.conparentid <> 0) "
           "ORDER BY c.oid, k.place";
}

bool refers_by(foreign_key const& constraint, apply_table const& key) {
    return constraint.columns.size() == key.columns.size() &&
           std::ranges::all_of(constraint.columns, [&key](auto const& each) {
               return std::ranges::find(key.columns, each.parent, &apply_column::name) !=
                      key.columns.end();
           });
}

std::string log_orphans(foreign_key const& constraint, apply_table const& parent_key,
                        apply_rules const& rules) {
    return log_of(constraint, parent_key, rules, keys_given(parent_key, rules.binary),
                  rules.orphans == "restore-parent");
}

std::string log_orphans_of(foreign_key const& constraint, apply_table const& parent_key,
                           std::string const& key, apply_rules const& rules) {
    return log_of(constraint, parent_key, rules, key_from_json(parent_key, key), false);
}

std::string keep_parents(apply_table const& parent_key, apply_rules const& rules) {
    std::vector<std::string> match;
    for (std::size_t at = 0; at < parent_key.columns.size(); ++at) {
        auto const& column = parent_key.columns[at];
        match.push_back(
            fmt::format("t.{} {} k.c{}", identifier(column.name), column.equals, at + 1));
    }
    return fmt::format("INSERT INTO tandem.removed (transaction, schema_name, table_name, row) "
                       "SELECT pg_catalog.txid_current(), {}, {}, pg_catalog.to_jsonb(t.*) FROM "
                       "({}) AS k JOIN {} AS t ON {} FOR UPDATE OF t",
                       literal(parent_key.schema), literal(parent_key.name),
                       keys_given(parent_key, rules.binary),
                       qualified(parent_key.schema, parent_key.name), fmt::join(match, " AND "));
}

std::string forget_parents() {
    return "DELETE FROM tandem.removed WHERE transaction = pg_catalog.txid_current()";
}

std::string open_orphans() {
    return "SELECT c.id, c.schema_name, c.table_name, c.key::text, c.about::text, c.policy, c.about ->> 'schema', c.about "
           "->> 'table', jsonb_typeof(c.about -> 'row') = 'object', (SELECT string_agg(format('t.%1$I = k.%1$I', x), ' AND "
           "') FROM jsonb_array_elements_text(c.about -> 'child_key') AS x), r.child, r.parent, r.equals FROM (SELECT * FROM "
           "tandem.conflict WHERE winner = '' ORDER BY id LIMIT 100) AS c CROSS JOIN LATERAL ROWS FROM "
           "(jsonb_array_elements_text(c.about -> 'columns'), jsonb_array_elements_text(c.about -> 'parent_columns'), "
           "jsonb_array_elements_text(c.about -> 'equals')) AS r(child, parent, equals) ORDER BY c.id";
}

std::string cure_orphan(orphan const& of, std::vector<std::string> const& writable) {
    std::string change;
    bool const restores = of.cure == "restore-parent";
    if (restores) {
        std::vector<std::string> names;
        std::ranges::transform(writable, std::back_inserter(names), identifier);
        change = fmt::format(
            "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM "
            "pg_catalog.jsonb_populate_record(NULL::{0}, {2}::jsonb -> 'row') AS r WHERE EXISTS "
            "(SELECT FROM {3} AS t, {4} WHERE {5}) ON CONFLICT DO NOTHING RETURNING 1",
            name_of(of.parent), fmt::join(names, ", "), literal(of.about), name_of(of.child),
            records(of), still_orphan(of));
    } else if (of.cure == "null-child") {
        auto const set = joined(of.columns, ", ", [](reference_column const& each) {
            return fmt::format("{} = NULL", identifier(each.child));
        });
        change = fmt::format("UPDATE {} AS t SET {} FROM {} WHERE {} RETURNING 1",
                             name_of(of.child), set, records(of), still_orphan(of));
    } else {
        change = fmt::format("DELETE FROM {} AS t USING {} WHERE {} RETURNING 1", name_of(of.child),
                             records(of), still_orphan(of));
    }
    return fmt::format(
        "WITH done AS ({}) UPDATE tandem.conflict SET winner = CASE WHEN {} AND EXISTS (SELECT FROM "
        "done) THEN incoming_node ELSE existing_node END WHERE id = {} RETURNING (SELECT count(*) "
        "FROM done)",
        change, restores ? "false" : "true", of.id); // who kept its child has lost it, or won
}

std::string leave_orphan(long long id) {
    return fmt::format("UPDATE tandem.conflict SET winner = existing_node, policy = 'report' WHERE "
                       "id = {}",
                       id);
}

} // namespace tandem::sql
