"""What looking on costs: a catch-up with four consoles open and without, in turn; and how fast messages are searched.

A console is here what its pages ask for, all of it taken and thrown away: the stream with the tail of changes, and the tables every two
seconds. (What a browser does with it is the browser's.) The catch-up is that of perf/harness/run, one direction, and counts only
when the rows are equal. The search: a topic with the rows of a catch-up, one broker, `tandem topic tail` for a text that no
record has, so that all are read; once newest first, once oldest first, over and over.
"""

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import threading
import time

import goals
from catchup import catch_up, circumstances, flags, judged, ratios, show
from databases import Database, Source, servers
from kafka import cluster
from measuring import end_in_good_order, say, wait
from tandem_run import Tandem

CONSOLES = 4
TABLES_EVERY_SECONDS = 2
STREAM = b"GET /api/v1/stream?topics=stats,changes HTTP/1.1\r\nHost: localhost\r\n\r\n"
TABLES = b"GET /api/v1/tables HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"
NOWHERE = "a text that no record has"


class Consoles:
    """Open as long as the block; an instance that is not there yet is awaited, one that ends is left."""

    def __init__(self, port):
        self.port, self.ending, self.heard = port, threading.Event(), 0
        self.threads = [threading.Thread(target=self._look, daemon=True) for _ in range(CONSOLES)]

    def _connected(self):
        while not self.ending.is_set():
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.port), timeout=0.5)
            time.sleep(0.02)
        return None

    def _look(self):
        stream, tables = self._connected(), self._connected()
        if stream is None or tables is None:
            return
        asked = 0.0
        with stream, tables, contextlib.suppress(OSError):
            stream.sendall(STREAM)
            tables.setblocking(False)
            while not self.ending.is_set():
                if time.monotonic() - asked > TABLES_EVERY_SECONDS:
                    asked = time.monotonic()
                    tables.sendall(TABLES)
                with contextlib.suppress(TimeoutError):
                    got = len(stream.recv(1 << 20))
                    if got == 0:
                        return
                    self.heard += got
                with contextlib.suppress(BlockingIOError):
                    tables.recv(1 << 20)

    def __enter__(self):
        for each in self.threads:
            each.start()
        return self

    def __exit__(self, *exception):
        self.ending.set()
        for each in self.threads:
            each.join()


def throughput(given, a, b, clean_up):
    """({"without", "with": runs}, {...: MB})"""
    runs, memory = {"without": [], "with": []}, {"without": [], "with": []}
    source = Source(a, "perf", given.tcp)
    target = Database(b, "perf", given.tcp)
    system = Tandem("tandem", source, target, given)
    clean_up.callback(system.close)
    for repeat in range(given.repeats + 1):  # the first one warms up
        for name in runs if repeat % 2 == 0 else reversed(runs):
            wanted = source.fill(given.rows)
            system.memory_mb = 0.0
            with Consoles(system.instance.port) if name == "with" else contextlib.nullcontext() as consoles:
                done = catch_up(system, wanted, given.rows)
            if consoles is not None and consoles.heard < CONSOLES * 1000:
                raise RuntimeError("the consoles heard nothing")
            if repeat > 0:
                runs[name].append(done)
                memory[name].append(system.memory_mb)
    return runs, memory


def search(given, source, target, clean_up):
    """{"newest", "oldest": [{"records_per_s", "records_per_cpu_s"}]}"""
    brokers = clean_up.enter_context(cluster(1))
    system = Tandem("tandem-search", source, target, given, "--transport", "kafka", "--brokers", brokers.bootstrap,
                    brokers=[node.pid() for node in brokers.nodes])
    clean_up.callback(system.close)
    wanted = source.fill(given.rows)
    system.start()
    wait("the topic is filled", 300, lambda: target.content() == wanted["content"])
    system.stop()
    found = {"newest": [], "oldest": []}
    for _ in range(given.repeats):
        for order, runs in found.items():
            before = os.times()
            done = subprocess.run([given.binary, "topic", "tail", "tandem.a", "--brokers", brokers.bootstrap, "-o", order, "-g", NOWHERE, "--json"],
                                  capture_output=True, text=True, check=True, timeout=300)
            after = os.times()
            read = int(done.stderr.rsplit(" read in ", 1)[0].rsplit(" of ", 1)[1].replace(",", ""))
            if done.stdout or read < given.rows:
                raise RuntimeError(f"{read} records were read, not {given.rows}: {done.stdout[:200]} {done.stderr[-200:]}")
            cpu = after.children_user + after.children_system - before.children_user - before.children_system
            runs.append({"records_per_s": read / (after.elapsed - before.elapsed), "records_per_cpu_s": read / cpu})
            say(f"search, {order} first: " + ", ".join(f"{name} {value:,.0f}" for name, value in runs[-1].items()))
    return found


def main():
    parser = flags("perf/harness/run console", __doc__.splitlines()[0])
    given = judged(parser, {"rows": 100_000, "repeats": 3})
    end_in_good_order(given.minutes)
    record = circumstances(given)
    with contextlib.ExitStack() as clean_up:
        a, b = clean_up.enter_context(servers())
        runs, memory = throughput(given, a, b, clean_up)
        searched = search(given, Source(a, "perf_search", given.tcp), Database(b, "perf_search", given.tcp), clean_up)
    for name, each in runs.items():
        show(name, each)
    per_core = [each["records_per_cpu_s"] for runs_of in searched.values() for each in runs_of]
    records = goals.judge("console.", {
        "console.throughput": ratios(runs["with"], runs["without"]),
        "console.memory_mb": statistics.median(memory["with"]) - statistics.median(memory["without"]),
        "console.search_per_core_s": statistics.median(per_core)})
    goals.record("console", {**record, "goals": records, "runs": runs, "memory_mb": memory, "search": searched})
    return goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
