"""`tandem connect`, asked over REST as a user would."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

from support.brokers import free_ports
from support.tandem import binary
from support.waiting import wait_until

TOPICS = {kind: f"my_connect_{name}" for kind, name in
          (("CONFIG", "configs"), ("OFFSET", "offsets"), ("STATUS", "statuses"))}


def request(url, method, path, content=None, headers=None, timeout=60):
    """(status, headers, text) of one request; `content`: what becomes JSON, or bytes as they are."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=timeout)
    sent = {"Content-Type": "application/json"} if content is not None else {}
    body = content if content is None or isinstance(content, bytes) else json.dumps(content).encode()
    try:
        connection.request(method, path, body, {**sent, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace")
    finally:
        connection.close()


class Face:
    """One process. `bootstrap`: of a cluster that runs. Its address stays the same from start to start."""

    def __init__(self, bootstrap, workspace, *arguments, env=None, name="connect"):
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = pathlib.Path(workspace.path) / f"{name}-{self.port}.log"
        self.argv = [binary(), "connect", "--listen", f"127.0.0.1:{self.port}", *arguments]
        self.env = {**os.environ, "BOOTSTRAP_SERVERS": bootstrap,
                    **{f"{kind}_STORAGE_TOPIC": topic for kind, topic in TOPICS.items()}, **(env or {})}
        self.process = None
        self.ready_after = None

    def start(self, deadline=60):
        began = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.argv], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.env)
        wait_until(self.ready, deadline, "tandem connect answers", detail=self.log_tail)
        self.ready_after = time.monotonic() - began
        return self

    def ready(self):
        assert self.process.poll() is None, f"tandem connect ended with {self.process.returncode}\n{self.log_tail()}"
        try:
            return self.ask("GET", "/health")[0] == 200
        except OSError:
            return False

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self, deadline=10):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(deadline) == 0, self.log_tail()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill9()

    # --- what it says ------------------------------------------------------------------------------
    def ask(self, method, path, content=None, **headers):
        """(status, JSON or None)."""
        status, _, text = request(self.url, method, path, content, headers)
        return status, json.loads(text) if text else None

    def must(self, method, path, content=None):
        status, answer = self.ask(method, path, content)
        assert 200 <= status < 300, f"{method} {path}: {status} {answer}\n{self.log_tail()}"
        return answer

    def create(self, name, config):
        return self.must("POST", "/connectors", {"name": name, "config": config})

    def states(self, name):
        """The connector's, and its tasks'; None when there is none."""
        status, answer = self.ask("GET", f"/connectors/{urllib.parse.quote(name, safe='')}/status")
        if status == 404:
            return None
        return answer["connector"]["state"], [task["state"] for task in answer["tasks"]]

    def wait_running(self, *names, deadline=60):
        for name in names:
            def running(name=name):
                states = self.states(name)
                return states and states[1] and set(states[1]) == {"RUNNING"}
            wait_until(running, deadline, f"{name} runs", detail=self.explain)

    def explain(self):
        try:
            return json.dumps(self.ask("GET", "/connectors?expand=status")[1], indent=1) + "\n" + self.log_tail()
        except (OSError, ValueError) as error:
            return f"no status: {error}\n{self.log_tail()}"

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40):
        return "--- tandem connect\n" + "\n".join(self.log_text().splitlines()[-lines:])
