"""An update of the key is the end of one row and the beginning of another: each of both keys has its newest version."""

import pytest

from support import masters

BIG = "(SELECT string_agg(md5(%s || g::text), '') FROM generate_series(1, 400) g)"
SCHEMA = f"""
CREATE TABLE item (id integer PRIMARY KEY, who text, n integer, code text UNIQUE, body text);
ALTER TABLE item ALTER body SET STORAGE EXTERNAL;
INSERT INTO item SELECT i, '-', 0, 'c' || i, NULL FROM generate_series(1, 5) i;
INSERT INTO item VALUES (6, '-', 0, 'c6', {BIG % "6"});
CREATE TABLE fixed (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, who text);
INSERT INTO fixed (who) VALUES ('-'), ('-'), ('-');
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
    pair.wait_nothing_parked()
    pair.settle()
    pair.assert_equal()


def rows(pair, *keys):
    return pair.a.sql("SELECT id, who FROM item WHERE id = ANY (%s) ORDER BY id", list(keys))


def types(pair):
    return sorted((database.node, row["type"]) for database in pair.both for row in pair.conflicts(database))


MOVE = "UPDATE item SET id = 10, who = 'moved' WHERE id = 1"


@pytest.mark.parametrize("mover", ["a", "b"])
def test_a_row_that_the_peer_deleted_before(running, mover):
    """The delete is of the old key only."""
    source = getattr(running, mover)
    concurrently(running, (running.peer(source), "DELETE FROM item WHERE id = 1"), (source, MOVE))
    assert rows(running, 1, 10) == [(10, "moved")]


@pytest.mark.parametrize("mover", ["a", "b"])
def test_a_row_that_the_peer_deleted_after(running, mover):
    source = getattr(running, mover)
    concurrently(running, (source, MOVE), (running.peer(source), "DELETE FROM item WHERE id = 1"))
    assert rows(running, 1, 10) == [(10, "moved")]


@pytest.mark.parametrize("mover", ["a", "b"])
def test_a_row_that_the_peer_changed_after(running, mover):
    """It keeps its unique value there, so the moved one has to be another's."""
    source = getattr(running, mover)
    concurrently(running, (source, "UPDATE item SET id = 10, who = 'moved', code = 'x' WHERE id = 1"),
                 (running.peer(source), "UPDATE item SET who = 'kept' WHERE id = 1"))
    assert rows(running, 1, 10) == [(1, "kept"), (10, "moved")]


@pytest.mark.parametrize("mover", ["a", "b"])
def test_a_row_that_the_peer_changed_before(running, mover):
    source = getattr(running, mover)
    concurrently(running, (running.peer(source), "UPDATE item SET who = 'older' WHERE id = 1"), (source, MOVE))
    assert rows(running, 1, 10) == [(10, "moved")]


@pytest.mark.parametrize("mover", ["a", "b"])
@pytest.mark.parametrize("later", ["move", "insert"])
def test_the_new_key_is_taken_at_the_peer(running, mover, later):
    source = getattr(running, mover)
    move = (source, MOVE)
    insert = (running.peer(source), "INSERT INTO item VALUES (10, 'inserted', 0, 'c10')")
    concurrently(running, *((insert, move) if later == "move" else (move, insert)))
    assert rows(running, 1, 10) == [(10, "moved" if later == "move" else "inserted")]
    loser = running.peer(source) if later == "move" else source
    assert [kind for node, kind in types(running)] == ["insert_exists" if later == "move" else "update_exists"]
    assert loser.node in {row["incoming_node"] for database in running.both for row in running.conflicts(database)}


@pytest.mark.parametrize("mover", ["a", "b"])
@pytest.mark.parametrize("later", ["move", "insert"])
def test_a_large_value_goes_along_to_a_key_that_is_taken(running, mover, later):
    source = getattr(running, mover)
    before = source.value("SELECT md5(body) FROM item WHERE id = 6")
    move = (source, "UPDATE item SET id = 10, who = 'moved' WHERE id = 6")
    insert = (running.peer(source), "INSERT INTO item VALUES (10, 'inserted', 0, 'c10', 'short')")
    concurrently(running, *((insert, move) if later == "move" else (move, insert)))
    held = running.b.sql("SELECT id, who, md5(body) = %s FROM item WHERE id IN (6, 10)", before)
    assert held == [(10, "moved", True) if later == "move" else (10, "inserted", False)]


@pytest.mark.parametrize("mover", ["a", "b"])
def test_both_move_the_same_row(running, mover):
    source = getattr(running, mover)
    concurrently(running, (running.peer(source), "UPDATE item SET id = 20, who = 'older', code = 'x' WHERE id = 1"), (source, MOVE))
    assert rows(running, 1, 10, 20) == [(10, "moved"), (20, "older")]


def test_both_move_to_the_same_key(running):
    concurrently(running, (running.a, "UPDATE item SET id = 10, who = 'a' WHERE id = 1"),
                 (running.b, "UPDATE item SET id = 10, who = 'b' WHERE id = 2"))
    assert rows(running, 1, 2, 10) == [(10, "b")]


@pytest.mark.parametrize("case", ["taken", "deleted", "newer"])
def test_a_key_that_is_generated(running, case):
    """It cannot be set by UPDATE."""
    move = (running.a, "UPDATE fixed SET id = DEFAULT, who = 'moved' WHERE id = 1")
    before, after, left = {
        "taken": ([(running.b, "INSERT INTO fixed (who) VALUES ('inserted')")], [], [(2, "-"), (3, "-"), (4, "moved")]),
        "deleted": ([(running.b, "DELETE FROM fixed WHERE id = 1")], [], [(2, "-"), (3, "-"), (4, "moved")]),
        "newer": ([], [(running.b, "UPDATE fixed SET who = 'kept' WHERE id = 1")], [(1, "kept"), (2, "-"), (3, "-"), (4, "moved")]),
    }[case]
    concurrently(running, *before, move, *after)
    assert running.b.sql("SELECT id, who FROM fixed ORDER BY 1") == left


def test_nothing_comes_back(running):
    """What a move wrote carries the peer's origin, as any other row."""
    local = {database.node: masters.WalOracle(database) for database in running.both}
    concurrently(running, (running.b, "INSERT INTO item VALUES (10, 'inserted', 0, 'c10')"), (running.b, "DELETE FROM item WHERE id = 2"),
                 (running.a, MOVE), (running.a, "UPDATE item SET id = 11, who = 'moved' WHERE id = 2"))
    assert rows(running, 1, 2, 10, 11) == [(10, "moved"), (11, "moved")]
    counted = {node: [kind for table, kind in oracle.changes() if table.endswith(".item")] for node, oracle in local.items()}
    assert counted == {"a": ["UPDATE", "UPDATE"], "b": ["INSERT", "DELETE"]}
    for oracle in local.values():
        oracle.drop()
