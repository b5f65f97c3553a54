"""tandem.PostgresPair: a sync of two masters in both directions as one connector."""

import random

import pytest

from support.connect_face import Face
from support.waiting import wait_until

SCHEMA = "CREATE TABLE t (id bigint PRIMARY KEY, v text); CREATE TABLE u (id bigint PRIMARY KEY, v text)"


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


@pytest.fixture(scope="module")
def face(servers, kafka):
    made = Face(kafka.bootstrap, servers.workspace).start()
    yield made
    made.close()


def config(pair, **more):
    return {"connector.class": "tandem.PostgresPair", "node.a": f"a={pair.a.uri()}", "node.b": f"b={pair.b.uri()}", **more}


def rows(database, table="t"):
    return database.sql(f"SELECT id, v FROM {table} ORDER BY id")


@pytest.mark.parametrize("transport", ["direct", "kafka"])
def test_both_ways_as_one_connector(pair, face, transport):
    name = f"pair{random.randrange(1 << 30)}"
    face.create(name, config(pair, transport=transport, **({"topic.prefix": name} if transport == "kafka" else {})))
    face.wait_running(name)
    pair.a.sql("INSERT INTO t SELECT i, 'a' || i FROM generate_series(1, 100) i")
    pair.b.sql("INSERT INTO t SELECT i, 'b' || i FROM generate_series(101, 200) i")
    expected = [(i, f"{'a' if i <= 100 else 'b'}{i}") for i in range(1, 201)]
    for database in (pair.a, pair.b):
        wait_until(lambda of=database: rows(of) == expected, 30, "both have all", detail=face.explain)
    face.must("PUT", f"/connectors/{name}/pause")
    wait_until(lambda: face.states(name) == ("PAUSED", ["PAUSED"]), 20, "it is paused", detail=face.explain)
    pair.a.sql("UPDATE t SET v = 'later' WHERE id = 1")
    face.must("PUT", f"/connectors/{name}/resume")
    wait_until(lambda: rows(pair.b)[0] == (1, "later"), 30, "it goes on where it was", detail=face.explain)
    face.kill9()  # and so after a crash
    pair.b.sql("DELETE FROM t WHERE id = 2")
    face.start()
    wait_until(lambda: rows(pair.a) == rows(pair.b) and len(rows(pair.a)) == 199, 30, "both are equal", detail=face.explain)
    face.must("DELETE", f"/connectors/{name}")


def test_its_transformations_are_of_both_ways(pair, face):
    name = f"pair{random.randrange(1 << 30)}"
    chain = {"transforms": "row,mask", "transforms.row.type": "io.debezium.transforms.ExtractNewRecordState",
             "transforms.row.delete.tombstone.handling.mode": "tombstone",
             "transforms.mask.type": "org.apache.kafka.connect.transforms.MaskField$Value",
             "transforms.mask.fields": "v", "transforms.mask.replacement": "hidden"}
    face.create(name, config(pair, **chain))
    face.wait_running(name)
    pair.a.sql("INSERT INTO t VALUES (1, 'of a')")
    pair.b.sql("INSERT INTO t VALUES (2, 'of b')")
    for database, expected in ((pair.a, [(1, "of a"), (2, "hidden")]), (pair.b, [(1, "hidden"), (2, "of b")])):
        wait_until(lambda of=database, all=expected: rows(of) == all, 30, f"{expected}", detail=face.explain)
    face.must("DELETE", f"/connectors/{name}")


def test_what_it_says_of_trouble(pair, face):
    name = f"pair{random.randrange(1 << 30)}"
    face.create(name, config(pair, tables="public.t", **{"node.a": "a=" + pair.a.uri(password="a password")}))
    face.wait_running(name)
    status, verdict = face.ask("PUT", "/connector-plugins/tandem.PostgresPair/config/validate", config(pair, name="x"))
    assert status == 200 and verdict["error_count"] == 0
    answer = face.must("GET", f"/connectors/{name}")["config"]
    assert answer["node.a"] == "[hidden]" and answer["node.b"] == f"b={pair.b.uri()}"  # which has none
    pair.a.sql("INSERT INTO t VALUES (1, 'x')")
    wait_until(lambda: rows(pair.b) == [(1, "x")], 30, "it flows", detail=face.explain)
    face.must("DELETE", f"/connectors/{name}")
    face.create(name + "b", config(pair, **{"batch.rows": "many"}))
    wait_until(lambda: face.states(name + "b") and face.states(name + "b")[1] == ["FAILED"], 20, "it is FAILED", detail=face.explain)
    assert "batch.rows" in face.must("GET", f"/connectors/{name}b/tasks/0/status")["trace"]
    face.must("DELETE", f"/connectors/{name}b")
