"""DDL on one master is carried out on the other, in the order of the stream, while both are written."""

import json
import random
import threading
import time

import pytest

from support.ddl_scripts import BASE, ONE_SIDED, SCRIPTS
from support.ddl_world import both_at_once, carry_out, check_equal, in_schema, Load, make, parked, resume, started
from support.tandem import command, node_arguments
from support.waiting import wait_until


@pytest.fixture(scope="module")
def world(servers):
    pair = started(servers)
    yield pair
    pair.close()


@pytest.mark.sampled(82)
@pytest.mark.parametrize("where, name", [(where, name) for where in ("a", "b", "both") for name in SCRIPTS
                                         if where != "both" or name not in ONE_SIDED])
def test_a_script_ends_equal(world, where, name):
    more, steps = SCRIPTS[name]
    schema = f"d_{name}_{where}"
    make(world, schema, more)
    with Load(world.a, schema, 1), Load(world.b, schema, 2):
        if where == "both":
            world.instance.freeze()
            try:
                carry_out(world.a, schema, steps)
                carry_out(world.b, schema, steps)
            finally:
                world.instance.thaw()
        else:
            carry_out(world.a if where == "a" else world.b, schema, steps)
    check_equal(world, schema)


# --- on both at once, and it does not fit

def an_update_waits_for(pair, schema, alter):
    """Carried out at B while an update of A, prepared before, waits for the table's lock there."""
    pair.a.sql(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.t (id integer PRIMARY KEY, amount integer NOT NULL, word text NOT NULL, n integer NOT NULL); "
               f"INSERT INTO {schema}.t SELECT i, i, 'word', 0 FROM generate_series(1, 3) AS i")
    pair.settle()
    for _ in range(2):  # the statement is known
        pair.a.sql(f"UPDATE {schema}.t SET n = n + 1 WHERE id = 1")
        pair.settle()
    with pair.b.transaction() as cursor:
        cursor.execute(f"ALTER TABLE {schema}.t {alter}")
        pair.a.sql(f"UPDATE {schema}.t SET n = n + 1, amount = amount + 1 WHERE id = 1")
        wait_until(lambda: pair.b.value("SELECT count(*) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation WHERE c.relname = 't' AND c.relnamespace = %s::regnamespace AND NOT l.granted", schema), 20, "the update waits")
    pair.settle()
    check_equal(pair, schema)
    return pair.a.sql(f"SELECT amount, word, n FROM {schema}.t WHERE id = 1")[0]


def test_an_update_that_waits_for_using_leaves_what_that_computed(world):
    assert an_update_waits_for(world, "waits_wide", "ALTER amount TYPE bigint USING amount * 100") == (100, "word", 3)
    assert an_update_waits_for(world, "waits_text", "ALTER amount TYPE text USING 'no. ' || amount") == ("no. 1", "word", 3)


def test_a_row_that_waits_finds_the_table_altered_and_altered_again(world):
    """Once while values go in binary form and once as text, which is what they go as behind the first."""
    make(world, "altered_twice", "ALTER TABLE %s.t ADD COLUMN x integer, ADD COLUMN y integer;")
    waits = ("SELECT count(*) = %s FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation WHERE c.relname = 't' AND "
             "c.relnamespace = 'altered_twice'::regnamespace AND NOT l.granted")
    for number, (gone, renamed) in enumerate((("note", "amount"), ("x", "y")), 1):
        world.instance.freeze()
        world.b.sql(f"ALTER TABLE altered_twice.t RENAME COLUMN {gone} TO other_{gone}")
        one, other = world.b.connect(), world.b.connect()
        one.cursor().execute(f"ALTER TABLE altered_twice.t DROP COLUMN other_{gone}")
        world.a.sql(f"INSERT INTO altered_twice.t (id, n, {gone}, {renamed}) VALUES (%s, 2, 1, 3)", number)
        world.instance.thaw()
        wait_until(lambda: world.b.value(waits, 1), 20, "the row waits")
        second = threading.Thread(target=lambda: other.cursor().execute(f"ALTER TABLE altered_twice.t RENAME COLUMN {renamed} TO new_{renamed}"))  # noqa: B023
        second.start()
        wait_until(lambda: world.b.value(waits, 2), 20, "the second ALTER waits behind it")
        one.commit()
        second.join()
        wait_until(lambda: world.b.value(waits, 1), 20, "the row waits again")
        other.commit()
        for each in (one, other):
            each.close()
        check_equal(world, "altered_twice")
    assert world.a.sql("SELECT id, n, new_amount, new_y FROM altered_twice.t ORDER BY id") == [(1, 2, 3, None), (2, 2, None, 3)]


