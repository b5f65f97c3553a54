"""Our events of every kind of value beside those of real Debezium, from the same changes of the same server."""

import json
import sys

import pytest

from support import debezium, value_cases
from support.debezium_modes import MODES, differs

OMITTED = "<omitted>"
# Their schemas go with the differences above; 3.0 leaves tsvector out.
UNLIKE_SCHEMAS = ("bit(3)[]", "int2vector", "oidvector", "tsvector", "name[]", "time[]", "geometry", "vector",
                  "geometry[]", "vector[]", "int2vector[]", "numeric(3,-2)")

sys.set_int_max_str_digits(0)  # the largest numeric has more digits than Python reads by itself


def after(text):
    """The value of column v in an event; OMITTED when it has none."""
    return debezium.payload(text)["after"].get("v", OMITTED)


def schema_differences(made, theirs):
    """Where the schemas of our records are others than Debezium's."""
    of_theirs = {topic: (key, value) for topic, key, value in theirs}
    wrong = []
    for topic, key, value in made:
        if value.startswith("!") or topic not in of_theirs:
            continue
        their_key, their_value = of_theirs[topic]
        if json.loads(key)["schema"] != json.loads(their_key)["schema"]:
            wrong.append(f"{topic}: key schema {key}, Debezium's {their_key}")
        ours, other = (json.loads(text)["schema"]["fields"] for text in (value, their_value))
        ours[2]["fields"] = ours[2]["fields"][:-2]  # origin, origin_lsn came with 3.5
        del ours[2]["version"]                      # and so did this
        for mine, yours in zip(ours, other, strict=True):
            known = any(kind in UNLIKE_SCHEMAS for kind in value_cases.KINDS
                        if f"p.public.{value_cases.table_of(kind)}" == topic)
            if mine != yours and not known:
                wrong.append(f"{topic}: {json.dumps(mine)[:300]}\n   Debezium's {json.dumps(yours)[:300]}")
    return wrong


@pytest.mark.parametrize("mode", MODES)
def test_every_value(server, mode, tmp_path):
    theirs_how, ours_how = MODES[mode]
    database = server.create_database(f"values_{mode}")
    database.sql(debezium.ENDING)
    database.sql(value_cases.SCHEMA)
    source = debezium.Source(database, **theirs_how)
    ours = debezium.Ours(database)
    for number, (kind, _, expression) in enumerate(value_cases.CASES):
        database.sql(f"INSERT INTO {value_cases.table_of(kind)} VALUES ({number}, 1, {expression})")
    theirs = [record for record in source.end() if record[2] is not None]
    made = ours.encode(ours.messages(), tmp_path, **ours_how)
    assert [record[0] for record in made] == [f"p.public.{value_cases.table_of(kind)}" for kind, _, _ in
                                              value_cases.CASES] + ["p.public.ending"]
    their_values = {debezium.payload(value)["after"]["id"]: after(value) for topic, _, value in theirs
                    if topic != "p.public.ending"}
    wrong = []
    if ours_how.get("schemas"):
        wrong += schema_differences(made, theirs)
    for number, (kind, name, expression) in enumerate(value_cases.CASES):
        text = made[number][2]
        mine = "<refused>" if text.startswith("!") else after(text)
        other = their_values.get(number, "<refused>")
        special = other is None and "numeric" in kind and mine == "<refused>"  # NaN, which no Decimal holds
        if mine != other and not differs(kind, name) and not special:
            wrong.append(f"{kind} {name} {expression[:60]}: ours {json.dumps(mine)[:150]}, Debezium's {json.dumps(other)[:150]}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)


def test_whole_events_are_alike(server, tmp_path):
    """Every field of the envelope but those that name the writer, its clock or a place in the log."""
    database = server.create_database("whole")
    database.sql(debezium.ENDING)
    database.sql("CREATE TABLE item (id integer, part text, v text, PRIMARY KEY (id, part))")
    source = debezium.Source(database)
    ours = debezium.Ours(database)
    database.sql("CREATE TABLE whole (id integer PRIMARY KEY, v text); ALTER TABLE whole REPLICA IDENTITY FULL")
    database.sql("INSERT INTO item VALUES (1, 'a', 'x'), (2, 'b', NULL)")
    database.sql("UPDATE item SET v = 'y' WHERE id = 1")
    database.sql("UPDATE item SET part = 'moved' WHERE id = 1")
    database.sql("DELETE FROM item WHERE id = 2")
    database.sql("INSERT INTO whole VALUES (1, 'x'), (2, 'y')")
    database.sql("UPDATE whole SET v = 'z' WHERE id = 1")
    database.sql("UPDATE whole SET id = 3 WHERE id = 1")
    database.sql("DELETE FROM whole WHERE id = 2")
    theirs = source.end()
    made = ours.encode(ours.messages(), tmp_path)
    assert [record[:2] for record in made] == [record[:2] for record in theirs]
    assert [record[2] is None for record in made] == [record[2] is None for record in theirs], "tombstones"
    for (_, _, our_value), (_, _, their_value) in zip(made, theirs):
        if our_value is None:
            continue
        mine, other = json.loads(our_value), json.loads(their_value)
        assert list(mine) == list(other), "the order of fields"
        assert [name for name in mine["source"] if name not in ("origin", "origin_lsn")] == list(other["source"])
        for read in (mine, other):
            for name in ("ts_ms", "ts_us", "ts_ns"):
                del read[name]
            for name in ("version", "sequence", "ts_ms", "ts_us", "ts_ns", "origin", "origin_lsn"):
                read["source"].pop(name, None)
        assert mine["op"] == other["op"]
        assert (mine["before"], mine["after"]) == (other["before"], other["after"])
        assert mine["source"] == other["source"]
