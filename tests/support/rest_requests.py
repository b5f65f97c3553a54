"""Requests to a worker of Kafka Connect, valid and invalid, in every state: the same script for a real one and for ours.

A step is (label, method, path, body, headers). Those that wait for a status are no requests.
"""

import json

SOURCE = "io.debezium.connector.postgresql.PostgresConnector"
SINK = "io.debezium.connector.jdbc.JdbcSinkConnector"
KAFKA = "org.apache.kafka.connect."


class Script:
    """Collects steps. `database`: host, port, user, password, dbname of a server that answers; `closed`: a port that nobody has."""

    def __init__(self, database, closed):
        self.database, self.closed = database, closed
        self.steps = []

    def ask(self, label, method, path, body=None, **headers):
        """`body`: what becomes JSON, or bytes as they are."""
        self.steps.append((label, method, path, body, headers))

    def wait(self, connector, state, task=None, tasks=1):
        """Until the connector's state is this, and that of its `tasks` tasks that."""
        self.steps.append(("wait", connector, state, task, tasks))

    def source(self, slot, **more):
        host, port, user, password, name = self.database
        made = {"connector.class": SOURCE, "plugin.name": "pgoutput", "database.hostname": host, "database.port": str(port),
                "database.user": user, "database.password": password, "database.dbname": name, "topic.prefix": slot,
                "slot.name": slot, "publication.name": slot, "snapshot.mode": "no_data"}
        made.update({key.replace("__", "."): value for key, value in more.items()})
        return {key: value for key, value in made.items() if value is not None}

    def sink(self, **more):
        host, port, user, password, name = self.database
        made = {"connector.class": SINK, "topics": "rest.public.t", "connection.url": f"jdbc:postgresql://{host}:{port}/{name}",
                "connection.username": user, "connection.password": password, "insert.mode": "upsert",
                "primary.key.mode": "record_key", "table.name.format": "copied"}
        made.update({key.replace("__", "."): value for key, value in more.items()})
        return {key: value for key, value in made.items() if value is not None}


def changed(config, **more):
    """With other values; None takes a key away."""
    made = {**config, **{key.replace("__", "."): value for key, value in more.items()}}
    return {key: value for key, value in made.items() if value is not None}


def root(script):
    for path in ("/", "/health", "/connectors", "/connectors?expand=status", "/connectors?expand=info",
                 "/connectors?expand=status&expand=info", "/connectors?expand=nothing", "/connectors?expand=", "/connector-plugins",
                 "/connector-plugins?connectorsOnly=true", "/admin/loggers/root"):
        script.ask("root", "GET", path)
    for path in ("/nothing", "/connectors/", "/connectors//", "/connector-plugins/", "/admin", "/admin/loggers/nobody.knows.it",
                 "/connectors/a/b", "/connectors/a/b/c", "/connectors/a/tasks/x/status", "/connectors/a/tasks/0",
                 "/connector-plugins/Nothing/config", "/connector-plugins/nothing"):
        script.ask("no such path", "GET", path)
    for method, path in (("DELETE", "/"), ("POST", "/"), ("PUT", "/connectors"), ("DELETE", "/connectors"), ("PATCH", "/connectors"),
                         ("POST", "/connectors/a"), ("PUT", "/connectors/a"), ("POST", "/connectors/a/config"),
                         ("DELETE", "/connectors/a/config"), ("POST", "/connectors/a/pause"), ("GET", "/connectors/a/pause"),
                         ("GET", "/connectors/a/restart"), ("PUT", "/connectors/a/restart"), ("POST", "/connectors/a/offsets"),
                         ("PUT", "/connectors/a/status"), ("POST", "/connector-plugins"), ("GET", f"/connector-plugins/{SOURCE}/config/validate"),
                         ("DELETE", "/admin/loggers/root"), ("POST", "/health")):
        script.ask("not that method", method, path, {} if method != "GET" else None)
    for path in ("", "/config", "/status", "/tasks", "/tasks-config", "/topics", "/offsets", "/tasks/0/status"):
        script.ask("unknown connector", "GET", f"/connectors/absent{path}")
    for method, path in (("PUT", "/pause"), ("PUT", "/resume"), ("PUT", "/stop"), ("POST", "/restart"), ("POST", "/tasks/0/restart"),
                         ("POST", "/restart?includeTasks=true"), ("POST", "/restart?onlyFailed=true"), ("DELETE", ""),
                         ("PUT", "/topics/reset"), ("DELETE", "/offsets")):
        script.ask("unknown connector", method, f"/connectors/absent{path}")
    script.ask("unknown connector", "PATCH", "/connectors/absent/config", {"a": "b"})
    script.ask("unknown connector", "PATCH", "/connectors/absent/offsets", {"offsets": [{"partition": {"a": "b"}, "offset": {"c": 1}}]})


