"""Dead letters: what is met in a stream's topic and is none of it, kept as it was, with Connect's headers."""

import os
import threading

import pytest

from support.waiting import holds_for, wait_until

SCHEMA = "CREATE TABLE chat (id bigint PRIMARY KEY, room integer, body text);"
OWN = {"origin": b"a", "tandem.stream": b"a", "tandem.epoch": b"1", "tandem.pos": b"0/1.0", "tandem.prev": b"0/0.0",
       "tandem.values": b"exact"}
MISSING = "header origin (number {}): it is missing (at byte 0)"
CONNECT = ["topic", "partition", "offset", "connector.name", "task.id", "stage", "class.name", "exception.class.name",
           "exception.message", "exception.stacktrace"]


def own(**change):
    """tandem's headers with some changed; underscores stand for dots after "tandem"."""
    return list({**OWN, **{name.replace("tandem_", "tandem."): value for name, value in change.items()}}.items())


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = f"l{abs(hash(request.node.name)) % 10**9}"
    fresh.topic = f"{fresh.prefix}.a"
    fresh.letters = f"{fresh.topic}.dead-letters"
    yield fresh
    fresh.close()


def through(pair, kafka):
    return pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix)


def write_some(pair, base):
    for number, database in enumerate(pair.both):
        database.sql("INSERT INTO chat SELECT %s + i, 1, 'text ' || i FROM generate_series(1, 200) i",
                     number * 10_000_000 + base)
        database.sql("UPDATE chat SET room = 2 WHERE id > %s AND id %% 3 = 0", number * 10_000_000 + base)


def count(instance, name="dead_letters"):
    return instance.direction("a:b")[name]


def wait_count(instance, wanted, name="dead_letters", deadline=60):
    wait_until(lambda: count(instance, name) >= wanted, deadline, f"{wanted} {name}", detail=instance.explain)
    assert count(instance, name) == wanted


def error_headers(record, kind, stage, message, topic, offset):
    """The ten headers that a dead letter has behind those of its record."""
    values = [topic, "0", str(offset), "a:b", "0", stage, "tandem.LogReader", f"tandem.{kind}", message,
              f"tandem.{kind}: {message}\n\tat tandem.LogReader({topic} [0] offset {offset})\n"]
    return [(f"__connect.errors.{name}", value.encode()) for name, value in zip(CONNECT, values)]


def test_a_letter_is_its_record_and_why(pair, kafka):
    instance = through(pair, kafka)
    write_some(pair, 0)
    pair.settle(deadline=60)
    every_byte = bytes(range(256))
    sent = [
        ({"key": every_byte, "value": every_byte * 3, "timestamp": 1_700_000_000_123,
          "headers": [("x", every_byte), ("x", None), ("", b"")]},
         "BadHeaders", "HEADER_CONVERTER", MISSING),
        ({"key": None, "value": None, "headers": []}, "BadHeaders", "HEADER_CONVERTER", MISSING),
        ({"key": b"", "value": b"", "headers": []}, "BadHeaders", "HEADER_CONVERTER", MISSING),
        ({"key": b"k", "value": b"{}", "headers": own(tandem_stream=b"other")}, "OtherStream", "TASK_PUT",
         "its stream is other"),
        ({"key": b"k", "value": b"{}", "headers": own(tandem_epoch=b"999", tandem_pos=b"FF/1.1")}, "UnannouncedWriter",
         "TASK_PUT", "the start of its writer (epoch 999) was not seen"),
        ({"key": None, "value": None, "headers": own(tandem_note=b'{"note":"later"}')}, "BadNote", "HEADER_CONVERTER",
         None),
        ({"key": b"k", "value": b"v", "headers": [("__connect.errors.topic", b"elsewhere"), ("y", b"z")]}, "BadHeaders",
         "HEADER_CONVERTER", MISSING),
    ]
    offsets = [kafka.admin.produce(pair.topic, {**record, "partition": 0})[0][1] for record, *_ in sent]
    kafka.admin.produce(pair.topic, {"value": b"{}", "headers": own(origin=b"b"), "partition": 0})  # an echo (R16)
    write_some(pair, 1_000)
    pair.settle(deadline=60)
    pair.assert_equal()
    wait_count(instance, len(sent))
    letters = kafka.admin.read(pair.letters)
    assert len(letters) == len(sent)
    for letter, (record, kind, stage, message), offset in zip(letters, sent, offsets):
        assert (letter["key"], letter["value"]) == (record["key"], record["value"]), kind
        assert letter["timestamp"] == kafka.admin.read(pair.topic, first=offset, end=offset + 1)[0]["timestamp"]
        assert letter["headers"][:len(record["headers"])] == record["headers"], kind
        if message == MISSING:
            message = message.format(len(record["headers"]))
        behind = letter["headers"][len(record["headers"]):]
        if message is None:
            message = dict(behind)["__connect.errors.exception.message"].decode()
            assert message.startswith("its note: ")
        names = {name for name, _ in record["headers"]}
        assert behind == [header for header in error_headers(record, kind, stage, message, pair.topic, offset)
                          if header[0] not in names]
    assert letters[0]["timestamp"] == 1_700_000_000_123
    config = kafka.admin.config(pair.letters)
    assert {name: config[name] for name in ("cleanup.policy", "retention.ms", "retention.bytes", "min.insync.replicas")} == {
        "cleanup.policy": "delete", "retention.ms": "604800000", "retention.bytes": str(1 << 30),
        "min.insync.replicas": "2"}
    assert len(kafka.admin.describe(pair.letters)) == 1 and instance.state("a:b") == "streaming"


