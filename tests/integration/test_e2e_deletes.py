"""R9: a newer delete beats a row that the peer brings afterwards, on both masters, whatever comes first."""

import pytest

from support.cut_proxy import CutProxy
from support.tandem import command, node_arguments
from support.waiting import holds_for, wait_until

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, who text, n integer);
INSERT INTO item SELECT i, '-', 0 FROM generate_series(1, 100) i;
"""


@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


def concurrently(pair, *writes):
    pair.concurrently([pair.instance], *writes)
    settle(pair)


def settle(pair):
    """Applied, and verified: a source's slot is moved to what is verified only."""
    pair.settle()

    def verified(source):
        applied = pair.peer(source).value("SELECT applied_lsn FROM tandem.progress WHERE stream = %s", source.node)
        return source.sql("SELECT 1 FROM pg_replication_slots WHERE slot_name LIKE 'tandem%%' AND "
                          "database = current_database() AND confirmed_flush_lsn >= %s::pg_lsn", applied)
    wait_until(lambda: all(verified(source) for source in pair.both), 30, "all is verified", detail=pair.explain)


def beaten(pair, database):
    return [(row["key"], row["incoming_node"], row["winner"]) for row in pair.conflicts(database) if row["type"] == "update_deleted"]


@pytest.mark.parametrize("deletes", ["a", "b"])
@pytest.mark.parametrize("identity", ["DEFAULT", "FULL"])
def test_a_newer_delete_beats_an_update(running, deletes, identity):
    running.instance.stop()
    running.sql(f"ALTER TABLE item REPLICA IDENTITY {identity}")
    running.instance.start().wait_streaming()
    node = getattr(running, deletes)
    peer = running.peer(node)
    concurrently(running, (peer, "UPDATE item SET who = 'older' WHERE id = 1"), (node, "DELETE FROM item WHERE id = 1"))
    running.assert_equal("item")
    assert running.a.sql("SELECT * FROM item WHERE id = 1") == []
    assert beaten(running, node) == [({"id": 1}, peer.node, node.node)]


@pytest.mark.parametrize("deletes", ["a", "b"])
def test_a_newer_update_beats_a_delete(running, deletes):
    node = getattr(running, deletes)
    peer = running.peer(node)
    concurrently(running, (node, "DELETE FROM item WHERE id = 1"), (peer, "UPDATE item SET who = 'newer' WHERE id = 1"))
    running.assert_equal("item")
    assert running.a.sql("SELECT who FROM item WHERE id = 1") == [("newer",)]
    assert beaten(running, node) == []


@pytest.mark.parametrize("deletes", ["a", "b"])
def test_a_newer_delete_beats_an_insert(running, deletes):
    node = getattr(running, deletes)
    peer = running.peer(node)
    concurrently(running, (peer, "INSERT INTO item SELECT i, 'older', 1 FROM generate_series(201, 1800) i"),
                 (node, "INSERT INTO item SELECT i, 'other', 2 FROM generate_series(201, 1000) i"),
                 (node, "DELETE FROM item WHERE id BETWEEN 301 AND 1000"))
    running.assert_equal("item")
    assert running.a.sql("SELECT who, min(id), max(id), count(*) FROM item WHERE id > 200 GROUP BY who ORDER BY who") == [
        ("older", 1001, 1800, 800), ("other", 201, 300, 100)]
    assert len(beaten(running, node)) == 700


@pytest.mark.parametrize("moves", ["a", "b"])
def test_a_key_that_was_given_up_does_not_come_back(running, moves):
    node = getattr(running, moves)
    peer = running.peer(node)
    concurrently(running, (peer, "UPDATE item SET who = 'older' WHERE id = 1"), (node, "UPDATE item SET id = 501 WHERE id = 1"))
    running.assert_equal("item")
    assert running.a.sql("SELECT id FROM item WHERE id IN (1, 501)") == [(501,)]