def bodies(script):
    """What is no request at all."""
    good = {"name": "never", "config": script.source("never")}
    for label, body in (("empty", b""), ("no JSON", b"{"), ("words", b"hello"), ("a list", b"[]"), ("a number", b"5"), ("null", b"null"),
                        ("a text", b'"x"'), ("an object", b"{}"), ("name alone", b'{"name":"never"}'), ("config alone", b'{"config":{}}'),
                        ("config is null", b'{"name":"never","config":null}'), ("config is a list", b'{"name":"never","config":[]}'),
                        ("config is a text", b'{"name":"never","config":"x"}'), ("a value is an object", b'{"name":"never","config":{"a":{}}}'),
                        ("a value is a list", b'{"name":"never","config":{"a":[]}}'), ("name is a number", b'{"name":5,"config":{}}'),
                        ("name is an object", b'{"name":{},"config":{}}'), ("unknown key", b'{"name":"never","config":{},"more":1}'),
                        ("bad state", b'{"name":"never","config":{},"initial_state":"LATER"}'),
                        ("bytes that are no UTF-8", b'{"name":"\xff\xfe","config":{}}'), ("rest behind it", json.dumps(good).encode() + b" x")):
        script.ask(f"POST {label}", "POST", "/connectors", body)
    for label, body in (("empty", b""), ("no JSON", b"{"), ("a list", b"[]"), ("a number", b"5"), ("null", b"null"), ("an object", b"{}"),
                        ("a value is an object", b'{"a":{}}')):
        script.ask(f"PUT {label}", "PUT", "/connectors/never/config", body)
        script.ask(f"validate {label}", "PUT", f"/connector-plugins/{SOURCE}/config/validate", body)
        script.ask(f"PATCH {label}", "PATCH", "/connectors/never/config", body)
    script.ask("text/plain", "POST", "/connectors", json.dumps(good).encode(), **{"Content-Type": "text/plain"})
    script.ask("text/plain", "PUT", "/connectors/never/config", b"{}", **{"Content-Type": "text/plain"})
    script.ask("wants XML", "GET", "/connectors", None, Accept="application/xml")


