"""A break in the chain of changes stops its direction and names the interval; nothing else does."""

import re

import pytest

from support import masters
from support.long_tests import LONG, some
from support.waiting import holds_for, wait_until

SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text)"
LSN = re.compile(r"\b[0-9A-F]{1,8}/[0-9A-F]{1,8}\b")


def number(lsn):
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def reached(pair, source):
    """Everything before this position of `source` is known at its peer."""
    progress = pair.progress(source)
    return max(progress["applied_lsn"], progress["safe_lsn"], progress["start_lsn"], key=number)


def wal_end(database):
    return database.value("SELECT pg_current_wal_flush_lsn()")


def confirmed(pair, source):
    return pair.slot(source)["confirmed_flush_lsn"]


def assert_gap(pair, instance, direction, low=None, high=None):
    """State gap, a reason that names the interval from `low` to at least `high`, and not ready."""
    told = instance.wait_state(direction, "gap")
    named = [number(lsn) for lsn in LSN.findall(told["reason"])]
    assert len(named) >= 2, f"the interval is not named: {told['reason']}"
    if low:
        assert number(low) in named, f"{low} is not named: {told['reason']}"
    if high:
        assert max(named) >= number(high), f"up to {high}: {told['reason']}"
    code, body = instance.get("/readyz?verbose")
    assert code == 503 and direction in body, (code, body)
    assert told["reason"].split(":")[0] in instance.log_text(), "said in the log as well"
    return told


def assert_stays_stopped(pair, instance, direction, source, target):
    """A gap is never skipped: what is written now does not arrive, and the state stays."""
    source.sql("INSERT INTO item VALUES (900, 'after the gap') ON CONFLICT DO NOTHING")
    holds_for(lambda: instance.state(direction) == "gap"
              and not target.value("SELECT 1 FROM item WHERE id = 900"), 3, f"{direction} stays stopped")


def running_pair(servers, *arguments):
    pair = servers.pair(SCHEMA)
    instance = pair.run(*arguments)
    pair.a.sql("INSERT INTO item VALUES (1, 'one')")
    pair.settle(*([pair.a] if arguments else []))
    return pair, instance


# --- the slot ------------------------------------------------------------------------------------------
def drop_slot(pair, slot):
    pair.a.sql("SELECT pg_drop_replication_slot(%s)", slot)
    pair.a.sql("INSERT INTO item VALUES (2, 'in the gap')")


def recreate_slot(pair, slot):
    drop_slot(pair, slot)
    pair.a.sql("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", slot)


def advance_slot(pair, slot):
    pair.a.sql("INSERT INTO item VALUES (2, 'in the gap')")
    pair.a.sql("SELECT pg_replication_slot_advance(%s, pg_current_wal_lsn())", slot)


def advance_slot_by_one_transaction(pair, slot):
    pair.a.sql("INSERT INTO item VALUES (2, 'in the gap')")
    end = wal_end(pair.a)
    pair.a.sql("INSERT INTO item VALUES (3, 'still there')")
    pair.a.sql("SELECT pg_replication_slot_advance(%s, %s)", slot, end)


def read_slot_by_hand(pair, slot):
    pair.a.sql("INSERT INTO item VALUES (2, 'in the gap')")
    pair.a.sql("SELECT count(*) FROM pg_logical_slot_get_binary_changes(%s, NULL, NULL, 'proto_version', '1', "
               "'publication_names', 'tandem')", slot)


BREAKS = (drop_slot, recreate_slot, advance_slot, advance_slot_by_one_transaction, read_slot_by_hand)


@pytest.mark.parametrize("break_it, init", [(each, init) for each in BREAKS for init in (False, True)
                                            if LONG or not init or each is drop_slot])
def test_slot_touched_while_away(servers, break_it, init):
    pair, instance = running_pair(servers)
    try:
        instance.stop()
        low = reached(pair, pair.a)
        break_it(pair, pair.slot(pair.a)["slot_name"])
        high = confirmed(pair, pair.a) if pair.slot(pair.a) else wal_end(pair.a)

        second = pair.tandem(init=init).start()
        assert_gap(pair, second, "a:b", low, high)
        assert_stays_stopped(pair, second, "a:b", pair.a, pair.b)
        second.wait_state("b:a", "streaming")
        pair.b.sql("INSERT INTO item VALUES (500, 'the other way goes on')")
        pair.settle(pair.b)
        assert pair.a.value("SELECT v FROM item WHERE id = 500") == "the other way goes on"
        # The same answer after one more restart.
        second.stop()
        assert_gap(pair, pair.tandem(init=init).start(), "a:b")
    finally:
        pair.close()


