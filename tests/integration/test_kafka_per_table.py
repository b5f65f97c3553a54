"""--topics per-table: rows in topics of their tables, in partitions by key, and transactions as whole as ever."""

import json
import os
import random
import re

import pytest

from support import masters
from support.kafka_load import LoadedPair
from support.long_tests import LONG
from support.mixed import MIXED, SCHEMA
from support.tandem import Tandem, command
from support.waiting import wait_until

PER_TABLE = ("--topics", "per-table")


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = f"p{abs(hash(request.node.name)) % 10**9}"
    yield fresh
    fresh.close()


def through(pair, kafka, *arguments, layout=PER_TABLE, start=True):
    instance = pair.tandem("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix,
                           *layout, *arguments)
    return instance.start().wait_streaming() if start else instance


def rows(kafka, topic, partitions=3):
    """The records of all partitions, each in its order."""
    return [{**record, "partition": partition} for partition in range(partitions)
            for record in kafka.admin.read(topic, partition)]


def murmur2(key):
    """As org.apache.kafka.common.utils.Utils has it."""
    mask, m, r = 0xffffffff, 0x5bd1e995, 24
    h = (0x9747b28c ^ len(key)) & mask
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at:at + 4], "little") * m & mask
        k = (k ^ k >> r) * m & mask
        h = (h * m & mask) ^ k
    rest = key[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


@pytest.mark.parametrize("arguments", [(), ("--batch-rows", "1", "--table-partitions", "7")], ids=["batched", "one_by_one"])
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


def test_rows_are_where_java_clients_put_them(pair, kafka):
    assert murmur2(b"foobar") == -790332482 & 0xffffffff  # of Kafka's own tests
    assert murmur2(b"a-little-bit-long-string") == -985981536 & 0xffffffff
    through(pair, kafka)
    pair.a.sql(MIXED.format(base=0))
    pair.settle(deadline=60)
    used = {}
    for table, count in (("chat", 300 + 100 + 3 * 10 + 2 * 31), ("whole", 50 + 10 + 3 + 2), ("parts", 50 + 2)):
        topic = f"{pair.prefix}.a.public.{table}"
        assert len(kafka.admin.describe(topic)) == 3
        records = rows(kafka, topic)
        assert len(records) == count
        for record in records:
            assert record["partition"] == (murmur2(record["key"]) & 0x7fffffff) % 3
        used[table] = {record["partition"] for record in records}
        assert not [record for record in records if "tandem.note" in dict(record["headers"])]
    assert used["chat"] == {0, 1, 2}
    one = [record for record in rows(kafka, f"{pair.prefix}.a.public.chat") if record["key"] == b'{"id":35}']
    assert [json.loads(record["value"])["op"] if record["value"] else None for record in one] == ["c", "u", "d", None]
    own = kafka.admin.read(f"{pair.prefix}.a")
    assert all(record["key"] is None and record["value"] is None for record in own)


def test_each_partition_has_a_chain(pair, kafka):
    """R7: in each of them prev is the pos before, and the index in the stream's topic names the last one."""
    through(pair, kafka)
    for part in range(3):
        pair.a.sql(MIXED.format(base=part * 10_000))
    pair.settle(deadline=60)
    notes = [json.loads(dict(record["headers"])["tandem.note"]) for record in kafka.admin.read(f"{pair.prefix}.a")
             if "tandem.note" in dict(record["headers"])]
    places = next(note for note in notes if note["note"] == "start")["rows"]
    indexed = {}
    for note in notes:
        if note["note"] == "index":
            indexed.update({tuple(places[number][:2]): f"{at}.{index}" for number, at, index in note["rows"]
                            if not places[number][0].endswith(".sync_marker")})
    ends = {}
    for table in ("chat", "whole", "parts"):
        for record in rows(kafka, f"{pair.prefix}.a.public.{table}"):
            headers = dict(record["headers"])
            where = f"{pair.prefix}.a.public.{table}", record["partition"]
            if where in ends:
                assert headers["tandem.prev"].decode() == ends[where]
            ends[where] = headers["tandem.pos"].decode()
    assert ends and indexed == ends


def test_transactions_stay_whole(pair, kafka):
    """A reader at the peer never sees a sum that no commit made, though its rows are in three partitions."""
    through(pair, kafka)
    pair.a.sql("INSERT INTO whole SELECT i, 100, NULL FROM generate_series(1, 50) i; INSERT INTO chat VALUES (1, 0, '')")
    pair.settle(deadline=60)
    connection = pair.a.connect()
    sums = set()
    for step in range(150):
        with connection, connection.cursor() as cursor:
            cursor.execute("UPDATE whole SET v = v - %s WHERE id = %s", (step, step % 50 + 1))
            cursor.execute("UPDATE chat SET room = room + %s WHERE id = 1", (step,))
        sums.add(pair.b.value("SELECT sum(v) + (SELECT room FROM chat) FROM whole"))
    connection.close()
    pair.settle()
    pair.assert_equal()
    assert sums == {5000}


def test_large_transactions_and_truncate(pair, kafka):
    through(pair, kafka)
    pair.a.sql("INSERT INTO chat SELECT i, 1, repeat('y', 200) FROM generate_series(1, 60000) i")
    pair.a.sql("BEGIN; TRUNCATE whole, parts; INSERT INTO whole VALUES (1, 1, 'after'); COMMIT")
    pair.settle(deadline=90)
    pair.assert_equal()
    pair.b.sql("TRUNCATE chat")
    pair.settle()
    pair.assert_equal()
    assert pair.a.value("SELECT count(*) FROM chat") == 0
    told = [record["partition"] for record in rows(kafka, f"{pair.prefix}.b.public.chat")
            if record["value"] and json.loads(record["value"])["op"] == "t"]
    assert sorted(told) == [0, 1, 2]


def test_the_layout_can_change(pair, kafka):
    """Whoever reads follows what the log says, with what is still in it of the other layout."""
    for number, layout in enumerate([("--topics", "ordered"), PER_TABLE, ("--topics", "ordered"), PER_TABLE]):
        if number:
            pair.a.sql(MIXED.format(base=number * 20_000))
        instance = through(pair, kafka, layout=layout)
        pair.a.sql(MIXED.format(base=number * 20_000 + 10_000))
        if number % 2:
            pair.settle(deadline=60)
            pair.assert_equal()
        instance.kill9()


def test_names_are_made_as_debezium_makes_them(servers, kafka):
    pair = servers.pair('CREATE SCHEMA "My-Schema"; CREATE TABLE "My-Schema"."Größe $€🙂" (id integer PRIMARY KEY, v text)')
    pair.prefix = pair.name
    through(pair, kafka)
    pair.a.sql("""INSERT INTO "My-Schema"."Größe $€🙂" VALUES (1, 'x')""")
    pair.settle(deadline=60)
    assert len(rows(kafka, f"{pair.prefix}.a.My-Schema.Gr__e_____")) == 1
    pair.close()


def test_tables_that_would_share_a_topic_are_refused(servers, kafka):
    pair = servers.pair('CREATE TABLE "a b" (id integer PRIMARY KEY); CREATE TABLE "a.b" (id integer PRIMARY KEY)')
    pair.prefix = pair.name
    instance = through(pair, kafka, start=False).start()
    wait_until(lambda: instance.state("a:b") == "paused", 30, "the refusal")
    line = next(line for line in instance.log_text().splitlines() if "a -> Kafka" in line and "would share topic" in line)
    assert f"tables public.a b and public.a.b would share topic {pair.prefix}.a.public.a_b" in line, line
    assert "--topics ordered" in line
    assert instance.state("a:b") == "paused"
    pair.close()


def test_a_topic_with_other_partitions_is_refused(pair, kafka):
    kafka.admin.create_topic(f"{pair.prefix}.a.public.chat", partitions=2, factor=3)
    instance = through(pair, kafka, start=False).start()
    wait_until(lambda: "partitions" in instance.log_text(), 30, "the refusal")
    assert (f"topic {pair.prefix}.a.public.chat has 2 partitions and must have 3, or the order of a key's changes is lost"
            in instance.log_text())
    assert instance.state("a:b") == "paused"


def test_flags_that_mean_nothing_are_refused(pair):
    nodes = [f"--node={database.node}={database.uri}" for database in pair.both]
    done = command("run", *nodes, *PER_TABLE)
    assert done.status == 2 and "--topics per-table has no effect without --transport kafka" in done.err, done
    done = command("run", *nodes, "--transport", "kafka", "--brokers", "127.0.0.1:1", "--table-partitions", "2")
    assert done.status == 2 and "--table-partitions has no effect without --topics per-table" in done.err, done


def test_a_row_above_the_limit_is_parked(pair, kafka):
    through(pair, kafka)
    pair.a.sql("INSERT INTO chat SELECT i, 0, CASE i WHEN 50 THEN repeat('x', 12000000) ELSE 'text' END FROM generate_series(1, 100) i")
    pair.settle(deadline=90)
    assert [(row["sqlstate"], row["op"], row["key"]) for row in pair.parked(pair.b)] == [("TD012", "insert", {"id": "50"})]
    assert pair.b.value("SELECT count(*) FROM chat") == 99


def site(pair, kafka, name, *arguments):
    started = Tandem({name: getattr(pair, name)}, "--peer", "b" if name == "a" else "a", "--transport", "kafka",
                     "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix, *arguments,
                     workspace=pair.servers.workspace, init=False, log_name=f"{pair.prefix}.{name}.log")
    pair.started.append(started)
    return started.start()


@pytest.fixture
def apart(pair):
    """The pair set up, for a process of each site."""
    done = command("init", *(f"--node={database.node}={database.uri()}" for database in pair.both))
    assert done.status == 0, done
    pair.started = []
    yield pair
    for started in pair.started:
        started.close()


def test_rows_that_are_gone_before_they_are_read_come_again(apart, kafka):
    """Nobody writes to that table any more, so neither its topic's writer nor its reader stumbles over it by itself."""
    site(apart, kafka, "a", *PER_TABLE).wait_streaming("a:b", deadline=60)
    apart.a.sql("INSERT INTO chat SELECT i, 0, 'gone' FROM generate_series(1, 50) i; INSERT INTO parts VALUES (1, '', NULL)")
    topic = f"{apart.prefix}.a.public.chat"
    wait_until(lambda: len(rows(kafka, topic)) == 50, 60, "the rows in Kafka")
    kafka.admin.delete_topic(topic, wait=False)
    site(apart, kafka, "b").wait_streaming("b:a", deadline=60)  # its own layout is the other one
    apart.settle(deadline=90)
    apart.assert_equal()
    assert apart.b.value("SELECT count(*) FROM chat") == 50


def test_rows_that_only_kafka_had_are_a_gap(apart, kafka):
    """--confirm kafka: the slot has let go of them."""
    site(apart, kafka, "a", *PER_TABLE, "--confirm", "kafka").wait_streaming("a:b", deadline=60)
    apart.a.sql("INSERT INTO chat SELECT i, 0, 'gone' FROM generate_series(1, 50) i")
    written = apart.a.value("SELECT pg_current_wal_lsn()")
    wait_until(lambda: apart.a.value("SELECT %s::pg_lsn <= %s::pg_lsn", written, apart.slot(apart.a)["confirmed_flush_lsn"]),
               60, "the slot has moved on")
    kafka.admin.delete_topic(f"{apart.prefix}.a.public.chat", wait=False)
    reason = site(apart, kafka, "b", "--confirm", "kafka").wait_state("a:b", "gap", deadline=120)["reason"]
    found = re.search(r"changes of node a after (\S+) up to (\S+) are neither in its slot nor in topic (\S+):", reason)
    assert found, reason
    assert found[1] == apart.b.value("SELECT greatest(applied_lsn, safe_lsn, start_lsn) FROM tandem.progress WHERE stream = 'a'")
    assert apart.a.value("SELECT %s::pg_lsn >= %s::pg_lsn", found[2], written)
    assert apart.b.value("SELECT count(*) FROM chat") == 0


# --- faults, under load: tests/support/kafka_load.py holds the oracles -----------------------------------------------
@pytest.fixture
def loaded(servers, kafka):
    fresh = LoadedPair(servers, kafka, random.randrange(1, 1 << 30))
    yield fresh
    fresh.close()


def row_topics(loaded):
    return [f"{topic}.public.{table}" for topic in loaded.topics for table in ("item", "hot", "account")]


def topics_deleted(loaded, running):
    for topic in row_topics(loaded):
        loaded.kafka.admin.delete_topic(topic, wait=False)
        running.until_more(10)


def topics_cut(loaded, running):
    for _ in range(3):
        for topic in row_topics(loaded):
            for partition in range(3):
                loaded.kafka.admin.delete_records(topic, partition, -1)
        running.until_more(10)


def all_cut(loaded, running):
    """The order of the rows is gone with them."""
    for _ in range(3):
        for topic in loaded.topics:
            loaded.kafka.admin.delete_records(topic, 0, -1)
        topics_cut(loaded, running)


def topics_made_anew(loaded, running):
    loaded.instance.freeze()
    for topic in row_topics(loaded):
        loaded.kafka.admin.delete_topic(topic)
        loaded.kafka.admin.create_topic(topic, partitions=3, factor=3)
    running.until_more(20)
    loaded.instance.thaw()


def killed(loaded, running):
    for _ in range(6):
        running.until_more(random.randrange(5, 40))
        loaded.instance.kill9()
        loaded.instance.start()


def wiped(loaded, running):
    running.until_more(20)
    loaded.kafka.wipe()


FAULTS = [(topics_deleted, "applied"), (killed, "kafka")]
if LONG:
    FAULTS += [(fault, "applied") for fault in (killed, topics_cut, all_cut, topics_made_anew, wiped)]


@pytest.mark.parametrize("fault, confirm", FAULTS, ids=lambda value: getattr(value, "__name__", value))
def test_nothing_is_lost_doubled_or_torn(loaded, fault, confirm):
    loaded.run(*PER_TABLE, "--confirm", confirm)
    with loaded.load() as running:
        running.until_more(50)
        fault(loaded, running)
        running.until_more(50)
        loaded.passes(deadline=120)
    loaded.finish(deadline=120)


STOPPED = {
    "partitions": (lambda admin, topic: admin.add_partitions(topic, 4), "has 4 partitions and must have 3"),
    "policy": (lambda admin, topic: admin.set_config(topic, cleanup_policy="compact"), "has cleanup.policy=compact and must have delete"),
}


@pytest.mark.parametrize("fault", STOPPED)
def test_a_tables_topic_that_was_changed_stops_its_stream_by_name(pair, kafka, fault):
    instance = through(pair, kafka)
    topic = f"{pair.prefix}.a.public.chat"
    break_it, said = STOPPED[fault]
    pair.a.sql("INSERT INTO chat VALUES (1, 1, 'before')")
    pair.settle(deadline=60)
    break_it(kafka.admin, topic)
    assert f"topic {topic} {said}" in instance.wait_state("a:b", "paused", deadline=60)["reason"]
    pair.settle(pair.b, deadline=60)  # the other direction goes on
