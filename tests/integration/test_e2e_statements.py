"""Every statement kind, for every replica identity, with and without unchanged TOASTed columns.

One tandem serves the module; each case has a table of its own. The expected state is what the source
holds right after the statement: it must be there unchanged, and at the peer, when all has settled.
"""

import pytest

from support import masters

# Values the server stores out of line without compression, so that pgoutput omits them unchanged.
BIG = "(SELECT string_agg(md5(%s || g::text), '') FROM generate_series(1, 400) g)"

TABLE = """
CREATE TABLE {t} (id integer NOT NULL, code text NOT NULL, n integer, body text, note text{key});
ALTER TABLE {t} ALTER body SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX {t}_code ON {t} (code);
{identity}
"""
IDENTITIES = {
    "default": (", PRIMARY KEY (id)", ""),
    "full": (", PRIMARY KEY (id)", "ALTER TABLE {t} REPLICA IDENTITY FULL;"),
    "index": (", PRIMARY KEY (id)", "ALTER TABLE {t} REPLICA IDENTITY USING INDEX {t}_code;"),
    "index_no_primary_key": ("", "ALTER TABLE {t} REPLICA IDENTITY USING INDEX {t}_code;"),
    "composite": (", PRIMARY KEY (id, code)", ""),
    "text_key": (", PRIMARY KEY (code)", ""),
}
FILL = ("INSERT INTO {t} SELECT i, 'c' || i, i, " + BIG % "i" + ", 'note' FROM generate_series(1, 5) i")