@pytest.mark.parametrize("deletes", ["a", "b"])
def test_a_row_that_was_moved_to_a_deleted_key_goes(running, deletes):
    node = getattr(running, deletes)
    peer = running.peer(node)
    concurrently(running, (peer, "DELETE FROM item WHERE id = 2"), (peer, "UPDATE item SET id = 2 WHERE id = 1"),
                 (node, "DELETE FROM item WHERE id = 2"))
    running.assert_equal("item")
    assert running.a.sql("SELECT id FROM item WHERE id IN (1, 2)") == []


@pytest.mark.parametrize("empties", ["a", "b"])
def test_what_is_older_than_a_truncate_does_not_come_back(running, empties):
    node = getattr(running, empties)
    peer = running.peer(node)
    concurrently(running, (peer, "INSERT INTO item VALUES (201, 'older', 1)"), (node, "TRUNCATE item"),
                 (peer, "INSERT INTO item VALUES (202, 'newer', 1)"))
    running.assert_equal("item")
    assert running.a.sql("SELECT id, who FROM item") == [(202, "newer")]


def test_what_was_put_in_again_after_the_delete_stays(running):
    concurrently(running, (running.a, "UPDATE item SET who = 'older' WHERE id = 1"), (running.b, "DELETE FROM item WHERE id = 1"),
                 (running.b, "INSERT INTO item VALUES (1, 'again', 5)"))
    running.assert_equal("item")
    assert running.a.sql("SELECT who FROM item WHERE id = 1") == [("again",)]


def test_later_changes_of_the_peer_count(running):
    """Of what it wrote in several transactions the last decides, whichever of them is verified first."""
    concurrently(running, (running.a, "UPDATE item SET n = 1 WHERE id = 1"), (running.b, "DELETE FROM item WHERE id = 1"),
                 (running.a, "UPDATE item SET n = 2 WHERE id = 1"), (running.b, "DELETE FROM item WHERE id = 2"),
                 (running.a, "UPDATE item SET n = 2 WHERE id = 3"), (running.b, "DELETE FROM item WHERE id = 3"))
    running.assert_equal("item")
    assert running.a.sql("SELECT id, n FROM item WHERE id < 5 ORDER BY id") == [(1, 2), (4, 0)]


@pytest.mark.sampled(6)
@pytest.mark.parametrize("key, older, newer", [
    ("id numeric PRIMARY KEY", "1.50", "1.5"), ("id text PRIMARY KEY", "'it''s, {\"a\"}'", "'it''s, {\"a\"}'"),
    ("id timestamptz PRIMARY KEY", "'2026-01-01 00:00+00'", "'2026-01-01 05:00+05'"), ("id double precision PRIMARY KEY", "'-0'", "0"),
    ("id uuid PRIMARY KEY", "'a0000000-0000-0000-0000-00000000000B'", "'{a0000000-0000-0000-0000-00000000000b}'"),
    ("id bytea PRIMARY KEY", "'\\x00ff'", "'\\x00ff'"), ("id char(5) PRIMARY KEY", "'x'", "'x   '")])
@pytest.mark.parametrize("values", ["binary", "text"])
def test_keys_of_all_kinds(servers, key, older, newer, values):
    pair = servers.pair(f"CREATE TABLE k ({key}, v integer)" + ("; CREATE TYPE mood AS ENUM ('ok')" if values == "text" else "") +
                        ("; ALTER TABLE k ADD m mood" if values == "text" else ""))
    pair.instance = pair.run()
    concurrently(pair, (pair.a, f"INSERT INTO k (id, v) VALUES ({older}, 1)"), (pair.b, f"INSERT INTO k (id, v) VALUES ({newer}, 2)"),
                 (pair.b, "DELETE FROM k"))
    pair.assert_equal("k")
    assert pair.a.sql("SELECT v FROM k") == []
    assert len(beaten(pair, pair.b)) == 1
    pair.close()


