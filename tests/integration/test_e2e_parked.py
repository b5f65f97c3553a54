"""What cannot be applied is parked by name with its key; later changes of that key queue behind it,
and everything else goes on."""

import json

import pytest

from support import masters
from support.tandem import command, node_arguments
from support.waiting import wait_until

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, v text, n integer);
CREATE TABLE coded (id integer PRIMARY KEY, code text UNIQUE, n integer);
CREATE TABLE doomed (id integer PRIMARY KEY, v text);
CREATE TABLE "Mixed Key" ("Key One" integer, "key,two" text, v text, PRIMARY KEY ("Key One", "key,two"));
CREATE TABLE bystander (id integer PRIMARY KEY, v text);
"""
REFUSALS = {  # what makes node b refuse the row (1, 'bad', 7), and the SQLSTATE it does so with
    "check": ("ALTER TABLE item ADD CHECK (v <> 'bad')", "23514"),
    "check_other_column": ("ALTER TABLE item ADD CHECK (n <> 7)", "23514"),
    "generated": ("ALTER TABLE item ADD g integer GENERATED ALWAYS AS (1 / (n - 7)) STORED", "22012"),
    "trigger": ("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.v = 'bad' THEN "
                "RAISE EXCEPTION 'not here' USING ERRCODE = 'TT001'; END IF; RETURN NEW; END $$; "
                "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION refuse(); "
                "ALTER TABLE item ENABLE ALWAYS TRIGGER refuse", "TT001"),
    "exclusion": ("INSERT INTO item VALUES (-1, 'bad', 7); ALTER TABLE item ADD EXCLUDE USING btree (v WITH =) WHERE (v = 'bad')",
                  "23P01"),
}


@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


def summary(pair, database):
    """[(table, operation, key as text)] of what is parked at this master, in order."""
    return [(row["table_name"], row["op"][0].upper(), {name: str(value) for name, value in (row["key"] or {}).items()})
            for row in pair.parked(database)]


def settle_around(pair):
    """Everything that can be applied has been."""
    pair.settle()
    pair.instance.wait_streaming()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_refused_row_is_parked_and_its_key_queues(running, refusal):
    statement, sqlstate = REFUSALS[refusal]
    running.b.sql(statement)
    with running.a.transaction() as cursor:
        cursor.execute("INSERT INTO item VALUES (1, 'bad', 7), (2, 'ok', 1)")
        cursor.execute("INSERT INTO bystander VALUES (1, 'same transaction')")
    settle_around(running)
    assert summary(running, running.b) == [("item", "I", {"id": "1"})]
    parked = running.parked(running.b)[0]
    assert parked["sqlstate"] == sqlstate and parked["error"], parked
    assert (parked["stream"], parked["schema_name"]) == ("a", "public")
    assert str(parked["row"]["v"]) == "bad" and str(parked["row"]["n"]) == "7"
    assert running.b.sql("SELECT v FROM item WHERE id = 2") == [("ok",)]
    assert running.b.sql("SELECT v FROM bystander") == [("same transaction",)]

    # Applied on its own this update would do no harm: it must not overtake the insert.
    running.a.sql("UPDATE item SET v = 'no', n = 2 WHERE id = 1")
    running.a.sql("UPDATE item SET n = 3 WHERE id = 2")
    running.a.sql("DELETE FROM item WHERE id = 1")
    settle_around(running)
    assert summary(running, running.b) == [("item", "I", {"id": "1"}), ("item", "U", {"id": "1"}),
                                           ("item", "D", {"id": "1"})]
    assert running.b.sql("SELECT id, n FROM item WHERE id > 0") == [(2, 3)]
    assert running.instance.direction("a:b")["parked"] == 3
    assert "item" in running.instance.log_text() and sqlstate in running.instance.log_text()


def test_people_are_shown_the_first_of_what_waits(running):
    """A table's worth of changes behind one that is refused is no reading; JSON has them all."""
    running.b.sql("ALTER TABLE item ADD CHECK (v <> 'bad')")
    running.a.sql("INSERT INTO item VALUES (1, 'bad', 0)")
    for n in range(1, 16):
        running.a.sql("UPDATE item SET n = %s WHERE id = 1", (n,))
    settle_around(running)
    words = command("parked", "list", *node_arguments({"a": running.a, "b": running.b}))
    lines = words.out.splitlines()
    heads = [line for line in lines if " behind it" in line and line.startswith("a:b")]
    assert words.status == 0 and len(heads) == 11 and ", 15 behind it" in heads[0], words
    assert lines[-1].startswith("a:b public.item {\"id\"") and lines[-1].endswith(": 5 more wait behind these; --json shows all"), words
    told = command("parked", "list", *node_arguments({"a": running.a, "b": running.b}), "--json")
    assert len(json.loads(told.out)) == 16


