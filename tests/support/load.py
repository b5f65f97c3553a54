"""Applications writing on both masters at once, and what must be true afterwards.

Each transaction carries a sequence number of its node in every row it writes and notes itself in
oracle.committed, a table that is never synced: so the source itself knows what was committed even
when a crash swallowed the answer to COMMIT.
"""

import collections
import contextlib
import random
import threading
import time

import psycopg2

from support.masters import audit, audited, rows_as_dicts
from support.waiting import wait_until

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS oracle;
CREATE TABLE oracle.committed (node text, seq bigint);
CREATE TABLE item (id bigint PRIMARY KEY, node text, seq bigint, v integer, body text);
CREATE TABLE note (node text, seq bigint, line integer, at timestamptz DEFAULT clock_timestamp(), doc jsonb,
                   PRIMARY KEY (node, seq, line));
CREATE TABLE hot (id integer PRIMARY KEY, node text, seq bigint, v integer);
CREATE TABLE ledger (node text, seq bigint, lines integer, PRIMARY KEY (node, seq));
"""
HOT_ROWS = 30
FILL_HOT = f"INSERT INTO hot SELECT i, '-', 0, 0 FROM generate_series(1, {HOT_ROWS}) i"


class Writer:
    """One application session: transactions over all tables until stopped; reconnects for ever.

    `conflicts` lets it write rows the other master writes too. Own items have ids of its own.
    """

    def __init__(self, database, number, seed, conflicts=True, rows=8, pause=0.0):
        self.database, self.conflicts, self.rows, self.pause = database, conflicts, rows, pause
        self.node = f"{database.node}{number}"
        self.base = ((0 if database.node == "a" else 1) * 1000 + number) * 1_000_000_000
        self.random = random.Random(f"{seed}-{self.node}")
        self.seq = 0
        self.errors = []
        self._own = []
        self._next = 0
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._halt.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), f"writer {self.node} hangs"

    def _run(self):
        connection = None
        while not self._halt.is_set():
            try:
                if connection is None:
                    connection = self.database.connect(application_name=f"app_{self.node}")
                self.seq += 1
                self._own, self._next = self._transaction(connection)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                # A crash or shutdown: after a lost COMMIT nobody here knows how it ended.
                if getattr(error, "pgcode", None) == "40P01":
                    self.errors.append(f"{self.node} {self.seq} is the victim of a deadlock: {error}")
                with contextlib.suppress(psycopg2.Error):
                    if connection is not None:
                        connection.close()
                connection = None
                self._own = []
                self._next += 1000
                time.sleep(0.02)  # the server is away: the pace of reconnecting, not a wait for a result
            except psycopg2.Error as error:
                self.errors.append(f"{self.node} {self.seq}: {error}")
                connection.rollback()
            if self.pause:
                self._halt.wait(self.pause)
        if connection is not None:
            connection.close()

    def _transaction(self, connection):
        own, following = list(self._own), self._next
        stamp = (self.node, self.seq)
        with connection, connection.cursor() as cursor:
            lines = self.random.randint(1, self.rows)
            cursor.execute("INSERT INTO note SELECT %s, %s, i, clock_timestamp(), jsonb_build_object('line', i, "
                           "'name', '이름') FROM generate_series(1, %s) i", (*stamp, lines))
            for _ in range(self.random.randint(0, 3)):
                key = self.base + following
                following += 1
                cursor.execute("INSERT INTO item VALUES (%s, %s, %s, 0, repeat('x', %s))",
                               (key, *stamp, self.random.choice((10, 100, 4000))))
                own.append(key)
            for _ in range(self.random.randint(0, 3)):
                if own:
                    cursor.execute("UPDATE item SET node = %s, seq = %s, v = v + 1 WHERE id = %s",
                                   (*stamp, self.random.choice(own)))
            if len(own) > 50:
                cursor.execute("DELETE FROM item WHERE id = %s", (own.pop(self.random.randrange(len(own))),))
            if self.conflicts and self.random.random() < 0.5:
                cursor.execute("UPDATE hot SET node = %s, seq = %s, v = v + 1 WHERE id = %s",
                               (*stamp, self.random.randint(1, HOT_ROWS)))
            cursor.execute("INSERT INTO ledger VALUES (%s, %s, %s)", (*stamp, lines))
            cursor.execute("INSERT INTO oracle.committed VALUES (%s, %s)", stamp)
        return own, following


class Load:
    """Writers on both masters. `with Load(pair): ...` runs them for the length of the block."""

    def __init__(self, pair, writers=2, seed=0, **how):
        self.pair = pair
        self.writers = [Writer(database, number, seed, **how) for database in pair.both
                        for number in range(writers)]

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *exception):
        for writer in self.writers:
            writer.stop()
        if exception[0] is None:
            errors = [error for writer in self.writers for error in writer.errors]
            assert not errors, f"applications saw {len(errors)} errors, first: {errors[0]}"

    @property
    def transactions(self):
        return sum(writer.seq for writer in self.writers)

    def until_more(self, transactions, deadline=60):
        """Waits until the applications have written some more: moments by work done, not by the clock."""
        goal = self.transactions + transactions
        wait_until(lambda: self.transactions >= goal, deadline, f"{transactions} more transactions", every=0.001)


EXCLUDE = ("--exclude", "oracle.*")


def prepare(pair, audited_tables=()):
    """Tables on both masters with the same rows in them (before tandem runs)."""
    pair.sql(SCHEMA)
    pair.sql(FILL_HOT)
    for database in pair.both:
        if audited_tables:
            audit(database, *audited_tables)


def check(pair, per_change=False):
    """The oracles, after the writers have stopped and the pair has settled. Returns the counts."""
    pair.assert_equal("item", "note", "hot", "ledger")
    committed = {}
    for database in pair.both:
        committed[database.node] = {tuple(row) for row in database.sql("SELECT node, seq FROM oracle.committed")}
    everything = committed["a"] | committed["b"]
    for database in pair.both:
        ledger = {tuple(row) for row in database.sql("SELECT node, seq FROM ledger")}
        assert ledger == everything, f"lost {sorted(everything - ledger)[:5]} phantom {sorted(ledger - everything)[:5]}"
        torn = database.sql("SELECT l.node, l.seq, l.lines, count(n.*) FROM ledger l LEFT JOIN note n USING (node, seq) "
                            "GROUP BY 1, 2, 3 HAVING count(n.*) <> l.lines")
        assert torn == [], f"transactions in part at {database.node}: {torn[:5]}"
    counts = {"transactions": len(everything)}
    if per_change:
        counts["changes"] = sum(check_changes(pair, source) for source in pair.both)
    return counts


def check_changes(pair, source):
    """Every change of `source` took effect at the peer exactly once, or lost there and is listed."""
    target = pair.peer(source)
    changes = 0
    for table in ("item", "hot"):
        written = _noted(source, table, applied=False)
        effective = _noted(target, table, applied=True)
        listed = collections.Counter(
            ("U", row["incoming"]["node"], row["incoming"]["seq"])
            for row in rows_as_dicts(target, f"SELECT incoming FROM tandem.conflict WHERE table_name = '{table}'"))
        lost, doubled = written - effective - listed, effective + listed - written
        assert not lost, f"{source.node}: {sum(lost.values())} changes of {table} lost: {list(lost.items())[:5]}"
        assert not doubled, f"{source.node}: {sum(doubled.values())} of {table} doubled: {list(doubled.items())[:5]}"
        changes += sum(written.values())
    return changes


def check_order(pair, source):
    """What each application at `source` wrote was carried out at the peer in its order; a delete shows an older seq."""
    last = {}
    for op, node, seq in audited(pair.peer(source), applied=True):
        if op != "D" and node.startswith(source.node):
            assert seq >= last.get(node, 0), f"{node} {seq} of {source.node} came after {last[node]}"
            last[node] = seq
    assert last, f"nothing of {source.node} was carried out at its peer"


def _noted(database, table, applied):
    return collections.Counter(tuple(row) for row in database.sql(
        "SELECT op, node, seq FROM oracle.audit WHERE applied = %s AND at_table = %s", applied, table))
