"""Names that DDL takes away, or gives to another table or column, while what the peer wrote under them is on its way."""

import pytest

from support.ddl_scripts import ANEW, SCRIPTS
from support.ddl_world import both_at_once, carry_out, check_anew, check_equal, in_schema, Load, make, parked, resume, started
from support.tandem import command, node_arguments
from support.waiting import wait_until


@pytest.fixture(scope="module")
def world(servers):
    pair = started(servers)
    yield pair
    pair.close()


# A column or table that one alters while the other renames or drops it: what is done at each, and the columns of t then.
MOVED = {
    "renamed_and_retyped": ("ALTER TABLE %s.t RENAME n TO m", "ALTER TABLE %s.t ALTER n TYPE bigint", {"m": "bigint"}),
    "renamed_and_made_text": ("ALTER TABLE %s.t RENAME amount TO sum", "ALTER TABLE %s.t ALTER amount TYPE text", {"sum": "text"}),
    "renamed_and_defaulted": ("ALTER TABLE %s.t RENAME n TO m", "ALTER TABLE %s.t ALTER n SET DEFAULT 7, ALTER n SET NOT NULL", {"m": "integer"}),
    "renamed_and_granted": ("ALTER TABLE %s.t RENAME n TO m", "GRANT SELECT (n) ON %s.t TO ddl_reader; COMMENT ON COLUMN %s.t.n IS 'counted'", {"m": "integer"}),
    "dropped_and_retyped": ("ALTER TABLE %s.t DROP amount", "ALTER TABLE %s.t ALTER amount TYPE text", {}),
    "dropped_and_renamed": ("ALTER TABLE %s.t DROP amount", "ALTER TABLE %s.t RENAME amount TO sum", {}),
    "dropped_and_granted": ("ALTER TABLE %s.t DROP amount", "GRANT SELECT (amount) ON %s.t TO ddl_reader", {}),
    "dropped_and_more": ("ALTER TABLE %s.t DROP amount", "ALTER TABLE %s.t ALTER amount TYPE text, ADD COLUMN more text DEFAULT 'x'", {"more": "text"}),
    "table_renamed_and_altered": ("ALTER TABLE %s.t RENAME TO u", "ALTER TABLE %s.t ADD COLUMN more text DEFAULT 'x', ALTER amount TYPE text", {"more": "text", "amount": "text"}),
    "table_renamed_and_column": ("ALTER TABLE %s.t RENAME TO u", "ALTER TABLE %s.t RENAME note TO remark", {"remark": "text"}),
    "table_dropped_and_altered": ("DROP TABLE %s.child, %s.t", "ALTER TABLE %s.t ALTER amount TYPE text", None),
    "table_dropped_and_renamed": ("DROP TABLE %s.child, %s.t", "ALTER TABLE %s.t RENAME TO u", None),
}


