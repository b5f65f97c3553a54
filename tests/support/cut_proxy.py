"""Stands between a client and a server: a network that can be cut, or stand still, and comes back."""

import contextlib
import socket
import threading


class CutProxy:
    """Forwards bytes both ways until stalled; sever() resets what is open and takes nothing new until mended."""

    def __init__(self, port):
        self._to = port
        self._open = set()
        self._lock = threading.Lock()
        self._flows, self._answers = threading.Event(), threading.Event()
        self._flows.set()
        self._answers.set()
        self._severed = False
        self.cut = 0  # connections that were
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:  # it is away
                client.close()
                continue
            with self._lock:
                taken = not self._severed
                if taken:
                    self._open |= {client, server}
            for one, other, also in ((client, server, self._flows), (server, client, self._answers)):
                if taken:
                    threading.Thread(target=self._forward, args=(one, other, also), daemon=True).start()
                else:
                    one.close()

    def _forward(self, one, other, also):
        with contextlib.suppress(OSError):
            while piece := one.recv(65536):
                self._flows.wait()
                also.wait()
                other.sendall(piece)
        self._end({one, other})

    def _end(self, connections):
        with self._lock:
            self._open -= connections
        for each in connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def sever(self):
        with self._lock:
            self._severed, now = True, set(self._open)
        self.cut += len(now) // 2
        self._end(now)

    def stall(self):
        self._flows.clear()

    def hold_answers(self):
        """What the server says stays here; what it is told it carries out."""
        self._answers.clear()

    def mend(self):
        with self._lock:
            self._severed = False
        self._flows.set()
        self._answers.set()

    def close(self):
        self.mend()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._end(set(self._open))
