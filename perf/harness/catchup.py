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
import statistics
import sys
import time

import goals
from databases import ROWS_PER_TRANSACTION, SETTINGS, Database, Source, servers
from measuring import cpu_between, cpu_seconds, end_in_good_order, say, wait
from tandem_run import Tandem

CATCH_UP_SECONDS = 300


class Native:
    """CREATE SUBSCRIPTION, switched off and on."""

    name = "native"

    def __init__(self, source, target):
        self.source, self.target = source, target
        source.sql("CREATE PUBLICATION native FOR TABLE chat_message")
        target.sql(f"CREATE SUBSCRIPTION native CONNECTION '{source.uri}' PUBLICATION native "
                   "WITH (copy_data = false, synchronous_commit = 'off')")
        self.stop()

    def prepare(self):
        """Nothing: what empties the source reaches the target too."""

    def start(self):
        self.target.sql("ALTER SUBSCRIPTION native ENABLE")

    def stop(self):
        """Not before the slot has confirmed what was applied: the next start is to begin behind it."""
        wait("native has confirmed", 60, lambda: self.source.confirmed("native"))
        self.target.sql("ALTER SUBSCRIPTION native DISABLE")
        wait("the subscription's slot is free", 30, lambda: not self.source.walsenders("native"))

    def parts(self):
        """{part: pids}; both workers are born with start()."""
        applier = self.target.sql("SELECT pid FROM pg_stat_subscription WHERE subname = 'native' AND pid IS NOT NULL")
        return {"walsender": self.source.walsenders("native"), "apply": [row[0] for row in applier]}


def catch_up(system, wanted, rows):
    """Rows/s and CPU per row of one catch-up, verified."""
    system.prepare()
    system.target.sql("CHECKPOINT")
    before = cpu_seconds(system.parts())

    def has(row):
        return lambda: system.target.sql("SELECT 1 FROM chat_message WHERE id = %s AND sent_at = %s", *row)
    first, last = wanted["ends"]
    begun = time.monotonic()
    system.start()
    wait(f"{system.name} has the first row", CATCH_UP_SECONDS, has(first))
    until_first = time.monotonic() - begun
    wait(f"{system.name} has the last row", CATCH_UP_SECONDS, has(last))
    seconds = time.monotonic() - begun
    used = cpu_between(before, cpu_seconds(system.parts()))
    cpu = {part: each / rows * 1e6 for part, each in used.items()}
    system.stop()
    if system.target.content() != wanted["content"]:
        raise RuntimeError(f"{system.name}: the target's rows differ from the source's")
    say(f"{system.name}: {rows / seconds:,.0f} rows/s, the first after {until_first:.2f} s, CPU us/row " +
        ", ".join(f"{part} {each:.2f}" for part, each in cpu.items()))
    return {"rows_per_s": rows / seconds, "seconds": seconds, "until_first_row_s": until_first,
            "cpu_us_per_row": cpu, "load": os.getloadavg()[0]}


def ratios(ours, theirs):
    """The median over rounds: what ran one after the other suffers alike from what else the machine does."""
    return statistics.median(one["rows_per_s"] / other["rows_per_s"] for one, other in zip(ours, theirs))


def show(name, runs):
    rates = [run["rows_per_s"] for run in runs]
    print(f"{name}: rows/s min/median/max {min(rates):,.0f} / {statistics.median(rates):,.0f} / {max(rates):,.0f}")


def measure(given, clusters, runs, clean_up):
    """Fills runs; tandem's memory."""
    a, b = clusters
    source = Source(a, "perf", given.tcp)
    systems = [Native(source, Database(b, "perf_native", given.tcp)),
               Tandem("tandem", source, Database(b, "perf_tandem", given.tcp), given)]
    clean_up.callback(systems[1].close)
    for repeat in range(given.repeats):
        wanted = source.fill(given.rows)
        for system in systems if repeat % 2 == 0 else reversed(systems):
            runs[system.name].append(catch_up(system, wanted, given.rows))
    return systems[1].memory_mb


def flags(prog, description):
    """What both runs take."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--both-ways", action="store_true")
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("--flags", default="", metavar="'--batch-rows 4000'")
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--binary", default=str(goals.REPOSITORY / "build" / "release" / "tandem"))
    parser.add_argument("--judge", action="store_true", help=argparse.SUPPRESS)  # the arguments, nothing else
    return parser


def judged(parser, quick, wrong=lambda given: None):
    """The arguments, if they are right; `quick`: what --quick puts in place of defaults; `wrong`: says why not."""
    if parser.parse_args().quick:
        parser.set_defaults(**quick)
    given = parser.parse_args()
    given.command = " ".join([parser.prog, *sys.argv[1:]])
    if given.rows % ROWS_PER_TRANSACTION or given.rows < 1 or given.repeats < 1 or given.minutes <= 0:
        parser.error(f"--rows is a multiple of {ROWS_PER_TRANSACTION}, --repeats at least 1, --minutes above 0")
    if why := wrong(given):
        parser.error(why)
    named = given.binary != parser.get_default("binary")
    if (named or not given.judge) and not (os.path.isfile(given.binary) and os.access(given.binary, os.X_OK)):
        parser.error(f"--binary {given.binary} is no program")
    if given.judge:
        sys.exit(0)
    return given


def circumstances(given):
    """What a record begins with."""
    return {"circumstances": goals.circumstances(), "command": given.command, "rows": given.rows,
            "rows_per_transaction": ROWS_PER_TRANSACTION, "both_ways": given.both_ways, "tcp": given.tcp,
            "flags": given.flags, "settings": SETTINGS}


def main():
    given = judged(flags("perf/harness/run", __doc__.splitlines()[0]), {"rows": 100_000, "repeats": 3})
    end_in_good_order(given.minutes)
    record = circumstances(given)
    runs = {"native": [], "tandem": []}
    with servers() as clusters, contextlib.ExitStack() as clean_up:
        memory_mb = measure(given, clusters, runs, clean_up)
    for name, each in runs.items():
        show(name, each)
    records = goals.judge("harness.", {
        "harness.catchup.vs_native": ratios(runs["tandem"], runs["native"]), "harness.memory_mb": memory_mb})
    goals.record("harness", {**record, "goals": records, "runs": runs})
    return goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
