"""Crashes under load: of tandem, of either master, of single connections, and a fast shutdown.

Afterwards, without help: masters equal, no transaction lost, doubled or in part; with --batch-rows 1
every single change exactly once (tests/support/load.py holds the oracles).
"""

import json
import os
import random
import signal

import pytest

from support import load
from support.inflight import batch_in_flight
from support.waiting import wait_until

KILLS = int(os.environ.get("TANDEM_TEST_KILLS", "10"))
SEED = int(os.environ.get("TANDEM_TEST_SEED", "0")) or random.randrange(1, 1 << 30)
ROWS = int(os.environ.get("TANDEM_TEST_LOAD_ROWS", "100"))  # most rows of one transaction while killing
SHUTDOWN_SECONDS = 5.0
# Counted over a run and written out for the long tier (tests/long/main-job).
COUNTS = {"kills": 0, "in_flight": 0, "transactions": 0, "changes": 0, "seed": SEED}


@pytest.fixture(scope="module", autouse=True)
def record(request):
    yield
    path = os.environ.get("TANDEM_TEST_COUNTS")
    if path:
        with open(path, "a", encoding="utf-8") as out:
            out.write(json.dumps({request.module.__name__: COUNTS}) + "\n")


@pytest.fixture
def loaded(pair):
    load.prepare(pair, ("item", "hot"))
    return pair


def finish(pair, per_change, deadline=90):
    pair.settle(deadline=deadline)
    counts = load.check(pair, per_change)
    for key, value in counts.items():
        COUNTS[key] += value
    for database in pair.both:
        assert pair.parked(database) == []
    return counts


BATCHING = {"batched": ((), False), "one_by_one": (("--batch-rows", "1"), True)}


