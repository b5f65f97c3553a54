"""Records above what their topic takes: parked by key at the peer, and nothing else waits."""

import json
import re

import pytest

from support import masters
from support.waiting import wait_until

SCHEMA = """
CREATE TABLE chat (id bigint PRIMARY KEY, room integer, body text);
CREATE TABLE whole (id bigint PRIMARY KEY, room integer, body text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE named (name text PRIMARY KEY, body text);
"""
BIG = "repeat('x', 12000000)"
RANDOM = "(SELECT string_agg(md5(random()::text || n), '') FROM generate_series(1, {}) n)"  # 32 bytes each


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = f"o{abs(hash(request.node.name)) % 10**9}"
    fresh.topic = f"{fresh.prefix}.a"
    yield fresh
    fresh.close()


def through(pair, kafka, *arguments):
    return pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix, *arguments)


def parked(pair):
    """[(code, operation, key, columns of the row)] of what is parked at b, in order."""
    return [(row["sqlstate"], row["op"], row["key"], row["row"]) for row in pair.parked(pair.b)]


def assert_equal_but(pair, table, *ids):
    """The table holds the same rows on both masters, but for these keys."""
    statement = f"SELECT id, room, md5(body) FROM {table} WHERE NOT id = ANY(%s) ORDER BY id"
    assert pair.a.sql(statement, list(ids)) == pair.b.sql(statement, list(ids))


def notes(kafka, topic):
    """The oversize notes in the topic, in order."""
    found = [json.loads(dict(record["headers"]).get("tandem.note", b"{}")) for record in kafka.admin.read(topic)]
    return [note for note in found if note.get("note") == "oversize"]


