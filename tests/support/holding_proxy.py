"""Stands between a client and a server and keeps back what the client says from a given text on: a packet that is late."""

import socket
import threading


def _end(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended already


class HoldingProxy:
    """Forwards bytes both ways. The first piece with `what` in it waits for release(), also when its sender is dead by
    then; the server's side of that connection stays open until close()."""

    def __init__(self, port, what):
        self.what = what
        self.holds = threading.Event()
        self.released = threading.Event()
        self.answered = threading.Event()  # the server said something to the held piece
        self._to = port
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open += [client, server]
            held = threading.Event()
            threading.Thread(target=self._forward, args=(client, server, held), daemon=True).start()
            threading.Thread(target=self._back, args=(server, client, held), daemon=True).start()

    def _forward(self, client, server, held):
        try:
            while piece := client.recv(65536):
                if self.what in piece and not self.holds.is_set():
                    held.set()
                    self.holds.set()
                    self.released.wait()
                server.sendall(piece)
        except OSError:
            pass
        if not held.is_set():
            _end(server)

    def _back(self, server, client, held):
        try:
            while piece := server.recv(65536):
                if held.is_set():
                    self.answered.set()
                    continue
                client.sendall(piece)
        except OSError:
            pass
        if not held.is_set():
            _end(client)

    def release(self):
        self.released.set()

    def close(self):
        self.released.set()
        for each in [self._listener, *self._open]:
            _end(each)
            each.close()
