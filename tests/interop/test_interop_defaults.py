"""NOT NULL and DEFAULT of columns: what stands in schemas, and for values that a row does not have."""

import json

import pytest

from support import debezium, value_cases
from support.debezium_modes import MODES, differs

# Mode precise has no form for them.
UNWRITTEN = {("numeric", name) for name in ("nan", "inf", "ninf")}
# Values that cannot stand in a column's default.
NO_CONSTANT = ("regrole",)
# Kinds whose form differs in any case (debezium_modes), and what Debezium 3.0 leaves out.
SKIPPED = {kind for kind in value_cases.KINDS if differs(kind, None)}

EXPRESSIONS = {
    "function": ("integer", "(random() * 10)::integer"), "sum": ("integer", "1 + 2"),
    "negative": ("integer", "-5"), "null": ("integer", "NULL"), "cast_text": ("text", "'x'::varchar"),
    "function_text": ("text", "md5('x')"),
    "now": ("timestamptz", "now()"), "current": ("timestamp(2)", "CURRENT_TIMESTAMP"), "today": ("date", "CURRENT_DATE"),
    "local": ("time", "LOCALTIME"), "uuid": ("uuid", "gen_random_uuid()"), "scaled": ("numeric(8,3)", "1.5"),
    "function_numeric": ("numeric(8,3)", "random()::numeric"), "bare_numeric": ("numeric", "2.50"),
    "function_json": ("jsonb", "jsonb_build_object()"), "function_double": ("double precision", "random()"),
    "function_boolean": ("boolean", "pg_is_in_recovery()"), "enumeration": ("mood", "'happy, very'"),
    "function_interval": ("interval", "age(date_trunc('second', now()))"), "function_bits": ("bit(3)", "set_bit(B'000', 1, 1)"),
    "zero_bits": ("bit(3)", "B'000'"), "one_bit": ("bit(1)", "B'1'"), "varbits": ("varbit", "B'00'"),
    "varchar_array": ("varchar(3)[]", "'{a}'"), "long": ("text", "'" + "0123456789" * 20 + "'"),
    "control": ("text", r"E'a\\tb\"'"),
}


def first_values():
    """Of each kind the first that is a literal: how defaults that are computed differ stands in docs/events.md."""
    found = {}
    for kind, name, expression in value_cases.CASES:
        if "repeat(" in expression or "||" in expression:
            continue
        if expression != "NULL" and not differs(kind, name) and (kind, name) not in UNWRITTEN:
            found.setdefault(kind, expression)
    return found


def rows(records):
    """[(topic, op, before, after, fields of the value's schema)] of what has a value."""
    found = []
    for topic, key, value in records:
        if value is None or topic == "p.public.ending":
            continue
        read = json.loads(value)
        event = read["payload"]
        found.append((topic, event["op"], event["before"], event["after"],
                      json.loads(key)["schema"], read["schema"]["fields"][:2]))
    return found


@pytest.mark.parametrize("mode", MODES)
def test_values_that_are_not_there(server, mode, tmp_path):
    """Deleted rows of which only the key was sent, and nulls of columns with a default, over all types."""
    theirs_how, ours_how = MODES[mode]
    database = server.create_database(f"absent_{mode}")
    database.sql(debezium.ENDING)
    database.sql(value_cases.TYPES)
    made_of = first_values()
    kinds = [kind for kind in value_cases.KINDS if kind not in SKIPPED and kind in made_of]
    for number, kind in enumerate(kinds):
        default = "" if kind in NO_CONSTANT or "SELECT" in made_of[kind] else f"DEFAULT {made_of[kind]}"
        database.sql(f"CREATE TABLE a{number} (id serial PRIMARY KEY, v {kind} NOT NULL, d {kind} {default}, "
                     f"e {kind} NOT NULL {default}, n {kind})")
    source = debezium.Source(database, **{**theirs_how, "schemas": True})
    ours = debezium.Ours(database)
    for number, kind in enumerate(kinds):
        value = made_of[kind]
        database.sql(f"INSERT INTO a{number} VALUES (1, {value}, NULL, {value}, {value}); DELETE FROM a{number}")
    theirs = rows(source.end())
    made = rows(ours.encode(ours.messages(), tmp_path, **{**ours_how, "schemas": "true"}))
    assert len(theirs) == len(made) == 2 * len(kinds)
    wrong = []
    for mine, other in zip(made, theirs):
        kind = kinds[int(mine[0].removeprefix("p.public.a"))]
        wrong += [f"{kind}: ours {json.dumps(one)[:300]}\n   Debezium's {json.dumps(two)[:300]}"
                  for one, two in zip(mine, other) if one != two]
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)


@pytest.mark.parametrize("mode", MODES)
def test_defaults_of_every_form(server, mode, tmp_path):
    theirs_how, ours_how = MODES[mode]
    database = server.create_database(f"expressions_{mode}")
    database.sql(debezium.ENDING)
    database.sql(value_cases.TYPES)
    for name, (kind, expression) in EXPRESSIONS.items():
        database.sql(f"CREATE TABLE {name}_ (id integer PRIMARY KEY, v {kind} DEFAULT {expression}, "
                     f"w {kind} NOT NULL DEFAULT {expression if expression != 'NULL' else '0'})")
    source = debezium.Source(database, **{**theirs_how, "schemas": True})
    ours = debezium.Ours(database)
    for name in EXPRESSIONS:
        database.sql(f"INSERT INTO {name}_ VALUES (1); DELETE FROM {name}_")
    theirs = rows(source.end())
    made = rows(ours.encode(ours.messages(), tmp_path, **{**ours_how, "schemas": "true"}))
    assert len(theirs) == len(made) == 2 * len(EXPRESSIONS)
    wrong = [f"{mine[0]}: ours {json.dumps(one)[:300]}\n   Debezium's {json.dumps(two)[:300]}"
             for mine, other in zip(made, theirs) for one, two in zip(mine, other) if one != two]
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)