def validations(script):
    """Configurations of sources, which no connector is made of."""
    def source(label, **more):
        given = script.source("checked", **more)
        script.ask(f"validate {label}", "PUT", f"/connector-plugins/{SOURCE}/config/validate", {"name": "checked", **given})

    def both(label, **more):
        source(label, **more)
        given = script.source("checked", **more)
        script.ask(f"create {label}", "POST", "/connectors", {"name": "refused", "config": given})

    source("a good one")
    both("no prefix", topic__prefix=None)
    both("no host, user, database", database__hostname=None, database__user=None, database__dbname=None)
    both("blank host", database__hostname=" ")
    both("a bad host", database__hostname="a b")
    both("a closed port", database__port=str(script.closed))
    both("a port that is no number", database__port="x")
    both("a bad slot", slot__name="Slot-1")
    both("a slot that is too long", slot__name="s" * 64)
    both("a bad prefix", topic__prefix="a b")
    both("no such database", database__dbname="nobody_made_it")
    both("no such user", database__user="nobody_is_it")
    both("two filters", table__include__list="a", table__exclude__list="b")
    both("filters of all kinds", schema__include__list="a", schema__exclude__list="b", column__include__list="a", column__exclude__list="b",
         message__prefix__include__list="a", message__prefix__exclude__list="b")
    for key, values in {
            "plugin.name": ("wal2json", "PGOUTPUT"), "snapshot.mode": ("sometimes", "INITIAL", "never"), "decimal.handling.mode": ("exact", ""),
            "time.precision.mode": ("fine",), "hstore.handling.mode": ("x",), "interval.handling.mode": ("x",), "binary.handling.mode": ("x",),
            "schema.name.adjustment.mode": ("x",), "publication.autocreate.mode": ("x",), "database.sslmode": ("x", "required"),
            "event.processing.failure.handling.mode": ("x",), "snapshot.isolation.mode": ("x",), "snapshot.locking.mode": ("x", "custom"),
            "snapshot.query.mode": ("x", "custom"), "schema.refresh.mode": ("x",), "snapshot.tables.order.by.row.count": ("x",),
            "incremental.snapshot.watermarking.strategy": ("x", "insert_delete"), "max.batch.size": ("0", "-1", "x", "9000"),
            "max.queue.size": ("0", "1", "x", "2048"), "poll.interval.ms": ("0", "x"), "max.queue.size.in.bytes": ("-1", "x"),
            "heartbeat.interval.ms": ("-1", "x"), "status.update.interval.ms": ("0", "x"), "xmin.fetch.interval.ms": ("-1",),
            "slot.max.retries": ("x",), "slot.retry.delay.ms": ("x",), "skipped.operations": ("x", "c,none", "none", "c,u,d", " c , u"),
            "tombstones.on.delete": ("maybe", "TRUE"), "slot.drop.on.stop": ("1",), "message.key.columns": ("", "x", "public.t:a;y", "public.t:a,b"),
            "replica.identity.autoset.values": ("", "x", "public.t:FULL,y", "public.t:INDEX i"), "table.include.list": ("(", "a,b", ""),
            "column.include.list": ("[",), "snapshot.include.collection.list": ("*",), "custom.metric.tags": ("x", "a=b,c=d", "a=b,c"),
            "topic.naming.strategy": ("a b", "no.such.Class"), "notification.enabled.channels": ("sink", "log"),
            "tasks.max": ("0", "-1", "x", "2", "2147483648"), "transforms": ("a", "a,a", "", "a,b"), "predicates": ("p", "p,p"),
            "errors.tolerance": ("some", "ALL", "all"), "errors.retry.timeout": ("x", "-1"), "errors.log.enable": ("x", "True"),
            "key.converter": ("no.such.Converter", SOURCE, KAFKA + "json.JsonConverter", KAFKA + "storage.StringConverter", "", "JsonConverter"),
            "value.converter": (KAFKA + "transforms.RegexRouter", KAFKA + "converters.ByteArrayConverter"),
            "header.converter": (KAFKA + "storage.SimpleHeaderConverter", KAFKA + "converters.LongConverter", "x.Y"),
            "config.action.reload": ("never", "none", "restart"), "exactly.once.support": ("yes", "REQUESTED"),
            "transaction.boundary": ("x", "INTERVAL"), "transaction.boundary.interval.ms": ("-1", "5"), "offsets.storage.topic": ("", "x"),
            "topic.creation.groups": ("a,a", ""), "unknown.key": ("x",), "name": ("", "another", "a\tb"),
    }.items():
        for value in values:
            source(f"{key}={value!r}", **{key: value})
    regex = {"transforms": "r", "transforms.r.type": KAFKA + "transforms.RegexRouter", "transforms.r.regex": "a", "transforms.r.replacement": "b"}
    source("a transformation", **regex)
    for label, more in {
            "without type": {"transforms.r.type": None}, "unknown type": {"transforms.r.type": "no.such.Transformation"},
            "of another kind": {"transforms.r.type": SOURCE}, "without its regex": {"transforms.r.regex": None},
            "a bad regex": {"transforms.r.regex": "("}, "negate alone": {"transforms.r.negate": "true"},
            "a predicate that is not there": {"transforms.r.predicate": "p"}, "alias": {"transforms.r.type": "RegexRouter"},
            "abstract": {"transforms.r.type": KAFKA + "transforms.ReplaceField"},
            "predicate": {"transforms.r.predicate": "p", "predicates": "p", "predicates.p.type": KAFKA + "transforms.predicates.TopicNameMatches",
                          "predicates.p.pattern": "a.*"},
            "predicate of another kind": {"transforms.r.predicate": "p", "predicates": "p", "predicates.p.type": SOURCE},
            "predicate without pattern": {"transforms.r.predicate": "p", "predicates": "p",
                                          "predicates.p.type": KAFKA + "transforms.predicates.TopicNameMatches"},
    }.items():
        source(f"a transformation {label}", **{**regex, **more})
    source("converter with settings", key__converter=KAFKA + "json.JsonConverter", key__converter__schemas__enable="false",
           value__converter=KAFKA + "json.JsonConverter", value__converter__schemas__enable="maybe", value__converter__decimal__format="x")
    source("client settings", **{"producer.override.linger.ms": "5", "admin.override.x": "y", "consumer.override.x": "y"})


