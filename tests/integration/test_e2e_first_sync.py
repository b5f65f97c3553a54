"""Masters that have rows already: merged while both are written, copied where one is empty, and tables that are asked for."""

import json
import re

import pytest

from support.long_tests import LONG
from support.masters import WalOracle
from support.merged_writer import MergedWriter, merged
from support.tandem import command, node_arguments
from support.verifying import CHECK, OK, USAGE, suppressed, verify
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text, w text); ALTER TABLE item ALTER w SET STORAGE EXTERNAL"
ROWS = 1_000_000 if LONG else 2000  # of the tables that are merged while they are written


def populate(pair, rows=2000):
    """90 % equal, 4 % only here, 4 % only there, 2 % different (the newer at a, then at b)."""
    pair.a.sql(f"INSERT INTO item SELECT n, 'same', CASE WHEN n % 25 IN (0, 1, 2) THEN repeat('w', 2100) END FROM generate_series(1, {rows}) n")
    pair.b.sql(f"INSERT INTO item SELECT n, 'same', CASE WHEN n % 25 IN (0, 1, 2) THEN repeat('w', 2100) END FROM generate_series(1, {rows}) n")
    pair.a.sql("DELETE FROM item WHERE id % 25 = 1")
    pair.b.sql("DELETE FROM item WHERE id % 25 = 2")
    pair.b.sql("UPDATE item SET v = 'older at b' WHERE id % 100 = 50")
    pair.a.sql("UPDATE item SET v = 'newer at a' WHERE id % 100 = 50")
    pair.a.sql("UPDATE item SET v = 'older at a' WHERE id % 100 = 75")
    pair.b.sql("UPDATE item SET v = 'newer at b' WHERE id % 100 = 75")


def test_populated_masters_are_merged_by_version(servers):
    pair = servers.pair(SCHEMA)
    try:
        populate(pair)
        versions = pair.a.sql("SELECT pg_xact_commit_timestamp(xmin) FROM item WHERE id IN (2, 50) ORDER BY id")
        oracles = [WalOracle(database) for database in pair.both]
        instance = pair.run()
        merged(pair, instance, "item")
        pair.settle()
        pair.assert_equal("public.item")
        for database in pair.both:
            assert database.sql("SELECT v, count(*) FROM item GROUP BY v ORDER BY v") == [
                ("newer at a", 20), ("newer at b", 20), ("same", 1960)]
        assert pair.a.sql("SELECT pg_xact_commit_timestamp(xmin) FROM item WHERE id IN (2, 50) ORDER BY id") == versions
        # A copy bears the time of the batch that brought it: of one of the versions that are sent again.
        assert versions[0] <= pair.b.sql("SELECT pg_xact_commit_timestamp(xmin) FROM item WHERE id = 2")[0] <= versions[1]
        changes = [[change for change in oracle.changes() if change[0] != "public.sync_marker"] for oracle in oracles]
        assert changes == [[], []], "nobody's own writes"
        assert "table public.item: equal, 2000 rows, 200 differed" in instance.log_text()
        for oracle in oracles:
            oracle.drop()
    finally:
        pair.close()


def test_merged_while_both_are_written_and_killed_three_times(servers):
    pair = servers.pair(SCHEMA)
    try:
        populate(pair, ROWS)
        writers = [MergedWriter(database, seed, ROWS) for seed, database in enumerate(pair.both)]
        instance = pair.run(deadline=120)
        for writer in writers:
            writer.start()
        for kill in range(3):
            before = [writer.number for writer in writers]
            wait_until(lambda counts=before: all(writer.number > count + 60 for writer, count in zip(writers, counts)), 30, "writes")
            instance.kill9()
            instance = pair.run(init=kill != 1, deadline=120)
        merged(pair, instance, "item", deadline=900 if LONG else 90)
        for writer in writers:
            writer.halt.set()
            writer.join(30)
            assert writer.error is None, writer.error
        pair.settle()
        pair.assert_equal("public.item")
        gone = set().union(*(writer.deleted for writer in writers))
        for database in pair.both:
            back = database.sql("SELECT id FROM item WHERE id = ANY (%s)", sorted(gone))
            assert back == [], f"{len(back)} of {len(gone)} deleted rows are there again"
        assert verify(pair).status == OK
        assert pair.parked(pair.a) == pair.parked(pair.b) == []
    finally:
        pair.close()


@pytest.mark.parametrize("full", ["a", "b"])
def test_an_empty_table_is_filled_by_copy(servers, full):
    pair = servers.pair("CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, j jsonb, t timestamptz, "
                        "g text GENERATED ALWAYS AS (v || '!') STORED)")
    try:
        source = pair.a if full == "a" else pair.b
        source.sql("INSERT INTO item (v, j, t) SELECT E'x\\t\\\\' || n, '{\"a\": null}', now() FROM generate_series(1, 3000) n")
        source.sql("INSERT INTO item (v) VALUES (NULL)")
        oracle = WalOracle(pair.peer(source))
        instance = pair.run()
        assert re.search(rf"table public\.item: 3001 rows \([\d.]+ MB\) copied from node {full}", instance.log_text()), instance.log_tail()
        merged(pair, instance, "item")
        pair.assert_equal("public.item")
        assert oracle.changes() == [], "what was copied is not sent back"
        oracle.drop()
        source.sql("UPDATE item SET v = 'after' WHERE id = 5")
        pair.peer(source).sql("UPDATE item SET v = 'after' WHERE id = 6")
        pair.settle()
        pair.assert_equal("public.item")
    finally:
        pair.close()


