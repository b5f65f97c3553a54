"""Two masters through three real brokers: all of it once, whole, in order. What befalls Kafka: test_kafka_faults.py."""

import contextlib
import json
import subprocess

import pytest

from support import masters
from support.mixed import MIXED, SCHEMA
from support.tandem import command, node_arguments
from support.waiting import wait_until


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = f"t{abs(hash(request.node.name)) % 10**9}"
    yield fresh
    fresh.close()


def through(pair, kafka, *arguments):
    return pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix, *arguments)


@pytest.mark.parametrize("arguments", [(), ("--batch-rows", "1"), ("--event-schemas", "on")],
                         ids=["batched", "one_by_one", "with_schemas"])
def test_both_ways(pair, kafka, arguments):
    local = {database: masters.WalOracle(database) for database in pair.both}
    through(pair, kafka, *arguments)
    for number, database in enumerate(pair.both):
        for part in range(3):
            database.sql(MIXED.format(base=number * 1_000_000 + part * 10_000))
    pair.settle(deadline=60)
    assert pair.both[0].value("SELECT count(*) FROM chat") == 6 * 269
    for database in pair.both:
        assert local[database].changes()
    pair.assert_equal()


def test_transactions_stay_whole(pair, kafka):
    """A reader at the peer never sees a sum that no commit made."""
    through(pair, kafka)
    pair.a.sql("INSERT INTO whole SELECT i, 100, NULL FROM generate_series(1, 50) i")
    pair.settle(deadline=60)
    connection = pair.a.connect()
    sums = set()
    for step in range(150):
        with connection, connection.cursor() as cursor:
            cursor.execute("UPDATE whole SET v = v - %s WHERE id = %s", (step, step % 50 + 1))
            cursor.execute("UPDATE whole SET v = v + %s WHERE id = %s", (step, (step + 7) % 50 + 1))
        sums.add(pair.b.value("SELECT sum(v) FROM whole"))
    connection.close()
    pair.settle()
    pair.assert_equal()
    assert sums == {5000}


def test_a_small_transactions_last_change_says_that_it_is(pair, kafka):
    """It is written when it is here whole, however fast its parts come, and no record of its own has to end it."""
    through(pair, kafka)
    pair.settle(deadline=60)
    with contextlib.closing(pair.a.connect(autocommit=True)) as writer, writer.cursor() as cursor:
        for number in range(1, 501):
            cursor.execute("INSERT INTO chat (id, body) SELECT %s * 10 + i, 'x' FROM generate_series(1, 2) i", (number,))
    pair.settle(deadline=60)
    ends, notes = [], []
    for record in kafka.admin.read(f"{pair.prefix}.a"):
        headers = dict(record["headers"])
        if record["value"] and json.loads(record["value"])["source"]["table"] == "chat":
            ends.append(headers["tandem.pos"].endswith(b".0"))
        elif "tandem.note" in headers:
            notes.append(json.loads(headers["tandem.note"])["note"])
    assert ends == [False, True] * 500
    assert "commit" not in notes and "relation" in notes
    pair.assert_equal("chat")


def test_what_was_parked_is_retried(pair, kafka):
    through(pair, kafka)
    pair.b.sql("ALTER TABLE chat ADD CONSTRAINT small CHECK (room < 100)")
    pair.a.sql("INSERT INTO chat VALUES (1, 100, 'refused'), (2, 1, 'taken')")
    pair.a.sql("UPDATE chat SET body = 'queued' WHERE id = 1")
    pair.settle()
    assert [row["op"] for row in pair.parked(pair.b)] == ["insert", "update"]
    pair.b.sql("ALTER TABLE chat DROP CONSTRAINT small")
    done = command("parked", "retry", *node_arguments({"a": pair.a, "b": pair.b}), "--all")
    assert done.status == 0 and "2 changes applied" in done.out, done
    pair.a.sql("UPDATE chat SET body = 'flows' WHERE id = 1")
    pair.settle()
    pair.assert_equal("chat")


def test_a_large_transaction_and_truncate(pair, kafka):
    through(pair, kafka)
    pair.a.sql("INSERT INTO chat SELECT i, 1, repeat('y', 200), now(), NULL FROM generate_series(1, 60000) i")
    pair.a.sql("BEGIN; TRUNCATE whole, parts; INSERT INTO whole VALUES (1, 1, 'after'); COMMIT")
    pair.settle(deadline=90)
    pair.assert_equal()
    pair.b.sql("TRUNCATE chat")
    pair.settle()
    pair.assert_equal()
    assert pair.a.value("SELECT count(*) FROM chat") == 0


@pytest.mark.parametrize("wait", [0.2, 0.5, 0.9])
def test_a_large_transaction_whose_sender_ends_in_the_middle_of_it(pair, kafka, wait):
    """Half of it is in the topic, and open at the target, when the next sender says who it is."""
    instance = through(pair, kafka)
    pair.a.sql("INSERT INTO chat SELECT i, 1, repeat('y', 200), now(), NULL FROM generate_series(1, 100000) i")
    topic = f"{pair.prefix}.a"
    wait_until(lambda: kafka.admin.offsets(topic, 0)[1] > 100_000 * wait, 30, "a part of it is in the topic", every=0.002)
    instance.kill9()
    instance.start().wait_streaming()
    pair.settle(deadline=60)
    pair.assert_equal()
    assert "lock timeout" not in instance.log_text()


