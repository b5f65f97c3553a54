"""Latency of single commits: an application writes at a fixed rate, a reader of the target looks all the time.

Each transaction inserts one row. It counts from the source's commit timestamp, which PostgreSQL takes before
the commit is durable, to the first look at the target that finds the row; the clocks of both servers are one.
A look is taken every millisecond, so that much belongs to the looking. The rows must be equal in the end.
"""

import contextlib
import subprocess
import threading
import time

import goals
from databases import ROW
from measuring import say, wait
from shared import binaries

RATE = 2_000
CLIENTS = 16  # enough for the rate where a commit takes some ms to be durable
LOOK_SECONDS = 0.001
SETTLE_SECONDS = 60
# What a machine that keeps the rate reaches at least; below it the load was another one.
RATE_REACHED = 0.95
FIRST_ID = 10_000_000

WRITE = f"INSERT INTO chat_message SELECT {ROW} FROM nextval('latency_id') AS n;\n"


class Reader(threading.Thread):
    """When each row of an id above `low` was first seen, {id: seconds since 1970 by the server's clock}."""

    def __init__(self, database, low):
        super().__init__()
        self.session, self.low, self.seen = database.connect(), low, {}
        self.ending = threading.Event()
        self.failure = None

    def run(self):
        try:
            with contextlib.closing(self.session), self.session.cursor() as cursor:
                while not self.ending.wait(LOOK_SECONDS):
                    self._look(cursor)
        except Exception as failure:  # the one who waits for it raises it
            self.failure = failure

    def _look(self, cursor):
        cursor.execute("SELECT id, extract(epoch FROM clock_timestamp())::float8 FROM chat_message WHERE id > %s",
                       (self.low,))
        for number, at in cursor.fetchall():
            self.seen.setdefault(number, at)
        while self.low + 1 in self.seen:  # commits overtake each other: ids behind a gap are asked for again
            self.low += 1

    def has(self, count):
        if self.failure is not None:
            raise self.failure
        return len(self.seen) >= count

    def end(self):
        self.ending.set()
        self.join()


def set_up(source):
    source.sql(f"CREATE SEQUENCE latency_id START {FIRST_ID}")


def write(source, seconds):
    """pgbench: commits at the fixed rate, over TCP as an application's."""
    pgbench = binaries.bin_dir(15, goals.REPOSITORY / "build" / "cache", say) / "pgbench"
    done = subprocess.run(
        ["setpriv", "--pdeathsig", "KILL", str(pgbench), "-n", "-M", "prepared", "-R", str(RATE), "-c", str(CLIENTS),
         "-T", str(seconds), "-f", "-", source.cluster.uri(source.name)],
        input=WRITE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"pgbench ended with {done.returncode}:\n{done.stdout[-2000:]}")


def behind_the_backlog(system):
    """Starts the system and returns the id of a row that has come through, all before it too."""
    system.start()
    low = system.source.value(f"INSERT INTO chat_message SELECT {ROW} FROM nextval('latency_id') AS n RETURNING id")
    wait(f"{system.name} has caught up", 300, lambda: system.target.sql(
        "SELECT 1 FROM chat_message WHERE id = %s", low))
    return low


def measure(system, seconds):
    """{"p50", "p99", "max": ms, "commits_per_s"} of one run, verified."""
    low = behind_the_backlog(system)
    reader = Reader(system.target, low)
    reader.start()
    try:
        write(system.source, seconds)
        committed = dict(system.source.sql(
            "SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM chat_message WHERE id > %s", low))
        wait(f"{system.name} has all rows", SETTLE_SECONDS, lambda: reader.has(len(committed)))
    finally:
        reader.end()
    system.stop()
    if system.target.content(low) != system.source.content(low):
        raise RuntimeError(f"{system.name}: the target's rows differ from the source's")
    took = sorted((reader.seen[number] - at) * 1000 for number, at in committed.items())
    found = {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100], "max": took[-1],
             "commits_per_s": len(took) / seconds}
    say(f"{system.name}: " + ", ".join(f"{name} {value:,.1f}" for name, value in found.items()))
    return found
