"""Runs tandem-chat as a user would, and looks at it as a browser does: HTTP, and a WebSocket of our own."""

import base64
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess

from support.brokers import free_ports
from support.connect_face import request
from support.tandem import ROOT
from support.waiting import wait_until


def binary():
    path = os.environ.get("TANDEM_CHAT_BINARY") or str(ROOT / "build" / "release" / "tandem-chat")
    assert os.access(path, os.X_OK), f"no tandem-chat at {path}: build it, or set TANDEM_CHAT_BINARY"
    return path


class Chat:
    """One instance. `database`: what it writes to, a Database or a URI. Its address stays from start to start."""

    def __init__(self, name, number, database, *arguments, workspace):
        (self.port,) = free_ports(1)
        self.name, self.url = name, f"http://127.0.0.1:{self.port}"
        self.log_path = pathlib.Path(workspace.path) / f"{name}-{self.port}.log"
        uri = database if isinstance(database, str) else database.uri()
        self.argv = [binary(), "--database", uri, "--instance", name, "--number", str(number),
                     "--listen", f"127.0.0.1:{self.port}", *arguments]
        self.process = None

    def start(self, ready=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.argv], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        path = "/readyz" if ready else "/livez"
        wait_until(lambda: self.answers(path), 30, f"{self.name} answers {path}", detail=self.log_tail)
        return self

    def answers(self, path):
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}\n{self.log_tail()}"
        try:
            return request(self.url, "GET", path)[0] == 200
        except OSError:
            return False

    def stop(self, deadline=10):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(deadline) == 0, self.log_tail()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # --- what it is asked --------------------------------------------------------------------------
    def ask(self, method, path, content=None, **headers):
        """(status, JSON)."""
        status, _, text = request(self.url, method, path, content, {name.replace("_", "-"): value
                                                                    for name, value in headers.items()})
        return status, json.loads(text)

    def must(self, method, path, content=None):
        status, answer = self.ask(method, path, content)
        assert status == 200, f"{method} {path}: {status} {answer}\n{self.log_tail()}"
        return answer

    def page(self, room=None):
        return Page(self.port, room)

    # --- what it says ------------------------------------------------------------------------------
    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=30):
        return f"--- {self.name}\n" + "\n".join(self.log_text().splitlines()[-lines:])

    def wait_log(self, expression, deadline=30):
        """The first match in its log."""
        return wait_until(lambda: re.search(expression, self.log_text()), deadline, f"{expression} in the log of {self.name}",
                          detail=self.log_tail)


class Page:
    """A WebSocket client in as many lines as it takes (RFC 6455): texts, pings, no fragments."""

    def __init__(self, port, room=None, path="/chat/socket", headers=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        head = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", *headers]
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self._more()
        answer, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        self.status = int(answer.split()[1])
        self.messages = {}  # id -> message, as a page shows them
        self.told = []
        if room is not None:
            self.open(room)

    def open(self, room):
        self.messages = {}
        self.say({"type": "open", "roomId": room})

    def say(self, content):
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        size = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(text))
        self.socket.sendall(bytes([0x81]) + size + b"\0\0\0\0" + text)  # a mask of zeros changes nothing

    def hear(self, deadline=10):
        """The next text, as JSON; None when the server has closed the connection."""
        self.socket.settimeout(deadline)
        while True:
            while len(self.bytes) < 2:
                if not self._more():
                    return None
            size, at = self.bytes[1], 2
            if size >= 126:
                width = 2 if size == 126 else 8
                while len(self.bytes) < 2 + width:
                    self._more()
                size, at = int.from_bytes(self.bytes[2:2 + width], "big"), 2 + width
            while len(self.bytes) < at + size:
                if not self._more():
                    return None
            kind, content, self.bytes = self.bytes[0] & 15, self.bytes[at:at + size], self.bytes[at + size:]
            if kind == 8:
                return None
            if kind == 9:
                self.socket.sendall(bytes([0x8A, 0x80 | len(content)]) + b"\0\0\0\0" + content)
            if kind == 1:
                told = json.loads(content)
                self.told.append(told)
                if told["type"] == "view":
                    for one in told["gone"]:
                        self.messages.pop(one, None)
                    self.messages.update({one["id"]: one for one in told["messages"]})
                return told

    def wait(self, condition, deadline=20):
        """Hears until condition(self) is true."""
        while not condition(self):
            assert self.hear(deadline) is not None, f"closed; it was told {self.told[-5:]}"

    def bodies(self):
        return [one["body"] for one in sorted(self.messages.values(), key=lambda one: (one["sentAt"], int(one["id"])))]

    def wait_body(self, body, deadline=20):
        self.wait(lambda page: body in page.bodies(), deadline)

    def close(self):
        self.socket.close()

    def _more(self):
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            got = b""
        self.bytes += got
        return bool(got)