def write_some(pair, number):
    for node, database in enumerate(pair.both):
        database.sql(MIXED.format(base=node * 10_000_000 + number * 10_000))


def test_garbage_and_forged_records(pair, kafka):
    """What is none of the stream's is passed over by name and counted; the stream goes on."""
    instance = through(pair, kafka)
    write_some(pair, 0)
    pair.settle(deadline=60)
    topic = f"{pair.prefix}.a"
    headers = {"origin": b"a", "tandem.stream": b"a", "tandem.epoch": b"1", "tandem.pos": b"0/1.0",
               "tandem.prev": b"0/0.0", "tandem.values": b"exact"}
    forged = [dict(headers, **change) for change in (
        {}, {"tandem.stream": b"x"}, {"origin": b"b"}, {"tandem.epoch": b"999", "tandem.pos": b"FF/1.1"},
        {"tandem.pos": b"nonsense"}, {"tandem.more": b"1"}, {"tandem.note": b"{"},
        {"tandem.note": b'{"note":"later"}'})]
    records = [{"value": b"nonsense", "partition": 0}, {"key": b"x" * 100, "partition": 0}]
    records += [{"key": b"{}", "value": b"{}", "headers": sorted(each.items()), "partition": 0} for each in forged]
    for _ in range(20):
        kafka.admin.produce(topic, *records)
    write_some(pair, 1)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert instance.state("a:b") == "streaming"
    assert ": passed over: " in instance.log_text()


def test_plain_kcat_reads_the_stream(pair, kafka):
    """As docs/kafka.md says: keys and values are JSON, and each change stands once, in the order of the commits."""
    through(pair, kafka)
    pair.settle(deadline=60)
    pair.a.sql("INSERT INTO chat (id, room, body) VALUES (1, 7, 'one'), (2, 7, 'zwei ä'); UPDATE chat SET room = 8 WHERE id = 1; "
               "DELETE FROM chat WHERE id = 2")
    pair.settle(deadline=60)
    read = subprocess.run(["kcat", "-C", "-b", kafka.bootstrap, "-t", f"{pair.prefix}.a", "-o", "beginning", "-e", "-q", "-J"],
                          capture_output=True, text=True, timeout=60, check=True)
    records = [json.loads(line) for line in read.stdout.splitlines()]
    changes = [(json.loads(each["key"]), json.loads(each["payload"])) for each in records if each["payload"]]
    chat = [(key, value["op"], value["after"] and (value["after"]["room"], value["after"]["body"]))
            for key, value in changes if value["source"]["table"] == "chat"]
    assert chat == [({"id": 1}, "c", (7, "one")), ({"id": 2}, "c", (7, "zwei ä")), ({"id": 1}, "u", (8, "one")),
                    ({"id": 2}, "d", None)]
    tombstones = [json.loads(each["key"]) for each in records if each["key"] and not each["payload"]]
    assert tombstones == [{"id": 2}]
    for each in records:
        headers = dict(zip(each["headers"][::2], each["headers"][1::2]))
        assert headers["origin"] == headers["tandem.stream"] == "a"


def test_a_transactions_trace_is_passed_on(pair, kafka):
    """W3C trace context, as the application said it before its first change."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    through(pair, kafka)
    pair.a.sql(f"BEGIN; SELECT pg_logical_emit_message(true, 'traceparent', '{parent}'); "
               "SELECT pg_logical_emit_message(true, 'tracestate', 'shop=1'); "
               "INSERT INTO chat (id, body) VALUES (1, 'traced'), (2, 'too'); DELETE FROM chat WHERE id = 2; COMMIT")
    pair.a.sql("INSERT INTO chat (id, body) VALUES (3, 'not traced')")
    pair.a.sql(f"BEGIN; SELECT pg_logical_emit_message(true, 'traceparent', 'nonsense'); "
               "INSERT INTO chat (id, body) VALUES (4, 'not traced'); "
               f"SELECT pg_logical_emit_message(true, 'traceparent', '{parent}'); COMMIT; "
               f"SELECT pg_logical_emit_message(false, 'traceparent', '{parent}')")
    pair.settle(deadline=60)
    traces = {}
    for record in kafka.admin.read(f"{pair.prefix}.a"):
        headers = dict(record["headers"])
        if record["key"] and b'"id":' in record["key"]:
            traces.setdefault(json.loads(record["key"])["id"], []).append(
                (headers.get("traceparent"), headers.get("tracestate")))
    traced, none = (parent.encode(), b"shop=1"), (None, None)
    assert {key: traces[key] for key in (1, 2, 3, 4)} == {1: [traced], 2: [traced] * 3, 3: [none], 4: [none]}
    pair.assert_equal("chat")
