"""tools/quickstart once all is installed and built: masters, tandem, load, proof, summary."""

import argparse
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools" / "local"))

import load as chat_load  # noqa: E402
import proof  # noqa: E402
import psycopg2  # noqa: E402
import workload  # noqa: E402
from cluster import ClusterError, refuse_taken_port  # noqa: E402
from instance import Instance, InstanceError  # noqa: E402

SETTLE_SECONDS = 60


def say(text):
    print(f"quickstart: {text}", file=sys.stderr, flush=True)


class Stop(Exception):
    """Somebody asked us to end."""


class EnvironmentFailure(Exception):
    """Something outside is not as needed: a port, a server, a binary."""


class Servers:
    """The two local masters, and three brokers if asked for, by tools/stack in a folder of our own."""

    def __init__(self, given):
        self.flags = ["--root", str(given.root), "--ports", ",".join(map(str, given.ports)),
                      "--kafka-ports", ",".join(map(str, given.kafka_ports))]
        self.wanted = [*(["--pg", str(given.pg)] if given.pg else []), *(["--kafka"] if given.kafka else [])]
        self.started = False
        self.transport = []  # tandem's flags for it

    def start(self):
        """Fresh ones; what an earlier run left behind is replaced. Returns [(name, uri)]."""
        self.started = True
        done = self._stack("reset", *self.wanted, "--json")
        if done.returncode != 0:
            raise EnvironmentFailure("the servers did not start; if tools/stack has its own on "
                                     "these ports: tools/stack stop")
        status = json.loads(done.stdout)
        if "--kafka" in self.wanted:
            self.transport = ["--transport", "kafka", "--brokers", status["kafka"]["bootstrap"]]
        return [(name, node["uri"]) for name, node in status["nodes"].items()]

    def stop(self):
        if self.started:
            self._stack("stop")

    def _stack(self, *what):
        process = subprocess.Popen([str(REPOSITORY / "tools" / "stack"), *what, *self.flags],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)
        try:
            said, _ = process.communicate()
        except Stop:
            process.communicate()  # a server half started could not be stopped
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, said)


