"""Properties that are refused, compression, and the figures of a stream through Kafka."""

import re

import pytest

from support.brokers import Kafka
from support.tandem import command
from support.waiting import wait_until

SCHEMA = "CREATE TABLE chat (id bigint PRIMARY KEY, body text)"
NODES = ("--node", "a=host=127.0.0.1 port=1", "--node", "b=host=127.0.0.1 port=2", "--listen", "off")
KAFKA = ("--transport", "kafka", "--brokers", "127.0.0.1:1")


@pytest.fixture(scope="module")
def kafka():
    cluster = Kafka(nodes=1).start()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def three():
    cluster = Kafka().start()
    yield cluster
    cluster.close()


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


def through(pair, kafka, *arguments):
    return pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.name, *arguments)


@pytest.mark.parametrize("given, words", [
    ("kafka.acks=1", ("Kafka property acks cannot be set", "in-sync replicas")),
    ("kafka.sasl.pasword=Sesame", ("there is no Kafka property sasl.pasword", "nearest is sasl.password")),
    ("kafka.sasl.password Sesame=", ("expected kafka.KEY=VALUE",)),
    ("sasl.password=Sesame", ("expected kafka.KEY=VALUE",)),
    ("Sesame", ("expected kafka.KEY=VALUE",)),
    ("kafka.sasl.password=Sesame${open}", ("only ${env:NAME} and ${file:PATH}",)),
    ("kafka.sasl.password=${env:NOT_THERE}", ("NOT_THERE is not set",)),
    ("kafka.sasl.password=${file:/not/there}", ("cannot read file '/not/there'",)),
    ("kafka.compression.type=zstd", ("set by --compression",)),
    ("kafka.linger.ms=Sesame", ("linger.ms",)),
    ("kafka.ssl.key.pem=Sesame", ("ssl.key.pem",)),
    ("pg.sslmode=require", ("connection string of --node",)),
])
def test_refused_at_the_start(given, words):
    done = command("run", *NODES, *KAFKA, "-X", "kafka.security.protocol=SSL", "-X", given)
    assert done.status == 2 and not done.out, done
    for word in words:
        assert word in done.err, done
    assert "Sesame" not in done.text or given.startswith("kafka.linger"), done


@pytest.mark.parametrize("properties, word", [
    (["security.protocol=SSL", "ssl.ca.location=/not/there.pem"], "ssl.ca.location"),
    (["security.protocol=SASL_SSL", "sasl.mechanism=PLAIN"], "sasl.username"),
    (["security.protocol=TLS"], "security.protocol"),
    (["client.id=x", "client.id=y"], "kafka.client.id is given twice"),
])
def test_what_cannot_be_together_is_refused_too(properties, word):
    done = command("run", *NODES, *KAFKA, *(part for each in properties for part in ("-X", f"kafka.{each}")))
    assert done.status == 2 and word in done.err, done


def test_without_kafka_properties_of_it_are_a_mistake():
    done = command("run", *NODES, "-X", "kafka.client.id=x", deadline=20)
    assert done.status == 2 and "kafka.client.id has no effect without --transport kafka" in done.err, done


@pytest.mark.parametrize("codec", [None, "none", "gzip", "snappy", "lz4", "zstd"])
def test_compression(pair, kafka, codec):
    through(pair, kafka, *(["--compression", codec] if codec else []))
    pair.a.sql("INSERT INTO chat SELECT i, repeat('words that come again ', 5) || i FROM generate_series(1, 5000) i")
    pair.settle(deadline=60)
    pair.assert_equal()
    # librdkafka leaves a batch as it is when compression would not make it smaller.
    large = {found for found, records in kafka.batches(f"{pair.name}.a") if records >= 100}
    assert large == {codec or "lz4"}


def metric(instance, name):
    """{labels: value} of one family."""
    text = instance.get("/metrics")[1]
    return {labels: float(value) for labels, value in re.findall(rf"^{name}{{(.*)}} (.*)$", text, re.M)}