def test_using_that_keeps_the_type_is_an_update_of_all_rows(world):
    """The older one loses, and is listed."""
    assert an_update_waits_for(world, "waits_same", "ALTER word TYPE text USING upper(word)") == (1, "WORD", 2)
    assert world.b.sql("SELECT incoming ->> 'n', existing ->> 'n', winner FROM tandem.conflict WHERE schema_name = 'waits_same'") == [("3", "2", "b")]


def test_a_schema_that_is_renamed_takes_its_tables_along(world):
    """pgoutput describes no table anew for that."""
    world.a.sql("CREATE SCHEMA named_once CREATE TABLE q (id integer PRIMARY KEY)")
    world.a.sql("INSERT INTO named_once.q VALUES (1)")
    with world.a.transaction() as cursor:
        cursor.execute("INSERT INTO named_once.q VALUES (2); ALTER SCHEMA named_once RENAME TO named_twice; INSERT INTO named_twice.q VALUES (3)")
    world.a.sql("INSERT INTO named_twice.q VALUES (4)")
    check_equal(world, "named_twice")
    world.b.sql("INSERT INTO named_twice.q VALUES (5)")
    check_equal(world, "named_twice")
    assert world.a.sql("SELECT id FROM named_twice.q ORDER BY id") == [(number,) for number in range(1, 6)]


def test_a_table_that_goes_while_its_rows_are_verified_holds_up_nobody(world):
    """Rows come from A, others are deleted at B: what has come is compared with the deletes, of a table that is gone."""
    for number in range(6):
        table = f"goes_{number}"
        world.a.sql(f"CREATE TABLE {table} (id integer PRIMARY KEY, v integer)")
        world.settle()
        world.concurrently([world.instance], (world.a, f"INSERT INTO {table} SELECT i, 0 FROM generate_series(1, 500) AS i"),
                           (world.b, f"INSERT INTO {table} SELECT i, 0 FROM generate_series(501, 1000) AS i; DELETE FROM {table} WHERE id > 600"))
        world.a.sql(f"UPDATE {table} SET v = 1 WHERE id < 400; DELETE FROM {table} WHERE id < 100")
        world.b.sql((f"DROP TABLE {table}", f"ALTER TABLE {table} RENAME COLUMN id TO number", f"ALTER TABLE {table} RENAME TO renamed_{number}")[number % 3])
        world.settle()
        for source in world.both:
            applied = world.peer(source).value("SELECT applied_lsn FROM tandem.progress WHERE stream = %s", source.node)
            wait_until(lambda: source.value("SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name LIKE 'tandem%%' "  # noqa: B023
                                            "AND database = current_database()", applied), 30, "all is verified", detail=world.explain)


def test_contradictory_columns_pause_that_table_alone(world):
    make(world, "contradiction")
    both_at_once(world, "ALTER TABLE contradiction.t ADD COLUMN x integer", "ALTER TABLE contradiction.t ADD COLUMN x text")
    for database, mine, theirs in ((world.a, "integer", "text"), (world.b, "text", "integer")):
        assert parked(database, "contradiction") == [
            ("t", "ddl", "TD016", f'column x of table contradiction.t is "x" {theirs} there and "x" {mine} here: make them equal, then '
                                  "'tandem table resume'")]
    world.a.sql("INSERT INTO contradiction.t (id, x) VALUES (1, 5); INSERT INTO contradiction.child VALUES (1, NULL, 'goes on')")
    world.b.sql("INSERT INTO contradiction.t (id, x) VALUES (2, 'five')")
    world.settle()
    assert world.b.sql("SELECT id FROM contradiction.t") == [(2,)]
    assert world.b.sql("SELECT body FROM contradiction.child") == [("goes on",)]
    assert [len(parked(database, "contradiction")) for database in world.both] == [2, 2]
    # As long as they differ nothing changes.
    refused = resume(world, "contradiction.t")
    assert refused.status == 4 and "TD016" in refused.text, refused
    world.a.sql("ALTER TABLE contradiction.t ALTER COLUMN x TYPE text")
    world.settle()
    done = resume(world, "contradiction.t")
    assert done.status in (0, 4), done  # what the later DDL has cured by itself is no longer there
    check_equal(world, "contradiction")
    assert world.b.sql("SELECT id, x FROM contradiction.t ORDER BY id") == [(1, "5"), (2, "five")]


