"""A worker of Kafka Connect with Debezium's connectors as plugins, asked over its REST interface."""

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from support.brokers import free_ports
from support.kafka_admin import CACHE
from support.waiting import wait_until

import maven  # of tools/local, which kafka_admin has put in the path

POMS = Path(__file__).with_name("connect")
JVM = ("-Xms256m", "-Xmx1536m", "-XX:+UseG1GC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
       "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS")
# The worker's own must be the only ones of these: with two, a task dies of classes that do not fit.
WORKERS_OWN = ("jackson-core-", "jackson-databind-", "jackson-annotations-", "slf4j-api-")

SETTINGS = {
    "group.id": "connect",
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "key.converter.schemas.enable": "true",
    "value.converter.schemas.enable": "true",
    "config.storage.topic": "connect-configs",
    "offset.storage.topic": "connect-offsets",
    "status.storage.topic": "connect-status",
    "offset.storage.partitions": "1",
    "status.storage.partitions": "1",
    "plugin.discovery": "service_load",
    "connector.client.config.override.policy": "All",
    "offset.flush.interval.ms": "10000",
}


def _say(text):
    print(text, file=sys.stderr, flush=True)


class Worker:
    """One process. Its folder `home` holds settings and plugins, and goes with it; its log stays beside it."""

    def __init__(self, bootstrap, replicas, home):
        """`bootstrap`: of a cluster that runs, `replicas`: of the worker's own topics."""
        self.home = Path(home)
        self.log = self.home.with_suffix(".log")
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        shutil.rmtree(self.home, ignore_errors=True)
        self._link_plugins()
        settings = {**SETTINGS, "bootstrap.servers": bootstrap, "listeners": self.url,
                    "plugin.path": self.home / "plugins",
                    **{f"{kind}.storage.replication.factor": replicas
                       for kind in ("config", "offset", "status")}}
        (self.home / "worker.properties").write_text(
            "".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
        self.process = None

    def _link_plugins(self):
        for part in ("source", "sink"):
            folder = self.home / "plugins" / part
            folder.mkdir(parents=True)
            for jar in map(Path, maven.classpath(POMS / part / "pom.xml", CACHE, _say).split(":")):
                if not jar.name.startswith(WORKERS_OWN):
                    (folder / jar.name).symlink_to(jar)

    def start(self):
        parts = maven.classpath(POMS / "worker" / "pom.xml", CACHE, _say)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "java", *JVM, "-cp", parts,
                 "org.apache.kafka.connect.cli.ConnectDistributed", str(self.home / "worker.properties")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home, start_new_session=True)
        wait_until(self._answers, 180, "Kafka Connect answers")

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Kafka Connect ended with {self.process.returncode}:\n{self.log_tail()}")
        try:
            return self.ask("GET", "/connectors") is not None
        except OSError:
            return False

    def ask(self, method, path, content=None):
        """The answer as JSON, {} if it is empty, None if the worker does not know yet or is busy with its group."""
        request = urllib.request.Request(self.url + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if content is None else json.dumps(content).encode())
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                text = answer.read()
                return json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            if error.code in (404, 409, 503):  # not known yet, rebalancing, starting
                return None
            raise RuntimeError(f"Kafka Connect: {method} {path}: {error.code} {error.read().decode()}\n"
                               f"{self.log_tail()}") from None

    def command(self, method, path, content=None):
        wait_until(lambda: self.ask(method, path, content) is not None, 60, f"Kafka Connect does {method} {path}")

    def wait_state(self, connector, state):
        """Every task of the connector is in the state."""
        def reached():
            found = self.ask("GET", f"/connectors/{connector}/status")
            for task in found["tasks"] if found else ():
                if task["state"] == "FAILED":
                    raise RuntimeError(f"{connector} failed:\n{task['trace']}\n{self.log_tail()}")
            return found and found["tasks"] and all(task["state"] == state for task in found["tasks"])
        wait_until(reached, 120, f"connector {connector} is {state}")

    def log_tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