def sink_validations(script):
    def sink(label, **more):
        given = script.sink(**more)
        script.ask(f"validate sink {label}", "PUT", f"/connector-plugins/{SINK}/config/validate", {"name": "checked", **given})

    sink("a good one")
    for key, values in {
            "topics": (None, "", " ", "a,b", "a,a"), "topics.regex": ("a.*", "(", ""), "errors.deadletterqueue.topic.name": ("dead", "rest.public.t", " "),
            "errors.deadletterqueue.topic.replication.factor": ("x", "1"), "errors.deadletterqueue.context.headers.enable": ("x",),
            "connection.url": (None, "", "x", "jdbc:mysql://x/y"), "insert.mode": ("x", "UPSERT"), "delete.enabled": ("x", "true"),
            "primary.key.mode": ("x", None), "schema.evolution": ("x", "basic"), "batch.size": ("x", "0"), "connection.pool.min_size": ("x",),
            "flush.max.retries": ("x",), "flush.retry.delay.ms": ("x",), "table.naming.strategy": ("no.such.Class",),
            "quote.identifiers": ("x",), "field.include.list": ("(", "a"), "consumer.override.group.id": ("connect", "mine"),
            "tasks.max": ("3",), "errors.tolerance": ("all",),
    }.items():
        for value in values:
            sink(f"{key}={value!r}", **{key: value})
    sink("both kinds of topics", topics__regex="b.*")
    sink("a regex alone", topics=None, topics__regex="b.*")
    sink("a regex that has the dead letters", topics=None, topics__regex="b.*", errors__deadletterqueue__topic__name="bury")
    for name, path in (("SOURCE under a sink's path", f"/connector-plugins/{SINK}/config/validate"),
                       ("short names", "/connector-plugins/PostgresConnector/config/validate"),
                       ("shorter names", "/connector-plugins/Postgres/config/validate"),
                       ("nobody's path", "/connector-plugins/Nothing/config/validate")):
        script.ask(f"validate {name}", "PUT", path, {"name": "checked", **script.source("checked")})
    script.ask("validate no class", "PUT", f"/connector-plugins/{SOURCE}/config/validate", {"name": "checked"})
    script.ask("validate unknown class", "PUT", "/connector-plugins/no.such.Class/config/validate",
               {"name": "checked", "connector.class": "no.such.Class"})
    for plugin in (SOURCE, SINK, "PostgresConnector", KAFKA + "transforms.RegexRouter", KAFKA + "transforms.MaskField$Value",
                   KAFKA + "transforms.predicates.HasHeaderKey", KAFKA + "json.JsonConverter", KAFKA + "storage.SimpleHeaderConverter",
                   "RegexRouter", "no.such.Class"):
        script.ask("definitions", "GET", f"/connector-plugins/{plugin}/config")


