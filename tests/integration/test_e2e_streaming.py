"""Large transactions arrive in blocks while they are open and take effect when they commit, whole."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from support import load, masters
from support.tandem import command, node_arguments
from support.waiting import wait_until

# 15: whatever is larger than 64 kB; 17: every transaction, change by change.
STREAMING = {15: {"logical_decoding_work_mem": "64kB"}, 17: {"debug_logical_replication_streaming": "immediate"}}
SCHEMA = """
CREATE TABLE many (id integer PRIMARY KEY, v integer, body text);
CREATE TABLE small (id integer PRIMARY KEY);
"""
FILL = "INSERT INTO many SELECT i, 0, repeat('x', 200) FROM generate_series(%s, %s) i"
MB = 1 << 20


@pytest.fixture(scope="module", params=STREAMING, ids=lambda major: f"pg{major}")
def servers(request):
    both = masters.Servers(f"streaming{request.param}", major=request.param, settings=STREAMING[request.param])
    yield both
    both.close()


def spooled(instance, direction="a:b"):
    return instance.direction(direction)["spool_bytes"]


def wait_spooled(instance, least):
    wait_until(lambda: spooled(instance) >= least, 30, f"{least} bytes kept aside", detail=instance.explain)


def test_nothing_leaves_before_the_commit_and_then_all(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        with pair.a.transaction() as cursor:
            cursor.execute(FILL, (1, 5000))
            wait_spooled(instance, MB)
            shown = command("status", "--url", f"http://127.0.0.1:{instance.port}")
            assert re.search(r"large transactions still open: \d\.\d MiB kept aside", shown.out), shown
            pair.a.sql("INSERT INTO small VALUES (1)")
            pair.settle(pair.a)  # what commits meanwhile passes by
            assert pair.b.value("SELECT count(*) FROM small") == 1
            assert pair.b.value("SELECT count(*) FROM many") == 0
            cursor.execute(FILL, (5001, 10_000))
            cursor.execute("UPDATE many SET v = 1 WHERE id % 3 = 0")
            cursor.execute("DELETE FROM many WHERE id % 7 = 0")
        pair.settle(pair.a)
        assert pair.b.value("SELECT count(*) FROM many") == 10_000 - 10_000 // 7
        pair.assert_equal()
        wait_until(lambda: spooled(instance) == 0, 10, "the file given back")
        assert instance.direction("b:a")["captured"] == 0, "nothing came back"
    finally:
        pair.close()


@pytest.mark.sampled(6)
@pytest.mark.parametrize("case, steps, left", [
    ("to_a_savepoint", ["SAVEPOINT s", (5001, 9000), "ROLLBACK TO s", (9001, 9100)], 5100),
    ("to_the_same_again", ["SAVEPOINT s", (5001, 6000), "ROLLBACK TO s", (5001, 6000), "ROLLBACK TO s",
                           (5001, 5010)], 5010),
    ("of_an_outer_one", ["SAVEPOINT s", (5001, 6000), "SAVEPOINT t", (6001, 7000), "RELEASE t", (7001, 8000),
                         "ROLLBACK TO s", (8001, 8002)], 5002),
    ("of_an_inner_one", ["SAVEPOINT s", (5001, 6000), "SAVEPOINT t", (6001, 7000), "ROLLBACK TO t", "RELEASE s",
                         (7001, 8000)], 7000),
    ("released", ["SAVEPOINT s", (5001, 6000), "RELEASE s", "SAVEPOINT t", (6001, 7000), "RELEASE t"], 7000),
    ("with_a_shape_of_its_own", ["SAVEPOINT s", "ALTER TABLE many REPLICA IDENTITY FULL", "UPDATE many SET v = 5",
                                 (5001, 6000), "ROLLBACK TO s", "UPDATE many SET v = v + 1"], 5000),
    ("shape_that_stays", ["SAVEPOINT s", (5001, 6000), "ROLLBACK TO s", "ALTER TABLE many REPLICA IDENTITY FULL",
                          "UPDATE many SET v = v + 2", "DELETE FROM many WHERE id > 4990"], 4990),
    ("before_the_first_row_of_a_table", ["SAVEPOINT s", "INSERT INTO small VALUES (7)", (5001, 6000), "ROLLBACK TO s",
                                         "INSERT INTO small VALUES (8)"], 5000),
], ids=lambda value: value if isinstance(value, str) else "")
def test_rolled_back_subtransactions_vanish(servers, case, steps, left):
    pair = servers.pair(SCHEMA)
    try:
        pair.run()
        with pair.a.transaction() as cursor:
            cursor.execute(FILL, (1, 5000))
            for step in steps:
                cursor.execute(*((step,) if isinstance(step, str) else (FILL, step)))
        pair.settle(pair.a)
        assert pair.a.value("SELECT count(*) FROM many") == left, case
        pair.assert_equal()
        assert pair.parked(pair.b) == []
    finally:
        pair.close()


def test_a_rolled_back_transaction_vanishes(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        connection = pair.a.connect()
        connection.cursor().execute(FILL, (1, 20_000))
        wait_spooled(instance, 4 * MB)
        connection.rollback()
        connection.close()
        pair.settle(pair.a)
        wait_until(lambda: spooled(instance) == 0, 10, "the file given back", detail=instance.explain)
        assert pair.b.value("SELECT count(*) FROM many") == 0
        pair.a.sql(FILL, 1, 10)
        pair.settle(pair.a)
        pair.assert_equal()
    finally:
        pair.close()


def test_several_open_at_once_commit_in_their_order(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        sessions = [pair.a.connect() for _ in range(6)]
        for part in range(4):
            for number, session in enumerate(sessions):
                first = number * 10_000 + part * 1000
                session.cursor().execute(FILL, (first + 1, first + 1000))
        wait_spooled(instance, 4 * MB)
        for number in (3, 1, 5, 0):
            sessions[number].cursor().execute("UPDATE many SET v = %s WHERE id > %s AND id < %s",
                                              (number, number * 10_000, number * 10_000 + 9000))
            sessions[number].commit()
        sessions[2].rollback()
        pair.settle(pair.a)
        assert pair.b.value("SELECT count(*) FROM many") == 16_000
        sessions[4].commit()
        pair.settle(pair.a)
        pair.assert_equal()
        for session in sessions:
            session.close()
    finally:
        pair.close()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("end", ["kill9", "stop", "master"])
def test_an_open_one_survives_a_restart(servers, end):
    """Positions behind its first blocks have been confirmed; the server sends it again from its start."""
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        with pair.a.transaction() as cursor:
            cursor.execute(FILL, (1, 5000))
            wait_spooled(instance, MB)
            behind = pair.a.value("SELECT pg_current_wal_lsn()")
            for number in range(20):
                pair.a.sql("INSERT INTO small VALUES (%s)", number)
            pair.settle(pair.a)
            wait_until(lambda: pair.a.value("SELECT confirmed_flush_lsn > %s FROM pg_replication_slots WHERE slot_name "
                                            "LIKE 'tandem%%' AND database = current_database()", behind),
                       20, "a position behind the first blocks confirmed")
            if end == "master":
                pair.servers.b.kill9()
                pair.servers.b.start()
                instance.wait_streaming(deadline=60)
            else:
                getattr(instance, end)()
                instance.start()
                instance.wait_streaming(deadline=60)
            cursor.execute(FILL, (5001, 6000))
        pair.settle(pair.a, deadline=60)
        assert pair.b.value("SELECT count(*) FROM many") == 6000
        pair.assert_equal()
    finally:
        pair.close()


@pytest.mark.sampled(1)
def test_a_load_with_kill9(servers):
    pair = servers.pair()
    try:
        load.prepare(pair, ("item", "hot"))
        instance = pair.run("--batch-rows", "1", *load.EXCLUDE, deadline=60)
        with load.Load(pair, writers=2, rows=150) as running:
            for victim in (instance, servers.a, instance, servers.b, instance):
                goal = running.transactions + 40
                wait_until(lambda: running.transactions > goal, 60, "40 transactions")
                victim.kill9()
                victim.start()
                instance.wait_streaming(deadline=60)
        pair.settle(deadline=120)
        counts = load.check(pair, per_change=True)
        assert counts["transactions"] >= 200 and pair.parked(pair.a) == pair.parked(pair.b) == []
    finally:
        pair.close()


def test_skip_passes_over_one_without_reading_it(servers):
    pair = servers.pair(SCHEMA)
    try:
        pair.a.sql("SELECT pg_create_logical_replication_slot('ends', 'test_decoding')")
        pair.run().stop()
        pair.a.sql("INSERT INTO small VALUES (1)")
        pair.a.sql(FILL, 1, 5000)
        position = pair.a.sql("SELECT lsn FROM pg_logical_slot_get_changes('ends', NULL, NULL) "
                              "WHERE data LIKE 'COMMIT%'")[-1][0]
        pair.a.sql("INSERT INTO small VALUES (2)")
        done = command("skip", *node_arguments({"a": pair.a, "b": pair.b}), "--direction", "a:b", "--position", position)
        assert done.status == 0, done
        again = pair.run()
        pair.settle(pair.a)
        assert pair.b.sql("SELECT id FROM small ORDER BY id") == [(1,), (2,)]
        assert pair.b.value("SELECT count(*) FROM many") == 0
        assert f"passed over the transaction at {position} (it came in blocks)" in again.log_text()
    finally:
        pair.a.sql("SELECT pg_drop_replication_slot('ends')")
        pair.close()


def test_streaming_off_receives_it_whole(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run("--streaming", "off", "--spool-dir", "/nowhere")
        with pair.a.transaction() as cursor:
            cursor.execute(FILL, (1, 5000))
            pair.a.sql("INSERT INTO small VALUES (1)")
            pair.settle(pair.a)
            assert spooled(instance) == 0
        pair.settle(pair.a)
        pair.assert_equal()
    finally:
        pair.close()


def test_a_folder_that_cannot_be_used_is_named_at_the_start(servers):
    pair = servers.pair(SCHEMA)
    try:
        said = command("run", "--init", *node_arguments({"a": pair.a, "b": pair.b}), "--listen", "off",
                       "--spool-dir", "/nowhere/at/all")
        assert said.status == 2, said
        for words in ("folder for large transactions", "found /nowhere/at/all: No such file or directory",
                      "make it, or name another one (--spool-dir), or set --streaming off"):
            assert words in said.err, said
        for database in pair.both:
            assert pair.slot(database) is None, "refused before anything was created"
            assert database.sql("SELECT 1 FROM pg_namespace WHERE nspname = 'tandem'") == []
    finally:
        pair.close()


@pytest.mark.parametrize("fault", ["folder_gone", "disk_full"])
def test_without_room_it_comes_whole(servers, fault):
    """Said once; the stream starts again without blocks, and nothing is lost."""
    pair = servers.pair(SCHEMA)
    folder = pathlib.Path(servers.workspace.path) / f"spool_{pair.name}"
    folder.mkdir()
    try:
        instance = pair.run("--spool-dir", str(folder))
        if fault == "folder_gone":
            shutil.rmtree(folder)
        else:  # as a full disk answers: a part is written, then nothing
            subprocess.run(["prlimit", "--pid", str(instance.pid), "--fsize=100000"], check=True)
        pair.a.sql(FILL, 1, 5000)
        pair.settle(pair.a, deadline=60)
        pair.assert_equal()
        cause, cure = {"folder_gone": ("No such file", "make it"), "disk_full": ("File too large", "ulimit -f")}[fault]
        said = "large transactions come from the server when they have committed"
        # 17 sends b's bookkeeping in blocks too, so the other way may say the same of itself.
        [warning] = [text for text in instance.status()["warnings"] if text.startswith("a -> b: ")]
        for text in (instance.log_text(), warning,
                     command("status", "--url", f"http://127.0.0.1:{instance.port}").out):
            for words in ("a -> b: ", said, str(folder), cause, cure):
                assert words in text, text
        pair.a.sql(FILL, 5001, 10_000)
        pair.settle(pair.a)
        pair.assert_equal()
        assert os.path.exists(f"/proc/{instance.pid}")
    finally:
        pair.close()
