"""A writer that starts again goes on behind what the log has, if the log is its own."""

import json
import time

import pytest

from support.tandem import Tandem, command
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id bigint PRIMARY KEY, v text)"


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = f"l{abs(hash(request.node.name)) % 10**9}"
    fresh.sites = []
    done = command("init", "--node", f"a={fresh.a.uri()}", "--node", f"b={fresh.b.uri()}")
    assert done.status == 0, done
    yield fresh
    for site in fresh.sites:
        site.close()
    fresh.close()


def site(pair, kafka, name, *arguments):
    pair.sites.append(Tandem({name: getattr(pair, name)}, "--peer", "b" if name == "a" else "a", "--transport", "kafka",
                             "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix, *arguments,
                             workspace=pair.servers.workspace, init=False,
                             log_name=f"{pair.prefix}.{name}.{time.monotonic_ns()}.log"))
    return pair.sites[-1].start()


def sender(pair, kafka, *arguments):
    """The process of a's site, sending; there is no other yet."""
    return site(pair, kafka, "a", *arguments).wait_streaming("a:b", deadline=60)


def keys(pair, kafka):
    """The ids of the changes of a that are in Kafka, in order."""
    return [json.loads(record["key"])["id"] for record in kafka.admin.read(f"{pair.prefix}.a")
            if record["key"] and record["value"] and b'"table":"item"' in record["value"]]


def write(pair, first, count=200):
    for number in range(first, first + count):
        pair.a.sql(f"INSERT INTO item VALUES ({number}, 'v')")


def arrives(pair, kafka, count):
    wait_until(lambda: len(set(keys(pair, kafka))) == count, 60, f"{count} changes in Kafka")


@pytest.mark.parametrize("confirm", ["applied", "kafka"])
def test_what_the_log_has_is_not_sent_again(pair, kafka, confirm):
    """The peer's site is away: nothing is confirmed by it, however often the writer starts."""
    for part in range(4):
        writer = sender(pair, kafka, "--confirm", confirm)
        write(pair, part * 1_000)
        arrives(pair, kafka, (part + 1) * 200)
        if part % 2:
            writer.kill9()
        else:
            writer.stop()
    sent = keys(pair, kafka)
    assert sent == [part * 1_000 + number for part in range(4) for number in range(200)]
    for each in [site(pair, kafka, name, "--confirm", confirm) for name in "ab"]:
        each.wait_streaming(deadline=60)
    pair.settle(deadline=60)
    pair.assert_equal("item")
    assert pair.b.value("SELECT count(*) FROM item") == 800


def test_a_log_that_lost_its_beginning_is_written_again(pair, kafka):
    """The tail is there, what came before it is not: the reader asks for it."""
    writer = sender(pair, kafka)
    write(pair, 0)
    arrives(pair, kafka, 200)
    writer.kill9()
    kafka.admin.delete_records(f"{pair.prefix}.a", 0, kafka.admin.offsets(f"{pair.prefix}.a")[1] - 20)
    for each in [site(pair, kafka, name) for name in "ab"]:
        each.wait_streaming(deadline=60)
    pair.settle(deadline=60)
    pair.assert_equal("item")
    assert pair.b.value("SELECT count(*) FROM item") == 200


@pytest.mark.parametrize("wrong", [{b'"txId":': b'"txId":1'}, {b"/": b"/1"}], ids=["another_transaction", "never_written"])
def test_a_tail_of_another_history_is_not_believed(pair, kafka, wrong):
    """It says that the log goes further than it does: the source's stream brings no such transaction."""
    writer = sender(pair, kafka)
    write(pair, 0)
    arrives(pair, kafka, 200)
    writer.kill9()
    topic = f"{pair.prefix}.a"
    write(pair, 1_000)
    last = [record for record in kafka.admin.read(topic) if record["value"] and b'"table":"item"' in record["value"]][-1]
    headers = dict(last["headers"])
    end = pair.a.value("SELECT pg_current_wal_flush_lsn()")
    value = last["value"]
    if b'"txId":' in wrong:  # it ends where one of those does that are not sent yet
        end = pair.a.value("SELECT pg_current_wal_insert_lsn()")
        value = value.replace(b'"txId":', b'"txId":1')
    headers["tandem.pos"] = f"{end}.0".encode()
    kafka.admin.produce(topic, {"key": last["key"], "value": value, "headers": list(headers.items()), "partition": 0})
    write(pair, 2_000, 10)
    again = sender(pair, kafka)
    wait_until(lambda: "of another history" in again.log_text(), 30, "the refusal")
    arrives(pair, kafka, 410)
