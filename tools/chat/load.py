"""Drives the chat workload on all masters at once and keeps the exact record of what it committed.

As a program: tools/chat/load.py --node a=URI --node b=URI [--rate N] [--seconds N]
The masters must hold schema.sql (--create makes it) and be kept in sync: the shared rows are made
on the first node and awaited on the others.
"""

import argparse
import itertools
import json
import math
import pathlib
import sys
import threading
import time
from collections import Counter

import psycopg2
import psycopg2.errors

import workload

SCHEMA = pathlib.Path(__file__).with_name("schema.sql")
ARRIVE_SECONDS = 60
CLASHES = 3  # transactions over all shared rows that every session ends with, all at once
RETRIED = (psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure,
           psycopg2.errors.LockNotAvailable)


class LoadError(Exception):
    """The load cannot go on: a statement failed, or rows are not where they belong."""


class Node:
    """One master as the load sees it, with the record of its committed changes.

    Written by the node's sessions under `guard`; read by others once the load has stopped, but for
    the counters, which may be read at any time.
    """

    def __init__(self, name, uri, rank):
        self.name, self.uri, self.rank = name, uri, rank
        self.sequence = itertools.count(1)  # next() is atomic
        self.guard = threading.Lock()
        self.changes = []                   # committed, a session's in commit order
        self.written = Counter()            # committed row changes by (table, op)
        self.transactions = self.rolled_back = self.rows = 0
        self.retried = Counter()            # transactions the server refused, by reason
        self.recording = True               # off: only counted, for a load without end

    def note(self, plan):
        with self.guard:
            if plan.rolled_back:
                self.rolled_back += 1
                return
            if self.recording:
                self.changes += plan.changes
            self.written.update((change.table, change.op) for change in plan.changes)
            self.transactions += 1
            self.rows += len(plan.changes)

    def connect(self):
        session = psycopg2.connect(self.uri, connect_timeout=10, application_name="chat load")
        session.autocommit = True  # the transactions bring their own BEGIN and COMMIT
        return session


class Session:
    """One connection that carries out planned transactions, each in one round trip."""

    def __init__(self, node):
        self.node = node
        self.session = node.connect()

    def run(self, plan):
        """Returns True if the plan's rows are committed; a planned rollback returns False."""
        committed = self._until_done(plan)
        if committed:
            for remember in plan.after_commit:
                remember()
        self.node.note(plan)
        return committed

    def _until_done(self, plan):
        while True:
            try:
                with self.session.cursor() as cursor:
                    cursor.execute(plan.text(), plan.values)
                return not plan.rolled_back
            except RETRIED as refused:
                with self.node.guard:
                    self.node.retried[type(refused).__name__] += 1
                with self.session.cursor() as cursor:
                    cursor.execute("ROLLBACK")
            except psycopg2.Error as failure:
                raise LoadError(f"{self.node.name}: {failure} in {plan.text()[:200]}") from failure

    def close(self):
        self.session.close()


