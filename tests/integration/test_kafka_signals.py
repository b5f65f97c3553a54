"""Signals to a source of `tandem connect`, the incremental snapshots that they ask for, and what it tells of them."""

import json
import random
import threading
from collections import Counter

from support.kafka_admin import Refused
from support.waiting import holds_for, wait_until
from test_kafka_source import apart, database, face, records, source, worker  # noqa: F401

JSON = "org.apache.kafka.connect.json.JsonConverter"
PLAIN = {"key.converter": JSON, "key.converter.schemas.enable": "false", "value.converter": JSON, "value.converter.schemas.enable": "false",
         "notification.enabled.channels": "sink", "signal.data.collection": "public.told"}
SIGNALS = "CREATE TABLE told (id varchar(42) PRIMARY KEY, type varchar(32), data varchar(2048)); "


class Signalled:
    """A source of one database that reads nothing by itself."""

    def __init__(self, kafka, face, database, **more):
        self.kafka, self.face, self.database = kafka, face, database
        self.prefix = f"signalled{random.randrange(1 << 30)}"
        self.news_topic = f"{self.prefix}.news"
        self.config = source(database, self.prefix, **{**PLAIN, "notification.sink.topic.name": self.news_topic, **more})
        face.create(self.prefix, self.config)
        face.wait_running(self.prefix)
        # The slot is there: what is written from now on is captured.
        wait_until(lambda: database.sql("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active", self.prefix), 30, "it reads",
                   detail=face.explain)

    def signal(self, kind, **data):
        self.database.sql("INSERT INTO told VALUES (%s, %s, %s)", f"signal-{random.randrange(1 << 60)}", kind,
                          json.dumps({name.replace("_", "-"): value for name, value in data.items()}))

    def read(self, topic):
        try:
            return [(each["key"] and json.loads(each["key"]), each["value"] and json.loads(each["value"]))
                    for all_of in records(self.kafka, f"{self.prefix}.{topic}").values() for each in all_of]
        except Refused as refused:
            assert "UnknownTopicOrPartition" in str(refused), refused
            return []

    def reads(self, table):
        """[row] of its READ records, in their order."""
        rows = [value for _, value in self.read(f"public.{table}") if value and value["op"] == "r"]
        assert all(each["source"]["snapshot"] == "incremental" for each in rows)
        return [each["after"] for each in rows]

    def replayed(self, table):
        """{id: row}, as who reads the topic has it."""
        rows = {}
        for key, value in self.read(f"public.{table}"):
            if value is None or value["after"] is None:
                rows.pop(key["id"], None)
            else:
                rows[key["id"]] = value["after"]["v"]
        return rows

    def news(self):
        """[(type, additional data)]"""
        return [(value["type"], value["additional_data"]) for _, value in self.read("news")]

    def reached(self):
        """The key that it has come to, as its offset says; 0: it says nothing of a snapshot."""
        for each in self.face.must("GET", f"/connectors/{self.prefix}/offsets")["offsets"]:
            state = json.loads(each["offset"].get("tandem_incremental_snapshot") or "{}")
            return int((state.get("reached") or [0])[0])
        return 0

    def ended(self, times=1):
        wait_until(lambda: [kind for kind, _ in self.news()].count("COMPLETED") >= times, 90, f"{times} snapshots are whole", every=0.3,
                   detail=lambda: f"{self.news()[-5:]}\n{self.face.explain()}")

    def close(self):
        self.face.must("DELETE", f"/connectors/{self.prefix}")


class Writing(threading.Thread):
    """Inserts, updates, deletes, moved keys of the same rows that are read; what it leaves is what the table says."""

    def __init__(self, database, rows):
        super().__init__(daemon=True)
        self.database, self.rows, self.ending, self.turns, self.failure = database, rows, threading.Event(), 0, None

    def run(self):
        chosen = random.Random(5)
        connection = self.database.connect(autocommit=True)
        try:
            cursor = connection.cursor()
            while not self.ending.wait(0.001):
                self.turns += 1
                one = chosen.randrange(1, self.rows)
                cursor.execute("UPDATE held SET v = %s WHERE id = %s", (f"turn {self.turns}", one))
                cursor.execute("DELETE FROM held WHERE id = %s", (chosen.randrange(1, self.rows),))
                cursor.execute("UPDATE held SET id = %s WHERE id = %s", (1_000_000 + self.turns, chosen.randrange(1, self.rows)))
                cursor.execute("INSERT INTO held VALUES (%s, 'again') ON CONFLICT (id) DO UPDATE SET v = 'over'", (chosen.randrange(1, self.rows),))
        except Exception as failure:  # who ends it raises it
            self.failure = failure
        connection.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.ending.set()
        self.join()
        if self.failure is not None:
            raise self.failure


