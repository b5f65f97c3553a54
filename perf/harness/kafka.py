"""Through Kafka: tandem beside Debezium and its JDBC sink, and beside its own direct way, interleaved.

With one broker and then with three, each time on fresh servers. Each repeat fills the source's table while
nobody listens, and one system after the other catches up from its own slot into its own database. The direct
way has a source of its own, since two streams of one node would be one, on a server of its own, since a slot
reads through the WAL of all databases. The clock runs from the start of
tandem's process, or from the request to resume Debezium's connectors, until the last row is visible. Afterwards,
with one broker, the latency of single commits. A result counts only when the rows are equal.
"""

import contextlib
import statistics
import sys

import psycopg2

import debezium
import goals
import latency
from catchup import catch_up, circumstances, flags, judged, ratios, show
from databases import Database, Source, servers
from debezium import Debezium
from measuring import end_in_good_order, say
from shared import Admin, ClusterError, Worker, broker, free_ports
from tandem_run import Tandem

WARM_UP_ROWS = 100_000
VOID_BELOW = 0.75
SETTINGS = {
    "auto.create.topics.enable": "true",
    "message.max.bytes": "10485760",
    # What the sinks have read is removed after each run, and the disk gets it back soon.
    "log.segment.bytes": "268435456",
    "log.retention.check.interval.ms": "10000",
    "log.segment.delete.delay.ms": "1000",
}
# As Kafka's own kafka-server-start.sh and kafka-run-class.sh have it.
JVM = ("-Xmx1G", "-Xms1G", "-XX:-UseSerialGC", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
       "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent")
PHASES = {1: "kafka.", 3: "kafka.three."}


@contextlib.contextmanager
def cluster(nodes):
    """Brokers that run, gone at the end with all they wrote."""
    ports = free_ports(2 * nodes)
    home = goals.REPOSITORY / "build" / "perf" / "kafka"
    brokers = broker.Brokers(home, ports[:nodes], ports[nodes:], SETTINGS, JVM, ("setpriv", "--pdeathsig", "KILL"))
    brokers.remove()
    try:
        brokers.spawn(broker.classpath(goals.REPOSITORY / "build" / "cache", say))
        brokers.await_ready()
        yield brokers
    finally:
        brokers.stop(graceful=False)
        brokers.remove()


class Phase:
    """All systems on fresh servers and a cluster of so many nodes."""

    def __init__(self, nodes, given, clean_up):
        self.nodes, self.given = nodes, given
        a, b, c = clean_up.enter_context(servers(3))
        brokers = clean_up.enter_context(cluster(nodes))
        admin = Admin(brokers.bootstrap)
        clean_up.callback(admin.close)
        def target(name):
            return Database(b, f"perf_{name}", given.tcp)
        self.source, self.direct_source = Source(a, "perf", given.tcp), Source(c, "perf", given.tcp)
        latency.set_up(self.source)
        self.ours = Tandem("tandem-kafka", self.source, target("kafka"), given, "--transport", "kafka", "--brokers",
                           brokers.bootstrap, brokers=[node.pid() for node in brokers.nodes])
        clean_up.callback(self.ours.close)
        self.direct = Tandem("tandem-direct", self.direct_source, target("direct"), given)
        clean_up.callback(self.direct.close)
        self.peers = []
        if not given.ours:
            worker = Worker(brokers.bootstrap, nodes, goals.REPOSITORY / "build" / "perf" / "connect")
            clean_up.callback(worker.close)
            worker.start()
            self.peers = [Debezium(way, self.source, target(way), worker, brokers, admin) for way in debezium.WAYS]
        self.runs = {system.name: [] for system in self._systems()}
        self.latencies = {system.name: [] for system in self._pair()}

    def _systems(self):
        return [self.ours, self.direct, *self.peers]

    def _pair(self):
        """Those whose latency is measured: what is best tuned of the peers."""
        return [self.ours, *self.peers[:1]]

    def catch_ups(self):
        rows = min(WARM_UP_ROWS, self.given.rows)
        say(f"{self.nodes} broker(s), warming up with {rows:,} rows")
        self._round(rows, 0, None)
        for repeat in range(self.given.repeats):
            say(f"{self.nodes} broker(s), repeat {repeat + 1} of {self.given.repeats}")
            self._round(self.given.rows, repeat, self.runs)

    def _round(self, rows, number, runs):
        wanted = {source: source.fill(rows) for source in (self.source, self.direct_source)}
        systems = self._systems()
        for system in systems if number % 2 == 0 else reversed(systems):
            run = catch_up(system, wanted[system.source], rows)
            if runs is not None:
                runs[system.name].append(run)

    def latency(self):
        pair = self._pair()
        for repeat in range(self.given.repeats):
            for system in pair if repeat % 2 == 0 else reversed(pair):
                self.latencies[system.name].append(latency.measure(system, self.given.latency_seconds))

    def result(self):
        return {"runs": self.runs, "latency": self.latencies if any(self.latencies.values()) else {},
                "memory_mb": {"tandem": self.ours.memory_mb, **{"connect": peer.memory_mb for peer in self.peers[:1]}}}


