"""The PostgreSQL source of `tandem connect`: its topics against those of real Debezium on the same changes, and what
becomes of it when it, its database or its brokers go away."""

import json
import random

import psycopg2.errors
import pytest

from support.connect_face import Face
from support.connect_worker import Worker
from support.kafka_admin import Refused
from support.waiting import wait_until
from test_kafka_connect import SCHEMA, SOURCE_KINDS

SETTINGS = {"max_replication_slots": "40", "max_wal_senders": "40"}
MORE = """
CREATE TABLE keyless (v text);
ALTER TABLE keyless REPLICA IDENTITY FULL;
CREATE SCHEMA other;
CREATE TABLE other."odd name" (id integer PRIMARY KEY, "Big" text DEFAULT 'none', n numeric NOT NULL DEFAULT 1.5);
CREATE TABLE passed_over (id integer PRIMARY KEY);
CREATE TABLE turned (a integer, v text, b text, c boolean, PRIMARY KEY (c, b, a));
"""
MORE_CHANGES = """
INSERT INTO turned SELECT i, 'v', 'b' || i, i % 2 = 0 FROM generate_series(1, 20) i;
UPDATE turned SET v = 'w' WHERE a < 5;
UPDATE turned SET b = 'other' WHERE a = 5;
DELETE FROM turned WHERE a = 6;
INSERT INTO keyless VALUES ('a'), ('b');
UPDATE keyless SET v = 'c' WHERE v = 'a';
DELETE FROM keyless WHERE v = 'b';
INSERT INTO other."odd name" VALUES (1, 'x', 2), (2, NULL, 3);
UPDATE other."odd name" SET id = 3 WHERE id = 1;
INSERT INTO passed_over VALUES (1);
ALTER TABLE other."odd name" ADD COLUMN later timestamptz DEFAULT '2026-01-01';
INSERT INTO other."odd name" (id) VALUES (9);
TRUNCATE keyless;
"""
TOPICS = ("public.kinds", "public.pairs", "public.whole", "public.keyless", "public.turned", "other.odd_name")


@pytest.fixture(scope="module")
def worker(servers, kafka):
    started = Worker(kafka.bootstrap, 3, servers.workspace.path / "connect-source")
    started.start()
    yield started
    started.close()


@pytest.fixture(scope="module")
def face(servers, kafka):
    made = Face(kafka.bootstrap, servers.workspace).start()
    yield made
    made.close()


def apart(kafka, servers, name):
    """One with topics of its own, to be killed."""
    env = {f"{kind}_STORAGE_TOPIC": f"{name}_{kind.lower()}_{random.randrange(1 << 30)}" for kind in ("CONFIG", "OFFSET", "STATUS")}
    return Face(kafka.bootstrap, servers.workspace, env=env, name=name).start()


@pytest.fixture
def database(servers, request):
    made = servers.a.create_database(f"source_{random.randrange(1 << 30)}")
    yield made
    for (slot,) in made.sql("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"):
        wait_until(lambda slot=slot: drop(made, slot), 20, f"slot {slot} is dropped")
    servers.a.drop_database(made)


def drop(database, slot):
    """Of a connector that a failed test left."""
    database.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s AND active_pid IS NOT NULL", slot)
    try:
        database.sql("SELECT pg_drop_replication_slot(%s)", slot)
    except psycopg2.errors.ObjectInUse:
        return False
    return True


def source(database, prefix, **more):
    return {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
            "database.hostname": "127.0.0.1", "database.port": str(database.cluster.port), "database.user": "postgres",
            "database.password": "password", "database.dbname": database.name, "topic.prefix": prefix, "slot.name": prefix,
            "publication.name": prefix, "snapshot.mode": "no_data", "topic.creation.default.partitions": "1",
            "topic.creation.default.replication.factor": "3", "table.exclude.list": "public.passed_over",
            **{name.replace("__", "."): value for name, value in more.items()}}