def test_slot_that_the_server_gave_up(servers):
    """max_slot_wal_keep_size: the state is lost, and what to do is said."""
    pair, instance = running_pair(servers)
    admin = servers.a.database("postgres")
    try:
        instance.stop()
        admin.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
        admin.sql("SELECT pg_reload_conf()")

        def given_up():
            pair.a.sql("INSERT INTO item SELECT n, 'x' FROM generate_series(10, 20) n ON CONFLICT (id) DO UPDATE SET v = 'y'")
            admin.sql("SELECT pg_switch_wal()")
            admin.sql("CHECKPOINT")
            return pair.slot(pair.a)["wal_status"] == "lost"
        wait_until(given_up, 60, "the server gives the slot up")
        second = pair.tandem(init=False).start()
        told = second.wait_state("a:b", "lost")
        assert pair.slot(pair.a)["slot_name"] in told["reason"], told
        second.wait_state("b:a", "streaming")
        pair.b.sql("INSERT INTO item VALUES (500, 'the other way goes on')")
        pair.settle(pair.b)
        assert pair.a.value("SELECT v FROM item WHERE id = 500") == "the other way goes on"
    finally:
        pair.close()
        admin.sql("ALTER SYSTEM RESET max_slot_wal_keep_size")
        admin.sql("SELECT pg_reload_conf()")


def test_slot_dropped_while_running(servers):
    pair, instance = running_pair(servers)
    try:
        slot = pair.slot(pair.a)["slot_name"]

        def dropped():
            pair.a.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s", slot)
            try:
                pair.a.sql("SELECT pg_drop_replication_slot(%s)", slot)
                return True
            except masters.psycopg2.errors.ObjectInUse:
                return False
        wait_until(dropped, 20, "the slot dropped")
        pair.a.sql("INSERT INTO item VALUES (2, 'in the gap')")
        assert_gap(pair, instance, "a:b", reached(pair, pair.a))
        assert_stays_stopped(pair, instance, "a:b", pair.a, pair.b)
    finally:
        pair.close()


# --- restored from a file copy ---------------------------------------------------------------------------
def cold_copy(cluster, label):
    cluster.stop()
    copy = cluster.copy_data(label)
    cluster.start()
    return copy


def restore(cluster, copy):
    cluster.stop()
    cluster.restore_data(copy)
    cluster.start()


def write_more(pair):
    pair.a.sql("INSERT INTO item SELECT i, 'later' FROM generate_series(10, 300) i")
    pair.settle(pair.a)
    wait_until(lambda: number(confirmed(pair, pair.a)) >= number(pair.progress(pair.a)["applied_lsn"]), 20,
               "the source knows what was applied")


@pytest.mark.parametrize("then", some(["nothing", "few_writes", "many_writes", "same_writes_again"], "few_writes", "same_writes_again"))
def test_source_restored_behind_us(servers, then):
    pair, instance = running_pair(servers, "--one-way", "a:b")
    try:
        instance.stop()
        copy = cold_copy(servers.a, "copy")
        instance.start().wait_streaming()
        write_more(pair)
        instance.stop()
        restore(servers.a, copy)
        if then == "few_writes":
            pair.a.sql("INSERT INTO item VALUES (2000, 'new history')")
        if then == "many_writes":  # past the position that was applied
            pair.a.sql("INSERT INTO item SELECT i, 'new history' FROM generate_series(3000, 6000) i")
            assert number(wal_end(pair.a)) > number(pair.progress(pair.a)["applied_lsn"])
        if then == "same_writes_again":
            pair.a.sql("INSERT INTO item SELECT i, 'later' FROM generate_series(10, 300) i")
            pair.mark(pair.a)
        before = masters.digest(pair.b, "item")
        second = pair.tandem("--one-way", "a:b").start()
        assert_gap(pair, second, "a:b")
        assert_stays_stopped(pair, second, "a:b", pair.a, pair.b)
        assert masters.digest(pair.b, "item") == before, "nothing of the other history was applied"
    finally:
        pair.close()


def test_source_restored_under_a_running_tandem(servers):
    pair, instance = running_pair(servers, "--one-way", "a:b")
    try:
        instance.stop()
        copy = cold_copy(servers.a, "copy")
        instance.start().wait_streaming()
        write_more(pair)
        servers.a.stop()
        servers.a.restore_data(copy)
        servers.a.start()
        assert_gap(pair, instance, "a:b")
        assert_stays_stopped(pair, instance, "a:b", pair.a, pair.b)
    finally:
        pair.close()