def cpu(runs, part):
    return [run["cpu_us_per_row"][part] for run in runs]


def median_of(runs, name):
    return statistics.median(run[name] for run in runs)


def below_anchor(nodes, result):
    """{peer: why its runs say nothing}"""
    void = {}

    def note(name, why):
        void.setdefault(name, []).append(why)
    for name, anchor in debezium.ANCHORS[nodes].items() if set(debezium.WAYS) <= set(result["runs"]) else ():
        got = median_of(result["runs"][name], "rows_per_s")
        if got < VOID_BELOW * anchor:
            note(name, f"{got:,.0f} rows/s, less than {VOID_BELOW:.0%} of {anchor:,}")
    for name in debezium.WAYS:
        if "flat" in void and name not in debezium.ANCHORS[nodes]:
            note(name, "has no anchor of its own, and flat is void")
    for name, runs in result["latency"].items():
        reached = median_of(runs, "commits_per_s")
        if reached < latency.RATE_REACHED * latency.RATE:
            note("latency", f"{reached:,.0f} commits/s at {name}, not {latency.RATE:,}")
    for name, anchor in debezium.LATENCY_ANCHORS_MS.items() if "flat" in result["latency"] else ():
        got = median_of(result["latency"]["flat"], name)
        if got * VOID_BELOW > anchor:
            note("latency", f"{name} of flat {got:,.0f} ms, {anchor} ms are less than {VOID_BELOW:.0%} of it")
    return void


def measured(prefix, result, void):
    """{goal: value}; what hangs on a peer whose runs are void is not measured."""
    runs, found = result["runs"], {}
    ours = runs["tandem-kafka"]
    for way in debezium.WAYS:
        if way in runs and way not in void:
            found[f"{prefix}catchup.{way}"] = ratios(ours, runs[way])
    found[prefix + "direct_share"] = ratios(ours, runs["tandem-direct"])
    if "flat" in runs and "flat" not in void:
        found[prefix + "cpu_per_row"] = statistics.median(
            mine / theirs for mine, theirs in zip(cpu(ours, "tandem"), cpu(runs["flat"], "connect")))
    if "flat" in result["latency"] and "latency" not in void:
        for name in ("p50", "p99"):
            found[f"{prefix}latency.{name}"] = statistics.median(
                one[name] / other[name] for one, other in zip(*result["latency"].values()))
    return found


def report(nodes, result, void):
    print(f"--- {nodes} broker(s)")
    for name, runs in result["runs"].items():
        show(name, runs)
        print("  CPU us/row " + ", ".join(f"{part} {statistics.median(cpu(runs, part)):.2f}"
                                          for part in runs[0]["cpu_us_per_row"]))
    for name, runs in result["latency"].items():
        print(f"{name}: latency ms p50 {median_of(runs, 'p50'):.1f}, p99 {median_of(runs, 'p99'):.1f}")
    print(", ".join(f"peak memory of {name} {mb:,.0f} MB" for name, mb in result["memory_mb"].items()))
    for name, why in void.items():
        print(f"void: {name}: {', '.join(why)}")


def run_phase(nodes, given):
    with contextlib.ExitStack() as clean_up:
        phase = Phase(nodes, given, clean_up)
        phase.catch_ups()
        if nodes == 1 and given.latency_seconds:
            phase.latency()
        return phase.result()


def arguments():
    parser = flags("perf/harness/run kafka", __doc__.splitlines()[0])
    parser.add_argument("--nodes", choices=("1", "3", "1,3"), default="1,3")
    parser.add_argument("--ours", action="store_true")
    parser.add_argument("--latency-seconds", type=int, default=20)
    given = judged(parser, {"rows": 50_000, "repeats": 1, "latency_seconds": 5},
                   lambda found: "--latency-seconds is at least 0" if found.latency_seconds < 0 else None)
    given.nodes = [int(word) for word in given.nodes.split(",")]
    return given


def main():
    given = arguments()
    end_in_good_order(given.minutes)
    record = {**circumstances(given), "rate": latency.RATE, "latency_seconds": given.latency_seconds,
              "broker_settings": SETTINGS, "debezium": debezium.WAYS, "phases": {}}
    found = {}
    try:
        for nodes in given.nodes:
            result = run_phase(nodes, given)
            void = below_anchor(nodes, result)
            report(nodes, result, void)
            record["phases"][nodes] = {**result, "void": void}
            found.update(measured(PHASES[nodes], result, void))
            found["kafka.memory_mb"] = max(found.get("kafka.memory_mb", 0), result["memory_mb"]["tandem"])
    except (AssertionError, ClusterError, OSError, RuntimeError, psycopg2.Error) as failure:
        record["failed"] = f"{type(failure).__name__}: {failure}"
        say(record["failed"])
    records = goals.judge("kafka.", found)
    goals.record("kafka", {**record, "goals": records})
    return 1 if "failed" in record else goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