def records(kafka, topic):
    """Of all partitions, each in its order."""
    try:
        partitions = len(kafka.admin.describe(topic)) if topic in kafka.admin.topics() else 0
        return {partition: kafka.admin.read(topic, partition) for partition in range(partitions)}
    except Refused as refused:  # not every broker knows yet what one of them says is there
        assert "UnknownTopicOrPartition" in str(refused), refused
        return {}


def count(kafka, topic):
    return sum(map(len, records(kafka, topic).values()))


def told(kafka, prefix, topic):
    """What two connectors that read the same must have in common."""
    def plain(value):
        if isinstance(value, dict):
            if value.get("field") in ("origin", "origin_lsn"):
                return None
            made = {name: plain(inner) for name, inner in value.items()
                    if name not in ("ts_ms", "ts_us", "ts_ns", "origin", "origin_lsn", "version") or isinstance(inner, (dict, list))}
            if "connector" in made and "lsn" in made:  # the source block: its clock is the database's
                made |= {name: value[name] for name in ("ts_ms", "ts_us", "ts_ns")}
                made.pop("sequence")  # of the first transaction it depends on where the slot began
            return made
        if isinstance(value, list):
            return [each for each in map(plain, value) if each is not None]
        return value.replace(prefix + ".", "PREFIX.") if isinstance(value, str) else value

    def read(text):
        return None if text is None else plain(json.loads(text.decode().replace(f'"name":"{prefix}"', '"name":"PREFIX"')))
    return {partition: [(read(each["key"]), read(each["value"]), [(name, value and read(value)) for name, value in each["headers"]
                                                                 if name != "__tandem.position"]) for each in all_of]
            for partition, all_of in records(kafka, f"{prefix}.{topic}").items()}


COLUMNS = {
    "column.exclude.list": r"public\.kinds\.(i|bytes),public\.pairs\.v",
    "column.mask.with.12.chars": r"public\.kinds\.(v|i|u|m|j|address|s|at|list)",
    "column.mask.with.0.chars": r"other.*Big",
    "column.truncate.to.3.chars": r"public\.whole\.(v|w|id),public\.kinds\.t",
}


HASHES = {
    "column.mask.hash.SHA-256.with.salt.one": r"public\.kinds\.(v|t|m)",
    "column.mask.hash.v2.MD5.with.salt.two.salts": r"public\.whole\.(v|id),public\.kinds\.(u|i|j)",
    "column.mask.hash.v2.SHA-512.with.salt.z": r"public\.pairs\.b",
    "message.key.columns": r"public\.whole:w,id;public\.pairs:b",
}


@pytest.mark.parametrize("schemas, more", [("true", {}), ("false", {}), ("true", COLUMNS), ("true", HASHES)],
                         ids=["true", "false", "columns", "hashes"])
def test_the_same_topics_as_debezium(kafka, worker, face, database, schemas, more):
    database.sql(SCHEMA + MORE)
    number = random.randrange(1 << 30)
    theirs, ours = f"theirs{number}", f"ours{number}"
    how = {f"{side}.converter": "org.apache.kafka.connect.json.JsonConverter" for side in ("key", "value")}
    how |= {f"{side}.converter.schemas.enable": schemas for side in ("key", "value")}
    how |= {"provide.transaction.metadata": "false", "skipped.operations": "none", **more}
    worker.command("POST", "/connectors", {"name": theirs, "config": source(database, theirs, **how)})
    worker.wait_state(theirs, "RUNNING")
    wait_until(lambda: database.value("SELECT active FROM pg_replication_slots WHERE slot_name = %s", theirs), 60, "Debezium reads")
    face.create(ours, source(database, ours, **how))
    face.wait_running(ours)
    for part in (SOURCE_KINDS, MORE_CHANGES):
        for statement in filter(str.strip, part.split(";\n")):
            database.sql(statement)
    for topic in TOPICS:
        wait_until(lambda topic=topic: 0 < count(kafka, f"{theirs}.{topic}") == count(kafka, f"{ours}.{topic}"), 60,
                   f"both have {topic}", detail=lambda topic=topic: f"{count(kafka, f'{theirs}.{topic}')} {count(kafka, f'{ours}.{topic}')}"
                   f"{worker.ask('GET', f'/connectors/{theirs}/status')}{face.explain()}")
        mine, real = told(kafka, ours, topic), told(kafka, theirs, topic)
        differ = [(a, b) for partition in real for a, b in zip(mine[partition], real[partition]) if a != b]
        assert not differ and mine == real, f"{topic}: {len(differ)} differ, the first:\n{differ[0][0]}\n{differ[0][1]}"
    assert f"{ours}.public.passed_over" not in kafka.admin.topics()
    worker.command("DELETE", f"/connectors/{theirs}")
    face.must("DELETE", f"/connectors/{ours}")


