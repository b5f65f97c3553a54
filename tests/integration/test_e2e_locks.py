"""An application that blocks or deadlocks with the applier is never the victim (R8)."""

import random
import threading

import psycopg2
import pytest

from support.waiting import wait_until

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, v integer, who text);
INSERT INTO item SELECT i, 0, '-' FROM generate_series(1, 50) i;
CREATE TABLE other (id integer PRIMARY KEY, v integer);
INSERT INTO other SELECT i, 0 FROM generate_series(1, 50) i;
"""
BLOCKED = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tandem%%' "
           "AND cardinality(pg_blocking_pids(pid)) > 0")


RETRIES = "tries again until it can"
GAVE_UP = "canceling statement due to lock timeout"


def wait_applier_blocked(servers, database):
    """The applier gives up and retries within deadlock_timeout, so being blocked comes and goes: the log keeps it."""
    log = getattr(servers, database.node)
    before = log.log_text().count(GAVE_UP)
    wait_until(lambda: database.value(BLOCKED) or log.log_text().count(GAVE_UP) > before, 20,
               f"the applier waits for a lock at {database.node}", every=0.005)


@pytest.mark.parametrize("deadlock_timeout", ["1s", "100ms", "10ms"])
def test_deadlock_with_the_applier(servers, deadlock_timeout):
    """The application holds row 2 and wants row 1; the applier has row 1 and waits for row 2."""
    pair = servers.pair(SCHEMA)
    try:
        pair.b.sql(f"ALTER DATABASE \"{pair.name}\" SET deadlock_timeout = '{deadlock_timeout}'")
        pair.run()
        application = pair.b.connect()
        with application, application.cursor() as cursor:
            cursor.execute("UPDATE item SET v = v + 100, who = 'b' WHERE id = 40")
            with pair.a.transaction() as at_a:
                at_a.execute("UPDATE item SET v = 1, who = 'a' WHERE id <= 45")
            wait_applier_blocked(servers, pair.b)
            cursor.execute("UPDATE item SET v = v + 100, who = 'b' WHERE id = 1")
        application.close()
        pair.settle()
        pair.assert_equal("item")
        # The application committed last: its two rows win on both masters, the rest is a's.
        assert pair.a.sql("SELECT count(*), sum(v) FROM item WHERE who = 'b'") == [(2, 200)]
        assert pair.a.value("SELECT count(*) FROM item WHERE who = 'a'") == 43
    finally:
        pair.close()


def test_the_application_is_not_kept_waiting_by_a_blocked_applier(servers):
    """While the applier waits for row 40 it does not sit on the other rows of its batch for long."""
    pair = servers.pair(SCHEMA)
    try:
        pair.run()
        holder = pair.b.connect()
        holder.cursor().execute("SELECT * FROM item WHERE id = 40 FOR UPDATE")
        pair.a.sql("UPDATE item SET v = 1, who = 'a'")
        wait_applier_blocked(servers, pair.b)
        application = pair.b.connect(options="-c lock_timeout=5s")
        for key in range(1, 11):
            with application, application.cursor() as cursor:
                cursor.execute("UPDATE item SET v = v + 100, who = 'b' WHERE id = %s", (key,))
        holder.rollback()
        holder.close()
        application.close()
        pair.settle()
        pair.assert_equal("item")
        assert pair.a.value("SELECT count(*) FROM item WHERE who = 'b'") == 10
    finally:
        pair.close()


def test_many_sessions_in_random_lock_order(servers):
    """Applications lock in ascending key order among themselves, so any deadlock would be the applier's doing."""
    pair = servers.pair(SCHEMA)
    victims = []
    halt = threading.Event()

    def work(database, number):
        chance = random.Random(f"{database.node}{number}")
        connection = database.connect(options="-c deadlock_timeout=20ms")
        try:
            while not halt.is_set():
                first, second = sorted(chance.sample(range(1, 51), 2))
                with connection, connection.cursor() as cursor:
                    cursor.execute("UPDATE item SET v = v + 1, who = %s WHERE id = %s", (database.node, first))
                    cursor.execute("UPDATE item SET v = v + 1, who = %s WHERE id = %s", (database.node, second))
                    cursor.execute("UPDATE other SET v = v + 1 WHERE id = %s", (51 - second,))
        except psycopg2.Error as error:
            victims.append(error)
        finally:
            connection.close()
    try:
        pair.run()
        threads = [threading.Thread(target=work, args=(database, number), daemon=True)
                   for database in pair.both for number in range(2)]
        for thread in threads:
            thread.start()
        halt.wait(6)  # how long the load lasts
        halt.set()
        for thread in threads:
            thread.join(30)
        assert not victims, victims[0]
        pair.settle(deadline=60)
        pair.assert_equal("item", "other")
    finally:
        halt.set()
        pair.close()


@pytest.mark.parametrize("lock", ["ACCESS EXCLUSIVE", "EXCLUSIVE", "SHARE"])
def test_table_lock_released_later(servers, lock):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        holder = pair.b.connect()
        holder.cursor().execute(f"LOCK TABLE item IN {lock} MODE")
        pair.a.sql("UPDATE item SET v = 7")
        wait_until(lambda: RETRIES in instance.log_text(), 20, "the reason is told", detail=instance.explain)
        holder.rollback()
        holder.close()
        pair.settle()
        pair.assert_equal("item")
        assert pair.parked(pair.b) == [] and instance.state("a:b") == "streaming"
        said = [line for line in instance.log_text().splitlines() if RETRIES in line]
        assert len(said) == 1 and "lock timeout" in said[0] and '"level":"warn"' in said[0], said
    finally:
        pair.close()


def test_waiting_is_done_without_an_open_transaction(servers):
    """Between its attempts the applier holds nothing: vacuum's horizon moves on."""
    pair = servers.pair(SCHEMA)
    try:
        pair.run()
        holder = pair.b.connect()
        holder.cursor().execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        pair.a.sql("UPDATE item SET v = 7")
        wait_applier_blocked(servers, pair.b)
        first = pair.b.value("SELECT coalesce(min(xact_start), clock_timestamp()) FROM pg_stat_activity "
                           "WHERE application_name LIKE 'tandem%%'")
        wait_until(lambda: pair.b.value(
            "SELECT coalesce(min(xact_start), 'infinity') > %s FROM pg_stat_activity "
            "WHERE application_name LIKE 'tandem%%'", first), 10, "the attempt was ended")
        holder.rollback()
        holder.close()
        pair.settle()
    finally:
        pair.close()


def test_an_old_snapshot_at_the_target_does_not_lengthen_the_way_to_its_row(pair):
    """Somebody's dump: no version of the row of tandem.progress can go, and none of them is passed again for each batch."""
    pair.sql("CREATE TABLE item (id integer PRIMARY KEY, v text)")
    instance = pair.run("--batch-rows", "1")
    scans = "SELECT coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relid = 'tandem.progress'::regclass"
    holder = pair.b.connect()
    holder.autocommit = False
    with holder, holder.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM item")
        before = pair.b.value(scans)
        for number in range(1000):
            pair.a.sql("INSERT INTO item VALUES (%s, 'x')", number)
        pair.settle()
        applied = instance.direction("a:b")["batches"]
        assert applied >= 900, applied
        wait_until(lambda: pair.b.value("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relid = 'tandem.progress'::regclass") >= 900, 15, "they are counted")
        assert pair.b.value(scans) - before < applied / 3, "most batches have gone to it directly"
    holder.close()