@pytest.mark.parametrize("right", ["a", "b"])
def test_one_node_is_followed(servers, right):
    pair = servers.pair(SCHEMA)
    try:
        populate(pair, 500)
        instance = pair.run("--first-sync", f"from={right}")
        merged(pair, instance, "item")
        pair.assert_equal("public.item")
        kept, lost = ("a", "b") if right == "a" else ("b", "a")
        for database in pair.both:
            assert {row[0] for row in database.sql("SELECT DISTINCT v FROM item")} == {
                "same", f"newer at {kept}", f"older at {kept}"}
            assert database.value("SELECT count(*) FROM item WHERE id %% 25 = %s", 1 if right == "a" else 2) == 0
        loser = pair.b if right == "a" else pair.a
        assert len([row for row in pair.conflicts(loser) if row["type"] == "repaired"]) == 30
        assert lost != kept
    finally:
        pair.close()


def test_unique_values_of_two_rows_meet(servers):
    """R14 decides, as for every other change."""
    pair = servers.pair("CREATE TABLE person (id integer PRIMARY KEY, mail text UNIQUE)")
    try:
        pair.a.sql("INSERT INTO person VALUES (1, 'x@x'), (3, 'a@x')")
        pair.b.sql("INSERT INTO person VALUES (2, 'x@x'), (4, 'b@x')")
        instance = pair.run()
        wait_until(lambda: pair.a.sql("SELECT * FROM person ORDER BY id") == pair.b.sql("SELECT * FROM person ORDER BY id") == [
            (2, "x@x"), (3, "a@x"), (4, "b@x")], 30, "the newer one stays", detail=pair.explain)
        merged(pair, instance, "person")
    finally:
        pair.close()


def test_until_caught_up_waits_for_the_merge(servers):
    pair = servers.pair(SCHEMA)
    try:
        populate(pair, 300)
        instance = pair.tandem("--until", "caught-up").start()
        assert instance.process.wait(60) == 0, instance.log_tail()
        pair.assert_equal("public.item", deadline=1)
        told = command("snapshot", "status", *node_arguments({"a": pair.a, "b": pair.b}), "--json")
        read = json.loads(told.out)["tables"]
        assert [(each["table"], each["state"], each["why"], each["different"], each["repaired"]) for each in read] == [
            ("public.item", "done", "first sync", 30, 30)], told
    finally:
        pair.close()


def test_a_table_that_joins_later_is_merged(servers):
    pair = servers.pair(SCHEMA + "; CREATE TABLE late (id integer PRIMARY KEY, v text)")
    try:
        pair.a.sql("INSERT INTO late SELECT n, 'a' FROM generate_series(1, 100) n")
        pair.b.sql("INSERT INTO late SELECT n, 'b' FROM generate_series(51, 150) n")
        instance = pair.run("--exclude", "late")
        instance.stop()
        instance = pair.run()
        merged(pair, instance, "late")
        pair.assert_equal("public.late")
        assert pair.a.sql("SELECT v, count(*) FROM late GROUP BY v ORDER BY v") == [("a", 50), ("b", 100)]
    finally:
        pair.close()


@pytest.mark.parametrize("rows, accepted", [(("SELECT 1", "SELECT 1"), True), (("INSERT INTO item VALUES (1, 'a')", "SELECT 1"), True),
                                            (("INSERT INTO item VALUES (1, 'a')", "INSERT INTO item VALUES (2, 'b')"), False)],
                         ids=["both_empty", "target_empty", "different"])
def test_one_way_only_an_empty_target_is_filled(servers, rows, accepted):
    pair = servers.pair(SCHEMA)
    try:
        for database, statement in zip(pair.both, rows):
            database.sql(statement)
        if accepted:
            pair.run("--one-way", "a:b")
            pair.assert_equal("public.item")
            return
        instance = pair.tandem("--one-way", "a:b").start()
        assert instance.process.wait(30) == USAGE and "table public.item differs" in instance.log_text()
        instance = pair.run("--one-way", "a:b", "--first-sync", "from=a")
        merged(pair, instance, "item")
        assert pair.b.sql("SELECT id FROM item") == [(1,)]
    finally:
        pair.close()


@pytest.mark.parametrize("arguments, words", [
    (("--first-sync", "from=c"), ("from=c", "no node 'c'")), (("--first-sync", "from="), ("from=NODE",)),
    (("--first-sync", "from=b", "--one-way", "a:b"), ("--one-way a:b",))], ids=["unknown", "nothing", "against_the_way"])
