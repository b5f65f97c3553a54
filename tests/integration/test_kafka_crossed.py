"""Two sources and two sinks of `tandem connect`, crossed: four plain POSTs, no transformation, and nothing loops."""

import json
import random

import pytest

from support.connect_face import Face
from support.masters import WalOracle
from support.waiting import holds_for, wait_until

SCHEMA = """
CREATE TABLE users (id text PRIMARY KEY, name text, n integer, at timestamptz, price numeric(12, 2), ok boolean);
CREATE TABLE messages (id bigint PRIMARY KEY, body text, raw bytea, tags text[]);
"""
WRITES = 200
ROWS = 50  # each


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


@pytest.fixture
def face(servers, kafka):
    made = Face(kafka.bootstrap, servers.workspace)
    yield made
    made.close()


def source(name, database):
    return {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "database.hostname": "127.0.0.1",
            "database.port": str(database.cluster.port), "database.user": "postgres", "database.password": "password",
            "database.dbname": database.name, "topic.prefix": name, "slot.name": name, "publication.name": name,
            "snapshot.mode": "no_data"}


def sink(topics, database):
    return {"connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "topics.regex": topics + r"\.public\..*",
            "connection.url": f"jdbc:postgresql://127.0.0.1:{database.cluster.port}/{database.name}",
            "connection.username": "postgres", "connection.password": "password", "insert.mode": "upsert", "delete.enabled": "true",
            "primary.key.mode": "record_key", "table.name.format": "${source.table}"}


def test_four_posts_do_not_loop(kafka, pair, face):
    a, b = pair.both
    token = f"x{random.randrange(1 << 30)}"
    face.start()
    counters = {database: WalOracle(database) for database in (a, b)}
    everything = {database: WalOracle(database, only_local=False) for database in (a, b)}
    for name, of, other in (("a", a, b), ("b", b, a)):
        face.create(f"source-{name}-{token}", source(f"{name}_{token}", of))
        face.create(f"sink-{name}-{token}", sink(f"{name}_{token}", other))
    names = [f"{kind}-{name}-{token}" for kind in ("source", "sink") for name in "ab"]
    face.wait_running(*names)
    written = {a: 0, b: 0}
    for turn in range(WRITES):
        for number, database in enumerate((a, b)):
            first = (2 * turn + number) * ROWS
            with database.transaction() as cursor:
                cursor.execute("INSERT INTO messages SELECT i, 'm' || i, convert_to('é' || i, 'UTF8'), ARRAY['x', NULL, '\"'] "
                               "FROM generate_series(%s, %s) i", (first, first + ROWS - 1))
                cursor.execute("INSERT INTO users VALUES (%s, '황보규민', %s, now(), %s, NULL)", (f"u{first}", turn, turn / 7))
            written[database] += ROWS + 1
            if turn % 10 == 9:
                database.sql("UPDATE messages SET body = body || '!' WHERE id = %s", first)
                database.sql("DELETE FROM messages WHERE id = %s", first + 1)
                written[database] += 2
        if turn in (60, 130):
            face.kill9()
            face.start()
    face.wait_running(*names)

    def equal():
        return [a.sql(f"SELECT t::text FROM {table} t ORDER BY 1") for table in ("users", "messages")] == \
            [b.sql(f"SELECT t::text FROM {table} t ORDER BY 1") for table in ("users", "messages")]
    wait_until(equal, 60, "both masters are equal", every=0.5, detail=face.explain)
    holds_for(equal, 2, "they stay so")
    for database, peer in ((a, b), (b, a)):
        # What was written here without an origin is what the load wrote here, and what is in the WAL beside it is the peer's, once.
        assert len(counters[database].changes(("oracle", "tandem_connect"))) == written[database]
        # The peer's may have been merged: several changes of a row in one batch.
        assert written[database] < len(everything[database].changes(("oracle", "tandem_connect"))) <= written[database] + written[peer]
    for name, database in (("a", a), ("b", b)):
        # Each change is in Kafka at a position of its own, and a delete's tombstone; what a killed source had on its way may
        # come behind its successor's look (decision 0011) and is told by that position: the same record.
        found = {}
        for topic in kafka.admin.topics():
            if not topic.startswith(f"{name}_{token}."):
                continue
            of_topic = {}
            for partition in range(len(kafka.admin.describe(topic))):
                for each in kafka.admin.read(topic, partition):
                    position = dict(each["headers"])["__tandem.position"]
                    assert of_topic.setdefault(position, (each["key"], each["value"] is None)) == (each["key"], each["value"] is None)
            found[topic] = of_topic
        assert sum(map(len, found.values())) == written[database] + WRITES // 10, {topic: len(each) for topic, each in found.items()}
    for name in names:
        face.must("DELETE", f"/connectors/{name}")
    face.stop()
    for oracle in (*counters.values(), *everything.values()):
        oracle.drop()