class Run:
    """One quickstart from the first connection to the verdict."""

    def __init__(self, given, nodes, instance, transport):
        self.given, self.nodes, self.instance, self.transport = given, nodes, instance, transport
        for _, uri in nodes:
            chat_load.create_schema(uri)
        self.watches = [proof.Watch(name, uri, workload.TABLES) for name, uri in nodes]
        self.load = chat_load.Load(nodes, given.rate, seed=given.seed,
                                   conflicts=not given.no_conflicts)
        self.halves = 0  # times a reader met a balance that does not add up
        self.late = []   # findings of the waiting

    def drive(self):
        """Seed, then the load for the given time."""
        for watch in self.watches:
            watch.install()
        self.instance.start("--exclude", f"{proof.SCHEMA}.*", *self.transport)
        say(f"tandem is ready at {self.instance.url}; writing to both masters for "
            f"{self.given.seconds:g} s")
        self.load.seed()
        before = self.rows()
        self.load.start()
        began = told = time.monotonic()
        while (now := time.monotonic()) < began + self.given.seconds:
            if self.load.stopping.wait(min(0.2, began + self.given.seconds - now)):
                break  # a session failed
            self.instance.check_alive()
            self.look_at_balances()
            if time.monotonic() - told >= 1:
                rows = self.rows()
                say(f"{time.monotonic() - began:4.0f} s   " + "   ".join(
                    f"{name} wrote {(new - old) / (time.monotonic() - told):6.0f} rows/s"
                    for (name, _), old, new in zip(self.nodes, before, rows)))
                before, told = rows, time.monotonic()
        try:
            self.load.stop()
        except chat_load.LoadError as failure:
            # What the load leans on is gone: the oracles will say what else is wrong.
            self.late.append(f"the load could not go on: {failure}")

    def rows(self):
        return [node.rows for node in self.load.nodes]

    def look_at_balances(self):
        """A transfer moves money in one transaction: no reader may see half of it (promise 2)."""
        self.halves += sum(watch.unbalanced("chat_account", "balance", workload.BALANCE)
                           for watch in self.watches)

    def settle(self):
        """Waits until both streams have passed all that was written, and nothing moves any more.

        What is not so in time goes to the findings; the oracles then say what it led to.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        ends = [watch.wal_end() for watch in self.watches]
        seen = None
        try:
            while True:
                self.load.fence_all(max(1, deadline - time.monotonic()))
                now = [watch.changes_seen() for watch in self.watches]
                # Each round writes one fence row on each node, and every node sees all of them.
                quiet = seen == [count - len(self.nodes) for count in now]
                if quiet and self.passed(ends) and proof.equal(self.watches):
                    return
                if time.monotonic() > deadline:
                    break
                seen = now
        except chat_load.LoadError as failure:
            self.late.append(str(failure))
            return
        if not quiet:
            self.late.append(f"rows are still being changed {SETTLE_SECONDS} s after the load")
        if not self.passed(ends):
            self.late.append(f"a stream has not passed the end of the load in {SETTLE_SECONDS} s")

    def passed(self, ends):
        """Whether each master's WAL up to these positions is taken over by the other."""
        one, two = self.watches
        return all(peer.applied(source.name, end) or source.confirmed(end)
                   for source, peer, end in ((one, two, ends[0]), (two, one, ends[1])))

    def judge(self):
        """The verdict, with tandem's own numbers for display only."""
        verdict = proof.judge(self.load, self.watches)
        verdict.blame("on the way", self.late)
        verdict.blame("half a transaction was visible", ["balances do not add up"] * self.halves)
        status, said = self.instance.verify()
        if status != 0:
            verdict.blame(f"tandem verify exits with {status}", [said[-1000:]])
        for node in self.load.nodes:
            say(f"{node.name} wrote {node.rows} row changes in {node.transactions} transactions, "
                f"{node.rolled_back} more rolled back"
                + "".join(f", {count} x {reason}" for reason, count in node.retried.items()))
        return verdict

    def show_live(self):
        """Until Ctrl-C: the load goes on, unwatched, and tandem tells what it does."""
        for watch in self.watches:
            watch.remove()
        for node in self.load.nodes:
            node.recording = False
        self.load.start()
        print(f"\nstaying up: status at {self.instance.url}/api/v1/status, metrics at "
              f"{self.instance.url}/metrics; Ctrl-C ends", flush=True)
        before, at = self.instance.status(), time.monotonic()
        while not self.load.stopping.wait(1):
            self.instance.check_alive()
            now, then, at = self.instance.status(), at, time.monotonic()
            print("\r" + "  |  ".join(live(name, before[name], now[name], at - then)
                                       for name in self.instance.directions) + "\033[K",
                  end="", flush=True)
            before = now
        self.load.stop()

    def close(self):
        self.load.stopping.set()
        for watch in self.watches:
            watch.close()


def live(name, before, now, seconds):
    """One direction of the line that is rewritten every second."""
    rate = (now["applied"] - before["applied"]) / seconds
    return (f"{name.replace(':', '→')} {rate:6.0f} rows/s "
            f"lag {now['lag_seconds'] or 0:.2f} s conflicts {now['conflicts']}")


def closing_lines(verdict, directions, status):
    """The two last lines of --once; the second only when it is true."""
    applied = " ".join(f"{name.replace(':', '->')} applied={status[name]['applied']}"
                       for name in directions)
    echoes = sum(status[name]["echoes_stopped"] for name in directions)
    lines = [f"quickstart: {applied} echoes_stopped={echoes} conflicts={verdict.conflicts} "
             f"lost={verdict.lost} doubled={verdict.doubled} looped={verdict.looped}"]
    if verdict.good:
        lines.append(f"quickstart: masters equal ({verdict.tables} tables, {verdict.rows} rows)")
    else:
        lines.append(f"quickstart: NOT proved: {verdict.findings[0].split(';')[0]}")
    return lines


