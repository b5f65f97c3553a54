"""Messages, transaction metadata and heartbeats beside those of real Debezium."""

import collections
import json

import pytest

from support import debezium

# Debezium 3.0 counts every message as a collection of its own, named by the address of an object.
NAMELESS = "io.debezium.connector.postgresql.LogicalDecodingMessageMonitor$LogicalDecodingMessageId@"
MESSAGES = "LOGICAL_DECODING_MESSAGE"

SCRIPT = [
    ["INSERT INTO a VALUES (1, 'x'), (2, 'y')", "INSERT INTO b VALUES (1, 'x')", "UPDATE a SET id = 3 WHERE id = 1",
     "SELECT pg_logical_emit_message(true, 'pre\"fix', 'con\u00fctent')", "DELETE FROM a WHERE id = 2",
     "SELECT pg_logical_emit_message(true, 'pre', '')"],
    ["SELECT pg_logical_emit_message(true, 'only', decode('00ff10fbef3e', 'hex'))"],
    ["SELECT pg_logical_emit_message(false, 'outside', decode('00ff10fbef', 'hex'))"],
    ["SELECT pg_logical_emit_message(false, '', 'x')"],
    ["INSERT INTO b VALUES (2, 'y')", "SAVEPOINT s", "INSERT INTO b VALUES (3, 'z')", "ROLLBACK TO s"],
    ["SELECT pg_logical_emit_message(false, 'inside', '1')", "INSERT INTO b VALUES (4, 'z')"],
]
MODES = {"bytes": ("bytes", False), "base64": ("base64", True), "base64-url-safe": ("base64-url-safe", False),
         "hex": ("hex", True)}


def run(database):
    for statements in SCRIPT:
        with database.transaction() as cursor:
            for statement in statements:
                cursor.execute(statement)


def collection(name):
    return MESSAGES if name.startswith(NAMELESS) else name


def told(topic, text):
    """What both must say alike: without the writer's clock and name, and what 3.5 brought."""
    if text is None:
        return None
    read = json.loads(text)
    schema, event = (read["schema"], read["payload"]) if set(read) == {"schema", "payload"} else (None, read)
    order = list(event)
    if topic == "p.transaction":
        counts = collections.Counter()
        for each in event["data_collections"] or []:
            counts[collection(each["data_collection"])] += each["event_count"]
        event["data_collections"] = sorted(counts.items()) if event["data_collections"] is not None else None
    elif topic == "__debezium-heartbeat.p":
        event["ts_ms"] = 0 if event["ts_ms"] > 1_600_000_000_000 else event["ts_ms"]
    else:
        source = event["source"]
        outside = source["txId"] is None
        positions = json.loads(source["sequence"])
        assert not outside or positions[0] == positions[1] == str(source["lsn"])
        for name in ("ts_ms", "ts_us", "ts_ns"):
            event.pop(name, None)
            if outside:  # when it came
                source.pop(name)
        for name in ("version", "origin", "origin_lsn"):
            source.pop(name, None)
        source["sequence"] = positions[1]
        if topic == "p.message" and event["transaction"]:
            event["transaction"].pop("data_collection_order")
    for field in (schema or {"fields": []})["fields"]:
        if field.get("field") == "source":
            field["fields"] = [each for each in field["fields"] if each["field"] not in ("origin", "origin_lsn")]
            field.pop("version", None)
    return order, schema, event


@pytest.mark.parametrize("mode", MODES)
def test_every_kind(server, mode, tmp_path):
    binaries, schemas = MODES[mode]
    database = server.create_database("events_" + mode.replace("-", "_"))
    database.sql(debezium.ENDING)
    database.sql("CREATE TABLE a (id integer PRIMARY KEY, v text); CREATE TABLE b (id integer PRIMARY KEY, v text)")
    source = debezium.Source(database, provide_transaction_metadata=True, binary_handling_mode=binaries,
                             heartbeat_interval_ms=100, schemas=schemas)
    ours = debezium.Ours(database)
    run(database)
    theirs = source.end()
    heartbeats = [record for record in theirs if record[0] == "__debezium-heartbeat.p"]
    theirs = [record for record in theirs if record[0] != "__debezium-heartbeat.p"]
    settings = {"transactions": "true", "binaries": binaries, "schemas": str(schemas).lower(), "values": "debezium"}
    made = ours.encode(ours.messages(), tmp_path, **settings)
    assert made[-1][0] == "p.transaction", "the end of the last transaction, which Debezium was not asked for"
    made = made[:-1]
    assert [record[0] for record in made] == [record[0] for record in theirs]
    for mine, other in zip(made, theirs):
        topic = mine[0]
        assert (mine[1] == "-") == (other[1] is None)
        assert json.loads(mine[1]) == json.loads(other[1]), topic
        assert told(topic, mine[2]) == told(topic, other[2]), topic
    kinds = collections.Counter(record[0] for record in made)
    assert kinds["p.message"] == 6 and kinds["p.transaction"] == 9, kinds
    assert heartbeats, "Debezium's come at once"
    time = str(json.loads(heartbeats[0][2]).get("payload", json.loads(heartbeats[0][2]))["ts_ms"])
    beat = ours.encode(b"", tmp_path, heartbeat=time, **settings)
    assert [(json.loads(key), json.loads(value)) for _, key, value in beat] == [
        (json.loads(heartbeats[0][1]), json.loads(heartbeats[0][2]))]


def test_without_metadata_there_is_none(server, tmp_path):
    database = server.create_database("no_metadata")
    database.sql(debezium.ENDING)
    database.sql("CREATE TABLE a (id integer PRIMARY KEY, v text); CREATE TABLE b (id integer PRIMARY KEY, v text)")
    source = debezium.Source(database)
    ours = debezium.Ours(database)
    run(database)
    theirs = source.end()
    made = ours.encode(ours.messages(), tmp_path, values="debezium")
    assert [record[0] for record in made] == [record[0] for record in theirs]
    for mine, other in zip(made, theirs):
        assert json.loads(mine[1]) == json.loads(other[1])
        assert told(mine[0], mine[2]) == told(mine[0], other[2])
        assert mine[2] is None or json.loads(mine[2])["transaction"] is None
