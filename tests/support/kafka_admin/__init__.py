"""Topics and records of a Kafka cluster through the Java client: nothing of tandem's takes part.

One JVM per Admin, started at the first call; a call after that costs milliseconds.
"""

import base64
import contextlib
import fcntl
import functools
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tools" / "local"))

import broker  # noqa: E402
import kafka_wire  # noqa: E402

from support.waiting import wait_until  # noqa: E402

SOURCE = pathlib.Path(__file__).with_name("Admin.java")
CACHE = ROOT / "build" / "cache"


@functools.lru_cache(maxsize=None)
def classpath():
    """The jars of a node, which hold the clients too."""
    return broker.classpath(CACHE, functools.partial(print, file=sys.stderr))


@functools.lru_cache(maxsize=None)
def _compiled():
    """The folder of Admin's classes; compiled when the source is new."""
    mark = hashlib.sha256(SOURCE.read_bytes() + classpath().encode()).hexdigest()[:12]
    folder = CACHE / f"kafka_admin-{mark}"
    with open(CACHE / ".kafka_admin.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not folder.exists():
            fresh = CACHE / "kafka_admin.new"
            shutil.rmtree(fresh, ignore_errors=True)
            subprocess.run(["javac", "-Xlint:all,-processing", "-Werror", "-proc:none", "-cp", classpath(),
                            "-d", str(fresh), str(SOURCE)], check=True)
            fresh.rename(folder)
    return folder


class Refused(Exception):
    """What the cluster, or the client, answered; `kind` is the name of the Java exception."""

    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class Admin:
    """Administrator, reader and writer of one cluster. Bytes are bytes; keys and values may be None."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self._process = None

    def close(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    # --- topics: what changes one returns when every broker knows it -------------------------
    def create_topic(self, topic, partitions=1, factor=None, **config):
        """`factor`: default the cluster's. Config by its names, with underscores for dots."""
        self._ask("create_topic", topic=topic, partitions=partitions, factor=factor, config=_config(config))
        self._wait_led(topic, partitions)

    def _wait_led(self, topic, partitions):
        def led():
            found = [seen["topics"].get(topic, {}) for seen in self._each(kafka_wire.metadata, [topic])]
            return all(len(each) == partitions and None not in each.values() for each in found)
        wait_until(led, 30, f"topic {topic} of {partitions} partitions everywhere")

    def _each(self, request, *given):
        """What each broker answers; one that is dead or frozen says nothing."""
        for address in self.bootstrap.split(","):
            with contextlib.suppress(kafka_wire.NoAnswer):
                yield request(int(address.rpartition(":")[2]), *given)

    def delete_topic(self, topic, wait=True):
        self._ask("delete_topic", topic=topic)
        if not wait:  # somebody may make it anew at once
            return
        wait_until(lambda: not any(topic in seen["topics"] for seen in self._each(kafka_wire.metadata, [topic])),
                   30, f"topic {topic} gone everywhere")

    def topics(self):
        """All names, those of internal topics too."""
        return sorted(self._ask("topics"))

    def describe(self, topic):
        """[{"leader": node or None, "replicas": [node], "isr": [node]}], one per partition."""
        return self._ask("describe", topic=topic)

    def leader_of(self, topic, partition=0):
        """The node that leads the partition, or None."""
        return self.describe(topic)[partition]["leader"]

    def config(self, topic):
        """{name: text} of all settings in force."""
        return self._ask("config", topic=topic)

    def set_config(self, topic, **config):
        """Names with underscores for dots; None takes a setting back."""
        wanted = _config(config)
        self._ask("set_config", topic=topic, config=wanted)
        given = {name: value for name, value in wanted.items() if value is not None}
        wait_until(lambda: all(given.items() <= seen.items() for seen in self._each(kafka_wire.topic_config, topic)),
                   30, f"{given} of {topic} everywhere")

    def add_partitions(self, topic, total):
        self._ask("add_partitions", topic=topic, total=total)
        self._wait_led(topic, total)

    def delete_records(self, topic, partition, before):
        """Cuts off what lies before the offset (-1: all); where the log starts then."""
        return self._ask("delete_records", topic=topic, partition=partition, before=before)

    def elect(self, topic, partition=0):
        """The first of the replicas leads again."""
        self._ask("elect", topic=topic, partition=partition)

    def set_scram(self, user, mechanism, password):
        """The user's password by that mechanism (SCRAM-SHA-256, SCRAM-SHA-512), new or another one."""
        self._ask("set_scram", user=user, mechanism=mechanism, password=password)

    def brokers(self):
        """The nodes that are registered and not fenced."""
        return sorted(self._ask("brokers"))

    def quorum(self):
        """Controllers: {"leader": node, "epoch": n, "voters": {node: end of its log}}."""
        said = self._ask("quorum")
        return {**said, "voters": {int(node): end for node, end in said["voters"].items()}}

    # --- records ---------------------------------------------------------------------------------
    def offsets(self, topic, partition=0):
        """(offset of the first record, offset after the last acknowledged one)."""
        return tuple(self._ask("offsets", topic=topic, partition=partition))

    def read(self, topic, partition=0, first=None, end=None, committed=False):
        """Records from offset `first` up to before `end`, default all there are now, as dicts.

        offset, timestamp (ms), key, value, headers [(name, bytes or None)]. `committed`: without those of
        aborted transactions.
        """
        lines = []
        self._ask("read", lines, topic=topic, partition=partition, committed=committed,
                  **{"from": first, "to": end})
        return [{"offset": offset, "timestamp": timestamp, "key": _bytes(key), "value": _bytes(value),
                 "headers": [(name, _bytes(text)) for name, text in headers]}
                for offset, timestamp, key, value, headers in lines]

    def produce(self, topic, *records, end=None):
        """[(partition, offset)] of records: dicts with key, value, headers, partition, timestamp, each optional.

        `end`: "commit" or "abort" writes them in a transaction of their own.
        """
        wire = [{"partition": record.get("partition"), "timestamp": record.get("timestamp"),
                 "key": _text(record.get("key")), "value": _text(record.get("value")),
                 "headers": [(name, _text(value)) for name, value in record.get("headers", [])]}
                for record in records]
        return [tuple(place) for place in self._ask("produce", topic=topic, records=wire, end=end)]

    # --- the JVM -----------------------------------------------------------------------------------
    def _ask(self, what, lines=None, **given):
        if self._process is None:
            self._start()
        self._process.stdin.write(json.dumps({"do": what, **given}) + "\n")
        self._process.stdin.flush()
        while True:
            line = self._process.stdout.readline()
            assert line, f"the Java side ended with {self._process.wait()}"
            said = json.loads(line)
            if isinstance(said, dict):
                break
            lines.append(said)
        if "error" in said:
            raise Refused(said["error"], said["text"])
        return said["ok"]

    def _start(self):
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
             "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{_compiled()}:{classpath()}", "Admin", self.bootstrap],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _config(given):
    return {name.replace("_", "."): value if value is None else str(value).lower() if isinstance(value, bool)
            else str(value) for name, value in given.items()}


def _text(value):
    return None if value is None else base64.b64encode(value).decode()


def _bytes(text):
    return None if text is None else base64.b64decode(text)
