"""`tandem parked list|retry|drop`: what was parked is applied again exactly once and in order, or given up, beside a
running instance and without one."""

import json
import subprocess
import threading

import pytest

from support import masters
from support.tandem import binary, command, node_arguments
from support.waiting import wait_until

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, node text, seq bigint, v text);
CREATE TABLE coded (id integer PRIMARY KEY, code text UNIQUE);
CREATE TABLE doomed (id integer PRIMARY KEY, v text);
CREATE TABLE whole (id integer PRIMARY KEY, n integer, body text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE toasted (id integer PRIMARY KEY, n integer, body text);
ALTER TABLE toasted ALTER body SET STORAGE EXTERNAL;
ALTER TABLE whole ALTER body SET STORAGE EXTERNAL;
CREATE TABLE bystander (id integer PRIMARY KEY, v text);
"""
OK, USAGE, CHECK = 0, 2, 4
NO_BAD = "ALTER TABLE item ADD CONSTRAINT no_bad CHECK (v <> 'bad')"
CURE = "ALTER TABLE item DROP CONSTRAINT no_bad"


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


@pytest.fixture
def running(pair):
    pair.instance = pair.run()
    return pair


def nodes(pair):
    return node_arguments({"a": pair.a, "b": pair.b})


def parked(pair, verb, *arguments, deadline=60):
    return command("parked", verb, *nodes(pair), *arguments, deadline=deadline)


def outcomes(done):
    """[(table, outcome, changes)] of --json."""
    return [(one["table"], one["outcome"], one["changes"]) for one in json.loads(done.out)]


def retried(pair, *arguments):
    """A retry that must go well."""
    done = parked(pair, "retry", "--json", *arguments)
    assert done.status == OK, (done, pair.explain())
    assert {outcome for _, outcome, _ in outcomes(done)} == {"applied"}, done
    return outcomes(done)


def park_bad_item(pair, key=1):
    pair.a.sql("INSERT INTO item VALUES (%s, 'a', 0, 'bad')", key)
    pair.settle()
    assert len(pair.parked(pair.b)) == 1


# --- retry ---------------------------------------------------------------------------------------------
def test_constraint_dropped_then_retried(running):
    running.b.sql(NO_BAD)
    local = masters.WalOracle(running.b)
    park_bad_item(running)
    running.b.sql(CURE)
    assert retried(running, "--direction", "a:b", "--table", "public.item", "--key", '{"id": 1}') == [
        ("public.item", "applied", 1)]
    assert running.parked(running.b) == []
    running.assert_equal("item")
    stamps = [node.value("SELECT pg_xact_commit_timestamp(xmin)::text FROM item WHERE id = 1") for node in running.both]
    assert stamps[0] == stamps[1], "the row has the version of its source transaction"
    running.a.sql("UPDATE item SET v = 'flows again' WHERE id = 1")
    running.settle()
    running.assert_equal("item")
    assert [change for change in local.changes() if "item" in change[0]] == [], "nothing echoes"
    local.drop()


def test_unique_violation_cured_by_hand(pair):
    """Each master keeps its own of two rows with one code: one is given up, the other is retried."""
    running = pair
    running.instance = running.run("--conflict", "apply-remote")
    running.instance.freeze()
    running.a.sql("INSERT INTO coded VALUES (1, 'X')")
    running.b.sql("INSERT INTO coded VALUES (100, 'X')")
    running.instance.thaw()
    running.settle()
    running.b.sql("DELETE FROM coded WHERE id = 100")
    running.settle()
    assert [row["op"] for row in running.parked(running.a)] == ["insert", "delete"]
    both = parked(running, "retry", "--all", "--json")
    assert both.status == CHECK, both
    assert sorted(outcomes(both)) == [("public.coded", "applied", 1), ("public.coded", "failing", 2)]
    assert [row["sqlstate"] for row in running.parked(running.a)] == ["23505", "TD011"]
    dropped = parked(running, "drop", "--direction", "b:a", "--table", "coded", "--yes")
    assert dropped.status == OK, dropped
    assert running.parked(running.a) == running.parked(running.b) == []
    running.assert_equal("coded")
    assert running.a.sql("SELECT * FROM coded") == [(1, "X")]


def test_queue_of_fifty_keeps_its_order_and_counts_once(pair):
    pair.instance = pair.run("--batch-rows", "1")
    pair.b.sql(NO_BAD)
    masters.audit(pair.b, "item")
    park_bad_item(pair)
    for seq in range(1, 51):
        pair.a.sql("UPDATE item SET seq = %s, v = %s WHERE id = 1", seq, f"v{seq}")
    pair.settle()
    listed = json.loads(parked(pair, "list", "--json").out)
    assert [one["behind"] for one in listed] == list(range(50, -1, -1))
    pair.b.sql(CURE)
    assert retried(pair, "--table", "item") == [("public.item", "applied", 51)]
    assert masters.audited(pair.b, True) == [("I", "a", 0)] + [("U", "a", seq) for seq in range(1, 51)]
    pair.assert_equal("item")


def test_retry_beside_load_on_the_same_key_and_on_others(pair):
    """Nothing of the key is lost, doubled or overtaken while its queue is worked off and goes on to grow."""
    pair.instance = pair.run("--batch-rows", "1")
    pair.b.sql(NO_BAD)
    masters.audit(pair.b, "item")
    park_bad_item(pair)
    pair.a.sql("INSERT INTO item SELECT i, 'other', 0, 'x' FROM generate_series(2, 5) i")
    stop = threading.Event()
    written = []

    def load():
        connection = pair.a.connect(autocommit=True)
        cursor = connection.cursor()
        while not stop.is_set():
            seq = len(written) + 1
            cursor.execute("UPDATE item SET seq = %s, v = 'x' WHERE id = 1", (seq,))
            cursor.execute("UPDATE item SET seq = %s WHERE id = %s", (seq, 2 + seq % 4))
            written.append(seq)
        connection.close()
    writer = threading.Thread(target=load)
    writer.start()
    try:
        wait_until(lambda: len(pair.parked(pair.b)) > 50, 30, "a queue", detail=pair.explain)
        refused = parked(pair, "retry", "--table", "item", "--json")
        assert refused.status == CHECK and outcomes(refused)[0][1] == "failing", refused
        pair.b.sql(CURE)
        retried(pair, "--table", "item")
        so_far = len(written)
        wait_until(lambda: len(written) > so_far + 50, 30, "more load after it")
    finally:
        stop.set()
        writer.join()
    pair.settle()
    assert pair.parked(pair.b) == []
    pair.assert_equal("item")
    seen = masters.audited(pair.b, True)
    assert [seq for op, node, seq in seen if node == "a"] == [0, *written], "each once and in order"
    others = [seq for op, node, seq in seen if node == "other" and op == "U"]
    assert others == written


def test_still_failing_stays_with_its_new_error(running):
    running.b.sql(NO_BAD)
    running.a.sql("INSERT INTO item VALUES (1, 'a', 7, 'bad'), (2, 'a', 0, 'bad')")
    running.a.sql("UPDATE item SET v = 'good', seq = 8 WHERE id = 1")
    running.settle()
    running.b.sql(CURE + "; ALTER TABLE item ADD CONSTRAINT not_eight CHECK (seq <> 8)")
    done = parked(running, "retry", "--all", "--json")
    assert done.status == CHECK, done
    told = {one["outcome"]: one for one in json.loads(done.out)}
    assert (told["applied"]["key"], told["failing"]["key"]) == ({"id": "2"}, {"id": "1"})
    assert told["failing"]["sqlstate"] == "23514" and "not_eight" in told["failing"]["reason"]
    rows = running.parked(running.b)
    assert [(row["op"], row["sqlstate"], row["asked"]) for row in rows] == [
        ("insert", "TD011", None), ("update", "23514", None)], "all of the key waits"
    assert "not_eight" in rows[1]["error"] and rows[1]["tried_at"]
    assert running.b.sql("SELECT id FROM item") == [(2,)]
    # A text answer says the same, and what comes later still waits behind it.
    again = parked(running, "retry", "--table", "item")
    assert again.status == CHECK and "failing: 23514" in again.out and "not_eight" in again.out, again
    running.a.sql("UPDATE item SET seq = 9 WHERE id = 1")
    running.settle()
    assert len(running.parked(running.b)) == 3
    running.b.sql("ALTER TABLE item DROP CONSTRAINT not_eight")
    assert retried(running, "--all") == [("public.item", "applied", 3)]
    running.assert_equal("item")


def test_keys_that_stand_in_each_others_way_go_together(running):
    """Neither of the two could be applied before the other: in source order, both can."""
    running.a.sql("INSERT INTO coded VALUES (1, 'x'), (2, 'y')")
    running.settle()
    running.b.sql("ALTER TABLE coded ADD CONSTRAINT frozen CHECK (code IN ('x', 'y')) NOT VALID")
    running.a.sql("UPDATE coded SET code = 'tmp' WHERE id = 1")
    running.b.sql("ALTER TABLE coded ADD CONSTRAINT two CHECK (id <> 2) NOT VALID")
    running.a.sql("UPDATE coded SET code = 'x' WHERE id = 2")
    running.a.sql("UPDATE coded SET code = 'y' WHERE id = 1")
    running.settle()
    assert len(running.parked(running.b)) == 3
    running.b.sql("ALTER TABLE coded DROP CONSTRAINT frozen, DROP CONSTRAINT two")
    assert retried(running, "--table", "coded") == [("public.coded", "applied", 2), ("public.coded", "applied", 1)]
    running.assert_equal("coded")


def test_a_moved_key_is_retried_with_the_keys_it_moved_between(running):
    running.a.sql("INSERT INTO item VALUES (3, 'a', 3, 'mover')")
    running.settle()
    running.b.sql(NO_BAD)
    park_bad_item(running)
    running.a.sql("DELETE FROM item WHERE id = 1")
    running.a.sql("UPDATE item SET id = 1 WHERE id = 3")
    running.a.sql("INSERT INTO item VALUES (3, 'a', 4, 'the next')")
    running.settle()
    assert running.b.sql("SELECT id, v FROM item") == [(3, "mover")], "the next 3 waits until the first has moved"
    running.b.sql(CURE)
    assert retried(running, "--table", "item", "--key", '{"id": "3"}') == [("public.item", "applied", 4)]
    running.assert_equal("item")


@pytest.mark.parametrize("table", ["whole", "toasted"])
def test_large_values_that_an_update_left_out(running, table):
    running.a.sql(f"INSERT INTO {table} VALUES (1, 1, repeat('x', 9000))")
    running.settle()
    running.b.sql(f"ALTER TABLE {table} ADD CONSTRAINT small CHECK (n < 5)")
    running.a.sql(f"UPDATE {table} SET n = 7 WHERE id = 1")
    running.settle()
    running.b.sql(f"ALTER TABLE {table} DROP CONSTRAINT small")
    retried(running, "--table", table)
    running.assert_equal(table)
    running.a.sql(f"DELETE FROM {table}")
    running.settle()
    running.assert_equal(table)


def test_a_newer_local_row_wins_against_a_retried_change(running):
    """R11: the change has the time of its source transaction, not of the retry."""
    running.a.sql("INSERT INTO item VALUES (1, 'a', 1, 'first')")
    running.settle()
    running.b.sql(NO_BAD)
    running.a.sql("UPDATE item SET v = 'bad' WHERE id = 1")
    running.settle()
    running.b.sql(CURE)
    running.b.sql("UPDATE item SET v = 'newer' WHERE id = 1")
    retried(running, "--all")
    assert running.b.sql("SELECT v FROM item") == [("newer",)]
    running.settle()
    running.assert_equal("item")
    assert [row["type"] for row in running.conflicts(running.b)] == ["update_origin_differs"]


def test_a_change_without_its_values_is_never_applied(running):
    """TD012: they did not travel; and TD013: an older version did not keep the columns' types."""
    running.b.sql(NO_BAD)
    running.a.sql("INSERT INTO item VALUES (1, 'a', 0, 'bad'), (2, 'a', 0, 'bad')")
    running.settle()
    running.b.sql("UPDATE tandem.parked SET sqlstate = 'TD012', error = 'too large' WHERE key = '{\"id\": \"1\"}'")
    running.b.sql("UPDATE tandem.parked SET shape = NULL WHERE key = '{\"id\": \"2\"}'")
    running.b.sql(CURE)
    done = parked(running, "retry", "--all", "--json")
    assert done.status == CHECK, done
    told = {one["key"]["id"]: (one["outcome"], one["sqlstate"], one["reason"]) for one in json.loads(done.out)}
    assert told["1"] == ("failing", "TD012", "too large")
    assert told["2"][:2] == ("failing", "TD013") and "by hand" in told["2"][2]
    assert running.b.sql("SELECT * FROM item") == []
    cures = [one["cure"] for one in json.loads(parked(running, "list", "--json").out)]
    assert all("by hand, then tandem parked drop --yes" in cure for cure in cures), cures


# --- whole tables --------------------------------------------------------------------------------------
def test_a_table_that_was_missing_is_filled_in_order(running):
    running.b.sql("DROP TABLE doomed")
    running.a.sql("INSERT INTO doomed SELECT i, 'x' FROM generate_series(1, 20) i")
    running.a.sql("UPDATE doomed SET v = 'y' WHERE id < 5")
    running.a.sql("DELETE FROM doomed WHERE id = 7")
    running.settle()
    done = parked(running, "retry", "--table", "doomed", "--json")
    assert done.status == CHECK and json.loads(done.out)[0]["sqlstate"] == "42P01", done
    running.b.sql("CREATE TABLE doomed (id integer PRIMARY KEY, v text)")
    assert retried(running, "--table", "doomed", "--key", '{"id": "3"}') == [("public.doomed", "applied", 25)]
    running.assert_equal("doomed")
    running.a.sql("INSERT INTO doomed VALUES (99, 'flows')")
    running.settle()
    running.assert_equal("doomed")


def test_a_parked_truncate(running):
    running.b.sql(NO_BAD)
    park_bad_item(running)
    running.a.sql("INSERT INTO item VALUES (2, 'a', 0, 'ok')")
    running.a.sql("TRUNCATE item")
    running.a.sql("INSERT INTO item VALUES (3, 'a', 0, 'after')")
    running.settle()
    assert [row["op"] for row in running.parked(running.b)] == ["insert", "truncate", "insert"]
    running.b.sql(CURE)
    assert retried(running, "--table", "item") == [("public.item", "applied", 3)]
    running.assert_equal("item")
    assert running.b.sql("SELECT id FROM item") == [(3,)]


# --- drop ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("served", [True, False], ids=["beside_an_instance", "nobody_serves"])
def test_dropped_changes_are_kept_in_conflict_and_later_ones_flow(running, served):
    running.b.sql(NO_BAD)
    running.a.sql("INSERT INTO item VALUES (1, 'a', 0, 'bad'), (2, 'a', 0, 'bad')")
    running.a.sql("UPDATE item SET seq = 1 WHERE id = 1")
    running.settle()
    if not served:
        running.instance.stop()
    done = parked(running, "drop", "--table", "item", "--key", '{"id":1}', "--yes", "--json")
    assert done.status == OK and outcomes(done) == [("public.item", "dropped", 2)], done
    kept = [(row["type"], row["key"], row["incoming"]["seq"]) for row in running.conflicts(running.b)]
    assert kept == [("parked_dropped", {"id": "1"}, "0"), ("parked_dropped", {"id": "1"}, "1")]
    assert [row["key"] for row in running.parked(running.b)] == [{"id": "2"}]
    if not served:
        running.instance.start().wait_streaming()
    running.a.sql("UPDATE item SET v = 'good', seq = 3 WHERE id = 1")
    running.settle()
    assert running.b.sql("SELECT id, v, seq FROM item") == [(1, "good", 3)]
    running.a.sql("DELETE FROM item WHERE id = 2")
    running.settle()
    assert [row["op"] for row in running.parked(running.b)] == ["insert", "delete"], "the other key still waits"


def test_one_key_of_a_whole_table_is_dropped_and_the_rest_goes_on(running):
    running.b.sql("DROP TABLE doomed")
    running.a.sql("INSERT INTO doomed VALUES (1, 'bad')")
    running.a.sql("INSERT INTO doomed VALUES (2, 'ok')")
    running.settle()
    running.b.sql("CREATE TABLE doomed (id integer PRIMARY KEY, v text CHECK (v <> 'bad'))")
    done = parked(running, "drop", "--table", "doomed", "--key", '{"id":"1"}', "--yes")
    assert done.status == OK and "1 change dropped" in done.out, done
    wait_until(lambda: running.parked(running.b) == [], 30, "the rest was retried", detail=running.explain)
    assert running.b.sql("SELECT * FROM doomed") == [(2, "ok")]


# --- interrupted, and nobody there -----------------------------------------------------------------------
def test_killed_in_the_middle_of_a_retry(pair):
    pair.instance = pair.run("--batch-rows", "1")
    pair.b.sql(NO_BAD)
    park_bad_item(pair)
    for seq in range(1, 6):
        pair.a.sql("UPDATE item SET seq = %s, v = 'ok' WHERE id = 1", seq)
    pair.settle()
    pair.b.sql(CURE)
    masters.audit(pair.b, "item")
    pair.b.sql("CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               "PERFORM pg_sleep(300); RETURN NEW; END $$; "
               "CREATE TRIGGER doze BEFORE UPDATE ON item FOR EACH ROW WHEN (NEW.seq = 3) EXECUTE FUNCTION doze(); "
               "ALTER TABLE item ENABLE ALWAYS TRIGGER doze")
    asking = subprocess.Popen([binary(), "parked", "retry", *nodes(pair), "--all"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        backend = wait_until(lambda: pair.b.value("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
                                                  "datname = current_database()"), 30, "it dozes", detail=pair.explain)
        pair.instance.kill9()
        pair.b.sql("SELECT pg_terminate_backend(%s)", backend)
        out, _ = asking.communicate(timeout=60)
    finally:
        asking.kill()
    assert asking.returncode == CHECK and "waiting: nobody serves" in out, out
    assert [row["asked"] for row in pair.parked(pair.b)] == ["retry"] * 6
    assert masters.audited(pair.b, True) == [], "all or nothing"
    pair.b.sql("DROP TRIGGER doze ON item")
    pair.instance.start().wait_streaming()
    wait_until(lambda: pair.parked(pair.b) == [], 30, "the retry is carried out", detail=pair.explain)
    assert masters.audited(pair.b, True) == [("I", "a", 0)] + [("U", "a", seq) for seq in range(1, 6)]
    pair.assert_equal("item")


def test_nobody_serves_the_direction(running):
    running.b.sql(NO_BAD)
    park_bad_item(running)
    running.instance.stop()
    running.b.sql(CURE)
    done = parked(running, "retry", "--all")
    assert done.status == CHECK and "waiting: nobody serves the direction" in done.out, done
    assert json.loads(parked(running, "list", "--json").out)[0]["asked"] == "retry"
    running.instance.start().wait_streaming()
    wait_until(lambda: running.parked(running.b) == [], 30, "carried out at the start", detail=running.explain)
    running.assert_equal("item")


def test_a_locked_row_is_waited_for(running):
    running.a.sql("INSERT INTO item VALUES (1, 'a', 0, 'first')")
    running.settle()
    running.b.sql(NO_BAD)
    running.a.sql("UPDATE item SET v = 'bad' WHERE id = 1")
    running.settle()
    running.b.sql(CURE)
    holder = running.b.connect()
    holder.cursor().execute("SELECT FROM item WHERE id = 1 FOR UPDATE")
    waiting = parked(running, "retry", "--all", "--wait", "3s")
    assert waiting.status == CHECK and "has not come to it yet" in waiting.out, waiting
    assert "waiting for the instance" in waiting.err, waiting
    running.a.sql("INSERT INTO bystander VALUES (1, 'goes on')")
    running.settle()
    holder.rollback()
    holder.close()
    wait_until(lambda: running.parked(running.b) == [], 30, "after the lock", detail=running.explain)
    running.assert_equal("item", "bystander")


# --- what is shown, and wrong arguments ------------------------------------------------------------------
def test_list_shows_everything_but_the_rows(running):
    running.b.sql(NO_BAD)
    park_bad_item(running)
    running.a.sql("UPDATE item SET v = 'later' WHERE id = 1")
    running.settle()
    rows = running.b.sql("SELECT position::text, idx, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM "
                         "tandem.parked ORDER BY id")
    done = parked(running, "list", "--json")
    assert done.status == OK, done
    shown = json.loads(done.out)
    assert [one.pop("since")[:16] for one in shown] == [row[2] for row in rows]
    expected = {"direction": "a:b", "table": "public.item", "key": {"id": "1"}, "whole_table": False, "tried_at": None,
                "asked": None}
    assert shown == [
        {**expected, "position": rows[0][0], "index": rows[0][1], "operation": "insert", "sqlstate": "23514", "behind": 1,
         "error": 'new row for relation "item" violates check constraint "no_bad"',
         "cure": "change the check constraint on node b, or the row on the source, then tandem parked retry --direction "
                 "a:b --table public.item --key '{\"id\": \"1\"}'"},
        {**expected, "position": rows[1][0], "index": rows[1][1], "operation": "update", "sqlstate": "TD011", "behind": 0,
         "error": "queued behind an earlier parked change of its key", "cure": None}]
    text = parked(running, "list", "--direction", "a:b", "--table", "item")
    assert text.status == OK and "1 behind it" in text.out and "23514" in text.out and "cure: " in text.out, text
    assert "bad," not in text.out and "later" not in text.out, "rows are the user's"
    with_rows = parked(running, "list", "--rows", "--json")
    assert [one["row"]["v"] for one in json.loads(with_rows.out)] == ["bad", "later"], with_rows
    assert '"v": "later"' in parked(running, "list", "--rows").out
    nothing = parked(running, "list", "--direction", "b:a", "--json")
    assert nothing.status == OK and json.loads(nothing.out) == [] and "nothing is parked" in nothing.err, nothing


@pytest.mark.parametrize("arguments, said", [
    (("retry",), "--all"),
    (("retry", "--key", '{"id":1}'), "--key needs --table"),
    (("retry", "--all", "--table", "item"), "exclude each other"),
    (("retry", "--table", "item", "--key", "7"), "--key"),
    (("retry", "--table", "item", "--key", '{"id":[1]}'), "--key"),
    (("retry", "--all", "--wait", "5"), "--wait"),
    (("retry", "--direction", "a-b", "--all"), "SOURCE:TARGET"),
    (("retry", "--direction", "a:c", "--all"), "SOURCE:TARGET"),
    (("list", "--direction", "b:b"), "SOURCE:TARGET"),
    (("drop", "--all"), "--yes"),
    (("list", "--tabel", "item"), "--table"),
    (("lst",), "list"),
], ids=lambda value: "-".join(value) if isinstance(value, tuple) else None)
def test_wrong_arguments(pair, arguments, said):
    done = parked(pair, *arguments)
    assert done.status == USAGE and said in done.err and done.out == "", done


def test_nothing_matches(running):
    running.b.sql(NO_BAD)
    park_bad_item(running)
    for verb in (("retry",), ("drop", "--yes")):
        for arguments in (("--table", "bystander"), ("--table", "item", "--key", '{"id": 2}'), ("--direction", "b:a")):
            done = parked(running, *verb, *arguments)
            assert done.status == CHECK and "matches" in done.err, done
    assert len(running.parked(running.b)) == 1 and running.parked(running.b)[0]["asked"] is None


def test_a_node_that_is_not_set_up(pair):
    done = parked(pair, "list")
    assert done.status == USAGE and "not set up" in done.err, done
