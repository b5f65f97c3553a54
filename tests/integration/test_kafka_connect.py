"""Real parts of Kafka Connect at the other end of the brokers: Debezium's JDBC sink reads what tandem wrote, and tandem
applies what Debezium's source wrote."""

import os
import signal
import subprocess

import pytest

from support.connect_worker import Worker
from support.waiting import wait_until

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'it''s "odd"');
CREATE TABLE kinds (id bigint PRIMARY KEY, s smallint, i integer, b boolean, r real, d double precision, n numeric, o oid,
    t text NOT NULL, v varchar(20), at timestamptz, plain timestamp, day date, u uuid, j jsonb, bytes bytea, list text[],
    whole integer[], m mood, span interval, r8 int8range, address inet, bits bit(5));
CREATE TABLE pairs (a integer, b text, v numeric(20, 4), PRIMARY KEY (a, b));
CREATE TABLE whole (id bigint PRIMARY KEY, v text, w text);
ALTER TABLE whole REPLICA IDENTITY FULL;
"""
KINDS = """
INSERT INTO kinds VALUES
  (1, 32767, -5, true, 1.5, 1e300, 12345678901234567890.123456789, 4294967295, E'a "quoted"\\n\\\\ ä🙂', 'v', '2026-11-26 12:00:00.123456+01',
   '1999-12-31 23:59:59.999999', '0044-03-15 BC', '0af76519-16cd-43dd-8448-eb211c80319c', '{"a": [1, null, "x"]}', '\\x00ff27', ARRAY['a', NULL, '"'],
   ARRAY[[1, 2], [3, 4]], 'it''s "odd"', '1 year -2 days 03:04:05.678', '[1,10)', '10.0.0.1/8', B'10101'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, -32768, 2147483647, false, '3.4028235e38', 4.9e-324, 'NaN', 0, repeat('ä', 5000), NULL, 'infinity', '-infinity', 'infinity', NULL, 'null',
   '', '{}', '{}', 'calm', '0', 'empty', '::1', B'00000'),
  (4, 1, 1, true, 0, 0, 0, 1, 'goes', 'goes', now(), now(), now(), gen_random_uuid(), '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE kinds SET i = 7 WHERE id = 1;
UPDATE kinds SET t = 'another', n = NULL WHERE id = 2;
DELETE FROM kinds WHERE id = 4;
INSERT INTO pairs SELECT i, 'ä' || i, i / 7.0 FROM generate_series(1, 200) i;
UPDATE pairs SET v = v * 2 WHERE a % 2 = 0;
UPDATE pairs SET a = a + 1000 WHERE a BETWEEN 11 AND 20;
DELETE FROM pairs WHERE a < 5;
INSERT INTO whole SELECT i, 'v' || i, NULL FROM generate_series(1, 50) i;
UPDATE whole SET v = NULL, w = 'set' WHERE id <= 10;
UPDATE whole SET id = id + 100 WHERE id = 7;
DELETE FROM whole WHERE id = 8;
"""
# The value that it does not send is longer than a page; it is nullable, so that the sink's upsert may leave it out.
UNSENT = """
CREATE TABLE unsent (id bigint PRIMARY KEY, big text, v integer);
ALTER TABLE unsent ALTER big SET STORAGE EXTERNAL;
"""
UNSENT_CHANGES = """
INSERT INTO unsent SELECT i, repeat('x', 9000), 0 FROM generate_series(1, 5) i;
UPDATE unsent SET v = 1;
UPDATE unsent SET big = NULL WHERE id = 3;
"""
TABLES = ("kinds", "pairs", "whole", "unsent")


@pytest.fixture(scope="module")
def worker(servers, kafka):
    started = Worker(kafka.bootstrap, 3, servers.workspace.path / "connect")
    started.start()
    yield started
    started.close()


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA + UNSENT)
    yield fresh
    fresh.close()


@pytest.fixture
def third(servers):
    """Neither of the masters: where the sink writes."""
    database = servers.b.create_database("third")
    database.sql(SCHEMA + UNSENT)
    yield database
    servers.b.drop_database(database)


def sink(third, prefix):
    """Exact values are text but for numbers and booleans: PostgreSQL reads it where the driver gives it no type."""
    return {
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "tasks.max": "1",
        "topics.regex": prefix.replace(".", "\\.") + "\\.a\\.public\\.(" + "|".join(TABLES) + ")",
        "connection.url": f"jdbc:postgresql://127.0.0.1:{third.cluster.port}/{third.name}?stringtype=unspecified",
        "connection.username": "postgres",
        "connection.password": "password",
        "insert.mode": "upsert",
        "primary.key.mode": "record_key",
        "delete.enabled": "true",
        "table.name.format": "${source.table}",
        "consumer.override.auto.offset.reset": "earliest",
        "consumer.override.metadata.max.age.ms": "1000",
    }


def contents(database):
    return {table: database.value(f"SELECT coalesce(array_agg(t::text ORDER BY t::text), '{{}}') FROM {table} t") for table in TABLES}


def differences(expected, found):
    """Of each table: how many rows there are and are missing, and the first three of what is only in one."""
    said, ours = [], contents(found)
    for table, rows in contents(expected).items():
        missing, more = sorted(set(rows) - set(ours[table])), sorted(set(ours[table]) - set(rows))
        said.append(f"{table}: {len(rows)} rows, {len(missing)} missing {missing[:3]}, {len(more)} others {more[:3]}")
    return "\n".join(said)


def test_debeziums_jdbc_sink_reads_the_topics(pair, third, kafka, worker):
    pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.name, "--topics", "per-table",
             "--event-schemas", "on")
    pair.a.sql(KINDS + UNSENT_CHANGES)
    pair.settle(deadline=60)
    pair.assert_equal()
    worker.command("PUT", "/connectors/third/config", sink(third, pair.name))
    worker.wait_state("third", "RUNNING")

    def there():
        worker.wait_state("third", "RUNNING")  # or why it failed
        return contents(third) == contents(pair.a)
    wait_until(there, 60, "the sink has written all of it",
               detail=lambda: f"{contents(pair.a)}\n{contents(third)}\n{worker.log_tail()}")
    assert [len(rows) for rows in contents(third).values()] == [3, 196, 49, 5]
    assert third.value("SELECT count(*) FROM unsent WHERE big = repeat('x', 9000) AND v = 1") == 4


# --- the other way: what a real Debezium source wrote ----------------------------------------------------------------
# Its own modes lose infinities, arrays of arrays and the digits of a numeric that are zeros at its end.
SOURCE_KINDS = KINDS.replace("ARRAY[[1, 2], [3, 4]]", "ARRAY[1, NULL, 3]").replace("'NaN', 0, repeat", "-1.5, 0, repeat") \
    .replace("NULL, 'infinity', '-infinity', 'infinity', NULL", "NULL, '1969-12-31 23:59:59.5+00', '0044-03-15 12:00:00 BC', '9999-12-31', NULL")
MODES = {
    "precise": ({"decimal.handling.mode": "precise", "time.precision.mode": "adaptive"}, ("decimals=precise", "times=adaptive")),
    "string": ({"decimal.handling.mode": "string", "time.precision.mode": "adaptive_time_microseconds"},
               ("decimals=string", "times=adaptive_time_microseconds")),
}
FLATTENED = {
    "transforms": "unwrap",
    "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
    "transforms.unwrap.delete.tombstone.handling.mode": "tombstone",
}


def source(origin, name, schemas, more):
    converter = {f"{part}.converter": "org.apache.kafka.connect.json.JsonConverter" for part in ("key", "value")}
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "tasks.max": "1",
        "database.hostname": "127.0.0.1",
        "database.port": str(origin.cluster.port),
        "database.user": "postgres",
        "database.password": "password",
        "database.dbname": origin.name,
        "topic.prefix": name,
        "slot.name": name,
        "publication.name": name,
        "plugin.name": "pgoutput",
        "publication.autocreate.mode": "filtered",
        "table.include.list": ",".join(f"public.{table}" for table in TABLES),
        "interval.handling.mode": "string",
        "skipped.operations": "none",
        "poll.interval.ms": "10",
        "topic.creation.default.partitions": "3",
        "topic.creation.default.replication.factor": "3",
        **converter, **{f"{part}.schemas.enable": schemas for part in converter}, **more,
    }


class Sinks:
    """tandem's sinks of a source's topics, a process for each."""

    def __init__(self, target, brokers, prefix, arguments):
        tool = os.environ["TANDEM_TOPIC_SINK_TOOL"]
        self.commands = [[tool, target.uri(), brokers, f"{prefix}-{table}", f"{prefix}.public.{table}", "3",
                          f"table=public.{table}", *arguments] for table in TABLES]
        self.running = []

    def start(self, log):
        with open(log, "ab") as errors:
            self.running = [subprocess.Popen([*command, "follow=yes"], stdin=subprocess.DEVNULL, stderr=errors)
                            for command in self.commands]

    def end(self, how):
        for process in self.running:
            process.send_signal(how)
        ends = [process.wait(30) for process in self.running]
        self.running = []
        return ends


@pytest.fixture
def origin(servers):
    database = servers.a.create_database("origin")
    database.sql(SCHEMA + UNSENT)
    yield database
    wait_until(lambda: not database.value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database() AND active"),
               30, "Debezium has let its slot go")
    database.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()")
    servers.a.drop_database(database)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("way", ["envelopes", "with_schemas", "flattened"])
def test_what_debezium_wrote_is_applied(pair, origin, kafka, worker, tmp_path, way):
    """Snapshot, changes, sinks killed on the way: the rows are the source's, and none is sent on to the peer."""
    done, name = pair.tandem().start().wait_streaming(), f"d_{way}"
    theirs, ours = MODES["string" if way == "with_schemas" else "precise"]
    origin.sql("INSERT INTO pairs SELECT i, 'snapshot', i FROM generate_series(5001, 5100) i")
    worker.command("PUT", f"/connectors/{name}/config", source(
        origin, name, "true" if way == "with_schemas" else "false", {**theirs, **(FLATTENED if way == "flattened" else {})}))
    worker.wait_state(name, "RUNNING")
    wait_until(lambda: origin.value("SELECT active FROM pg_replication_slots WHERE slot_name = %s", name), 60, "Debezium streams")
    origin.sql(SOURCE_KINDS)
    origin.sql(UNSENT_CHANGES)
    sinks = Sinks(pair.b, kafka.bootstrap, name, ("intervals=string", *ours, *(("form=row",) if way == "flattened" else ())))
    log = tmp_path / "sinks.log"
    try:
        sinks.start(log)
        for part in range(5):
            origin.sql("INSERT INTO pairs SELECT i, 'more', i FROM generate_series(%s, %s) i; UPDATE pairs SET v = v + 1 WHERE b = 'more'",
                       10_000 + part * 1000, 10_999 + part * 1000)
            sinks.end(signal.SIGKILL)
            sinks.start(log)
        wait_until(lambda: contents(pair.b) == contents(origin), 180, "all of it is applied",
                   detail=lambda: f"{worker.log_tail()}\n{differences(origin, pair.b)}\n{log.read_text()}"[-20000:])
        assert [len(rows) for rows in contents(pair.b).values()] == [3, 5296, 49, 5]
        assert sinks.end(signal.SIGTERM) == [0] * len(TABLES)
    finally:
        sinks.end(signal.SIGKILL)
        worker.command("DELETE", f"/connectors/{name}")
    pair.settle()
    assert [len(rows) for rows in contents(pair.a).values()] == [0, 0, 0, 0], "what a sink writes is not sent on"
    assert done.running


def test_a_record_that_is_none_stops_the_sink_by_name(pair, kafka):
    """What came before it is applied; it is named with topic, partition and offset; nothing behind it is applied."""
    done = pair.tandem().start().wait_streaming()
    done.stop()
    topic = f"{pair.name}.public.whole"
    kafka.admin.create_topic(topic, partitions=1, factor=3)
    for number, value in enumerate([b'{"id":1,"v":"first","w":null}', b'{"id":2,"v":3}', b'{"id":3,"v":"third","w":null}']):
        kafka.admin.produce(topic, {"key": b'{"id":%d}' % (number + 1), "value": value, "partition": 0})
    command = [os.environ["TANDEM_TOPIC_SINK_TOOL"], pair.b.uri(), kafka.bootstrap, "wrong", topic, "1", "form=row", "table=public.whole"]
    for _ in range(2):
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 1
        assert f"topic {topic}, partition 0, offset 1: column v of table public.whole: " in ran.stderr, ran.stderr
        assert contents(pair.b)["whole"] == ["(1,first,)"]


def test_a_truncate_is_taken_from_a_topic_with_one_partition_only(pair, kafka):
    """With several the others' rows, older and newer, would go with it."""
    pair.tandem().start().wait_streaming().stop()
    pair.b.sql("INSERT INTO whole VALUES (1, 'there', NULL)")
    empty = (b'{"before":null,"after":null,"source":{"version":"3.0.8.Final","connector":"postgresql","name":"p","ts_ms":1,"snapshot":"false",'
             b'"db":"d","schema":"public","table":"whole","txId":7,"lsn":9,"xmin":null},"op":"t","ts_ms":1}')
    for partitions, ended, rows in ((2, 1, ["(1,there,)"]), (1, 0, [])):
        topic = f"{pair.name}.{partitions}"
        kafka.admin.create_topic(topic, partitions=partitions, factor=3)
        kafka.admin.produce(topic, {"value": empty, "partition": 0})
        ran = subprocess.run([os.environ["TANDEM_TOPIC_SINK_TOOL"], pair.b.uri(), kafka.bootstrap, f"truncate-{partitions}", topic,
                              str(partitions)], capture_output=True, text=True, timeout=60)
        assert ran.returncode == ended and ("a truncate would empty" in ran.stderr) == bool(ended), ran
        assert contents(pair.b)["whole"] == rows


def test_a_topic_made_anew_stops_the_sink_by_name(pair, kafka):
    """Its records are others than those that were applied: nothing of it is taken for what comes next."""
    pair.tandem().start().wait_streaming().stop()
    topic = f"{pair.name}.public.whole"
    command = [os.environ["TANDEM_TOPIC_SINK_TOOL"], pair.b.uri(), kafka.bootstrap, "anew", topic, "1", "form=row", "table=public.whole"]

    def run(*ids):
        kafka.admin.create_topic(topic, partitions=1, factor=3)
        kafka.admin.produce(topic, *({"key": b'{"id":%d}' % each, "value": b'{"id":%d,"v":"v","w":null}' % each, "partition": 0} for each in ids))
        return subprocess.run(command, capture_output=True, text=True, timeout=60)
    first = run(1, 2, 3)
    assert first.returncode == 0, first
    kafka.admin.delete_topic(topic)
    again = run(4)
    assert again.returncode == 1
    assert f"topic {topic}, partition 0 does not have offset 3 any more" in again.stderr and "made anew" in again.stderr, again.stderr
    assert contents(pair.b)["whole"] == ["(1,v,)", "(2,v,)", "(3,v,)"]
