"""--on-gap reconcile: a stream whose slot is lost begins anew, and the tables are made equal, without a hand."""

import re

import pytest

from support.load import EXCLUDE, Load, prepare
from support.tandem import command, node_arguments
from support.verifying import OK, USAGE, suppressed, verify
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text)"
FILL = "INSERT INTO item SELECT n, 'x' FROM generate_series(1, 500) n"


@pytest.fixture
def pair(servers):
    made = servers.pair(SCHEMA)
    yield made
    made.close()


def reconciled(pair, instance, *tables, deadline=60):
    def done():
        assert instance.running, instance.log_tail()
        return all(re.search(rf"gap: table public\.{table}: equal", instance.log_text()) for table in tables)
    wait_until(done, deadline, f"{tables} reconciled", detail=pair.explain)


def lose_slot(database):
    """As max_slot_wal_keep_size or an operator does it: the reader is ended first."""
    slot = database.value("SELECT slot_name FROM pg_replication_slots WHERE database = current_database() AND slot_name LIKE "
                          "'tandem\\_%%'")

    def gone():
        database.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s AND active_pid "
                     "IS NOT NULL", slot)
        return database.value("SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots WHERE slot_name = %s "
                              "AND NOT active", slot) == 1
    wait_until(gone, 20, "the slot is lost", every=0.005)


def test_what_was_written_and_deleted_in_the_gap(pair):
    instance = pair.run("--on-gap", "reconcile")
    pair.a.sql(FILL)
    pair.b.sql("INSERT INTO item SELECT n, 'b' FROM generate_series(1001, 1100) n")
    pair.settle()
    instance.stop()
    lose_slot(pair.a)
    pair.a.sql("INSERT INTO item VALUES (2001, 'in the gap')")
    pair.a.sql("DELETE FROM item WHERE id IN (5, 1005)")
    pair.a.sql("UPDATE item SET v = 'changed in the gap' WHERE id IN (6, 1006)")
    pair.b.sql("INSERT INTO item VALUES (3001, 'at b')")
    pair.b.sql("DELETE FROM item WHERE id = 7")
    pair.b.sql("UPDATE item SET v = 'b is newer' WHERE id = 6")
    again = pair.run("--on-gap", "reconcile", init=False, deadline=40)
    reconciled(pair, again, "item")
    pair.settle()
    pair.assert_equal("public.item")
    found = pair.a.sql("SELECT id, v FROM item WHERE id IN (5, 6, 7, 1005, 1006, 2001, 3001) ORDER BY id")
    assert found == [(6, "b is newer"), (1006, "changed in the gap"), (2001, "in the gap"), (3001, "at b")]
    gone = {row["key"]["id"]: row["existing"]["v"] for row in pair.conflicts(pair.b) if row["type"] == "repaired"}
    assert gone[5] == "x" and gone[1005] == "b", "what went is kept"
    assert verify(pair).status == OK


@pytest.mark.parametrize("lost", ["a", "b", "both"])
def test_slots_are_lost_under_load(servers, lost):
    pair = servers.pair()
    try:
        prepare(pair)
        instance = pair.run(*EXCLUDE, "--on-gap", "reconcile")
        with Load(pair, writers=2, seed=11) as load:
            load.until_more(100)
            for database in {"a": [pair.a], "b": [pair.b], "both": pair.both}[lost]:
                lose_slot(database)
            wait_until(lambda: "the stream begins anew" in instance.log_text(), 30, "it begins anew", detail=pair.explain)
            load.until_more(100)
        reconciled(pair, instance, "item", "note", "hot", "ledger", deadline=120)
        pair.settle()
        pair.assert_equal(*[f"public.{name}" for name in ("item", "note", "hot", "ledger")])
        for database in pair.both:  # ledger has a row for every transaction that was committed anywhere
            missing = [row for peer in pair.both for row in peer.sql("SELECT node, seq FROM oracle.committed")
                       if not database.value("SELECT 1 FROM ledger WHERE node = %s AND seq = %s", *row)]
            assert missing == [], f"{len(missing)} transactions are lost at {database.node}"
        assert verify(pair, *EXCLUDE).status == OK
    finally:
        pair.close()


BEGUN = "the stream begins anew"


class Held:
    """Nobody can compare `table` meanwhile."""

    def __init__(self, database, table="item"):
        self.session = database.connect()
        self.session.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.session.close()


def rows(database):
    return dict(database.sql("SELECT id, v FROM item"))