def test_columns_of_the_key_are_not_left_out(kafka, face, database):
    prefix = f"keyless{random.randrange(1 << 30)}"
    database.sql("CREATE TABLE t (id integer PRIMARY KEY, v text)")
    face.create(prefix, source(database, prefix, **{"column.include.list": r"public\.t\.v"}))
    face.wait_running(prefix)
    database.sql("INSERT INTO t VALUES (1, 'x')")
    wait_until(lambda: face.states(prefix) == ("RUNNING", ["FAILED"]), 30, "the task is FAILED", detail=face.explain)
    assert "column public.t.id is of the primary key and cannot be left out" in face.must("GET", f"/connectors/{prefix}/tasks/0/status")["trace"]
    face.must("DELETE", f"/connectors/{prefix}")


def flags(kafka, topic):
    """[(key, op, source.snapshot)] of all of one partition."""
    return [(json.loads(each["key"]), value["op"], value["source"]["snapshot"])
            for each in records(kafka, topic).get(0, ()) if each["value"] for value in [json.loads(each["value"])]]


def test_what_the_tables_hold_comes_first(kafka, worker, face, database):
    """The same rows as Debezium's snapshot has, said in the same way."""
    database.sql(SCHEMA + MORE)
    # Debezium's snapshots, unlike its changes, count the days of long ago by the Julian calendar.
    database.sql(SOURCE_KINDS.replace("0044-03-15 12:00:00 BC", "1644-03-15 12:00:00").replace("0044-03-15 BC", "1644-03-15"))
    database.sql("INSERT INTO keyless VALUES ('one'); INSERT INTO other.\"odd name\" VALUES (1, 'x', 2), (2, NULL, 3); "
                 "INSERT INTO passed_over VALUES (1); INSERT INTO turned VALUES (1, 'v', 'b', true), (2, 'w', 'b', false)")
    number = random.randrange(1 << 30)
    theirs, ours = f"heldtheirs{number}", f"heldours{number}"
    how = {f"{side}.converter.schemas.enable": "false" for side in ("key", "value")}
    how |= {f"{side}.converter": "org.apache.kafka.connect.json.JsonConverter" for side in ("key", "value")}
    how["snapshot.mode"] = "initial"
    worker.command("POST", "/connectors", {"name": theirs, "config": source(database, theirs, **how)})
    wait_until(lambda: database.value("SELECT active FROM pg_replication_slots WHERE slot_name = %s", theirs), 60, "Debezium reads")
    wait_until(lambda: count(kafka, f"{theirs}.public.whole") > 0, 60, "Debezium's snapshot is there")
    face.create(ours, source(database, ours, **how))
    face.wait_running(ours)
    database.sql("INSERT INTO whole VALUES (1000, 'after', NULL); DELETE FROM keyless")
    for topic in TOPICS:
        wait_until(lambda topic=topic: 0 < count(kafka, f"{theirs}.{topic}") == count(kafka, f"{ours}.{topic}"), 60, f"both have {topic}",
                   detail=lambda topic=topic: f"{count(kafka, f'{theirs}.{topic}')} {count(kafka, f'{ours}.{topic}')} {face.explain()}")

        def comparable(prefix, topic=topic):
            made = []
            for key, value, _ in told(kafka, prefix, topic)[0]:
                if value and value["op"] == "r":
                    for name in ("txId", "lsn", "ts_ms", "ts_us", "ts_ns"):
                        assert value["source"].pop(name) is not None
                made.append((key, value))
            return made
        mine, real = comparable(ours), comparable(theirs)
        differ = [(a, b) for a, b in zip(mine, real) if a != b]
        assert not differ and mine == real, f"{topic}: {len(differ)} differ, the first:\n{differ[0][0]}\n{differ[0][1]}"
    assert f"{ours}.public.passed_over" not in kafka.admin.topics()
    worker.command("DELETE", f"/connectors/{theirs}")
    face.must("DELETE", f"/connectors/{ours}")