@pytest.mark.parametrize("forged", [
    {"value": b"nonsense", "headers": {}},
    {"value": b'{"op":"c","after":{"id":1},"source":{"version":"1+exact","ts_us":5,"schema":"public","table":"nowhere"}}',
     "headers": {}},
    {"value": None, "headers": {"tandem.note": b"{"}},
    {"value": None, "headers": {"tandem.note": b'{"note":"later"}'}},
    {"value": None, "headers": {"tandem.note": b'{"note":"oversize","txId":7,"ts_us":5,"schema":"public",'
                                               b'"table":"nowhere","op":"c","bytes":7,"limit":7,"key":[]}'}},
], ids=["no_json", "no_table", "bad_note", "later_note", "oversize_of_no_table"])
def test_what_covers_a_position_and_cannot_be_read_pauses(pair, kafka, forged):
    instance = through(pair, kafka)
    write_some(pair, 0)
    pair.settle(deadline=60)
    before = dict(kafka.admin.read(pair.topic)[-1]["headers"])
    headers = {**OWN, "tandem.epoch": before["tandem.epoch"], "tandem.prev": before["tandem.pos"],
               "tandem.pos": b"7F/1.1", **forged["headers"]}
    (_, offset), = kafka.admin.produce(
        pair.topic, {"value": forged["value"], "headers": list(headers.items()), "partition": 0})
    direction = instance.wait_state("a:b", "paused", deadline=30)
    assert f"topic {pair.topic}, offset {offset}:" in direction["reason"], direction
    wait_count(instance, 1)
    letter, = kafka.admin.read(pair.letters)
    assert letter["value"] == forged["value"] and letter["headers"][:len(headers)] == list(headers.items())
    assert dict(letter["headers"])["__connect.errors.offset"] == str(offset).encode()
    # As the reason says: nothing is lost.
    instance.stop()
    kafka.admin.delete_topic(pair.topic)
    through(pair, kafka)
    write_some(pair, 1_000)
    pair.settle(deadline=60)
    pair.assert_equal()


def test_ten_thousand_while_a_load_runs(pair, kafka):
    instance = through(pair, kafka)
    written = threading.Event()
    failed = []

    def load():
        try:
            base = 0
            while not written.is_set():
                write_some(pair, base)
                base += 1_000
        except Exception as error:  # told by the test itself
            failed.append(error)

    writer = threading.Thread(target=load)
    writer.start()
    forged = [{"value": b"garbage"}, {"key": b"k" * 50, "value": None}, {"headers": own(tandem_stream=b"x"), "value": b"{}"},
              {"headers": own(tandem_pos=b"none"), "value": b"{}"},
              {"headers": own(tandem_epoch=b"999", tandem_pos=b"FF/1.1"), "value": b"{}"}]
    try:
        for part in range(20):
            kafka.admin.produce(pair.topic, *({**forged[number % 5], "partition": 0} for number in range(500)))
    finally:
        written.set()
        writer.join()
    assert not failed
    pair.settle(deadline=90)
    pair.assert_equal()
    wait_count(instance, 10_000)
    assert count(instance, "dead_letters_lost") == 0
    assert kafka.admin.offsets(pair.letters) == (0, 10_000)
    lines = [line for line in instance.log_text().splitlines() if "passed over" in line]
    assert 10 <= len(lines) <= 300, f"{len(lines)} lines"
    wait_until(lambda: "more records were passed over" in instance.log_text(), 30, "their number in the log")


def test_what_is_read_again_is_no_letter_again(pair, kafka):
    instance = through(pair, kafka)
    write_some(pair, 0)
    kafka.admin.produce(pair.topic, *({"value": b"garbage %d" % number, "partition": 0} for number in range(50)))
    write_some(pair, 1_000)
    pair.settle(deadline=60)
    wait_count(instance, 50)
    retries = instance.direction("a:b")["retries"]
    pair.b.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
               "application_name LIKE 'tandem receiving %'")
    wait_until(lambda: instance.direction("a:b")["retries"] > retries, 30, "another start")
    instance.wait_streaming()
    write_some(pair, 2_000)
    kafka.admin.produce(pair.topic, {"value": b"garbage 0", "partition": 0})  # the same, but another record
    write_some(pair, 3_000)
    pair.settle(deadline=60)
    wait_count(instance, 51)
    holds_for(lambda: kafka.admin.offsets(pair.letters) == (0, 51), 2, "each record once")
    pair.assert_equal()


def test_letters_that_cannot_be_written_hold_nothing_up(pair, kafka):
    kafka.admin.create_topic(pair.letters, max_message_bytes=1_000)
    instance = through(pair, kafka)
    long = [os.urandom(5_000) for _ in range(2)]
    kafka.admin.produce(pair.topic, *({"value": value, "partition": 0} for value in (b"short", long[0], b"short too", long[1])))
    write_some(pair, 0)
    pair.settle(deadline=60)
    pair.assert_equal()
    wait_count(instance, 2, "dead_letters_lost")
    wait_count(instance, 2)
    assert {record["value"] for record in kafka.admin.read(pair.letters)} == {b"short", b"short too"}
    assert instance.state("a:b") == "streaming" and "dead letters cannot be written" in instance.log_text()