def test_the_other_slot_is_lost_before_it_is_done(pair):
    """What a node lacks then may have been on its way to it: nothing of it was deleted there."""
    instance = pair.run("--on-gap", "reconcile")
    pair.a.sql(FILL)
    pair.settle()
    instance.stop()
    lose_slot(pair.a)
    pair.a.sql("INSERT INTO item VALUES (2001, 'lost by a')")
    with Held(pair.b):
        begun = pair.tandem("--on-gap", "reconcile").start()
        wait_until(lambda: BEGUN in begun.log_text(), 30, "a begins anew", detail=begun.explain)
        begun.kill9()
        lose_slot(pair.b)
    pair.b.sql("INSERT INTO item VALUES (3001, 'lost by b')")
    again = pair.run("--on-gap", "reconcile", init=False, deadline=40)
    reconciled(pair, again, "item")
    pair.settle()
    pair.assert_equal("public.item")
    assert rows(pair.a) | {2001: "lost by a", 3001: "lost by b"} == rows(pair.a)
    assert len(rows(pair.a)) == 502


@pytest.mark.parametrize("what", ["first_sync", "resync"])
def test_a_gap_before_tables_were_equal(pair, what):
    """What one node lacks was never there; a resync keeps the node that is right."""
    pair.a.sql(FILL)
    if what == "first_sync":
        pair.b.sql("INSERT INTO item VALUES (3001, 'only at b')")
        done = command("init", *node_arguments({"a": pair.a, "b": pair.b}))
        assert done.status == OK, done
    else:
        instance = pair.run("--on-gap", "reconcile")
        pair.settle()
        instance.stop()
        suppressed(pair.b, "INSERT INTO item VALUES (3001, 'only at b')", "UPDATE item SET v = 'other' WHERE id = 6")
        asked = command("table", "resync", "item", "--winner", "b", "--wait", "0", *node_arguments({"a": pair.a, "b": pair.b}))
        assert asked.status == OK, asked
    lose_slot(pair.a)
    pair.a.sql("INSERT INTO item VALUES (2001, 'in the gap')")
    again = pair.run("--on-gap", "reconcile", init=False, deadline=40)
    reconciled(pair, again, "item")
    pair.settle()
    pair.assert_equal("public.item")
    found = rows(pair.a)
    assert found[3001] == "only at b" and len(found) == (502 if what == "first_sync" else 501)
    assert found.get(2001) == ("in the gap" if what == "first_sync" else None), "b is right, says whoever asked for it"
    assert found[6] == ("x" if what == "first_sync" else "other")


def test_a_restored_master_gets_back_what_it_lost(servers):
    """Its own rows as well: what its peer has of them was not deleted there."""
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run("--on-gap", "reconcile")
        pair.a.sql(FILL)
        pair.settle()
        instance.stop()
        servers.b.stop()
        copy = servers.b.copy_data("copy")
        servers.b.start()
        instance.start().wait_streaming()
        pair.a.sql("INSERT INTO item VALUES (2001, 'a, later')")
        pair.b.sql("INSERT INTO item VALUES (3001, 'b, later')")
        pair.settle()
        instance.stop()
        servers.b.stop()
        servers.b.restore_data(copy)
        servers.b.start()
        again = pair.run("--on-gap", "reconcile", init=False, deadline=60)
        reconciled(pair, again, "item")
        pair.settle()
        pair.assert_equal("public.item")
        found = rows(pair.b)
        assert (found.get(2001), found.get(3001), len(found)) == ("a, later", "b, later", 502)
    finally:
        pair.close()


def test_without_it_a_gap_stops_its_direction(pair):
    instance = pair.run()
    pair.a.sql(FILL)
    pair.settle()
    lose_slot(pair.a)
    instance.wait_state("a:b", "gap")
    assert "begins anew" not in instance.log_text()


@pytest.mark.parametrize("arguments, words", [
    (("--on-gap", "go on"), ("stop, reconcile",)),
    (("--on-gap", "reconcile", "--transport", "kafka", "--brokers", "127.0.0.1:1"), ("--transport direct",)),
    (("--on-gap", "reconcile", "--origin-column", "o"), ("--origin-column",))], ids=["unknown", "kafka", "origin_column"])
def test_where_it_is_not_possible_it_is_refused(pair, arguments, words):
    done = command("run", "--init", *node_arguments({"a": pair.a, "b": pair.b}), "--listen", "off", *arguments)
    assert done.status == USAGE and all(word in done.err for word in words), done
