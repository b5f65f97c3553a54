"""The JDBC sinks of `tandem connect`: records with schema blocks in every mode of their source, transformations, converters,
and the same topics read by real Debezium's sink."""

import json
import random

import pytest

from support.connect_face import Face
from support.connect_worker import Worker
from support.waiting import wait_until

KINDS = """id bigint PRIMARY KEY, s smallint, i integer, b boolean, r real, d double precision, n numeric, p numeric(12, 3),
    t text NOT NULL, v varchar(20), at timestamptz, plain timestamp, plain3 timestamp(3), day date, hour time, hour3 time(3), u uuid,
    j jsonb, bytes bytea"""
# The peer's columns have other precisions than the source's: only a schema's name says what a number counts.
OURS = KINDS.replace("plain3 timestamp(3)", "plain3 timestamp").replace("hour3 time(3)", "hour3 time") \
    .replace("plain timestamp,", "plain timestamp(6),").replace("hour time,", "hour time(6),")
ONLY_OURS = ", list text[], whole integer[], days date[], span interval, bits bit(5), padded char(7), many bit varying(9), prices numeric(9, 2)[]"
ROWS = """
INSERT INTO kinds VALUES
  (1, 32767, -5, true, 1.5, 1e300, 12345678901234567890.123456789, 7.125, E'a "quoted"\\n\\\\ ä🙂', 'v', '2026-11-26 12:00:00.123+01',
   '1999-12-31 23:59:59.999', '1999-12-31 23:59:59.999', '2024-02-29', '23:59:59.999', '00:00:00.001',
   '0af76519-16cd-43dd-8448-eb211c80319c', '{"a": [1, null, "x"]}', '\\x00ff27'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, -32768, 2147483647, false, 3.4028235e38, 4.9e-324, -1.5, -0.001, repeat('ä', 500), NULL, '1969-12-31 23:59:59.5+00',
   '1969-12-31 00:00:00.001', '1910-01-01', '1969-12-31', '00:00:00', '12:00:00', NULL, 'null', ''),
  (4, 1, 1, true, 0, 0, 0, 0, 'goes', 'goes', now(), now(), now(), now(), now(), now(), NULL, '[]', NULL);
UPDATE kinds SET i = 7 WHERE id = 1;
UPDATE kinds SET t = 'another', n = NULL WHERE id = 2;
DELETE FROM kinds WHERE id = 4;
UPDATE kinds SET id = 30 WHERE id = 3;
"""
MORE_ROWS = """
UPDATE kinds SET list = ARRAY['a', NULL, '"', ''], whole = ARRAY[1, NULL, -3], days = ARRAY['2024-02-29', '1969-12-31']::date[],
  span = '-03:04:05.678', padded = 'pad', bits = B'10101', many = B'101', prices = ARRAY[1.50, -0.01] WHERE id = 1;
UPDATE kinds SET list = '{}', whole = '{}', bits = B'00001' WHERE id = 2;
"""
MODES = {
    "adaptive": {},
    "adaptive_time": {"time.precision.mode": "adaptive_time_microseconds", "decimal.handling.mode": "string"},
    "connect": {"time.precision.mode": "connect", "decimal.handling.mode": "double"},
    "micros": {"time.precision.mode": "microseconds"},
    "nanos": {"time.precision.mode": "nanoseconds"},
    "iso": {"time.precision.mode": "isostring"},
}


@pytest.fixture(scope="module")
def worker(servers, kafka):
    started = Worker(kafka.bootstrap, 3, servers.workspace.path / "connect-sink")
    started.start()
    yield started
    started.close()


@pytest.fixture(scope="module")
def face(servers, kafka):
    made = Face(kafka.bootstrap, servers.workspace).start()
    yield made
    made.close()


