"""`tandem verify --repair` and `--apply`: what differs becomes equal, by the newer version, through the running sync."""

import json
import os
import random
import stat
import subprocess
import threading

import pytest

from support.load import EXCLUDE, Load, prepare
from support.long_tests import some
from support.masters import Servers, WalOracle
from support.pgversions import bin_dir
from support.verifying import CHECK, ENVIRONMENT, OK, USAGE, suppressed, verified, verify
from support.waiting import wait_until

SCHEMA = """CREATE TABLE item (id integer PRIMARY KEY, v text);
CREATE TABLE odd (k text, n numeric, id bigint GENERATED ALWAYS AS IDENTITY, j jsonb, b bytea, a text[], PRIMARY KEY (k, n))"""
FILL = "INSERT INTO item SELECT n, 'x' FROM generate_series(1, 100) n"


@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


def version(database, key):
    return database.value("SELECT pg_xact_commit_timestamp(xmin) FROM item WHERE id = %s", key)


def corrupted(pair, seed, count=20):
    """Rows changed, lost and added where no stream sees it; (statements that were run)."""
    chosen = random.Random(seed)
    statements = []
    for number in range(count):
        database = chosen.choice(pair.both)
        key = 1 + number * 100 + chosen.randrange(100)
        what = ("UPDATE still SET v = 'drift' || id, w = NULL WHERE id = {}", "DELETE FROM still WHERE id = {}",
                "INSERT INTO still VALUES (-{}, 'added', repeat('z', 3000))")[number % 3].format(key)
        suppressed(database, what)
        statements.append((database.node, what))
    return statements


STILL = "CREATE TABLE still (id integer PRIMARY KEY, v text, w text); ALTER TABLE still ALTER w SET STORAGE EXTERNAL"
FILL_STILL = "INSERT INTO still SELECT n, 'x', repeat('w', 2500) FROM generate_series(1, 3000) n"


@pytest.mark.parametrize("seed", some(range(3, 13), 3))
def test_twenty_corruptions_under_load_are_each_found_and_repaired(servers, seed):
    pair = servers.pair(STILL)
    try:
        prepare(pair)
        pair.run(*EXCLUDE)
        pair.a.sql(FILL_STILL)
        pair.settle()
        with Load(pair, writers=2, seed=seed) as load:
            load.until_more(50)
            what = corrupted(pair, seed)
            answer = verified(pair, *EXCLUDE, "--apply")
            still = next(table for table in answer["tables"] if table["table"] == "public.still")
            assert (still["different"], still["repaired"]) == (20, 20), (still, what)
            again = verified(pair, *EXCLUDE)
            assert sum(table["different"] for table in again["tables"]) == 0, again
        pair.settle()
        pair.assert_equal(*[f"public.{name}" for name in ("still", "item", "note", "hot", "ledger")])
        assert pair.parked(pair.a) == pair.parked(pair.b) == []
    finally:
        pair.close()


def test_the_newer_version_wins_and_stays_the_version_that_it_is(running):
    pair = running
    pair.a.sql(FILL)
    pair.settle()
    pair.instance.stop()
    pair.a.sql("ALTER TABLE item ADD note text")
    pair.b.sql("ALTER TABLE item ADD note text")
    suppressed(pair.b, "UPDATE item SET v = 'older' WHERE id = 7")
    suppressed(pair.a, "UPDATE item SET v = 'newer' WHERE id = 7")
    suppressed(pair.b, "INSERT INTO item VALUES (1001, 'only b')")
    at_a, at_b = version(pair.a, 7), version(pair.b, 1001)
    pair.run()
    done = verify(pair, "--apply")
    assert done.status == OK and "public.item: 2 rows differed" in done.out and "2 rows repaired" in done.out, done
    for database in pair.both:
        assert database.sql("SELECT id, v FROM item WHERE id IN (7, 1001) ORDER BY id") == [(7, "newer"), (1001, "only b")]
    assert (version(pair.a, 7), version(pair.b, 1001)) == (at_a, at_b)
    logged = [row for row in pair.conflicts(pair.b) if row["type"] == "repaired"]
    assert [(row["key"], row["existing"]["v"], row["winner"], row["existing_node"]) for row in logged] == [
        ({"id": 7}, "older", "a", "b")], logged
    assert pair.conflicts(pair.a) == []
    assert verify(pair).status == OK


