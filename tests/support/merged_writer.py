"""Writers on both nodes while their tables are made equal, and how a test waits for that."""

import random
import re
import threading

import psycopg2

from support.waiting import wait_until


def merged(pair, instance, *tables, deadline=60):
    """The instance says that each of the tables is equal."""
    def done():
        assert instance.running, instance.log_tail()
        return all(re.search(rf"table public\.{table}: equal", instance.log_text()) for table in tables)
    wait_until(done, deadline, f"{tables} merged", detail=pair.explain)


class MergedWriter(threading.Thread):
    """Inserts, updates, deletes and moves rows of its own thousand keys and of the common ones."""

    def __init__(self, database, seed, rows, table="item"):
        super().__init__(daemon=True)
        self.database, self.random, self.rows, self.table = database, random.Random(seed), rows, table
        self.halt = threading.Event()
        self.deleted, self.number, self.error = set(), 0, None

    def run(self):
        base = 2_000_000 if self.database.node == "a" else 4_000_000
        connection = self.database.connect(autocommit=True)
        try:
            with connection.cursor() as cursor:
                while not self.halt.wait(0.002):
                    self.number += 1
                    self._step(cursor, base)
        except psycopg2.Error as error:
            self.error = error
        finally:
            connection.close()

    def _step(self, cursor, base):
        # Its half of the common keys: what it deletes, nobody else writes.
        key = self.random.randrange(1, self.rows // 2) * 2 + (self.database.node == "a")
        if key in self.deleted:  # a copy that is on its way may show it again for a moment
            return
        what = self.random.randrange(5)
        if what == 0:
            cursor.execute(f"DELETE FROM {self.table} WHERE id = %s", (key,))
            if cursor.rowcount:  # it may be on the other node only so far
                self.deleted.add(key)
        elif what == 1:
            cursor.execute(f"INSERT INTO {self.table} VALUES (%s, 'new', repeat('n', 2200))", (base + self.number,))
        elif what == 2:
            cursor.execute(f"UPDATE {self.table} SET id = %s WHERE id = %s", (base + 1_000_000 + self.number, key))
            if cursor.rowcount:
                self.deleted.add(key)
        else:
            cursor.execute(f"UPDATE {self.table} SET v = 'written ' || %s WHERE id = %s", (self.number, key))