@pytest.mark.sampled(24)
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("name", MOVED)
def test_what_one_renames_or_drops_the_other_may_alter(world, name, mirrored):
    """Rows of both, in the older form and in the newer one, are on their way."""
    schema = f"{name}_{'b' if mirrored else 'a'}"
    moves, alters, columns = MOVED[name]
    make(world, schema, "INSERT INTO %s.t (id, amount, note) SELECT i, i, 'note' FROM generate_series(1, 20) AS i;")
    one, other = (world.b, world.a) if mirrored else (world.a, world.b)
    rows = "INSERT INTO %s.t (id, amount, note) SELECT i, i, 'row' FROM generate_series({0}, {0} + 9) AS i; UPDATE %s.t SET note = 'changed by {0}' WHERE id % 10 = {1};"
    with Load(one, schema, 101), Load(other, schema, 102):
        world.instance.freeze()
        try:
            for database, number, ddl in ((one, 30, moves), (other, 60, alters)):
                # The load's locks are in another order.
                carry_out(database, schema, [rows.format(number, number // 30), ddl])
        finally:
            world.instance.thaw()
    check_equal(world, schema)
    found = world.a.sql("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid WHERE relnamespace = %s::regnamespace "
                        "AND relname IN ('t', 'u') AND attnum > 0 AND NOT attisdropped", schema)
    if columns is None:
        assert found == []
    else:
        assert {"id": "bigint", **columns}.items() <= dict(found).items()
        assert ("amount" in dict(found)) == ("DROP" not in moves and " TO sum" not in moves)
        table = "u" if "TO u" in moves else "t"
        assert world.a.value(f"SELECT count(*) FROM {schema}.{table} WHERE id < 100") == 40


def test_of_two_names_that_both_give_one_has_to_be_chosen(world):
    make(world, "two_names", "INSERT INTO %s.t (id, n) VALUES (1, 1);")
    both_at_once(world, "ALTER TABLE two_names.t RENAME n TO at_a; INSERT INTO two_names.t (id, at_a) VALUES (2, 2)",
                 "ALTER TABLE two_names.t RENAME n TO at_b; INSERT INTO two_names.t (id, at_b) VALUES (3, 3)")
    assert [[row[:3] for row in parked(database, "two_names")][0] for database in world.both] == [("t", "ddl", "TD016")] * 2
    assert "column n of table two_names.t was renamed to at_a there, and to at_b here: give it one name" in parked(world.b, "two_names")[0][3]
    world.a.sql("ALTER TABLE two_names.t RENAME at_a TO at_b")
    world.settle()
    done = resume(world, "two_names.t")
    assert done.status in (0, 4), done
    check_equal(world, "two_names")
    assert world.a.sql("SELECT id, at_b FROM two_names.t ORDER BY id") == [(1, 1), (2, 2), (3, 3)]

    both_at_once(world, "ALTER TABLE two_names.t RENAME TO t_a; INSERT INTO two_names.t_a VALUES (4)", "ALTER TABLE two_names.t RENAME TO t_b; INSERT INTO two_names.t_b VALUES (5)")
    assert "table two_names.t was renamed to table two_names.t_a there and to two_names.t_b here: give it one name" in parked(world.b, "two_names")[0][3]
    world.b.sql("ALTER TABLE two_names.t_b RENAME TO t_a")
    world.settle()
    for table in ("t", "t_a", "t_b"):
        resume(world, f"two_names.{table}")
    check_equal(world, "two_names")
    assert world.a.sql("SELECT id FROM two_names.t_a ORDER BY id") == [(number,) for number in range(1, 6)]


def test_of_two_views_of_a_name_both_keep_the_same(world):
    make(world, "viewed", "CREATE VIEW %s.v AS SELECT id FROM %s.t;")
    both_at_once(world, "CREATE OR REPLACE VIEW viewed.v AS SELECT id, n FROM viewed.t; CREATE VIEW viewed.w AS SELECT 1 AS one",
                 "CREATE OR REPLACE VIEW viewed.v AS SELECT id, note FROM viewed.t; CREATE VIEW viewed.w AS SELECT 2 AS two")
    check_equal(world, "viewed")
    assert world.a.sql("SELECT * FROM viewed.w") == [(2,)]


@pytest.mark.parametrize("mirrored", [False, True])
def test_what_one_drops_is_not_made_again_where_the_other_alters_it(world, mirrored):
    schema = f"not_again_{'b' if mirrored else 'a'}"
    make(world, schema, "CREATE VIEW %s.v AS SELECT id FROM %s.t; CREATE SEQUENCE %s.s; CREATE FUNCTION %s.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';")
    dropped = f"DROP VIEW {schema}.v; DROP SEQUENCE {schema}.s; DROP FUNCTION {schema}.f()"
    altered = (f"CREATE OR REPLACE VIEW {schema}.v AS SELECT id, n FROM {schema}.t; ALTER SEQUENCE {schema}.s INCREMENT BY 5; "
               f"CREATE OR REPLACE FUNCTION {schema}.f() RETURNS integer LANGUAGE sql AS 'SELECT 2'")
    both_at_once(world, *((altered, dropped) if mirrored else (dropped, altered)))
    check_equal(world, schema)
    assert world.a.sql("SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relname IN ('v', 's')", schema) == []


def test_a_view_that_both_make_and_rename_waits(world):
    make(world, "renamed")
    carried = [f"{each.replace('%s', 'renamed')};" for each in SCRIPTS["view"][1]]
    both_at_once(world, "".join(carried), "".join(carried))
    assert [row[:3] for row in parked(world.b, "renamed")] == [("view renamed.w", "ddl", "42P07")]
    world.a.sql("DROP VIEW renamed.v")
    world.settle()
    listed = command("parked", "list", *node_arguments({"a": world.a, "b": world.b}))
    assert "a:b view renamed.w: ddl, since " in listed.out, listed
    done = resume(world, "view renamed.w")
    assert done.status == 0 and "view renamed.w: 1 change applied" in done.out, done
    check_equal(world, "renamed")


@pytest.mark.sampled(20)
@pytest.mark.parametrize("name, where", [(name, where) for name in ANEW for where in ("a", "b", "both")
                                         if (name, where) != ("columns_swapped", "both")])  # each contradicts the other
def test_a_name_that_is_given_to_another_means_what_its_writer_knew(world, name, where):
    check_anew(world, name, where)


@pytest.mark.parametrize("where", ["a", "b", "both"])
def test_views_and_functions_that_are_made_anew(world, where):
    schema = f"viewed_anew_{where}"
    make(world, schema, "CREATE VIEW %s.v AS SELECT id FROM %s.t; CREATE SEQUENCE %s.s; CREATE FUNCTION %s.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';")
    anew = (f"DROP VIEW {schema}.v; DROP SEQUENCE {schema}.s; DROP FUNCTION {schema}.f(); CREATE SEQUENCE {schema}.s INCREMENT 3; "
            f"CREATE FUNCTION {schema}.f() RETURNS integer LANGUAGE sql AS 'SELECT 2'; CREATE VIEW {schema}.v AS SELECT id, n FROM {schema}.t")
    altered = (f"CREATE OR REPLACE VIEW {schema}.v AS SELECT id, note FROM {schema}.t; ALTER SEQUENCE {schema}.s INCREMENT BY 5; "
               f"CREATE OR REPLACE FUNCTION {schema}.f() RETURNS integer LANGUAGE sql AS 'SELECT 3'")
    both_at_once(world, *(anew if where in (node, "both") else altered for node in "ab"))
    check_equal(world, schema)
    assert world.a.sql(f"SELECT (SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = '{schema}.v'::regclass), {schema}.f(), "
                       f"(SELECT seqincrement FROM pg_sequence WHERE seqrelid = '{schema}.s'::regclass)") == [(["id", "n"], 2, 3)]


def test_rows_wait_with_the_ddl_of_a_table_that_is_called_otherwise_here(world):
    make(world, "waits_as", "INSERT INTO %s.t (id, note) VALUES (1, 'old');")
    both_at_once(world, "ALTER TABLE waits_as.t ADD COLUMN extra text; INSERT INTO waits_as.t (id, note, extra) VALUES (3, 'behind', 'at a')",
                 "ALTER TABLE waits_as.t RENAME note TO remark; ALTER TABLE waits_as.t RENAME TO u; ALTER TABLE waits_as.u ADD COLUMN extra integer")
    waiting = world.b.sql("SELECT table_name, op, sqlstate, row ->> 'note', row ->> 'remark' FROM tandem.parked WHERE schema_name = 'waits_as' ORDER BY id")
    assert waiting == [("t", "ddl", "TD016", None, None), ("t", "insert", "TD011", "behind", None)], world.explain()
    assert world.b.sql("SELECT id FROM waits_as.u ORDER BY id") == [(1,)]
    world.b.sql("ALTER TABLE waits_as.u ALTER extra TYPE text")
    world.settle()
    for table in ("t", "u"):
        resume(world, f"waits_as.{table}")
    check_equal(world, "waits_as")
    assert world.a.sql("SELECT id, remark, extra FROM waits_as.u ORDER BY id") == [(1, "old", None), (3, "behind", "at a")]


WAITING = {
    "insert": "INSERT INTO %s.t (id, note) VALUES (9, 'of the old one')",
    "delete": "DELETE FROM %s.t WHERE id = 1",
    "update": "UPDATE %s.t SET note = 'of the old one' WHERE id = 1",
    "truncate": "TRUNCATE %s.t",
    "copy": "INSERT INTO %s.t (id, note) SELECT i, 'of the old one' FROM generate_series(1000, 3000) AS i",
}


@pytest.mark.parametrize("kind", WAITING)
def test_what_waits_for_a_table_that_is_made_anew_is_of_the_old_one(world, kind):
    """Carried out at B while a change of A, whose statement is prepared, waits for the table's lock there."""
    schema = f"waits_{kind}"
    table = "CREATE TABLE %s.t (id integer PRIMARY KEY, note text)"
    world.a.sql(in_schema(f"CREATE SCHEMA %s; {table}; INSERT INTO %s.t VALUES (1, 'old'), (2, 'old')", schema))
    world.settle()
    world.a.sql(in_schema("INSERT INTO %s.t VALUES (3, 'old'); UPDATE %s.t SET note = 'new' WHERE id = 3; DELETE FROM %s.t WHERE id = 3", schema))
    world.settle()
    with world.b.transaction() as cursor:
        cursor.execute(in_schema(f"DROP TABLE %s.t; {table}; INSERT INTO %s.t VALUES (1, 'made anew')", schema))
        world.a.sql(in_schema(WAITING[kind], schema))
        waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tandem%%' AND wait_event_type = 'Lock'"
        wait_until(lambda: world.b.sql(waits), 20, "the applier waits", detail=world.explain)
    check_equal(world, schema)
    assert world.a.sql(f"SELECT id, note FROM {schema}.t ORDER BY id") == [(1, "made anew")]


@pytest.mark.parametrize("what", ["RENAME long TO remark", "DROP long", "RENAME long TO remark; ALTER TABLE %s.t ADD long text DEFAULT 'anew'"])
def test_what_an_update_leaves_out_is_fetched_by_the_name_that_it_has_there(world, what):
    """A's update is the later one, of a row that B has written as well: what it does not send is asked for."""
    schema = f"left_out_{what.count(';')}{what.split()[0].lower()}"
    make(world, schema, "ALTER TABLE %s.t ADD COLUMN long text; ALTER TABLE %s.t ALTER long SET STORAGE EXTERNAL; INSERT INTO %s.t (id, long) SELECT i, repeat('long' || i, 2000) FROM generate_series(1, 3) AS i;")
    world.instance.freeze()
    try:
        carry_out(world.b, schema, ["UPDATE %s.t SET long = 'short' WHERE id IN (1, 2)", f"ALTER TABLE %s.t {what}"])
        carry_out(world.a, schema, ["UPDATE %s.t SET n = n + 1 WHERE id IN (1, 3)"])
    finally:
        world.instance.thaw()
    check_equal(world, schema)
    columns = [row[0] for row in world.a.sql("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", f"{schema}.t")]
    assert ("long" in columns, "remark" in columns) == ("ADD" in what, "RENAME" in what)
    if "remark" in columns:
        assert world.b.sql(f"SELECT id, n, left(remark, 5) FROM {schema}.t ORDER BY id") == [(1, 1, "long1"), (2, 0, "short"), (3, 1, "long3")]
    if "long" in columns:
        assert world.b.sql(f"SELECT DISTINCT long FROM {schema}.t") == [("anew",)]
