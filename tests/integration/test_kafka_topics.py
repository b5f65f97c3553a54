"""`tandem topic`: what it says of topics and records that others wrote, held against what the Java client says."""

import base64
import json
import pathlib
import random
import signal
import subprocess
import time

import pytest

from support.brokers import Kafka, free_ports
from support.stream_consumer import StreamConsumer
from support.tandem import binary, command
from support.waiting import wait_until

OK, USAGE, ENVIRONMENT = 0, 2, 3
T0 = 1_764_165_600_000  # 2025-11-26T14:00:00Z
KEPT = {"retention_ms": -1}  # records of those days too


@pytest.fixture(scope="module")
def kafka():
    cluster = Kafka().start()
    yield cluster
    cluster.close()


def topic(kafka, *arguments, status=OK, **how):
    done = command("topic", *arguments, "--brokers", kafka.bootstrap, **how)
    assert done.status == status, done
    return done


def tail(kafka, *arguments):
    """The records as `--json` tells them."""
    return [json.loads(line) for line in topic(kafka, "tail", *arguments, "--json").out.splitlines()]


def places(records):
    return [(each["partition"], each["offset"]) for each in records]


@pytest.fixture(scope="module")
def mixed(kafka):
    """30 records over 3 partitions, a second between each and the next; record n is in partition n % 3."""
    kafka.admin.create_topic("mixed", partitions=3, **KEPT)
    kafka.admin.produce("mixed", *(
        {"partition": n % 3, "timestamp": T0 + 1000 * n, "key": b'{"id": %d}' % n, "value": b"value %d" % n,
         "headers": [("number", b"%d" % n)]} for n in range(30)))
    return "mixed"