def test_keys_of_several_columns_that_stand_in_another_order(servers):
    table = "CREATE TABLE k ({}, PRIMARY KEY ({}))"
    pair = servers.pair(table.format("x integer, v integer, y text", "x, y"), schema_b=table.format("y text, x integer, v integer", "y, x"))
    pair.instance = pair.run()
    concurrently(pair, *((pair.a, f"INSERT INTO k (x, y, v) VALUES ({n}, 'k{n}', 1)") for n in range(5)),
                 (pair.b, "INSERT INTO k (x, y, v) SELECT n, 'k' || n, 2 FROM generate_series(0, 4) n"), (pair.b, "DELETE FROM k WHERE x < 3"))
    assert [database.sql("SELECT x, y, v FROM k ORDER BY x") for database in pair.both] == [[(3, "k3", 2), (4, "k4", 2)]] * 2
    assert sorted(row[0]["x"] for row in beaten(pair, pair.b)) == [0, 1, 2]
    pair.close()


def test_a_long_transaction_is_verified_too(running):
    concurrently(running, (running.a, "INSERT INTO item SELECT i, 'older', 1 FROM generate_series(1001, 61000) i"),
                 (running.b, "INSERT INTO item SELECT i, 'other', 2 FROM generate_series(1001, 61000, 1000) i"),
                 (running.b, "DELETE FROM item WHERE id > 1000"))
    running.assert_equal("item")
    assert running.a.value("SELECT count(*) FROM item WHERE id > 1000") == 60000 - 60
    assert len(beaten(running, running.b)) == 60


def test_what_is_carried_out_in_source_order_is_verified_too(running):
    running.b.sql("ALTER TABLE item ADD CHECK (n < 1000)")
    concurrently(running, (running.a, "BEGIN; UPDATE item SET who = 'older' WHERE id = 1; INSERT INTO item VALUES (200, 'bad', 1000); COMMIT"),
                 (running.b, "DELETE FROM item WHERE id = 1"))
    assert [database.sql("SELECT id FROM item WHERE id = 1") for database in running.both] == [[], []]
    assert [row["key"] for row in running.parked(running.b)] == [{"id": "200"}]


def test_a_killed_process_verifies_when_it_is_back(running):
    """What it had applied and not verified is sent again, and not applied again."""
    for round_ in range(1, 13):
        running.instance.freeze()
        running.a.sql("UPDATE item SET who = 'older', n = n + 1 WHERE id = %s", round_)
        running.b.sql("DELETE FROM item WHERE id = %s", round_)
        running.a.sql("UPDATE item SET n = n + 1 WHERE id > 50")
        running.instance.thaw()
        wait_until(lambda: running.b.value("SELECT n FROM item WHERE id = 51") == round_, 30, "it is applied", every=0.001)
        running.instance.kill9()
        running.instance.start().wait_streaming()
    settle(running)
    running.assert_equal("item")
    assert running.a.sql("SELECT count(*), min(id), max(n) FROM item") == [(88, 13, 12)]
    assert {row[0]["id"] for row in beaten(running, running.b)} <= set(range(1, 13))


def test_two_full_queues_do_not_wait_for_each_other(servers):
    """Each direction needs the other's decoder, whose queue is full as well (R10)."""
    pair = servers.pair("CREATE TABLE item (id integer PRIMARY KEY, body text); INSERT INTO item SELECT i, 'x' FROM generate_series(1, 100) i")
    pair.instance = pair.run("--queue-bytes", "1MiB", "--batch-bytes", "256KiB")
    write = ("DO $$ BEGIN FOR n IN {} LOOP INSERT INTO item SELECT n * 1000 + i, repeat('x', 300) FROM generate_series(1, 1000) i; "
             "COMMIT; END LOOP; END $$")
    concurrently(pair, (pair.a, write.format("1..30")), (pair.b, write.format("61..90")), (pair.a, "UPDATE item SET body = 'older' WHERE id < 50"), (pair.b, "DELETE FROM item WHERE id < 50"))
    pair.assert_equal("item")
    assert [database.value("SELECT count(*) FROM item") for database in pair.both] == [60_051] * 2  # 60,000 new ones and 51 of 100 old ones
    assert "reads again what it had passed over" in pair.instance.log_text()
    pair.close()