def life(script):
    """A source through everything that can become of one."""
    config = script.source("rest", table__include__list="public.t")
    path = "/connectors/rest"
    for label, body in (("no class", {"name": "rest", "config": {}}), ("unknown class", {"name": "rest", "config": {"connector.class": "no.such.Class"}}),
                        ("another name inside", {"name": "rest", "config": {**config, "name": "other"}}),
                        ("no name", {"config": config}), ("an empty name", {"name": "", "config": config}),
                        ("a blank name", {"name": "  ", "config": config}),
                        ("a name with a control character", {"name": "a\u0001b", "config": config})):
        script.ask(f"create {label}", "POST", "/connectors", body)
    script.ask("create", "POST", "/connectors", {"name": "rest", "config": config})
    script.wait("rest", "RUNNING", "RUNNING")
    script.ask("create again", "POST", "/connectors", {"name": "rest", "config": config})
    script.ask("create again, with blanks around it", "POST", "/connectors", {"name": " rest ", "config": config})
    for part in ("", "/config", "/status", "/tasks", "/tasks-config", "/topics", "/tasks/0/status", "/tasks/1/status", "/tasks/-1/status"):
        script.ask("running", "GET", path + part)
    for query in ("", "?expand=status", "?expand=info", "?expand=info&expand=status"):
        script.ask("listed", "GET", f"/connectors{query}")
    script.ask("offsets while it runs", "DELETE", f"{path}/offsets")
    script.ask("offsets while it runs", "PATCH", f"{path}/offsets", {"offsets": [{"partition": {"server": "rest"}, "offset": {"lsn": 1}}]})
    for label, body in (("none", {"offsets": []}), ("null", {"offsets": None}), ("nothing", {}), ("no partition", {"offsets": [{"offset": {}}]}),
                        ("a list", []), ("empty", b"")):
        script.ask(f"offsets: {label}", "PATCH", f"{path}/offsets", body)
    for again in range(2):
        script.ask(f"pause {again}", "PUT", f"{path}/pause")
        script.wait("rest", "PAUSED", "PAUSED")
    for part in ("", "/status", "/tasks/0/status"):
        script.ask("paused", "GET", path + part)
    script.ask("restart while paused", "POST", f"{path}/restart")
    script.wait("rest", "PAUSED", "PAUSED")
    for again in range(2):
        script.ask(f"resume {again}", "PUT", f"{path}/resume")
        script.wait("rest", "RUNNING", "RUNNING")
    for query in ("", "?includeTasks=false", "?onlyFailed=false", "?includeTasks=false&onlyFailed=true", "?onlyFailed=true",
                  "?includeTasks=true&onlyFailed=true", "?includeTasks=true", "?includeTasks=x"):
        script.ask("restart", "POST", f"{path}/restart{query}")
        script.wait("rest", "RUNNING", "RUNNING")
    for task in ("0", "1", "x", "-1"):
        script.ask("restart a task", "POST", f"{path}/tasks/{task}/restart")
        script.wait("rest", "RUNNING", "RUNNING")
    for label, more in (("as it is", {}), ("changed", {"max.batch.size": "1000"}), ("another name", {"name": "other"}),
                        ("wrong", {"max.batch.size": "x"}), ("no class", {"connector.class": None}), ("back", {})):
        script.ask(f"configure {label}", "PUT", f"{path}/config", changed(config, **more))
        script.wait("rest", "RUNNING", "RUNNING")
        script.ask(f"configured {label}", "GET", f"{path}/config")
    for label, body in (("a value", {"max.batch.size": "1500"}), ("one away", {"max.batch.size": None}), ("nothing", {}),
                        ("a wrong one", {"max.batch.size": "x"}), ("the name", {"name": "other"}), ("an unknown key", {"unknown": "y"})):
        script.ask(f"patch {label}", "PATCH", f"{path}/config", body)
        script.wait("rest", "RUNNING", "RUNNING")
        script.ask(f"patched {label}", "GET", f"{path}/config")
    script.ask("topics", "GET", f"{path}/topics")
    script.ask("topics reset", "PUT", f"{path}/topics/reset")
    script.ask("topics", "GET", f"{path}/topics")
    for again in range(2):
        script.ask(f"stop {again}", "PUT", f"{path}/stop")
        script.wait("rest", "STOPPED")
    for part in ("", "/config", "/status", "/tasks", "/tasks-config", "/tasks/0/status", "/offsets"):
        script.ask("stopped", "GET", path + part)
    script.ask("restart while stopped", "POST", f"{path}/restart")
    script.ask("restart while stopped", "POST", f"{path}/restart?includeTasks=true")
    script.ask("restart a task while stopped", "POST", f"{path}/tasks/0/restart")
    for label, body in (("none", {"offsets": []}), ("null", {"offsets": None}), ("nothing", {}), ("empty", b""),
                        ("no partition", {"offsets": [{"offset": {"lsn": 1}}]}), ("no such server", {"offsets": [{"partition": {"x": "y"}, "offset": {"lsn": 1}}]}),
                        ("one away that is not there", {"offsets": [{"partition": {"server": "gone"}, "offset": None}]})):
        script.ask(f"stopped, offsets: {label}", "PATCH", f"{path}/offsets", body)
    script.ask("stopped, offsets: reset", "DELETE", f"{path}/offsets")
    script.ask("stopped, offsets after it", "GET", f"{path}/offsets")
    script.ask("pause a stopped one", "PUT", f"{path}/pause")
    script.wait("rest", "PAUSED")
    script.ask("resume", "PUT", f"{path}/resume")
    script.wait("rest", "RUNNING", "RUNNING")
    script.ask("delete", "DELETE", path)
    script.wait("rest", None)
    script.ask("deleted", "DELETE", path)
    for part in ("", "/config", "/status", "/tasks", "/tasks-config", "/topics", "/offsets"):
        script.ask("deleted", "GET", path + part)


