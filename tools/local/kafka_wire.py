"""One request of Kafka's protocol, Metadata, over a plain socket: who is in the cluster, as a broker sees it."""

import socket
import struct

METADATA, VERSION, CORRELATION = 3, 2, 1


class NoAnswer(Exception):
    """Nobody listens there, or what listens does not answer as a broker."""


def metadata(port, timeout=2.0):
    """{"cluster": id, "brokers": {number: port}}: the brokers that are registered and not fenced."""
    client = b"stack"
    request = struct.pack(f">hhih{len(client)}si", METADATA, VERSION, CORRELATION, len(client), client, 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as session:
            session.sendall(struct.pack(">i", len(request)) + request)
            (length,) = struct.unpack(">i", _exactly(session, 4))
            return _decoded(_exactly(session, length))
    except (OSError, struct.error) as failure:
        raise NoAnswer(f"127.0.0.1:{port}: {failure}") from None


def _exactly(session, count):
    found = b""
    while len(found) < count:
        part = session.recv(count - len(found))
        if not part:
            raise OSError("closed the connection")
        found += part
    return found


def _decoded(answer):
    at = 0

    def take(form):
        nonlocal at
        (value,) = struct.unpack_from(">" + form, answer, at)
        at += struct.calcsize(">" + form)
        return value

    def text():
        length = take("h")
        return None if length < 0 else take(f"{length}s").decode()

    if take("i") != CORRELATION:
        raise OSError("is no broker")
    brokers = {}
    for _ in range(take("i")):
        number, _host, port, _rack = take("i"), text(), take("i"), text()
        brokers[number] = port
    return {"cluster": text(), "brokers": brokers}
