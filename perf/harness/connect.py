"""`tandem connect` beside Kafka Connect with Debezium's connectors: the same connectors, by the same configuration.

Each repeat fills the source's table while nobody listens. Then the sources write topics of their own, one after the
other, each from its own slot: theirs, ours, ours through five transformations; and theirs flattened, as input. Then
the sinks write into databases of their own, one after the other: theirs and ours what Debezium wrote, as envelopes and
flattened. The clock runs from the request to resume a connector until the topic has the last record, or the target the
last row. A sink's result counts only when the rows are equal; ours of our source's topic is run for that alone. At the
end: how soon a worker with these connectors answers, and applies a row that was written while it was away.
"""

import contextlib
import os
import statistics
import sys
import time
import types

import psycopg2

import debezium
import goals
from catchup import CATCH_UP_SECONDS, circumstances, flags, judged, ratios, show
from databases import Database, Source, servers
from kafka import SETTINGS, VOID_BELOW, WARM_UP_ROWS, cluster, cpu
from measuring import cpu_between, cpu_seconds, end_in_good_order, peak_memory_mb, say, wait
from shared import Admin, ClusterError, Face, Worker

# Rows/s on a quiet machine of two cores with a warm JVM; see VOID_BELOW.
ANCHORS = {"theirs": 30_000, "theirs.envelope": 15_000, "theirs.flat": 25_000}
KAFKA = "org.apache.kafka.connect.transforms."
FIVE = {
    **debezium.FLATTENED,
    "transforms": "unwrap,site,mask,day,route",
    "transforms.site.type": KAFKA + "InsertField$Value",
    "transforms.site.static.field": "site",
    "transforms.site.static.value": "a",
    "transforms.mask.type": KAFKA + "MaskField$Value",
    "transforms.mask.fields": "user_id",
    "transforms.mask.replacement": "somebody",
    "transforms.day.type": KAFKA + "TimestampConverter$Value",
    "transforms.day.field": "sent_at",
    "transforms.day.target.type": "unix",
    "transforms.day.format": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'",
    "transforms.route.type": KAFKA + "RegexRouter",
    "transforms.route.regex": "(.*)chat_message",
    "transforms.route.replacement": "$1changed_message",
}


class Side:
    """A worker that is asked over REST, and where its CPU time goes. `part`: its name there."""

    def __init__(self, part, worker, pid, ask, wait_state):
        self.part, self.worker, self.pid, self.ask, self.wait_state = part, worker, pid, ask, wait_state

    @property
    def memory_mb(self):
        return peak_memory_mb(self.pid())


class Connector:
    """One that stays, and is resumed and paused for each measurement."""

    def __init__(self, side, name, config):
        self.side, self.name = side, name
        side.ask("PUT", f"/connectors/{name}/config", config)
        side.wait_state(name, "RUNNING")

    def resume(self):
        self.side.ask("PUT", f"/connectors/{self.name}/resume")

    def pause(self):
        self.side.ask("PUT", f"/connectors/{self.name}/pause")
        self.side.wait_state(self.name, "PAUSED")


def timed(name, rows, system, parts, there):
    """Resumes it, waits, pauses it: the run's record."""
    before = cpu_seconds(parts())
    begun = time.monotonic()
    system.resume()
    wait(f"{name} is through", CATCH_UP_SECONDS, there)
    seconds = time.monotonic() - begun
    used = cpu_between(before, cpu_seconds(parts()))
    each = {part: spent / rows * 1e6 for part, spent in used.items()}
    say(f"{name}: {rows / seconds:,.0f} rows/s, CPU us/row " + ", ".join(f"{part} {us:.2f}" for part, us in each.items()))
    return {"rows_per_s": rows / seconds, "seconds": seconds, "cpu_us_per_row": each, "load": os.getloadavg()[0]}