def varint(number):
    """Bytes of a number in zigzag form."""
    return max(1, -(-(2 * number).bit_length() // 7))


def batch_bytes(record):
    """What a broker counts of a record alone in its batch: format v2, not compressed."""
    def counted(text):
        return 1 if text is None else varint(len(text)) + len(text)
    body = 3 + counted(record["key"]) + counted(record["value"]) + varint(len(record["headers"]))
    body += sum(counted(name.encode()) + counted(value) for name, value in record["headers"])
    return 61 + varint(body) + body


@pytest.mark.parametrize("arguments", [(), ("--batch-rows", "1")], ids=["batched", "one_by_one"])
def test_one_row_waits_and_nothing_else(pair, kafka, arguments):
    instance = through(pair, kafka, *arguments)
    pair.b.sql("INSERT INTO chat VALUES (-1, 0, 'from b')")
    pair.a.sql(f"INSERT INTO chat SELECT i, 0, CASE i WHEN 50 THEN {BIG} ELSE 'text ' || i END "
               f"FROM generate_series(1, 100) i")
    pair.settle(deadline=90)
    assert parked(pair) == [("TD012", "insert", {"id": "50"}, None)]
    said = pair.parked(pair.b)[0]
    assert not said["whole_table"]
    assert re.search(r"table public\.chat, the row id=50: its record takes 120\d{5} bytes and the topic 8388608 ",
                     said["error"]), said["error"]
    assert "write the row again at node a" in said["error"]
    assert_equal_but(pair, "chat", 50)
    assert pair.b.value("SELECT count(*) FROM chat") == 100
    # What follows of its key queues: an update, a new key, an update there, its end.
    pair.a.sql("UPDATE chat SET room = 1 WHERE id = 50; UPDATE chat SET id = 1050 WHERE id = 50; "
               "UPDATE chat SET room = 2 WHERE id IN (51, 1050); INSERT INTO chat VALUES (50, 3, 'again'); "
               "DELETE FROM chat WHERE id = 50; DELETE FROM chat WHERE id = 1050")
    pair.settle(deadline=60)
    assert [(code, operation, key["id"]) for code, operation, key, _ in parked(pair)[1:]] == [
        ("TD011", "update", "50"), ("TD011", "update", "50"), ("TD011", "update", "1050"), ("TD011", "insert", "50"),
        ("TD011", "delete", "50"), ("TD011", "delete", "1050")]
    pair.assert_equal()
    assert pair.b.value("SELECT room FROM chat WHERE id = 51") == 2
    assert instance.direction("a:b")["retries"] == 0 and instance.state("a:b") == "streaming"
    assert "TD012" in instance.log_text() and "xxxx" not in instance.log_text()


def test_updates_that_are_too_large(pair, kafka):
    """A row that grows, one that takes another key with it; with the whole row as identity, its delete too."""
    instance = through(pair, kafka)
    pair.a.sql("INSERT INTO chat SELECT i, 0, 'text' FROM generate_series(1, 10) i; "
               "INSERT INTO whole SELECT i, 0, 'text' FROM generate_series(1, 10) i")
    pair.settle(deadline=60)
    pair.a.sql("UPDATE chat SET body = repeat('y', 20000000) WHERE id = 3")
    pair.a.sql(f"UPDATE chat SET id = 1004, body = {BIG} WHERE id = 4")
    pair.a.sql(f"UPDATE whole SET body = {BIG} WHERE id = 5")
    pair.a.sql("UPDATE whole SET room = 1 WHERE id = 6; DELETE FROM whole WHERE id = 5; "
               "INSERT INTO chat VALUES (4, 4, 'new'); UPDATE chat SET room = 1 WHERE id IN (1004, 7)")
    pair.settle(deadline=60)
    assert parked(pair) == [
        ("TD012", "update", {"id": "3"}, None), ("TD012", "update", {"id": "4"}, {"id": "1004"}),
        ("TD012", "update", {"id": "5"}, None), ("TD012", "delete", {"id": "5"}, None),
        ("TD011", "insert", {"id": "4"}, {"id": "4", "room": "4", "body": "new"}),
        ("TD011", "update", {"id": "1004"}, {"id": "1004", "room": "1"})]
    assert_equal_but(pair, "chat", 3, 4, 1004)
    assert_equal_but(pair, "whole", 5)
    assert pair.b.sql("SELECT id, body FROM chat WHERE id IN (3, 4, 1004) ORDER BY id") == [(3, "text"), (4, "text")]
    # The queues are known again after the end of the process.
    instance.kill9()
    through(pair, kafka)
    pair.a.sql("UPDATE chat SET room = 9 WHERE id IN (1004, 3, 8); UPDATE chat SET room = 9 WHERE id = 4")
    pair.settle(deadline=60)
    assert sorted((code, key["id"]) for code, _, key, _ in parked(pair)[6:]) == [
        ("TD011", "1004"), ("TD011", "3"), ("TD011", "4")]
    assert_equal_but(pair, "chat", 3, 4, 1004)
    assert pair.b.value("SELECT room FROM chat WHERE id = 8") == 9


def test_a_key_that_is_too_long_lets_its_table_wait(pair, kafka):
    through(pair, kafka)
    pair.a.sql(f"INSERT INTO named VALUES ('short', 'before'); INSERT INTO named VALUES (repeat('k', 5000), {BIG}); "
               "INSERT INTO named VALUES ('other', 'behind'); INSERT INTO chat VALUES (1, 1, 'free')")
    pair.settle(deadline=60)
    assert [(row["sqlstate"], row["whole_table"], row["key"]) for row in pair.parked(pair.b)] == [
        ("TD012", True, None), ("TD011", False, {"name": "other"})]
    assert "whole table waits" in pair.parked(pair.b)[0]["error"]
    assert pair.b.sql("SELECT name FROM named") == [("short",)]
    assert_equal_but(pair, "chat")


def test_the_limit_is_raised_and_the_row_written_again(pair, kafka):
    instance = through(pair, kafka)
    assert kafka.admin.config(pair.topic)["max.message.bytes"] == str(8 << 20)
    pair.a.sql(f"INSERT INTO chat VALUES (1, 1, {BIG}), (2, 1, 'small')")
    pair.settle(deadline=60)
    assert [code for code, *_ in parked(pair)] == ["TD012"]
    instance.stop()
    kafka.admin.set_config(pair.topic, max_message_bytes=16 << 20)
    pair.b.sql("DELETE FROM tandem.parked")
    instance = through(pair, kafka)
    pair.a.sql(f"INSERT INTO chat VALUES (3, 1, {BIG}); UPDATE chat SET body = body || '' WHERE id = 1")
    pair.settle(deadline=90)
    assert parked(pair) == []
    assert pair.b.value("SELECT count(*) FROM chat WHERE length(body) = 12000000") == 2
    pair.assert_equal()


def test_the_limit_is_lowered_while_it_runs(pair, kafka):
    """The brokers refuse what was begun; the next start knows the new limit, and the row is parked."""
    instance = through(pair, kafka)
    pair.a.sql(f"INSERT INTO chat VALUES (1, 1, {RANDOM.format(10000)})")
    pair.settle(deadline=60)
    kafka.admin.set_config(pair.topic, max_message_bytes=100_000)
    pair.a.sql(f"INSERT INTO chat SELECT i, 1, CASE i WHEN 20 THEN {RANDOM.format(10000)} ELSE 'text' END "
               f"FROM generate_series(2, 50) i")
    pair.settle(deadline=60)
    assert parked(pair) == [("TD012", "insert", {"id": "20"}, None)]
    assert_equal_but(pair, "chat", 20)
    assert instance.direction("a:b")["retries"] >= 1 and "max.message.bytes" in instance.log_text()
    assert {note["limit"] for note in notes(kafka, pair.topic)} == {100_000}
    pair.b.sql("INSERT INTO chat VALUES (-2, 1, 'the other way')")
    pair.settle(deadline=60)
    assert_equal_but(pair, "chat", 20)


def test_one_size_fits_and_a_little_more_does_not(pair, kafka):
    limit = 200_000
    kafka.admin.create_topic(pair.topic, max_message_bytes=limit)
    through(pair, kafka)
    pair.a.sql(f"INSERT INTO chat VALUES (1, 1, {RANDOM.format(5000)})")
    pair.settle(deadline=60)
    row = next(record for record in kafka.admin.read(pair.topic) if record["value"] and b'"chat"' in record["value"])
    room = limit - batch_bytes(row)  # numbers in a record may be a few digits longer or shorter
    pair.a.sql(f"INSERT INTO chat VALUES (2, 1, left({RANDOM.format(7000)}, 160000 + %s))", room - 8)
    pair.a.sql(f"INSERT INTO chat VALUES (3, 1, left({RANDOM.format(7000)}, 160000 + %s))", room + 8)
    pair.settle(deadline=60)
    assert parked(pair) == [("TD012", "insert", {"id": "3"}, None)]
    sizes = [batch_bytes(record) for record in kafka.admin.read(pair.topic)]
    assert limit - 16 <= max(sizes) <= limit
    note, = notes(kafka, pair.topic)
    assert limit < note["bytes"] <= limit + 16 and note["key"] == [["id", "3"]]
    assert_equal_but(pair, "chat", 3)


def test_a_limit_that_holds_no_stream(pair, kafka):
    kafka.admin.create_topic(pair.topic, max_message_bytes=10_000)
    instance = pair.tandem("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix).start()
    direction = instance.wait_state("a:b", "retrying")
    assert "max.message.bytes=10000" in direction["reason"] and "at least 16384" in direction["reason"], direction
    kafka.admin.set_config(pair.topic, max_message_bytes=16_384)
    instance.wait_streaming(deadline=60)
    pair.a.sql("INSERT INTO chat SELECT i, 1, repeat('z', i) FROM generate_series(14000, 18000, 500) i")
    pair.settle(deadline=60)
    found = {int(key["id"]) for _, _, key, _ in parked(pair)}
    assert found and min(found) >= 15_000 and 18_000 in found
    assert_equal_but(pair, "chat", *found)


def test_one_change_is_more_than_all_that_may_wait(pair, kafka):
    """Its old row travels with it, and behind it its tombstone: together above the 8 MiB that may be on their way."""
    through(pair, kafka, "--topic-max-bytes", "32MiB")
    pair.a.sql("INSERT INTO whole VALUES (1, 1, repeat('y', 17000000)), (2, 1, 'small')")
    pair.settle(deadline=60)
    pair.a.sql("DELETE FROM whole WHERE id = 1")
    pair.a.sql("UPDATE whole SET room = 2 WHERE id = 2")
    pair.settle(deadline=60)
    assert parked(pair) == [] and pair.b.sql("SELECT id, room FROM whole") == [(2, 2)]
