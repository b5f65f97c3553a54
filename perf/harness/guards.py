"""What last-update-wins costs: the same catch-up without guards (apply-remote), with them, and with conflicts.

Each repeat fills a table in three pairs of databases alike, and then, while nobody listens, changes it at the source in
transactions of 100: half of the changes are updates, 4 of 10 inserts, the rest deletes. In the third pair the target has
newer versions of 5 % of the updated rows. tandem serves both directions, as two masters need it. The clock runs from the
start of its process until the last change is visible at the target; a result counts only when both databases have the same
rows in the end, and when exactly the losing versions are in tandem.conflict.
"""

import contextlib
import sys
import time

import goals
from catchup import CATCH_UP_SECONDS, circumstances, flags, judged, ratios, show
from databases import ROW, ROWS_PER_TRANSACTION, Database, servers
from measuring import cpu_between, cpu_seconds, end_in_good_order, say, wait
from tandem_run import Tandem

UPDATES, INSERTS, DELETES = 50, 40, 10  # of a transaction
CONFLICTS = 0.05  # of the updated rows

CHANGE = f"""CREATE PROCEDURE change(rows int, transactions int) LANGUAGE plpgsql AS $$
BEGIN
    FOR t IN 0..transactions - 1 LOOP
        UPDATE chat_message SET likes = likes + 1, body = 'changed ' || id, sent_at = clock_timestamp()
        WHERE id > t * {UPDATES} AND id <= (t + 1) * {UPDATES};
        DELETE FROM chat_message
        WHERE id > rows / 2 + t * {DELETES} AND id <= rows / 2 + (t + 1) * {DELETES};
        INSERT INTO chat_message
        SELECT {ROW} FROM generate_series(rows + t * {INSERTS} + 1, rows + (t + 1) * {INSERTS}) AS n;
        COMMIT;
    END LOOP;
END $$"""


class Pair(Tandem):
    """Two databases of the same rows and the tandem between them."""

    def __init__(self, name, clusters, given, policy, conflicts):
        self.conflicts, self.checkpointed = conflicts, None
        self.one, self.other = (Database(cluster, f"perf_{name}", given.tcp) for cluster in clusters)
        self.one.sql(CHANGE)
        given.both_ways = True
        super().__init__(name, self, self.other, given, "--conflict", policy)

    @property
    def uri(self):
        return self.one.uri

    def walsenders(self, slots):
        return self.one.walsenders(slots)

    def confirmed(self, slots):
        """The source's slot is where the source was when it was told to be quiet."""
        return self.checkpointed is None or self.one.value(
            "SELECT bool_and(confirmed_flush_lsn >= %s) FROM pg_replication_slots WHERE slot_name LIKE %s AND "
            "database = %s", self.checkpointed, slots, self.one.name)

    def quiet(self):
        """Nothing was written there since, but by tandem, which is no reason to confirm anything."""
        self.checkpointed = self.one.value("SELECT pg_current_wal_insert_lsn()")

    def refill(self, rows):
        """The same rows in both, synced, then the changes, and what the target holds against them; the last id."""
        self.start()
        self.instance.wait_streaming(deadline=60)
        self.one.sql("SET synchronous_commit = off")
        self.one.sql("TRUNCATE chat_message")
        self.one.sql(f"INSERT INTO chat_message SELECT {ROW} FROM generate_series(1, {rows}) AS n")
        self.quiet()
        wait("the rows are there", CATCH_UP_SECONDS, lambda: self.other.value("SELECT count(*) FROM chat_message") == rows)
        self.stop()
        for database in (self.one, self.other):
            database.sql("TRUNCATE tandem.conflict")
            database.sql("VACUUM ANALYZE chat_message")
        transactions = rows // ROWS_PER_TRANSACTION
        self.one.sql("CALL change(%s, %s)", rows, transactions)
        self.quiet()
        if self.conflicts:
            self.other.sql("UPDATE chat_message SET likes = -1 WHERE id <= %s AND id %% %s = 0",
                           transactions * UPDATES, round(1 / CONFLICTS))
        for database in (self.one, self.other):
            database.sql("CHECKPOINT")
        return rows + transactions * INSERTS

    def catch_up(self, rows):
        last = self.refill(rows)
        before = cpu_seconds(self.parts())
        begun = time.monotonic()
        self.start()
        wait(f"{self.name} has the last row", CATCH_UP_SECONDS,
             lambda: self.other.sql("SELECT 1 FROM chat_message WHERE id = %s", last))
        seconds = time.monotonic() - begun
        used = cpu_between(before, cpu_seconds(self.parts()))
        wait(f"{self.name}: both have the same rows", 60, lambda: self.one.content() == self.other.content())
        lost = self.other.value("SELECT count(*) FROM tandem.conflict")
        expected = rows // ROWS_PER_TRANSACTION * UPDATES // round(1 / CONFLICTS) if self.conflicts else 0
        if lost != expected:
            raise RuntimeError(f"{self.name}: {lost} conflicts, {expected} expected")
        self.stop()
        cpu = {part: each / rows * 1e6 for part, each in used.items()}
        say(f"{self.name}: {rows / seconds:,.0f} changes/s, {lost} conflicts, CPU us/change " +
            ", ".join(f"{part} {each:.2f}" for part, each in cpu.items()))
        return {"rows_per_s": rows / seconds, "seconds": seconds, "conflicts": lost, "cpu_us_per_row": cpu}


def main():
    given = judged(flags("perf/harness/run guards", __doc__.splitlines()[0]), {"rows": 100_000, "repeats": 3})
    end_in_good_order(given.minutes)
    record = circumstances(given)
    with servers() as clusters, contextlib.ExitStack() as clean_up:
        systems = []
        for name, policy, conflicts in (("unguarded", "apply-remote", False), ("guarded", "last-update-wins", False),
                                        ("conflicting", "last-update-wins", True)):
            systems.append(Pair(name, clusters, given, policy, conflicts))
            clean_up.callback(systems[-1].close)
        runs = {system.name: [] for system in systems}
        for repeat in range(given.repeats + 1):  # the first one warms up
            for system in systems if repeat % 2 == 0 else reversed(systems):
                done = system.catch_up(given.rows)
                if repeat > 0:
                    runs[system.name].append(done)
    for name, each in runs.items():
        show(name, each)
    records = goals.judge("guards.", {"guards.cost": ratios(runs["guarded"], runs["unguarded"]),
                                      "guards.conflicts": ratios(runs["conflicting"], runs["guarded"])})
    goals.record("guards", {**record, "goals": records, "runs": runs})
    return goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
