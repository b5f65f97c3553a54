"""Two masters whose DDL is carried, written meanwhile: what the tests of it share."""

import itertools
import subprocess
import threading

import psycopg2

from support.ddl_scripts import ANEW, BASE
from support.tandem import command, node_arguments
from support.waiting import wait_until


def in_schema(text, schema):
    return text.replace("%s", schema)


def dumped(database, schema):
    """The schema as pg_dump writes it, which knows nothing of tandem."""
    done = subprocess.run(["pg_dump", "--schema-only", "--no-publications", "-n", schema, "-n", f"{schema}_more", "-d", database.uri()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # Columns that both added at once stand in another order.
    return sorted(line.rstrip(",") for line in done.stdout.splitlines() if line and not line.startswith(("--", "SET ", "SELECT pg_catalog.set_config", "\\")))


class Load:
    """Inserts and updates of one table at one master; what its own DDL makes impossible is left."""

    def __init__(self, database, schema, first):
        self.database, self.schema = database, schema
        self.numbers = itertools.count(first, 2)
        self.ending = threading.Event()
        self.done = self.refused = 0
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        connection = self.database.connect()
        connection.autocommit = True
        cursor = connection.cursor()
        while not self.ending.wait(0.002):
            number = next(self.numbers)
            try:
                cursor.execute(f"INSERT INTO {self.schema}.t (id) VALUES (%s)", (number,))
                cursor.execute(f"UPDATE {self.schema}.t SET n = n + 1 WHERE id = %s", (number - 4,))
                self.done += 1
            except psycopg2.Error:
                self.refused += 1
        connection.close()

    def __enter__(self):
        self.thread.start()
        wait_until(lambda: self.done > 5, 20, "the load runs")
        return self

    def __exit__(self, *exception):
        done = self.done
        wait_until(lambda: self.done > done + 5 or self.refused > 50, 20, "the load runs behind it")
        self.ending.set()
        self.thread.join()


def started(servers):
    """A pair whose DDL is carried, and its instance."""
    pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
    for database in pair.both:
        database.sql("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ddl_reader') THEN CREATE ROLE ddl_reader; END IF; END $$")
    pair.instance = pair.run("--ddl", "on")
    return pair


def make(pair, schema, more=""):
    """The schema at A: it is carried to B, which is the first thing that is tested."""
    pair.a.sql(f"CREATE SCHEMA {schema};" + in_schema(BASE + more, schema))
    pair.settle()
    assert dumped(pair.a, schema) == dumped(pair.b, schema)


IN_IT = "schemaname ~ ('^' || %s || '(_more)?$')"


def published(pair, schema):
    return [database.sql(f"SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = 'tandem' AND {IN_IT} ORDER BY 1, 2", schema)
            for database in pair.both]


def parked(database, schema):
    return database.sql("SELECT table_name, op, sqlstate, error FROM tandem.parked WHERE schema_name = %s ORDER BY id", schema)


def check_equal(pair, schema):
    """Schemas by pg_dump, publications, rows; nothing waits for anybody."""
    pair.settle()
    waiting = [parked(database, schema) for database in pair.both]
    assert waiting == [[], []], waiting
    assert dumped(pair.a, schema) == dumped(pair.b, schema), pair.explain()
    here, there = published(pair, schema)
    assert here == there
    pair.assert_equal(*[row[0] for row in pair.a.sql(f"SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE {IN_IT} ORDER BY 1", schema)])


def carry_out(database, schema, steps):
    connection = database.connect()
    connection.autocommit = True
    for step in steps:
        for last in (False, False, True):
            try:
                connection.cursor().execute(in_schema(step, schema))
                break
            except psycopg2.errors.DeadlockDetected:  # rows first, then the table: the load's are in another order
                if last:
                    raise
    connection.close()


def both_at_once(pair, at_a, at_b):
    pair.concurrently([pair.instance], (pair.a, at_a), (pair.b, at_b))
    pair.settle()


def resume(pair, table):
    return command("table", "resume", *node_arguments({"a": pair.a, "b": pair.b}), table)


def check_anew(world, name, where):
    """One of ANEW, at one node or both, while rows of both are on their way."""
    schema = f"anew_{name}_{where}"
    steps, *expected = ANEW[name]
    make(world, schema, "CREATE SCHEMA %s_more; ALTER TABLE %s.t ADD COLUMN more text; INSERT INTO %s.t (id, note) SELECT i, 'old' FROM generate_series(1, 20) AS i;")
    rows = "INSERT INTO %s.t (id, note) SELECT i, '{1}' FROM generate_series({0}, {0} + 4) AS i; UPDATE %s.t SET n = n + 1 WHERE id BETWEEN {0} AND {0} + 2"
    first = {world.a: 30, world.b: 60}
    with Load(world.a, schema, 101), Load(world.b, schema, 102):
        world.instance.freeze()
        try:
            for database in world.both:
                carry_out(database, schema, [rows.format(first[database], "before")])
                if where in (database.node, "both"):
                    carry_out(database, schema, [*steps, rows.format(first[database] + 10, "behind")])
                else:  # also behind the other's in time, and still of what it knows
                    carry_out(database, schema, [rows.format(first[database] + 5, "before")])
        finally:
            world.instance.thaw()
    check_equal(world, schema)
    for table, columns, before, behind in expected:
        found = world.a.sql(f"SELECT id, {columns} FROM {schema}{'' if table[0] == '_' else '.'}{table} WHERE id BETWEEN 30 AND 99 ORDER BY id")
        wanted = []
        for database, number in first.items():
            moved = where in (database.node, "both")
            wanted += [(number + at, *before) for at in range(5 if moved else 10) if before]
            wanted += [(number + 10 + at, *behind) for at in range(5) if behind and moved]
        assert found == wanted, world.explain()