class Way:
    """From a database of one server to one of the other, by connectors of names that are its own."""

    def __init__(self, servers, face):
        self.name = f"w{random.randrange(1 << 30)}"
        self.face, self.made = face, []
        self.databases = [cluster.create_database(self.name + end) for cluster, end in
                          ((servers.a, "_from"), (servers.b, "_to"), (servers.b, "_third"))]
        self.origin, self.target, self.third = self.databases

    def source(self, more):
        self._make("source", {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "database.hostname": "127.0.0.1",
            "database.port": str(self.origin.cluster.port), "database.user": "postgres", "database.password": "password",
            "database.dbname": self.origin.name, "topic.prefix": self.name, "slot.name": self.name, "publication.name": self.name,
            "snapshot.mode": "no_data", "topic.creation.default.partitions": "1", "topic.creation.default.replication.factor": "3",
            **more})
        self.face.wait_running(f"{self.name}-source")

    def sink_config(self, database, more):
        return {"connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "topics.regex": self.name + r"\.public\..*",
                "connection.url": f"jdbc:postgresql://127.0.0.1:{database.cluster.port}/{database.name}?stringtype=unspecified",
                "connection.username": "postgres", "connection.password": "password", "insert.mode": "upsert",
                "delete.enabled": "true", "primary.key.mode": "record_key", "table.name.format": "${source.table}",
                **more}

    def sink(self, more=None):
        self._make("sink", self.sink_config(self.target, more or {}))

    def _make(self, kind, config):
        self.face.create(f"{self.name}-{kind}", config)
        self.made.append(f"{self.name}-{kind}")

    def explain(self):
        """What differs, and what the sink says."""
        ours, theirs = contents(self.target), contents(self.origin)
        fields = [(one["id"], name, one[name], other.get(name)) for one, other in zip(map(json.loads, theirs), map(json.loads, ours))
                  for name in one if one[name] != other.get(name)]
        return f"{len(theirs)} and {len(ours)} rows; {str(fields)[:2000]}\n{self.trace()}\n{self.face.log_tail(5)}"

    def trace(self):
        status, answer = self.face.ask("GET", f"/connectors/{self.name}-sink/status")
        return answer["tasks"][0].get("trace", "") if status == 200 and answer["tasks"] else ""

    def close(self):
        for name in self.made:
            self.face.ask("DELETE", f"/connectors/{name}")
        for database in self.databases:
            database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        wait_until(lambda: not self.origin.sql("SELECT FROM pg_replication_slots WHERE slot_name = %s AND active", self.name), 30,
                   "its slot is let go")
        self.origin.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", self.name)
        for database in self.databases:
            database.cluster.drop_database(database)


@pytest.fixture
def way(servers, face):
    made = Way(servers, face)
    yield made
    made.close()


def contents(database, table="kinds"):
    """Rows as JSON, fields by name: what is equal has equal text, but for zeros at the end of a number."""
    return database.value(f"SELECT coalesce(array_agg(to_jsonb(of)::text ORDER BY of.id), '{{}}') FROM {table} of")


JSON = {f"{side}.converter": "org.apache.kafka.connect.json.JsonConverter" for side in ("key", "value")}
SCHEMAS, NO_SCHEMAS = ({**JSON, **{f"{side}.converter.schemas.enable": on for side in ("key", "value")}} for on in ("true", "false"))


@pytest.mark.parametrize("mode", [*MODES, "no_schemas"])
def test_every_mode_of_the_source(way, face, mode):
    """Schema blocks say by their names what a number counts. Without them the defaults are taken, and columns must be the same."""
    way.origin.sql(f"CREATE TABLE kinds ({KINDS}{ONLY_OURS})")
    way.target.sql(f"CREATE TABLE kinds ({KINDS if mode == 'no_schemas' else OURS}{ONLY_OURS})")
    way.source({**(NO_SCHEMAS if mode == "no_schemas" else {**SCHEMAS, **MODES[mode]})})
    way.sink()
    way.origin.sql(ROWS if mode != "connect" else ROWS.replace("12345678901234567890.123456789", "1234567.5"))
    way.origin.sql(MORE_ROWS)
    wait_until(lambda: contents(way.target) == contents(way.origin), 30, "the rows are the source's",
               detail=way.explain)
    assert way.target.value("SELECT array_agg(id ORDER BY id) FROM kinds") == [1, 2, 30]