def test_queue_behind_a_parked_key_survives_kill9(running):
    running.b.sql(REFUSALS["check"][0])
    running.a.sql("INSERT INTO item VALUES (1, 'bad', 7)")
    settle_around(running)
    running.instance.kill9()
    running.a.sql("UPDATE item SET v = 'no' WHERE id = 1")
    running.instance.start()
    settle_around(running)
    assert summary(running, running.b) == [("item", "I", {"id": "1"}), ("item", "U", {"id": "1"})]
    assert running.b.sql("SELECT * FROM item") == []


def test_update_that_is_refused(running):
    """The row exists at b; only its new version is refused. The old one stays until it is dealt with."""
    running.a.sql("INSERT INTO item VALUES (1, 'fine', 1), (2, 'fine', 1)")
    running.settle()
    running.b.sql(REFUSALS["check"][0])
    running.a.sql("UPDATE item SET v = 'bad' WHERE id = 1")
    running.a.sql("UPDATE item SET n = 9")
    settle_around(running)
    assert summary(running, running.b) == [("item", "U", {"id": "1"}), ("item", "U", {"id": "1"})]
    assert running.b.sql("SELECT * FROM item ORDER BY id") == [(1, "fine", 1), (2, "fine", 9)]


def test_key_update_of_a_parked_key_takes_the_queue_along(running):
    running.b.sql(REFUSALS["check"][0])
    running.a.sql("INSERT INTO item VALUES (1, 'bad', 7)")
    running.a.sql("UPDATE item SET id = 5 WHERE id = 1")
    running.a.sql("UPDATE item SET v = 'later' WHERE id = 5")
    running.a.sql("INSERT INTO item VALUES (6, 'free', 0)")
    settle_around(running)
    operations = [operation for _, operation, _ in summary(running, running.b)]
    assert operations == ["I", "U", "U"], running.parked(running.b)
    assert running.b.sql("SELECT id FROM item") == [(6,)]


@pytest.mark.parametrize("bad", [1, 3, 200])
def test_many_refused_among_a_thousand(running, bad):
    """Bisected, however many: exactly the bad rows are parked, in one transaction with the good ones."""
    running.b.sql(REFUSALS["check"][0])
    with running.a.transaction() as cursor:
        cursor.execute("INSERT INTO item SELECT i, CASE WHEN i %% (1000 / %s) = 0 THEN 'bad' ELSE 'ok' END, i "
                       "FROM generate_series(1, 1000) i", (bad,))
        cursor.execute("INSERT INTO bystander VALUES (1, 'with them')")
    settle_around(running)
    parked = [key["id"] for _, _, key in summary(running, running.b)]
    expected = [str(row[0]) for row in running.a.sql("SELECT id FROM item WHERE v = 'bad' ORDER BY id")]
    assert len(expected) == bad and parked == expected
    assert running.b.value("SELECT count(*) FROM item") == 1000 - bad
    assert running.b.value("SELECT count(*) FROM bystander") == 1


def test_quoted_composite_key_is_told_whole(running):
    running.b.sql('ALTER TABLE "Mixed Key" ADD CHECK (v <> \'bad\')')
    running.a.sql("INSERT INTO \"Mixed Key\" VALUES (1, 'x,\"y', 'bad'), (1, 'z', 'ok')")
    settle_around(running)
    assert summary(running, running.b) == [("Mixed Key", "I", {"Key One": "1", "key,two": 'x,"y'})]
    assert running.b.sql('SELECT "key,two" FROM "Mixed Key"') == [("z",)]


def test_secondary_unique_violation(running):
    """Without commit times nobody is newer: each keeps its own, and says so."""
    running.instance.stop()
    running.instance = running.run("--conflict", "apply-remote")
    running.instance.freeze()
    running.a.sql("INSERT INTO coded VALUES (1, 'X', 0), (2, 'free a', 0)")
    running.b.sql("INSERT INTO coded VALUES (100, 'X', 0), (200, 'free b', 0)")
    running.instance.thaw()
    settle_around(running)
    assert summary(running, running.b) == [("coded", "I", {"id": "1"})]
    assert summary(running, running.a) == [("coded", "I", {"id": "100"})]
    assert running.parked(running.b)[0]["sqlstate"] == "23505"
    assert running.a.sql("SELECT id FROM coded ORDER BY id") == [(1,), (2,), (200,)]
    assert running.b.sql("SELECT id FROM coded ORDER BY id") == [(2,), (100,), (200,)]