def tombstones(database):
    return database.value("SELECT count(*) FROM tandem.tombstone")


def test_tombstones_go_when_no_older_row_can_come_any_more(running):
    concurrently(running, (running.b, "DELETE FROM item WHERE id < 30; TRUNCATE item"), (running.a, "DELETE FROM item WHERE id > 90"))
    wait_until(lambda: [tombstones(database) for database in running.both] == [0, 0], 30, "they go", detail=running.explain)


def test_tombstones_stay_while_the_peer_may_still_send(running):
    """The delete has arrived at a, and what a wrote before it knew is still on its way to b."""
    holder = running.b.connect()
    running.instance.freeze()
    running.a.sql("UPDATE item SET who = 'older' WHERE id = 1")
    running.b.sql("DELETE FROM item WHERE id = 1")
    holder.cursor().execute("LOCK TABLE item IN SHARE MODE")
    running.instance.thaw()
    wait_until(lambda: running.a.sql("SELECT * FROM item WHERE id = 1") == [], 30, "a has the delete", detail=running.explain)
    wait_until(lambda: tombstones(running.b) == 1, 20, "it is stored; before b's slot is confirmed, not before a has it")
    holds_for(lambda: tombstones(running.b) == 1, 5, "the tombstone stays")
    holder.rollback()
    holder.close()
    settle(running)
    assert [database.sql("SELECT * FROM item WHERE id = 1") for database in running.both] == [[], []]
    wait_until(lambda: tombstones(running.b) == 0, 30, "it goes", detail=running.explain)


def test_what_a_delete_beat_can_be_put_back(running):
    concurrently(running, (running.a, "UPDATE item SET who = 'older' WHERE id = 1"), (running.b, "DELETE FROM item WHERE id = 1"))
    number = next(row["id"] for row in running.conflicts(running.b) if row["type"] == "update_deleted")
    restored = command("conflict", "restore", "--yes", f"b:{number}", *node_arguments({"a": running.a, "b": running.b}))
    assert restored.status == 0, restored
    settle(running)
    assert [database.sql("SELECT * FROM item WHERE id = 1") for database in running.both] == [[(1, "older", 0)]] * 2


def test_one_way_nothing_is_remembered(servers):
    """Nobody applies to the source."""
    pair = servers.pair(SCHEMA)
    pair.run("--one-way", "a:b")
    pair.a.sql("DELETE FROM item WHERE id < 30")
    pair.settle(pair.a)
    holds_for(lambda: [tombstones(database) for database in pair.both] == [0, 0], 1, "no tombstones")
    pair.close()


def test_over_an_answer_that_is_lost(servers):
    """The commit is at b, and tandem does not learn of it: what it wrote is verified all the same."""
    pair = servers.pair(SCHEMA)
    proxies = {database.node: CutProxy(database.cluster.port) for database in pair.both}
    pair.instance = pair.run(nodes={database.node: f"postgresql://postgres@localhost:{proxies[database.node].port}/{pair.name}"
                                    for database in pair.both})
    try:
        pair.a.sql("UPDATE item SET n = 1")
        pair.settle()  # what the batch needs to know of the table is known
        pair.instance.freeze()
        pair.a.sql("UPDATE item SET who = 'older' WHERE id = 1")
        pair.b.sql("DELETE FROM item WHERE id = 1")
        proxies["b"].hold_answers()
        pair.instance.thaw()
        wait_until(lambda: pair.b.value("SELECT who FROM item WHERE id = 1") == "older", 20, "it is at b", detail=pair.explain)
        proxies["b"].sever()
        proxies["b"].mend()
        pair.instance.wait_streaming()
        settle(pair)
        pair.assert_equal("item")
        assert pair.a.sql("SELECT * FROM item WHERE id = 1") == []
        assert beaten(pair, pair.b) == [({"id": 1}, "a", "b")]
    finally:
        pair.close()
        for proxy in proxies.values():
            proxy.close()