def states(script):
    """Begun in a state, and by PUT."""
    for state in ("RUNNING", "PAUSED", "STOPPED", "running"):
        name = f"in-{state}"
        slot = f"in_{state}".lower()
        script.ask(f"initial {state}", "POST", "/connectors", {"name": name, "config": script.source(slot), "initial_state": state})
        if state != "running":
            script.wait(name, state, state if state == "RUNNING" else None)
            script.ask(f"initial {state}", "GET", f"/connectors/{name}")
            script.ask(f"initial {state}", "GET", f"/connectors/{name}/status")
            script.ask(f"initial {state}", "DELETE", f"/connectors/{name}")
            script.wait(name, None)
    config = script.source("by_put")
    script.ask("PUT makes one", "PUT", "/connectors/by-put/config", config)
    script.wait("by-put", "RUNNING", "RUNNING")
    script.ask("PUT made one", "GET", "/connectors/by-put")
    script.ask("PUT makes none of a wrong one", "PUT", "/connectors/by-put-2/config", changed(config, slot__name="X"))
    script.ask("PUT makes none without a class", "PUT", "/connectors/by-put-2/config", {})
    script.ask("delete", "DELETE", "/connectors/by-put")
    script.wait("by-put", None)
    for name in ("with space", "with%2Fslash", "ünïcode-名", "a" * 300, "dots.and-dashes_1", "per%25cent", "quote\"it", "plus+plus"):
        quoted = "".join(c if c.isascii() and (c.isalnum() or c in "-._~%+") else "".join(f"%{b:02X}" for b in c.encode()) for c in name)
        plain = name.replace("%2F", "/").replace("%25", "%")
        script.ask(f"named {name[:20]}", "POST", "/connectors", {"name": plain, "config": script.source("named"), "initial_state": "STOPPED"})
        script.ask(f"named {name[:20]}", "GET", f"/connectors/{quoted}")
        script.ask(f"named {name[:20]}", "GET", f"/connectors/{quoted}/config")
        script.ask(f"named {name[:20]}", "DELETE", f"/connectors/{quoted}")
    sink = script.sink()
    script.ask("a sink", "POST", "/connectors", {"name": "sunk", "config": sink})
    script.wait("sunk", "RUNNING", "RUNNING")
    for part in ("", "/config", "/status", "/tasks", "/tasks-config", "/topics"):
        script.ask("a sink", "GET", f"/connectors/sunk{part}")
    script.ask("a sink of three tasks", "PUT", "/connectors/sunk/config", changed(sink, tasks__max="3"))
    script.wait("sunk", "RUNNING", "RUNNING", 3)
    script.ask("a sink of three tasks", "GET", "/connectors/sunk")
    script.ask("stop", "PUT", "/connectors/sunk/stop")
    script.wait("sunk", "STOPPED")
    for label, body in (("a topic that it has not", {"offsets": [{"partition": {"kafka_topic": "x", "kafka_partition": 0}, "offset": {"kafka_offset": 1}}]}),
                        ("no topic", {"offsets": [{"partition": {"kafka_partition": 0}, "offset": {"kafka_offset": 1}}]}),
                        ("no number", {"offsets": [{"partition": {"kafka_topic": "x", "kafka_partition": "y"}, "offset": {"kafka_offset": 1}}]}),
                        ("no offset", {"offsets": [{"partition": {"kafka_topic": "x", "kafka_partition": 0}, "offset": {"x": 1}}]}),
                        ("a bad offset", {"offsets": [{"partition": {"kafka_topic": "x", "kafka_partition": 0}, "offset": {"kafka_offset": "z"}}]})):
        script.ask(f"a sink's offsets: {label}", "PATCH", "/connectors/sunk/offsets", body)
    script.ask("a sink's offsets", "GET", "/connectors/sunk/offsets")
    script.ask("a sink's offsets: reset", "DELETE", "/connectors/sunk/offsets")
    script.ask("delete", "DELETE", "/connectors/sunk")
    script.wait("sunk", None)


def loggers(script):
    for level in ("INFO", "debug", "nonsense", ""):
        script.ask(f"level {level!r}", "PUT", "/admin/loggers/org.apache.kafka.connect.runtime.rest", {"level": level})
    script.ask("no level", "PUT", "/admin/loggers/root", {})
    script.ask("no body", "PUT", "/admin/loggers/root", b"")
    script.ask("cluster", "PUT", "/admin/loggers/root?scope=cluster", {"level": "INFO"})
    script.ask("a scope that is not", "PUT", "/admin/loggers/org.apache.kafka.connect.runtime.rest?scope=x", {"level": "INFO"})


def script(database, closed):
    made = Script(database, closed)
    for part in (root, bodies, validations, sink_validations, life, states, loggers):
        part(made)
    return made
