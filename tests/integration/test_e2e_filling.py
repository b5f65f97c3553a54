"""An empty copy of a table is filled by COPY while the streams run: a table that joins later, or that somebody asks for."""

import re

import pytest

from support.long_tests import LONG
from support.masters import WalOracle
from support.merged_writer import MergedWriter, merged
from support.tandem import command, node_arguments
from support.verifying import CHECK, OK, suppressed, verify
from support.waiting import wait_until

LATE = """CREATE TABLE late (id integer PRIMARY KEY, v text, w text); ALTER TABLE late ALTER w SET STORAGE EXTERNAL;
CREATE TABLE other (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, g text GENERATED ALWAYS AS (v || '!') STORED)"""
ROWS = 400_000 if LONG else 40_000
FILL = "INSERT INTO late SELECT n, repeat('v', 300), CASE WHEN n %% 50 = 0 THEN repeat('w', 2100) END FROM generate_series(1, {}) n"


def fill(database, rows):
    database.sql(FILL.format(rows).replace("%%", "%"))


def copied(instance, table="late"):
    return [(int(rows), node) for rows, node in
            re.findall(rf"table public\.{table}: (\d+) rows \([\d.]+ MB\) copied from node (\w)", instance.log_text())]


def resync(pair, *arguments):
    return command("table", "resync", *node_arguments({"a": pair.a, "b": pair.b}), "late", *arguments)


@pytest.fixture
def pair(servers):
    made = servers.pair(LATE)
    yield made
    made.close()


@pytest.mark.parametrize("full", ["a", "b"])
def test_an_empty_table_that_joins_later_is_filled_by_copy(pair, full):
    source = getattr(pair, full)
    target = pair.peer(source)
    pair.run("--exclude", "late", "--exclude", "other").stop()
    fill(source, 30_000)
    source.sql("INSERT INTO other (v) SELECT E'x\\t\\\\' || n FROM generate_series(1, 3000) n")
    oracles = [WalOracle(database) for database in pair.both]
    instance = pair.run()
    merged(pair, instance, "late", "other")
    pair.assert_equal("public.late", "public.other")
    assert copied(instance) == [(30_000, full)] and copied(instance, "other") == [(3000, full)], instance.log_tail()
    assert [change for oracle in oracles for change in oracle.changes() if change[0] != "public.sync_marker"] == [], "nothing is sent"
    for oracle in oracles:
        oracle.drop()
    source.sql("UPDATE late SET v = 'after' WHERE id = 100")  # without its large column
    target.sql("UPDATE late SET v = 'after' WHERE id = 150")
    target.sql("DELETE FROM late WHERE id = 3")
    pair.settle()
    pair.assert_equal("public.late")
    assert source.value("SELECT count(*) FROM late WHERE v = 'after' AND w IS NOT NULL") == 2
    assert pair.conflicts(pair.a) == pair.conflicts(pair.b) == [], "what follows a copy is a successor"


def test_filled_while_both_are_written_and_killed(pair):
    pair.run("--exclude", "late", "--exclude", "other").stop()
    fill(pair.a, ROWS)
    writers = [MergedWriter(database, seed, ROWS, "late") for seed, database in enumerate(pair.both)]
    for writer in writers:
        writer.start()
    instance = pair.run()
    wait_until(lambda: pair.b.value("SELECT count(*) FROM late WHERE id <= %s", ROWS) > 5000, 60, "some of it is there", every=0.005)
    instance.kill9()
    instance = pair.run()
    merged(pair, instance, "late", deadline=300)
    for writer in writers:
        writer.halt.set()
        writer.join(30)
        assert writer.error is None, writer.error
    pair.settle()
    pair.assert_equal("public.late")
    gone = set().union(*(writer.deleted for writer in writers))
    for database in pair.both:
        back = database.sql("SELECT id FROM late WHERE id = ANY (%s)", sorted(gone))
        assert back == [], f"{len(back)} of {len(gone)} deleted rows are there again"
    assert verify(pair).status == OK
    assert pair.parked(pair.a) == pair.parked(pair.b) == []


@pytest.mark.parametrize("written", [False, True], ids=["quiet", "written"])
def test_a_copy_that_lost_everything_is_filled_on_request(pair, written):
    instance = pair.run()
    fill(pair.a, 20_000)
    pair.settle()
    suppressed(pair.b, "TRUNCATE late")
    writer = MergedWriter(pair.a, 3, 20_000, "late")
    if written:  # the stream meets the pieces
        writer.start()
    done = resync(pair)
    writer.halt.set()
    if written:
        writer.join(30)
    assert done.status == OK and writer.error is None, (done, writer.error)
    rows, node = copied(instance)[0]
    assert node == "a" and (rows == 20_000 or written and rows > 15_000), instance.log_tail()
    pair.settle()
    pair.assert_equal("public.late")


def test_a_delete_that_is_on_its_way_is_not_undone(pair):
    """The empty copy is the newer one."""
    instance = pair.run()
    fill(pair.a, 500)
    pair.settle()
    holder = pair.a.connect()
    try:
        holder.cursor().execute("LOCK TABLE late IN SHARE MODE")
        pair.b.sql("DELETE FROM late")
        instance.wait_state("b:a", "retrying")
        assert resync(pair, "--wait", "1s").status == CHECK
        wait_until(lambda: "waiting until stream b:a" in instance.log_text(), 30, "it waits")
    finally:
        holder.rollback()
        holder.close()
    merged(pair, instance, "late")
    pair.assert_equal("public.late")
    assert pair.a.value("SELECT count(*) FROM late") == 0 and copied(instance) == []


def test_the_node_that_is_right_is_the_empty_one(pair):
    instance = pair.run()
    fill(pair.a, 500)
    pair.settle()
    suppressed(pair.b, "DELETE FROM late")
    assert resync(pair, "--winner", "b").status == OK
    assert copied(instance) == [] and pair.a.value("SELECT count(*) FROM late") == 0
