"""Carries a history out: applications on both masters of a real pair, faults meanwhile, and what was left of it for
history_oracle to judge. TANDEM_TEST_HISTORY repeats one seed; what a wrong one left is kept in a folder that is told."""

import contextlib
import json
import os
import pathlib
import random
import tempfile
import threading
import time

import psycopg2

from support import history_oracle, history_wal
from support.cut_proxy import CutProxy
from support.history_scripts import LONG, TABLES, Statements, script
from support.history_timeline import timeline
from support.masters import rows_as_dicts
from support.tandem import command, node_arguments
from support.waiting import Timeout, wait_until

EXCLUDE = ("--exclude", "oracle.*", "--max-clock-skew", "60s")
WAITS_FOR_LOCKS = "-c lock_timeout=300ms"  # applications that meet do not come to a deadlock of their own
SEQ_BASE = 1_000_000  # of each writer
LOCKED, TAKEN = "55P03", "23505"
SESSIONS = ("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND "
            "application_name LIKE 'tandem%'")


class Writer:
    """One application: its script once, whatever happens to the server; an answer that is lost is not asked for again."""

    def __init__(self, plan, database, number):
        self.database, self.steps = database, script(plan, database.node, number)
        self.seq = number * SEQ_BASE
        self.acknowledged, self.errors = set(), []
        self.done = 0  # steps
        self.halt = threading.Event()
        self._connection = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def next_seq(self):
        self.seq += 1
        return self.seq

    def _run(self):
        for step in self.steps:
            self.halt.wait(step.pause)
            if self.halt.is_set():
                break
            try:
                self._carry_out(step)
            except psycopg2.Error as error:
                self._failed(error)
            self.done += 1
        if self._connection is not None:
            self._connection.close()

    def _failed(self, error):
        if error.pgcode in (LOCKED, TAKEN):
            with contextlib.suppress(psycopg2.Error):  # it may be gone meanwhile: then the next step finds it so
                self._connection.rollback()
            return
        if error.pgcode == "40P01" or not isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
            self.errors.append(f"{self.database.node} {self.seq}: {error}")
        with contextlib.suppress(psycopg2.Error):
            if self._connection is not None:
                self._connection.close()
        self._connection = None

    def _connected(self):
        while self._connection is None and not self.halt.is_set():
            try:
                self._connection = self.database.connect(application_name="app", options=WAITS_FOR_LOCKS)
            except psycopg2.OperationalError:
                self.halt.wait(0.05)
        return self._connection

    def _carry_out(self, step):
        connection = self._connected()
        if connection is None:
            return
        with connection.cursor() as cursor:
            statements = Statements(cursor, self.database.node, self.next_seq)
            did, kept = [], 0
            for place, statement in enumerate(step.statements):
                if place == step.undone_from:
                    cursor.execute("SAVEPOINT undone")
                    kept = len(did)
                did += statements.run(*statement)
            if step.undone_from is not None:
                cursor.execute("ROLLBACK TO undone")
                del did[kept:]
            seq = self.next_seq()
            statements.note(seq, did)
            if step.rolled_back:
                connection.rollback()
            else:
                connection.commit()
                self.acknowledged.add(seq)


