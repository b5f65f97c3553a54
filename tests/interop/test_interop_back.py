"""Records become rows again: those of real Debezium as far as its modes keep the values, exact ones bit for bit."""

import json

import pytest

from support import debezium, value_cases
from support.debezium_modes import MODES, differs

# What Debezium's modes lose of a value, so that it comes back equal to less: the type is named, and how.
LOSSES = {
    "numeric": "zeros at the end of the fraction, in mode precise; digits in mode double",
    "numeric(10,2)": "digits, in mode double",
    "money": "digits, in mode double",
    "varbit": "zeros in front",
    "time": "microseconds, in mode connect",
    "timestamp": "microseconds, in mode connect",
    "timetz": "the zone",
    "interval": "months and days, in mode numeric",
    "interval day to second(3)": "days, in mode numeric",
    "integer[]": "bounds",
    "real": "nothing: another text of the same number",
    "hstore": "nothing: the order of pairs",
    "double precision[]": "nothing: another text of the same numbers",
    "numeric[]": "as numeric",
    "numeric(1000,500)": "digits, in mode double",
    "numeric(38,0)": "digits, in mode double",
    "varbit(8)": "zeros in front",
    "timetz(3)": "the zone",
    "timetz[]": "the zone",
    "interval year to month": "months, in mode numeric",
}
# In mode double: the one nearest to the greatest amount is beyond it.
BEYOND_DOUBLES = ("money", "numeric(1000,500)", "numeric(38,0)")


def store(database, read):
    """Writes the decoded rows; {number of the case: why it could not be read or written}."""
    failed = {}
    for columns in read.values():
        number = int(columns["id"])
        kind = value_cases.CASES[number][0]
        text = columns.get("v")
        if text is not None and text.startswith("!"):
            failed[number] = text
            continue
        try:
            database.sql(f"INSERT INTO {value_cases.table_of(kind)} (id, v) VALUES (%s, %s)", number, text)
        except Exception as error:  # whatever the server has against it
            failed[number] = str(error)
    return failed


def stored(database, number):
    table = value_cases.table_of(value_cases.CASES[number][0])
    return database.sql(f"SELECT v::text FROM {table} WHERE id = %s", number)


def fill(database):
    for number, (kind, _, expression) in enumerate(value_cases.CASES):
        database.sql(f"INSERT INTO {value_cases.table_of(kind)} VALUES ({number}, 1, {expression})")


@pytest.mark.parametrize("mode", MODES)
def test_debezium_feeds_a_database(server, mode, tmp_path):
    theirs_how, ours_how = MODES[mode]
    origin, target = (server.create_database(f"{name}_{mode}") for name in ("origin", "target"))
    origin.sql(debezium.ENDING)
    for database in (origin, target):
        database.sql(value_cases.SCHEMA)
    source = debezium.Source(origin, **theirs_how)
    fill(origin)
    values = [value for topic, _, value in source.end() if value and topic != "p.public.ending"]
    read = debezium.Ours(target, slot=False).decode(values, tmp_path, **ours_how)
    failed = store(target, read)
    sent = {debezium.payload(value)["after"]["id"]: debezium.payload(value)["after"] for value in values}
    wrong, exact, lossy = [], 0, 0
    for number, (kind, name, expression) in enumerate(value_cases.CASES):
        if differs(kind, name) or "v" not in sent.get(number, {}) or (sent[number]["v"] is None and expression != "NULL"):
            continue
        if number in failed and kind in BEYOND_DOUBLES and ours_how.get("decimals") == "double":
            lossy += 1
        elif number in failed:
            wrong.append(f"{kind} {name} {expression[:60]}: {failed[number][:200]} of {json.dumps(sent[number]['v'])[:80]}")
        elif stored(target, number) == stored(origin, number):
            exact += 1
        elif kind in LOSSES:
            lossy += 1
        else:
            wrong.append(f"{kind} {name}: {str(stored(origin, number))[:100]} came back as {str(stored(target, number))[:100]}")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)
    assert exact > 300 and lossy < 40, (exact, lossy)


@pytest.mark.parametrize("schemas", ["false", "true"])
def test_exact_values_come_back_bit_for_bit(server, schemas, tmp_path):
    """Every case of every type, judged by the server."""
    origin, target = (server.create_database(f"{name}_{schemas}") for name in ("exact", "copy"))
    for database in (origin, target):
        database.sql(value_cases.SCHEMA)
    origin.sql("CREATE PUBLICATION everything FOR ALL TABLES")
    ours = debezium.Ours(origin, publication="everything")
    fill(origin)
    made = ours.encode(ours.messages(), tmp_path, values="exact", schemas=schemas)
    read = debezium.Ours(target, slot=False).decode([value for _, _, value in made], tmp_path, values="exact", schemas=schemas)
    assert store(target, read) == {}
    for number, case in enumerate(value_cases.CASES):
        assert stored(target, number) == stored(origin, number), case
