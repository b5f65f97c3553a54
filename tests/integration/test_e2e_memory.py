"""Memory stays bounded by what is on the wire and by --queue-bytes; a stalled peer stops nothing."""

import contextlib
import os
import signal

import pytest

from support.long_tests import LONG
from support.waiting import holds_for, wait_until

SETTINGS = {"wal_sender_timeout": "2s", "max_wal_size": "4GB", "logical_decoding_work_mem": "64MB"}
MB = 1 << 20
ROWS = int(os.environ.get("TANDEM_TEST_LARGE_TRANSACTION", "500000"))
STALL_SECONDS = 20
SCHEMA = """
CREATE TABLE large (id integer PRIMARY KEY, v text, b bytea);
CREATE TABLE many (id bigint PRIMARY KEY, room integer, body text);
"""


def walsender(pair, source):
    return pair.slot(source)["active_pid"]


def test_a_64_mb_value(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        pair.a.sql("INSERT INTO large (id, v) VALUES (1, repeat('0123456789abcdef', 4 * 1024 * 1024))")
        pair.settle(pair.a, deadline=120)
        pair.assert_equal("large", deadline=30)
        wire = 64 * MB
        peak = instance.rss_peak()
        assert peak <= 64 * MB + 6 * wire, f"peak {peak / MB:.0f} MB for a value of {wire / MB:.0f} MB on the wire"
        # The next small change needs no trace of it, and an update leaves it where it is.
        pair.b.sql("UPDATE large SET b = '\\x00' WHERE id = 1")
        pair.settle(deadline=60)
        pair.assert_equal("large", deadline=30)
    finally:
        pair.close()


def test_a_large_transaction(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        pair.a.sql("INSERT INTO many SELECT i, i % 100, 'body of an ordinary length number ' || i "
                   f"FROM generate_series(1, {ROWS}) i")
        pair.settle(pair.a, deadline=1200)
        peak = instance.rss_peak()
        assert peak <= 128 * MB, f"peak {peak / MB:.0f} MB for one transaction of {ROWS} rows"
        assert pair.b.value("SELECT count(*) FROM many") == ROWS
        pair.b.sql("DELETE FROM many")
        pair.settle(pair.b, deadline=1200)
        assert instance.rss_peak() <= 128 * MB
        assert pair.a.value("SELECT count(*) FROM many") == 0
    finally:
        pair.close()


def test_a_transaction_that_comes_in_blocks_waits_in_a_file(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        with pair.a.transaction() as cursor:
            cursor.execute("INSERT INTO many SELECT i, i % 100, repeat('x', 300) FROM generate_series(1, 400000) i")
            wait_until(lambda: instance.direction("a:b")["spool_bytes"] > 50 * MB, 60, "50 MB kept aside",
                       detail=instance.explain)
        pair.settle(pair.a, deadline=120)
        peak = instance.rss_peak()
        assert peak <= 128 * MB, f"peak {peak / MB:.0f} MB"
        assert pair.b.value("SELECT count(*) FROM many") == 400_000
    finally:
        pair.close()


@pytest.mark.parametrize("arguments", [
    ("--queue-bytes", "2MiB", "--batch-bytes", "1MiB"), ("--batch-rows", "200000", "--batch-bytes", "16MiB"),
    ("--queue-bytes", "1MiB", "--batch-bytes", "512KiB", "--batch-rows", "1")], ids=["small_queue", "large_batches", "one_by_one"])
@pytest.mark.parametrize("careful", [False, True], ids=["batches", "source_order"])
def test_a_transaction_larger_than_the_queue_goes_on(servers, arguments, careful):
    """The queue is full before a batch is: neither side waits for the other."""
    pair = servers.pair(SCHEMA)
    rows = 30_000 if careful else 200_000
    try:
        pair.run(*arguments)
        if careful:
            pair.b.sql("ALTER TABLE many ADD CHECK (room <> 7)")
        with pair.a.transaction() as cursor:
            cursor.execute("INSERT INTO many SELECT i, 0, 'x' FROM generate_series(1, %s) i", (rows,))
            cursor.execute("INSERT INTO many VALUES (0, %s, 'x')", (7 if careful else 8,))
        pair.settle(pair.a, deadline=120)
        assert pair.b.value("SELECT count(*) FROM many") == rows + (0 if careful else 1)
        assert len(pair.parked(pair.b)) == (1 if careful else 0)
    finally:
        pair.close()


def test_a_backlog_behind_a_stalled_peer_is_bounded(servers):
    """300 MB wait behind a lock; the queue holds --queue-bytes of them and the server the rest."""
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run("--queue-bytes", "16MiB", "--batch-bytes", "2MiB")
        holder = pair.b.connect()
        holder.cursor().execute("LOCK TABLE many IN ACCESS EXCLUSIVE MODE")
        for part in range(60):
            pair.a.sql("INSERT INTO many SELECT i, 0, repeat('x', 1000) FROM generate_series(%s, %s) i",
                       part * 5000, part * 5000 + 4999)
        sender = walsender(pair, pair.a)
        holds_for(lambda: walsender(pair, pair.a) == sender, 5, "the stream is kept")
        assert instance.rss_peak() <= 128 * MB, f"{instance.rss_peak() / MB:.0f} MB"
        holder.rollback()
        holder.close()
        pair.settle(deadline=120)
        pair.assert_equal("many")
        assert instance.rss_peak() <= 128 * MB, f"{instance.rss_peak() / MB:.0f} MB"
    finally:
        pair.close()


@pytest.mark.parametrize("stall", ["lock", "frozen_session"] if LONG else ["lock"])
def test_wal_sender_timeout_survives_a_stalled_peer(servers, stall):
    """wal_sender_timeout=2s, the peer stalled 20 s with data waiting: the same walsender serves on."""

    pair = servers.pair(SCHEMA)
    frozen = None
    holder = None
    try:
        instance = pair.run()
        pair.a.sql("INSERT INTO many VALUES (0, 0, 'first')")
        pair.settle()
        sender = walsender(pair, pair.a)
        if stall == "lock":
            holder = pair.b.connect()
            holder.cursor().execute("LOCK TABLE many IN ACCESS EXCLUSIVE MODE")
        else:
            frozen = pair.b.sql("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                                "application_name LIKE 'tandem%%' AND backend_type = 'client backend'")
            assert frozen
            for (pid,) in frozen:
                os.kill(pid, signal.SIGSTOP)
        for part in range(20):
            pair.a.sql("INSERT INTO many SELECT i, 0, repeat('y', 1000) FROM generate_series(%s, %s) i",
                       part * 5000 + 1, part * 5000 + 5000)
        holds_for(lambda: walsender(pair, pair.a) == sender, STALL_SECONDS, "one walsender throughout")
        if holder:
            holder.rollback()
        thaw(frozen)
        pair.settle(deadline=60)
        pair.assert_equal("many")
        assert walsender(pair, pair.a) == sender
        assert "terminating walsender process due to replication timeout" not in servers.a.log_text()
        assert instance.direction("a:b")["state"] == "streaming"
    finally:
        thaw(frozen)
        if holder:
            holder.close()
        pair.close()


def thaw(frozen):
    for (pid,) in frozen or ():
        with contextlib.suppress(ProcessLookupError):  # tandem had it ended and took another
            os.kill(pid, signal.SIGCONT)


def test_lag_is_told_while_the_peer_is_stalled(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        holder = pair.b.connect()
        holder.cursor().execute("LOCK TABLE many IN ACCESS EXCLUSIVE MODE")
        pair.a.sql("INSERT INTO many SELECT i, 0, 'x' FROM generate_series(1, 20000) i")
        wait_until(lambda: instance.direction("a:b")["lag_bytes"] > 500_000
                   and instance.direction("a:b")["lag_seconds"] > 1.0, 20, "lag in bytes and seconds",
                   detail=instance.explain)
        holder.rollback()
        holder.close()
        pair.settle()
        wait_until(lambda: instance.direction("a:b")["lag_seconds"] < 1.0, 20, "lag gone", detail=instance.explain)
    finally:
        pair.close()
