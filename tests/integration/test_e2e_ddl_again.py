"""Names that DDL gives again and again, on one node or both, with rows of every generation on their way."""

import os
import signal

import pytest

from support.ddl_world import check_equal, parked, resume, started
from support.waiting import wait_until


@pytest.fixture(scope="module")
def world(servers):
    pair = started(servers)
    yield pair
    pair.close()


MADE = "CREATE TABLE %s.t (id int PRIMARY KEY, x text)"
ANEW = f"DROP TABLE %s.t; {MADE}"
APART = ["ALTER TABLE %s.t RENAME x TO y", "ALTER TABLE %s.t ADD x text"]
SWAP = "ALTER TABLE %s.t RENAME p TO tmp; ALTER TABLE %s.t RENAME q TO p; ALTER TABLE %s.t RENAME tmp TO q"
SWAP_TABLES = "ALTER TABLE %s.t RENAME TO tmp; ALTER TABLE %s.u RENAME TO t; ALTER TABLE %s.tmp RENAME TO u"

# What is there at first; what is done at a and at b, each a transaction, while nothing comes through; a question, and its answer on both.
CASES = {
    "a_constraint_of_a_column_renamed_there": ("ALTER TABLE %s.t ADD n int", ["ALTER TABLE %s.t ADD CONSTRAINT one UNIQUE (n); ALTER TABLE %s.t ADD CONSTRAINT least CHECK (n > 0 OR x = 'n'); INSERT INTO %s.t (id, n) VALUES (3, 1)"],
                                               ["ALTER TABLE %s.t RENAME n TO m; INSERT INTO %s.t (id, m) VALUES (4, 2)"], "SELECT id, m FROM %s.t ORDER BY id", [(1, None), (2, None), (3, 1), (4, 2)]),
    "an_index_of_a_table_renamed_there": ("", ["CREATE INDEX t_x ON %s.t (x) WHERE x <> 'x'", "INSERT INTO %s.t VALUES (3, 'a')"], ["ALTER TABLE %s.t RENAME TO u; ALTER TABLE %s.u RENAME x TO y; INSERT INTO %s.u VALUES (4, 'b')"],
                                          "SELECT id, y FROM %s.u ORDER BY id", [(1, "1"), (2, "2"), (3, "a"), (4, "b")]),
    "an_index_made_concurrently_while_names_are_swapped": ("", ["CREATE INDEX CONCURRENTLY t_x ON %s.t (x)", "INSERT INTO %s.t VALUES (3, 'a')"],
                                                           ["CREATE TABLE %s.fresh (LIKE %s.t INCLUDING ALL); INSERT INTO %s.fresh SELECT * FROM %s.t; ALTER TABLE %s.t RENAME TO old; ALTER TABLE %s.fresh RENAME TO t"],
                                                           "SELECT tablename, (SELECT count(*) FROM %s.old), (SELECT count(*) FROM %s.t) FROM pg_indexes WHERE schemaname = '%s' AND indexname = 't_x'", [("old", 3, 2)]),
    "an_index_of_a_column_dropped_there": ("ALTER TABLE %s.t ADD n int", ["CREATE INDEX t_n ON %s.t (n); INSERT INTO %s.t (id, n) VALUES (3, 1)", "INSERT INTO %s.t (id, n) VALUES (5, 1)"],
                                           ["ALTER TABLE %s.t DROP n; INSERT INTO %s.t VALUES (4, 'b')"], "SELECT id, x FROM %s.t ORDER BY id", [(1, "1"), (2, "2"), (3, None), (4, "b"), (5, None)]),
    "old_rows_of_several_transactions": ("", [f"{ANEW}; INSERT INTO %s.t VALUES (1, 'new')"], [f"INSERT INTO %s.t VALUES ({n}, 'old')" for n in (6, 7, 8)],
                                         "SELECT id, x FROM %s.t", [(1, "new")]),
    "old_rows_that_are_updated": ("", [f"{ANEW}; INSERT INTO %s.t VALUES (1, 'new')"], ["INSERT INTO %s.t VALUES (6, 'old')", "UPDATE %s.t SET x = 'old'"],
                                  "SELECT id, x FROM %s.t", [(1, "new")]),
    "old_rows_that_are_deleted": ("", [f"{ANEW}; INSERT INTO %s.t VALUES (1, 'new')"], ["DELETE FROM %s.t WHERE id = 1"],
                                  "SELECT id, x FROM %s.t", [(1, "new")]),
    "old_table_that_is_emptied": ("", [ANEW, "INSERT INTO %s.t VALUES (1, 'new'), (7, 'new')"], ["TRUNCATE %s.t"], "SELECT id, x FROM %s.t ORDER BY id", [(1, "new"), (7, "new")]),
    "renamed_table_that_is_emptied": ("", [f"ALTER TABLE %s.t RENAME TO old; {MADE}; INSERT INTO %s.t VALUES (1, 'new'), (9, 'new')"], ["TRUNCATE %s.t", "INSERT INTO %s.t VALUES (3, 'old')"],
                                      "SELECT 't', id FROM %s.t UNION ALL SELECT 'old', id FROM %s.old ORDER BY 1, 2", [("old", 3), ("t", 1), ("t", 9)]),
    "partition_made_anew": ("CREATE TABLE %s.p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE %s.p1 PARTITION OF %s.p FOR VALUES FROM (0) TO (100)",
                            ["DROP TABLE %s.p1; CREATE TABLE %s.p1 PARTITION OF %s.p FOR VALUES FROM (0) TO (100); INSERT INTO %s.p VALUES (1)"],
                            [f"INSERT INTO %s.p VALUES ({n})" for n in (2, 3, 4)], "SELECT id FROM %s.p", [(1,)]),
    "a_schema_made_anew": ("", [f"DROP SCHEMA %s CASCADE; CREATE SCHEMA %s; {MADE}; INSERT INTO %s.t VALUES (1, 'new')"],
                           [f"INSERT INTO %s.t VALUES ({n}, 'old')" for n in (6, 7)], "SELECT id, x FROM %s.t", [(1, "new")]),
    "dropped_and_added_by_one_command": ("", ["ALTER TABLE %s.t DROP x, ADD x text"], ["INSERT INTO %s.t VALUES (6, 'old')", "INSERT INTO %s.t VALUES (7, 'old')"],
                                         "SELECT id, x FROM %s.t ORDER BY id", [(1, None), (2, None), (6, None), (7, None)]),
    "dropped_and_added_with_index": ("CREATE INDEX t_x ON %s.t (x)", ["ALTER TABLE %s.t DROP x, ADD x text; CREATE INDEX t_x ON %s.t (x); UPDATE %s.t SET x = 'new'"], [],
                                     "SELECT id, x FROM %s.t ORDER BY id", [(1, "new"), (2, "new")]),
    "a_view_of_the_old_text": ("CREATE VIEW %s.v AS SELECT id, x FROM %s.t",
                               ["ALTER TABLE %s.t RENAME TO t0", MADE, "CREATE OR REPLACE VIEW %s.v AS SELECT id, x FROM %s.t", "INSERT INTO %s.t VALUES (5, 'new')"], [],
                               "SELECT id, x FROM %s.v", [(5, "new")]),
    "both_rename_alike": ("", ["ALTER TABLE %s.t RENAME x TO y", "INSERT INTO %s.t VALUES (4, 'a')"], ["ALTER TABLE %s.t RENAME x TO y", "INSERT INTO %s.t (id, y) VALUES (3, 'b')", "UPDATE %s.t SET y = 'b' WHERE id = 1"],
                          "SELECT id, y FROM %s.t ORDER BY id", [(1, "b"), (2, "2"), (3, "b"), (4, "a")]),
    "both_rename_alike_and_add": ("", [*APART, "INSERT INTO %s.t (id, y, x) VALUES (4, 'a', 'xa')"], [*APART, "INSERT INTO %s.t (id, y, x) VALUES (3, 'b', 'xb')"],
                                  "SELECT id, y, x FROM %s.t ORDER BY id", [(1, "1", None), (2, "2", None), (3, "b", "xb"), (4, "a", "xa")]),
    "both_rename_alike_one_adds": ("", [*APART, "INSERT INTO %s.t (id, y, x) VALUES (4, 'a', 'xa')"], [APART[0], "INSERT INTO %s.t (id, y) VALUES (3, 'b')"],
                                   "SELECT id, y, x FROM %s.t ORDER BY id", [(1, "1", None), (2, "2", None), (3, "b", None), (4, "a", "xa")]),
    "both_rename_a_table_alike_one_goes_on": ("", ["ALTER TABLE %s.t RENAME TO u", "ALTER TABLE %s.u RENAME x TO y"],
                                              ["ALTER TABLE %s.t RENAME TO u; CREATE TABLE %s.t (id int PRIMARY KEY, w int)", "INSERT INTO %s.u VALUES (5, 'b')"],
                                              "SELECT id, y FROM %s.u ORDER BY id", [(1, "1"), (2, "2"), (5, "b")]),
    "both_swap_columns": ("ALTER TABLE %s.t ADD p text; ALTER TABLE %s.t ADD q text; UPDATE %s.t SET p = 'p', q = 'q'", [f"BEGIN; {SWAP}; COMMIT", "INSERT INTO %s.t (id, p) VALUES (3, 'a')"],
                          [f"BEGIN; {SWAP}; COMMIT", "INSERT INTO %s.t (id, p) VALUES (4, 'b')"], "SELECT id, p, q FROM %s.t ORDER BY id", [(1, "q", "p"), (2, "q", "p"), (3, "a", None), (4, "b", None)]),
    "both_swap_tables": ("CREATE TABLE %s.u (id int PRIMARY KEY, y text); INSERT INTO %s.u VALUES (1, 'u')", [f"BEGIN; {SWAP_TABLES}; COMMIT", "INSERT INTO %s.u VALUES (3, 'a')"],
                         [f"BEGIN; {SWAP_TABLES}; COMMIT", "INSERT INTO %s.u VALUES (4, 'b')"], "SELECT id, x FROM %s.u ORDER BY id", [(1, "1"), (2, "2"), (3, "a"), (4, "b")]),
    "one_makes_it_anew_twice": ("", [ANEW, ANEW, "INSERT INTO %s.t VALUES (10, 'a 2')"], [ANEW, "INSERT INTO %s.t VALUES (20, 'b 1')"], "SELECT id, x FROM %s.t", [(10, "a 2")]),
    "one_renames_it_twice": ("", [f"ALTER TABLE %s.t RENAME TO t1; {MADE}", f"ALTER TABLE %s.t RENAME TO t2; {MADE}"], [f"ALTER TABLE %s.t RENAME TO t1; {MADE}; INSERT INTO %s.t VALUES (20, 'b 1')"],
                             "SELECT 't2', id FROM %s.t2 UNION ALL SELECT 't', id FROM %s.t", [("t2", 20)]),
    "one_adds_a_column_twice": ("", ["ALTER TABLE %s.t DROP x", "ALTER TABLE %s.t ADD x text", "UPDATE %s.t SET x = 'a 1'", "ALTER TABLE %s.t DROP x", "ALTER TABLE %s.t ADD x text"],
                                ["ALTER TABLE %s.t DROP x", "ALTER TABLE %s.t ADD x text", "UPDATE %s.t SET x = 'b 1' WHERE id = 2"], "SELECT id, x FROM %s.t ORDER BY id", [(1, None), (2, None)]),
    "both_rename_a_schema_and_make_it_anew": ("CREATE SCHEMA %s_s; CREATE TABLE %s_s.t (id int PRIMARY KEY); INSERT INTO %s_s.t VALUES (1)",
                                              ["ALTER SCHEMA %s_s RENAME TO %s_old", "CREATE SCHEMA %s_s; CREATE TABLE %s_s.t (id int PRIMARY KEY); INSERT INTO %s_s.t VALUES (10); INSERT INTO %s_old.t VALUES (11)"],
                                              ["INSERT INTO %s_s.t VALUES (2)", "ALTER SCHEMA %s_s RENAME TO %s_old", "CREATE SCHEMA %s_s; CREATE TABLE %s_s.t (id int PRIMARY KEY); INSERT INTO %s_s.t VALUES (20)"],
                                              "SELECT 'new', id FROM %s_s.t UNION ALL SELECT 'old', id FROM %s_old.t ORDER BY 1, 2", [("new", 10), ("new", 20), ("old", 1), ("old", 2), ("old", 11)]),
}