def test_a_refused_record_waits_for_its_cure(kafka, pair, face):
    a, b = pair.both
    token = f"w{random.randrange(1 << 30)}"
    face.start()
    face.create(f"source-{token}", source(token, a))
    face.create(f"sink-{token}", sink(token, b))
    face.wait_running(f"source-{token}", f"sink-{token}")
    a.sql("ALTER TABLE users ADD COLUMN extra text")
    a.sql("INSERT INTO users (id, name) VALUES ('1', NULL)")
    a.sql("INSERT INTO users (id, name, extra) VALUES ('2', 'two', 'x'), ('3', 'three', 'y')")
    wait_until(lambda: face.states(f"sink-{token}")[1] == ["FAILED"], 30, "the sink is FAILED", detail=face.explain)
    trace = face.must("GET", f"/connectors/sink-{token}/tasks/0/status")["trace"]
    assert f"topic {token}.public.users, partition 0, offset 0" in trace and "extra" in trace
    b.sql("ALTER TABLE users ADD COLUMN extra text")
    face.must("POST", f"/connectors/sink-{token}/tasks/0/restart")
    wait_until(lambda: b.sql("SELECT id, name, extra FROM users ORDER BY 1") == [("1", None, None), ("2", "two", "x"), ("3", "three", "y")],
               30, "all three rows", detail=face.explain)
    for name in (f"sink-{token}", f"source-{token}"):
        face.must("DELETE", f"/connectors/{name}")


@pytest.mark.parametrize("chain", [False, True], ids=["plain", "with_a_chain"])
def test_names_in_large_letters_and_tandems_own_header(kafka, pair, face, chain):
    """Without quoting a field has the column of its name in small letters; no converter sees tandem's header."""
    database = pair.b
    database.sql("CREATE TABLE mix (id integer PRIMARY KEY, val text)")
    topic = f"mix_{random.randrange(1 << 30)}"
    kafka.admin.create_topic(topic, 1)
    more = {"transforms": "drop", "transforms.drop.type": "org.apache.kafka.connect.transforms.DropHeaders",
            "transforms.drop.headers": "x"} if chain else {}
    converters = {f"{part}.converter": "org.apache.kafka.connect.json.JsonConverter" for part in ("key", "value", "header")}
    config = {**sink("unused", database), **converters, "key.converter.schemas.enable": "false",
              "value.converter.schemas.enable": "false", "header.converter.schemas.enable": "true", "topics": topic,
              "table.name.format": "mix", **more}
    del config["topics.regex"]
    kafka.admin.produce(topic, *({"key": b'{"Id":%d}' % number, "value": b'{"Id":%d,"VAL":"x"}' % number,
                                  "headers": [("__tandem.position", b"1.1 0/%d.4" % (10 + number))]} for number in (1, 2)),
                        {"key": b'{"Id":1}', "value": None, "headers": [("__tandem.position", b"1.1 0/20.4")]})
    face.start()
    face.create(topic, config)
    wait_until(lambda: database.sql("SELECT id, val FROM mix") == [(2, "x")], 30, "one row is left", detail=face.explain)
    face.must("DELETE", f"/connectors/{topic}")


def test_what_a_killed_source_wrote_twice_is_taken_once(kafka, pair, face):
    """Told by its position, also by a sink that was killed itself; another server's positions say nothing of it."""
    database = pair.b
    database.sql("CREATE TABLE plain (id integer PRIMARY KEY)")
    topic = f"twice_{random.randrange(1 << 30)}"
    kafka.admin.create_topic(topic, 1)

    def send(*records):
        kafka.admin.produce(topic, *({"key": json.dumps({"id": number}).encode(), "value": json.dumps({"id": number}).encode(),
                                      "headers": [("__tandem.position", position.encode())]} for number, position in records))
    config = {**sink("unused", database), "topics": topic, "table.name.format": "plain", "insert.mode": "insert", "delete.enabled": "false"}
    del config["topics.regex"]
    face.start()
    send((1, "1.1 0/10.4"), (2, "1.1 0/20.4"), (1, "1.1 0/10.4"), (2, "1.1 0/20.4"), (3, "1.1 0/30.4"))
    face.create(topic, config)
    wait_until(lambda: database.sql("SELECT id FROM plain ORDER BY 1") == [(1,), (2,), (3,)], 30, "each row once", detail=face.explain)
    face.kill9()
    face.start()
    send((3, "1.1 0/30.4"), (4, "2.1 0/5.4"))
    wait_until(lambda: database.sql("SELECT id FROM plain ORDER BY 1") == [(1,), (2,), (3,), (4,)], 30, "the other's row", detail=face.explain)
    face.wait_running(topic)  # a row that is there would have failed
    face.must("DELETE", f"/connectors/{topic}")


