"""Runs the tandem binary as a user would: a command line, signals, exit status, HTTP status.

Nothing here knows how tandem works inside; what it says over HTTP is only used to wait, never as
the answer of an oracle.
"""

import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

from support.pgcluster import free_port
from support.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIVE_STATES = ("streaming",)
# Most tests alter one master on purpose; those of DDL say --ddl on.
os.environ.setdefault("TANDEM_DDL", "off")


def binary():
    path = os.environ.get("TANDEM_BINARY") or str(ROOT / "build" / "release" / "tandem")
    assert os.access(path, os.X_OK), f"no tandem binary at {path}: build it, or set TANDEM_BINARY"
    return path


def node_arguments(nodes):
    """nodes: {name: Database or URI}, in rank order."""
    argv = []
    for name, node in nodes.items():
        argv += ["--node", f"{name}={node if isinstance(node, str) else node.uri()}"]
    return argv


class Outcome:
    """What a command left behind."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    @property
    def text(self):
        return self.out + self.err

    def __repr__(self):
        return f"exit {self.status} after {self.seconds:.1f} s\n-- stdout\n{self.out}\n-- stderr\n{self.err}"


def command(*argv, deadline=60, env=None):
    """Runs one tandem command to its end."""
    began = time.monotonic()
    done = subprocess.run(
        [binary(), *argv], capture_output=True, text=True, errors="replace", timeout=deadline,
        stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    return Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


class Tandem:
    """A running `tandem run`. Owned by one test; close() ends it whatever state it is in."""

    def __init__(self, nodes, *arguments, workspace, init=True, log_name="tandem.log", env=None, program=None):
        self.env = env or {}  # None: without that variable
        self.nodes = nodes
        self.port = free_port()
        self.log_path = pathlib.Path(workspace.path) / log_name
        self.argv = [program or binary(), "run", *(["--init"] if init else []), *node_arguments(nodes),
                     "--listen", f"127.0.0.1:{self.port}", *arguments]
        self.process = None

    # --- life ------------------------------------------------------------------------------------
    def start(self):
        assert not self.running
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.argv], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={name: value for name, value in {**os.environ, **self.env}.items() if value is not None})
        return self

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def freeze(self):
        """SIGSTOP, and waits until no thread of it runs any more."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = pathlib.Path(f"/proc/{self.pid}/task")

        def stopped():
            return all((task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
                       for task in tasks.iterdir())
        wait_until(stopped, 10, "tandem frozen", every=0.0005)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, deadline=10):
        """SIGTERM; asserts the promised clean end (exit 0 within 10 s)."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"tandem not gone {deadline} s after SIGTERM\n{self.log_tail()}")
        assert status == 0, f"tandem ended with {status} after SIGTERM\n{self.log_tail()}"
        return time.monotonic() - began

    def close(self):
        if self.running:
            self.thaw()
            self.kill9()

    # --- what it says ------------------------------------------------------------------------------
    def get(self, path, timeout=5):
        """(HTTP status, body text); (None, reason) when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            return None, str(error)

    def status(self):
        """The parsed /api/v1/status, or None while it does not answer."""
        code, body = self.get("/api/v1/status")
        return json.loads(body) if code == 200 else None

    def direction(self, name):
        status = self.status()
        return (status or {}).get("directions", {}).get(name)

    def state(self, name):
        direction = self.direction(name)
        return direction and direction["state"]

    def wait_state(self, name, *states, deadline=30):
        """Waits until the direction is in one of the states; returns its status."""
        def reached():
            assert self.running, f"tandem ended with {self.process.returncode}\n{self.log_tail()}"
            direction = self.direction(name)
            return direction if direction and direction["state"] in states else None
        return wait_until(reached, deadline, f"{name} in {states}", detail=self.explain)

    def wait_streaming(self, *names, deadline=30):
        for name in names or self.direction_names():
            self.wait_state(name, *LIVE_STATES, deadline=deadline)
        return self

    def direction_names(self):
        for index, argument in enumerate(self.argv):
            if argument == "--one-way":
                return [self.argv[index + 1]]
        peers = [self.argv[index + 1] for index, argument in enumerate(self.argv) if argument == "--peer"]
        first, second = [*self.nodes, *peers]
        return [f"{first}:{second}", f"{second}:{first}"]

    def left_out(self, direction):
        """{table: reason} of the tables this direction does not sync."""
        entries = self.direction(direction).get("left_out", [])
        return {entry["table"]: entry["reason"] for entry in entries}

    def rss_peak(self):
        """Bytes: the process's high-water mark of resident memory."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40):
        return "--- tandem log\n" + "\n".join(self.log_text().splitlines()[-lines:])

    def explain(self):
        try:
            status = json.dumps(self.status(), indent=1) if self.running else "not running"
        except (OSError, ValueError) as error:
            status = f"no status: {error}"
        return f"--- status\n{status}\n{self.log_tail()}"
