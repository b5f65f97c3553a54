"""Records of real Debezium that are no changes of rows: what a snapshot read, truncates, messages, bounds of transactions."""

import json

from support import debezium
from support.decoded import Peer

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, n numeric(8,3), v text, b bytea, at timestamptz);
CREATE TABLE other (id integer PRIMARY KEY, v text);
CREATE TABLE gone (id integer PRIMARY KEY);
"""
BEFORE = r"""
INSERT INTO item VALUES (1, 1.5, E'a"\\\n', '\x00ff', '2005-06-07 08:09:10.000001+09'), (2, NULL, NULL, NULL, '-infinity');
INSERT INTO other VALUES (1, 'x'), (2, 'y');
INSERT INTO gone VALUES (7);
"""
BYTES = bytes(range(256))
SCRIPT = [
    ["INSERT INTO item (id, v) VALUES (3, 'new')", "SELECT pg_logical_emit_message(true, 'pre\"fix', 'con\u00fctent')"],
    ["TRUNCATE other, gone"],
    ["INSERT INTO other VALUES (1, 'again')", "UPDATE item SET n = -0.001 WHERE id = 2"],
    [f"SELECT pg_logical_emit_message(false, 'outside', decode('{BYTES.hex()}', 'hex'))"],
]
TABLES = ("item", "other", "gone")
READ = [("gone", "last_in_data_collection"), ("item", "first_in_data_collection"), ("item", "last_in_data_collection"),
        ("other", "first_in_data_collection"), ("other", "last")]
STREAMED = [("B", ""), ("c", "item"), ("m", ""), ("E", ""), ("B", ""), ("t", "other"), ("t", "gone"), ("E", ""),
            ("B", ""), ("c", "other"), ("u", "item"), ("E", ""), ("m", ""),
            ("B", "")]  # of the row that ends it


def run(database):
    for statements in SCRIPT:
        with database.transaction() as cursor:
            for statement in statements:
                cursor.execute(statement)


def rows(database):
    return {table: sorted(text for text, in database.sql(f"SELECT {table}::text FROM {table}")) for table in TABLES}


def truncates(records):
    """What both must say alike of them."""
    found = []
    for topic, key, value in records:
        read = json.loads(value)
        event = read["payload"]
        if event.get("op") == "t":
            fields, source = read["schema"]["fields"], event["source"]
            found.append((topic, key in (None, "-"), list(event), event["before"], event["after"], fields[:2], fields[3:], source["schema"],
                          source["table"], source["txId"], source["lsn"], event["transaction"]))
    return found


def check(peer, read):
    """What the decoder made of all records, in their order."""
    assert [record.error for record in read] == [None] * len(read)
    first, later = read[:len(READ)], read[len(READ):]
    assert [(record.kind, record.table, record.source["snapshot"]) for record in first] == [("r", *each) for each in READ]
    assert all(int(record.source["lsn"]) > 0 for record in first)
    assert [(record.kind, record.table if record.kind in "cut" else "") for record in later] == STREAMED
    assert {record.source["snapshot"] for record in later if record.kind in "cutm"} == {"false"}
    said = [record.part("message") for record in later if record.kind == "m"]
    assert said == [{"prefix": 'pre"fix', "content": "con\u00fctent"},
                    {"prefix": "outside", "content": BYTES.decode(errors="surrogateescape")}]
    assert [record.part("boundary")["events"] for record in later if record.kind == "E"] == ["2", "2", "2"]
    orders = [record.part("transaction").get("total_order") for record in later if record.kind in "cutm"]
    assert orders == ["1", "2", "1", "2", "1", "2", None]
    to = Peer(peer)
    for record in read:
        to.apply(record)


def test_every_kind_is_read(server, tmp_path):
    """With and without schema blocks; truncates are as ours as well."""
    origin, peer = server.create_database("kinds"), server.create_database("kinds_peer")
    origin.sql(debezium.ENDING)
    for database in (origin, peer):
        database.sql(SCHEMA)
    origin.sql(BEFORE)
    source = debezium.Source(origin, snapshot_mode="initial", skipped_operations="none", binary_handling_mode="hex",
                             provide_transaction_metadata=True, schemas="both")
    ours = debezium.Ours(origin)
    run(origin)
    expected = rows(origin)
    theirs, bare = ([record for record in records if record[0] != "p.public.ending"] for records in source.end_both())
    reader = debezium.Ours(peer, slot=False)
    for records, schemas in ((theirs, "true"), (bare, "false")):
        peer.sql("TRUNCATE item, other, gone")
        check(peer, reader.read(records, tmp_path, binaries="hex", schemas=schemas))
        assert rows(peer) == expected, schemas
    made = ours.encode(ours.messages(), tmp_path, transactions="true", truncates="true", binaries="hex", schemas="true")
    assert truncates(made) == truncates(theirs) and len(truncates(made)) == 2
