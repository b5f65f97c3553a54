"""kill -9 at every point that DDL passes on its way, for every class of it; and a schema with everything in it, made, altered and
dropped while both masters are written."""

import itertools
import os
import signal

import pytest

from support.ddl_scripts import BASE
from support.ddl_world import carry_out, check_equal, in_schema, Load
from support.waiting import wait_until

POINTS = ("ddl_captured", "ddl_met", "ddl_begun", "ddl_looked", "ddl_statement", "ddl_stated", "ddl_carried", "ddl_noted", "ddl_seen", "careful_head",
          "careful_committed")
INDEX_POINTS = ("ddl_captured", "ddl_met", "ddl_begun", "ddl_looked", "index_due", "index_made", "ddl_carried", "ddl_noted", "ddl_seen",
                "careful_head", "careful_committed")
# A script of each class that changes something at the peer by itself.
CLASSES = {
    "table": "CREATE TABLE %s.made (id integer PRIMARY KEY, v text); INSERT INTO %s.made SELECT g, 'v' FROM generate_series(1, 50) g",
    "column": "ALTER TABLE %s.t ADD COLUMN extra integer NOT NULL DEFAULT 7; UPDATE %s.t SET extra = 8 WHERE id % 2 = 0",
    "rewrite": "ALTER TABLE %s.t ADD COLUMN drawn double precision DEFAULT random()",
    "type_of_column": "ALTER TABLE %s.t ALTER COLUMN amount TYPE text USING amount || '!'",
    "rename": "ALTER TABLE %s.t RENAME COLUMN note TO remark; ALTER TABLE %s.child RENAME TO kid; INSERT INTO %s.kid VALUES (77, NULL, 'x')",
    "constraint": "ALTER TABLE %s.t ADD CONSTRAINT positive CHECK (n >= 0)",
    "index": "CREATE INDEX t_amount ON %s.t (amount)",
    "concurrently": "CREATE INDEX CONCURRENTLY t_amount ON %s.t (amount)",
    "sequence": "CREATE SEQUENCE %s.numbers INCREMENT BY 5; COMMENT ON SEQUENCE %s.numbers IS 'five'",
    "type": "CREATE TYPE %s.mood AS ENUM ('fine', 'bad'); ALTER TABLE %s.t ADD COLUMN mood %s.mood DEFAULT 'fine'",
    "view": "CREATE VIEW %s.seen AS SELECT id, n FROM %s.t; CREATE MATERIALIZED VIEW %s.kept AS SELECT count(*) AS c FROM %s.t",
    "routine": "CREATE FUNCTION %s.twice(i integer) RETURNS integer LANGUAGE sql AS 'SELECT i * 2'; "
               "CREATE FUNCTION %s.tick() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
               "CREATE TRIGGER ticks BEFORE INSERT ON %s.t FOR EACH ROW EXECUTE FUNCTION %s.tick()",
    "partition": "CREATE TABLE %s.log (id integer, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day); "
                 "CREATE TABLE %s.log_1 PARTITION OF %s.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO %s.log VALUES (1, '2026-05-05')",
    "grant": "GRANT SELECT ON %s.t TO PUBLIC; ALTER TABLE %s.t ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON %s.t USING (true)",
    "drop": "DROP TABLE %s.child; ALTER TABLE %s.t DROP COLUMN amount; DROP INDEX %s.t_note",
}
CASES = [(name, point) for name in CLASSES for point in (INDEX_POINTS if name == "concurrently" else POINTS)]


@pytest.fixture(scope="module")
def mortal(servers):
    """All schemas are there before, so that the first DDL a process meets is the one it is to die of."""
    pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
    for name, point in CASES:
        schema = f"k_{name}_{point}"
        pair.sql(f"CREATE SCHEMA {schema}; " + in_schema(BASE, schema) +
                 f"INSERT INTO {schema}.t (id, amount) SELECT g, g FROM generate_series(1, 40) g; INSERT INTO {schema}.child VALUES (1, 1, 'c')")
    yield pair
    pair.close()


@pytest.mark.sampled(15)
@pytest.mark.parametrize("name, point", CASES, ids=[f"{name}-{point}" for name, point in CASES])
def test_kill9_at_a_point(mortal, name, point):
    schema = f"k_{name}_{point}"
    dying = mortal.instance = mortal.tandem("--ddl", "on", program=os.environ["TANDEM_FAILPOINT_BINARY"], env={"TANDEM_CRASH_AT": point})
    dying.start().wait_streaming()
    carry_out(mortal.a, schema, [CLASSES[name]])
    mortal.b.sql(f"INSERT INTO {schema}.t (id) VALUES (1001)")
    wait_until(lambda: not dying.running, 30, f"it dies at {point}", detail=dying.explain)
    assert dying.process.returncode == -signal.SIGKILL
    mortal.instance = mortal.run("--ddl", "on")
    try:
        check_equal(mortal, schema)
        # An index made outside of the transaction is there already when its message comes again.
        ended = ("nothing to do" if name == "concurrently" and point not in INDEX_POINTS[:2] + ("index_due", "careful_committed") else "applied")
        assert mortal.b.value("SELECT count(*) FROM tandem.ddl WHERE node = 'a' AND ended = %s AND changes::text LIKE %s", ended, f"%{schema}%") > 0
        mortal.settle()  # A has read what B said of it
        assert mortal.a.value("SELECT count(*) FROM tandem.ddl WHERE node IS NULL AND seen_at IS NULL") == 0
        if point == "ddl_seen":
            assert "node b said that it had carried out DDL of node a, and then had to begin anew" in mortal.instance.log_text()
    finally:
        mortal.instance.stop()


