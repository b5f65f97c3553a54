"""What carrying DDL costs a load without any, and how soon an additive ALTER is at the peer.

The load: the catch-up of perf/harness/run, one direction, with the event triggers and without, in turn. The ALTER: ADD COLUMN
while an application commits 2,000 rows a second; from the moment that ALTER TABLE returns until a reader of the peer's catalog sees
the column, looking every millisecond. A result counts only when both databases have the same rows in the end.
"""

import contextlib
import statistics
import sys
import threading
import time

import goals
import latency
from catchup import catch_up, circumstances, flags, judged, ratios, show
from databases import Database, Source, servers
from measuring import end_in_good_order, say, wait
from tandem_run import Tandem

ALTERS = 9
BETWEEN_SECONDS = 0.5
LOOKED_FOR = "SELECT 1 FROM pg_attribute WHERE attrelid = 'chat_message'::regclass AND attname = %s"


class Writing(threading.Thread):
    """2,000 commits a second for so long; raises what went wrong when it is joined."""

    def __init__(self, source, seconds):
        super().__init__()
        self.source, self.seconds, self.failure = source, seconds, None

    def run(self):
        try:
            latency.write(self.source, self.seconds)
        except Exception as failure:
            self.failure = failure

    def end(self):
        self.join()
        if self.failure is not None:
            raise self.failure


def alters(system):
    """Milliseconds of each ADD COLUMN, and the commits a second meanwhile."""
    latency.set_up(system.source)
    low = latency.behind_the_backlog(system)
    seconds = int(ALTERS * BETWEEN_SECONDS * 2) + 3
    writing = Writing(system.source, seconds)
    writing.start()
    waits = []
    try:
        time.sleep(2)  # the load is at its rate
        for number in range(ALTERS):
            name = f"more_{number}"
            system.source.sql(f"ALTER TABLE chat_message ADD COLUMN {name} integer")
            begun = time.monotonic()
            while not system.target.sql(LOOKED_FOR, name):
                if time.monotonic() - begun > 30:
                    raise RuntimeError(f"column {name} does not come")
                time.sleep(0.001)
            waits.append((time.monotonic() - begun) * 1000)
            time.sleep(BETWEEN_SECONDS)
    finally:
        writing.end()
    wrote = system.source.value("SELECT count(*) FROM chat_message WHERE id > %s", low)
    wait("the rows are there", 60, lambda: system.target.value("SELECT count(*) FROM chat_message WHERE id > %s", low) == wrote)
    if system.target.content(low) != system.source.content(low):
        raise RuntimeError("the target's rows differ from the source's")
    say(f"ADD COLUMN at the peer after {', '.join(f'{each:.0f}' for each in sorted(waits))} ms at {wrote / seconds:,.0f} commits/s")
    if wrote / seconds < latency.RATE * latency.RATE_REACHED:
        raise RuntimeError(f"the load reached {wrote / seconds:,.0f} commits/s only, not {latency.RATE}")
    return {"milliseconds": waits, "commits_per_s": wrote / seconds}


def main():
    parser = flags("perf/harness/run ddl", __doc__.splitlines()[0])
    parser.set_defaults(rows=1_500_000, repeats=7)  # a hundredth is to be seen
    given = judged(parser, {"rows": 100_000, "repeats": 3})
    end_in_good_order(given.minutes)
    record = circumstances(given)
    runs = {"without": [], "with": []}
    # The same servers, tables and slot: event triggers come and go by init. (On servers of their own two equal systems differed
    # by more than a hundredth.)
    with servers() as (a, b), contextlib.ExitStack() as clean_up:
        source, target = Source(a, "perf", given.tcp), Database(b, "perf", given.tcp)

        def system(name):
            made = Tandem(name, source, target, given, "--ddl", "on" if name == "with" else "off")
            clean_up.callback(made.close)
            return made
        for repeat in range(given.repeats + 1):  # the first one warms up
            for name in runs if repeat % 2 == 0 else reversed(runs):
                one = system(name)
                done = catch_up(one, source.fill(given.rows), given.rows)
                if repeat > 0:
                    runs[name].append(done)
        soon = alters(system("with"))
    for name, each in runs.items():
        show(name, each)
    records = goals.judge("ddl.", {"ddl.load": ratios(runs["with"], runs["without"]),
                                   "ddl.additive_ms": statistics.median(soon["milliseconds"])})
    goals.record("ddl", {**record, "goals": records, "runs": runs, "additive": soon})
    return goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