def test_values_moving_between_keys_are_no_violation(running):
    """Grouping would make a false collision of this; in source order there is none."""
    running.a.sql("INSERT INTO coded SELECT i, 'c' || i, 0 FROM generate_series(1, 20) i")
    running.settle()
    with running.a.transaction() as cursor:
        cursor.execute("UPDATE coded SET code = 'tmp' WHERE id = 1")
        for key in range(2, 21):
            cursor.execute("UPDATE coded SET code = %s WHERE id = %s", (f"c{key - 1}", key))
        cursor.execute("UPDATE coded SET code = 'c20' WHERE id = 1")
    settle_around(running)
    running.assert_equal("coded")
    assert running.parked(running.b) == []


def test_table_dropped_at_the_peer(running):
    running.a.sql("INSERT INTO doomed VALUES (1, 'x')")
    running.settle()
    running.b.sql("DROP TABLE doomed")
    with running.a.transaction() as cursor:
        cursor.execute("INSERT INTO doomed VALUES (2, 'y')")
        cursor.execute("INSERT INTO bystander VALUES (1, 'goes on')")
    running.a.sql("UPDATE doomed SET v = 'z' WHERE id = 1")
    settle_around(running)
    assert running.b.sql("SELECT v FROM bystander") == [("goes on",)]
    assert [(table, operation) for table, operation, _ in summary(running, running.b)] == [("doomed", "I"), ("doomed", "U")]
    assert running.parked(running.b)[0]["sqlstate"] == "42P01"
    # Still so after a restart, and the other way and the other tables are not touched by it.
    running.instance.kill9()
    running.a.sql("INSERT INTO doomed VALUES (3, 'w')")
    running.instance.start().wait_streaming()
    settle_around(running)
    running.b.sql("INSERT INTO bystander VALUES (2, 'from b')")
    settle_around(running)
    running.assert_equal("bystander")


def test_column_dropped_at_the_peer(running):
    running.b.sql("ALTER TABLE item DROP n")
    running.a.sql("INSERT INTO item VALUES (1, 'x', 5)")
    running.a.sql("INSERT INTO bystander VALUES (1, 'goes on')")
    settle_around(running)
    assert running.b.sql("SELECT v FROM bystander") == [("goes on",)]
    assert summary(running, running.b) == [("item", "I", {"id": "1"})]
    assert running.parked(running.b)[0]["sqlstate"] == "42703"


def test_an_error_of_the_table_parks_all_of_it(running):
    """No other row of the table would do better: the first one names the cause, the rest queue behind it."""
    running.b.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                  "RAISE EXCEPTION 'not yours' USING ERRCODE = '42501'; END $$; "
                  "CREATE TRIGGER refuse BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION refuse(); "
                  "ALTER TABLE item ENABLE ALWAYS TRIGGER refuse")
    with running.a.transaction() as cursor:
        cursor.execute("INSERT INTO item VALUES (1, 'x', 1), (2, 'y', 2)")
        cursor.execute("INSERT INTO bystander VALUES (1, 'goes on')")
    running.a.sql("INSERT INTO item VALUES (3, 'z', 3)")
    settle_around(running)
    assert [(row["sqlstate"], row["whole_table"]) for row in running.parked(running.b)] == [
        ("42501", True), ("TD011", False), ("TD011", False)]
    assert running.b.sql("SELECT v FROM bystander") == [("goes on",)]


def test_type_changed_at_the_peer(running):
    """Not the same type any more: the table stops by name, as it would at the next start."""
    running.b.sql("ALTER TABLE item ALTER v TYPE varchar(2)")
    running.a.sql("INSERT INTO item VALUES (1, 'bad', 7)")
    running.a.sql("INSERT INTO bystander VALUES (1, 'goes on')")
    settle_around(running)
    assert running.b.sql("SELECT v FROM bystander") == [("goes on",)]
    assert summary(running, running.b) == [("item", "I", {"id": "1"})]
    assert "public.item" in running.instance.log_text()


