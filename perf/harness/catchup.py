"""Catch-up of a backlog: tandem beside native logical replication, from the same WAL, interleaved.

Each repeat truncates the table at the source and fills it while nobody listens. Then the systems
catch up one after the other, each from its own slot into its own database of the same server, with
synchronous_commit=off in what applies. The clock runs from the start of the consumer (tandem's
process, ALTER SUBSCRIPTION ENABLE) until the last row is visible at the target. A result counts only
when the target then has the same rows as the source.
"""

import argparse
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psycopg2

import goals

sys.path.insert(0, str(goals.REPOSITORY / "tools" / "local"))
from stack import Stack  # noqa: E402

ROWS_PER_TRANSACTION = 100
CATCH_UP_SECONDS = 300
POLL_SECONDS = 0.002

TABLE = """CREATE TABLE chat_message (id bigint PRIMARY KEY, room_id int, user_id text, body text,
                                      sent_at timestamptz, likes int, meta jsonb)"""

LOAD = f"""CREATE PROCEDURE load(total int) LANGUAGE plpgsql AS $$
BEGIN
    FOR low IN 1..total BY {ROWS_PER_TRANSACTION} LOOP
        INSERT INTO chat_message
        SELECT n, n % 100, 'user_' || n % 5000, rpad('message ' || n, 120, 'x'), clock_timestamp(),
               n % 7, jsonb_build_object('client', 'web', 'edited', false, 'n', n)
          FROM generate_series(low, low + {ROWS_PER_TRANSACTION - 1}) AS n;
        COMMIT;
    END LOOP;
END $$"""

CONTENT = "SELECT count(*), md5(string_agg(md5(m::text), '' ORDER BY id)) FROM chat_message AS m"

# More room than initdb gives, for both alike: a checkpoint or a vacuum in the middle of one
# catch-up and not of the other would be luck. And native's worker comes back at once: by default it
# waits up to 5 s after its last start, which is no part of a catch-up.
SETTINGS = {"wal_retrieve_retry_interval": "10ms", "shared_buffers": "512MB", "max_wal_size": "16GB", "checkpoint_timeout": "1h",
            "autovacuum": "off"}


def say(text):
    print(f"harness: {text}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(what, seconds, there):
    deadline = time.monotonic() + seconds
    while not there():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)


class Database:
    """One connection to one database, autocommit."""

    def __init__(self, cluster, name, tcp):
        self.cluster, self.name = cluster, name
        self.uri = cluster.uri(name) if tcp else \
            f"postgres://postgres@/{name}?host={cluster.sockets}&port={cluster.port}"
        with contextlib.closing(psycopg2.connect(cluster.uri("postgres"))) as admin:
            admin.autocommit = True
            admin.cursor().execute(f"CREATE DATABASE {name}")
        self.session = psycopg2.connect(self.uri)
        self.session.autocommit = True

    def sql(self, statement, *values):
        with self.session.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement, *values):
        return self.sql(statement, *values)[0][0]

    def content(self):
        return self.sql(CONTENT)[0]


def cpu_seconds(pids):
    """What these processes' threads have used since they began, of those that still live."""
    used = 0.0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                used += float(thread.read_text().split()[0]) / 1e9
    return used


class Native:
    """CREATE SUBSCRIPTION, switched off and on."""

    name = "native"

    def __init__(self, source, target):
        self.source, self.target = source, target
        source.sql("CREATE PUBLICATION native FOR TABLE chat_message")
        target.sql(f"CREATE SUBSCRIPTION native CONNECTION '{source.uri}' PUBLICATION native "
                   "WITH (copy_data = false, synchronous_commit = 'off')")
        self.stop()

    def start(self):
        self.target.sql("ALTER SUBSCRIPTION native ENABLE")

    def stop(self):
        self.target.sql("ALTER SUBSCRIPTION native DISABLE")
        wait("the subscription's slot is free", 30, lambda: not self.source.value(
            "SELECT active FROM pg_replication_slots WHERE slot_name = 'native'"))

    def cpu(self):
        """{part: CPU seconds}; both workers are born with start()."""
        sender = self.source.sql("SELECT active_pid FROM pg_replication_slots "
                                 "WHERE slot_name = 'native'")
        applier = self.target.sql("SELECT pid FROM pg_stat_subscription WHERE subname = 'native'")
        return {"walsender": cpu_seconds(row[0] for row in sender),
                "apply": cpu_seconds(row[0] for row in applier)}