def frozen(world, schema, before, at_a, at_b):
    world.a.sql(f"CREATE SCHEMA {schema}; {MADE}; INSERT INTO %s.t VALUES (1, '1'), (2, '2'); {before}".replace("%s", schema))
    world.settle()
    world.instance.freeze()
    try:
        for database, steps in ((world.a, at_a), (world.b, at_b)):
            for step in steps:
                database.sql(step.replace("%s", schema))
    finally:
        world.instance.thaw()
    world.settle()


@pytest.mark.sampled(40)
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_each_generation_has_its_rows(world, name, mirrored):
    before, at_a, at_b, question, answer = CASES[name]
    schema = f"g_{name}_{'b' if mirrored else 'a'}"
    frozen(world, schema, before, *((at_b, at_a) if mirrored else (at_a, at_b)))
    assert [parked(database, schema) for database in world.both] == [[], []], world.explain()
    check_equal(world, schema)
    for database in world.both:
        assert database.sql(question.replace("%s", schema)) == answer, (database.node, world.explain())


def test_two_names_for_one_column_pause_also_where_another_has_the_old_name(world):
    frozen(world, "apart", "", APART, ["ALTER TABLE %s.t RENAME x TO z", "ALTER TABLE %s.t ADD x text"])
    for database, theirs, own in ((world.a, "z", "y"), (world.b, "y", "z")):
        waiting = database.sql("SELECT table_name, op, error FROM tandem.parked WHERE schema_name = 'apart' ORDER BY id LIMIT 1")
        assert waiting == [("t", "ddl", f"column x of table apart.t was renamed to {theirs} there, and to {own} here: give it one name, then 'tandem table resume'")], world.explain()
        assert database.sql(f"SELECT {own}, x FROM apart.t WHERE id = 1") == [("1", None)]