# --- a schema with everything

MADE = """
CREATE TYPE %s.state AS ENUM ('new', 'open', 'done');
CREATE DOMAIN %s.email AS text CHECK (VALUE LIKE '%@%');
CREATE TYPE %s.place AS (street text, house integer);
CREATE TYPE %s.span AS RANGE (subtype = integer);
CREATE SEQUENCE %s.tickets START 100;
CREATE FUNCTION %s.touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := coalesce(NEW.touched, 0) + 1; RETURN NEW; END';
CREATE FUNCTION %s.label(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''#'' || i';
CREATE PROCEDURE %s.nothing() LANGUAGE sql AS 'SELECT 1';
"""
TABLE = """
CREATE TABLE %s.e{n} (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, state %s.state DEFAULT 'new', mail %s.email, at timestamptz DEFAULT now(),
    home %s.place, years %s.span, tags text[], doc jsonb, amount numeric(10,2) CHECK (amount >= 0), touched integer DEFAULT 0,
    label text GENERATED ALWAYS AS ('n' || touched::text) STORED, parent bigint REFERENCES %s.e{p});
CREATE INDEX e{n}_at ON %s.e{n} (at DESC) WHERE state <> 'done';
CREATE UNIQUE INDEX e{n}_mail ON %s.e{n} (lower(mail::text));
CREATE TRIGGER touch BEFORE UPDATE ON %s.e{n} FOR EACH ROW EXECUTE FUNCTION %s.touched();
CREATE VIEW %s.v{n} AS SELECT id, state, %s.label(id) AS label FROM %s.e{n};
COMMENT ON TABLE %s.e{n} IS 'table {n}';
"""
ALTERED = """
ALTER TABLE %s.e{n} ADD COLUMN note text DEFAULT 'n{n}', ALTER COLUMN amount TYPE numeric(12,2), DROP COLUMN doc CASCADE;
ALTER TABLE %s.e{n} RENAME COLUMN tags TO labels;
DROP INDEX %s.e{n}_at;
ALTER TABLE %s.e{n} ADD CONSTRAINT late CHECK (id > 0) NOT VALID;
"""
TABLES = 60


@pytest.mark.sampled(1)
@pytest.mark.parametrize("first", [1, 2], ids=["from_a", "from_both"])
def test_a_schema_with_everything(servers, first):
    pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
    try:
        pair.instance = pair.run("--ddl", "on")
        schema = f"all_{first}"
        pair.a.sql(f"CREATE SCHEMA {schema};" + in_schema(BASE + MADE, schema))
        pair.settle()
        makers = itertools.cycle(pair.both if first == 2 else [pair.a])
        with Load(pair.a, schema, 1), Load(pair.b, schema, 2):
            for n in range(TABLES):
                maker = next(makers)
                if n and first == 2:
                    pair.settle()
                maker.sql(in_schema(TABLE.format(n=n, p=max(n - 1, 0)), schema))
                maker.sql(f"INSERT INTO {schema}.e{n} (id, mail, amount, home, years, tags) SELECT g, 'u' || g || '@x', g, ('Main', g)::{schema}.place, '[1,5)', '{{a,b}}' FROM generate_series(1, 20) g")
            pair.settle(deadline=120)
            for n in range(0, TABLES, 2):
                next(makers).sql(in_schema(ALTERED.format(n=n), schema))
            pair.settle(deadline=120)
            for n, database in zip(range(TABLES), itertools.cycle(pair.both)):
                database.sql(f"UPDATE {schema}.e{n} SET amount = amount + 1 WHERE id <= 5; DELETE FROM {schema}.e{n} WHERE id = 20")
            pair.settle(deadline=120)
            for n in range(TABLES - 1, TABLES - 11, -1):
                pair.a.sql(in_schema(f"DROP VIEW %s.v{n}; DROP TABLE %s.e{n}", schema))
            pair.a.sql(in_schema("ALTER TYPE %s.state ADD VALUE 'late' BEFORE 'done'; DROP PROCEDURE %s.nothing(); ALTER SEQUENCE %s.tickets OWNER TO postgres; "
                                 "CREATE OR REPLACE FUNCTION %s.label(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''no. '' || i'", schema))
        check_equal(pair, schema)
        assert pair.b.value("SELECT count(*) FROM pg_tables WHERE schemaname = %s", schema) == TABLES - 10 + 2
    finally:
        pair.close()


# --- long rewrites

def test_a_long_rewrite_under_load(servers):
    """Writers of the table wait for their own ALTER, and go on; nothing of what both wrote meanwhile is lost."""
    rows = int(os.environ.get("TANDEM_TEST_REWRITE_ROWS", "100000"))
    pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
    try:
        pair.instance = pair.run("--ddl", "on")
        pair.a.sql("CREATE SCHEMA long;" + in_schema(BASE, "long"))
        pair.a.sql("INSERT INTO long.t (id, note, amount) SELECT -1000 - g, md5(g::text), g FROM generate_series(1, %s) g", rows)
        pair.settle(deadline=120)
        with Load(pair.a, "long", 1), Load(pair.b, "long", 2):
            pair.a.sql("ALTER TABLE long.t ALTER COLUMN amount TYPE integer USING (amount * 2)::integer, ADD COLUMN drawn uuid DEFAULT gen_random_uuid()")
            pair.settle(deadline=240)
        check_equal(pair, "long")
        assert pair.b.value("SELECT count(*) FROM long.t WHERE id < -1000 AND amount = (-id - 1000) * 2 AND drawn IS NOT NULL") == rows
    finally:
        pair.close()