@pytest.mark.parametrize("dropped_at", ["a", "b"])
def test_of_two_constraints_of_one_name_the_one_that_is_not_dropped_stays(world, dropped_at):
    schema = f"of_two_{dropped_at}"
    make(world, schema)
    both_at_once(world, f"ALTER TABLE {schema}.t ADD CONSTRAINT c CHECK (n < 100)", f"ALTER TABLE {schema}.t ADD CONSTRAINT c CHECK (n < 200)")
    assert [[row[:3] for row in parked(database, schema)] for database in world.both] == [[("t", "ddl", "TD016")]] * 2
    getattr(world, dropped_at).sql(f"ALTER TABLE {schema}.t DROP CONSTRAINT c")
    world.settle()
    done = resume(world, f"{schema}.t")
    assert done.status == 0, done
    check_equal(world, schema)
    assert world.b.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
                         f"{schema}.t") == ("CHECK ((n < 200))" if dropped_at == "a" else "CHECK ((n < 100))")


def test_of_what_no_row_depends_on_both_keep_the_same(world):
    make(world, "remarked", "COMMENT ON TABLE %s.t IS 'old'; ALTER TABLE %s.t SET (fillfactor = 90); COMMENT ON COLUMN %s.t.n IS 'old';")
    both_at_once(world, "COMMENT ON TABLE remarked.t IS 'of a'; ALTER TABLE remarked.t SET (fillfactor = 80); COMMENT ON COLUMN remarked.t.n IS 'z'",
                 "COMMENT ON TABLE remarked.t IS 'of b'; ALTER TABLE remarked.t SET (fillfactor = 70); COMMENT ON COLUMN remarked.t.n IS 'y'")
    check_equal(world, "remarked")
    assert world.a.sql("SELECT obj_description(oid), col_description(oid, 2), reloptions FROM pg_class WHERE oid = 'remarked.t'::regclass") == [
        ("of b", "z", ["fillfactor=80"])]


def test_what_the_peer_refuses_waits_for_its_cure(world):
    make(world, "refused")
    both_at_once(world, "ALTER TABLE refused.t ADD CONSTRAINT small CHECK (n < 100); INSERT INTO refused.t (id, n) VALUES (1, 1)",
                 "INSERT INTO refused.t (id, n) VALUES (2, 500); INSERT INTO refused.child VALUES (1, NULL, 'goes on')")
    waiting = parked(world.b, "refused")
    assert [row[:3] for row in waiting] == [("t", "ddl", "23514"), ("t", "insert", "TD011")]
    assert 'check constraint "small" of relation "t" is violated by some row' in waiting[0][3] and "ADD CONSTRAINT" in waiting[0][3]
    assert [row[:3] for row in parked(world.a, "refused")] == [("t", "insert", "23514")]
    assert world.a.sql("SELECT body FROM refused.child") == [("goes on",)]
    assert world.b.sql("SELECT id FROM refused.t") == [(2,)]
    world.b.sql("UPDATE refused.t SET n = 5 WHERE id = 2")
    world.settle()
    done = resume(world, "refused.t")
    assert done.status == 4, done  # A's row comes as it was written first
    world.a.sql("ALTER TABLE refused.t DROP CONSTRAINT small")
    world.settle()
    done = resume(world, "refused.t")
    assert done.status == 0 and "applied" in done.out, done
    check_equal(world, "refused")
    assert world.b.sql("SELECT id, n FROM refused.t ORDER BY id") == [(1, 1), (2, 5)]


def test_a_grant_on_all_tables_holds_up_only_the_one_that_cannot_have_it(world):
    make(world, "granted")
    with world.b.transaction() as cursor:
        cursor.execute("SET LOCAL tandem.origin = 'somebody'")  # as what an applier carries out: nobody is told
        cursor.execute("DROP TABLE granted.child; CREATE VIEW granted.child AS SELECT 1 AS id")
    world.a.sql("GRANT SELECT ON ALL TABLES IN SCHEMA granted TO PUBLIC; INSERT INTO granted.t (id, n) VALUES (1, 1)")
    world.settle()
    assert [row[:2] for row in parked(world.b, "granted")] == [("child", "ddl")]
    assert world.b.sql("SELECT id, n, has_table_privilege('pg_monitor', 'granted.t', 'SELECT') FROM granted.t") == [(1, 1, True)]