def test_two_names_for_one_table_pause_also_where_another_has_the_old_name(world):
    frozen(world, "tables_apart", "", *([f"ALTER TABLE %s.t RENAME TO {node}1; {MADE}; INSERT INTO %s.t VALUES ({number}, 'new')"] for node, number in (("a", 10), ("b", 20))))
    for database, theirs, own, number in ((world.a, "b1", "a1", 10), (world.b, "a1", "b1", 20)):
        waiting = database.sql("SELECT table_name, op, error FROM tandem.parked WHERE schema_name = 'tables_apart' ORDER BY id LIMIT 1")
        assert waiting == [("t", "ddl", f"table tables_apart.t was renamed to table tables_apart.{theirs} there and to tables_apart.{own} here: give it one name, then 'tandem table resume'")]
        assert database.sql("SELECT id FROM tables_apart.t") == [(number,)]


CURES = {
    "type": "ALTER TABLE %s.t ALTER p TYPE int USING p::int",
    "default": "ALTER TABLE %s.t ALTER p DROP DEFAULT, ALTER p TYPE int USING p::int, ALTER p SET DEFAULT 5",
    "drop": "ALTER TABLE %s.t DROP p",
    "drop_and_add": "ALTER TABLE %s.t DROP p; ALTER TABLE %s.t ADD p int",
    "rename": "ALTER TABLE %s.t RENAME p TO p2",
}


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize("name", CURES)
def test_a_contradiction_that_is_cured_on_one_side_ends_equal(world, name, writes):
    schema = f"cured_{name}_{'w' if writes else 'n'}"
    frozen(world, schema, "", ["ALTER TABLE %s.t ADD p int" + (" DEFAULT 5" if name == "default" else "")], ["ALTER TABLE %s.t ADD p text" + (" DEFAULT '4'" if name == "default" else "")])
    assert [database.sql("SELECT op FROM tandem.parked WHERE schema_name = %s", schema) for database in world.both] == [[("ddl",)]] * 2
    if writes:
        world.a.sql(f"UPDATE {schema}.t SET p = 6 WHERE id = 1")
        world.b.sql(f"INSERT INTO {schema}.t (id, x, p) VALUES (3, 'b', '7'); UPDATE {schema}.t SET p = '8' WHERE id = 2")
        world.settle()
    world.b.sql(CURES[name].replace("%s", schema))
    world.settle()
    resumed = resume(world, f"{schema}.t")
    assert resumed.status == 0, resumed
    world.settle()
    assert [parked(database, schema) for database in world.both] == [[], []], world.explain()
    check_equal(world, schema)