class Run:
    """One history of a fresh pair. `servers` with clocks of their own."""

    def __init__(self, servers, plan, kafka=None):
        self.servers, self.plan, self.kafka = servers, plan, kafka
        set_clocks(servers, 0, plan.skew)
        for cluster in (servers.a, servers.b):  # whatever a failed one has left
            if not cluster.running:
                cluster.start()
        if kafka:
            kafka.start()
        self.pair = servers.pair(plan.schema)
        self.slots = {database.node: history_wal.Slot(database) for database in self.pair.both}
        self.proxies = {database.node: CutProxy(database.cluster.port) for database in self.pair.both}
        self.writers = [Writer(plan, database, number) for database in self.pair.both for number in range(plan.writers)]
        self.instances = []
        self.happened = []  # faults
        self.lines = {}

    # --- tandem ----------------------------------------------------------------------------------
    def _uri(self, database):
        return database.uri().replace(f":{database.cluster.port}/", f":{self.proxies[database.node].port}/")

    def start(self, *arguments):
        """Returns when every direction streams."""
        arguments = (*EXCLUDE, *self.plan.arguments, *arguments)
        if self.plan.wins:
            arguments += ("--conflict", f"node-wins={self.plan.wins}") if self.plan.seed % 2 else ("--table-conflict", f"*=node-wins={self.plan.wins}")
        if self.kafka:
            arguments += ("--transport", "kafka", "--brokers", self.kafka.bootstrap, "--topic-prefix", self.pair.name)
        if self.plan.sites:
            done = command("init", *node_arguments({"a": self.pair.a, "b": self.pair.b}), "--exclude", "oracle.*")
            assert done.status == 0, done
            self.instances = [self.pair.tandem("--peer", self.pair.peer(database).node, *arguments, init=False,
                                               nodes={database.node: self._uri(database)}) for database in self.pair.both]
        else:
            self.instances = [self.pair.tandem(*arguments, nodes={each.node: self._uri(each) for each in self.pair.both})]
        for instance in self.instances:
            instance.start()
        for instance in self.instances:
            instance.wait_streaming(deadline=60)
        return self

    def instance_of(self, node):
        return self.instances[self.plan.sites and node == "b"]

    # --- the history ------------------------------------------------------------------------------
    def carry_out(self):
        """Applications and faults, to their end; then all is applied and verified. The history."""
        for writer in self.writers:
            writer.thread.start()
        total = sum(len(writer.steps) for writer in self.writers)
        for share, name, node, seconds in self.plan.faults:
            wait_until(lambda: sum(writer.done for writer in self.writers) >= share * total, 120, f"{share:.0%} of the steps")
            getattr(self, f"_{name}")(node, seconds)
            self.happened.append(name)
        for writer in self.writers:
            writer.thread.join(120)
            assert not writer.thread.is_alive(), "an application hangs"
        errors = [error for writer in self.writers for error in writer.errors]
        assert not errors, f"applications saw {len(errors)} errors, first: {errors[0]}"
        self.settle()
        self.assert_streaming()
        # A row that a delete did not find goes when its source has said that it lost: what then differs is judged.
        with contextlib.suppress(Timeout):
            wait_until(lambda: rows_of(self.pair.a) == rows_of(self.pair.b), 5, "equal", every=0.2)
        return self.collect()

    def cross(self, table, number):
        """A write of each master to one row, of which neither has seen the other's; b's is the later one."""
        for instance in self.instances:
            instance.freeze()
        for database in self.pair.both:
            writer = next(each for each in self.writers if each.database is database)
            with database.transaction() as cursor:
                statements = Statements(cursor, database.node, writer.next_seq)
                did, seq = statements.run("upsert", table, number, None), writer.next_seq()
                statements.note(seq, did)
            writer.acknowledged.add(seq)
        for instance in self.instances:
            instance.thaw()
        self.settle()
        return self.collect()

    def settle(self):
        for instance in self.instances:
            instance.wait_streaming(deadline=60)
        for _ in range(2):  # what the first one has set off has come to its end after the second
            self.pair.settle(deadline=60)
            if "secondary_unique" in self.plan.gaps:  # a collision is resolved by writes of its own, which may collide
                self._unpark()
            wait_until(lambda: all(self._verified(source) for source in self.pair.both), 30, "all is verified",
                       detail=self.explain)

    def _unpark(self):
        def none_parked():
            return not any(self.pair.parked(database) for database in self.pair.both)
        for _ in range(20):
            wait_until(none_parked, 30, "nothing is parked", detail=self.explain)
            self.pair.settle(deadline=60)
            if none_parked():
                return
        raise AssertionError("collisions come without end")

    def _verified(self, source):
        """A source's slot is moved to what is verified only (R9)."""
        applied = self.pair.peer(source).value("SELECT applied_lsn FROM tandem.progress WHERE stream = %s", source.node)
        return source.sql("SELECT 1 FROM pg_replication_slots WHERE slot_name LIKE 'tandem%%' AND database = "
                          "current_database() AND confirmed_flush_lsn >= %s::pg_lsn", applied)

    def assert_streaming(self):
        for instance in self.instances:
            for name in instance.direction_names():
                assert instance.state(name) == "streaming", instance.explain()

    def collect(self):
        self.lines = {node: slot.lines() for node, slot in self.slots.items()}
        return history_oracle.History(
            tables=TABLES,
            wal={node: slot.transactions(TABLES, self.lines[node]) for node, slot in self.slots.items()},
            rows={database.node: rows_of(database) for database in self.pair.both},
            conflicts={database.node: conflicts_of(database) for database in self.pair.both},
            acknowledged={database.node: {seq for writer in self.writers if writer.database is database
                                          for seq in writer.acknowledged} for database in self.pair.both},
            long_columns=LONG, wins=self.plan.wins)

    def explain(self):
        return f"seed {self.plan.seed}, faults {self.happened} of {self.plan}\n{self.pair.explain()}"

    def close(self):
        for writer in self.writers:
            writer.halt.set()
        for writer in self.writers:
            if writer.thread.ident is not None:
                writer.thread.join(30)
        for instance in self.instances:
            instance.close()
        for proxy in self.proxies.values():
            proxy.close()
        self.pair.close()

    # --- faults: each returns when what it broke can be whole again ----------------------------------
    def _started(self):
        """A process that finds no server when it starts gives up; one that has come to stream comes through by itself."""
        for instance in self.instances:
            instance.wait_streaming(deadline=60)

    def _terminate(self, node, _seconds):
        self._started()
        getattr(self.pair, node).value(SESSIONS)

    def _sever(self, node, seconds):
        self._started()
        self.proxies[node].sever()
        pass_by(seconds)
        self.proxies[node].mend()

    def _stall(self, node, seconds):
        self._started()
        self.proxies[node].stall()
        pass_by(seconds)
        self.proxies[node].mend()

    def _unanswered(self, node, seconds):
        """The server carries out what it was told, and nobody hears of it."""
        self._started()
        self.proxies[node].hold_answers()
        pass_by(seconds)
        self.proxies[node].sever()
        self.proxies[node].mend()

    def _freeze(self, node, seconds):
        self.instance_of(node).freeze()
        pass_by(seconds)
        self.instance_of(node).thaw()

    def _lock(self, node, seconds):
        """The applier finds a table in use. Applications wait too, for as long as they do at all."""
        with contextlib.suppress(psycopg2.errors.LockNotAvailable), \
                getattr(self.pair, node).transaction(options=WAITS_FOR_LOCKS) as cursor:
            cursor.execute("LOCK TABLE hot IN SHARE MODE")
            pass_by(seconds)

    def _kill9(self, node, seconds):
        self.instance_of(node).kill9()
        pass_by(seconds)
        self.instance_of(node).start()

    def _stop(self, node, seconds):
        instance = self.instance_of(node)  # a process that has just been started ends by the signal, as any does
        wait_until(lambda: instance.get("/livez")[0] == 200, 30, "it has begun to serve")
        instance.stop()
        pass_by(seconds)
        self.instance_of(node).start()

    def _crash(self, node, seconds):
        self._started()
        cluster = getattr(self.servers, node)
        cluster.stop("immediate")
        pass_by(seconds)
        cluster.start()

    def _restart(self, node, seconds):
        self._started()
        cluster = getattr(self.servers, node)
        cluster.stop("fast")
        pass_by(seconds)
        cluster.start()

    def _broker(self, _node, seconds):
        number = self.plan.chance("broker").randint(1, 3)
        self.kafka.kill(number)
        pass_by(seconds)
        self.kafka.restart(number)


