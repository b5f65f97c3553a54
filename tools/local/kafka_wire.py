"""Two requests of Kafka's protocol over a plain socket: what one broker, and not just any, knows by now."""

import socket
import struct

METADATA, METADATA_VERSION = 3, 2
DESCRIBE_CONFIGS, DESCRIBE_CONFIGS_VERSION = 32, 1
OF_TOPIC = 2
CORRELATION = 1


class NoAnswer(Exception):
    """Nobody listens there, or what listens does not answer as a broker."""


def metadata(port, topics=(), timeout=2.0):
    """{"cluster": id, "brokers": {node: port}, "topics": {name: {partition: leader or None}}}

    Brokers are those that are registered and not fenced; of the topics asked for, those that exist.
    """
    body = struct.pack(">i", len(topics)) + b"".join(_text(topic) for topic in topics)
    answer = _ask(port, METADATA, METADATA_VERSION, body, timeout)
    return answer.whole(_metadata)


def topic_config(port, topic, timeout=2.0):
    """{name: text} of all settings of the topic; none if there is no such topic."""
    body = struct.pack(">ib", 1, OF_TOPIC) + _text(topic) + struct.pack(">i?", -1, False)
    answer = _ask(port, DESCRIBE_CONFIGS, DESCRIBE_CONFIGS_VERSION, body, timeout)
    return answer.whole(_topic_config)


def _metadata(answer):
    brokers, topics = {}, {}
    for _ in range(answer.take("i")):
        node, _host, port, _rack = answer.take("i"), answer.text(), answer.take("i"), answer.text()
        brokers[node] = port
    cluster, _controller = answer.text(), answer.take("i")
    for _ in range(answer.take("i")):
        error, name, _internal = answer.take("h"), answer.text(), answer.take("?")
        partitions = {}
        for _ in range(answer.take("i")):
            _error, partition, leader = answer.take("h"), answer.take("i"), answer.take("i")
            _replicas, _in_sync = answer.numbers(), answer.numbers()
            partitions[partition] = None if leader < 0 else leader
        if not error:
            topics[name] = partitions
    return {"cluster": cluster, "brokers": brokers, "topics": topics}


def _topic_config(answer):
    found = {}
    _throttled, _resources = answer.take("i"), answer.take("i")
    _error, _why, _type, _topic = answer.take("h"), answer.text(), answer.take("b"), answer.text()
    for _ in range(answer.take("i")):
        name, found[name] = answer.text(), answer.text()
        _fixed, _source, _secret = answer.take("?"), answer.take("b"), answer.take("?")
        if answer.take("i"):
            raise OSError("sent synonyms that were not asked for")
    return found


class _Answer:
    """The body of an answer, read from front to back."""

    def __init__(self, port, content):
        self.port, self.content, self.at = port, content, 0

    def whole(self, read):
        try:
            if self.take("i") != CORRELATION:
                raise OSError("is no broker")
            return read(self)
        except (OSError, struct.error, UnicodeDecodeError) as failure:
            raise NoAnswer(f"127.0.0.1:{self.port}: {failure}") from None

    def take(self, form):
        (value,) = struct.unpack_from(">" + form, self.content, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def text(self):
        length = self.take("h")
        return None if length < 0 else self.take(f"{length}s").decode()

    def numbers(self):
        return [self.take("i") for _ in range(self.take("i"))]


def _text(text):
    return struct.pack(">h", len(text.encode())) + text.encode()


def _ask(port, what, version, body, timeout):
    request = struct.pack(">hhi", what, version, CORRELATION) + _text("stack") + body
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as session:
            session.sendall(struct.pack(">i", len(request)) + request)
            (length,) = struct.unpack(">i", _exactly(session, 4))
            return _Answer(port, _exactly(session, length))
    except OSError as failure:
        raise NoAnswer(f"127.0.0.1:{port}: {failure}") from None


def _exactly(session, count):
    found = b""
    while len(found) < count:
        part = session.recv(count - len(found))
        if not part:
            raise OSError("closed the connection")
        found += part
    return found
