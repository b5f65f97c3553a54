"""Throw-away Kafka clusters for tests, of one or three nodes, and what can happen to them.

Everything lives in a temporary directory, on loopback; nothing that this module did not start is ever
touched. Nodes are named by their number, from 1.
"""

import random
import signal
import socket
import struct

from support.kafka_admin import Admin, broker, classpath
from support.pgcluster import Workspace
from support.waiting import wait_until

# A dead node is noticed in seconds; the defaults of 9 s and more are for networks.
SETTINGS = {"broker.session.timeout.ms": "4000", "broker.heartbeat.interval.ms": "500"}
# Tests end before the second compiler pays.
OPTIONS = ("-XX:TieredStopAtLevel=1",)
# The head of a batch of records: offset, length of what follows that, leader's epoch, format, checksum,
# attributes, last offset, two times, producer, epoch and sequence, count of records.
BATCH_HEAD = struct.Struct(">qi4xb4xh4x8x8x8x2x4xi")
LENGTH_COUNTS_FROM = 12
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PORTS = range(20000, 32000)  # below those that the kernel hands out to connections


def free_ports(count):
    """Ports that stay free until a JVM has booted: no connection is given one of these."""
    found = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            break
    return found


class Kafka:
    """A cluster, not started yet. Factor and min.insync.replicas are 3 and 2, or 1 and 1 of one node."""

    def __init__(self, nodes=3, settings=None, label="kafka", listeners=()):
        """`listeners`: protocols beside PLAINTEXT, which the settings must make possible."""
        self.workspace = Workspace(label)
        ports = free_ports((2 + len(listeners)) * nodes)
        more = {protocol: ports[at * nodes:(at + 1) * nodes] for at, protocol in enumerate(listeners, start=2)}
        self._brokers = broker.Brokers(
            self.workspace.path / "kafka", ports[:nodes], ports[nodes:2 * nodes], {**SETTINGS, **(settings or {})},
            OPTIONS, wrapper=("setpriv", "--pdeathsig", "KILL"), listeners=more)
        self.admin = Admin(self.bootstrap)

    @property
    def bootstrap(self):
        return self._brokers.bootstrap

    def bootstrap_by(self, protocol):
        """The addresses of one of the other listeners."""
        return ",".join(f"127.0.0.1:{port}" for port in self._brokers.listeners[protocol])

    @property
    def cluster_id(self):
        return self._brokers.cluster_file.read_text().strip()

    def node(self, number):
        return self._brokers.nodes[number - 1]

    def running(self):
        """The numbers of the nodes whose process is there, frozen ones too."""
        return [node.number for node in self._brokers.nodes if node.pid() is not None]

    # --- life ----------------------------------------------------------------------------------
    def start(self):
        """Starts the nodes that do not run; all of them are registered when it returns."""
        self._brokers.spawn(classpath())
        self._brokers.await_ready()
        return self

    def stop(self):
        """All of them in good order, data kept."""
        for node in self._brokers.nodes:
            node.signal(signal.SIGCONT)
        self._brokers.stop()

    def kill(self, *numbers):
        """SIGKILL, all at the same moment; they are gone when it returns."""
        self._brokers.stop([self.node(number) for number in numbers], graceful=False)

    def freeze(self, *numbers):
        """SIGSTOP: connections stay open and nobody answers."""
        for number in numbers:
            assert self.node(number).signal(signal.SIGSTOP), f"node {number} does not run"

    def thaw(self, *numbers):
        for number in numbers:
            assert self.node(number).signal(signal.SIGCONT), f"node {number} does not run"

    def restart(self, *numbers, wait=True):
        """Stopped in good order if they run, started again; with wait, registered when it returns."""
        which = [self.node(number) for number in numbers]
        self._brokers.stop([node for node in which if node.pid() is not None])
        self._brokers.spawn(classpath(), which)
        if wait:
            self._brokers.await_ready(which)

    def wait_missed(self, deadline=60):
        """Every node that runs has noticed which do not: each learns it in its own time."""
        def noticed():
            running = self.running()
            try:
                seen = [broker.kafka_wire.metadata(self.node(number).port)["brokers"] for number in running]
            except broker.kafka_wire.NoAnswer:
                return False  # busy, perhaps with an election
            return all(sorted(brokers) == running for brokers in seen)
        wait_until(noticed, deadline, f"nodes {self.running()} know that the others are away")

    def wipe(self):
        """All data is lost: the same addresses, another and empty cluster, started."""
        self.admin.close()  # it knows the old cluster
        self.kill(*self.running())
        self._brokers.remove()
        return self.start()

    def close(self):
        self.admin.close()
        self.kill(*self.running())
        self.workspace.close()

    # --- what lies in the logs -----------------------------------------------------------------
    def batches(self, topic, partition=0):
        """[(codec, records)] of the batches in the partition's log, as its leader keeps them on disk."""
        folder = self.node(self.leader_of(topic, partition)).data / f"{topic}-{partition}"
        found = []
        for segment in sorted(folder.glob("*.log")):
            content, at = segment.read_bytes(), 0
            while at + BATCH_HEAD.size <= len(content):
                _offset, length, magic, attributes, records = BATCH_HEAD.unpack_from(content, at)
                assert magic == 2, f"{segment}: at {at}: a batch of format {magic}"
                found.append((CODECS[attributes & 7], records))
                at += LENGTH_COUNTS_FROM + length
        return found

    # --- who leads -------------------------------------------------------------------------------
    def leader_of(self, topic, partition=0):
        return self.admin.leader_of(topic, partition)

    def wait_in_sync(self, topic, deadline=30):
        """Every replica of the topic is in sync: no acknowledged record hangs on one node."""
        def full():
            return all(set(each["isr"]) == set(each["replicas"]) for each in self.admin.describe(topic))
        wait_until(full, deadline, f"replicas of {topic} in sync", detail=lambda: str(self.admin.describe(topic)))
