"""What making tables equal costs, and proving that they are.

First sync: a table of the source is brought to an empty one, by COPY through a pipe of two psql, and by `tandem run --init` in its place,
from the start of its process until all rows are there and both directions stream. Merge: two copies of which 90 % is equal, 4 % only here, 4 % only there and 2 %
different; what the streams carry until they are equal, over the text of the rows that have to move. Verify: the CPU time of servers and
tandem for comparing two equal copies, over that of count(*) and sum(hashtext(row)) in each; and the latency of 2,000 commits a second while
tables are compared all the time, over that without. A result counts only when both databases have the same rows in the end.
"""

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
import types

import goals
import latency
from catchup import circumstances, flags, judged
from databases import ROW, Database, servers
from measuring import end_in_good_order, peak_memory_mb, say, wait
from shared import binaries, tandem
from tandem_run import Tandem

PATIENCE = 600
TICKS = os.sysconf("SC_CLK_TCK")
HASHED = "SELECT count(*), sum(hashtext(m::text)) FROM chat_message AS m"
EQUAL, ONLY_HERE, ONLY_THERE = 0.90, 0.04, 0.04


def psql(uri, statement):
    place = binaries.bin_dir(15, goals.REPOSITORY / "build" / "cache", say) / "psql"
    return [str(place), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", uri, "-c", statement]


def copy(source, target):
    """Seconds of COPY of all rows."""
    began = time.monotonic()
    reading = subprocess.Popen(psql(source.uri, "COPY chat_message TO STDOUT"), stdout=subprocess.PIPE)
    subprocess.run(psql(target.uri, "COPY chat_message FROM STDIN"), stdin=reading.stdout, check=True)
    reading.stdout.close()
    if reading.wait() != 0:
        raise RuntimeError("COPY from the source failed")
    return time.monotonic() - began


def equal(source, target):
    if source.content() != target.content():
        raise RuntimeError("the target's rows differ from the source's")


def server_cpu(database):
    """Seconds that the server has used, sessions that have ended included."""
    def ticks(pid, first, last):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[first:last]))
    (postmaster,) = open(f"{database.value('SHOW data_directory')}/postmaster.pid", encoding="utf-8").readline().split()
    used = ticks(postmaster, 11, 15)  # its own, and that of its children that have ended
    with open(f"/proc/{postmaster}/task/{postmaster}/children", encoding="utf-8") as children:
        for pid in children.read().split():
            with contextlib.suppress(FileNotFoundError):  # it has ended
                used += ticks(pid, 11, 13)
    return used / TICKS


def cpu_of(one, other, work):
    """Seconds of both servers and of the processes that `work` runs."""
    def used():
        mine = resource.getrusage(resource.RUSAGE_CHILDREN)
        return server_cpu(one) + server_cpu(other) + mine.ru_utime + mine.ru_stime
    before = used()
    work()
    return used() - before


class Pair:
    """Two databases of one name, and what is to run between them."""

    def __init__(self, name, clusters, given):
        self.name, self.given = name, given
        self.one, self.other = (Database(cluster, f"perf_{name}", given.tcp) for cluster in clusters)
        os.environ["TANDEM_BINARY"] = given.binary
        self.nodes = {"a": self.one.uri, "b": self.other.uri}

    def fill(self):
        self.one.sql("SET synchronous_commit = off")
        self.one.sql(f"INSERT INTO chat_message SELECT {ROW} FROM generate_series(1, {self.given.rows}) AS n")
        self.one.sql("VACUUM ANALYZE chat_message")

    def copied(self):
        self.fill()
        copy(self.one, self.other)
        self.other.sql("VACUUM ANALYZE chat_message")

    @contextlib.contextmanager
    def running(self):
        words = ["--tables", "public.chat_message", *self.given.flags.split()]
        instance = tandem.Tandem(self.nodes, *words, workspace=types.SimpleNamespace(path=goals.REPOSITORY / "build" / "perf"),
                                 init=True, log_name=f"{self.name}.log")
        instance.log_path.unlink(missing_ok=True)
        instance.start()
        try:
            yield instance
            instance.stop(30)
        finally:
            instance.close()

    def verify(self, most=PATIENCE):
        done = tandem.command("verify", *tandem.node_arguments(self.nodes), "--tables", "public.chat_message", deadline=most)
        if done.status != 0:
            raise RuntimeError(f"verify: {done}")


def first_sync(number, clusters, given):
    """{"copy": seconds, "tandem": seconds, "memory_mb"} into one empty table after the other, from one source."""
    pair = Pair(f"first_{number}", clusters, given)
    pair.fill()

    def by_copy():
        took = copy(pair.one, pair.other)
        equal(pair.one, pair.other)
        pair.other.sql("TRUNCATE chat_message")
        return took

    def by_tandem():
        began = time.monotonic()
        with pair.running() as instance:
            instance.wait_streaming(deadline=PATIENCE)
            wait("all rows are there", PATIENCE, lambda: pair.other.value("SELECT count(*) FROM chat_message") == given.rows)
            took = time.monotonic() - began
            memory = peak_memory_mb(instance.pid)
        equal(pair.one, pair.other)
        return took, memory
    copied = by_copy()
    took, memory = by_tandem()
    say(f"first sync: COPY {copied:.2f} s, tandem {took:.2f} s, {memory:.0f} MB")
    return {"copy": copied, "tandem": took, "memory_mb": memory}


