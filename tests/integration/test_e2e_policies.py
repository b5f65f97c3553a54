"""--conflict node-wins=NODE and error (R13): who had seen whom decides, not the clocks."""

import os
import signal

import pytest

from support import masters
from support.histories import set_clocks
from support.long_tests import some
from support.tandem import command, node_arguments
from support.waiting import wait_until

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, who text, n integer, body text);
INSERT INTO item SELECT i, '-', 0, NULL FROM generate_series(1, 100) i;
"""


def nodes_of(pair):
    return node_arguments({database.node: database for database in pair.both})


def start(pair, policy, *more):
    pair.policy = policy
    pair.instance = pair.run(*(("--conflict", policy) if pair.chosen == "for_all" else ("--table-conflict", f"item={policy}")), *more)
    return pair


@pytest.fixture(params=some(["for_all", "for_the_table"], "for_all"))
def pair(request, servers):
    made = servers.pair(SCHEMA)
    made.chosen = request.param
    yield made
    made.close()


@pytest.fixture(params=["a", "b"])
def won(request, pair):
    """A pair whose node of that name wins."""
    start(pair, f"node-wins={request.param}")
    pair.winner = getattr(pair, request.param)
    pair.loser = pair.peer(pair.winner)
    return pair


def concurrently(pair, *writes):
    pair.concurrently([pair.instance], *writes)
    pair.settle()


def lost(pair, database):
    return [(row["type"], str(row["key"].get("id")), row["incoming_node"], row["winner"], row["policy"])
            for row in pair.conflicts(database)]


@pytest.mark.parametrize("later", ["winner", "loser"])
def test_the_nodes_update_stays_whoever_was_later(won, later):
    writes = [(won.loser, f"UPDATE item SET who = '{won.loser.node}', n = 1 WHERE id = 1"),
              (won.winner, f"UPDATE item SET who = '{won.winner.node}', n = 2 WHERE id = 1")]
    concurrently(won, *(writes if later == "winner" else reversed(writes)))
    won.assert_equal("item")
    assert won.a.sql("SELECT who, n FROM item WHERE id = 1") == [(won.winner.node, 2)]
    assert lost(won, won.winner) == [("update_origin_differs", "1", won.loser.node, won.winner.node, won.policy)]
    assert lost(won, won.loser) == []
    row = won.conflicts(won.winner)[0]
    assert row["incoming"]["who"] == won.loser.node and row["existing"]["who"] == won.winner.node
    assert (row["incoming_at"] < row["existing_at"]) == (later == "winner"), "commit times, not what was seen"


def test_successors_win_whoever_writes(won):
    for round_number in range(8):
        writer = won.both[round_number % 2]
        writer.sql("UPDATE item SET who = %s, n = n + 1 WHERE id <= 10", writer.node)
        won.settle()
    won.assert_equal("item")
    assert won.a.value("SELECT sum(n) FROM item") == 80
    assert lost(won, won.a) == lost(won, won.b) == []


def test_rows_from_before_are_no_conflicts(won):
    """They were written at both before anything was set up."""
    concurrently(won, (won.loser, "UPDATE item SET n = 7 WHERE id BETWEEN 20 AND 29"),
                 (won.loser, "DELETE FROM item WHERE id BETWEEN 30 AND 39"))
    won.assert_equal("item")
    assert won.winner.sql("SELECT count(*) FILTER (WHERE n = 7), count(*) FROM item") == [(10, 90)]
    assert lost(won, won.winner) == []


def test_many_versions_on_both_sides(won):
    writes = []
    for number in range(5):
        for database in won.both:
            writes.append((database, f"UPDATE item SET who = '{database.node}', n = {number} WHERE id <= 5"))
    concurrently(won, *writes)
    won.assert_equal("item")
    assert won.loser.sql("SELECT DISTINCT who, n FROM item WHERE id <= 5") == [(won.winner.node, 4)]
    # One transaction at a time or all in one batch: each key's versions of the loser lost at the winner.
    assert {key for _, key, *_ in lost(won, won.winner)} == {"1", "2", "3", "4", "5"}


@pytest.mark.parametrize("inserts", ["both", "after_delete"])
def test_inserts_of_one_key(won, inserts):
    if inserts == "after_delete":
        won.winner.sql("INSERT INTO item VALUES (500, 'first', 0)")
        won.settle()
        concurrently(won, (won.winner, "DELETE FROM item WHERE id = 500"),
                     (won.winner, "INSERT INTO item VALUES (500, 'again', 1)"),
                     (won.loser, "UPDATE item SET who = 'lost' WHERE id = 500"))
        expected = ("again", 1)
    else:
        concurrently(won, (won.winner, "INSERT INTO item VALUES (500, 'kept', 1)"),
                     (won.loser, "INSERT INTO item VALUES (500, 'lost', 2)"))
        expected = ("kept", 1)
    won.assert_equal("item")
    assert won.a.sql("SELECT who, n FROM item WHERE id = 500") == [expected]
    assert [key for _, key, *_ in lost(won, won.winner)] == ["500"]


@pytest.mark.parametrize("deletes", ["winner", "loser"])
@pytest.mark.parametrize("first", ["delete", "update"])
def test_an_update_and_a_delete(won, deletes, first):
    deleting, updating = (won.winner, won.loser) if deletes == "winner" else (won.loser, won.winner)
    writes = [(deleting, "DELETE FROM item WHERE id = 3"), (updating, "UPDATE item SET who = 'kept' WHERE id = 3")]
    concurrently(won, *(writes if first == "delete" else reversed(writes)))
    won.assert_equal("item")
    there = won.a.sql("SELECT who FROM item WHERE id = 3")
    assert there == ([] if deletes == "winner" else [("kept",)])
    kind = "update_deleted" if deletes == "winner" else "delete_origin_differs"
    wait_until(lambda: [(each[0], each[1]) for each in lost(won, won.winner)] == [(kind, "3")], 20, "the loser in the log",
               detail=lambda: f"{lost(won, won.winner)}")


def test_a_moved_key(won):
    concurrently(won, (won.winner, "UPDATE item SET who = 'kept' WHERE id = 4"),
                 (won.loser, "UPDATE item SET id = 1004 WHERE id = 4"))
    won.assert_equal("item")
    assert won.a.sql("SELECT id, who FROM item WHERE id IN (4, 1004) ORDER BY 1") == [(4, "kept"), (1004, "-")]
    concurrently(won, (won.loser, "UPDATE item SET who = 'lost' WHERE id = 5"),
                 (won.winner, "UPDATE item SET id = 1005 WHERE id = 5"))
    wait_until(lambda: not won.winner.sql("SELECT 1 FROM item WHERE id = 5"), 20, "the old key is verified")
    won.assert_equal("item")
    assert won.a.sql("SELECT id, who FROM item WHERE id IN (5, 1005)") == [(1005, "-")]


@pytest.mark.parametrize("empties", ["winner", "loser"])
def test_a_truncate(won, empties):
    source = getattr(won, empties)
    target = won.peer(source)
    concurrently(won, (target, "UPDATE item SET who = 'seen by nobody' WHERE id = 1"),
                 (target, "INSERT INTO item VALUES (500, 'new', 2)"), (source, "TRUNCATE item"))
    won.assert_equal("item")
    left = won.a.sql("SELECT id FROM item ORDER BY 1")
    assert left == ([] if empties == "winner" else [(1,), (500,)])


def test_large_values_that_were_left_out(won):
    won.sql("ALTER TABLE item ALTER body SET STORAGE EXTERNAL")
    for database in won.both:
        database.sql("UPDATE item SET body = repeat(%s, 5000) WHERE id = %s", database.node, 50 if database is won.a else 51)
    won.settle()
    concurrently(won, (won.winner, "UPDATE item SET who = 'w', body = repeat('W', 6000) WHERE id IN (50, 51)"),
                 (won.loser, "UPDATE item SET n = 9 WHERE id IN (50, 51)"))
    won.assert_equal("item")
    assert won.a.sql("SELECT DISTINCT who, n, left(body, 1), length(body) FROM item WHERE id IN (50, 51)") == \
        [("w", 0, "W", 6000)]
    won.loser.sql("UPDATE item SET n = 10 WHERE id IN (50, 51)")
    won.settle()
    won.assert_equal("item")
    assert won.winner.value("SELECT sum(n) FROM item WHERE id IN (50, 51)") == 20


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_was_seen_outlives_the_process(won, how):
    """What both had seen before, and what nobody saw while nothing ran."""
    won.winner.sql("UPDATE item SET who = 'seen', n = 1 WHERE id <= 20")
    won.settle()
    won.loser.sql("UPDATE item SET n = 2 WHERE id <= 10")
    if how == "stop":
        won.settle()
        won.instance.stop()
    else:
        won.instance.kill9()
    won.loser.sql("UPDATE item SET n = 3 WHERE id BETWEEN 5 AND 15")
    won.winner.sql("UPDATE item SET who = 'unseen', n = 4 WHERE id BETWEEN 8 AND 12")
    won.instance.start().wait_streaming()
    won.settle()
    won.assert_equal("item")
    assert won.a.sql("SELECT who, n, count(*) FROM item WHERE id <= 20 GROUP BY 1, 2 ORDER BY 1, 2") == [
        ("seen", 1, 5), ("seen", 2, 4), ("seen", 3, 6), ("unseen", 4, 5)]


def waits_for_a_lock(database):
    return lambda: database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                                  "application_name LIKE 'tandem apply%%' AND wait_event_type = 'Lock'") == 1


def test_what_is_sent_again_is_judged_by_what_was_seen_then(won):
    """Rows come to the winner behind its delete and are not verified when the process dies; what came behind them had seen it."""
    winner, loser = won.winner, won.loser
    with winner.transaction() as cursor:
        cursor.execute("SELECT FROM item WHERE id = 2 FOR UPDATE")
        loser.sql("UPDATE item SET n = 5 WHERE id = 2")
        wait_until(waits_for_a_lock(winner), 10, "it waits")
        loser.sql("UPDATE item SET n = 6 WHERE id = 1")
        winner.sql("DELETE FROM item WHERE id = 1")
        wait_until(lambda: loser.sql("SELECT 1 FROM item WHERE id = 1") == [], 10, "the delete has come")
        sender = winner.value("SELECT active_pid FROM pg_replication_slots WHERE database = current_database() AND slot_name LIKE 'tandem%%'")
        os.kill(sender, signal.SIGSTOP)
        loser.sql("UPDATE item SET n = 7 WHERE id = 3")
    try:
        wait_until(lambda: winner.sql("SELECT id, n FROM item WHERE id IN (1, 3) ORDER BY 1") == [(1, 6), (3, 7)], 10, "all has come")
        won.instance.kill9()
    finally:
        os.kill(sender, signal.SIGCONT)
    won.instance.start().wait_streaming()
    won.settle()
    won.assert_equal("item")
    assert won.a.sql("SELECT id, n FROM item WHERE id <= 3 ORDER BY 1") == [(2, 5), (3, 7)]
    assert lost(won, winner) == [("update_deleted", "1", loser.node, winner.node, won.policy)]


def test_a_delete_beside_an_insert(won):
    """It finds no row, since that is not committed yet; the winner knows, and the row goes."""
    winner, loser = won.winner, won.loser
    with loser.transaction() as locking:
        locking.execute("SELECT FROM item WHERE id = 2 FOR UPDATE")
        with loser.transaction() as inserting:
            inserting.execute("INSERT INTO item VALUES (200, 'late', 1)")
            with winner.transaction() as cursor:
                cursor.execute("INSERT INTO item VALUES (200, 'early', 0)")
                cursor.execute("DELETE FROM item WHERE id = 200")
                cursor.execute("UPDATE item SET n = 9 WHERE id = 2")
            wait_until(waits_for_a_lock(loser), 10, "the delete has been and gone")
    won.settle()
    for node in won.both:
        wait_until(lambda node=node: node.sql("SELECT id, n FROM item WHERE id IN (2, 200)") == [(2, 9)], 10, "the row is gone",
                   detail=won.explain)
    won.assert_equal("item")
    assert lost(won, winner) == [("update_deleted", "200", loser.node, winner.node, won.policy)]


def test_clocks_do_not_matter():
    apart = masters.Servers("policies", own_clocks=True)
    try:
        pair = apart.pair(SCHEMA)
        pair.chosen = "for_all"
        start(pair, "node-wins=b", "--max-clock-skew", "1h")
        set_clocks(apart, 0, -2)
        concurrently(pair, (pair.b, "UPDATE item SET who = 'b' WHERE id = 1"),
                     (pair.a, "UPDATE item SET who = 'a' WHERE id = 1"))
        pair.assert_equal("item")
        assert pair.a.sql("SELECT who FROM item WHERE id = 1") == [("b",)]
        pair.close()
    finally:
        apart.close()


# --- error

@pytest.fixture
def erring(pair):
    return start(pair, "error")


def parked(pair, database):
    return [(row["op"], row["key"], row["sqlstate"]) for row in pair.parked(database)]


def ask(pair, what, *arguments):
    done = command("parked", what, *arguments, *nodes_of(pair))
    assert done.status == 0, done.text


def test_a_conflict_is_parked_at_both_and_the_rest_goes_on(erring):
    concurrently(erring, (erring.a, "UPDATE item SET who = 'a' WHERE id = 1"),
                 (erring.b, "UPDATE item SET who = 'b' WHERE id = 1"),
                 (erring.a, "UPDATE item SET who = 'a' WHERE id = 2"),
                 (erring.b, "UPDATE item SET who = 'b' WHERE id = 3"))
    for database in erring.both:
        assert parked(erring, database) == [("update", {"id": "1"}, "TD015")]
        assert database.sql("SELECT id, who FROM item WHERE id <= 3 ORDER BY 1") == [
            (1, database.node), (2, "a"), (3, "b")]
        assert "by somebody who had not seen this change" in erring.parked(database)[0]["error"]


def test_people_decide(erring):
    """The change is carried out at one node and dropped at the other."""
    concurrently(erring, (erring.a, "UPDATE item SET who = 'a' WHERE id = 1"),
                 (erring.b, "UPDATE item SET who = 'b' WHERE id = 1"))
    listed = command("parked", "list", *nodes_of(erring)).out
    assert "to write this change over it: tandem parked retry --direction b:a --table public.item" in listed, listed
    ask(erring, "retry", "--direction", "b:a")
    ask(erring, "drop", "--yes", "--direction", "a:b")
    erring.wait_nothing_parked()
    erring.settle()
    erring.assert_equal("item")
    assert erring.a.sql("SELECT who FROM item WHERE id = 1") == [("b",)]
    erring.a.sql("UPDATE item SET who = 'after' WHERE id = 1")
    erring.settle()
    erring.assert_equal("item")
    assert parked(erring, erring.a) == parked(erring, erring.b) == []


def test_successors_are_no_errors(erring):
    for round_number in range(6):
        writer = erring.both[round_number % 2]
        writer.sql("UPDATE item SET who = %s, n = n + 1 WHERE id <= 10", writer.node)
        erring.settle()
    erring.assert_equal("item")
    assert parked(erring, erring.a) == parked(erring, erring.b) == []


# --- what is refused

@pytest.mark.parametrize("arguments, said", [
    (("--conflict", "node-wins=c"), "--conflict node-wins=c: there is no node 'c'"),
    (("--conflict", "node-wins"), "got 'node-wins'"),
    (("--conflict", "node-wins=a", "--one-way", "a:b"), "--conflict node-wins=a needs both directions"),
    (("--conflict", "error", "--transport", "kafka", "--brokers", "localhost:1"), "--transport direct only"),
    (("--table-conflict", "item=node-wins=c"), "--table-conflict item=node-wins=c: there is no node 'c'"),
    (("--table-conflict", "item=node-win=a"), "expected one of last-update-wins, node-wins=NODE, error, apply-remote, got 'a'"),
    (("--table-conflict", "item"), "expected PATTERN=POLICY such as public.item=apply-remote, got 'item'"),
    (("--table-conflict", "item (id)=error"), "name tables only"),
    (("--table-conflict", "item=error", "--transport", "kafka", "--brokers", "localhost:1"), "--table-conflict item=error is possible with"),
], ids=["unknown", "unnamed", "one_way", "kafka", "table_unknown", "table_misspelt", "table_without", "columns", "table_kafka"])
def test_what_cannot_be_is_refused(servers, arguments, said):
    plain = servers.pair(SCHEMA)
    try:
        done = command("run", *nodes_of(plain), *arguments)
        assert done.status == 2 and said in done.text, done.text
    finally:
        plain.close()


def test_a_set_up_for_another_policy_is_refused(pair):
    policy = ("--conflict", "node-wins=a") if pair.chosen == "for_all" else ("--table-conflict", "item=node-wins=a")
    first = command("init", *nodes_of(pair))
    assert first.status == 0, first.text
    done = command("run", *nodes_of(pair), *policy, "--until", "caught-up")
    assert done.status == 2 and "was set up for another --conflict" in done.text, done.text
    again = command("init", *nodes_of(pair), *policy)
    assert again.status == 0, again.text
    done = command("run", *nodes_of(pair), *policy, "--until", "caught-up")
    assert done.status == 0, done.text