def test_a_repair_is_no_write_of_the_node(running):
    pair = running
    pair.a.sql(FILL)
    pair.settle()
    suppressed(pair.b, "DELETE FROM item WHERE id <= 3")
    oracles = [WalOracle(database) for database in pair.both]
    assert verify(pair, "--apply").status == OK
    assert [oracle.changes() for oracle in oracles] == [[], []], "nobody's own writes"
    wait_until(lambda: pair.a.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tandem repair'") == 0,
               5, "no session of the repair is left")
    for oracle in oracles:
        oracle.drop()
    pair.assert_equal("public.item")


def test_a_winner_is_followed_in_everything(running):
    pair = running
    pair.a.sql(FILL)
    pair.settle()
    suppressed(pair.b, "UPDATE item SET v = 'wrong' WHERE id = 5", "DELETE FROM item WHERE id = 6",
               "INSERT INTO item VALUES (-1, 'wrong')")
    refused = verify(pair, "--apply", "--winner", "c")
    assert refused.status == USAGE and "it is one of a and b" in refused.err, refused
    assert verified(pair, "--apply", "--winner", "a", table="public.item")["repaired"] == 3
    for database in pair.both:
        assert database.sql("SELECT count(*), count(*) FILTER (WHERE v = 'x') FROM item") == [(100, 100)]
    assert {row["key"]["id"]: row["existing"]["v"] for row in pair.conflicts(pair.b) if row["type"] == "repaired"} == {
        5: "wrong", -1: "wrong"}


def test_one_way_a_repair_follows_the_source(servers):
    pair = servers.pair(SCHEMA)
    try:
        pair.sql(FILL)
        pair.run("--one-way", "a:b")
        pair.b.sql("DELETE FROM item WHERE id = 9")
        pair.b.sql("INSERT INTO item VALUES (500, 'at b')")
        refused = verify(pair, "--one-way", "a:b", "--apply")
        assert refused.status == USAGE and "--winner a" in refused.err, refused
        assert verify(pair, "--one-way", "a:b", "--apply", "--winner", "a").status == OK
        pair.assert_equal("public.item")
        assert pair.b.value("SELECT count(*) FROM item") == 100
    finally:
        pair.close()


def run_script(database, path):
    return subprocess.run([str(bin_dir(15) / "psql"), "-X", "-v", "ON_ERROR_STOP=1", "-f", str(path), database.uri()],
                          capture_output=True, text=True, timeout=60, check=False)


def test_the_sql_of_a_repair(running, tmp_path):
    """Both nodes run the same file; what was written since is left alone, and nothing of it is sent."""
    pair = running
    pair.a.sql(FILL)
    pair.a.sql("""INSERT INTO odd (k, n, j, b, a) SELECT 'it''s \\' || i, i / 4.0, '{"x": "\\u00e4"}', '\\x00ff', ARRAY['a"b', NULL]
                  FROM generate_series(1, 20) i""")
    pair.settle()
    suppressed(pair.b, "DELETE FROM odd WHERE n > 4", "UPDATE odd SET a = NULL, j = NULL WHERE n = 1",
               "INSERT INTO item VALUES (-1, 'only b')", "DELETE FROM item WHERE id IN (1, 2)")
    suppressed(pair.a, "UPDATE odd SET b = NULL WHERE n = 1")
    path = tmp_path / "repair.sql"
    found = verified(pair, "--repair", str(path), status=CHECK)
    assert sum(table["different"] for table in found["tables"]) == 8, found
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    pair.b.sql("INSERT INTO item VALUES (1, 'written since')")
    pair.settle()
    oracles = [WalOracle(database) for database in pair.both]
    for database in pair.both:
        done = run_script(database, path)
        assert done.returncode == 0, done
    assert [oracle.changes() for oracle in oracles] == [[], []], "it is not sent"
    assert verify(pair).status == OK
    pair.assert_equal("public.odd", "public.item")
    assert pair.a.sql("SELECT id, v FROM item WHERE id IN (-1, 1, 2) ORDER BY id") == [
        (-1, "only b"), (1, "written since"), (2, "x")]
    for oracle in oracles:
        oracle.drop()