class SourceRun:
    """From the table into a topic."""

    def __init__(self, name, side, source, admin, more, table="chat_message"):
        self.name, self.side, self.source, self.admin = name, side, source, admin
        self.slot = f"perf_{name}"
        self.topic = f"{name}.public.{table}"
        self.connector = Connector(side, f"{name}-source", {
            **debezium.SOURCE, "database.port": str(source.cluster.port), "database.dbname": source.name,
            "topic.prefix": name, "slot.name": self.slot, "publication.name": self.slot, **debezium.TUNED_SOURCE, **more})
        wait(f"{name} streams", 60, lambda: source.walsenders(self.slot))
        self.connector.pause()

    def _end(self):
        return self.admin.offsets(self.topic)[1] if self.topic in self.topics else 0

    def measure(self, rows):
        self.topics = self.admin.topics()
        goal = self._end() + rows

        def through():
            if self.topic not in self.topics:
                self.topics = self.admin.topics()
            return self._end() >= goal

        def parts():
            return {"walsender": self.source.walsenders(self.slot), self.side.part: [self.side.pid()]}
        run = timed(self.name, rows, self.connector, parts, through)
        if self.side.part == "tandem":  # its session ends with the pause; Debezium's stays and reads on
            wait(f"{self.name} has confirmed", 60, lambda: self.source.confirmed(self.slot))
        self.connector.pause()
        if self._end() != goal:
            raise RuntimeError(f"{self.name}: topic {self.topic} ends at {self._end()}, not at {goal}")
        return run


class SinkRun:
    """From a topic into a database of its own."""

    def __init__(self, name, side, topic, target):
        self.name, self.side, self.target = name, side, target
        address = f"jdbc:postgresql://127.0.0.1:{target.cluster.port}/{target.name}?reWriteBatchedInserts=true"
        self.connector = Connector(side, f"{name}-sink", {
            **debezium.SINK, "topics": topic, "connection.url": address, **debezium.TUNED_SINK})
        self.connector.pause()

    def measure(self, wanted, rows):
        self.target.sql("TRUNCATE chat_message")
        self.target.sql("CHECKPOINT")
        last = wanted["ends"][1]

        def there():
            return self.target.sql("SELECT 1 FROM chat_message WHERE id = %s AND sent_at = %s", *last)

        def parts():
            return {"apply": self.target.sessions(), self.side.part: [self.side.pid()]}
        run = timed(self.name, rows, self.connector, parts, there)
        self.connector.pause()
        if self.target.content() != wanted["content"]:
            raise RuntimeError(f"{self.name}: the target's rows differ from the source's")
        return run


class Rig:
    def __init__(self, given, clean_up):
        self.given = given
        a, b = clean_up.enter_context(servers(2))
        brokers = clean_up.enter_context(cluster(1))
        self.admin = Admin(brokers.bootstrap)
        clean_up.callback(self.admin.close)
        worker = Worker(brokers.bootstrap, 1, goals.REPOSITORY / "build" / "perf" / "connect")
        clean_up.callback(worker.close)
        worker.start()
        os.environ["TANDEM_BINARY"] = given.binary
        self.face = Face(brokers.bootstrap, types.SimpleNamespace(path=goals.REPOSITORY / "build" / "perf"))
        clean_up.callback(self.face.close)
        self.face.log_path.unlink(missing_ok=True)
        self.face.start()
        theirs = Side("connect", worker, lambda: worker.process.pid, worker.command, worker.wait_state)
        ours = Side("tandem", self.face, lambda: self.face.process.pid, self.face.must, self._wait_state)
        self.sides = (theirs, ours)
        self.source = Source(a, "perf", given.tcp)
        self.sources = [SourceRun("theirs", theirs, self.source, self.admin, {}),
                        SourceRun("ours", ours, self.source, self.admin, {}),
                        SourceRun("five", ours, self.source, self.admin, FIVE, "changed_message"),
                        SourceRun("flat", theirs, self.source, self.admin, debezium.FLATTENED)]
        of = {each.name: each.topic for each in self.sources}
        self.sinks = [SinkRun(f"{name}.{form}", side, of[topic], Database(b, f"perf_{name}_{form}", given.tcp))
                      for form, topic in (("envelope", "theirs"), ("flat", "flat"))
                      for name, side in (("theirs", theirs), ("ours", ours))]
        self.sinks.append(SinkRun("ours.own", ours, of["ours"], Database(b, "perf_ours_own", given.tcp)))
        self.runs = {each.name: [] for each in (*self.sources, *self.sinks)}

    def _wait_state(self, name, state):
        def reached():
            found = self.face.states(name)
            if found and "FAILED" in found[1]:
                raise RuntimeError(f"{name} failed:\n{self.face.explain()}")
            return found and found[1] and set(found[1]) == {state}
        wait(f"connector {name} is {state}", 60, reached)

    def catch_ups(self):
        say(f"warming up with {min(WARM_UP_ROWS, self.given.rows):,} rows")
        self._round(min(WARM_UP_ROWS, self.given.rows), 0, None)
        for repeat in range(self.given.repeats):
            say(f"repeat {repeat + 1} of {self.given.repeats}")
            self._round(self.given.rows, repeat, self.runs)

    def _round(self, rows, number, runs):
        wanted = self.source.fill(rows)
        made = [(each, each.measure(rows)) for each in (self.sources if number % 2 == 0 else reversed(self.sources))]
        made += [(each, each.measure(wanted, rows)) for each in (self.sinks if number % 2 == 0 else reversed(self.sinks))]
        for each in self.sources:
            self.admin.delete_records(each.topic, 0, -1)
        for each, run in made if runs is not None else ():
            runs[each.name].append(run)

    def starts(self):
        """Seconds until the worker answers, and until a row that waited is applied; all connectors are there."""
        source, sink = self.sources[1].connector, self.sinks[-1].connector
        for each in (source, sink):
            each.resume()
            self._wait_state(each.name, "RUNNING")
        found = []
        for number in range(self.given.repeats):
            self.face.kill9()
            row = 50_000_000 + number
            self.source.sql("INSERT INTO chat_message (id, body) VALUES (%s, 'waited')", row)
            begun = time.monotonic()
            self.face.start()
            wait("the row is applied", 60, lambda: self.sinks[-1].target.sql("SELECT 1 FROM chat_message WHERE id = %s", row))
            found.append({"ready": self.face.ready_after, "first_row": time.monotonic() - begun})
            say("after kill -9: " + ", ".join(f"{what} {seconds:.3f} s" for what, seconds in found[-1].items()))
        return found