def test_a_node_that_cannot_be_followed_is_refused(servers, arguments, words):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.tandem(*arguments).start()
        assert instance.process.wait(30) == USAGE and all(word in instance.log_text() for word in words), instance.log_tail()
    finally:
        pair.close()


# --- resync, snapshot ------------------------------------------------------------------------------------
@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA + "; CREATE TABLE other (id integer PRIMARY KEY)")
    pair.a.sql("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 200) n")
    pair.instance = pair.run()
    merged(pair, pair.instance, "item")
    yield pair
    pair.close()


def ask(pair, *arguments):
    return command(*arguments[:2], *node_arguments({"a": pair.a, "b": pair.b}), *arguments[2:])


def test_a_table_is_made_equal_by_command(running):
    suppressed(running.b, "UPDATE item SET v = 'drift' WHERE id = 5", "DELETE FROM item WHERE id = 6")
    done = ask(running, "table", "resync", "item", "--winner", "a")
    assert done.status == OK and re.search(r"^public\.item: done \(resync\), 200 rows, 2 differed, 2 made equal, [\d.]+ s$",
                                           done.out, re.M), done
    running.assert_equal("public.item")
    assert running.a.value("SELECT v FROM item WHERE id = 5") == "x"


def test_all_tables_are_made_equal_by_command(running):
    suppressed(running.b, "DELETE FROM item WHERE id = 6", "INSERT INTO other VALUES (1)")
    done = ask(running, "snapshot", "run", "--json")
    assert done.status == OK, done
    assert {each["table"]: each["repaired"] for each in json.loads(done.out)["tables"]} == {
        "public.item": 1, "public.other": 1, "public.sync_marker": 0}
    running.assert_equal("public.item", "public.other")
    shown = ask(running, "snapshot", "status")
    assert shown.status == OK and "public.other: done (snapshot), 1 rows, 1 differed, 1 made equal" in shown.out, shown


@pytest.mark.parametrize("late", [pytest.param("", id="briefly"), pytest.param("more than it is waited for", marks=pytest.mark.long)])
def test_nothing_is_called_equal_while_a_stream_is_late(running, late):
    """What differs may be on its way, and what does not may be lost in what is: it says so, and waits."""
    suppressed(running.b, "UPDATE item SET v = 'drift' WHERE id = 5")
    holder = running.b.connect()
    try:
        holder.cursor().execute("LOCK TABLE item IN SHARE MODE")
        running.a.sql("INSERT INTO item VALUES (1000, 'on its way')")
        running.instance.wait_state("a:b", "retrying")
        asked = ask(running, "table", "resync", "item", "--wait", "1s")
        assert asked.status == CHECK, asked
        said = "waiting until stream a:b has come up to what is compared"
        wait_until(lambda: f"resync: table public.item: {said}" in running.instance.log_text(), 30, said)
        shown = ask(running, "snapshot", "status")
        assert re.search(rf"^public\.item: running \(resync\), .*: {said}$", shown.out, re.M), shown
        if late:  # first_syncer's patience, and a little more
            wait_until(lambda: running.instance.log_text().count(said) > 31, 360, "another try")
        assert "resync: table public.item: equal" not in running.instance.log_text()
        assert not re.search("resync: .* 0 differed", running.instance.log_text())
    finally:
        holder.rollback()
        holder.close()
    wait_until(lambda: "resync: table public.item: equal, 201 rows, 1 differed" in running.instance.log_text(), 30, "equal", detail=running.explain)
    running.assert_equal("public.item")


def test_a_table_is_made_equal_when_an_instance_runs_again(running):
    running.instance.stop()
    suppressed(running.b, "DELETE FROM item WHERE id = 6")
    done = ask(running, "table", "resync", "public.item", "--wait", "1s")
    assert done.status == CHECK and "snapshot status" in done.err and "public.item: waiting" in done.out, done
    assert running.b.value("SELECT count(*) FROM item") == 199
    again = running.run()
    merged(running, again, "item")
    running.assert_equal("public.item")


@pytest.mark.parametrize("arguments, words", [
    (("table", "resync", "nothing"), ("nothing", "tandem doctor")), (("table", "resync"), ("table",)),
    (("snapshot", "run", "--winner", "c"), ("it is one of a and b",)), (("snapshot", "run", "--wait", "soon"), ("--wait", "30s"))],
    ids=["no_such_table", "no_table", "no_such_node", "no_duration"])
def test_what_cannot_be_made_equal_is_refused(running, arguments, words):
    done = ask(running, *arguments)
    assert done.status == USAGE and all(word in done.err for word in words), done


def test_snapshot_status_where_nothing_was_asked_for(servers):
    pair = servers.pair(SCHEMA)
    try:
        done = ask(pair, "snapshot", "status")
        assert (done.status, done.out) == (OK, "") and "no table was ever" in done.err, done
    finally:
        pair.close()