CHANGES = {
    "transforms": "origin,unwrap,mask,only,route", "predicates": "pairs,gone",
    "transforms.origin.type": "org.apache.kafka.connect.transforms.InsertHeader", "transforms.origin.header": "origin",
    "transforms.origin.value.literal": "a",
    "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
    "transforms.unwrap.delete.tombstone.handling.mode": "rewrite", "transforms.unwrap.add.fields": "op,table",
    "transforms.mask.type": "org.apache.kafka.connect.transforms.MaskField$Value", "transforms.mask.fields": "v,w",
    "transforms.mask.predicate": "pairs", "transforms.mask.negate": "true",
    "transforms.only.type": "org.apache.kafka.connect.transforms.Filter", "transforms.only.predicate": "gone",
    "transforms.route.type": "org.apache.kafka.connect.transforms.RegexRouter",
    "transforms.route.regex": r"(.*)\.(public|other)\.(.*)", "transforms.route.replacement": "$1.changed_$3",
    "predicates.pairs.type": "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
    "predicates.pairs.pattern": r".*\.(pairs|kinds)",
    "predicates.gone.type": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
}
CONVERTERS = {
    "schemas": {"key.converter.schemas.enable": "true", "value.converter.schemas.enable": "true"},
    "numeric": {"key.converter.schemas.enable": "false", "value.converter.schemas.enable": "false", "value.converter.decimal.format": "NUMERIC"},
}


@pytest.mark.parametrize("way", CONVERTERS)
def test_the_same_after_transformations(kafka, worker, face, database, way):
    """Whole records, and the topics that they are in."""
    database.sql(SCHEMA + MORE)
    number = random.randrange(1 << 30)
    theirs, ours = f"changedtheirs{number}", f"changedours{number}"
    how = {**CHANGES, "key.converter": "org.apache.kafka.connect.json.JsonConverter",
           "value.converter": "org.apache.kafka.connect.json.JsonConverter", **CONVERTERS[way]}
    worker.command("POST", "/connectors", {"name": theirs, "config": source(database, theirs, **how)})
    worker.wait_state(theirs, "RUNNING")
    wait_until(lambda: database.value("SELECT active FROM pg_replication_slots WHERE slot_name = %s", theirs), 60, "Debezium reads")
    face.create(ours, source(database, ours, **how))
    face.wait_running(ours)
    for part in (SOURCE_KINDS, MORE_CHANGES):
        for statement in filter(str.strip, part.split(";\n")):
            database.sql(statement)

    def plain(prefix, topic):
        def text(part):
            return None if part is None else json.loads(part.decode().replace(prefix, "PREFIX"))
        return [(text(each["key"]), text(each["value"]), [(name, value) for name, value in each["headers"] if name != "__tandem.position"])
                for each in records(kafka, f"{prefix}.{topic}").get(0, ())]
    for table in ("kinds", "pairs", "whole", "keyless", "odd_name"):
        topic = f"changed_{table}"
        wait_until(lambda topic=topic: 0 < count(kafka, f"{theirs}.{topic}") == count(kafka, f"{ours}.{topic}"), 60, f"both have {topic}",
                   detail=lambda topic=topic: f"{count(kafka, f'{theirs}.{topic}')} {count(kafka, f'{ours}.{topic}')} {face.explain()}")
        mine, real = plain(ours, topic), plain(theirs, topic)
        differ = [(a, b) for a, b in zip(mine, real) if a != b]
        assert not differ and mine == real, f"{topic}: {len(differ)} differ, the first:\n{differ[0][0]}\n{differ[0][1]}"
        assert ("origin", b"a") in mine[0][2]
    assert f"{ours}.public.pairs" not in kafka.admin.topics()
    worker.command("DELETE", f"/connectors/{theirs}")
    face.must("DELETE", f"/connectors/{ours}")