def test_sink_restored_behind(servers):
    pair, instance = running_pair(servers, "--one-way", "a:b")
    try:
        instance.stop()
        copy = cold_copy(servers.b, "copy")
        instance.start().wait_streaming()
        write_more(pair)
        instance.stop()
        restore(servers.b, copy)
        low, high = reached(pair, pair.a), confirmed(pair, pair.a)
        second = pair.tandem("--one-way", "a:b").start()
        assert_gap(pair, second, "a:b", low, high)
        assert_stays_stopped(pair, second, "a:b", pair.a, pair.b)
    finally:
        pair.close()


def test_a_restored_master_breaks_both_directions(servers):
    pair, instance = running_pair(servers)
    try:
        instance.stop()
        copy = cold_copy(servers.b, "copy")
        instance.start().wait_streaming()
        write_more(pair)
        pair.b.sql("INSERT INTO item SELECT i, 'b' FROM generate_series(7000, 7100) i")
        pair.settle(pair.b)
        instance.stop()
        restore(servers.b, copy)
        second = pair.tandem().start()
        assert_gap(pair, second, "a:b")
        assert_gap(pair, second, "b:a")
    finally:
        pair.close()


def test_another_server_at_the_same_address(servers):
    """The source is a freshly made database of the same name elsewhere: no chain leads there."""
    pair, instance = running_pair(servers, "--one-way", "a:b")
    other = masters.Servers("other")
    try:
        instance.stop()
        third = other.a.create_database(pair.name)
        third.sql(masters.MARKER)
        third.sql(SCHEMA)
        second = pair.tandem("--one-way", "a:b", "--first-sync", "none", nodes={"a": third, "b": pair.b}).start()
        assert_gap_or_refused(second)
    finally:
        pair.close()
        other.close()


def assert_gap_or_refused(instance):
    """Either is honest: refused at start with its reason, or running with the direction stopped."""
    def decided():
        return not instance.running or instance.state("a:b") in ("gap", "streaming")
    wait_until(decided, 30, "a decision", detail=instance.explain)
    if instance.running:
        assert instance.state("a:b") == "gap", instance.explain()
    else:
        assert instance.process.returncode in (2, 3), instance.explain()


# --- never a gap -------------------------------------------------------------------------------------------
END = {"sigterm": lambda pair, servers, instance: instance.stop(),
       "kill9": lambda pair, servers, instance: instance.kill9(),
       "source_kill9": lambda pair, servers, instance: (servers.a.kill9(), servers.a.start(), instance.stop()),
       "source_restart": lambda pair, servers, instance: (instance.stop(), servers.a.restart()),
       "both_kill9": lambda pair, servers, instance: (servers.a.kill9(), servers.b.kill9(), instance.kill9(),
                                                      servers.a.start(), servers.b.start())}


def assert_goes_on(pair, instance):
    instance.wait_streaming(deadline=60)
    pair.settle()  # what a killed server had not made durable is there again
    pair.a.sql("INSERT INTO item VALUES ((SELECT max(id) + 1 FROM item), 'goes on')")
    pair.settle()
    pair.assert_equal("item")


@pytest.mark.parametrize("end", some(END, "kill9", "both_kill9"))
def test_restarts_after_idle_and_echo_only_periods(servers, end):
    """After each period: restart, no gap, and the next change arrives."""
    pair, instance = running_pair(servers)
    elsewhere = servers.a.create_database(f"{pair.name}_elsewhere")
    try:
        elsewhere.sql("CREATE TABLE filler (v text)")
        # An idle period: WAL grows at `a`, and none of it concerns us.
        elsewhere.sql("INSERT INTO filler SELECT repeat('x', 100) FROM generate_series(1, 20000)")
        filled = wal_end(pair.a)
        wait_until(lambda: number(confirmed(pair, pair.a)) >= number(filled), 20, "idle WAL is confirmed",
                   detail=instance.explain)
        END[end](pair, servers, instance)
        instance = instance if instance.running else pair.tandem().start()
        assert_goes_on(pair, instance)

        # An echo-only period: all that `a` writes are changes of `b`.
        pair.b.sql("INSERT INTO item SELECT (SELECT max(id) FROM item) + i, 'b' FROM generate_series(1, 2000) i")
        pair.settle(pair.b)
        END[end](pair, servers, instance)
        instance = instance if instance.running else pair.tandem().start()
        assert_goes_on(pair, instance)

        # And a restart with nothing at all in between.
        END[end](pair, servers, instance)
        instance = instance if instance.running else pair.tandem().start()
        assert_goes_on(pair, instance)
    finally:
        pair.close()
        servers.a.drop_database(elsewhere)