def test_a_table_is_read_while_it_is_written_and_the_reader_killed(kafka, servers, database):  # noqa: F811
    rows = 30_000
    database.sql(SIGNALS + f"CREATE TABLE held (id bigint PRIMARY KEY, v text); INSERT INTO held SELECT i, repeat('x', 100) FROM generate_series(1, {rows}) i")
    face = apart(kafka, servers, "signalled")  # noqa: F811
    try:
        one = Signalled(kafka, face, database, **{"incremental.snapshot.chunk.size": "40"})
        with Writing(database, rows) as writing:
            wait_until(lambda: writing.turns > 50, 20, "it is written")
            one.signal("execute-snapshot", type="incremental", data_collections=["public.held"])
            for part in (4_000, 12_000):
                wait_until(lambda part=part: one.reached() > part, 60, f"row {part} is read", every=0.05, detail=face.explain)
                face.kill9()
                assert "COMPLETED" not in [kind for kind, _ in one.news()]
                face.start()
                face.wait_running(one.prefix)
            one.ended()
        expected = dict(database.sql("SELECT id, v FROM held"))
        wait_until(lambda: one.replayed("held") == expected, 60, "the topic says what the table holds", every=0.5, detail=lambda: "\n".join(
            [f"{key}: {one.replayed('held').get(key)} {expected.get(key)}" for key in sorted(one.replayed("held").keys() ^ expected.keys())[:10]]
            + [f"{key}: {value} {expected.get(key)}" for key, value in one.replayed("held").items() if expected.get(key) != value][:10] + [face.explain()]))
        kinds = [kind for kind, _ in one.news()]
        assert kinds.count("STARTED") == 1 and kinds.count("IN_PROGRESS") > rows // 60, kinds
        # Of what was read right before a kill some is read again, no more.
        ids = [row["id"] for row in one.reads("held")]
        assert len(ids) - len(set(ids)) <= rows // 10, (len(ids), len(set(ids)))
        one.close()
    finally:
        face.close()


def test_conditions_surrogates_and_tables_that_cannot_be_read(kafka, face, database):  # noqa: F811
    database.sql(SIGNALS + """
        CREATE TABLE held (id bigint PRIMARY KEY, v text); INSERT INTO held SELECT i, 'v' || i FROM generate_series(1, 3000) i;
        CREATE TABLE keyless (n integer, v text); ALTER TABLE keyless REPLICA IDENTITY FULL; INSERT INTO keyless SELECT i, 'k' FROM generate_series(1, 50) i;
        CREATE TABLE nothing (id bigint PRIMARY KEY)""")
    one = Signalled(kafka, face, database)
    one.signal("execute-snapshot", type="incremental", data_collections=["public.held"],
               additional_conditions=[{"data-collection": "public.held", "filter": "id % 10 = 0 OR id = 7"}])
    one.ended()
    wait_until(lambda: [row["id"] for row in one.reads("held")] == sorted([7, *range(10, 3001, 10)]), 20, "the rows that were meant", detail=face.explain)
    one.signal("execute-snapshot", type="incremental", data_collections=["public.keyless", "public.nothing"])
    one.ended(2)
    assert {data["scanned_collection"]: data["status"] for kind, data in one.news() if kind == "TABLE_SCAN_COMPLETED"} == {
        "public.held": "SUCCEEDED", "public.keyless": "NO_PRIMARY_KEY", "public.nothing": "EMPTY"}
    one.signal("execute-snapshot", type="incremental", data_collections=["public.keyless"], surrogate_key="n")
    one.ended(3)
    wait_until(lambda: [row["n"] for row in one.reads("keyless")] == list(range(1, 51)), 20, "the rows by their surrogate", detail=face.explain)
    for kind, data, said in (("dance", {}, "'dance' is no type of a signal"), ("execute-snapshot", {}, "it names no data-collections"),
                             ("log", {"message": "one two three"}, "one two three")):
        one.signal(kind, **data)
        wait_until(lambda said=said: said in face.log_text(), 20, said)
    # The rows of the table of signals are records too, as of any table.
    wait_until(lambda: [value["after"]["type"] for _, value in one.read("public.told") if value].count("execute-snapshot") == 4, 20, "they are captured")
    one.close()


def test_a_snapshot_is_paused_resumed_and_stopped(kafka, face, database):  # noqa: F811
    database.sql(SIGNALS + "CREATE TABLE held (id bigint PRIMARY KEY, v text); INSERT INTO held SELECT i, 'v' FROM generate_series(1, 4000) i; "
                 "CREATE TABLE other (id bigint PRIMARY KEY, v text); INSERT INTO other SELECT i, 'v' FROM generate_series(1, 4000) i")
    one = Signalled(kafka, face, database, **{"incremental.snapshot.chunk.size": "2"})
    one.signal("execute-snapshot", data_collections=["public.(held|other)"])
    wait_until(lambda: len(one.reads("held")) > 4, 60, "it reads", every=0.1, detail=face.explain)
    one.signal("pause-snapshot")
    wait_until(lambda: "PAUSED" in [kind for kind, _ in one.news()], 30, "it is paused", detail=face.explain)
    seen = len(one.reads("held"))
    assert seen < 4000
    holds_for(lambda: len(one.reads("held")) == seen, 2, "nothing is read")
    one.signal("resume-snapshot")
    wait_until(lambda: len(one.reads("held")) > seen, 30, "it goes on", detail=face.explain)
    one.signal("stop-snapshot", data_collections=["public.held"])
    wait_until(lambda: len(one.reads("other")) > 0, 30, "the other is read", detail=face.explain)
    one.signal("stop-snapshot")
    wait_until(lambda: [kind for kind, _ in one.news()][-1] == "ABORTED", 30, "it is given up", detail=face.explain)
    ids = [row["id"] for row in one.reads("held")]
    assert ids == list(range(1, len(ids) + 1)) and len(ids) < 4000, ids[-5:]
    one.close()


