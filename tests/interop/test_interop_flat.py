"""Records that went through Debezium's ExtractNewRecordState and Kafka's own transformations: rows without an envelope."""

import itertools

import pytest

from support import debezium
from support.decoded import Peer

SCHEMA = """
CREATE EXTENSION hstore;
CREATE TABLE solo (id bigint PRIMARY KEY, n numeric(12,3), at timestamptz, d date, t time(3), b bytea, list integer[],
                   words text[], h hstore, j jsonb, ok boolean, big text);
ALTER TABLE solo ALTER big SET STORAGE EXTERNAL;
CREATE TABLE pair (id integer, part text, v text, PRIMARY KEY (id, part));
"""
SOLO = r"""INSERT INTO solo VALUES ({}, -1.5, '2005-06-07 08:09:10.000001+09', '0044-03-15 BC', '23:59:59.999', '\x00ff',
           '{{1,NULL,3}}', ARRAY['x,y', NULL, '"'], 'a=>1, b=>NULL', '{{"a": [1, null]}}', true, repeat('v', 9000))"""
SCRIPT = [
    *(SOLO.format(number) for number in range(1, 6)),
    r"INSERT INTO pair VALUES (1, 'a', E'x\\\n\"'), (1, 'b', NULL), (2, E'\u65e5\u672c \U0001F600', '')",
    "INSERT INTO solo (id) VALUES (9007199254740993)",
    "UPDATE solo SET n = 2.125, d = NULL WHERE id = 1",  # leaves the large value alone
    "UPDATE solo SET big = 'small', list = '{}' WHERE id = 2",
    "UPDATE pair SET part = 'moved' WHERE part = 'a'",
    "DELETE FROM solo WHERE id IN (3, 9007199254740993)",
    "INSERT INTO solo (id, n) VALUES (3, 0)",
    "DELETE FROM solo WHERE id = 4",
    "DELETE FROM pair WHERE part = 'b'",
]
MADE = {"solo": 5 + 1 + 1 + 1 + 1, "pair": 3 + 1}  # records that tell a row; a moved row is one
GONE = {"solo": 3, "pair": 2}

# How Debezium's transformation says that a row is gone; of each: the records of it.
DELETES = {"tombstone": 1, "drop": 0, "rewrite": 1, "rewrite-with-tombstone": 2, "delete-to-tombstone": 1}
LATER = "delete-to-tombstone"  # is not in 3.0
UNWRAP = {"transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState"}
BARE_KEY = {"transforms.bare.type": "org.apache.kafka.connect.transforms.ExtractField$Key", "transforms.bare.field": "id"}
ADDED = {"transforms.unwrap.add.fields": "op,source.ts_ms,lsn"}
FORMS = list(itertools.product(DELETES, ("false", "true"), (False, True)))


def chain(deletes, schemas, bare):
    """The last transformation gives up the key's struct, as sources do that read tables by queries."""
    return {"schemas": schemas, "transforms": "unwrap,bare" if bare else "unwrap", **UNWRAP, **(BARE_KEY if bare else ADDED),
            "transforms.unwrap.delete.tombstone.handling.mode": deletes}


def state(database, table):
    return sorted(text for text, in database.sql(f"SELECT {table}::text FROM {table}"))


def counted(records, table):
    of = [record for record in records if record.table == table]
    gone = [record for record in of if record.kind == "tombstone" or record.after.get("__deleted") == "true"]
    assert {record.kind for record in of} <= {"row", "tombstone"}
    return len(of) - len(gone), len(gone)


def run(database):
    """Runs the script; the rows of `solo` that it removed for good."""
    removed = {}
    for statement in SCRIPT:
        if statement.startswith("DELETE FROM solo"):
            removed |= dict(database.sql(statement.replace("DELETE", "SELECT id, solo::text", 1)))
        database.sql(statement)
    left = {number for number, in database.sql("SELECT id FROM solo")}
    return [text for number, text in removed.items() if number not in left]


def check(peer, origin, removed, records, form, tmp_path):
    """What these records make of empty tables."""
    deletes, schemas, bare = form
    tables = ("solo",) if bare else ("solo", "pair")
    peer.sql("TRUNCATE solo, pair")
    mine = [record for record in records if record[0].split(".")[-1] in tables]
    read = debezium.Ours(peer, slot=False).read(mine, tmp_path, plain="true", times="connect", schemas=schemas)
    assert [record.error for record in read] == [None] * len(read), form
    to = Peer(peer)
    for record in read:
        to.apply(record)
    for table in tables:
        assert counted(read, table) == (MADE[table], GONE[table] * DELETES[deletes]), (form, table)
        if deletes != "drop":
            assert state(peer, table) == state(origin, table), (form, table)
    assert to.unsent == 1, form
    if deletes == "drop":
        assert state(peer, "solo") == sorted(state(origin, "solo") + removed), form
    if not bare:
        told = {(record.after["__op"], record.after.get("__deleted")) for record in read if record.kind == "row"}
        assert told == ({("c", "false"), ("u", "false"), ("d", "true")} if "rewrite" in deletes
                        else {("c", None), ("u", None)}), form


def test_rows_reach_the_peer(server, tmp_path):
    """Debezium's records and ours of the same changes, through every way to say that a row is gone, both forms of keys, with and
    without schema blocks."""
    origin, peer = server.create_database("flat"), server.create_database("flat_peer")
    origin.sql(debezium.ENDING)
    for database in (origin, peer):
        database.sql(SCHEMA)
    source, ours = debezium.Source(origin, time_precision_mode="connect", schemas=True), debezium.Ours(origin)
    removed = run(origin)
    assert len(removed) == 2
    theirs = [record for record in source.end() if record[0] != "p.public.ending"]
    made = [record for record in ours.encode(ours.messages(), tmp_path, times="connect", schemas="true")
            if record[0] != "p.public.ending"]
    assert [record[0] for record in theirs] == [record[0] for record in made]
    later = [form for form in FORMS if form[0] == LATER]
    now = [form for form in FORMS if form[0] != LATER]
    for records, forms, part in ((theirs, now, debezium.NOW), (made, now, debezium.NOW), (theirs, later, debezium.LATER)):
        flat = debezium.transformed(records, *(chain(*form) for form in forms), part=part)
        for form, rows in zip(forms, flat, strict=True):
            check(peer, origin, removed, rows, form, tmp_path)