def test_records_that_are_passed_over_are_counted(pair, kafka):
    instance = through(pair, kafka)
    pair.a.sql("INSERT INTO chat VALUES (1, 'one')")
    pair.settle(deadline=60)
    headers = {"origin": b"a", "tandem.stream": b"a", "tandem.epoch": b"1", "tandem.pos": b"0/1.0",
               "tandem.prev": b"0/0.0", "tandem.values": b"exact"}
    foreign = [[], sorted({**headers, "tandem.stream": b"x"}.items())]
    own = sorted({**headers, "origin": b"b"}.items())
    kafka.admin.produce(f"{pair.name}.a", *({"value": b"{}", "headers": each, "partition": 0}
                                            for each in [*foreign * 7, *[own] * 3]))
    pair.a.sql("INSERT INTO chat VALUES (2, 'two')")
    pair.settle(deadline=60)
    there, back = instance.direction("a:b"), instance.direction("b:a")
    assert (there["foreign_records"], there["echoes_dropped"]) == (14, 3)
    assert (back["foreign_records"], back["echoes_dropped"]) == (0, 0)
    assert metric(instance, "tandem_events_skipped_total") == {
        'direction="a_to_b",reason="foreign_record"': 14, 'direction="b_to_a",reason="foreign_record"': 0}
    dropped = metric(instance, "tandem_events_echo_suppressed_total")
    assert (dropped['direction="a_to_b",method="record"'], dropped['direction="b_to_a",method="record"']) == (3, 0)
    pair.assert_equal()


def test_figures_of_the_clients(pair, kafka):
    """While the peer holds everything up, what was fetched is not taken; then it is."""
    instance = through(pair, kafka, "--queue-bytes", "1MiB", "--batch-bytes", "64KiB",
                       "-X", "kafka.queued.max.messages.kbytes=1024")

    def figures():
        return instance.direction("a:b")["kafka"] or {}
    wait_until(lambda: figures().get("lag_records") == 0 and figures().get("queue_records") == 0, 20,
               "figures", detail=instance.explain)
    with pair.b.connect() as blocker, blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE chat IN ACCESS EXCLUSIVE MODE")
        pair.a.sql("INSERT INTO chat SELECT i, repeat('y', 500) FROM generate_series(1, 40000) i")
        wait_until(lambda: (figures().get("lag_records") or 0) > 100, 60, "a lag", detail=instance.explain)
        assert figures()["lag_records"] < kafka.admin.offsets(f"{pair.name}.a")[1]
        assert metric(instance, "tandem_kafka_consumer_lag_records")['direction="a_to_b"'] > 0
        blocker.rollback()
    round_trips = []
    wait_until(lambda: round_trips.append(figures()["round_trip_seconds"]) or figures()["lag_records"] == 0, 60,
               "no lag any more", detail=instance.explain)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert all(each is None or 0 < each < 10 for each in round_trips)
    wait_until(lambda: (figures()["queue_records"], figures()["queue_bytes"]) == (0, 0), 20, "an empty queue",
               detail=instance.explain)


@pytest.mark.parametrize("limit", ["messages=100", "kbytes=64"])
def test_a_queue_that_is_smaller_than_a_request_is_waited_for(pair, kafka, limit):
    through(pair, kafka, "-X", f"kafka.queue.buffering.max.{limit}")
    pair.a.sql("INSERT INTO chat SELECT i, repeat('y', 500) FROM generate_series(1, 5000) i")
    pair.settle(deadline=60)
    pair.assert_equal()


@pytest.mark.parametrize("settings", [{"factor": 1}, {"factor": 3, "min_insync_replicas": 1}], ids=["replicas", "in_sync"])
@pytest.mark.parametrize("confirm", ["applied", "kafka"])
def test_a_topic_that_can_lose_what_it_acknowledged(pair, three, confirm, settings):
    """Refused where the slot relies on it."""
    topic = f"{pair.name}.a"
    three.admin.create_topic(topic, **settings)
    instance = pair.tandem("--transport", "kafka", "--brokers", three.bootstrap, "--topic-prefix", pair.name,
                           "--confirm", confirm).start()
    said = (f"topic {topic} has 1 replica and should have 3" if settings["factor"] == 1 else
            f"topic {topic} has min.insync.replicas=1 and should have 2")
    if confirm == "kafka":
        assert said in instance.wait_state("a:b", "paused", deadline=60)["reason"]
    else:
        instance.wait_streaming(deadline=60)
        assert said in instance.log_text()


def test_without_kafka_there_are_none(pair):
    instance = pair.run()
    pair.a.sql("INSERT INTO chat VALUES (1, 'one')")
    pair.settle()
    assert instance.direction("a:b")["kafka"] is None
    assert metric(instance, "tandem_kafka_queue_records") == {}