def test_a_snapshot_and_what_follows_miss_nothing(kafka, servers, database):
    """Rows are written, changed and deleted all the while, and the first snapshots are killed."""
    database.sql("CREATE TABLE held (id bigint PRIMARY KEY, v text); "
                 "INSERT INTO held SELECT i, repeat('x', 300) FROM generate_series(1, 60000) i; CREATE TABLE empty (id bigint PRIMARY KEY)")
    prefix = f"held{random.randrange(1 << 30)}"
    topic = f"{prefix}.public.held"
    how = {"snapshot.mode": "initial", "key.converter.schemas.enable": "false", "value.converter.schemas.enable": "false",
           "key.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter": "org.apache.kafka.connect.json.JsonConverter"}
    face = apart(kafka, servers, "held")
    try:
        face.create(prefix, source(database, prefix, **how))
        turn = 0
        for kill in (True, True, False):
            for _ in range(40):
                turn += 1
                database.sql("INSERT INTO held VALUES (%s, 'new'); UPDATE held SET v = %s WHERE id = %s; DELETE FROM held WHERE id = %s",
                             100_000 + turn, f"turn {turn}", 1000 + turn, turn)
            if kill:
                face.kill9()
                face.start()
        face.wait_running(prefix)
        wait_until(lambda: "rows are written" in face.log_text(), 60, "a snapshot is whole", detail=face.explain)

        def replayed():
            rows = {}
            for each in records(kafka, topic).get(0, ()):
                key = json.loads(each["key"])["id"]
                after = json.loads(each["value"])["after"] if each["value"] else None
                if after is None:
                    rows.pop(key, None)
                else:
                    rows[key] = after["v"]
            return rows
        expected = dict(database.sql("SELECT id, v FROM held"))
        wait_until(lambda: replayed() == expected, 60, "the topic says what the table holds", every=1, detail=face.explain)
        whole = flags(kafka, topic)
        assert [flag for _, op, flag in whole if op == "r"][-1] == "last"
        assert all(flag == "false" for _, op, flag in whole if op != "r")
        assert f"{prefix}.public.empty" not in kafka.admin.topics()
        # Once it was whole it is not taken again.
        read = sum(op == "r" for _, op, _ in whole)
        face.must("POST", f"/connectors/{prefix}/tasks/0/restart")
        face.wait_running(prefix)
        database.sql("INSERT INTO held VALUES (200000, 'later')")
        wait_until(lambda: replayed().get(200_000) == "later", 30, "it goes on", every=0.5, detail=face.explain)
        assert sum(op == "r" for _, op, _ in flags(kafka, topic)) == read
        # A slot that was dropped is a gap, until somebody says to begin anew.
        face.must("PUT", f"/connectors/{prefix}/stop")
        wait_until(lambda: face.states(prefix) == ("STOPPED", []), 30, "it has stopped", detail=face.explain)
        wait_until(lambda: drop(database, prefix), 10, "the slot is dropped")
        face.must("PUT", f"/connectors/{prefix}/resume")
        wait_until(lambda: face.states(prefix) == ("RUNNING", ["FAILED"]), 30, "the task is FAILED", detail=face.explain)
        assert f"replication slot {prefix} is not there any more" in face.must("GET", f"/connectors/{prefix}/tasks/0/status")["trace"]
        face.must("PUT", f"/connectors/{prefix}/stop")
        wait_until(lambda: face.states(prefix) == ("STOPPED", []), 30, "it has stopped", detail=face.explain)
        face.must("DELETE", f"/connectors/{prefix}/offsets")
        face.must("PUT", f"/connectors/{prefix}/resume")
        rows = database.value("SELECT count(*) FROM held")
        wait_until(lambda: sum(op == "r" for _, op, _ in flags(kafka, topic)) == read + rows, 60, "all rows once more", every=1,
                   detail=face.explain)
        face.must("DELETE", f"/connectors/{prefix}")
    finally:
        face.close()