def test_transient_failures_are_never_parked(running):
    """A lock, a cut session and a deadlock are no properties of the row."""
    holder = running.b.connect(options="-c deadlock_timeout=10ms")
    holder.cursor().execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
    running.a.sql("INSERT INTO item VALUES (1, 'x', 1)")

    def cut():
        return running.b.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                               "AND application_name LIKE 'tandem%%' AND datname = current_database()")
    for _ in range(3):
        wait_until(cut, 20, "a waiting apply session was cut")
    holder.rollback()
    holder.close()
    settle_around(running)
    running.assert_equal("item")
    assert running.parked(running.b) == []


def test_out_of_disk_quota_is_retried(running):
    """Class 53 is the server's trouble, not the row's: retried until it passes."""
    running.b.sql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                  "RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$; "
                  "CREATE TRIGGER full_disk BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION full_disk(); "
                  "ALTER TABLE item ENABLE ALWAYS TRIGGER full_disk")
    running.a.sql("INSERT INTO item VALUES (1, 'x', 1)")
    wait_until(lambda: running.instance.state("a:b") == "retrying", 20, "it retries", detail=running.instance.explain)
    assert "no space" in running.instance.direction("a:b")["reason"]
    running.b.sql("DROP TRIGGER full_disk ON item")
    running.settle(deadline=60)
    running.assert_equal("item")
    assert masters.rows_as_dicts(running.b, "SELECT * FROM tandem.parked") == []


def test_what_came_before_the_bad_change_of_its_key_is_applied(running):
    running.b.sql(REFUSALS["check"][0])
    with running.a.transaction() as cursor:
        cursor.execute("INSERT INTO item VALUES (1, 'good', 1), (2, 'good', 2)")
        cursor.execute("UPDATE item SET v = 'bad' WHERE id = 1")
        cursor.execute("UPDATE item SET n = 9 WHERE id = 1")
    settle_around(running)
    assert running.b.sql("SELECT id, v, n FROM item ORDER BY id") == [(1, "good", 1), (2, "good", 2)]
    assert summary(running, running.b) == [("item", "U", {"id": "1"}), ("item", "U", {"id": "1"})]
    assert [row["sqlstate"] for row in running.parked(running.b)] == ["23514", "TD011"]


@pytest.mark.parametrize("restart", [False, True], ids=["at_once", "after_kill9"])
def test_truncate_queues_behind_what_is_parked(running, restart):
    running.b.sql(REFUSALS["check"][0])
    running.a.sql("INSERT INTO item VALUES (1, 'bad', 7), (2, 'ok', 7)")
    settle_around(running)
    if restart:
        running.instance.kill9()
        running.instance.start().wait_streaming()
    running.a.sql("INSERT INTO bystander VALUES (1, 'x')")
    running.a.sql("TRUNCATE item, bystander")
    running.a.sql("INSERT INTO item VALUES (3, 'ok', 7); INSERT INTO bystander VALUES (2, 'y')")
    settle_around(running)
    assert [(table, operation) for table, operation, _ in summary(running, running.b)] == [
        ("item", "I"), ("item", "T"), ("item", "I")]
    assert running.b.sql("SELECT id FROM item") == [(2,)], "emptied when its queue is"
    assert running.b.sql("SELECT id FROM bystander") == [(2,)]


def test_truncate_that_is_refused_parks_its_table(running):
    running.b.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                  "RAISE EXCEPTION 'not here' USING ERRCODE = 'TT001'; END $$; "
                  "CREATE TRIGGER refuse BEFORE TRUNCATE ON item FOR EACH STATEMENT EXECUTE FUNCTION refuse(); "
                  "ALTER TABLE item ENABLE ALWAYS TRIGGER refuse")
    running.a.sql("INSERT INTO item VALUES (1, 'x', 1)")
    running.a.sql("TRUNCATE item")
    running.a.sql("INSERT INTO item VALUES (2, 'x', 1); INSERT INTO bystander VALUES (1, 'goes on')")
    settle_around(running)
    assert [(table, operation) for table, operation, _ in summary(running, running.b)] == [
        ("item", "T"), ("item", "I")]
    assert running.parked(running.b)[0]["sqlstate"] == "TT001"
    assert running.b.sql("SELECT v FROM bystander") == [("goes on",)]


def test_truncate_of_a_table_that_cannot_be_written_is_carried_out(running):
    running.b.sql("INSERT INTO item VALUES (1, 'x', 1)")
    running.settle()
    running.b.sql("ALTER TABLE item DROP n")
    running.a.sql("TRUNCATE item")
    settle_around(running)
    assert running.b.sql("SELECT * FROM item") == []
    running.a.sql("INSERT INTO item VALUES (2, 'y', 2)")
    settle_around(running)
    assert summary(running, running.b) == [("item", "I", {"id": "2"})]