# Statements of one transaction; the rows 1 to 5 are there before.
STATEMENTS = {
    "insert": ["INSERT INTO {t} VALUES (6, 'c6', 6, NULL, '')"],
    "insert_many": ["INSERT INTO {t} SELECT i, 'c' || i, i FROM generate_series(10, 400) i"],
    "insert_on_conflict_do_nothing": [
        "INSERT INTO {t} VALUES (1, 'c1'), (7, 'c7') ON CONFLICT (code) DO NOTHING"],
    "upsert": ["INSERT INTO {t} VALUES (1, 'c1', 9), (7, 'c7', 9) ON CONFLICT (code) DO UPDATE SET n = 99"],
    "merge": ["MERGE INTO {t} USING (VALUES (1), (2), (8)) AS s (i) ON {t}.id = s.i "
              "WHEN MATCHED AND s.i = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET n = -1 "
              "WHEN NOT MATCHED THEN INSERT (id, code) VALUES (s.i, 'm')"],
    "update_toast_unchanged": ["UPDATE {t} SET n = n + 100 WHERE id = 1"],
    "update_all_toast_unchanged": ["UPDATE {t} SET n = n + 100"],
    "update_toast": ["UPDATE {t} SET body = " + BIG % "'new'" + " WHERE id = 1"],
    "update_toast_to_null": ["UPDATE {t} SET body = NULL WHERE id = 1"],
    "update_toast_to_short": ["UPDATE {t} SET body = 'short' WHERE id = 1"],
    "update_nothing": ["UPDATE {t} SET n = n WHERE id = 1"],
    "update_to_null": ["UPDATE {t} SET n = NULL, note = NULL WHERE id = 1"],
    "update_twice": ["UPDATE {t} SET n = 50 WHERE id = 1", "UPDATE {t} SET n = 51, note = 'x' WHERE id = 1"],
    "update_toast_then_other": ["UPDATE {t} SET body = " + BIG % "'new'" + " WHERE id = 1",
                                "UPDATE {t} SET n = 51 WHERE id = 1"],
    "update_other_then_toast": ["UPDATE {t} SET n = 51 WHERE id = 1",
                                "UPDATE {t} SET body = 'short' WHERE id = 1"],
    "update_id_toast_unchanged": ["UPDATE {t} SET id = 100 WHERE id = 1"],
    "update_code_toast_unchanged": ["UPDATE {t} SET code = 'new' WHERE id = 1"],
    "update_id_and_code": ["UPDATE {t} SET id = 100, code = 'new', n = 7 WHERE id = 1"],
    "update_key_chain": ["UPDATE {t} SET id = 100, code = 'k1' WHERE id = 1", "UPDATE {t} SET n = 3 WHERE id = 100",
                         "UPDATE {t} SET id = 101, code = 'k2' WHERE id = 100",
                         "UPDATE {t} SET note = 'end' WHERE id = 101"],
    "update_key_swap": ["UPDATE {t} SET id = -1, code = 'tmp' WHERE id = 1",
                        "UPDATE {t} SET id = 1, code = 'c1' WHERE id = 2",
                        "UPDATE {t} SET id = 2, code = 'c2' WHERE id = -1"],
    "update_key_shift_down": ["DELETE FROM {t} WHERE id = 1",
                              "UPDATE {t} SET id = 1, code = 'c1' WHERE id = 2",
                              "UPDATE {t} SET id = 2, code = 'c2' WHERE id = 3"],
    "update_key_there_and_back": ["UPDATE {t} SET id = 100, code = 'x' WHERE id = 1",
                                  "UPDATE {t} SET id = 1, code = 'c1' WHERE id = 100"],
    "update_key_then_reuse": ["UPDATE {t} SET id = 100, code = 'x' WHERE id = 1",
                              "INSERT INTO {t} VALUES (1, 'c1', 0, NULL, 'second')"],
    "insert_then_update_key": ["INSERT INTO {t} VALUES (20, 'c20', 1, " + BIG % "'n'" + ", '')",
                               "UPDATE {t} SET id = 21, code = 'c21' WHERE id = 20"],
    "update_key_then_delete": ["UPDATE {t} SET id = 100, code = 'x' WHERE id = 1",
                               "DELETE FROM {t} WHERE id = 100"],
    "unique_value_moves_on": ["UPDATE {t} SET code = 'free' WHERE id = 1",
                              "UPDATE {t} SET code = 'c1' WHERE id = 2"],
    "delete": ["DELETE FROM {t} WHERE id IN (1, 3)"],
    "delete_all": ["DELETE FROM {t}"],
    "delete_then_insert": ["DELETE FROM {t} WHERE id = 1", "INSERT INTO {t} VALUES (1, 'c1', 5)"],
    "insert_then_delete": ["INSERT INTO {t} VALUES (30, 'c30', 1, " + BIG % "'n'" + ", '')",
                           "DELETE FROM {t} WHERE id = 30"],
    "insert_then_update_toast_unchanged": ["INSERT INTO {t} VALUES (30, 'c30', 1, " + BIG % "'n'" + ", '')",
                                           "UPDATE {t} SET n = 2 WHERE id = 30"],
    "delete_insert_update": ["DELETE FROM {t} WHERE id = 1",
                             "INSERT INTO {t} VALUES (1, 'c1', 5, " + BIG % "'again'" + ", 'x')",
                             "UPDATE {t} SET n = 6 WHERE id = 1"],
    "truncate": ["TRUNCATE {t}"],
    "truncate_then_insert": ["TRUNCATE {t}", "INSERT INTO {t} VALUES (1, 'c1', 77)"],
    "insert_then_truncate": ["INSERT INTO {t} VALUES (40, 'c40')", "TRUNCATE {t}"],
    "update_truncate_insert_update": ["UPDATE {t} SET n = 0", "TRUNCATE {t}", "INSERT INTO {t} VALUES (2, 'c2')",
                                      "UPDATE {t} SET note = 'z' WHERE id = 2"],
    "savepoint_rolled_back": ["SAVEPOINT s", "UPDATE {t} SET n = 666", "DELETE FROM {t} WHERE id = 2",
                              "ROLLBACK TO s", "UPDATE {t} SET note = 'kept' WHERE id = 1"],
    "savepoint_released": ["SAVEPOINT s", "UPDATE {t} SET n = 5 WHERE id = 1", "RELEASE s",
                           "SAVEPOINT s", "DELETE FROM {t} WHERE id = 2", "RELEASE s"],
    "rolled_back": ["UPDATE {t} SET n = 666", "ROLLBACK", "BEGIN"],
    "copy": ["COPY {t} (id, code, n) FROM PROGRAM 'seq 50 60 | sed \"s/.*/&,c&,7/\"' WITH (FORMAT csv)"],
    "plpgsql": ["DO $$ BEGIN FOR i IN 50..60 LOOP INSERT INTO {t} VALUES (i, 'c' || i); BEGIN "
                "UPDATE {t} SET n = 1 / (i % 2) WHERE id = i; EXCEPTION WHEN division_by_zero THEN NULL; END; "
                "END LOOP; END $$"],
    "two_phase_committed": ["UPDATE {t} SET n = 5 WHERE id = 1", "PREPARE TRANSACTION '{t}'", "COMMIT PREPARED '{t}'",
                            "BEGIN"],
    "two_phase_rolled_back": ["UPDATE {t} SET n = 5 WHERE id = 1", "PREPARE TRANSACTION '{t}'",
                              "ROLLBACK PREPARED '{t}'", "BEGIN"],
}
SOURCES = ("a", "b")
CASES = [(identity, statement, source) for identity in IDENTITIES for statement in STATEMENTS
         for source in SOURCES]


