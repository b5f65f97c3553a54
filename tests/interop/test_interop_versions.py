"""Records of other versions of Debezium than the one that ours are held against become rows again."""

import json

import pytest

from support import debezium, value_cases
from support.came_back import fill, judge, store
from support.debezium_modes import FEW

# Types whose records are others in 2.7.
KNOWN = {debezium.BEFORE: set(), debezium.LATER: set()}


@pytest.mark.parametrize("mode", FEW)
def test_debezium_2_feeds_a_database(server, mode, tmp_path):
    """With and without schema blocks."""
    theirs_how, ours_how = FEW[mode]
    origin, target = (server.create_database(f"{name}_{mode}") for name in ("origin", "target"))
    origin.sql(debezium.ENDING)
    for database in (origin, target):
        database.sql(value_cases.SCHEMA)
    source = debezium.Source(origin, debezium.BEFORE, **{**theirs_how, "schemas": "both"})
    fill(origin)
    both = [[value for topic, _, value in records if value and topic != "p.public.ending"] for records in source.end_both()]
    sent = {debezium.payload(value)["after"]["id"]: debezium.payload(value)["after"] for value in both[0]}
    reader = debezium.Ours(target, slot=False)
    read = [reader.decode(values, tmp_path, **{**ours_how, "schemas": schemas})
            for values, schemas in zip(both, ("true", "false"))]
    assert read[0] == read[1]
    wrong, exact, lossy = judge(origin, target, sent, store(target, read[0]), ours_how.get("decimals") == "double",
                                KNOWN[debezium.BEFORE])
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)
    assert exact > 300 and lossy < 40, (exact, lossy)


ORIGINS = [
    [],
    ["SELECT pg_replication_origin_session_setup('one')", "SELECT pg_replication_origin_xact_setup('0/12345', now())"],
    ["SELECT pg_replication_origin_session_setup('two \u00e9\"')",
     "SELECT pg_replication_origin_xact_setup('7F/FFFFFFFF', now())"],
    ["SELECT pg_replication_origin_session_setup('one')"],  # its transaction says no position
    [],
]
CHANGES = ["INSERT INTO item VALUES ({0}, 'x')", "UPDATE item SET v = 'y' WHERE id = {0}", "DELETE FROM item WHERE id = {0}"]


def without_clock(text):
    """Schema and event, without what names the writer, its clock or its place in the log."""
    read = json.loads(text)
    event = read["payload"]
    for name in ("ts_ms", "ts_us", "ts_ns"):
        event[name] = 0
    event["source"]["version"] = ""
    event["source"]["sequence"] = json.loads(event["source"]["sequence"])[1]
    return read["schema"], event


def test_origins_are_as_later_versions_write_them(server, tmp_path):
    """3.5 brought them: the whole schema and event, origins of every kind."""
    database = server.create_database("origins")
    database.sql(debezium.ENDING)
    database.sql("CREATE TABLE item (id integer PRIMARY KEY, v text); SELECT pg_replication_origin_create('one');"
                 "SELECT pg_replication_origin_create('two \u00e9\"')")
    source, ours = debezium.Source(database, debezium.LATER, schemas=True), debezium.Ours(database)
    for number, setup in enumerate(ORIGINS):
        with database.transaction() as cursor:
            for statement in [*setup, *(change.format(number) for change in CHANGES)]:
                cursor.execute(statement)
    theirs = [record for record in source.end() if record[0] != "p.public.ending"]
    made = [record for record in ours.encode(ours.messages(), tmp_path, values="debezium", schemas="true")
            if record[0] != "p.public.ending"]
    assert [record[0] for record in made] == [record[0] for record in theirs]
    for mine, other in zip(made, theirs):
        assert mine[1] == other[1]
        assert (mine[2] is None) == (other[2] is None)
        assert mine[2] is None or without_clock(mine[2]) == without_clock(other[2])
    read = [record for record in debezium.Ours(database, slot=False).read(theirs, tmp_path, schemas="true")
            if record.kind != "tombstone"]
    told = [(record.kind, record.source["origin"], record.source["origin_lsn"]) for record in read]
    expected = [("", 0), ("one", 0x12345), ('two \u00e9"', 0x7FFFFFFFFF), ("one", 0), ("", 0)]
    assert told == [(kind, name, str(position)) for name, position in expected for kind in "cud"]