def test_signals_come_as_records_too_each_once(kafka, servers, database):  # noqa: F811
    database.sql("CREATE TABLE held (id bigint PRIMARY KEY, v text); INSERT INTO held SELECT i, 'v' FROM generate_series(1, 500) i")
    signals = f"signals{random.randrange(1 << 30)}"
    kafka.admin.create_topic(signals)
    face = apart(kafka, servers, "bysignal")  # noqa: F811
    try:
        one = Signalled(kafka, face, database, **{"signal.enabled.channels": "kafka", "signal.kafka.topic": signals,
                                                  "signal.kafka.bootstrap.servers": kafka.bootstrap, "signal.data.collection": ""})
        wait_until(lambda: "tandem_incremental_snapshot" in json.dumps(face.must("GET", f"/connectors/{one.prefix}/offsets")), 30, "it has begun",
                   detail=face.explain)

        def say(key, kind, **data):
            kafka.admin.produce(signals, {"key": key.encode(), "value": json.dumps({"type": kind, "data": data}).encode()})
        say("another", "execute-snapshot", **{"data-collections": ["public.held"]})
        say(one.prefix, "execute-snapshot", **{"data-collections": ["public.held"]})
        one.ended()
        wait_until(lambda: [row["id"] for row in one.reads("held")] == list(range(1, 501)), 20, "each row once", detail=face.explain)
        face.kill9()
        say(one.prefix, "execute-snapshot", **{"data-collections": ["public.held"]})  # while it is away
        face.start()
        face.wait_running(one.prefix)
        one.ended(2)
        wait_until(lambda: len(one.reads("held")) == 1000, 20, "each row once more", detail=face.explain)
        one.close()
    finally:
        face.close()


def test_it_reads_what_debezium_reads(kafka, face, worker, database):  # noqa: F811
    database.sql(SIGNALS + """CREATE TABLE held (a integer, b text COLLATE "C", v numeric(10,2), at timestamptz, PRIMARY KEY (b, a));
        INSERT INTO held SELECT i, 'b' || i % 7, i / 3.0, '2026-01-01'::timestamptz + i * interval '1 second' FROM generate_series(1, 3000) i""")
    theirs = f"theirs{random.randrange(1 << 30)}"
    config = source(database, theirs, **{**PLAIN, "notification.enabled.channels": "log"})
    worker.command("POST", "/connectors", {"name": theirs, "config": config})
    one = Signalled(kafka, face, database)
    wait_until(lambda: database.sql("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active", theirs), 60, "both read")
    one.signal("execute-snapshot", type="incremental", data_collections=["public.held"])
    one.ended()

    def read(prefix):
        return [(json.loads(each["key"]), {**json.loads(each["value"]), **dict.fromkeys(("ts_ms", "ts_us", "ts_ns")),
                                           "source": {name: value for name, value in json.loads(each["value"])["source"].items()
                                                      if name in ("snapshot", "db", "schema", "table", "connector")}})
                for each in records(kafka, f"{prefix}.public.held").get(0, ())]
    for prefix in (one.prefix, theirs):
        wait_until(lambda prefix=prefix: len(read(prefix)) == 3000, 90, f"{prefix} has read all", every=0.5)
    assert read(one.prefix) == read(theirs)
    worker.command("DELETE", f"/connectors/{theirs}")
    one.close()


def test_a_snapshot_outlives_connections_that_are_cut(kafka, face, database):  # noqa: F811
    rows = 15_000
    database.sql(SIGNALS + f"CREATE TABLE held (id bigint PRIMARY KEY, v text); INSERT INTO held SELECT i, 'v' FROM generate_series(1, {rows}) i")
    one = Signalled(kafka, face, database, **{"incremental.snapshot.chunk.size": "20"})
    kept = []  # what its offset says before each cut: nothing up to there is read again
    with Writing(database, rows):
        one.signal("execute-snapshot", data_collections=["public.held"])
        for part in (1_000, 5_000, 9_000):
            wait_until(lambda part=part: one.reached() > part, 60, f"row {part} is read", every=0.05, detail=face.explain)
            kept.append(one.reached())
            database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tandem%%'")
        one.ended()
    expected = dict(database.sql("SELECT id, v FROM held"))
    wait_until(lambda: one.replayed("held") == expected, 60, "the topic says what the table holds", every=0.5, detail=face.explain)
    times = Counter(row["id"] for row in one.reads("held"))
    assert kept == sorted(kept)
    too_often = {row: count for row, count in times.items() if count > 1 + sum(row > at for at in kept)}
    assert not too_often, (kept, list(too_often.items())[:10])
    one.close()
