"""Two masters with a fresh database each, a tandem between them, and the oracles on the pair.

Oracles are SQL and test_decoding only; they never ask tandem for the answer.
"""

import contextlib
import itertools
import re
import uuid

import psycopg2

from support.faketime import FakeClock
from support.pgcluster import Cluster, Workspace
from support.tandem import Tandem
from support.waiting import Timeout, wait_until

_marks = itertools.count(1)

MARKER = "CREATE TABLE public.sync_marker (node text, n bigint, PRIMARY KEY (node, n))"


class Servers:
    """Two running clusters `a` and `b`, shared by the tests of a module."""

    def __init__(self, label, settings=None, settings_a=None, settings_b=None, major=15, majors=None,
                 bare_arguments=None, own_clocks=False, clocks_at_once=True):
        self.workspace = Workspace(label)
        self.clocks = [FakeClock(self.workspace, name, at_once=clocks_at_once) if own_clocks else None for name in "ab"]
        own = [clock.environment() if clock else None for clock in self.clocks]
        major_a, major_b = majors or (major, major)
        try:
            self.a = Cluster(self.workspace, "a", major_a, {**(settings or {}), **(settings_a or {})},
                             bare_arguments, environment=own[0])
            self.b = Cluster(self.workspace, "b", major_b, {**(settings or {}), **(settings_b or {})},
                             bare_arguments, environment=own[1])
            self.a.start()
            self.b.start()
        except BaseException:
            self.close()
            raise

    def pair(self, schema="", **how):
        return Pair(self, schema, **how)

    def close(self):
        for cluster in (getattr(self, "a", None), getattr(self, "b", None)):
            if cluster is not None:
                cluster.close()
        self.workspace.close()


class Pair:
    """A database of the same name on both servers and the tandem instances started between them."""

    def __init__(self, servers, schema="", schema_b=None, name=None):
        self.servers = servers
        self.name = name or f"t_{uuid.uuid4().hex[:10]}"
        self.a = servers.a.create_database(self.name)
        self.b = servers.b.create_database(self.name)
        self._instances = []
        for database, text in ((self.a, schema), (self.b, schema if schema_b is None else schema_b)):
            database.sql(MARKER)
            if text:
                database.sql(text)

    @property
    def both(self):
        return (self.a, self.b)

    def peer(self, database):
        return self.b if database is self.a else self.a

    def sql(self, statement, *parameters):
        """The same statement on both (set-up before tandem runs)."""
        for database in self.both:
            database.sql(statement, *parameters)

    # --- tandem ----------------------------------------------------------------------------------
    def tandem(self, *arguments, init=True, nodes=None, env=None, program=None):
        """Not started yet. Its log keeps growing over restarts of the pair's instances."""
        instance = Tandem(nodes or {"a": self.a, "b": self.b}, *arguments, init=init, env=env, program=program,
                          workspace=self.servers.workspace, log_name=f"{self.name}.log")
        self._instances.append(instance)
        return instance

    def run(self, *arguments, deadline=30, **how):
        """Started, and every direction streams."""
        return self.tandem(*arguments, **how).start().wait_streaming(deadline=deadline)

    def close(self):
        for instance in self._instances:
            instance.close()
        for cluster, database in ((self.servers.a, self.a), (self.servers.b, self.b)):
            cluster.drop_database(database)

    # --- waiting -----------------------------------------------------------------------------------
    def mark(self, source):
        """A row written now at `source`: when the peer has it, it has all committed there before."""
        number = next(_marks)
        source.sql("INSERT INTO public.sync_marker VALUES (%s, %s)", source.node, number)
        return source.node, number

    def wait_mark(self, mark, deadline=30, detail=None):
        target = self.b if mark[0] == self.a.node else self.a

        def there():
            with contextlib.suppress(psycopg2.OperationalError):
                return target.value("SELECT 1 FROM public.sync_marker WHERE node = %s AND n = %s", *mark)
        wait_until(there, deadline, f"marker {mark} at {target.node}", detail=detail or self.explain)

    def settle(self, *sources, deadline=30):
        """All that is committed at the sources (default: both) has been applied at the peer."""
        marks = [self.mark(source) for source in sources or self.both]
        for mark in marks:
            self.wait_mark(mark, deadline)

    @staticmethod
    def concurrently(instances, *writes):
        """Runs (database, statement) one after the other while tandem stands still: neither side sees the other's."""
        for instance in instances:
            instance.freeze()
        for database, statement in writes:
            database.sql(statement)
        for instance in instances:
            instance.thaw()

    def explain(self):
        return self._instances[-1].explain() if self._instances else "no tandem was started"

    # --- oracles -----------------------------------------------------------------------------------
    def synced_tables(self):
        return [row[0] for row in self.a.sql(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN "
            "('pg_catalog', 'information_schema', 'tandem', 'oracle') ORDER BY 1")]

    def assert_equal(self, *tables, deadline=10):
        """The tables (default: all but tandem's and the oracles') hold the same rows on both masters."""
        for table in tables or self.synced_tables():
            try:
                wait_until(lambda: digest(self.a, table) == digest(self.b, table), deadline, table)
            except Timeout:
                raise AssertionError(f"masters differ: {difference(self.a, self.b, table)}\n"
                                     f"{self.explain()}") from None

    def parked(self, database):
        """Rows of tandem.parked at this master, as dicts in the order they were parked."""
        return rows_as_dicts(database, "SELECT * FROM tandem.parked ORDER BY id")

    def wait_nothing_parked(self, deadline=20):
        wait_until(lambda: self.parked(self.a) == self.parked(self.b) == [], deadline, "nothing is parked", detail=self.explain)

    def conflicts(self, database):
        return rows_as_dicts(database, "SELECT * FROM tandem.conflict")

    def slot(self, source):
        """The facts of tandem's slot at `source`."""
        rows = rows_as_dicts(source, "SELECT * FROM pg_replication_slots WHERE database = "
                                     "current_database() AND slot_name LIKE 'tandem\\_%'")
        return rows[0] if rows else None

    def progress(self, source):
        """The progress row of the stream of `source`, kept at its peer."""
        rows = rows_as_dicts(self.peer(source), "SELECT * FROM tandem.progress WHERE stream = "
                                                f"'{source.node}'")
        assert len(rows) == 1, rows
        return rows[0]


