"""Real parts of Kafka Connect at the other end of the brokers: Debezium's JDBC sink reads what tandem wrote."""

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