def below_anchor(runs):
    """{peer: why its runs say nothing}"""
    void = {}
    for name, anchor in ANCHORS.items():
        got = statistics.median(run["rows_per_s"] for run in runs[name])
        if got < VOID_BELOW * anchor:
            void[name] = f"{got:,.0f} rows/s, less than {VOID_BELOW:.0%} of {anchor:,}"
    return void


def measured(runs, starts, memory, void):
    found = {"connect.chain_of_five": 1 / ratios(runs["five"], runs["ours"]),
             **{f"connect.{what}_s": statistics.median(each[what] for each in starts) for what in starts[0]}}
    if "theirs" not in void:
        found["connect.source"] = ratios(runs["ours"], runs["theirs"])
    for form in ("envelope", "flat"):
        if f"theirs.{form}" not in void:
            found[f"connect.sink.{form}"] = ratios(runs[f"ours.{form}"], runs[f"theirs.{form}"])
    found["connect.memory"] = memory["tandem"] / memory["connect"]
    return found


def arguments():
    return judged(flags("perf/harness/run connect", __doc__.splitlines()[0]), {"rows": 50_000, "repeats": 1})


def main():
    given = arguments()
    end_in_good_order(given.minutes)
    record = {**circumstances(given), "broker_settings": SETTINGS, "chain": FIVE}
    found = {}
    try:
        with contextlib.ExitStack() as clean_up:
            rig = Rig(given, clean_up)
            rig.catch_ups()
            memory = {side.part: side.memory_mb for side in rig.sides}
            starts = rig.starts()
        void = below_anchor(rig.runs)
        for name, runs in rig.runs.items():
            show(name, runs)
            print("  CPU us/row " + ", ".join(f"{part} {statistics.median(cpu(runs, part)):.2f}"
                                              for part in runs[0]["cpu_us_per_row"]))
        print(", ".join(f"peak memory of {name} {mb:,.0f} MB" for name, mb in memory.items()))
        for name, why in void.items():
            print(f"void: {name}: {why}")
        record.update(runs=rig.runs, starts=starts, memory_mb=memory, void=void)
        found = measured(rig.runs, starts, memory, void)
    except (AssertionError, ClusterError, OSError, RuntimeError, psycopg2.Error) as failure:
        record["failed"] = f"{type(failure).__name__}: {failure}"
        say(record["failed"])
    records = goals.judge("connect.", found)
    goals.record("connect", {**record, "goals": records})
    return 1 if "failed" in record else goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