def test_ddl_list_tells_where_it_came_from(world):
    make(world, "listed")
    world.a.sql("ALTER TABLE listed.t ADD COLUMN told text")
    world.settle()
    shown = command("ddl", "list", *node_arguments({"a": world.a, "b": world.b}), "-n", "1")
    assert shown.status == 0, shown
    assert "node a from a  ALTER TABLE table listed.t: sent" in shown.out and "node b from a  ALTER TABLE table listed.t: applied" in shown.out, shown
    assert 'ALTER TABLE "listed"."t" ADD COLUMN "told" text' in shown.out
    read = json.loads(command("ddl", "list", *node_arguments({"a": world.a, "b": world.b}), "-n", "1", "--json").out)
    assert [(each["node"], each["from"], each["ended"], each["objects"]) for each in read] == [
        ("a", "a", "sent", ["table listed.t"]), ("b", "a", "applied", ["table listed.t"])]


def test_nothing_comes_back_and_nothing_is_looped(world):
    make(world, "once")
    before = [database.value("SELECT count(*) FROM tandem.ddl WHERE node IS NULL") for database in world.both]
    for number in range(5):
        world.a.sql(f"ALTER TABLE once.t ADD COLUMN c{number} integer")
        world.b.sql(f"CREATE TABLE once.n{number} (id integer PRIMARY KEY)")
    world.settle()
    world.settle()
    after = [database.value("SELECT count(*) FROM tandem.ddl WHERE node IS NULL") for database in world.both]
    assert [late - early for early, late in zip(before, after, strict=True)] == [5, 5]
    check_equal(world, "once")


def test_a_message_that_somebody_else_emits_is_passed_over(world):
    make(world, "forged")
    told = world.a.value("SELECT changes::text FROM tandem.ddl WHERE tag = 'CREATE TABLE' AND changes::text LIKE '%forged%' LIMIT 1")
    for content in (told.replace('"name": "t"', '"name": "forged_by_me"'), "x" * 32 + told, ""):
        world.a.sql("SELECT pg_logical_emit_message(true, 'tandem.ddl', %s)", content)
    world.settle()
    assert world.b.value("SELECT count(*) FROM pg_class WHERE relname = 'forged_by_me'") == 0
    assert world.instance.log_text().count("did not write is passed over") == 3
    check_equal(world, "forged")


def test_an_additive_alter_is_there_at_once(world):
    make(world, "quick")
    seconds = []
    with Load(world.a, "quick", 1), Load(world.b, "quick", 2):
        for number in range(10):
            began = time.monotonic()
            world.a.sql(f"ALTER TABLE quick.t ADD COLUMN c{number} integer")
            wait_until(lambda: world.b.sql("SELECT 1 FROM pg_attribute WHERE attrelid = 'quick.t'::regclass AND attname = %s", f"c{number}"),
                       10, "the column is there", every=0.005)
            seconds.append(time.monotonic() - began)
    assert sorted(seconds)[len(seconds) // 2] < 0.5, seconds
    check_equal(world, "quick")


def test_tables_that_are_left_out_stay_so(servers):
    pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
    try:
        pair.instance = pair.run("--ddl", "on", "--exclude", "public.private_*")
        pair.a.sql("CREATE TABLE private_one (id integer PRIMARY KEY); CREATE TABLE shared_one (id integer PRIMARY KEY); "
                   "INSERT INTO private_one VALUES (1); INSERT INTO shared_one VALUES (1)")
        pair.settle()
        for database in pair.both:
            assert database.sql("SELECT tablename FROM pg_publication_tables WHERE pubname = 'tandem' AND tablename LIKE '%one' ORDER BY 1") == [("shared_one",)]
        assert pair.b.value("SELECT count(*) FROM shared_one") == 1
        assert pair.b.value("SELECT to_regclass('private_one') IS NULL")
    finally:
        pair.close()


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_time(servers, seed):
    """The process dies again and again while tables are made, altered, filled and dropped."""
    pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
    try:
        instance = pair.instance = pair.run("--ddl", "on")
        pair.a.sql("CREATE SCHEMA died;" + in_schema(BASE, "died"))
        pair.settle()
        chosen = random.Random(seed)
        for number in range(8):
            one, other = chosen.sample(["a", "b"], 2)
            writer = getattr(pair, one)
            writer.sql(f"CREATE TABLE died.x{number} (id integer PRIMARY KEY, v text); INSERT INTO died.x{number} SELECT i, 'v' FROM generate_series(1, 200) i")
            getattr(pair, other).sql(f"ALTER TABLE died.t ADD COLUMN c{number} integer DEFAULT {number}; INSERT INTO died.t (id) VALUES ({number})")
            writer.sql(f"ALTER TABLE died.x{number} ADD COLUMN w integer; UPDATE died.x{number} SET w = id; DELETE FROM died.x{number} WHERE id % 3 = 0")
            instance.kill9()
            instance.start()
            if number % 2:
                instance.wait_streaming()
        instance.wait_streaming()
        check_equal(pair, "died")
    finally:
        pair.close()
