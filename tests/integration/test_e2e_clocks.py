"""R12 on two real servers whose clocks differ, jump ahead and are set back (libfaketime)."""

import re
import time

import pytest

from support import masters
from support.tandem import command, node_arguments
from support.waiting import holds_for, wait_until

# A commit that is replayed carries the time of its origin, so a trigger notes when the peer really wrote.
SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, who text);
INSERT INTO item SELECT n, 'start' FROM generate_series(1, 20) n;
CREATE TABLE written (id integer, who text, at timestamptz);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.written VALUES (new.id, new.who, clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE item ENABLE ALWAYS TRIGGER note;
"""
WITHOUT_NOTES = ("--exclude", "written")


@pytest.fixture(scope="module")
def apart():
    both = masters.Servers("clocks", own_clocks=True)
    yield both
    both.close()


@pytest.fixture
def pair(apart):
    set_clocks(apart, -60, -60)  # the rows are older than any step that a test makes
    fresh = apart.pair(SCHEMA)
    set_clocks(apart, 0, 0)
    yield fresh
    fresh.close()


def set_clocks(servers, a, b):
    """Returns when both servers tell the new time."""
    for cluster, clock, seconds in ((servers.a, servers.clocks[0], a), (servers.b, servers.clocks[1], b)):
        clock.set(seconds)
        database = cluster.database("postgres")
        offset = float(database.value("SELECT extract(epoch FROM clock_timestamp())")) - time.time()
        assert abs(offset - seconds) < 0.5, (cluster.name, offset, seconds)
        database.disconnect()


def assert_applied_later(pair, source, who):
    """R12's promise: the peer wrote none of these rows before its clock had passed their commit time."""
    committed = dict(source.sql("SELECT id, pg_xact_commit_timestamp(xmin) FROM item WHERE who = %s", who))
    applied = dict(pair.peer(source).sql("SELECT id, at FROM written WHERE who = %s", who))
    assert committed and set(committed) <= set(applied), (committed, applied)
    early = {key: (committed[key], applied[key]) for key in committed if applied[key] <= committed[key]}
    assert not early, early


def test_changes_wait_for_a_slow_clock_and_nothing_else_does(pair):
    set_clocks(pair.servers, 0, -4)
    instance = pair.run(*WITHOUT_NOTES)
    began = time.monotonic()
    pair.a.sql("UPDATE item SET who = 'a' WHERE id = 1")
    pair.b.sql("UPDATE item SET who = 'b' WHERE id = 2")
    pair.settle(pair.b)
    assert time.monotonic() - began < 3, "the other way does not wait"
    wait_until(lambda: "waiting for the clock of node b" in instance.direction("a:b")["reason"],
               10, "the wait is told", detail=instance.explain)
    pair.settle(pair.a)
    assert time.monotonic() - began >= 3.5
    assert_applied_later(pair, pair.a, "a")
    pair.assert_equal("item")
    # What b writes next saw a's row: it is newer by b's clock too.
    pair.b.sql("UPDATE item SET who = 'next' WHERE id = 1")
    pair.settle()
    assert [database.value("SELECT who FROM item WHERE id = 1") for database in pair.both] == ["next", "next"]
    assert pair.conflicts(pair.a) == pair.conflicts(pair.b) == []


def test_the_head_statement_asserts_what_the_estimate_missed(pair):
    """The peer's clock is set back just after it was measured: only the server itself can know."""
    pair.run("--one-way", "a:b", "--batch-rows", "1", *WITHOUT_NOTES)
    pair.a.sql("UPDATE item SET who = 'before' WHERE id = 1")
    pair.settle(pair.a)
    set_clocks(pair.servers, 0, -3)
    pair.a.sql("UPDATE item SET who = 'after' WHERE id > 1")
    pair.settle(pair.a)
    assert_applied_later(pair, pair.a, "after")
    pair.assert_equal("item")


@pytest.mark.parametrize("jump", [1, 6], ids=["small", "large"])
def test_a_clock_that_jumps_ahead_keeps_masters_equal(pair, jump):
    instance = pair.run("--max-clock-skew", "60s", *WITHOUT_NOTES)
    pair.a.sql("UPDATE item SET who = 'a'")
    pair.settle()
    instance.freeze()
    pair.a.sql("UPDATE item SET who = 'a first' WHERE id <= 10")
    set_clocks(pair.servers, 0, jump)
    pair.b.sql("UPDATE item SET who = 'b ahead' WHERE id <= 15")
    pair.a.sql("UPDATE item SET who = 'a later' WHERE id <= 5")
    instance.thaw()
    # The other end of the wait is the peer's clock, which here is the machine's.
    set_clocks(pair.servers, jump, jump)
    pair.settle(deadline=60)
    pair.assert_equal("item")
    # b's clock was ahead: its rows are the newest by commit time, whatever came later by the wall.
    assert pair.a.sql("SELECT DISTINCT who FROM item WHERE id <= 15") == [("b ahead",)]
    assert_applied_later(pair, pair.b, "b ahead")


def test_a_truncate_takes_its_own_nodes_rows_whatever_their_time(pair):
    """R15 with a clock that was set back by less than what pauses it: the rows are newer by their stamp only."""
    pair.run("--max-clock-skew", "60s", *WITHOUT_NOTES)
    set_clocks(pair.servers, 30, 30)
    pair.a.sql("UPDATE item SET who = 'ahead' WHERE id <= 10")
    pair.settle()
    set_clocks(pair.servers, 0, 0)
    pair.a.sql("TRUNCATE item")
    pair.settle()
    assert [database.value("SELECT count(*) FROM item") for database in pair.both] == [0, 0]
    assert pair.conflicts(pair.b) == []


def test_a_clock_that_is_set_back_pauses_its_direction_alone(pair):
    instance = pair.run("--max-clock-skew", "1s", *WITHOUT_NOTES)
    set_clocks(pair.servers, 5, 5)
    pair.a.sql("UPDATE item SET who = 'ahead' WHERE id = 1")
    pair.settle()
    set_clocks(pair.servers, -20, 5)
    pair.a.sql("UPDATE item SET who = 'set back' WHERE id = 2")
    told = instance.wait_state("a:b", "paused")["reason"]
    assert "clock of node a was set back" in told and "tandem verify" in told, told
    # 25 s, less those that the first change took to get across.
    assert 10 < float(re.search(r"committed ([\d.]+) s before", told)[1]) <= 25, told
    assert instance.get("/readyz")[0] == 503
    pair.b.sql("UPDATE item SET who = 'b' WHERE id = 3")
    pair.settle(pair.b)
    holds_for(lambda: pair.b.value("SELECT who FROM item WHERE id = 2") == "start", 2, "nothing is applied")
    instance.stop()
    assert command("verify", *node_arguments({"a": pair.a, "b": pair.b})).status == 4
    # A person has looked: the next start takes the clock as it finds it, and goes on.
    set_clocks(pair.servers, 6, 6)
    pair.run("--max-clock-skew", "1s", *WITHOUT_NOTES)
    pair.a.sql("UPDATE item SET who = 'right again' WHERE id = 4")
    pair.settle()
    pair.assert_equal("item")
    assert pair.b.sql("SELECT who FROM item WHERE id IN (2, 4) ORDER BY id") == [("set back",), ("right again",)]


@pytest.mark.parametrize("offset, severity", [(0, "ok"), (3, "ok"), (-8, "warning"), (8, "warning")])
def test_doctor_measures_the_offset(pair, offset, severity):
    set_clocks(pair.servers, 0, offset)
    shown = command("doctor", *node_arguments({"a": pair.a, "b": pair.b}))
    line = re.search(r"^.*clock offset.*b is ([+-][\d.]+) ms against a.*?(\w+)$", shown.out, re.M)
    assert line and shown.status == 0, shown
    assert abs(float(line[1]) - offset * 1000) < 200 and line[2] == severity, line[0]
    assert ("NTP" in shown.out) == (severity == "warning"), shown