def pass_by(seconds):
    """How long a fault lasts; nothing is expected of it."""
    threading.Event().wait(seconds)


def set_clocks(servers, *seconds):
    """Returns when both servers tell the new time."""
    for cluster, clock, offset in zip((servers.a, servers.b), servers.clocks, seconds):
        clock.set(offset)
        if cluster.running:
            with contextlib.closing(psycopg2.connect(cluster.dsn("postgres"))) as connection:
                cursor = connection.cursor()
                cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
                told = float(cursor.fetchone()[0]) - time.time()
                assert abs(told - offset) < 0.5, (cluster.name, told, offset)


def rows_of(database):
    """{(table, key): {column: text}} of the tables."""
    found = {}
    for table, keys in TABLES.items():
        for (row,) in database.sql(f"SELECT (SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(t))) FROM {table} t"):
            found[table, tuple(row[column] for column in keys)] = row
    return found


def conflicts_of(database):
    found = rows_as_dicts(database, "SELECT * FROM tandem.conflict ORDER BY id")
    for row in found:
        row["incoming_at"] = (row["incoming_at"] - history_wal.EPOCH) // history_wal.datetime.timedelta(microseconds=1)
    return [row for row in found if row["table_name"] in TABLES]


# --- as tests use it ------------------------------------------------------------------------------------
def seeds(count):
    """Of as many histories, or of the one that is asked for."""
    if one := os.environ.get("TANDEM_TEST_HISTORY"):
        return [int(one)]
    first = int(os.environ.get("TANDEM_TEST_SEED", "0")) or random.randrange(1, 1 << 30)
    return [first * 1000 + number for number in range(int(os.environ.get("TANDEM_TEST_HISTORIES", str(count))))]