def test_kills_lose_nothing_and_tell_doubles(kafka, servers, database):
    database.sql("CREATE TABLE counted (id bigint PRIMARY KEY, v text)")
    prefix = f"killed{random.randrange(1 << 30)}"
    topic = f"{prefix}.public.counted"
    face = apart(kafka, servers, "killed")
    face.create(prefix, source(database, prefix))
    face.wait_running(prefix)
    rows = 0
    try:
        for kill in range(6):
            for _ in range(random.randrange(20, 60)):
                database.sql("INSERT INTO counted SELECT i, repeat('x', 200) FROM generate_series(%s, %s) i", rows + 1, rows + 40)
                rows += 40
            face.kill9()
            face.start()
        face.wait_running(prefix)

        def positions():
            """Of each row. What a killed process sent may show up after its successor has looked: a double, told by its position."""
            found = {}
            for each in records(kafka, topic).get(0, ()):
                row, position = json.loads(each["key"])["payload"]["id"], dict(each["headers"])["__tandem.position"]
                assert found.setdefault(row, position) == position
            return found
        wait_until(lambda: len(positions()) == rows, 60, f"{rows} rows", detail=lambda: f"{len(positions())}\n{face.explain()}")
        assert list(positions()) == list(range(1, rows + 1)), "first seen in their order"
        wait_until(lambda: [each["offset"]["lsn"] for each in face.must("GET", f"/connectors/{prefix}/offsets")["offsets"]], 10,
                   "its offset is told")
        assert face.must("GET", f"/connectors/{prefix}/topics") == {prefix: {"topics": [topic]}}
        face.must("DELETE", f"/connectors/{prefix}")
    finally:
        face.close()


def test_it_goes_on_by_itself(kafka, servers, face, database):
    """What passes by itself shows in the task's state while it lasts, and needs no hand."""
    database.sql("CREATE TABLE t (id bigint PRIMARY KEY)")
    prefix = f"passing{random.randrange(1 << 30)}"
    face.create(prefix, source(database, prefix))
    face.wait_running(prefix)
    database.cluster.stop()
    wait_until(lambda: face.states(prefix) == ("RUNNING", ["FAILED"]), 30, "the task is FAILED", detail=face.explain)
    trace = face.must("GET", f"/connectors/{prefix}/tasks/0/status")["trace"]
    assert "it is tried again until it is good" in trace and "password" not in trace
    database.cluster.start()
    face.wait_running(prefix)
    database.sql("INSERT INTO t SELECT generate_series(1, 10)")
    wait_until(lambda: count(kafka, f"{prefix}.public.t") == 10, 30, "10 records", detail=face.explain)
    face.must("DELETE", f"/connectors/{prefix}")


