"""Debezium's JDBC sink on our records: it takes and stores every value as it does with Debezium's own."""

import pytest

from support import debezium, value_cases
from support.debezium_modes import FEW, MODES, differs


def written(database, records):
    """{number of the case: (how its record ended, the text that is stored)}"""
    ends = debezium.sink(database, records)
    found = {}
    for (_, _, value), end in zip(records, ends, strict=True):
        number = debezium.payload(value)["after"]["id"]
        table = value_cases.table_of(value_cases.CASES[number][0])
        found[number] = end, database.value(f"SELECT v::text FROM {table} WHERE id = %s", number)
    return found


@pytest.mark.parametrize("mode", FEW)
def test_the_sink_stores_the_same(server, mode, tmp_path):
    theirs_how, ours_how = MODES[mode]
    origin, with_theirs, with_ours = (server.create_database(f"{name}_{mode}") for name in ("origin", "theirs", "ours"))
    origin.sql(debezium.ENDING)
    for database in (origin, with_theirs, with_ours):
        database.sql(value_cases.SCHEMA)
    source = debezium.Source(origin, **{**theirs_how, "schemas": True})
    ours = debezium.Ours(origin)
    for number, (kind, _, expression) in enumerate(value_cases.CASES):
        origin.sql(f"INSERT INTO {value_cases.table_of(kind)} VALUES ({number}, 1, {expression})")
    changes = [record for record in source.end() if record[2] and record[0] != "p.public.ending"]
    made = [record for record in ours.encode(ours.messages(), tmp_path, **{**ours_how, "schemas": "true"})
            if not record[2].startswith("!") and record[0] != "p.public.ending"]
    theirs, mine = written(with_theirs, changes), written(with_ours, made)
    compared, wrong = 0, []
    for number, (kind, name, expression) in enumerate(value_cases.CASES):
        if differs(kind, name) or (number not in mine and "numeric" in kind):  # NaN, which no Decimal holds
            continue
        compared += 1
        if mine.get(number) != theirs.get(number):
            wrong.append(f"{kind} {name} {expression[:60]}: with ours {mine.get(number)}, with Debezium's {theirs.get(number)}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)
    assert compared > 350 and sum(end == "ok" for end, _ in mine.values()) > 300