class Tandem:
    """tandem run, started and ended."""

    name = "tandem"

    def __init__(self, source, target, given, log):
        self.source, self.target, self.log = source, target, log
        self.argv = [given.binary, "run", "--node", f"a={source.uri}", "--node",
                     f"b={target.uri}", "--tables", "public.chat_message", "--listen", "off",
                     *([] if given.both_ways else ["--one-way", "a:b"]), *given.flags.split()]
        self.process = None
        self.memory_mb = 0.0
        self.start("--init")
        wait("tandem streams", 60, self._streams)
        self.stop()

    def _streams(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"tandem ended with {self.process.returncode}:\n{self._tail()}")
        return self.source.value(
            "SELECT count(*) FROM pg_replication_slots JOIN pg_stat_replication ON pid = active_pid "
            "WHERE slot_name LIKE 'tandem\\_%' AND state = 'streaming'") > 0

    def _tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def start(self, *flags):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.argv, *flags],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self):
        self._note_memory()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        if status != 0:
            raise RuntimeError(f"tandem ended with {status}:\n{self._tail()}")

    def _note_memory(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                self.memory_mb = max(self.memory_mb, int(line.split()[1]) / 1024)

    def cpu(self):
        senders = self.source.sql("SELECT active_pid FROM pg_replication_slots WHERE active "
                                  "AND slot_name LIKE 'tandem\\_%'")
        sessions = self.target.sql("SELECT pid FROM pg_stat_activity WHERE datname = %s "
                                   "AND pid <> pg_backend_pid()", self.target.name)
        return {"walsender": cpu_seconds(row[0] for row in senders),
                "apply": cpu_seconds(row[0] for row in sessions),
                "tandem": cpu_seconds([self.process.pid])}


def catch_up(system, wanted, rows):
    """Rows/s and CPU per row of one catch-up, verified."""
    system.target.sql("CHECKPOINT")
    began = time.monotonic()
    system.start()
    wait(f"{system.name} has the last row", CATCH_UP_SECONDS, lambda: system.target.sql(
        "SELECT 1 FROM chat_message WHERE id = %s AND sent_at = %s", rows, wanted["last_sent_at"]))
    seconds = time.monotonic() - began
    cpu = {part: used / rows * 1e6 for part, used in system.cpu().items()}
    system.stop()
    if system.target.content() != wanted["content"]:
        raise RuntimeError(f"{system.name}: the target's rows differ from the source's")
    say(f"{system.name}: {rows / seconds:,.0f} rows/s, CPU us/row " +
        ", ".join(f"{part} {used:.2f}" for part, used in cpu.items()))
    return {"rows_per_s": rows / seconds, "seconds": seconds, "cpu_us_per_row": cpu,
            "load": os.getloadavg()[0]}


def fill(source, rows):
    source.sql("SET synchronous_commit = off")
    source.sql("TRUNCATE chat_message")
    source.sql("CALL load(%s)", rows)
    source.sql("CHECKPOINT")
    return {"content": source.content(),
            "last_sent_at": source.value("SELECT max(sent_at) FROM chat_message")}


def servers():
    stack = Stack(goals.REPOSITORY / "build" / "perf" / "stack", (free_port(), free_port()))
    stack.wipe()
    stack.start(None, False)
    for cluster in stack.clusters:
        with contextlib.closing(psycopg2.connect(cluster.uri("postgres"))) as admin:
            admin.autocommit = True
            for name, value in SETTINGS.items():
                admin.cursor().execute(f"ALTER SYSTEM SET {name} = '{value}'")
    stack.stop()
    stack.start(None, False)
    return stack


def measure(given, stack, log):
    a, b = stack.clusters
    source = Database(a, "perf", given.tcp)
    source.sql(TABLE)
    source.sql(LOAD)
    targets = {name: Database(b, f"perf_{name}", given.tcp) for name in ("native", "tandem")}
    for target in targets.values():
        target.sql(TABLE)
    systems = [Native(source, targets["native"]),
               Tandem(source, targets["tandem"], given, log)]
    runs = {system.name: [] for system in systems}
    for repeat in range(given.repeats):
        wanted = fill(source, given.rows)
        for system in systems if repeat % 2 == 0 else reversed(systems):
            runs[system.name].append(catch_up(system, wanted, given.rows))
    return runs, systems[1].memory_mb


def summary(runs, memory_mb):
    rates = {name: [run["rows_per_s"] for run in each] for name, each in runs.items()}
    # Pairs ran one after the other: their ratio suffers less from what else the machine does.
    ratios = [ours / theirs for ours, theirs in zip(rates["tandem"], rates["native"])]
    for name, each in rates.items():
        print(f"{name}: rows/s min/median/max {min(each):,.0f} / {statistics.median(each):,.0f} / "
              f"{max(each):,.0f}")
    return {"harness.catchup.vs_native": statistics.median(ratios), "harness.memory_mb": memory_mb}


def arguments():
    parser = argparse.ArgumentParser(prog="perf/harness/run", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--both-ways", action="store_true")
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("--flags", default="", metavar="'--batch-rows 4000'")
    parser.add_argument("--binary", default=str(goals.REPOSITORY / "build" / "release" / "tandem"))
    parser.add_argument("--judge", action="store_true", help=argparse.SUPPRESS)  # the arguments, nothing else
    given = parser.parse_args()
    if given.rows is None:
        given.rows = 100_000 if given.quick else 500_000
    if given.repeats is None:
        given.repeats = 3 if given.quick else 5
    if given.rows % ROWS_PER_TRANSACTION or given.rows < 1 or given.repeats < 1:
        parser.error(f"--rows is a multiple of {ROWS_PER_TRANSACTION}, --repeats at least 1")
    named = given.binary != parser.get_default("binary")
    if (named or not given.judge) and not (os.path.isfile(given.binary) and os.access(given.binary, os.X_OK)):
        parser.error(f"--binary {given.binary} is no program")
    if given.judge:
        sys.exit(0)
    return given


def main():
    given = arguments()
    circumstances = goals.circumstances()
    stack = servers()
    log = goals.REPOSITORY / "build" / "perf" / "tandem.log"
    log.unlink(missing_ok=True)
    try:
        runs, memory_mb = measure(given, stack, log)
    finally:
        stack.stop()
    records = goals.judge("harness.", summary(runs, memory_mb))
    goals.record("harness", {
        "circumstances": circumstances, "rows": given.rows, "both_ways": given.both_ways, "tcp": given.tcp, "flags": given.flags,
        "rows_per_transaction": ROWS_PER_TRANSACTION, "settings": SETTINGS, "goals": records,
        "runs": runs})
    return goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