class Load:
    """All sessions on all nodes. seed(), then start(), stop(); fence_all() at any time after."""

    def __init__(self, nodes, rate, writers=None, seed=1, conflicts=True):
        """nodes: [(name, uri)]; rate: row changes per second on each node; writers: sessions on
        each node, by default enough for the rate where a commit takes 10 ms."""
        writers = writers or min(workload.WRITERS_MAX, max(2, math.ceil(rate / 500)))
        self.nodes = [Node(name, uri, rank) for rank, (name, uri) in enumerate(nodes)]
        self.rate = rate
        self.writers = [
            (node, workload.Writer(node.name, node.rank, len(nodes), place, writers, node.sequence,
                                   seed, conflicts))
            for node in self.nodes for place in range(writers)]
        self.fences = itertools.count()
        self.stopping = threading.Event()
        self.threads = []
        self.together = None
        self.failure = None

    def seed(self):
        """The shared rows on the first node, awaited everywhere; then each writer's first rows."""
        first = self.nodes[0]
        self._one(first, workload.seed(first.name, first.sequence))
        self.fence_all(ARRIVE_SECONDS, self.nodes[:1])
        for node, writer in self.writers:
            self._one(node, writer.first())

    def fence_all(self, seconds, sources=None):
        """Writes a fence row on every source and waits until all other nodes show it."""
        sources = sources or self.nodes
        number = next(self.fences)
        waiting = set()
        for node in sources:
            plan, key = workload.fence(node.name, node.sequence, node.rank, len(self.nodes), number)
            self._one(node, plan)
            waiting |= {(node.name, other, key) for other in self.nodes if other is not node}
        deadline = time.monotonic() + seconds
        while waiting:
            waiting = {each for each in waiting if not self._holds(each[1], each[2])}
            if waiting and time.monotonic() > deadline:
                raise LoadError(f"after {seconds:.0f} s, rows still missing: " + ", ".join(
                    f"from {source} at {other.name}" for source, other, _ in sorted(
                        waiting, key=lambda each: each[0])))
            time.sleep(0.02)

    def start(self):
        self.stopping.clear()
        self.together = threading.Barrier(len(self.writers))
        self.threads = [threading.Thread(target=self._work, args=each, daemon=True)
                        for each in self.writers]
        for thread in self.threads:
            thread.start()

    def stop(self):
        """Ends the load after the transactions under way and a last clash over the shared rows.

        Raises what made a session fail.
        """
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.threads = []
        if self.failure:
            raise self.failure

    def _work(self, node, writer):
        try:
            session = Session(node)
            share = self.rate * len(self.nodes) / len(self.writers)
            began, done = time.monotonic(), 0
            while not self.stopping.is_set():
                plan = writer.next()
                session.run(plan)
                done += len(plan.changes)
                ahead = done / share - (time.monotonic() - began)
                if ahead > 0:
                    self.stopping.wait(ahead)
            self.together.wait(ARRIVE_SECONDS)
            for _ in range(CLASHES if writer.conflicts else 0):
                session.run(writer.clash())
            session.close()
        except threading.BrokenBarrierError:
            pass  # another session failed and says why
        except Exception as failure:  # handed to stop(): a thread has nobody to raise it to
            self.failure = self.failure or failure
            self.stopping.set()
            self.together.abort()

    def _one(self, node, plan):
        session = Session(node)
        session.run(plan)
        session.close()

    def _holds(self, node, key):
        session = node.connect()
        with session.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM chat_message WHERE id = %s)", (key,))
            found = cursor.fetchone()[0]
        session.close()
        return found


def create_schema(uri):
    """Makes the chat tables unless they are there."""
    session = psycopg2.connect(uri, connect_timeout=10)
    with session, session.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.chat_user') IS NOT NULL")
        if not cursor.fetchone()[0]:
            cursor.execute(SCHEMA.read_text(encoding="utf-8"))
    session.close()


def summary(load):
    return {node.name: {
        "row_changes": node.rows, "transactions": node.transactions,
        "rolled_back": node.rolled_back, "retried": dict(node.retried),
        "written": {f"{table} {op}": count for (table, op), count in sorted(node.written.items())},
    } for node in load.nodes}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--node", action="append", required=True, metavar="NAME=URI")
    parser.add_argument("--rate", type=float, default=1000, metavar="N",
                        help="row changes per second on each master (default 1000)")
    parser.add_argument("--seconds", type=float, default=20, metavar="N",
                        help="how long to write (default 20)")
    parser.add_argument("--writers", type=int, metavar="N",
                        choices=range(1, workload.WRITERS_MAX + 1),
                        help=f"sessions per master, up to {workload.WRITERS_MAX} (default: one for "
                             "each 500 row changes per second, at least 2)")
    parser.add_argument("--seed", type=int, default=1, metavar="N",
                        help="makes the same transactions again (default 1)")
    parser.add_argument("--no-conflicts", action="store_true",
                        help="leave out the rows that all masters update")
    parser.add_argument("--create", action="store_true", help="create the chat tables first")
    parser.add_argument("--changes", metavar="FILE",
                        help="write every committed change: node, op, table, seq, key by tabs")
    given = parser.parse_args()
    if not all("=" in node for node in given.node):
        parser.error("--node takes NAME=URI")
    given.node = [tuple(node.split("=", 1)) for node in given.node]
    return given


def main():
    given = arguments()
    if given.create:
        for _, uri in given.node:
            create_schema(uri)
    load = Load(given.node, given.rate, given.writers, given.seed, not given.no_conflicts)
    try:
        load.seed()
        load.start()
        deadline = time.monotonic() + given.seconds
        before = [node.rows for node in load.nodes]
        while not load.stopping.wait(min(1, max(0, deadline - time.monotonic()))) and \
                time.monotonic() < deadline:
            now = [node.rows for node in load.nodes]
            print("load: " + "  ".join(f"{node.name} {new - old} rows/s" for node, old, new
                                       in zip(load.nodes, before, now)), file=sys.stderr)
            before = now
        load.stop()
    except LoadError as failure:
        print(f"load: {failure}", file=sys.stderr)
        return 1
    if given.changes:
        with open(given.changes, "w", encoding="utf-8") as out:
            for node in load.nodes:
                for op, table, key, seq in node.changes:
                    print(node.name, op, table, seq, key, sep="\t", file=out)
    print(json.dumps(summary(load)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