def test_modes_of_a_sink(kafka, pair, face):
    """Rows as other writers send them, flat, with and without schemas."""
    database = pair.b
    database.sql("CREATE TABLE plain (id integer PRIMARY KEY, v text, n numeric)")
    token = f"y{random.randrange(1 << 30)}"
    face.start()

    def send(topic, *records):
        if topic not in kafka.admin.topics():
            kafka.admin.create_topic(topic, 2)
        kafka.admin.produce(topic, *({"key": json.dumps(key).encode(), "value": None if value is None else json.dumps(value).encode()}
                                     for key, value in records))

    def with_schema(fields, payload):
        return {"schema": {"type": "struct", "fields": [{"field": name, "type": kind, "optional": True} for name, kind in fields.items()],
                           "optional": False}, "payload": payload}
    topic = f"rows_{token}"
    send(topic, *(({"id": i}, {"id": i, "v": f"v{i}", "n": i}) for i in range(100)))
    config = {**sink("unused", database), "topics": topic, "table.name.format": "plain"}
    del config["topics.regex"]
    face.create(f"upsert-{token}", config)
    wait_until(lambda: database.value("SELECT count(*) FROM plain") == 100, 30, "100 rows", detail=face.explain)
    send(topic, ({"id": 5}, {"id": 5, "v": "again", "n": None}), ({"id": 6}, None))
    wait_until(lambda: database.sql("SELECT id, v, n FROM plain WHERE id IN (5, 6) ORDER BY 1") == [(5, "again", None)],
               30, "an upsert and a delete", detail=face.explain)
    face.must("DELETE", f"/connectors/upsert-{token}")

    topic = f"schemas_{token}"
    send(topic, (with_schema({"id": "int32"}, {"id": 7}), with_schema({"id": "int32", "v": "string"}, {"id": 7, "v": "schema"})))
    schemas = {f"{part}.converter{rest}": value for part in ("key", "value")
               for rest, value in (("", "org.apache.kafka.connect.json.JsonConverter"), (".schemas.enable", "true"))}
    face.create(f"schemas-{token}", {**config, "topics": topic, **schemas})
    wait_until(lambda: database.sql("SELECT id, v, n FROM plain WHERE id = 7") == [(7, "schema", 7)], 30, "a column of three",
               detail=face.explain)
    face.must("DELETE", f"/connectors/schemas-{token}")

    topic = f"envelopes_{token}"
    send(topic, ({"id": 9}, {"before": None, "after": {"id": 9, "v": "enveloped", "n": 1.50}, "op": "c",
                             "source": {"schema": "public", "table": "plain", "lsn": 1}, "ts_ms": 1}))
    face.create(f"envelopes-{token}", {**config, "topics": topic})
    wait_until(lambda: database.sql("SELECT v, n::text FROM plain WHERE id = 9") == [("enveloped", "1.5")], 30, "an envelope's row",
               detail=face.explain)
    face.must("DELETE", f"/connectors/envelopes-{token}")

    topic = f"updates_{token}"
    send(topic, ({"id": 8}, {"id": 8, "v": "updated"}), ({"id": 1000}, {"id": 1000, "v": "absent"}))
    face.create(f"update-{token}", {**config, "topics": topic, "insert.mode": "update", "delete.enabled": "false"})
    wait_until(lambda: database.value("SELECT v FROM plain WHERE id = 8") == "updated", 30, "an update", detail=face.explain)
    assert database.value("SELECT count(*) FROM plain WHERE id = 1000") == 0
    face.must("DELETE", f"/connectors/update-{token}")

    topic = f"inserts_{token}"
    send(topic, *(({"id": i}, {"id": i, "v": "new"}) for i in range(2000, 2010)))
    face.create(f"insert-{token}", {**config, "topics": topic, "insert.mode": "insert", "delete.enabled": "false"})
    wait_until(lambda: database.value("SELECT count(*) FROM plain WHERE id >= 2000") == 10, 30, "inserts", detail=face.explain)
    face.kill9()
    face.start()
    face.wait_running(f"insert-{token}")
    send(topic, ({"id": 2000}, {"id": 2000, "v": "twice"}))
    wait_until(lambda: face.states(f"insert-{token}")[1] == ["FAILED"], 30, "a row that is there fails", detail=face.explain)
    assert "23505" in face.must("GET", f"/connectors/insert-{token}/tasks/0/status")["trace"]
    database.sql("DELETE FROM plain WHERE id = 2000")
    face.must("POST", f"/connectors/insert-{token}/tasks/0/restart")
    wait_until(lambda: database.value("SELECT v FROM plain WHERE id = 2000") == "twice", 30, "it goes on", detail=face.explain)
    face.must("DELETE", f"/connectors/insert-{token}")