@pytest.mark.parametrize("arguments, status, words", [
    (("--winner", "a"), USAGE, ("--repair", "--apply")),
    (("--apply", "--origin-column", "origin"), USAGE, ("--origin-column",)),
    (("--repair", "/nowhere/at/all.sql"), ENVIRONMENT, ("/nowhere/at/all.sql", "No such file")),
], ids=["winner_of_nothing", "without_origins", "no_such_folder"])
def test_what_cannot_be_repaired_is_refused(running, arguments, status, words):
    done = verify(running, *arguments)
    assert done.status == status and all(word in done.err for word in words), done


def test_a_repair_needs_a_running_sync(running):
    running.instance.stop()
    running.a.sql("INSERT INTO item VALUES (1, 'not sent')")
    done = verify(running, "--apply")
    assert done.status == ENVIRONMENT and "tandem run" in done.err, done
    assert running.b.value("SELECT count(*) FROM item") == 0


def test_two_repairs_at_once_are_one(running):
    """The second is told, instead of undoing what the first does."""
    suppressed(running.b, "INSERT INTO item VALUES (1, 'only b')")
    held = running.a.connect(autocommit=True)
    try:
        name = f"tandem_resent_{running.a.value('SELECT oid FROM pg_database WHERE datname = current_database()')}"
        with held.cursor() as cursor:
            cursor.execute("SELECT pg_replication_origin_create(%s)", (name,))
            cursor.execute("SELECT pg_replication_origin_session_setup(%s)", (name,))
        done = verify(running, "--apply")
        assert done.status == ENVIRONMENT and "another repair of node a is under way" in done.err, done
    finally:
        held.close()


def test_a_row_that_an_application_holds_is_repaired_afterwards(running):
    pair = running
    pair.a.sql(FILL)
    pair.settle()
    suppressed(pair.b, "DELETE FROM item WHERE id IN (1, 2)")
    holder = pair.a.connect()
    try:
        holder.cursor().execute("SELECT FROM item WHERE id = 1 FOR UPDATE")
        done = verify(pair, "--apply", deadline=90)
        assert done.status == CHECK and "rows repaired" not in done.out.replace("1 rows repaired", ""), done
    finally:
        holder.rollback()
        holder.close()
    assert verify(pair, "--apply").status == OK
    pair.assert_equal("public.item")


def test_a_server_that_filters_origins_lets_a_repair_through():
    """From 16 on the server leaves out what came under an origin."""
    servers = Servers("repair17", major=17)
    try:
        pair = servers.pair(SCHEMA)
        pair.run()
        pair.a.sql(FILL)
        pair.settle()
        suppressed(pair.b, "DELETE FROM item WHERE id = 3")
        suppressed(pair.a, "UPDATE item SET v = 'other' WHERE id = 4")
        done = verify(pair, "--apply")
        assert done.status == OK and "2 rows repaired" in done.out, done
        pair.assert_equal("public.item")
        pair.close()
    finally:
        servers.close()


def test_nothing_is_decided_of_what_an_ended_stream_would_bring(running):
    """The instance ends between the look at its streams and the first row: nobody knows what it would still have brought."""
    running.a.sql(FILL)
    running.settle()
    suppressed(running.b, "DELETE FROM item WHERE id = 5")
    holder = running.b.connect()
    try:
        holder.cursor().execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        answer = []
        asking = threading.Thread(target=lambda: answer.append(verify(running, "--apply", "--wait", "8s", "--json")))
        asking.start()
        wait_until(lambda: running.b.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                                           "wait_event_type = 'Lock' AND query LIKE '%%item%%' AND pid <> pg_backend_pid()"), 20,
                   "the comparison waits")
        running.instance.stop()
    finally:
        holder.rollback()
        holder.close()
    asking.join(60)
    read = json.loads(answer[0].out)
    item = next(table for table in read["tables"] if table["table"] == "public.item")
    assert answer[0].status == CHECK and (item["different"], item["undecided"], item["repaired"]) == (0, 1, 0), answer[0]
    assert "a:b" in read["streams"]["late"], read
    assert running.a.value("SELECT count(*) FROM item") == 100