def prove(given, servers, keep):
    """The whole of it; returns the exit status. `keep` is filled with what must be stopped."""
    refuse_taken_port(given.listen, "tandem's HTTP (--listen)")
    say("starting two PostgreSQL masters" + (" and three Kafka brokers" if given.kafka else ""))
    nodes = servers.start()
    instance = Instance(given.binary, nodes, given.listen, given.root / "tandem.log")
    keep.append(instance)
    run = Run(given, nodes, instance, servers.transport)
    try:
        run.drive()
        say("load done; waiting for both streams, then checking")
        run.settle()
        verdict, status = run.judge(), instance.status()
        lines = closing_lines(verdict, instance.directions, status)
        if given.once or not verdict.good:
            ended = instance.stop()
            if ended != 0:
                verdict.blame("tandem does not end as promised", [f"exit status {ended}"])
                lines = closing_lines(verdict, instance.directions, status)
        for finding in verdict.findings:
            say(finding)
        if given.once or not verdict.good:
            return 0 if verdict.good else 1, lines
        print("\n".join(lines), flush=True)
        try:
            run.show_live()
        except Stop as why:
            if why.args[0] != "SIGINT":
                raise
            print("\nquickstart: stopping", flush=True)  # the proof is made: Ctrl-C is the way out
        return 0, []
    finally:
        run.close()


def arguments():
    parser = argparse.ArgumentParser(prog="tools/quickstart")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-conflicts", action="store_true")
    parser.add_argument("--pg", type=int)
    parser.add_argument("--ports", default="5434,5435")
    parser.add_argument("--kafka", action="store_true")
    parser.add_argument("--kafka-ports", default="19092,19093,19094,19192,19193,19194")
    parser.add_argument("--listen", type=int, default=8083)
    parser.add_argument("--root", type=pathlib.Path, default=REPOSITORY / "build" / "quickstart")
    parser.add_argument("--binary", type=pathlib.Path,
                        default=REPOSITORY / "build" / "release" / "tandem")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    try:
        given.ports = [int(port) for port in given.ports.split(",")]
        given.kafka_ports = [int(port) for port in given.kafka_ports.split(",")]
    except ValueError:
        parser.error("--ports takes two numbers, as in 5434,5435, and --kafka-ports six")
    if not (0 < given.rate < math.inf and 0 < given.seconds < math.inf):
        parser.error("--rate and --seconds must be above 0")
    if len({*given.ports, given.listen}) != 3 or len(given.ports) != 2 or \
            not all(0 < port < 65536 for port in (*given.ports, given.listen)):
        parser.error("--ports takes two numbers and --listen a third one, between 1 and 65535")
    if given.kafka and (len({*given.ports, given.listen, *given.kafka_ports}) != 9 or
                        not all(0 < port < 65536 for port in given.kafka_ports)):
        parser.error("--kafka-ports takes six numbers between 1 and 65535, none of them another's")
    if given.pg is not None and not 12 <= given.pg <= 18:
        parser.error("--pg takes 12 to 18")
    if not os.access(given.binary, os.X_OK):
        parser.error(f"--binary {given.binary} is no program")
    given.once = given.once or not sys.stdout.isatty()
    return given


def stop_on_signal(number, _frame):
    raise Stop(signal.Signals(number).name)


def main():
    given = arguments()
    given.root.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_on_signal)
    servers = Servers(given)
    started, status, lines = [], 1, []
    try:
        status, lines = prove(given, servers, started)
    except Stop as why:
        print(flush=True)
        say(f"{why}: stopping")
    except (ClusterError, EnvironmentFailure) as failure:
        say(str(failure))
        status = 3
    except (InstanceError, chat_load.LoadError, psycopg2.Error) as failure:
        say(str(failure))
        status = 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the end is not interrupted
        for instance in started:
            instance.stop()
        if not given.keep:
            servers.stop()
    if lines:
        print("\n".join(lines), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