def rows_as_dicts(database, statement):
    connection = database.connect(autocommit=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]
    finally:
        connection.close()


def columns(database, table):
    return [row[0] for row in database.sql(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND NOT attisdropped ORDER BY attname", table.removeprefix("ONLY "))]


def row_text(database, table):
    """Rows as text with the columns in the order of their names: physical order may differ."""
    return f"ROW({', '.join(columns(database, table))})::text"


def digest(database, table):
    """(row count, md5 over the ordered md5 of every row's text, pinned settings)."""
    text = row_text(database, table)
    return database.sql(f"SELECT count(*), md5(string_agg(h, '' ORDER BY h)) FROM "
                        f"(SELECT md5({text}) AS h FROM {table}) AS rows")[0]


def difference(a, b, table, limit=5):
    def rows(database):
        return {row[0] for row in database.sql(
            f"SELECT left({row_text(database, table)}, 300) FROM {table}")}
    at_a, at_b = rows(a), rows(b)
    return (f"{table}: {len(at_a)} / {len(at_b)} rows, only at a: {sorted(at_a - at_b)[:limit]}, "
            f"only at b: {sorted(at_b - at_a)[:limit]}")


class WalOracle:
    """Counts the row changes in a master's WAL that no origin wrote, by an own test_decoding slot."""

    CHANGE = re.compile(r"^table (\S+|\"[^\"]+\"\.\S+): (INSERT|UPDATE|DELETE|TRUNCATE)")

    def __init__(self, database, only_local=True):
        self.database = database
        self.only_local = only_local
        self.slot = f"oracle_{uuid.uuid4().hex[:12]}"
        database.sql("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", self.slot)

    def changes(self, exclude_schemas=("tandem", "oracle")):
        """[(table, operation)] since the last call, of the synced tables."""
        found = []
        self.database.sql("SELECT pg_logical_emit_message(true, 'oracle', '')")  # only flushed WAL is decoded
        for (line,) in self.database.sql(
                "SELECT data FROM pg_logical_slot_get_changes(%s, NULL, NULL, 'only-local', %s, "
                "'skip-empty-xacts', '1')", self.slot, "1" if self.only_local else "0"):
            match = self.CHANGE.match(line)
            if match and match[1].split(".")[0] not in exclude_schemas:
                found.append((match[1], match[2]))
        return found

    def drop(self):
        self.database.sql("SELECT pg_drop_replication_slot(%s)", self.slot)


AUDIT = """
CREATE SCHEMA IF NOT EXISTS oracle;
CREATE TABLE IF NOT EXISTS oracle.audit (
    id bigint GENERATED ALWAYS AS IDENTITY, at_table text, op text, node text, seq bigint,
    applied boolean);
CREATE OR REPLACE FUNCTION oracle.note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    r record := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO oracle.audit (at_table, op, node, seq, applied) VALUES (TG_TABLE_NAME, left(TG_OP, 1),
        r.node, r.seq, current_setting('session_replication_role') = 'replica');
    RETURN NULL;
END $$;
"""


def audit(database, *tables):
    """An ENABLE ALWAYS trigger that notes every row change, whoever makes it; rows carry (node, seq)."""
    database.sql(AUDIT)
    for table in tables:
        database.sql(f"CREATE TRIGGER oracle_note AFTER INSERT OR UPDATE OR DELETE ON {table} "
                     f"FOR EACH ROW EXECUTE FUNCTION oracle.note()")
        database.sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER oracle_note")


def audited(database, applied):
    """[(op, node, seq)] noted at this master, of applied or of local writes, in order."""
    return [tuple(row) for row in database.sql(
        "SELECT op, node, seq FROM oracle.audit WHERE applied = %s ORDER BY id", applied)]
