"""Values travel exactly: every built-in type, in inserts one way and in updates the other way,
between servers whose defaults for writing and reading text differ in every respect."""

import contextlib
import itertools
import re

import pytest

from support import value_cases as cases
from support.waiting import wait_until

MAJOR = cases.MAJOR
SETTINGS_A = {
    "datestyle": "German,DMY", "timezone": "Asia/Seoul", "intervalstyle": "sql_standard",
    "extra_float_digits": "-15", "bytea_output": "escape", "xmloption": "document",
    "quote_all_identifiers": "on", "backslash_quote": "off", "array_nulls": "on",
}
SETTINGS_B = {
    "datestyle": "SQL,MDY", "timezone": "America/St_Johns", "intervalstyle": "iso_8601",
    "extra_float_digits": "0", "bytea_output": "hex", "standard_conforming_strings": "off",
    "escape_string_warning": "off", "search_path": "pg_catalog", "array_nulls": "off",
    "default_transaction_isolation": "repeatable read",
}

# Whose text becomes binary on its way into a COPY.
CONVERTED = [kind for kind in cases.KINDS if re.fullmatch(
    r"boolean|smallint|integer|bigint|real|double precision|numeric(\(.*\))?|text|varchar(\(.*\))?|char\(5\)|bpchar|"
    r"bytea|date|time(\(.*\))?|timestamp(tz)?(\(.*\))?|uuid|jsonb?", kind)]
assert len(CONVERTED) == 31


def wide_table(name, kinds):
    """A column of each type."""
    return f"CREATE TABLE {name} (id integer PRIMARY KEY, " + ", ".join(
        f"v{number} {kind}" for number, kind in enumerate(kinds)) + ");"


SCHEMA = cases.SCHEMA + wide_table("wide", cases.KINDS) + wide_table("converted", CONVERTED)

_ids = itertools.count(1)