@pytest.mark.parametrize("batching", BATCHING)
def test_kill9_of_tandem_at_random_moments(loaded, batching):
    arguments, per_change = BATCHING[batching]
    chance = random.Random(f"{SEED}-{batching}")
    instance = loaded.run(*arguments, *load.EXCLUDE)
    landed, settled = 0, True
    with load.Load(loaded, writers=2, seed=SEED, rows=ROWS) as running:
        for _ in range(KILLS // 2):
            running.until_more(chance.randint(20, 200))
            instance.freeze()
            # A moment with nothing on its way shows little: the next one is taken instead.
            while settled and not batch_in_flight(loaded.both):
                instance.thaw()
                running.until_more(chance.randint(1, 10))
                instance.freeze()
            landed += batch_in_flight(loaded.both)
            instance.kill9()
            if chance.random() < 0.5:
                running.until_more(chance.randint(1, 100))
            instance.start()
            # Some kills come while it is still starting, most while it streams.
            settled = chance.random() < 0.9
            if settled:
                instance.wait_streaming()
    COUNTS["kills"] += KILLS // 2
    COUNTS["in_flight"] += landed
    if not instance.running:
        instance.start()
    counts = finish(loaded, per_change, deadline=300)
    assert counts["transactions"] > 100, counts
    assert landed > 0, f"none of {KILLS // 2} kills landed with a batch in flight (seed {SEED})"


@pytest.mark.parametrize("victim", ["a", "b"])
def test_kill9_of_a_postmaster(servers, loaded, victim):
    cluster = getattr(servers, victim)
    pid = loaded.run("--batch-rows", "1", *load.EXCLUDE).pid
    with load.Load(loaded, writers=2, seed=SEED) as running:
        for _ in range(2):
            running.until_more(150)
            cluster.kill9()
            cluster.start()
        running.until_more(100)
    counts = finish(loaded, per_change=True)
    assert counts["changes"] > 200
    instance = loaded._instances[-1]
    assert instance.running and instance.pid == pid, "it came through by itself"
    instance.wait_streaming()


def test_kill9_of_both_postmasters_and_tandem(servers, loaded):
    instance = loaded.run(*load.EXCLUDE)
    with load.Load(loaded, writers=1, seed=SEED) as running:
        running.until_more(100)
        servers.a.kill9()
        servers.b.kill9()
        instance.kill9()
        servers.a.start()
        servers.b.start()
        instance.start().wait_streaming()
        running.until_more(50)
    finish(loaded, per_change=False)


CUT = {
    "walsender": "SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots "
                 "WHERE database = current_database() AND slot_name LIKE 'tandem%'",
    "apply_session": "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
                     "AND application_name LIKE 'tandem%' AND backend_type = 'client backend'",
    "every_session": "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
                     "AND application_name LIKE 'tandem%'",
}


@pytest.mark.parametrize("what", CUT)
def test_cut_connections(loaded, what):
    instance = loaded.run("--batch-rows", "1", *load.EXCLUDE)
    with load.Load(loaded, writers=1, seed=SEED) as running:
        for number in range(4):
            running.until_more(40)
            database = loaded.both[number % 2]
            wait_until(lambda: database.value(CUT[what]) >= 1, 30, f"a {what} of tandem at {database.node}")
            wait_until(lambda: all(instance.direction(name)["state"] == "streaming"
                                   for name in instance.direction_names()), 60, "both stream again",
                       detail=instance.explain)
    finish(loaded, per_change=True)
    assert instance.running


def test_cut_apply_session_is_retried_not_given_up(loaded):
    """Forty cuts in a row: a direction is restarted for ever."""
    instance = loaded.run(*load.EXCLUDE)
    loaded.a.sql("INSERT INTO ledger VALUES ('before', 0, 0)")
    loaded.settle()
    cuts = 0
    while cuts < 40:
        cuts += loaded.b.value(CUT["every_session"])
        assert instance.running
    loaded.sql("INSERT INTO oracle.committed VALUES ('before', 0)")
    loaded.settle(deadline=90)
    loaded.assert_equal("ledger")


# --- shutdown of a master while tandem is connected ---------------------------------------------------
def hold_lock(pair, database):
    """A session of the application that blocks the applier at `database`; close() it to let go."""
    connection = database.connect()
    connection.cursor().execute("LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE")
    return connection


@pytest.mark.parametrize("occasion", ["idle", "under_load", "peer_blocked", "backlog"])
@pytest.mark.parametrize("victim", ["a", "b"])
def test_fast_shutdown_is_not_delayed(servers, loaded, victim, occasion):
    cluster, source = getattr(servers, victim), getattr(loaded, victim)
    instance = loaded.run(*load.EXCLUDE)
    loaded.settle()
    running = load.Load(loaded, writers=1, seed=SEED)
    lock = None
    if occasion == "under_load":
        with running:
            running.until_more(50)
            seconds = cluster.stop("fast", deadline=30)
            cluster.start()
    else:
        if occasion in ("peer_blocked", "backlog"):
            lock = hold_lock(loaded, loaded.peer(source))
            source.sql("INSERT INTO ledger VALUES ('waits', 1, 0)")
            if occasion == "backlog":
                source.sql("INSERT INTO note SELECT 'waits', i, 0 FROM generate_series(1, 50000) i")
            wait_until(lambda: loaded.peer(source).value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                "application_name LIKE 'tandem%%'"), 10, "the applier waits for the lock")
        seconds = cluster.stop("fast", deadline=30)
        cluster.start()
    if lock:
        lock.rollback()
        lock.close()
    assert seconds <= SHUTDOWN_SECONDS, f"pg_ctl stop -m fast took {seconds:.1f} s ({occasion})"
    instance.wait_streaming(deadline=60)
    loaded.settle(deadline=60)
    loaded.assert_equal("ledger", "note", "item", "hot")


def test_sigterm_ends_within_ten_seconds_under_load(loaded):
    instance = loaded.run(*load.EXCLUDE)
    with load.Load(loaded, writers=2, seed=SEED) as running:
        running.until_more(100)
        assert instance.stop(deadline=10) <= 10
        running.until_more(30)
        instance.start().wait_streaming()
    finish(loaded, per_change=False)


def test_a_second_signal_ends_at_once(loaded):
    instance = loaded.run(*load.EXCLUDE)
    lock = hold_lock(loaded, loaded.b)
    loaded.a.sql("INSERT INTO ledger VALUES ('x', 1, 0)")
    instance.process.send_signal(signal.SIGINT)
    instance.process.send_signal(signal.SIGINT)
    status = instance.process.wait(5)
    lock.close()
    assert status in (0, 130), f"ended with {status}"


def test_sync_commit_off_at_the_peer_loses_nothing_in_a_crash(servers, loaded):
    """Acknowledged to the source is only what the peer has flushed."""
    loaded.run("--peer-sync-commit", "off", *load.EXCLUDE)
    with load.Load(loaded, writers=2, seed=SEED, conflicts=False) as running:
        for cluster in (servers.b, servers.a):
            running.until_more(150)
            cluster.kill9()
            cluster.start()
    finish(loaded, per_change=False)
