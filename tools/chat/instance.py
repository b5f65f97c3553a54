"""A `tandem run` between the masters, as a user starts it: command line, HTTP, signals, log."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

READY_SECONDS = 60
STOP_SECONDS = 15  # the promise is 10


class InstanceError(Exception):
    """tandem did not start, ended, or does not answer; the text holds its last words."""


class Instance:
    """Owned by quickstart. The process ends with us, even if we are killed."""

    def __init__(self, binary, nodes, port, log):
        """nodes: [(name, uri)]."""
        self.binary, self.log = str(binary), Path(log)
        self.url = f"http://127.0.0.1:{port}"
        self.nodes = [part for name, uri in nodes for part in ("--node", f"{name}={uri}")]
        self.directions = [f"{one}:{two}" for one, _ in nodes for two, _ in nodes if one != two]
        self.argv = [self.binary, "run", "--init", *self.nodes, "--listen", f"127.0.0.1:{port}"]
        self.process = None

    def start(self, *more):
        with open(self.log, "wb") as log:
            # An own session: Ctrl-C reaches us alone, and we end tandem with one signal.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *self.argv, *more], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready():
            self.check_alive()
            if time.monotonic() > deadline:
                raise InstanceError(f"tandem is not ready after {READY_SECONDS} s:\n{self.tail()}")
            time.sleep(0.05)

    def check_alive(self):
        if self.process.poll() is not None:
            raise InstanceError(f"tandem ended with {self.process.returncode}:\n{self.tail()}")

    def stop(self):
        """Asks once, as Ctrl-C does. Returns its exit status; None if it had to be killed."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        finally:
            self.process = None

    def status(self):
        """{direction: its part of the status}."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/status", timeout=5) as answer:
                return json.load(answer)["directions"]
        except (OSError, ValueError, KeyError) as failure:
            raise InstanceError(f"no status from {self.url}: {failure}") from failure

    def verify(self):
        """`tandem verify` on both masters: (exit status, what it said)."""
        done = subprocess.run([self.binary, "verify", *self.nodes, "--tables", "public.*"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              env={**os.environ, "TANDEM_FAILPOINT": ""})
        return done.returncode, done.stdout.strip()

    def tail(self, lines=15):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"last lines of {self.log}:\n" + "\n".join(text.splitlines()[-lines:])

    def _ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False