def test_what_needs_a_hand_says_so(kafka, face, database):
    database.sql("CREATE TABLE t (id bigint PRIMARY KEY)")
    prefix = f"handed{random.randrange(1 << 30)}"
    database.sql("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", prefix)
    face.create(prefix, source(database, prefix))
    wait_until(lambda: face.states(prefix) == ("RUNNING", ["FAILED"]), 30, "the task is FAILED", detail=face.explain)
    assert "is of plugin test_decoding" in face.must("GET", f"/connectors/{prefix}/tasks/0/status")["trace"]
    database.sql("SELECT pg_drop_replication_slot(%s)", prefix)
    face.must("POST", f"/connectors/{prefix}/restart?includeTasks=true&onlyFailed=true")
    face.wait_running(prefix)
    face.must("DELETE", f"/connectors/{prefix}")


@pytest.mark.parametrize("name, value, says", [
    ("notification.enabled.channels", "jmx", "notification.enabled.channels=jmx is not supported by tandem yet: sink and log are"),
    ("signal.enabled.channels", "file", "signal.enabled.channels=file is not supported by tandem yet: source and kafka are"),
    ("message.key.columns", "public.t:v", "message.key.columns: column v of table public.t is not of its primary key, and a delete does not tell it: "
                                          "ALTER TABLE public.t REPLICA IDENTITY FULL"),
    ("message.key.columns", "public.t:w", "message.key.columns: table public.t has no column w"),
    ("column.mask.hash.ROT13.with.salt.x", "public.t.v", "column.mask.hash.ROT13.with.salt.x: ROT13 is no hash algorithm that is known here"),
], ids=["no_jmx", "no_file", "no_identity", "no_column", "no_algorithm"])
def test_what_cannot_be_done_is_refused_by_name(face, database, name, value, says):
    prefix = f"refused{random.randrange(1 << 30)}"
    database.sql("CREATE TABLE t (id integer PRIMARY KEY, v text)")
    face.create(prefix, source(database, prefix, **{name: value}))

    def failed():  # what a table cannot have shows with its first row
        database.sql("INSERT INTO t SELECT coalesce(max(id), 0) + 1, 'v' FROM t")
        return face.states(prefix) == ("RUNNING", ["FAILED"])
    wait_until(failed, 30, "the task is FAILED", every=0.2, detail=face.explain)
    assert says in face.must("GET", f"/connectors/{prefix}/tasks/0/status")["trace"]
    face.must("DELETE", f"/connectors/{prefix}")


def test_one_slot_feeds_one_connector(kafka, face, database):
    """The second says so, and the first keeps all of it."""
    database.sql("CREATE TABLE t (id integer PRIMARY KEY)")
    first, second = (f"slot{random.randrange(1 << 30)}" for _ in range(2))
    face.create(first, source(database, first))
    face.wait_running(first)
    face.create(second, source(database, second, slot__name=first))
    wait_until(lambda: face.states(second) == ("RUNNING", ["FAILED"]), 30, "the second is FAILED", detail=face.explain)
    trace = face.must("GET", f"/connectors/{second}/tasks/0/status")["trace"]
    assert f'replication slot "{first}" is active for PID' in trace and "a slot.name of its own" in trace, trace
    for number in range(1, 101):
        database.sql("INSERT INTO t VALUES (%s)", number)
    wait_until(lambda: count(kafka, f"{first}.public.t") == 100, 30, "all are in its topic", detail=face.explain)
    assert face.states(first) == ("RUNNING", ["RUNNING"])
    face.must("DELETE", f"/connectors/{first}")  # then the other one has it
    wait_until(lambda: face.states(second) == ("RUNNING", ["RUNNING"]), 30, "the second has the slot", detail=face.explain)
    face.must("DELETE", f"/connectors/{second}")