@pytest.mark.parametrize("mode, there", [("adaptive", False), ("adaptive", True), ("no_schemas", False)])
def test_many_new_rows_of_every_type(way, face, kafka, mode, there):
    """They go by COPY; where one of them is there already, that fails, and they are written over it."""
    schemas = NO_SCHEMAS if mode == "no_schemas" else SCHEMAS
    way.origin.sql(f"CREATE TABLE kinds ({KINDS}{ONLY_OURS})")
    way.target.sql(f"CREATE TABLE kinds ({KINDS if mode == 'no_schemas' else OURS}{ONLY_OURS})")
    way.target.sql("""CREATE TABLE said (how text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.said VALUES (split_part(current_query(), ' ', 1)); RETURN NULL; END $$;
        CREATE TRIGGER note BEFORE INSERT ON kinds FOR EACH STATEMENT EXECUTE FUNCTION note()""")
    way.source(schemas)
    way.sink()
    way.origin.sql(ROWS + MORE_ROWS + r"UPDATE kinds SET v = E'\t\n\r\\N\\.' WHERE id = 1;")
    wait_until(lambda: contents(way.target) == contents(way.origin), 30, "the first rows are there", detail=way.explain)
    if there:
        way.target.sql("INSERT INTO kinds (id, t, i) VALUES (1200, 'of the target', 5)")
    way.target.sql("TRUNCATE said")
    face.must("PUT", f"/connectors/{way.name}-sink/pause")  # so that they are there together when it reads them
    wait_until(lambda: face.states(f"{way.name}-sink") == ("PAUSED", ["PAUSED"]), 30, "it is paused")
    written = kafka.admin.offsets(f"{way.name}.public.kinds")[1]
    way.origin.sql(r"INSERT INTO kinds SELECT (jsonb_populate_record(k, jsonb_build_object('id', k.id * 1000 + copy))).* "
                   "FROM kinds AS k CROSS JOIN generate_series(1, 400) AS copy")
    wait_until(lambda: kafka.admin.offsets(f"{way.name}.public.kinds")[1] == written + 1200, 30, "they are in the topic")
    face.must("PUT", f"/connectors/{way.name}-sink/resume")
    wait_until(lambda: contents(way.target) == contents(way.origin), 30, "all are there", detail=way.explain)
    said = way.target.value("SELECT array_agg(DISTINCT how ORDER BY how) FROM said")
    assert ("INSERT" if there else "COPY") in said, said


KAFKA, DEBEZIUM = "org.apache.kafka.connect.", "io.debezium.transforms."
CHAIN = {
    "transforms": "unwrap,only,rename,mask,origin,when,route",
    "transforms.unwrap.type": DEBEZIUM + "ExtractNewRecordState", "transforms.unwrap.delete.tombstone.handling.mode": "drop",
    "transforms.only.type": KAFKA + "transforms.Filter", "transforms.only.predicate": "scratch",
    "transforms.rename.type": KAFKA + "transforms.ReplaceField$Value", "transforms.rename.renames": "v:body", "transforms.rename.exclude": "secret",
    "transforms.mask.type": KAFKA + "transforms.MaskField$Value", "transforms.mask.fields": "phone", "transforms.mask.replacement": "***",
    "transforms.mask.predicate": "gone", "transforms.mask.negate": "true",
    "transforms.origin.type": KAFKA + "transforms.InsertField$Value", "transforms.origin.static.field": "origin",
    "transforms.origin.static.value": "a",
    "transforms.when.type": KAFKA + "transforms.TimestampConverter$Value", "transforms.when.field": "at",
    "transforms.when.target.type": "Timestamp", "transforms.when.unix.precision": "microseconds",
    "transforms.route.type": KAFKA + "transforms.RegexRouter", "transforms.route.regex": r".*\.public\.(.*)", "transforms.route.replacement": "copy_of_$1",
    "predicates": "gone,scratch", "predicates.gone.type": KAFKA + "transforms.predicates.RecordIsTombstone",
    "predicates.scratch.type": KAFKA + "transforms.predicates.TopicNameMatches", "predicates.scratch.pattern": r".*\.scratch",
    "table.name.format": "${topic}",
}


