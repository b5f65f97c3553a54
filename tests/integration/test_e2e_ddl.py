"""DDL on one master is carried out on the other, in the order of the stream, while both are written."""

import itertools
import subprocess
import threading

import psycopg2
import pytest

from support.ddl_scripts import BASE, SCRIPTS
from support.tandem import command, node_arguments
from support.waiting import wait_until


def in_schema(text, schema):
    return text.replace("%s", schema)


def dumped(database, schema):
    """The schema as pg_dump writes it, which knows nothing of tandem."""
    done = subprocess.run(["pg_dump", "--schema-only", "--no-publications", "-n", f"{schema}*", "-d", database.uri()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line and not line.startswith(("--", "SET ", "SELECT pg_catalog.set_config", "\\"))]


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


@pytest.fixture(scope="module")
def world(servers):
    pair = servers.pair("CREATE TABLE public.first (id integer PRIMARY KEY)")
    for database in pair.both:
        database.sql("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ddl_reader') THEN CREATE ROLE ddl_reader; END IF; END $$")
    pair.instance = pair.run("--ddl", "on")
    yield pair
    pair.close()


def make(pair, schema, more=""):
    """The schema at A: it is carried to B, which is the first thing that is tested."""
    pair.a.sql(f"CREATE SCHEMA {schema};" + in_schema(BASE + more, schema))
    pair.settle()
    assert dumped(pair.a, schema) == dumped(pair.b, schema)


def published(pair, schema):
    return [database.sql("SELECT tablename FROM pg_publication_tables WHERE pubname = 'tandem' AND schemaname LIKE %s ORDER BY 1", schema + "%")
            for database in pair.both]


def check_equal(pair, schema):
    pair.settle()
    for database in pair.both:
        assert database.sql("SELECT table_name, op, sqlstate, error FROM tandem.parked WHERE schema_name LIKE %s", schema + "%") == []
    left, right = dumped(pair.a, schema), dumped(pair.b, schema)
    assert left == right, pair.explain()
    here, there = published(pair, schema)
    assert here == there
    tables = [row[0] for row in pair.a.sql("SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname LIKE %s ORDER BY 1", schema + "%")]
    pair.assert_equal(*tables)
    return tables


def carry_out(database, schema, steps):
    connection = database.connect()
    connection.autocommit = True
    for step in steps:
        connection.cursor().execute(in_schema(step, schema))
    connection.close()


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("where", ["a", "b", "both"])
def test_a_script_ends_equal(world, name, where):
    more, steps = SCRIPTS[name]
    schema = f"d_{name}_{where}"
    make(world, schema, more)
    with Load(world.a, schema, 1), Load(world.b, schema, 2):
        if where == "both":
            world.instance.freeze()
            carry_out(world.a, schema, steps)
            carry_out(world.b, schema, steps)
            world.instance.thaw()
        else:
            carry_out(world.a if where == "a" else world.b, schema, steps)
    check_equal(world, schema)