def table_of(identity, statement, source):
    return f"{source}{list(IDENTITIES).index(identity)}_{statement}"


def schema_of(identity, statement, source):
    key, clause = IDENTITIES[identity]
    table = table_of(identity, statement, source)
    return TABLE.format(t=table, key=key, identity=clause.format(t=table))


@pytest.fixture(scope="module")
def synced(servers):
    pair = servers.pair("".join(schema_of(*case) for case in CASES))
    pair.run(deadline=60)
    yield pair
    pair.close()


@pytest.mark.parametrize("identity,statement,source", CASES, ids=["-".join(case) for case in CASES])
def test_statement(synced, identity, statement, source):
    table = table_of(identity, statement, source)
    origin = synced.a if source == "a" else synced.b
    origin.sql(FILL.format(t=table))
    filled = masters.digest(origin, table)
    synced.settle(origin)
    assert masters.digest(synced.peer(origin), table) == filled, "after the first rows"

    connection = origin.connect(autocommit=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for step in STATEMENTS[statement]:
                cursor.execute(step.format(t=table))
            cursor.execute("COMMIT")
    finally:
        connection.close()
    written = masters.digest(origin, table)
    synced.settle()
    assert masters.digest(synced.peer(origin), table) == written, \
        masters.difference(synced.a, synced.b, table) + synced.explain()
    assert masters.digest(origin, table) == written, "nothing came back"


def test_nothing_was_parked_or_in_conflict(synced):
    assert synced.parked(synced.a) == synced.parked(synced.b) == []
    assert synced.conflicts(synced.a) == synced.conflicts(synced.b) == []


# --- keys of many types, and keys that are equal without being the same text --------------------------
KEY_TYPES = {
    "uuid": ("uuid", "md5('1')::uuid", "md5('2')::uuid"),
    "numeric": ("numeric", "1.5", "'NaN'"),
    "double": ("double precision", "0.1", "'-Infinity'"),
    "timestamptz": ("timestamptz", "'2005-06-07 08:09:10.000001+09'", "'infinity'"),
    "date": ("date", "'2005-06-07'", "'0044-03-15 BC'"),
    "bytea": ("bytea", r"'\x00ff'", "''"),
    "boolean": ("boolean", "true", "false"),
    "char": ("char(5)", "'ab'", "''"),
    "text_empty": ("text", "''", "E'\\\\N'"),
    "inet": ("inet", "'10.0.0.1/8'", "'::1'"),
    "array": ("integer[]", "'{1,2}'", "'[0:1]={1,2}'"),
    "jsonb": ("jsonb", "'{\"a\":1}'", "'null'"),
    "range": ("int4range", "'[1,5)'", "'empty'"),
    "bit": ("varbit", "B'101'", "B''"),
    "enum": ("mood", "'ok'", "'not, ok'"),
    "domain": ("positive", "1", "2"),
    "composite": ("pair", "'(1,a)'::pair", "'(2,\"b,\"\"\")'::pair"),
    "interval": ("interval", "'1 year -2 mons'", "'-1 day'"),
    "citext": ("citext", "'Name'", "'Other'"),
    "ltree": ("ltree", "'a.b'", "'a.c'"),
}
KEY_SCHEMA = ("CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE TYPE mood AS ENUM ('ok', 'not, ok'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0);"
              "CREATE TYPE pair AS (l integer, r text);"
              "CREATE COLLATION insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
              + "".join(f"CREATE TABLE key_{name} (k {kind} PRIMARY KEY, v text);"
                        for name, (kind, _, _) in KEY_TYPES.items()))
EQUAL_KEYS = {
    "numeric_scale": ("numeric", "1.0", "1.000"),
    "negative_zero": ("double precision", "0", "'-0'"),
    "interval": ("interval", "'1 day'", "'24 hours'"),
    "jsonb_scale": ("jsonb", "'1.0'", "'1.000'"),
    "case_insensitive": ("text COLLATE insensitive", "'Name'", "'NAME'"),
    "citext": ("citext", "'Name'", "'NAME'"),
    "numeric_array": ("numeric[]", "'{1.0}'", "'{1}'"),
}
KEY_SCHEMA += "".join(f"CREATE TABLE equal_{name} (k {kind} PRIMARY KEY, v text);"
                      for name, (kind, _, _) in EQUAL_KEYS.items())


@pytest.fixture(scope="module")
def keys(servers):
    pair = servers.pair(KEY_SCHEMA)
    pair.run()
    yield pair
    pair.close()


def in_steps(pair, source, table, steps):
    for step in steps:
        source.sql(step)
        pair.settle(source)
        assert masters.digest(pair.a, table) == masters.digest(pair.b, table), \
            step + "\n" + masters.difference(pair.a, pair.b, table)


@pytest.mark.parametrize("name", KEY_TYPES)
def test_key_of_type(keys, name):
    table, (_, first, second) = f"key_{name}", KEY_TYPES[name]
    in_steps(keys, keys.b, table, [
        f"INSERT INTO {table} VALUES ({first}, 'one')",
        f"UPDATE {table} SET v = 'two' WHERE k = {first}",
        f"UPDATE {table} SET k = {second} WHERE k = {first}",
        f"INSERT INTO {table} VALUES ({first}, 'three')",
        f"DELETE FROM {table} WHERE k = {second}"])
    assert keys.a.sql(f"SELECT v, k = {first} FROM {table}") == [("three", True)]


@pytest.mark.parametrize("name", EQUAL_KEYS)
def test_keys_equal_but_written_differently(keys, name):
    """The arbiter's equality decides which row is meant, not the text of the key."""
    table, (kind, first, second) = f"equal_{name}", EQUAL_KEYS[name]
    in_steps(keys, keys.a, table, [
        f"INSERT INTO {table} VALUES ({first}, 'one')",
        f"DELETE FROM {table}; INSERT INTO {table} VALUES ({second}, 'two')",
        f"UPDATE {table} SET v = 'three' WHERE k = {first}",
        f"UPDATE {table} SET k = {first}, v = 'four' WHERE k = {second}",
        f"DELETE FROM {table} WHERE k = {second}; INSERT INTO {table} VALUES ({first}, 'five'); "
        f"UPDATE {table} SET k = {second}; UPDATE {table} SET v = 'six' WHERE k = {first}"])
    assert keys.b.sql(f"SELECT v, (k::text COLLATE \"C\") = (({second}::{kind})::text COLLATE \"C\") "
                      f"FROM {table}") == [("six", True)]
    assert keys.parked(keys.b) == []