def test_a_chain_of_transformations_as_in_real_connect(way, face, worker):
    """The same chain in Debezium's sink of a real worker and in ours, the same topics: the same rows."""
    way.origin.sql("CREATE TABLE item (id bigint PRIMARY KEY, v text, secret text, phone text, at timestamp, n numeric(9, 2));"
                   "CREATE TABLE scratch (id bigint PRIMARY KEY)")
    for database in (way.target, way.third):
        database.sql("CREATE TABLE copy_of_item (id bigint PRIMARY KEY, body text, phone text, at timestamp, n numeric(9, 2), origin text)")
    way.source(SCHEMAS)
    way.sink({**CHAIN, **SCHEMAS})
    worker.command("PUT", f"/connectors/{way.name}/config", way.sink_config(way.third, {
        **CHAIN, **SCHEMAS, "consumer.override.auto.offset.reset": "earliest", "consumer.override.metadata.max.age.ms": "500",
        "tasks.max": "1"}))
    way.origin.sql("INSERT INTO scratch VALUES (1);"
                   "INSERT INTO item SELECT i, 'v' || i, 'secret', CASE WHEN i % 3 > 0 THEN '0123' END,"
                   "  timestamp '2026-11-26 12:00:00.123' + i * interval '1 hour', i / 7.0 FROM generate_series(1, 100) i;"
                   "UPDATE item SET v = NULL WHERE id % 5 = 0; DELETE FROM item WHERE id % 4 = 0; UPDATE item SET id = id + 1000 WHERE id < 10")
    left = [*range(1, 101), *(1000 + i for i in range(1, 10) if i % 4)]  # deletes are dropped by the chain
    for database in (way.target, way.third):
        wait_until(lambda of=database: of.value("SELECT array_agg(id ORDER BY id) FROM copy_of_item") == left, 60, "all rows are there",
                   detail=lambda: way.trace() + worker.log_tail() + way.face.log_tail(5))
    wait_until(lambda: contents(way.target, "copy_of_item") == contents(way.third, "copy_of_item"), 30, "both wrote the same", detail=lambda: str(
        [each for each in zip(contents(way.target, "copy_of_item"), contents(way.third, "copy_of_item")) if each[0] != each[1]][:3]))
    assert way.target.sql("SELECT body, phone, at::text, n::text, origin FROM copy_of_item WHERE id = 1001") == [
        ("v1", "***", "2026-11-26 13:00:00.123", "0.14", "a")]


# Debezium's sink ends by a NullPointerException at a delete whose key is to be of its value or a header.
UNWRAP = {"transforms": "unwrap", "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
          "transforms.unwrap.delete.tombstone.handling.mode": "drop", "delete.enabled": "false"}
EVOLVES = {"schema.evolution": "basic"}
# Into a table of its own each, named after the case.
KEY_MODES = {
    "upsert": {**EVOLVES},
    "by_value": {**EVOLVES, "primary.key.mode": "record_value", "primary.key.fields": "id", **UNWRAP},
    "by_two": {**EVOLVES, "primary.key.mode": "record_value", "primary.key.fields": "id,t", **UNWRAP},
    "by_place": {**EVOLVES, "insert.mode": "insert", "primary.key.mode": "kafka", "delete.enabled": "false"},
    "no_key": {**EVOLVES, "insert.mode": "insert", "primary.key.mode": "none", "delete.enabled": "false"},
    "by_header": {**EVOLVES, "primary.key.mode": "record_header", "primary.key.fields": "hid", **UNWRAP,
                  "transforms": "unwrap,hid", "transforms.hid.type": KAFKA + "transforms.HeaderFrom$Value",
                  "transforms.hid.fields": "id", "transforms.hid.headers": "hid", "transforms.hid.operation": "copy"},
    "included": {**EVOLVES, "field.include.list": "id,t,TOPIC:i,other:s"},
    "excluded": {**EVOLVES, "field.exclude.list": "bytes, d,TOPIC:r,other:s"},
    "update": {"insert.mode": "update", "field.include.list": "id,t,i"},
}
# What ours makes otherwise, and why.
OTHER_TYPES = {"n": ("numeric", "double precision")}  # theirs loses digits


