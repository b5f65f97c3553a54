"""--one-way a:b: the target needs no logical decoding, and nothing of it ever reaches the source."""

from support import masters
from support.tandem import command, node_arguments
from support.waiting import holds_for

SETTINGS_B = {"wal_level": "replica", "max_wal_senders": "0", "track_commit_timestamp": "on"}
SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text)"


def test_changes_flow_one_way_only(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run("--one-way", "a:b")
        pair.a.sql("INSERT INTO item SELECT i, 'a' FROM generate_series(1, 100) i")
        pair.settle(pair.a)
        assert masters.digest(pair.b, "item") == masters.digest(pair.a, "item")

        pair.b.sql("INSERT INTO item VALUES (1000, 'only b')")
        pair.b.sql("UPDATE item SET v = 'changed at b' WHERE id = 1")
        pair.a.sql("UPDATE item SET v = 'changed at a' WHERE id = 2")
        pair.settle(pair.a)
        holds_for(lambda: pair.a.value("SELECT count(*) FROM item WHERE id = 1000 OR v LIKE '%%at b'") == 0, 2,
                  "a write on b stays on b")
        assert pair.b.sql("SELECT v FROM item WHERE id IN (1, 2) ORDER BY id") == [("changed at b",), ("changed at a",)]
        assert list(instance.status()["directions"]) == ["a:b"]
    finally:
        pair.close()


def test_the_target_has_no_slot_and_the_source_no_origin(servers):
    pair = servers.pair(SCHEMA)
    try:
        pair.run("--one-way", "a:b")
        assert pair.b.sql("SELECT slot_name FROM pg_replication_slots") == []
        assert pair.b.sql("SELECT pubname FROM pg_publication") == []
        assert pair.a.sql("SELECT roname FROM pg_replication_origin WHERE roname LIKE 'tandem%%'") == []
    finally:
        pair.close()


def test_a_killed_one_way_sync_resumes_and_catches_up(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run("--one-way", "a:b")
        pair.a.sql("INSERT INTO item VALUES (1, 'x')")
        pair.settle(pair.a)
        instance.kill9()
        pair.a.sql("INSERT INTO item VALUES (2, 'while away')")
        instance.start().wait_streaming()
        pair.settle(pair.a)
        pair.assert_equal("item")
    finally:
        pair.close()


def test_both_ways_are_refused_on_such_a_target(servers):
    pair = servers.pair(SCHEMA)
    try:
        done = command("run", "--init", *node_arguments({"a": pair.a, "b": pair.b}), "--listen", "off")
        assert done.status in (2, 3), done
        assert "wal_level" in done.err and "replica" in done.err and "node b" in done.err, done
    finally:
        pair.close()