def numbers(records):
    """Of records of `mixed`."""
    found = []
    for each in records:
        number = each["key"]["id"]
        assert (each["partition"], each["offset"]) == (number % 3, number // 3)
        assert each["timestamp"] == T0 + 1000 * number and each["value"] == f"value {number}"
        found.append(number)
    return found


# --- tail: where, how many, in which order -------------------------------------------------------------
def test_newest_first_over_all_partitions(kafka, mixed):
    done = topic(kafka, "tail", mixed)
    assert [line.split()[3] for line in done.out.splitlines() if line.startswith("partition")] == [
        str(n // 3) for n in range(29, 19, -1)]
    assert numbers(tail(kafka, mixed)) == list(range(29, 19, -1))
    assert numbers(tail(kafka, mixed, "-n", "4")) == [29, 28, 27, 26]
    assert numbers(tail(kafka, mixed, "-n", "0")) == list(range(29, -1, -1))
    assert numbers(tail(kafka, mixed, "-p", "1", "-n", "3")) == [28, 25, 22]


@pytest.mark.parametrize("where, expected", [
    ("oldest", list(range(10))),
    ("-2", list(range(24, 30))),
    ("-100", list(range(30))),
    ("8", list(range(24, 30))),
    ("@2025-11-26T14:00:25Z", list(range(25, 30))),
    ("@2025-11-26T16:00:25.001+02:00", list(range(26, 30))),
    (f"@{T0 + 29_000}", [29]),
    (f"@{T0 + 29_001}", []),
    ("@2025-11-26", list(range(10))),
])
def test_where_reading_begins(kafka, mixed, where, expected):
    assert numbers(tail(kafka, mixed, "-o", where)) == expected


def test_an_offset_that_is_not_there_is_said(kafka, mixed):
    kafka.admin.create_topic("cut")
    kafka.admin.produce("cut", *({"value": b"%d" % n} for n in range(9)))
    kafka.admin.delete_records("cut", 0, before=5)
    done = topic(kafka, "tail", "cut", "-o", "2", "--json")
    assert [json.loads(line)["value"] for line in done.out.splitlines()] == [5, 6, 7, 8]
    assert "partition 0 has no offset 2: its log begins at 5 and ends before 9" in done.err
    assert "4 records shown, 4 of 4 read" in done.err
    assert places(tail(kafka, "cut", "-n", "0")) == [(0, 8), (0, 7), (0, 6), (0, 5)]


def test_an_empty_topic_has_nothing(kafka):
    kafka.admin.create_topic("empty", partitions=2)
    for where in ("newest", "oldest", "-5", "0", "@0"):
        done = topic(kafka, "tail", "empty", "-o", where)
        assert done.out == "" and "0 records shown, 0 of 0 read" in done.err


def test_aborted_records_are_left_out_and_markers_end_nothing(kafka):
    kafka.admin.create_topic("ended")
    for number, end in enumerate(("abort", "commit", "abort", "commit", "abort")):
        kafka.admin.produce("ended", {"value": b"%d" % number}, end=end)
    wait_until(lambda: kafka.admin.offsets("ended") == (0, 10), 30, "the markers")
    assert [each["value"] for each in tail(kafka, "ended")] == [3, 1]
    assert [each["value"] for each in tail(kafka, "ended", "-o", "oldest")] == [1, 3]


# --- tail: search ----------------------------------------------------------------------------------------
def test_search_by_key_and_expression(kafka, mixed):
    assert numbers(tail(kafka, mixed, "-k", '"id": 2')) == [29, 28, 27, 26, 25, 24, 23, 22, 21, 20]
    assert numbers(tail(kafka, mixed, "-k", '"id": 2}')) == [2]
    assert numbers(tail(kafka, mixed, "-g", "^value 1[23]$")) == [13, 12]
    assert numbers(tail(kafka, mixed, "-g", "^number=(7|11)$", "-o", "oldest")) == [7, 11]
    assert numbers(tail(kafka, mixed, "-g", "id.: 5}")) == [5]
    assert numbers(tail(kafka, mixed, "-k", "1", "-g", "value 2", "-p", "0")) == [21]
    assert numbers(tail(kafka, mixed, "-k", "no such key")) == []


def test_twenty_thousand_records_are_searched(kafka):
    kafka.admin.create_topic("many", partitions=3, **KEPT)
    rng = random.Random(5)
    for part in range(10):
        kafka.admin.produce("many", *(
            {"partition": rng.randrange(3), "timestamp": T0 + n, "key": b"key %d" % n, "value": rng.randbytes(200)}
            for n in range(part * 2000, part * 2000 + 2000)))
    done = topic(kafka, "tail", "many", "-k", "key 7", "-g", "key 7(00|01|99)$", "--json")
    assert [json.loads(line)["key"] for line in done.out.splitlines()] == ["key 799", "key 701", "key 700"]
    assert "3 records found, 20,000 of 20,000 read in " in done.err
    # One that is near the end is found without reading all.
    done = topic(kafka, "tail", "many", "-g", "^key 19998$", "-n", "1", "--json")
    assert len(done.out.splitlines()) == 1
    read = int(done.err.split("found, ")[1].split(" of ")[0].replace(",", ""))
    assert 0 < read <= 6000, done
    newest = tail(kafka, "many", "-n", "0")
    assert [each["key"] for each in newest] == [f"key {n}" for n in range(19_999, -1, -1)]


# --- tail: what is in records ----------------------------------------------------------------------------
GARBAGE = [
    {"key": b"\xff\x00\xfe", "value": random.Random(1).randbytes(300), "headers": [("h", b"\x80")]},
    {"key": "ключ".encode(), "value": b"\x1b[2J\x1b]0;title\x07\r\n\x7f", "headers": [("\u009b1m", b"\x1b[31m")]},
    {"key": None, "value": b"", "headers": []},
    {"key": b"", "value": None, "headers": [("none", None), ("none", b"")]},
    {"key": b"{", "value": b'{"op": "u", "before": 1}', "headers": []},
    {"key": b'{"a":1}', "value": "{\"s\": \"\u202e\u009b\", \"n\": 1.10,\r\n \"big\": 123456789012345678901}".encode(),
     "headers": [("tandem.pos", b"0/1.0"), ("tandem.later", b"\x1b")]},
    {"key": b"deep", "value": b"[" * 100_000, "headers": []},
    {"key": b"huge", "value": b"y" * 900_000, "headers": []},
]


def test_garbage_comes_through_and_harms_no_terminal(kafka):
    kafka.admin.create_topic("garbage", **KEPT)
    kafka.admin.produce("garbage", *({**each, "timestamp": T0} for each in GARBAGE))
    out = topic(kafka, "tail", "garbage", "-o", "oldest").out
    assert set(out) & {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160), 0x202E)} == set()
    assert max(map(len, out.splitlines())) < 4000
    assert "... (900,000 bytes)" in out and r"\x1b[2J\x1b]0;title\x07\r\n\x7f" in out
    lines = topic(kafka, "tail", "garbage", "-o", "oldest", "--json").out.splitlines()
    assert len(lines) == len(GARBAGE)
    for line, written in zip(lines, GARBAGE):
        assert not set(line) & {chr(code) for code in (*range(32), *range(127, 160), 0x202E)}
        record = json.loads(line)
        for what in ("key", "value"):
            assert decoded(record[what], record[what + "_form"], written[what])
        assert [(each["name"], each["form"]) for each in record["headers"]] == [
            (name, form_of_header(value)) for name, value in written["headers"]]
    assert '"n":1.10,"big":123456789012345678901}' in lines[5]


def decoded(said, form, written):
    if form == "base64":
        return base64.b64decode(said) == written
    if form == "text":
        return said.encode() == written
    if form == "json":
        return said == json.loads(written)
    return form is None and said is None and written is None


def form_of_header(value):
    if value is None:
        return None
    try:
        value.decode()
        return "text"
    except UnicodeDecodeError:
        return "base64"


# --- tandem's own stream -----------------------------------------------------------------------------------
def stream_headers(record):
    return {name: value.decode() for name, value in record["headers"]}


@pytest.mark.parametrize("prefix, arguments", [("shown", ()), ("schemas", ("--event-schemas", "on"))], ids=["plain", "with_schemas"])
def test_a_stream_of_tandem(kafka, servers, prefix, arguments):
    pair = servers.pair("CREATE TABLE item (id integer PRIMARY KEY, v text, n numeric);"
                        "ALTER TABLE item REPLICA IDENTITY FULL")
    try:
        instance = pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", prefix, *arguments)
        pair.a.sql("INSERT INTO item VALUES (1, 'one', 1.50)")
        pair.a.sql("UPDATE item SET v = E'two\\x1b[1m' WHERE id = 1")
        pair.a.sql("UPDATE item SET id = 2")
        pair.a.sql("DELETE FROM item")
        pair.a.sql("TRUNCATE item")
        pair.settle(deadline=60)
        # A cluster that has just begun may take its time to let a producer write.
        wait_until(lambda: kafka.admin.read(f"{prefix}.a.progress"), 30, "what the reader tells")
        instance.stop()
        out = topic(kafka, "tail", f"{prefix}.a", "-o", "oldest", "-n", "0").out
        for expected in ("start of the writer  run ", "\n  columns: id (key), v (key), n (key)\n",
                         '  + id = 1\n  + v = "one"\n  + n = "1.50"\n',
                         # All columns are the key of such a table.
                         "update public.item (key changed)  stream a  epoch 1  position ",
                         '  ~ v: "one" -> "two\\x1b[1m"\n  unchanged: id, n\n', "  ~ id: 1 -> 2\n  unchanged: v, n\n",
                         "header __debezium.newkey: ", "header __debezium.oldkey: ", "tombstone  stream a  epoch 1",
                         "  - id = 2\n", "truncate public.item  transaction "):
            assert expected in out, f"{expected!r} is not in\n{out}"
        records = kafka.admin.read(f"{prefix}.a")
        assert places(tail(kafka, f"{prefix}.a", "-n", "0")) == [(0, each["offset"]) for each in reversed(records)]
        last = stream_headers(records[-1])
        start = next(json.loads(stream_headers(each)["tandem.note"]) for each in records
                     if '"start"' in stream_headers(each).get("tandem.note", ""))
        described = json.loads(topic(kafka, "describe", f"{prefix}.a", "--topic-prefix", prefix, "--json").out)
        assert described["stream"] == {
            "stream": "a", "origin": "a", "epoch": int(last["tandem.epoch"]), "run": start["run"],
            "position": last["tandem.pos"], "timestamp": records[-1]["timestamp"]}
        text = topic(kafka, "describe", f"{prefix}.a", "--topic-prefix", prefix).out
        assert f"stream a: origin a, epoch 1, run {start['run']}\nlast position {last['tandem.pos']}, written " in text
        listed = json.loads(topic(kafka, "list", "--topic-prefix", prefix, "--json").out)["topics"]
        assert {each["name"]: each["tandem"] for each in listed if each["tandem"]} == {
            f"{prefix}.{node}{end}": {"holds": holds, "node": node} for node in "ab"
            for end, holds in (("", "changes"), (".progress", "progress"))}
        progress = tail(kafka, f"{prefix}.a.progress", "-n", "1")[0]
        assert progress["key"] == "b" and progress["value"]["run"] == start["run"]
    finally:
        pair.close()


def test_a_service_of_ones_own_follows_a_stream(kafka, servers):
    """docs/kafka.md is enough to have the same rows: over restarts, doubles, records of others, moved keys."""
    pair = servers.pair("CREATE TABLE item (id integer PRIMARY KEY, v text, n numeric)")
    try:
        for number in range(3):
            base = 1000 * number
            instance = pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", "own")
            pair.a.sql(f"INSERT INTO item SELECT {base} + i, 'v' || i, i / 4.0 FROM generate_series(1, 200) i")
            pair.a.sql("UPDATE item SET v = 'new' WHERE id % 3 = 0; DELETE FROM item WHERE id % 5 = 0")
            pair.a.sql(f"UPDATE item SET id = id + 500 WHERE id BETWEEN {base} + 1 AND {base} + 20")
            pair.a.sql(f"INSERT INTO item VALUES ({base} + 999, repeat('large ', 100000), 0)")
            pair.a.sql(f"UPDATE item SET n = 1 WHERE id = {base} + 999")  # v is not sent again
            if number == 1:
                pair.a.sql("BEGIN; TRUNCATE item; INSERT INTO item VALUES (7, 'after', 0); COMMIT")
            pair.settle(deadline=60)
            instance.stop()
            kafka.admin.produce("own.a", {"key": b"x", "value": b"{}"}, {"value": b"y", "headers": [("tandem.pos", b"z")]})
        records = kafka.admin.read("own.a")
        service = StreamConsumer("a")
        doubled = records[len(records) // 2:]  # the log's tail, as a writer with an unknown outcome may write it again
        for record in records + doubled:
            service.take(record)
        truth = {json.dumps({"id": key}, separators=(",", ":")).encode(): {"id": key, "v": v, "n": n}
                 for key, v, n in pair.a.sql("SELECT id, v, n::text FROM item")}
        assert service.rows["public", "item"] == truth and len(truth) > 100
        assert service.open == [] and service.foreign >= 6
        assert service.commits == 3 * 6 + 1  # settle() commits one of its own each time
    finally:
        pair.close()


# --- list, describe ----------------------------------------------------------------------------------------
def test_topics_are_listed(kafka, mixed):
    kafka.admin.create_topic("pre.x", factor=2)
    kafka.admin.create_topic("pre.x.progress", factor=1)
    kafka.admin.create_topic("pre.x.else", factor=1)
    done = topic(kafka, "list", "--topic-prefix", "pre")
    assert done.err == ""
    listed = json.loads(topic(kafka, "list", "--topic-prefix", "pre", "--json").out)["topics"]
    assert [each["name"] for each in listed] == kafka.admin.topics()
    by_name = {each.pop("name"): each for each in listed}
    plain = {"partitions": 1, "replication": 1, "out_of_sync": 0, "records": 0, "tandem": None}
    assert by_name["mixed"] == {**plain, "partitions": 3, "replication": 3, "records": 30}
    assert by_name["pre.x"] == {**plain, "replication": 2, "tandem": {"holds": "changes", "node": "x"}}
    assert by_name["pre.x.progress"] == {**plain, "tandem": {"holds": "progress", "node": "x"}}
    assert by_name["pre.x.else"] == plain
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[0] == "Topic Partitions Replication Out of sync Records Tandem's".split()
    assert ["mixed", "3", "3", "0", "30"] in rows and "pre.x 1 2 0 0 changes of node x".split() in rows


def test_a_topic_is_described(kafka):
    kafka.admin.create_topic("described", partitions=2, factor=2, retention_ms=7000, compression_type="zstd")
    kafka.admin.produce("described", *({"partition": 1, "value": b"x"} for _ in range(6)))
    kafka.admin.delete_records("described", 1, before=2)
    said = json.loads(topic(kafka, "describe", "described", "--json").out)
    truth = kafka.admin.describe("described")
    assert said["logs"] == [
        {"partition": number, "leader": each["leader"], "replicas": each["replicas"], "in_sync": each["isr"],
         "low": 2 * number, "high": 6 * number} for number, each in enumerate(truth)]
    assert (said["name"], said["partitions"], said["records"], said["stream"]) == ("described", 2, 4, None)
    config = kafka.admin.config("described")
    assert {name: one["value"] for name, one in said["settings"].items()} == {name: config[name] for name in (
        "cleanup.policy", "compression.type", "max.message.bytes", "min.insync.replicas", "retention.bytes",
        "retention.ms")}
    assert [name for name, one in said["settings"].items() if not one["default"]] == ["compression.type", "retention.ms"]
    text = topic(kafka, "describe", "described").out
    assert text.startswith("topic described: 4 records\n") and "\nretention.ms = 7000\n" in text
    assert "\ncleanup.policy = delete (default)\n" in text


# --- what is wrong -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("arguments, said", [
    (("tail", "mixd"), "there is no topic 'mixd': did you mean mixed?"),
    (("describe", "nothing.like.it"), "there is no topic 'nothing.like.it'; tandem topic list names them"),
    (("tail", "mixed", "-p", "3"), "topic mixed has no partition 3; it has 3, numbered from 0"),
    (("tail", "mixed", "-g", "("), "-g '('"),
    (("tail", "mixed", "-o", "latest"), "-o 'latest': expected newest, oldest"),
    (("tail", "mixed", "-n", "-1"), "tandem topic tail --help"),
    (("tail",), "tandem topic tail --help"),
    (("lst",), "unknown command 'lst': did you mean list?; see tandem topic --help"),
    (("tail", "mixed", "--jsn"), "unknown flag '--jsn': did you mean --json?; see tandem topic tail --help"),
])
def test_mistakes_are_named(kafka, mixed, arguments, said):
    done = topic(kafka, *arguments, status=USAGE)
    assert said in done.err and done.out == "", done