@pytest.mark.parametrize("way", ["transformations", "one_line"])
def test_the_recipe_with_an_origin_column(kafka, pair, face, way):
    """A header on both sources, a column at the sinks, and sources that leave out what the column says is the peer's."""
    a, b = pair.both
    token = f"o{random.randrange(1 << 30)}"
    for database in (a, b):
        database.sql("CREATE TABLE IF NOT EXISTS note (id bigint PRIMARY KEY, v text, origin text); TRUNCATE note")
    transforms = "org.apache.kafka.connect.transforms."

    def mark(name):
        return {"tandem.origin.recipe": f"origin={name}"} if way == "one_line" else {
                "transforms": "mark,own", "transforms.mark.type": transforms + "InsertHeader", "transforms.mark.header": "origin",
                "transforms.mark.value.literal": name, "transforms.own.type": "io.debezium.transforms.Filter",
                "transforms.own.language": "tandem", "transforms.own.topic.regex": ".*note",
                "transforms.own.condition": f"value.after == null || value.after.origin == null || value.after.origin == '{name}'"}

    def keep(name):
        return {"tandem.origin.recipe": f"origin={name}", "table.name.format": "note"} if way == "one_line" else {
                "transforms": "unwrap,drop,origin", "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
                "transforms.drop.type": transforms + "ReplaceField$Value", "transforms.drop.exclude": "origin",
                "transforms.origin.type": transforms + "InsertField$Value", "transforms.origin.static.field": "origin",
                "transforms.origin.static.value": name, "table.name.format": "note"}
    face.start()
    for name, of, other in (("a", a, b), ("b", b, a)):
        face.create(f"source-{name}-{token}", {**source(f"{name}_{token}", of), **mark(name)})
        face.create(f"sink-{name}-{token}", {**sink(f"{name}_{token}", other), **keep(name)})
    names = [f"{kind}-{name}-{token}" for kind in ("source", "sink") for name in "ab"]
    face.wait_running(*names)
    for turn in range(20):
        for database, name, other in ((a, "a", 0), (b, "b", 1)):
            database.sql("INSERT INTO note SELECT i * 2 + %s, 'x', %s FROM generate_series(%s, %s) i", other, name, turn * 50, turn * 50 + 49)
            database.sql("UPDATE note SET v = 'y' WHERE id = %s AND origin = %s", turn * 100 + other, name)
        if turn == 10:
            face.kill9()
            face.start()
    a.sql("INSERT INTO note VALUES (-1, 'as if it came from b', 'b')")  # no replication origin: only the filter knows
    a.sql("INSERT INTO note VALUES (-2, 'of a', 'a')")
    face.wait_running(*names)

    def equal():
        return a.sql("SELECT * FROM note WHERE id <> -1 ORDER BY 1") == b.sql("SELECT * FROM note ORDER BY 1") and a.value("SELECT count(*) FROM note") == 2002
    wait_until(equal, 60, "both masters are equal", every=0.5, detail=face.explain)
    holds_for(equal, 2, "they stay so")
    for name, more in (("a", 1), ("b", 0)):
        topic = f"{name}_{token}.public.note"
        records = [each for partition in range(len(kafka.admin.describe(topic))) for each in kafka.admin.read(topic, partition)]
        assert len(records) == 20 * 51 + more
        assert {dict(each["headers"])["origin"] for each in records} == {name.encode()}
    for name in names:
        face.must("DELETE", f"/connectors/{name}")
