"""Debezium's source and JDBC sink between two databases, in the ways that are measured."""

from measuring import peak_memory_mb, wait

# Rows/s of a catch-up on a quiet machine of two cores with a warm JVM. A run whose peer stays below 75 % of
# it says nothing of the peer. With three brokers only "flat" was ever measured; the others stand or fall with it.
ANCHORS = {1: {"flat": 23_000, "envelope": 13_000, "default": 5_000}, 3: {"flat": 17_400}}
LATENCY_ANCHORS_MS = {"p50": 38, "p99": 73}

SOURCE = {
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "tasks.max": "1",
    "database.hostname": "127.0.0.1",
    "database.user": "postgres",
    "database.password": "password",
    "plugin.name": "pgoutput",
    "publication.autocreate.mode": "filtered",
    "table.include.list": "public.chat_message",
    "snapshot.mode": "no_data",
}
SINK = {
    "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
    "tasks.max": "1",
    "connection.username": "postgres",
    "connection.password": "password",
    "insert.mode": "upsert",
    "primary.key.mode": "record_key",
    "delete.enabled": "true",
    "table.name.format": "chat_message",
}
TUNED_SOURCE = {
    "max.batch.size": "8192",
    "max.queue.size": "32768",
    "poll.interval.ms": "10",
    "producer.override.linger.ms": "5",
    "producer.override.batch.size": "262144",
    "producer.override.compression.type": "lz4",
    "producer.override.buffer.memory": "67108864",
}
TUNED_SINK = {
    "batch.size": "5000",
    "consumer.override.max.poll.records": "5000",
    "consumer.override.max.partition.fetch.bytes": "10485760",
    "consumer.override.fetch.max.bytes": "52428800",
    "connection.pool.min_size": "2",
    "connection.pool.max_size": "4",
    "use.reduction.buffer": "true",
}
FLATTENED = {
    "transforms": "unwrap",
    "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
    "transforms.unwrap.delete.tombstone.handling.mode": "tombstone",
}
# {name: (of the source, of the sink, end of the sink's address)}. A producer waits for all replicas in each of
# them, as Connect's do by default.
WAYS = {
    "flat": ({**TUNED_SOURCE, **FLATTENED}, TUNED_SINK, "?reWriteBatchedInserts=true"),
    "envelope": (TUNED_SOURCE, TUNED_SINK, "?reWriteBatchedInserts=true"),
    "default": ({}, {}, ""),
}


class Debezium:
    """Two connectors that stay, with their JVM warm, and are resumed and paused for each measurement."""

    def __init__(self, way, source, target, worker, brokers, admin):
        """`admin`: removes from the topic what the sink has written."""
        self.name, self.source, self.target, self.admin = way, source, target, admin
        self.worker, self.brokers = worker, brokers
        self.topic = f"{way}.public.chat_message"
        self.connectors = {f"{way}-sink": self._sink(), f"{way}-source": self._source()}
        for name, settings in self.connectors.items():
            worker.command("PUT", f"/connectors/{name}/config", settings)
        for name in self.connectors:
            worker.wait_state(name, "RUNNING")
        wait(f"Debezium ({way}) streams", 60, lambda: source.walsenders(f"debezium_{way}"))
        self._all("pause", "PAUSED")

    def _source(self):
        return {**SOURCE, "database.port": str(self.source.cluster.port), "database.dbname": self.source.name,
                "topic.prefix": self.name, "slot.name": f"debezium_{self.name}",
                "publication.name": f"debezium_{self.name}", **WAYS[self.name][0]}

    def _sink(self):
        _, tuned, ending = WAYS[self.name]
        address = f"jdbc:postgresql://127.0.0.1:{self.target.cluster.port}/{self.target.name}{ending}"
        return {**SINK, "topics": self.topic, "connection.url": address, **tuned}

    def _all(self, command, state):
        for name in self.connectors:
            self.worker.command("PUT", f"/connectors/{name}/{command}")
        for name in self.connectors:
            self.worker.wait_state(name, state)

    @property
    def memory_mb(self):
        """Of the worker, in whatever way it worked."""
        return peak_memory_mb(self.worker.process.pid)

    def prepare(self):
        """Debezium passes over the TRUNCATE of the source."""
        self.target.sql("TRUNCATE chat_message")

    def start(self):
        for name in self.connectors:
            self.worker.command("PUT", f"/connectors/{name}/resume")

    def stop(self):
        self._all("pause", "PAUSED")
        if self.topic in self.admin.topics():
            self.admin.delete_records(self.topic, 0, -1)

    def parts(self):
        """{part: pids}"""
        return {"walsender": self.source.walsenders(f"debezium_{self.name}"), "apply": self.target.sessions(),
                "connect": [self.worker.process.pid],
                "brokers": [node.pid() for node in self.brokers.nodes]}
