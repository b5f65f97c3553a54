"""Last update wins on both masters, whoever it was; what lost is in tandem.conflict exactly once."""

import re
import threading

import pytest

from support import load, masters
from support.tandem import command, node_arguments
from support.waiting import holds_for, wait_until

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, who text, n integer, body text);
INSERT INTO item SELECT i, '-', 0, NULL FROM generate_series(1, 100) i;
CREATE TABLE race (id integer PRIMARY KEY, who text);
"""


@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


def concurrently(pair, *writes):
    pair.concurrently([pair.instance], *writes)
    pair.settle()


def losers(pair):
    """[(where it was noted, incoming node, key, losing row, winner)] over both masters."""
    return [(database.node, row["incoming_node"], str(row["key"]["id"]), row["incoming"], row["winner"])
            for database in pair.both for row in pair.conflicts(database)]


@pytest.mark.parametrize("last", ["a", "b"])
@pytest.mark.parametrize("identity", ["DEFAULT", "FULL"])
def test_later_update_wins_on_both(running, last, identity):
    running.instance.stop()
    running.sql(f"ALTER TABLE item REPLICA IDENTITY {identity}")
    running.instance.start().wait_streaming()
    winner = getattr(running, last)
    loser = running.peer(winner)
    concurrently(running, (loser, f"UPDATE item SET who = '{loser.node}', n = 1 WHERE id = 1"),
                 (winner, f"UPDATE item SET who = '{winner.node}', n = 2 WHERE id = 1"))
    running.assert_equal("item")
    assert running.a.sql("SELECT who, n FROM item WHERE id = 1") == [(last, 2)]
    found = losers(running)
    assert len(found) == 1, found
    where, incoming, key, row, won = found[0]
    assert (where, incoming, key, won) == (winner.node, loser.node, "1", winner.node)
    assert row["who"] == loser.node and str(row["n"]) == "1"


def test_the_whole_row_of_the_later_update_wins(running):
    concurrently(running, (running.a, "UPDATE item SET n = 5 WHERE id = 2"),
                 (running.b, "UPDATE item SET who = 'b' WHERE id = 2"))
    running.assert_equal("item")
    assert running.a.sql("SELECT who, n FROM item WHERE id = 2") == [("b", 0)]


@pytest.mark.parametrize("last", ["a", "b"])
def test_both_insert_the_same_key(running, last):
    winner = getattr(running, last)
    loser = running.peer(winner)
    concurrently(running, (loser, f"INSERT INTO item VALUES (500, '{loser.node}', 1)"),
                 (winner, f"INSERT INTO item VALUES (500, '{winner.node}', 2)"))
    running.assert_equal("item")
    assert running.a.sql("SELECT who, n FROM item WHERE id = 500") == [(last, 2)]
    assert [(incoming, key) for _, incoming, key, _, _ in losers(running)] == [(loser.node, "500")]


def test_several_versions_on_each_side(running):
    concurrently(running,
                 (running.a, "UPDATE item SET who = 'a', n = 1 WHERE id = 3"),
                 (running.b, "UPDATE item SET who = 'b', n = 1 WHERE id = 3"),
                 (running.a, "UPDATE item SET who = 'a', n = 2 WHERE id = 3"),
                 (running.b, "UPDATE item SET who = 'b', n = 2 WHERE id = 3"),
                 (running.a, "UPDATE item SET who = 'a', n = 3 WHERE id = 3"))
    running.assert_equal("item")
    assert running.b.sql("SELECT who, n FROM item WHERE id = 3") == [("a", 3)]


def test_successors_are_no_conflicts(running):
    for round_number in range(6):
        writer = running.both[round_number % 2]
        writer.sql("UPDATE item SET who = %s, n = n + 1 WHERE id <= 10", writer.node)
        running.settle()
    running.assert_equal("item")
    assert losers(running) == []
    assert running.a.value("SELECT sum(n) FROM item") == 60


def test_conflict_in_a_large_batch_touches_only_its_keys(running):
    concurrently(running, (running.a, "UPDATE item SET who = 'a', n = 1"),
                 (running.b, "UPDATE item SET who = 'b', n = 2 WHERE id % 10 = 0"),
                 (running.a, "UPDATE item SET who = 'late', n = 3 WHERE id = 10"))
    running.assert_equal("item")
    assert running.b.sql("SELECT who, count(*) FROM item GROUP BY 1 ORDER BY 1") == [("a", 90), ("b", 9), ("late", 1)]
    lost_at_b = sorted(int(key) for where, _, key, _, _ in losers(running) if where == "b")
    assert set(lost_at_b) >= {20, 30, 40, 50, 60, 70, 80, 90, 100} and len(lost_at_b) == len(set(lost_at_b))


@pytest.mark.parametrize("empties", ["a", "b"])
@pytest.mark.parametrize("referred", [False, True], ids=["alone", "referred_to"])
def test_a_truncate_spares_rows_that_are_newer(running, empties, referred):
    """R15: where a foreign key refers to the table its rows are deleted, with the same exception."""
    if referred:
        running.sql("CREATE TABLE bill (id integer PRIMARY KEY, item integer REFERENCES item)")
    source = getattr(running, empties)
    target = running.peer(source)
    emptied = "item, bill" if referred else "item"
    concurrently(running, (source, f"TRUNCATE {emptied}"),
                 (target, "UPDATE item SET who = 'newer', n = 1 WHERE id = 1"),
                 (target, "INSERT INTO item VALUES (500, 'new', 2)"))
    running.assert_equal("item")
    assert source.sql("SELECT id, who, n FROM item ORDER BY 1") == [(1, "newer", 1), (500, "new", 2)]
    noted = [(row["type"], row["table_name"], row["key"], row["existing"], row["incoming_node"], row["winner"])
             for row in running.conflicts(target)]
    assert noted == [("truncate_origin_differs", "item", {}, {"kept_rows": 2}, source.node, target.node)]
    refused = conflict(running, "restore", "--yes", f"{target.node}:1", status=4)
    assert "a TRUNCATE of public.item lost against rows that are newer" in refused.text
    assert "truncate_origin_differs of public.item" in conflict(running, "show", f"{target.node}:1").out


def test_a_truncate_takes_what_its_own_node_wrote_before(running):
    """In one batch with it, in the one before it, and older rows of the target: nothing is newer."""
    running.b.sql("UPDATE item SET who = 'older' WHERE id = 7")
    running.settle()
    running.a.sql("INSERT INTO item VALUES (600, 'a', 1)")
    running.settle()
    concurrently(running, (running.a, "INSERT INTO item VALUES (601, 'a', 1)"), (running.a, "TRUNCATE item"),
                 (running.a, "INSERT INTO item VALUES (602, 'a', 1)"))
    running.assert_equal("item")
    assert running.b.sql("SELECT id FROM item") == [(602,)]
    assert losers(running) == []


def test_a_conflict_is_noted_once_over_a_crash(running):
    running.instance.freeze()
    running.a.sql("UPDATE item SET who = 'a' WHERE id = 4")
    running.b.sql("UPDATE item SET who = 'b' WHERE id = 4")
    running.instance.kill9()
    for _ in range(3):
        running.instance.start().wait_streaming()
        running.settle()
        running.instance.kill9()
    running.assert_equal("item")
    assert [(incoming, key) for _, incoming, key, _, _ in losers(running)] == [("a", "4")]


def test_old_conflicts_go_and_the_rest_is_counted_by_type(running):
    concurrently(running, (running.b, "DELETE FROM item WHERE id = 1"), (running.a, "UPDATE item SET who = 'late' WHERE id = 1"),
                 (running.b, "UPDATE item SET who = 'b' WHERE id = 2"), (running.a, "UPDATE item SET who = 'a' WHERE id = 2"),
                 (running.b, "UPDATE item SET who = 'b' WHERE id = 3"), (running.a, "UPDATE item SET who = 'a' WHERE id = 3"))
    wait_until(lambda: running.instance.direction("b:a")["conflicts"] == 3, 10, "counted")
    counted = dict(re.findall(r'^tandem_conflicts_total{direction="b_to_a",type="(\w+)"} (\d+)$',
                              running.instance.get("/metrics")[1], re.M))
    assert counted == {"delete_origin_differs": "1", "update_origin_differs": "2", "insert_exists": "0",
                       "update_missing": "0", "update_exists": "0", "update_deleted": "0", "truncate_origin_differs": "0",
                       "multiple_unique_conflicts": "0", "foreign_key_missing": "0", "other": "0"}
    running.instance.stop()
    running.a.sql("UPDATE tandem.conflict SET at = at - interval '29 days' WHERE id = 1")
    running.a.sql("UPDATE tandem.conflict SET at = at - interval '31 days' WHERE id = 2")
    running.a.sql("UPDATE tandem.conflict SET at = at - interval '20 years' WHERE id = 3")

    def left():
        return sorted(row["id"] for row in running.conflicts(running.a))

    forever = running.run("--conflict-retention", "0")
    forever.wait_streaming()
    holds_for(lambda: left() == [1, 2, 3], 1, "nothing goes")
    forever.stop()
    running.instance.start().wait_streaming()
    wait_until(lambda: left() == [1], 10, "what is older than 30 days goes")
    assert "2 conflicts older than --conflict-retention" in running.instance.log_text()
    assert "expected a duration" in command("run", "--conflict-retention", "1 month").text


def test_every_losing_version_is_listed_exactly_once_under_load(servers):
    """One batch per transaction: each conflicting update is applied at the peer or listed there."""
    pair = servers.pair()
    try:
        load.prepare(pair, ("item", "hot"))
        pair.run("--batch-rows", "1", *load.EXCLUDE)
        with load.Load(pair, writers=2, rows=1) as running:
            masters.wait_until(lambda: running.transactions > 3000, 60, "3000 transactions")
        pair.settle(deadline=90)
        load.check(pair, per_change=True)
        assert len(pair.conflicts(pair.a)) + len(pair.conflicts(pair.b)) > 0, "the load did conflict"
    finally:
        pair.close()


# --- ties ------------------------------------------------------------------------------------------------
RACE_KEYS = 1500
RACE = """
CREATE PROCEDURE race(start timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    FOR k IN 1..%d LOOP
        UPDATE race SET who = current_setting('application_name') WHERE id = k;
        LOOP EXIT WHEN clock_timestamp() >= start + k * interval '600 microseconds'; END LOOP;
        COMMIT;
    END LOOP;
END $$
""" % RACE_KEYS
COMMIT_TIMES = "SELECT id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint FROM race"


def test_equal_commit_times_are_decided_by_rank(running):
    """Both servers commit the same keys at the same microsecond, as often as it takes to see ties."""
    running.sql(RACE)
    running.a.sql(f"INSERT INTO race SELECT i, '-' FROM generate_series(1, {RACE_KEYS}) i")
    running.settle()
    ties = 0
    for _ in range(6):
        running.instance.freeze()
        start = running.a.value("SELECT clock_timestamp() + interval '300 milliseconds'")
        connections = [database.connect(autocommit=True, application_name=database.node) for database in running.both]
        threads = [threading.Thread(target=lambda c=c: c.cursor().execute("CALL race(%s)", (start,))) for c in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for connection in connections:
            connection.close()
        at_a, at_b = dict(running.a.sql(COMMIT_TIMES)), dict(running.b.sql(COMMIT_TIMES))
        running.instance.thaw()
        running.settle(deadline=60)
        running.assert_equal("race")
        expected = {key: "a" if at_a[key] > at_b[key] else "b" for key in at_a}  # b has the greater rank
        wrong = {key: (who, at_a[key] - at_b[key]) for key, who in running.a.sql("SELECT id, who FROM race")
                 if who != expected[key]}
        assert not wrong, f"{len(wrong)} keys, (winner, microseconds a is ahead): {list(wrong.items())[:5]}"
        ties += sum(at_a[key] == at_b[key] for key in at_a)
        if ties:
            break
    assert ties > 0, "no two commits fell into one microsecond"


# --- without commit timestamps ------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def timeless():
    both = masters.Servers("timeless", settings_b={"track_commit_timestamp": "off"})
    yield both
    both.close()


def test_without_commit_timestamps_apply_remote_is_taken_and_said(timeless):
    pair = timeless.pair(SCHEMA)
    try:
        instance = pair.run()
        assert "apply-remote" in instance.status()["policy"] and "node b" in instance.status()["policy"]
        assert "apply-remote" in instance.log_text()
        doctor = command("doctor", *node_arguments({"a": pair.a, "b": pair.b}))
        assert doctor.status == 0 and "track_commit_timestamp" in doctor.out and "apply-remote" in doctor.out, doctor
        pair.a.sql("UPDATE item SET who = 'a' WHERE id <= 50")
        pair.b.sql("UPDATE item SET who = 'b' WHERE id > 50")
        pair.settle()
        pair.assert_equal("item")
    finally:
        pair.close()


def test_without_commit_timestamps_another_policy_is_refused(timeless):
    pair = timeless.pair(SCHEMA)
    try:
        done = command("run", "--init", *node_arguments({"a": pair.a, "b": pair.b}), "--listen", "off",
                       "--conflict", "last-update-wins")
        assert done.status == 2, done
        assert "track_commit_timestamp" in done.err and "apply-remote" in done.err and "node b" in done.err, done
        assert pair.a.sql("SELECT 1 FROM pg_namespace WHERE nspname = 'tandem'") == []
        assert pair.slot(pair.a) is None
    finally:
        pair.close()


def test_apply_remote_by_flag_takes_the_peers_row(running):
    running.instance.stop()
    instance = running.run("--conflict", "apply-remote")
    running.instance = instance
    concurrently(running, (running.a, "UPDATE item SET who = 'a' WHERE id = 5"),
                 (running.b, "UPDATE item SET who = 'b' WHERE id = 5"))
    assert running.a.value("SELECT who FROM item WHERE id = 5") == "b"
    assert running.b.value("SELECT who FROM item WHERE id = 5") == "a"


def conflict(pair, *arguments, status=0):
    done = command("conflict", *arguments, *node_arguments({"a": pair.a, "b": pair.b}))
    assert done.status == status, done
    return done


def test_the_log_is_read_and_a_loser_is_put_back(running):
    running.sql("ALTER TABLE item ADD COLUMN exact numeric, ADD COLUMN raw bytea")
    concurrently(running, (running.a, "UPDATE item SET who = 'a', exact = 123456789012345678901234.5, raw = '\\x01' WHERE id = 1"),
                 (running.b, "UPDATE item SET who = 'b', exact = 123456789012345678901234.6, raw = '\\x01' WHERE id = 1"))
    concurrently(running, (running.b, "DELETE FROM item WHERE id = 2"), (running.a, "UPDATE item SET who = 'late' WHERE id = 2"))
    listed = conflict(running, "list").out.splitlines()
    assert [line.split()[0] for line in listed] == ["CONFLICT", "a:1", "b:1"], listed
    assert conflict(running, "list", "--type", "delete_origin_differs", "--json").out.count('"conflict"') == 1
    assert conflict(running, "list", "--table", "race").text.strip().endswith("no conflicts")
    shown = conflict(running, "show", "b:1").out
    assert "  exact: 123456789012345678901234.6 -> 123456789012345678901234.5\n  who: \"b\" -> \"a\"\nwinner: node b (last-update-wins)" in shown
    exported = conflict(running, "export").out.splitlines()
    assert len(exported) == 2 and '"exact": 123456789012345678901234.5' in exported[1], exported

    refused = conflict(running, "restore", "b:1", status=2)
    assert "add --yes" in refused.text
    assert conflict(running, "restore", "--yes", "b:1").out == \
        'b:1: public.item {"id": 1}: the row of node a is written again at node b\n'
    conflict(running, "restore", "--yes", "a:1")  # the delete
    running.settle()
    running.assert_equal("item")
    assert running.a.sql("SELECT id, who, exact::text FROM item WHERE id <= 2") == [(1, "a", "123456789012345678901234.5")]
    assert "node b has no conflict 9" in conflict(running, "show", "b:9", status=4).text
    assert "expected NODE:NUMBER" in conflict(running, "show", "b", status=2).text
    assert "there is no node 'c'" in conflict(running, "show", "c:1", status=2).text