def columns_of(database, table):
    return database.sql("SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_attribute a"
                        " WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 ORDER BY 1", table)


def rows_of(database, table):
    """All but what is a clock of the records' or is told otherwise, in any order."""
    return sorted(row for row, in database.sql(f"SELECT (to_jsonb(one_row) - '{{n,__connect_topic}}'::text[])::text FROM {table} AS one_row"))


def test_key_modes_and_evolution_as_in_real_connect(way, face, worker):
    """Sinks of both from the same topic, one pair for each way of writing: the same tables, which both of them make."""
    way.origin.sql(f"CREATE TABLE kinds ({KINDS})")
    for database in (way.target, way.third):
        database.sql("CREATE TABLE kinds_update (id bigint PRIMARY KEY, t text, i integer); INSERT INTO kinds_update VALUES (1, 'old', 1), (2, 'old', 2)")
    way.source({**SCHEMAS, "time.precision.mode": "adaptive"})
    way.origin.sql(ROWS)  # so that the topic is there
    topic = f"{way.name}.public.kinds"
    for case, more in KEY_MODES.items():
        more = {name: value.replace("TOPIC", topic) for name, value in more.items()}
        more = {**SCHEMAS, "tasks.max": "1", "table.name.format": f"kinds_{case}", "collection.name.format": f"kinds_{case}", **more}
        face.create(f"{way.name}-{case}", way.sink_config(way.target, more))
        way.made.append(f"{way.name}-{case}")
        worker.command("PUT", f"/connectors/{way.name}-{case}/config", way.sink_config(way.third, {
            **more, "consumer.override.auto.offset.reset": "earliest", "consumer.override.metadata.max.age.ms": "500"}))
    way.origin.sql("ALTER TABLE kinds ADD COLUMN late text, ADD COLUMN count integer")
    way.origin.sql("UPDATE kinds SET late = 'x', count = 5 WHERE id = 1; INSERT INTO kinds (id, t, late) VALUES (9, 'nine', 'y')")

    def status(case):
        return str(face.ask("GET", f"/connectors/{way.name}-{case}/status")) + str(worker.ask(
            "GET", f"/connectors/{way.name}-{case}/status"))
    for case in KEY_MODES:
        table = f"kinds_{case}"
        last = "id = 1 AND t = 'old'" if case == "update" else "t = 'nine'"
        for database in (way.target, way.third):
            wait_until(lambda of=database, named=table, where=last: of.value(f"SELECT to_regclass('{named}')") and (
                of.value(f"SELECT count(*) FROM {named} WHERE {where}") == (0 if "old" in where else 1)), 90, f"{case} is written",
                detail=lambda one=case: status(one)[:3000])
        wait_until(lambda named=table: rows_of(way.target, named) == rows_of(way.third, named), 60, f"{case}: both wrote the same",
                   detail=lambda named=table: f"{rows_of(way.target, named)}\n{rows_of(way.third, named)}")
        theirs = [(name, OTHER_TYPES[name][0] if name in OTHER_TYPES and kind == OTHER_TYPES[name][1] else kind, required)
                  for name, kind, required in columns_of(way.third, table)]
        differ = [(mine, other) for mine, other in zip(columns_of(way.target, table), theirs, strict=True) if mine != other]
        assert not differ, f"{case}: {differ}"


def produce(kafka, topic, records):
    kafka.admin.produce(topic, *({"key": key.encode(), "value": value and value.encode()} for key, value in records))


def test_other_converters(way, face, kafka):
    """What any producer wrote: a bare key in a string, rows without a schema block."""
    topic = f"{way.name}.public.plain"
    kafka.admin.create_topic(topic)
    way.target.sql("CREATE TABLE plain (id integer PRIMARY KEY, name text, extra jsonb, n numeric)")
    way.sink({"key.converter": KAFKA + "storage.StringConverter", **{key: value for key, value in NO_SCHEMAS.items() if key.startswith("value")},
              "table.name.format": "plain"})
    produce(kafka, topic, [("7", json.dumps({"name": "x", "extra": '{"a": 1}', "n": 1.5})), ("8", json.dumps({"name": "y"})),
                                ("7", json.dumps({"name": "z"})), ("8", None)])
    wait_until(lambda: way.target.sql("SELECT id, name, n::text FROM plain ORDER BY id") == [(7, "z", "1.5")], 30, "the row is there", detail=way.trace)


