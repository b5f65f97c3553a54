"""A hundred connectors under a storm of calls, kills of the worker and records that are none: every answer is one that Connect
gives, no configuration is lost, no connector is in a state that nobody asked for, and rows flow on."""

import collections
import json
import os
import random
import threading

import pytest

from support.connect_face import Face, request
from support.long_tests import LONG
from support.waiting import wait_until

SETTINGS = {"max_replication_slots": "150", "max_connections": "400"}  # each sink has an origin, which takes one, and two sessions
CONNECTORS = 100
CALLS = 10_000 if LONG else 1_000
CALLERS = 8
KILLS = 6 if LONG else 2
PLAIN = {f"{side}.converter{end}": what for side in ("key", "value")
         for end, what in (("", "org.apache.kafka.connect.json.JsonConverter"), (".schemas.enable", "false"))}
# What Connect answers each call with: done, not there, a conflict, not now.
ALLOWED = {"POST": {201, 409}, "PUT": {200, 201, 202}, "DELETE": {204, 404}, "pause": {202, 404}, "resume": {202, 404}, "stop": {204, 404},
           "restart": {202, 204, 404, 409}, "tasks": {204, 404}, "GET": {200, 404}, "PATCH": {200, 404}}


@pytest.fixture
def database(servers):
    made = servers.b.create_database(f"storm_{random.randrange(1 << 30)}")
    yield made
    made.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    servers.b.drop_database(made)


@pytest.fixture
def face(servers, kafka):
    env = {f"{kind}_STORAGE_TOPIC": f"storm_{kind.lower()}_{random.randrange(1 << 30)}" for kind in ("CONFIG", "OFFSET", "STATUS")}
    made = Face(kafka.bootstrap, servers.workspace, env=env, name="storm").start()
    yield made
    made.close()


def sink(database, topic, mark):
    return {"connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "topics": topic, "mark": mark,
            "connection.url": f"jdbc:postgresql://127.0.0.1:{database.cluster.port}/{database.name}", "connection.username": "postgres",
            "connection.password": "password", "insert.mode": "insert", "primary.key.mode": "none", "table.name.format": "rows", **PLAIN}