def merge(clusters, given):
    """Bytes that the streams carried until both were equal, and of the rows that had to move."""
    pair = Pair("merge", clusters, given)
    pair.copied()
    low, mid, high = (round(given.rows * each) for each in (EQUAL, EQUAL + ONLY_HERE, EQUAL + ONLY_HERE + ONLY_THERE))
    pair.other.sql("DELETE FROM chat_message WHERE id > %s AND id <= %s", low, mid)
    pair.one.sql("DELETE FROM chat_message WHERE id > %s AND id <= %s", mid, high)
    pair.other.sql("UPDATE chat_message SET body = 'newer ' || body, likes = likes + 1 WHERE id > %s", high)
    length = "SELECT coalesce(sum(length(m::text)), 0)::bigint FROM chat_message AS m WHERE id > %s"
    to_move = pair.one.value(f"{length} AND id <= %s", low, mid) + pair.other.value(length, mid)
    began = time.monotonic()
    with pair.running() as instance:
        instance.wait_streaming(deadline=60)

        def done():
            said = tandem.command("snapshot", "status", *tandem.node_arguments(pair.nodes))
            return "done" in said.out
        wait("both are equal", PATIENCE, done)
        took = time.monotonic() - began
        moved = sum(instance.direction(each)["captured_bytes"] for each in ("a:b", "b:a"))
    equal(pair.one, pair.other)
    say(f"merge: {moved / 1e6:.1f} MB carried, {to_move / 1e6:.1f} MB had to, {took:.1f} s")
    return {"moved_bytes": moved, "different_bytes": to_move, "seconds": took}


def compare(pair):
    """CPU seconds of verify and of hashing each row at both."""
    def hashed():
        for database in (pair.one, pair.other):
            subprocess.run(psql(database.uri, HASHED), check=True, stdout=subprocess.DEVNULL)
    one = cpu_of(pair.one, pair.other, hashed)
    other = cpu_of(pair.one, pair.other, pair.verify)
    say(f"verify: {other:.2f} s of CPU time, hashing all rows {one:.2f} s")
    return {"verify": other, "hashed": one}


class Verifying(threading.Thread):
    """One verify after the other."""

    def __init__(self, pair):
        super().__init__()
        self.pair, self.ending, self.failure, self.times = pair, threading.Event(), None, 0

    def run(self):
        try:
            while not self.ending.is_set():
                self.pair.verify()
                self.times += 1
        except Exception as failure:  # raised by end()
            self.failure = failure

    def end(self):
        self.ending.set()
        self.join()
        if self.failure is not None:
            raise self.failure
        if self.times == 0:
            raise RuntimeError("no verify came to its end")


class Written(Tandem):
    """As latency.measure has it."""

    def __init__(self, pair, given):
        self.pair = pair
        super().__init__("verified", types.SimpleNamespace(
            uri=pair.one.uri, name=pair.one.name, cluster=pair.one.cluster, sql=pair.one.sql, value=pair.one.value,
            content=pair.one.content, confirmed=lambda slots: True, walsenders=pair.one.walsenders), pair.other, given)

    def verified(self, seconds):
        work = Verifying(self.pair)
        work.start()
        try:
            found = latency.measure(self, seconds)
        finally:
            work.end()
        return found


def latencies(pair, given):
    """[(without, with)] of each repeat."""
    given.both_ways = True
    system = Written(pair, given)
    try:
        latency.set_up(pair.one)
        found = []
        for _ in range(given.repeats):
            found.append((latency.measure(system, given.seconds), system.verified(given.seconds)))
        return found
    finally:
        system.close()


def main():
    parser = flags("perf/harness/run sync", __doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.set_defaults(rows=1_000_000)
    given = judged(parser, {"rows": 100_000, "repeats": 2, "seconds": 5})
    end_in_good_order(given.minutes)
    record = circumstances(given)
    with servers() as clusters:
        firsts = [first_sync(number, clusters, given) for number in range(given.repeats)]
        merged = merge(clusters, given)
        pair = Pair("verify", clusters, given)
        pair.copied()
        compared = [compare(pair) for _ in range(given.repeats)]
        waited = latencies(pair, given)
    records = goals.judge("sync.", {
        "sync.first.vs_copy": statistics.median(each["copy"] / each["tandem"] for each in firsts),
        "sync.merge.moved": merged["moved_bytes"] / merged["different_bytes"],
        "sync.verify.vs_hash": statistics.median(each["verify"] / each["hashed"] for each in compared),
        "sync.verify.p99": statistics.median(other["p99"] / one["p99"] for one, other in waited)})
    goals.record("sync", {**record, "goals": records, "first_sync": firsts, "merge": merged, "verify": compared,
                          "latencies": [{"without": one, "with": other} for one, other in waited]})
    return goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
