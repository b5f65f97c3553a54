"""Rows that went out as a Debezium source's records and came back through tandem's decoder: what may differ."""

import json

from support import debezium, value_cases
from support.debezium_modes import differs

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
NOT_SENT = object()
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


def stored(database):
    """{number of the case: its text} of all that are there."""
    tables = {value_cases.table_of(kind) for kind, _, _ in value_cases.CASES}
    return dict(database.sql(" UNION ALL ".join(f"SELECT id, v::text FROM {table}" for table in tables)))


def fill(database):
    database.sql("; ".join(f"INSERT INTO {value_cases.table_of(kind)} VALUES ({number}, 1, {expression})"
                           for number, (kind, _, expression) in enumerate(value_cases.CASES)))


def judge(origin, target, sent, failed, doubles=False):
    """(what is wrong, how many are exact, how many have lost what LOSSES says). `sent`: {number of the case: the row in the
    record}; `failed`: of store()."""
    wrong, exact, lossy = [], 0, 0
    gone_out, came_back = stored(origin), stored(target)
    for number, (kind, name, expression) in enumerate(value_cases.CASES):
        value = sent.get(number, {}).get("v", NOT_SENT)
        if differs(kind, name) or value is NOT_SENT or (value is None and expression != "NULL"):
            continue
        if number in failed and kind in BEYOND_DOUBLES and doubles:
            lossy += 1
        elif number in failed:
            wrong.append(f"{kind} {name} {expression[:60]}: {failed[number][:200]} of {json.dumps(value)[:80]}")
        elif came_back[number] == gone_out[number]:
            exact += 1
        elif kind in LOSSES:
            lossy += 1
        else:
            wrong.append(f"{kind} {name}: {str(gone_out[number])[:100]} came back as {str(came_back[number])[:100]}")
    return wrong, exact, lossy