def test_an_update_between_two_rewrites_is_not_taken_back(world):
    """A default that only one node can find, another type from the other: what the second one rewrote at the first is no news to its peer."""
    schema = "two_rewrites"
    world.a.sql(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.k (id int PRIMARY KEY, n int); INSERT INTO {schema}.k SELECT g, g FROM generate_series(1, 100) g")
    world.settle()
    sender = world.a.value("SELECT active_pid FROM pg_replication_slots WHERE database = current_database() AND slot_name LIKE 'tandem%%'")
    os.kill(sender, signal.SIGSTOP)
    try:
        world.a.sql(f"ALTER TABLE {schema}.k ADD COLUMN r double precision DEFAULT random()")
        world.b.sql(f"ALTER TABLE {schema}.k ALTER n TYPE bigint")
        wait_until(lambda: world.a.value("SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'n'", f"{schema}.k") == "bigint",
                   20, "the type is there", detail=world.explain)
        world.settle(world.b)
        wait_until(lambda: world.a.value("SELECT count(*) FROM tandem.rewriter WHERE again IS NOT NULL") == 0, 20, "all that is to be sent again was")
        world.b.sql(f"UPDATE {schema}.k SET n = 1000 WHERE id = 1")
        wait_until(lambda: world.a.value(f"SELECT n FROM {schema}.k WHERE id = 1") == 1000, 20, "it has come")
    finally:
        os.kill(sender, signal.SIGCONT)
    world.settle()
    check_equal(world, schema)
    assert [database.value(f"SELECT n FROM {schema}.k WHERE id = 1") for database in world.both] == [1000, 1000]