class Caller:
    """Calls of its own connectors alone, so that it knows what each must be when all is over."""

    def __init__(self, number, seed, face, database, topic):
        self.face, self.database, self.topic = face, database, topic
        self.random = random.Random(seed * 1000 + number)
        self.wanted = {}  # name -> (mark, state), as the last call that was answered left it; None: it may be either way
        self.names = [f"storm {number}/{at}" for at in range(CONNECTORS // CALLERS)]
        self.answers, self.wrong = collections.Counter(), []

    def run(self, calls):
        for name in self.names:
            self.call("POST", name)
        for _ in range(calls - len(self.names)):
            self.call(self.random.choice(("POST", "PUT", "PATCH", "DELETE", "pause", "resume", "stop", "restart", "tasks", "GET")),
                      self.random.choice(self.names))

    def call(self, what, name):
        mark = str(self.random.randrange(1 << 30))
        path = "/connectors/" + name.replace(" ", "%20").replace("/", "%2F")
        method, path, content = {
            "POST": ("POST", "/connectors", {"name": name, "config": sink(self.database, self.topic, mark)}),
            "PUT": ("PUT", path + "/config", sink(self.database, self.topic, mark)),
            "PATCH": ("PATCH", path + "/config", {"mark": mark}),
            "DELETE": ("DELETE", path, None),
            "GET": ("GET", path + "/status", None),
            "restart": ("POST", path + "/restart?includeTasks=true", None),
            "tasks": ("POST", path + "/tasks/0/restart", None),
        }.get(what, ("PUT", f"{path}/{what}", None))
        def answer():
            """Nothing while it is down or starting: then nothing was taken in."""
            try:
                status, _, text = request(self.face.url, method, path, content)
            except ConnectionRefusedError:
                return None
            except OSError:  # killed: it may have been taken in or not
                return "cut", ""
            return None if status == 503 else (status, text)
        status, text = wait_until(answer, 90, "the worker is there again", every=0.05)
        if status == "cut":
            if what not in ("GET", "restart", "tasks"):
                self.wanted[name] = None
            self.answers["cut"] += 1
            return
        self.answers[status] += 1
        if status not in ALLOWED[what]:
            self.wrong.append(f"{what} {name}: {status} {text[:300]}")
        if status < 300:
            self.took(what, name, mark)

    def took(self, what, name, mark):
        before = self.wanted.get(name, "none")
        if what == "DELETE":
            self.wanted.pop(name, None)
        elif what in ("POST", "PUT", "PATCH"):
            self.wanted[name] = None if before is None and what != "POST" else (mark, "RUNNING" if before in ("none", None) else before[1])
        elif what in ("pause", "resume", "stop") and before not in ("none", None):
            self.wanted[name] = (before[0], {"pause": "PAUSED", "resume": "RUNNING", "stop": "STOPPED"}[what])


def test_a_storm_of_calls(face, kafka, database):
    seed = int(os.environ.get("TANDEM_TEST_SEED", "1"))
    topic = f"storm{random.randrange(1 << 30)}"
    kafka.admin.create_topic(topic)
    database.sql("CREATE TABLE rows (n integer)")
    callers = [Caller(number, seed, face, database, topic) for number in range(CALLERS)]
    threads = [threading.Thread(target=caller.run, args=(CALLS // CALLERS,)) for caller in callers]
    for each in threads:
        each.start()
    chaos = random.Random(seed)
    configs = face.env["CONFIG_STORAGE_TOPIC"]
    for kill in range(KILLS):
        done = sum(sum(each.answers.values()) for each in callers)
        wait_until(lambda upto=done + CALLS // (2 * KILLS): sum(sum(each.answers.values()) for each in callers) >= upto or not any(
            each.is_alive() for each in threads), 300, "calls are answered", every=0.05)
        kafka.admin.produce(configs, *({"key": key, "value": value} for key, value in (
            (b"connector-", b"{"), (b"connector-storm 0/0", b"\xff\xfe"), (b"task-storm 0/0-x", b"{}"), (b"", b""),
            (b"target-state-storm 0/0", b'{"state": "FLYING"}'), (b"commit-storm 0/1", b'{"tasks": "many"}'),
            (os.urandom(8), os.urandom(chaos.randrange(100))))))
        face.kill9()
        face.start()
    for each in threads:
        each.join(600)
        assert not each.is_alive(), face.explain()
    wrong = [text for each in callers for text in each.wrong]
    assert not wrong, wrong[:5]

    wanted = {name: state for each in callers for name, state in each.wanted.items() if state is not None}
    unsure = {name for each in callers for name, state in each.wanted.items() if state is None}

    def settled():
        seen = face.must("GET", "/connectors?expand=status&expand=info")
        for name, (mark, state) in wanted.items():
            one = seen.get(name)
            if one is None or one["info"]["config"]["mark"] != mark or one["status"]["connector"]["state"] != state:
                return False
            tasks = [task["state"] for task in one["status"]["tasks"]]
            # One that was paused while it was stopped has none until it runs, as in Connect.
            if tasks not in {"STOPPED": [[]], "PAUSED": [["PAUSED"], []]}.get(state, [[state]]):
                return False
        return not set(seen) - set(wanted) - unsure
    wait_until(settled, 60, "every connector is as it was left", every=0.2, detail=lambda: str(
        [(name, state, face.states(name)) for name, state in wanted.items()])[:4000] + face.log_tail(5))

    # And all of it still works: what runs writes what comes, once each.
    running = [name for name, (_, state) in wanted.items() if state == "RUNNING"]
    for name in unsure | (set(wanted) - set(running)):
        face.ask("DELETE", "/connectors/" + name.replace(" ", "%20").replace("/", "%2F"))
    assert running
    wait_until(lambda: database.value("SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE datname = current_database()"
                                      " AND application_name ~ '^tandem sink '") == len(running), 60, "theirs are the only sessions")
    kafka.admin.produce(topic, *({"key": None, "value": json.dumps({"n": n}).encode()} for n in range(10)))
    wait_until(lambda: database.sql("SELECT n, count(*) FROM rows GROUP BY n ORDER BY n") == [(n, len(running)) for n in range(10)], 60,
               "each wrote each row once", detail=lambda: str(database.sql("SELECT n, count(*) FROM rows GROUP BY n ORDER BY n")) + face.explain()[:3000])
    face.stop(30)
