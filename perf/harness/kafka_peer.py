"""A broker, and Debezium with its JDBC sink from master a to master b, for tandem-perf.

Reads lines of JSON and answers each with one: first {"way": one of debezium.WAYS or "", "a": URI, "b": URI}, answered
with the broker's address and the processes by part, then {"do": "start"} and {"do": "stop"}. All is gone with its end.
"""

import contextlib
import json
import sys
import types
from urllib.parse import urlsplit

import psycopg2

import goals
from databases import Database
from debezium import Debezium
from kafka import cluster
from measuring import end_in_good_order
from shared import Admin, Worker

MINUTES = 600


class Given(Database):
    """A database that is there."""

    def __init__(self, uri):
        parts = urlsplit(uri)
        self.uri, self.name = uri, parts.path.lstrip("/")
        self.cluster = types.SimpleNamespace(port=parts.port)
        self.session = self.connect()


def answer(content):
    print(json.dumps(content), flush=True)


def set_up(order, clean_up):
    """(bootstrap, {part: pids}, Debezium or nothing)"""
    brokers = clean_up.enter_context(cluster(1))
    parts = {"broker": [node.pid() for node in brokers.nodes]}
    if not order["way"]:
        return brokers.bootstrap, parts, None
    admin = Admin(brokers.bootstrap)
    clean_up.callback(admin.close)
    worker = Worker(brokers.bootstrap, 1, goals.REPOSITORY / "build" / "perf" / "connect")
    clean_up.callback(worker.close)
    worker.start()
    peer = Debezium(order["way"], Given(order["a"]), Given(order["b"]), worker, brokers, admin)
    return brokers.bootstrap, {**parts, "connect": [worker.process.pid]}, peer


def serve(clean_up):
    bootstrap, parts, peer = set_up(json.loads(sys.stdin.readline()), clean_up)
    answer({"bootstrap": bootstrap, "parts": parts})
    for line in sys.stdin:
        getattr(peer, {"start": "start", "stop": "stop"}[json.loads(line)["do"]])()
        answer({})


def main():
    end_in_good_order(MINUTES)
    with contextlib.ExitStack() as clean_up:
        try:
            serve(clean_up)
        except (AssertionError, KeyError, OSError, RuntimeError, ValueError, psycopg2.Error) as failure:
            answer({"failed": f"{type(failure).__name__}: {failure}"})
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
