"""The chat load: its plans keep what the oracles lean on, its record is what the server holds."""

import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "chat"))

import load as chat_load  # noqa: E402
import workload  # noqa: E402
from support.oracles_sql import Watch  # noqa: E402

NODES, WRITERS, PLANS = 2, 3, 400


def histories(conflicts):
    """{(node, writer): the changes of PLANS transactions, as if they had committed}"""
    found = {}
    for rank, node in enumerate("ab"):
        sequence = itertools.count(1)
        for place in range(WRITERS):
            writer = workload.Writer(node, rank, NODES, place, WRITERS, sequence, 7, conflicts)
            changes = list(writer.first().changes)
            for _ in range(PLANS):
                plan = writer.next()
                if not plan.rolled_back:
                    changes += plan.changes
                    for remember in plan.after_commit:
                        remember()
            found[node, place] = changes
    return found


def keys(changes):
    return {(change.table, change.key) for change in changes}


def test_every_key_is_one_writers_own_without_conflicts():
    made = histories(conflicts=False)
    for one, other in itertools.combinations(made, 2):
        assert not keys(made[one]) & keys(made[other]), (one, other)


def test_nodes_meet_only_in_updates_and_writers_of_a_node_never():
    made = histories(conflicts=True)
    nodes = {node: [change for (owner, _), changes in made.items() if owner == node
                    for change in changes] for node in "ab"}
    met = keys(nodes["a"]) & keys(nodes["b"])
    assert {table for table, _ in met} == {"chat_message", "chat_user", "chat_room"}
    assert {change.op for changes in nodes.values() for change in changes
            if (change.table, change.key) in met} == {"U"}
    for one, other in itertools.combinations(made, 2):
        assert one[0] != other[0] or not keys(made[one]) & keys(made[other])


def test_each_key_lives_a_possible_life():
    """Own rows are inserted before they are updated or deleted, and not while they exist."""
    for changes in histories(conflicts=False).values():
        there = set()
        for change in changes:
            where = change.table, change.key
            assert (where in there) == (change.op != "I"), change
            (there.discard if change.op == "D" else there.add)(where)


def test_seq_is_never_given_twice_and_grows_per_key():
    made = histories(conflicts=True)
    for node in "ab":
        given = [change.seq for (owner, _), changes in made.items() if owner == node
                 for change in changes]
        assert len(given) == len(set(given))
    for changes in made.values():
        last = {}
        for change in changes:
            assert last.get((change.table, change.key), 0) < change.seq
            last[change.table, change.key] = change.seq


def test_the_record_is_what_one_server_holds(pair):
    uri = pair.a.uri()
    chat_load.create_schema(uri)
    watch = Watch("a", uri, workload.TABLES)
    watch.install()
    load = chat_load.Load([("a", uri)], rate=50_000, writers=4)
    load.seed()
    load.start()
    while load.nodes[0].rows < 3000 and not load.stopping.wait(0.05):
        pass
    load.stop()
    node = load.nodes[0]
    assert node.rolled_back > 0
    assert watch.own_changes() == node.written == watch.read_wal()
    newest = {(change.table, change.key): change for change in sorted(
        node.changes, key=lambda change: change.seq)}
    assert watch.visible() == {where: ("a", change.seq) for where, change in newest.items()
                               if change.op != "D"}
    watch.remove()
    watch.close()


def test_a_row_that_is_not_where_it_belongs_stops_the_load(pair):
    uri = pair.a.uri()
    chat_load.create_schema(uri)
    load = chat_load.Load([("a", uri)], rate=50_000, writers=2)
    load.seed()
    pair.a.sql("DELETE FROM chat_account")
    load.start()
    assert load.stopping.wait(30)
    with pytest.raises(chat_load.LoadError, match="division by zero"):
        load.stop()
