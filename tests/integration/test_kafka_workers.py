"""Workers of one group share connectors: each has one owner, who leaves or dies gives them to the others, and no row is
lost or written twice meanwhile."""

import json
import time

import pytest

from support.connect_face import Face
from support.waiting import wait_until

PLAIN = {f"{side}.converter{end}": what for side in ("key", "value")
         for end, what in (("", "org.apache.kafka.connect.json.JsonConverter"), (".schemas.enable", "false"))}
GROUP = {"CONFIG_STORAGE_TOPIC": "workers_configs", "OFFSET_STORAGE_TOPIC": "workers_offsets", "STATUS_STORAGE_TOPIC": "workers_statuses",
         "GROUP_ID": "workers"}
COUNT = 8
NAMES = ("anna", "carl", "emil")


@pytest.fixture(scope="module")
def faces(servers, kafka):
    # Who has which connector follows from their names: with these, each of one, two or three has some.
    made = [Face(kafka.bootstrap, servers.workspace, name=f"worker{at}",
                 env={**GROUP, "ADVERTISED_HOST_NAME": name, "ADVERTISED_PORT": "8083"}) for at, name in enumerate(NAMES)]
    yield made
    for each in made:
        each.close()


@pytest.fixture
def database(servers):
    made = servers.b.create_database("shared")
    yield made
    made.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    servers.b.drop_database(made)


def sink(database, at):
    return {"connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "topics": f"work.t{at}",
            "connection.url": f"jdbc:postgresql://127.0.0.1:{database.cluster.port}/{database.name}",
            "connection.username": "postgres", "connection.password": "password", "insert.mode": "insert",
            "primary.key.mode": "none", "table.name.format": f"t{at}", **PLAIN}


def owners(face):
    """connector -> worker, of those whose task runs."""
    answer = face.ask("GET", "/connectors?expand=status")[1]
    return {name: each["status"]["tasks"][0]["worker_id"] for name, each in answer.items()
            if each["status"]["tasks"] and each["status"]["tasks"][0]["state"] == "RUNNING"
            and each["status"]["connector"]["worker_id"] == each["status"]["tasks"][0]["worker_id"]}


def ids(*faces):
    return {face.env["ADVERTISED_HOST_NAME"] + ":8083" for face in faces}


def settled(*live):
    """All of them run on live workers, each of which has some, and every worker says the same."""
    seen = [owners(face) for face in live]
    return len(seen[0]) == COUNT and set(seen[0].values()) == ids(*live) and all(each == seen[0] for each in seen)


def await_settled(what, *live):
    """And nothing goes over any more: on the way there are moments that look the same."""
    seen, since = None, time.monotonic()

    def calm():
        nonlocal seen, since
        now = owners(live[0]) if settled(*live) else None
        if now is None or now != seen:
            seen, since = now, time.monotonic()
        return seen is not None and time.monotonic() - since > 3
    wait_until(calm, 40, what, every=0.1, detail=live[0].explain)


def write(kafka, first, last):
    for at in range(COUNT):
        kafka.admin.produce(f"work.t{at}", *({"key": None, "value": json.dumps({"n": n}).encode()} for n in range(first, last)))


def assert_insists(kafka, one):
    """What others say of what one has, it says otherwise; that they let it go is nothing that they may say."""
    def status(key, state, worker):
        value = {"state": state, "trace": None, "worker_id": worker, "generation": 99}
        return {"key": f"status-{key}".encode(), "value": json.dumps(value).encode()}

    before = owners(one)
    late, *others = [status("connector-sink-0", "UNASSIGNED", "carl:8083"), status("connector-sink-1", "RUNNING", "carl:8083"),
                     status("task-sink-2-0", "UNASSIGNED", "carl:8083"), status("task-sink-3-0", "FAILED", "anna:8083")]
    topic = GROUP["STATUS_STORAGE_TOPIC"]
    places = kafka.admin.produce(topic, late, *others)

    def answered(other, place):
        return any(record["key"] == other["key"] and json.loads(record["value"])["worker_id"] == "anna:8083"
                   and json.loads(record["value"])["state"] == "RUNNING"
                   for record in kafka.admin.read(topic, place[0], first=place[1] + 1))
    wait_until(lambda: all(answered(*each) for each in zip(others, places[1:])), 20, "it says so again", every=0.2, detail=one.explain)
    assert not answered(late, places[0])
    wait_until(lambda: owners(one) == before, 20, "all run on one", detail=one.explain)


def test_workers_share_connectors(faces, kafka, database):
    one, two, three = faces
    for at in range(COUNT):
        kafka.admin.create_topic(f"work.t{at}")
        database.sql(f"CREATE TABLE t{at} (n integer)")

    def written(upto):
        def all_there():
            return all(database.value(f"SELECT array_agg(n ORDER BY n) FROM t{at}") == list(range(upto)) for at in range(COUNT))
        wait_until(all_there, 60, f"each row up to {upto} is there once", detail=lambda: str(
            [database.value(f"SELECT array_agg(n ORDER BY n) FROM t{at}") for at in range(COUNT)]) + one.explain())

    one.start()
    for at in range(COUNT):
        one.create(f"sink-{at}", sink(database, at))
    await_settled("one has all", one)
    assert_insists(kafka, one)
    write(kafka, 0, 10)
    written(10)

    two.start()  # some go over
    await_settled("both have some", one, two)
    before = owners(one)
    write(kafka, 10, 20)
    written(20)

    # Either may be asked of any.
    theirs = next(name for name, worker in before.items() if worker in ids(two))
    assert one.ask("POST", f"/connectors/{theirs}/restart?includeTasks=true")[0] == 202
    assert one.ask("POST", f"/connectors/{theirs}/tasks/0/restart")[0] == 204
    one.must("PUT", f"/connectors/{theirs}/pause")
    wait_until(lambda: two.states(theirs) == one.states(theirs) == ("PAUSED", ["PAUSED"]), 20, "it is paused where it runs", detail=two.explain)
    one.must("PUT", f"/connectors/{theirs}/resume")
    wait_until(lambda: owners(one) == before, 20, "it goes on where it was", detail=two.explain)

    two.kill9()
    write(kafka, 20, 30)
    wait_until(lambda: owners(one) == {name: worker for name in before for worker in ids(one)}, 30, "one took all over", detail=one.explain)
    written(30)

    two.start()  # gets its own again, three gets some of both
    three.start()
    await_settled("all have some", one, two, three)
    write(kafka, 30, 40)
    written(40)
    one.stop()
    wait_until(lambda: settled(two, three), 20, "who leaves gives them away at once", detail=two.explain)
    write(kafka, 40, 50)
    written(50)
    theirs = next(name for name, worker in owners(two).items() if worker in ids(three))
    two.must("DELETE", f"/connectors/{theirs}")
    wait_until(lambda: three.states(theirs) is None and two.states(theirs) is None and len(owners(three)) == COUNT - 1, 20, "it is gone on both",
               detail=three.explain)
    wait_until(lambda: database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE %s",
                                      f"tandem sink {theirs} %") == 0, 20, "its sessions end")


def test_a_second_worker_of_the_same_name_is_told(faces, kafka, servers):
    one, two = faces[:2]
    two.close()
    one.close()
    for each in (one, two):
        each.env = {**each.env, "ADVERTISED_HOST_NAME": "here", "ADVERTISED_PORT": "8083"}
        each.start()
    for each in (one, two):
        wait_until(lambda face=each: "another worker says that it is here:8083 too" in face.log_text(), 20, "it says so", detail=each.log_tail)
