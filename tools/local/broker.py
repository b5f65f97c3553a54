"""A Kafka cluster on loopback: nodes that are broker and controller in one JVM (KRaft)."""

import base64
import os
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import kafka_wire
import maven
from cluster import ClusterError, refuse_taken_port

POM = Path(__file__).with_name("kafka") / "pom.xml"
START_SECONDS = 90
STOP_SECONDS = 15
MINORITY_SECONDS = 1  # what a node is given to end when the controllers have no quorum any more

# Replication as of a cluster whose data matters; the rest keeps a JVM small. The cleaner's buffer
# alone would be half of the heap.
SETTINGS = {
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.num.partitions": "5",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:-UsePerfData")
PASSED_ON = ("PATH", "JDK_JAVA_OPTIONS")
LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
           "-Dorg.slf4j.simpleLogger.showDateTime=true",
           "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS")


def classpath(cache, say):
    """The jars of a node; ClusterError if they are not here and cannot be fetched."""
    if shutil.which("java") is None:
        raise ClusterError("Kafka needs a JVM: apt-get install openjdk-17-jdk-headless")
    try:
        return maven.classpath(POM, cache, say)
    except maven.Unresolved as failure:
        raise ClusterError(str(failure)) from None


class Broker:
    """One node: a folder with its data, two ports, and the process that works in that folder."""

    def __init__(self, number, home, port, controller_port):
        self.number, self.port, self.controller_port = number, port, controller_port
        self.data = Path(home) / f"{number}"
        self.log = Path(home) / f"{number}.log"
        self.pid_file = Path(home) / f"{number}.pid"
        self.properties = Path(home) / f"{number}.properties"
        self.child = None  # what this object started itself, so that it can be reaped

    def format(self, cluster):
        """What StorageTool writes, without a JVM; the metadata version is the newest of the release."""
        self.data.mkdir(parents=True)
        (self.data / "meta.properties").write_text(
            f"version=1\ncluster.id={cluster}\nnode.id={self.number}\ndirectory.id={new_id()}\n")

    def refuse_taken_ports(self):
        for port, what in ((self.port, "broker"), (self.controller_port, "controller")):
            refuse_taken_port(port, f"{what} {self.number}")

    def configure(self, settings):
        self.properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))

    def pid(self):
        """The pid of the node if it runs and is ours, else None.

        The pid file outlives a crash and its number may have been given to another process: that one
        was not started in the same moment, and does not work in our folder.
        """
        if self.child is not None:
            return self.child.pid if self.child.poll() is None else None
        pid, began = self._recorded()
        try:
            ours = began and start_time(pid) == began and os.path.samefile(f"/proc/{pid}/cwd", self.data)
        except OSError:
            return None
        return pid if ours else None

    def _recorded(self):
        """What the pid file says: the pid and when it began, or (None, None)."""
        try:
            pid, began = (int(word) for word in self.pid_file.read_text().split())
        except (OSError, ValueError):
            return None, None
        return pid, began

    def spawn(self, parts, options=(), wrapper=()):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                [*wrapper, "java", *JVM, *LOGGING, *options, "-cp", parts, "kafka.Kafka", str(self.properties)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.data, start_new_session=True,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                     **{name: os.environ[name] for name in PASSED_ON if name in os.environ}})
        self.pid_file.write_text(f"{self.child.pid} {start_time(self.child.pid)}\n")

    def signal(self, number):
        """Sends it to our process; whether there was one."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, number)
        return True

    def gone(self):
        """Whether the process has ended with all of its threads, which hold the ports."""
        pid, began = self._recorded()
        there = self.child.poll() is None if self.child else began and start_time(pid) == began
        if not there:
            self.pid_file.unlink(missing_ok=True)
        return not there

    def log_tail(self, lines=15):
        return "".join(self.log.read_text(errors="replace").splitlines(True)[-lines:]) \
            if self.log.exists() else ""


class Brokers:
    """The nodes of one cluster below a folder. Nothing runs unless started."""

    def __init__(self, home, ports, controller_ports, settings=None, options=(), wrapper=(), listeners=None):
        """`settings`: over those above. `options`: of java. `wrapper`: words before java. `listeners`: beside
        the plain one, {protocol: [port of each node]}."""
        self.home = Path(home)
        self.nodes = [Broker(number, home, *pair)
                      for number, pair in enumerate(zip(ports, controller_ports), start=1)]
        self.settings, self.options, self.wrapper = settings or {}, options, wrapper
        self.listeners = listeners or {}
        self.cluster_file = self.home / "cluster.id"  # written last: a cut format starts over

    @property
    def bootstrap(self):
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def exists(self):
        return self.cluster_file.exists()

    def spawn(self, parts, which=None):
        """Starts those of the nodes that are missing, without waiting for them; returns them."""
        missing = [node for node in (self.nodes if which is None else which) if node.pid() is None]
        self.refuse_taken_ports(missing)
        if not self.exists():
            self._format()
        for node in missing:
            node.configure(self._settings(node))
            node.spawn(parts, self.options, self.wrapper)
        return missing

    def refuse_taken_ports(self, which=None):
        for node in self.nodes if which is None else which:
            node.refuse_taken_ports()

    def _format(self):
        self.remove()
        self.home.mkdir(parents=True, exist_ok=True)
        cluster = new_id()
        for node in self.nodes:
            node.format(cluster)
        self.cluster_file.write_text(cluster + "\n")

    def _settings(self, node):
        count = len(self.nodes)
        voters = ",".join(f"{each.number}@127.0.0.1:{each.controller_port}" for each in self.nodes)
        ports = {"PLAINTEXT": node.port,
                 **{protocol: each[node.number - 1] for protocol, each in self.listeners.items()}}
        offered = ",".join(f"{protocol}://127.0.0.1:{port}" for protocol, port in ports.items())
        return {
            "process.roles": "broker,controller",
            "node.id": node.number,
            "controller.quorum.voters": voters,
            "listeners": f"{offered},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": offered,
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": ",".join(
                ["CONTROLLER:PLAINTEXT", *(f"{protocol}:{protocol}" for protocol in ports)]),
            "log.dirs": node.data,
            "default.replication.factor": count,
            "min.insync.replicas": min(2, count),
            "offsets.topic.replication.factor": count,
            "transaction.state.log.replication.factor": count,
            "transaction.state.log.min.isr": min(2, count),
            **SETTINGS,
            **self.settings}

    def await_ready(self, which=None, seconds=START_SECONDS):
        """Returns when each of the nodes answers that all of those are registered and none is fenced.

        A node learns that from the controllers' log alone, so their quorum has a leader then, and
        every node follows it.
        """
        which = self.nodes if which is None else which
        deadline = time.monotonic() + seconds
        for node in which:
            while (why := self._lacks(node, which)) is not None:
                if node.pid() is None or time.monotonic() > deadline:
                    raise ClusterError(f"broker {node.number} did not start: {why}\n"
                                       f"last lines of {node.log}:\n{node.log_tail()}")
                time.sleep(0.05)

    def _lacks(self, node, wanted):
        """What the node does not see yet, or None."""
        try:
            seen = kafka_wire.metadata(node.port)
        except kafka_wire.NoAnswer as failure:
            return str(failure)
        cluster = self.cluster_file.read_text().strip()
        there = all(seen["brokers"].get(each.number) == each.port for each in wanted)
        return None if there and seen["cluster"] == cluster else f"it sees {seen}"

    def status(self):
        return {"bootstrap": self.bootstrap, "brokers": {
            str(node.number): {"running": node.pid() is not None, "pid": node.pid(), "host": "127.0.0.1",
                               "port": node.port, "controller_port": node.controller_port,
                               "data": str(node.data), "log": str(node.log)} for node in self.nodes}}

    def stop(self, which=None, graceful=True):
        """Stops our nodes, all at once; returns those that ran.

        The last ones have nobody to hand over to and would wait for a quorum: they are killed, which a
        log survives.
        """
        ran = [node for node in (self.nodes if which is None else which)
               if node.signal(signal.SIGTERM if graceful else signal.SIGKILL)]
        deadline = time.monotonic() + STOP_SECONDS
        left = ran
        while left := [node for node in left if not node.gone()]:
            if 2 * sum(node.pid() is not None for node in self.nodes) < len(self.nodes):
                deadline = min(deadline, time.monotonic() + MINORITY_SECONDS)
            if time.monotonic() > deadline:
                for node in left:
                    node.signal(signal.SIGKILL)
            time.sleep(0.02)
        return ran

    def remove(self):
        shutil.rmtree(self.home, ignore_errors=True)


def new_id():
    """A random id as Kafka writes them; the tools stumble over one that begins with a dash."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def start_time(pid):
    """When the process began, in clock ticks since boot; None if the last of its threads has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    state, threads, began = fields[0], int(fields[17]), int(fields[19])
    return None if state in "ZX" and threads <= 1 else began