def test_latest_passes_over_what_was_there(way, face, kafka):
    """And nothing else: not what comes while the task is away, and not topics that are made later."""
    old, later = f"{way.name}.public.old", f"{way.name}.public.later"
    kafka.admin.create_topic(old, partitions=3)
    way.target.sql("CREATE TABLE plain (id integer PRIMARY KEY, name text)")
    config = {**NO_SCHEMAS, "key.converter": KAFKA + "storage.StringConverter", "table.name.format": "plain",
              "consumer.override.auto.offset.reset": "latest"}
    produce(kafka, old, [(str(each), '{"name": "before"}') for each in range(20)])
    way.sink(config)
    face.wait_running(f"{way.name}-sink")
    offsets = "SELECT sum(next_offset) FROM tandem_connect.sink_offset WHERE connector = %s"
    wait_until(lambda: way.target.value("SELECT to_regclass('tandem_connect.sink_offset') IS NOT NULL")
               and way.target.value(offsets, f"{way.name}-sink") == 20, 30, "where the log ends is known", detail=way.trace)
    face.must("PUT", f"/connectors/{way.name}-sink/stop")
    produce(kafka, old, [(str(each), '{"name": "away"}') for each in range(20, 30)])
    face.must("PUT", f"/connectors/{way.name}-sink/resume")
    wait_until(lambda: way.target.value("SELECT count(*) FROM plain") == 10, 30, "what came meanwhile is there", detail=way.trace)
    kafka.admin.create_topic(later)
    produce(kafka, later, [("99", '{"name": "later"}')])
    wait_until(lambda: way.target.value("SELECT count(*) FROM plain") == 11, 30, "a new topic is read from its beginning", detail=way.trace)
    assert way.target.value("SELECT array_agg(DISTINCT name ORDER BY name) FROM plain") == ["away", "later"]


def test_offsets_are_told_and_taken(way, face, kafka):
    """GET, PATCH back and forth, DELETE: the sink goes on where it was told to."""
    topic, name = f"{way.name}.public.plain", f"{way.name}-sink"
    kafka.admin.create_topic(topic)
    way.target.sql("CREATE TABLE plain (id integer PRIMARY KEY, name text)")
    way.sink({**NO_SCHEMAS, "key.converter": KAFKA + "storage.StringConverter", "table.name.format": "plain"})
    produce(kafka, topic, [(str(each), '{"name": "x"}') for each in range(5)])
    path, rows = f"/connectors/{name}/offsets", "SELECT array_agg(id ORDER BY id) FROM plain"

    def told(offset):
        return {"offsets": [{"partition": {"kafka_topic": topic, "kafka_partition": 0}, "offset": {"kafka_offset": offset}}]}
    wait_until(lambda: face.ask("GET", path) == (200, told(5)), 30, "it tells how far it is", detail=way.trace)
    assert face.ask("PATCH", path, told(2))[0] == 400  # while it runs
    for given, expected in ((told(3), [3, 4]), (None, [0, 1, 2, 3, 4])):
        face.must("PUT", f"/connectors/{name}/stop")
        wait_until(lambda: face.states(name) == ("STOPPED", []), 30, "it is stopped")
        way.target.sql("TRUNCATE plain")
        face.must("PATCH" if given else "DELETE", path, given)
        assert face.must("GET", path) == (given or {"offsets": []})
        face.must("PUT", f"/connectors/{name}/resume")
        wait_until(lambda: way.target.value(rows) == expected, 30, "it writes from there on", detail=way.trace)