def test_brokers_are_needed():
    done = command("topic", "list")
    assert done.status == USAGE and "--brokers HOST:PORT" in done.err
    refused = f"127.0.0.1:{free_ports(1)[0]}"
    for arguments in (("list",), ("describe", "x"), ("tail", "x")):
        done = command("topic", *arguments, "--brokers", refused)
        assert done.status == ENVIRONMENT and refused in done.err and "--brokers" in done.err, done
        assert done.seconds < 15


def test_frozen_brokers_are_waited_for_with_a_limit_and_ctrl_c_ends_it(kafka, mixed):
    kafka.freeze(1, 2, 3)
    try:
        done = command("topic", "tail", mixed, "--brokers", kafka.bootstrap)
        assert done.status == ENVIRONMENT and "error: Kafka: asking for its topics: " in done.err, done
        assert done.out == "" and done.seconds < 20
        process = subprocess.Popen([binary(), "topic", "tail", mixed, "--brokers", kafka.bootstrap],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # It has asked: librdkafka's threads are there.
        wait_until(lambda: len(list(pathlib.Path(f"/proc/{process.pid}/task").iterdir())) > 1, 10, "its threads")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == -signal.SIGINT and out == ""  # 130 to a shell
        assert time.monotonic() - began < 5
    finally:
        kafka.thaw(1, 2, 3)