def test_it_begins_where_its_offset_says(kafka, face, database):
    """PATCH forward: what lies before it is passed over, whatever the slot has; beyond the WAL's end: refused by name."""
    name = f"patched{random.randrange(1 << 30)}"
    database.sql("CREATE TABLE t (id integer PRIMARY KEY)")
    face.create(name, source(database, name))
    face.wait_running(name)
    database.sql("INSERT INTO t VALUES (1)")
    wait_until(lambda: count(kafka, f"{name}.public.t") == 1, 30, "the row is sent", detail=face.explain)

    def begin_at(offset):
        face.must("PUT", f"/connectors/{name}/stop")
        wait_until(lambda: face.states(name) == ("STOPPED", []), 30, "it is stopped")
        database.sql("INSERT INTO t VALUES (2)")
        face.must("PATCH", f"/connectors/{name}/offsets", {"offsets": [{"partition": {"server": name}, "offset": {"lsn": offset()}}]})
        database.sql("INSERT INTO t VALUES (3)")
        face.must("PUT", f"/connectors/{name}/resume")
    begin_at(lambda: int(database.value("SELECT pg_current_wal_flush_lsn() - '0/0'")))
    wait_until(lambda: count(kafka, f"{name}.public.t") >= 2, 30, "it goes on", detail=face.explain)
    rows = [json.loads(each["value"])["payload"]["after"]["id"] for each in records(kafka, f"{name}.public.t")[0]]
    assert rows == [1, 3]
    database.sql("DELETE FROM t WHERE id = 2; DELETE FROM t WHERE id = 3")
    begin_at(lambda: 1 << 60)
    wait_until(lambda: "the server has written up to" in json.dumps(face.ask("GET", f"/connectors/{name}/status")[1]), 30,
               "it says why it does not begin", detail=face.explain)
    face.must("DELETE", f"/connectors/{name}")


def test_an_offset_given_right_after_the_stop_has_the_last_word(kafka, face, database):
    """The task stores how far it has come as it ends: PATCH waits for that, and the status tells of the task until then."""
    name = f"stopped{random.randrange(1 << 30)}"
    database.sql("CREATE TABLE t (id serial PRIMARY KEY)")
    face.create(name, source(database, name))
    for sent in range(1, 6):
        face.wait_running(name)
        database.sql("INSERT INTO t DEFAULT VALUES")
        wait_until(lambda: count(kafka, f"{name}.public.t") == sent, 30, "the row is sent", detail=face.explain)
        face.must("PUT", f"/connectors/{name}/stop")
        given = [{"partition": {"server": name}, "offset": {"lsn": int(database.value("SELECT pg_current_wal_flush_lsn() - '0/0'"))}}]
        face.must("PATCH", f"/connectors/{name}/offsets", {"offsets": given})
        assert face.states(name) == ("STOPPED", [])
        assert face.must("GET", f"/connectors/{name}/offsets") == {"offsets": given}
        face.must("PUT", f"/connectors/{name}/resume")
    face.must("DELETE", f"/connectors/{name}")


def test_the_documents_request_works_unchanged(kafka, face, database):
    """But for host, port and names, which are this test's."""
    database.sql("CREATE TABLE users (id text PRIMARY KEY, name text); INSERT INTO users VALUES ('before', 'it')")
    prefix = f"dbserver{random.randrange(1 << 30)}"
    face.create("chatting-5434-connector2", {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput", "database.hostname": "localhost",
        "database.port": str(database.cluster.port), "database.user": "postgres", "database.password": "password",
        "database.dbname": database.name, "database.server.name": prefix})
    face.wait_running("chatting-5434-connector2")
    database.sql("INSERT INTO users VALUES ('aa', '황보규민')")
    wait_until(lambda: count(kafka, f"{prefix}.public.users") == 2, 30, "its records", detail=face.explain)
    ((first, record),) = [each for each in records(kafka, f"{prefix}.public.users").values() if each]
    assert json.loads(first["value"])["payload"]["op"] == "r"
    assert json.loads(record["value"])["payload"]["after"] == {"id": "aa", "name": "황보규민"}
    face.must("DELETE", "/connectors/chatting-5434-connector2")