@pytest.mark.parametrize("table, row, says", [
    ("id integer PRIMARY KEY, at timestamp", {"at": ("int64", 5)}, "column at of table public.plain: a number (Schema{INT64}) that does not say what it counts"),
    ("id integer PRIMARY KEY, raw bytea", {"raw": ("string", "AA==")}, "column raw of table public.plain: a string for a column of type bytea"),
    ("id integer PRIMARY KEY", {"more": ("string", "x")}, "table public.plain has no column more: add it, or leave the field out (ReplaceField)"),
    ("id integer PRIMARY KEY, n integer", {"n": ("string", "x")}, 'invalid input syntax for type integer: "x"'),
], ids=["no_unit", "no_base", "no_column", "no_number"])
def test_what_cannot_be_known_is_refused(way, face, kafka, table, row, says):
    topic = f"{way.name}.public.plain"
    kafka.admin.create_topic(topic)
    way.target.sql(f"CREATE TABLE plain ({table})")
    way.sink({**SCHEMAS, "table.name.format": "plain"})

    def record(fields):
        return json.dumps({"schema": {"type": "struct", "optional": False, "fields": [
            {"field": name, "type": kind, "optional": True} for name, (kind, _) in fields.items()]},
            "payload": {name: value for name, (_, value) in fields.items()}})
    produce(kafka, topic, [(record({"id": ("int32", 1)}), record({"id": ("int32", 1), **row}))])
    wait_until(lambda: says in way.trace(), 30, "it says why", detail=way.trace)
    assert way.target.value("SELECT count(*) FROM plain") == 0


def test_letters_that_nobody_can_read(way, face, kafka):
    """errors.tolerance=all: what cannot be read, changed or written is passed over and copied, and nothing else is."""
    topic, dead = f"{way.name}.public.plain", f"{way.name}.dead"
    kafka.admin.create_topic(topic)
    way.target.sql("CREATE TABLE plain (id integer PRIMARY KEY, at timestamp, raw bytea)")
    way.sink({**NO_SCHEMAS, "key.converter": KAFKA + "storage.StringConverter", "table.name.format": "plain", "errors.tolerance": "all",
              "errors.deadletterqueue.topic.name": dead, "errors.deadletterqueue.context.headers.enable": "true",
              "errors.log.enable": "true", "transforms": "when", "transforms.when.type": KAFKA + "transforms.TimestampConverter$Value",
              "transforms.when.field": "at", "transforms.when.target.type": "Timestamp", "transforms.when.format": "yyyy-MM-dd"})
    bad = [("2", "{"), ("3", '{"at": "no day"}'), ("4", '{"raw": "not base64!"}'), ("5", "7")]
    produce(kafka, topic, [("1", '{"at": "2026-11-26"}'), *bad, ("6", '{"raw": "AP8="}')])
    wait_until(lambda: way.target.value("SELECT count(*) FROM plain") == 2, 30, "the good ones are there", detail=way.explain)
    assert way.target.sql("SELECT id, at::text, raw::text FROM plain ORDER BY id") == [(1, "2026-11-26 00:00:00", None), (6, None, "\\x00ff")]
    letters = kafka.admin.read(dead)
    assert [(each["key"].decode(), each["value"].decode()) for each in letters] == bad
    told = [{name: value.decode() for name, value in each["headers"]} for each in letters]
    assert [(each["__connect.errors.topic"], each["__connect.errors.partition"], each["__connect.errors.offset"],
             each["__connect.errors.stage"]) for each in told] == [
        (topic, "0", "1", "VALUE_CONVERTER"), (topic, "0", "2", "TRANSFORMATION"), (topic, "0", "3", "TASK_PUT"), (topic, "0", "4", "TRANSFORMATION")]
    assert {each["__connect.errors.connector.name"] for each in told} == {f"{way.name}-sink"}
    assert [each["__connect.errors.exception.class.name"] for each in told] == ["org.apache.kafka.connect.errors.DataException"] * 4
    assert face.log_text().count("is passed over") == 4
    produce(kafka, topic, [("9", '{"unknown": 1}')])  # not the record's fault
    wait_until(lambda: "has no column unknown" in way.trace(), 30, "a column that is missing stops it", detail=way.trace)