def tell(module, counts):
    """To whoever asked for counts."""
    if path := os.environ.get("TANDEM_TEST_COUNTS"):
        with open(path, "a", encoding="utf-8") as out:
            out.write(json.dumps({module: counts}) + "\n")


class Unjudged(AssertionError):
    """The history did not come to its end: nothing is known of the masters."""


def check(servers, plan, kafka=None, counts=None):
    """Carries the history out and judges it: what it finds is all the masters' own evidence. Returns what was counted."""
    for _ in range(2):
        before = ended_by_its_clock(servers)
        try:
            return checked(servers, plan, kafka, counts)
        except Unjudged:  # what was judged stands, whatever ended a server
            if ended_by_its_clock(servers) == before:
                raise
        if counts is not None:
            counts["repeated: a server was ended by its clock"] += 1
    return checked(servers, plan, kafka, counts)


def ended_by_its_clock(servers):
    """How often. libfaketime opens a file whenever it is asked for the time; PostgreSQL asks when a time limit's signal
    comes, which may be in the midst of malloc(): that is the end of all the server's sessions, and nobody's fault here."""
    texts = [cluster.log_text() for cluster in (servers.a, servers.b)]
    return sum(text.count(complaint) for text in texts
               for complaint in ("\ncorrupted ", "\nmalloc(", "\nmalloc_", "\nfree(", "\nrealloc(", "\ndouble free",
                                 "\nFatal glibc error: malloc"))


def checked(servers, plan, kafka, counts):
    run, history, found = Run(servers, plan, kafka), None, history_oracle.Findings()
    try:
        history = run.start().carry_out()
        found = history_oracle.judge(history)
        for database in run.pair.both:
            if parked := run.pair.parked(database):
                found.add("parked", f"{database.node}: {parked[:2]}")
        for name in ("own successor folded", "own successor before verification"):
            if found.counts[name] and "own_successor" in plan.gaps:
                found.add("unlisted", f"{name}: {found.counts[name]}")
        assert not found.found, "; ".join(f"{rule}: {text}" for rule, text, _ in found.found[:5])
        run.pair.assert_equal()  # the same asked of the servers alone
        for instance in run.instances:
            instance.stop()  # asserts exit 0 within 10 s
    except BaseException as error:
        folder = keep(run, history, found)
        kind = AssertionError if history is not None else Unjudged
        raise kind(f"history {plan.seed} (repeat: TANDEM_TEST_HISTORY={plan.seed}): {error}\n{found.counts}\n"
                   f"evidence in {folder}\n{plan}") from error
    finally:
        run.close()
    found.counts["histories"] += 1
    for name in run.happened:
        found.counts[f"fault {name}"] += 1
    if counts is not None:
        counts.update(found.counts)
    return found.counts


def keep(run, history, found):
    """Both WALs as decoded, the conflict logs, tandem's log and what happened to the keys concerned."""
    place = os.environ.get("TANDEM_HISTORY_EVIDENCE")
    if place:
        pathlib.Path(place).mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"history-{run.plan.seed}-", dir=place))
    if history is None:
        with contextlib.suppress(psycopg2.Error, AssertionError):  # it has not come so far
            history = run.collect()
    lines = [str(run.plan), f"happened: {run.happened}", str(found.counts), *(f"{rule}: {text}" for rule, text, _ in found.found)]
    if history is not None:
        for where in list(dict.fromkeys(where for _, _, where in found.found if where))[:10]:
            lines.append(timeline(history, *where))
    (folder / "found").write_text("\n".join(lines))
    for node, (decoded, local) in run.lines.items():
        (folder / f"wal-{node}").write_text("\n".join(f"{at} {xid}{'' if xid in local else ' origin'} {text[:600]}"
                                                      for at, xid, text in decoded))
    for database in run.pair.both:
        with contextlib.suppress(psycopg2.Error):
            (folder / f"parked-{database.node}").write_text("\n".join(map(str, run.pair.parked(database))))
            (folder / f"conflicts-{database.node}").write_text("\n".join(map(str, conflicts_of(database))))
    for cluster in (run.servers.a, run.servers.b):
        (folder / f"server-{cluster.name}.log").write_text(cluster.log_tail(300))
    (folder / "tandem.log").write_text(run.instances[-1].log_text() if run.instances else "")
    return folder
