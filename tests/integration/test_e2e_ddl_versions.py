"""DDL on the other majors, and between majors: every script from one side, compared by the catalogs that all of them have."""

import pytest

from support import masters
from support.ddl_scripts import BASE, SCRIPTS
from support.ddl_world import carry_out, in_schema, parked
from support.long_tests import some

# Without MAINTAIN (m), which owners have from 17 on.
LOOKS = (
    "SELECT table_schema, table_name, column_name, data_type, udt_name, character_maximum_length, numeric_precision, numeric_scale, column_default, "
    "is_nullable, is_identity, identity_generation, is_generated, generation_expression, collation_name FROM information_schema.columns "
    "WHERE {columns} ORDER BY 1, 2, 3",
    "SELECT conrelid::regclass::text, contypid::regtype::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype <> 'n' AND connamespace IN "
    "(SELECT oid FROM pg_namespace WHERE {namespace}) ORDER BY 1, 2, 3",
    "SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes WHERE {schema} ORDER BY 1, 2, 3",
    "SELECT schemaname, viewname, definition FROM pg_views WHERE {schema} ORDER BY 1, 2",
    "SELECT schemaname, matviewname, definition FROM pg_matviews WHERE {schema} ORDER BY 1, 2",
    "SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {namespace} ORDER BY 1, 2",
    "SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n "
    "ON n.oid = c.relnamespace WHERE NOT tgisinternal AND {namespace} ORDER BY 1, 2",
    "SELECT t.typname, t.typtype, (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) FROM pg_type t JOIN pg_namespace n "
    "ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r') AND {namespace} ORDER BY 1",
    "SELECT c.relname, c.relkind, c.relpersistence, c.relreplident, c.reloptions, c.relrowsecurity, translate(c.relacl::text, 'm', ''), obj_description(c.oid, 'pg_class'), "
    "pg_get_expr(c.relpartbound, c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') "
    "AND {namespace} ORDER BY 1",
    "SELECT sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size FROM pg_sequences WHERE {schema} ORDER BY 1",
    "SELECT tablename, policyname, cmd, roles, qual, with_check FROM pg_policies WHERE {schema} ORDER BY 1, 2",
)


def looks(database, schema, queries):
    those = f"('{schema}', '{schema}_more')"
    return [database.sql(query.format(columns=f"table_schema IN {those}", schema=f"schemaname IN {those}", namespace=f"nspname IN {those}"))
            for query in queries]


@pytest.mark.parametrize("majors", some([(14, 14), (16, 16), (17, 17), (18, 18), (14, 18), (18, 15)], (18, 18)), ids=lambda majors: f"{majors[0]}_to_{majors[1]}")
def test_every_script(majors):
    servers = masters.Servers(f"ddl{majors[0]}{majors[1]}", majors=majors)
    try:
        pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
        for database in pair.both:
            database.sql("CREATE ROLE ddl_reader")
        pair.run("--ddl", "on")
        differing = []
        for name, (more, steps) in SCRIPTS.items():
            schema = f"v_{name}"
            pair.a.sql(f"CREATE SCHEMA {schema};" + in_schema(BASE + more, schema))
            pair.a.sql(f"INSERT INTO {schema}.t (id, note, amount) VALUES (1, 'one', 1.25), (2, NULL, 2); INSERT INTO {schema}.child VALUES (1, NULL, 'x')")
            carry_out(pair.a, schema, steps)
            pair.settle()
            # From 16 on views are written otherwise.
            compared = [query for query in LOOKS if majors[0] == majors[1] or "definition FROM pg_" not in query]
            here, there = (looks(database, schema, compared) for database in pair.both)
            if here != there or parked(pair.b, schema):
                differing.append((name, parked(pair.b, schema), [each for each in zip(here, there, strict=True) if each[0] != each[1]]))
        assert differing == []
        pair.assert_equal(*[row[0] for row in pair.a.sql(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname ~ '^v_' ORDER BY 1")])
    finally:
        servers.close()
