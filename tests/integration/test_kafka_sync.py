"""Two masters through three real brokers: all of it once, whole, in order, and after every loss of Kafka's."""

import pytest

from support import masters
from support.brokers import Kafka
from support.waiting import wait_until

SCHEMA = """
CREATE TABLE chat (id bigint PRIMARY KEY, room integer, body text, sent timestamptz DEFAULT now(), extra jsonb);
CREATE TABLE whole (id bigint PRIMARY KEY, v numeric, body text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE parts (a integer, b text, v bytea, PRIMARY KEY (a, b));
"""
MIXED = """
INSERT INTO chat SELECT {base} + i, i % 7, 'text ' || i || E' "quoted" \\\\ back', now(), '{{"n": 1}}' FROM generate_series(1, 300) i;
UPDATE chat SET room = room + 1 WHERE id BETWEEN {base} + 1 AND {base} + 100;
UPDATE chat SET id = id + 500 WHERE id BETWEEN {base} + 11 AND {base} + 20;
DELETE FROM chat WHERE id BETWEEN {base} + 30 AND {base} + 60;
INSERT INTO whole SELECT {base} + i, i / 3.0, NULL FROM generate_series(1, 50) i;
UPDATE whole SET v = NULL, body = repeat('x', 3000) WHERE id BETWEEN {base} + 1 AND {base} + 10;
UPDATE whole SET id = id + 900 WHERE id = {base} + 5;
DELETE FROM whole WHERE id = {base} + 7;
INSERT INTO parts SELECT {base} + i, 'ä' || i, decode(lpad(to_hex(i), 8, '0'), 'hex') FROM generate_series(1, 50) i;
DELETE FROM parts WHERE a = {base} + 3;
"""


@pytest.fixture(scope="module")
def kafka():
    cluster = Kafka()
    cluster.start()
    yield cluster
    cluster.close()


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = f"t{abs(hash(request.node.name)) % 10**9}"
    yield fresh
    fresh.close()


def through(pair, kafka, *arguments):
    return pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix, *arguments)


@pytest.mark.parametrize("arguments", [(), ("--batch-rows", "1")], ids=["batched", "one_by_one"])
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
