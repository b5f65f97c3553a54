"""Records of other versions of Debezium than the one that ours are held against become rows again."""

import json

import pytest

from support import debezium, value_cases
from support.came_back import fill, judge, store
from support.debezium_modes import FEW, LATER_TIMES, differs


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
    wrong, exact, lossy = judge(origin, target, sent, store(target, read[0]), ours_how.get("decimals") == "double")
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


TIMES = {number: case for number, case in enumerate(value_cases.CASES)
         if case[0].split("(")[0].removesuffix("[]") in ("date", "time", "timetz", "timestamp", "timestamptz")}
# Where we differ from Debezium 3.6.0, beside what differs() says: (mode, type, name of the value).
OTHERWISE = {
    ("isostring", "time", "max"): "Debezium writes midnight for 24:00",
    ("isostring", "timestamp", "inf"): "Debezium writes the last instant that it counts, which is none; we read it as infinity",
    ("isostring", "timestamp", "ninf"): "the same",
    ("isostring", "timestamp(0)", "inf"): "the same",
    ("nanoseconds", "timestamp", "min"): "Debezium writes null for what 64 bits do not hold; we refuse it",
    ("nanoseconds", "timestamp", "bc"): "the same",
    ("nanoseconds", "timestamp(3)", "bc"): "the same",
}


def write(database):
    """Rows of every origin, and every value of a time."""
    for number, setup in enumerate(ORIGINS):
        with database.transaction() as cursor:
            for statement in [*setup, *(change.format(number) for change in CHANGES)]:
                cursor.execute(statement)
    for number, (kind, _, expression) in TIMES.items():
        database.sql(f"INSERT INTO {value_cases.table_of(kind)} VALUES ({number}, 1, {expression})")


def check_origins(made, theirs, read):
    assert [record[0] for record in made] == [record[0] for record in theirs]
    for mine, other in zip(made, theirs):
        assert mine[1] == other[1]
        assert (mine[2] is None) == (other[2] is None)
        assert mine[2] is None or without_clock(mine[2]) == without_clock(other[2])
    told = [(record.kind, record.source["origin"], record.source["origin_lsn"]) for record in read if record.kind != "tombstone"]
    expected = [("", 0), ("one", 0x12345), ('two \u00e9"', 0x7FFFFFFFFF), ("one", 0), ("", 0)]
    assert told == [(kind, name, str(position)) for name, position in expected for kind in "cud"]


def check_times(made, theirs, mode):
    values = {debezium.payload(value)["after"]["id"]: debezium.payload(value)["after"]["v"] for _, _, value in theirs}
    wrong = []
    for (number, (kind, name, expression)), (_, _, text) in zip(TIMES.items(), made, strict=True):
        mine = "<refused>" if text.startswith("!") else debezium.payload(text)["after"]["v"]
        known = differs(kind, name) or (mode, kind, name) in OTHERWISE
        if mine != values.get(number, "<missing>") and not known:
            wrong.append(f"{kind} {name} {expression}: ours {json.dumps(mine)}, Debezium's {json.dumps(values.get(number))}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("mode", LATER_TIMES)
def test_later_versions_write_as_we_do(server, mode, tmp_path):
    """What came after 3.0: origins, in the whole schema and event, and more modes of time."""
    database = server.create_database(f"later_{mode}")
    database.sql(debezium.ENDING)
    database.sql(value_cases.SCHEMA)
    database.sql("CREATE TABLE item (id integer PRIMARY KEY, v text); SELECT pg_replication_origin_create('one')"
                 " WHERE NOT EXISTS (SELECT FROM pg_replication_origin); SELECT pg_replication_origin_create('two \u00e9\"')"
                 " WHERE (SELECT count(*) FROM pg_replication_origin) = 1")  # which are the whole server's
    source = debezium.Source(database, debezium.LATER, time_precision_mode=mode, schemas=True)
    ours = debezium.Ours(database)
    write(database)
    theirs = source.end()
    made = ours.encode(ours.messages(), tmp_path, values="debezium", times=mode, schemas="true")
    items = [[record for record in records if record[0] == "p.public.item"] for records in (made, theirs)]
    check_origins(*items, debezium.Ours(database, slot=False).read(items[1], tmp_path, schemas="true"))
    check_times(*([record for record in records if record[0] not in ("p.public.item", "p.public.ending")]
                  for records in (made, theirs)), mode)