@pytest.fixture(scope="module")
def synced(servers):
    pair = servers.pair(SCHEMA, schema_b=cases.SHIFT_IDS + SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


def write_options():
    """Writers use plain settings, so that the literals of the cases mean one thing."""
    return "-c array_nulls=on"


def execute(database, statement):
    with database.transaction(options=write_options()) as cursor:
        cursor.execute(statement)


def image(database, kind, key):
    """(is there, text, wire bytes) of the value under pinned settings."""
    table = cases.table_of(kind)
    send = database.value(
        "SELECT typsend::regproc::text FROM pg_type WHERE oid = (SELECT atttypid FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attname = 'v')", table)
    wire = "NULL" if send == "-" or kind in cases.OPAQUE else f"encode({send}(v), 'hex')"
    rows = database.sql(f"SELECT v IS NULL, v::text, {wire} FROM {table} WHERE id = {key}")
    return rows[0] if rows else "no row"


@pytest.mark.parametrize("kind,name,expression", cases.CASES, ids=[f"{k}-{n}" for k, n, _ in cases.CASES])
def test_value(synced, kind, name, expression):
    table = cases.table_of(kind)
    inserted, updated = next(_ids), next(_ids)
    execute(synced.a, f"INSERT INTO {table} VALUES ({inserted}, 1, {expression}), ({updated}, 1, NULL)")
    written = image(synced.a, kind, inserted)
    synced.settle(synced.a)
    assert image(synced.b, kind, inserted) == written, "inserted at a, read at b"

    execute(synced.b, f"UPDATE {table} SET v = {expression}, other = 2 WHERE id = {updated}")
    written = image(synced.b, kind, updated)
    synced.settle(synced.b)
    assert image(synced.a, kind, updated) == written, "updated at b, read at a"

    # A large unchanged value stays when only its neighbour is written.
    execute(synced.a, f"UPDATE {table} SET other = 3 WHERE id = {updated}")
    synced.settle(synced.a)
    assert image(synced.b, kind, updated) == written, "left alone at a, read at b"
    assert synced.b.value(f"SELECT other FROM {table} WHERE id = {updated}") == 3


def test_all_rows_equal_and_nothing_parked(synced):
    """Many types in one batch: what every case left behind is written again by one transaction."""
    with synced.b.transaction(options=write_options()) as cursor:
        for kind in cases.KINDS:
            cursor.execute(f"INSERT INTO {cases.table_of(kind)} SELECT id + 1000000, 9, v "
                           f"FROM {cases.table_of(kind)}")
    synced.settle(synced.b)
    synced.assert_equal(*map(cases.table_of, cases.KINDS))
    assert synced.parked(synced.a) == synced.parked(synced.b) == []


@pytest.fixture
def logged(synced):
    """What the target's server has logged since, its statements too."""
    def set_to(value):
        synced.b.sql(f"ALTER SYSTEM SET log_statement = '{value}'")
        synced.b.sql("SELECT pg_reload_conf()")
        wait_until(lambda: synced.b.value("SHOW log_statement") == value, 30, f"log_statement = {value}")
    log = synced.servers.b.log_path
    set_to("mod")
    begin = log.stat().st_size
    yield lambda: log.read_bytes()[begin:].decode(errors="replace")
    set_to("none")


@pytest.mark.parametrize("table, kinds, form", [("wide", cases.KINDS, "text"), ("converted", CONVERTED, "binary")])
def test_many_new_rows_go_by_copy(synced, logged, table, kinds, form):
    """A thousand rows of one table; each 40 in a row have every value there is, but the large ones."""
    cast = [(kind, f"CAST({expression} AS {kind})") for kind, _, expression in cases.CASES if kind in kinds]
    if form == "binary":  # a batch with one of these goes as text
        cast = [(kind, value) for kind, value in cast if not re.search("'(NaN|-?Infinity)'", value)]
    with contextlib.closing(synced.a.connect(autocommit=True, options=write_options())) as writer:
        cursor = writer.cursor()
        cursor.execute("SELECT " + ", ".join(f"coalesce(octet_length(({value})::text), 0)" for _, value in cast))
        small = [each for each, size in zip(cast, cursor.fetchone()) if size < 1000]
        values = [[value for of, value in small if of == kind] for kind in kinds]
        assert all(1 <= len(some) <= 40 for some in values)
        cursor.execute("CREATE TEMP TABLE staged AS SELECT id, " + ", ".join(
            f"CASE id % {len(some)} {' '.join(f'WHEN {at} THEN {value}' for at, value in enumerate(some))} END AS v{number}"
            for number, some in enumerate(values)) + " FROM generate_series(1, 1000) AS id")
        synced.instance.stop()
        for first in range(1, 1000, 100):
            cursor.execute(f"INSERT INTO {table} SELECT * FROM staged WHERE id BETWEEN {first} AND {first + 99}")
    gathering = synced.run("--batch-delay", "2s")  # only what has gathered goes by COPY, and only without other rows
    there = f"SELECT count(*) FROM {table}"
    wait_until(lambda: synced.b.value(there) == 1000, 30, "all rows", detail=synced.explain)
    gathering.stop()
    synced.instance.start().wait_streaming()
    synced.settle(synced.a)
    synced.assert_equal(table)
    assert [database.value(there) for database in synced.both] == [1000, 1000]
    assert synced.parked(synced.b) == []
    said = logged()
    assert "tandem apply a ERROR:" not in said
    assert re.search(rf'COPY "public"."{table}" \(.*\) FROM STDIN \(FORMAT {form}\)', said)


def test_domains_over_an_enumeration(servers):
    """Alone: real Debezium, which reads the other cases as well, does not start where there is such a domain."""
    pair = servers.pair("CREATE TYPE mood AS ENUM ('ok', 'quo\"te', ''); CREATE DOMAIN feeling AS mood; "
                        "CREATE TABLE felt (id integer PRIMARY KEY, v feeling, list feeling[])")
    try:
        pair.run()
        pair.a.sql("INSERT INTO felt VALUES (1, 'quo\"te', ARRAY['ok', '', NULL]::feeling[]), (2, NULL, '{}')")
        pair.settle(pair.a)
        pair.b.sql("UPDATE felt SET v = '', list = ARRAY['quo\"te']::feeling[] WHERE id = 2")
        pair.settle(pair.b)
        assert pair.a.sql("SELECT id, v::text, list::text FROM felt ORDER BY id") == [
            (1, 'quo"te', '{ok,"",NULL}'), (2, "", '{"quo\\"te"}')]
        pair.assert_equal("felt")
    finally:
        pair.close()
