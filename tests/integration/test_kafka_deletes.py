"""R9 through Kafka: a process per site, which applies to its node and reads that node's deletes."""

import random

import pytest

from support.waiting import wait_until

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, who text, n integer);
INSERT INTO item SELECT i, '-', 0 FROM generate_series(1, 100) i;
"""


@pytest.fixture(params=["ordered", "per-table"])
def running(servers, kafka, request):
    pair = servers.pair(SCHEMA)
    prefix = f"d{random.randrange(1 << 30)}"
    pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", prefix, "--topics", request.param).stop()
    # Each knows its own node only, and what Kafka tells of the other.
    pair.sites = [pair.tandem("--peer", peer, "--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", prefix,
                              "--topics", request.param, init=False, nodes={name: getattr(pair, name)}).start().wait_streaming(deadline=60)
                  for name, peer in ("ab", "ba")]
    yield pair
    pair.close()


def concurrently(pair, *writes):
    pair.concurrently(pair.sites, *writes)
    pair.settle()


def rows(database):
    return database.sql("SELECT id, who FROM item WHERE id IN (1, 2, 3, 201, 202) ORDER BY id")


def assert_both(pair, expected):
    wait_until(lambda: [rows(database) for database in pair.both] == [expected] * 2, 30, "both have the same", detail=lambda: str(
        [rows(database) for database in pair.both]) + pair.explain())


@pytest.mark.parametrize("deletes", ["a", "b"])
def test_a_newer_delete_wins_and_an_older_one_does_not(running, deletes):
    node = getattr(running, deletes)
    peer = running.peer(node)
    concurrently(running, (node, "DELETE FROM item WHERE id = 2"), (peer, "UPDATE item SET who = 'peer' WHERE id < 3"),
                 (peer, "INSERT INTO item VALUES (201, 'peer', 1)"), (node, "INSERT INTO item VALUES (201, 'node', 1)"),
                 (node, "DELETE FROM item WHERE id IN (1, 201)"))
    assert_both(running, [(2, "peer"), (3, "-")])
    assert sorted(row["key"]["id"] for row in running.conflicts(node) if row["type"] == "update_deleted") == [1, 201]


def test_what_is_older_than_a_truncate_does_not_come_back(running):
    concurrently(running, (running.a, "INSERT INTO item VALUES (201, 'older', 1)"), (running.b, "TRUNCATE item"),
                 (running.a, "INSERT INTO item VALUES (202, 'newer', 1)"))
    assert_both(running, [(202, "newer")])


def test_tombstones_go_when_the_peer_has_told_that_it_knows(running):
    concurrently(running, (running.b, "DELETE FROM item WHERE id < 30"), (running.a, "UPDATE item SET who = 'older' WHERE id = 1"))

    def gone():
        running.settle()  # each writes something
        return [database.value("SELECT count(*) FROM tandem.tombstone") for database in running.both] == [0, 0]
    wait_until(gone, 60, "they go", detail=running.explain)
