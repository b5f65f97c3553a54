"""Real Debezium, and tandem's event encoder, on the changes of one database."""

import base64
import json
import os
import pathlib
import select
import struct
import subprocess

import psycopg2
import psycopg2.extras

from support import decoded
from support.waiting import wait_until

ENDING = "CREATE TABLE ending (id integer PRIMARY KEY)"
TYPES = r"""
SELECT concat_ws(E'\t', t.oid, CASE WHEN t.typtype = 'd' THEN 'domain' WHEN t.typtype = 'e' THEN 'enum'
                 WHEN t.typtype = 'c' THEN 'composite'
                 WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'array' ELSE 'base' END, t.typname,
                 CASE WHEN t.typtype = 'd' THEN t.typbasetype WHEN t.typelem <> 0 THEN t.typelem ELSE 0 END, t.typtypmod,
                 coalesce((SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e
                           WHERE e.enumtypid = t.oid), ''))
  FROM pg_type t WHERE t.oid >= 16384 OR t.typtype = 'd'
"""


COLUMNS = r"""
SELECT concat_ws(E'\t', c.relname, a.attname, a.atttypid::bigint, a.atttypmod)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""


KEYS = r"""
SELECT concat_ws(E'\t', c.relname, a.attname)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey::int2[])
 WHERE i.indisprimary AND n.nspname = 'public'
"""


FACTS = r"""
SELECT concat_ws(E'\t', c.relname, a.attname, CASE WHEN a.attnotnull THEN 't' ELSE 'f' END,
                 encode(convert_to(coalesce(pg_get_expr(d.adbin, d.adrelid), ''), 'UTF8'), 'hex'))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""


def environment_path(name):
    path = os.environ.get(name)
    assert path and os.path.exists(path), f"{name} names no file: run this through ctest, which builds it"
    return path


# The parts that hold a Debezium source, and which version; 3.0.8 is the one that events are held against.
NOW, BEFORE, LATER = "source", "source2", "source36"


def java(part, program):
    """The command line of one of its programs, up to its arguments."""
    parts = pathlib.Path(environment_path("TANDEM_INTEROP")) / part
    classpath = f"{parts / 'parts.jar'}:{(parts / 'classpath').read_text()}"
    return ["setpriv", "--pdeathsig", "KILL", "java", "-cp", classpath, f"tandem.{program}"]


def _packed(text):
    return "-" if text is None else base64.b64encode(text.encode()).decode()


def _unpacked(text):
    return None if text == "-" else base64.b64decode(text).decode()


class Source:
    """Debezium's connector on a database, from now on to the row that end() writes."""

    def __init__(self, database, part=NOW, **configuration):
        """`configuration`: Debezium's keys with underscores for dots; schemas=True for its schema blocks, "both" for end_both()."""
        self.database = database
        self.slot = f"debezium_{len(database.sql('SELECT 1 FROM pg_replication_slots'))}"
        given = {"database.hostname": "127.0.0.1", "database.port": database.cluster.port, "database.user": "postgres",
                 "database.password": "x", "database.dbname": database.name, "topic.prefix": "p",
                 "plugin.name": "pgoutput", "snapshot.mode": "no_data", "slot.name": self.slot,
                 "publication.autocreate.mode": "all_tables", "until": "p.public.ending",
                 "event.processing.failure.handling.mode": "warn",
                 **{key.replace("_", "."): str(value).lower() for key, value in configuration.items()}}
        self.process = subprocess.Popen(
            [*java(part, "Source"), *(f"{key}={value}" for key, value in given.items())],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(self._streams, 120, "Debezium streams")

    def _streams(self):
        assert self.process.poll() is None, self.process.communicate()[1][-2000:]
        return self.database.sql("SELECT 1 FROM pg_replication_slots WHERE active AND slot_name = %s", self.slot)

    def end(self):
        """[(topic, key text, value text)] of all records; writes the row that ends it."""
        return [record[:3] for record in self._end()]

    def end_both(self):
        """Those with schema blocks and those without."""
        records = self._end()
        return [record[:3] for record in records], [(record[0], *record[3:]) for record in records]

    def _end(self):
        self.database.sql("INSERT INTO ending SELECT count(*) FROM ending")
        out, err = self.process.communicate(timeout=180)
        assert self.process.returncode == 0, err[-2000:]
        return [(topic, *map(_unpacked, texts)) for topic, *texts in (line.split("\t") for line in out.splitlines())]


class Ours:
    """The same changes through tandem's encoder."""

    def __init__(self, database, publication="dbz_publication", slot=True):
        self.database, self.publication = database, publication
        self.slot = f"ours_{len(database.sql('SELECT 1 FROM pg_replication_slots'))}"
        if slot:
            database.sql("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", self.slot)

    def messages(self):
        """What pgoutput sent since, as event_tool reads it."""
        end = int(self.database.value("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn"))
        connection = psycopg2.connect(self.database.cluster.dsn(self.database.name),
                                      options="-c intervalstyle=postgres -c datestyle=ISO -c timezone=UTC "
                                              "-c extra_float_digits=3 -c bytea_output=hex -c lc_monetary=C",
                                      connection_factory=psycopg2.extras.LogicalReplicationConnection)
        cursor = connection.cursor()
        options = {"proto_version": 1, "publication_names": self.publication}
        if connection.server_version >= 140000:
            options["messages"] = "true"
        cursor.start_replication(slot_name=self.slot, decode=False, options=options)
        found = []
        while cursor.wal_end < end:
            message = cursor.read_message()
            if message is None:
                cursor.send_feedback(reply=True)
                select.select([connection], [], [], 0.1)
                continue
            found.append(struct.pack(">QI", message.data_start, len(message.payload)) + message.payload)
        connection.close()
        return b"".join(found)

    def decode(self, records, folder, **settings):
        """{number of the record: {column: text, None for null, "!why" for none}} of events, by tandem's decoder."""
        read = self.read([("", None, record) for record in records], folder, **settings)
        return {number: one.after if one.error is None else {"": one.error} for number, one in enumerate(read)}

    def read(self, records, folder, **settings):
        """(topic, key text, value text) as decoded.Record, by tandem's decoder."""
        columns = pathlib.Path(folder) / "columns.tsv"
        columns.write_text("".join(row[0] + "\n" for row in self.database.sql(COLUMNS)))
        lines = "".join("\t".join((topic, key or "-", value or "-")) + "\n" for topic, key, value in records)
        done = self._tool(folder, f"columns={columns}", settings, lines.encode())
        return decoded.records_of(done, [topic for topic, _, _ in records])

    def _tool(self, folder, how, settings, given):
        types = pathlib.Path(folder) / "types.tsv"
        types.write_text("\n".join(row[0] for row in self.database.sql(TYPES)) + "\n")
        return subprocess.run([environment_path("TANDEM_EVENT_TOOL"), f"types={types}", how,
                               *(f"{key}={value}" for key, value in settings.items())],
                              input=given, stdout=subprocess.PIPE, check=True).stdout.decode()

    def encode(self, messages, folder, **settings):
        """[(topic, key text, value text)]; a value that begins with "!" names the column without a form."""
        keys = pathlib.Path(folder) / "keys.tsv"
        keys.write_text("".join(row[0] + "\n" for row in self.database.sql(KEYS)))
        facts = pathlib.Path(folder) / "facts.tsv"
        facts.write_text("".join(row[0] + "\n" for row in self.database.sql(FACTS)))
        settings = {**settings, "keys": keys, "facts": facts}
        done = self._tool(folder, f"database={self.database.name}", settings, messages)
        return [("p." + topic, key, None if value == "-" else value)
                for topic, key, value in (line.split("\t") for line in done.split("\n")[:-1])]


def sink(database, records, **configuration):
    """Real Debezium's JDBC sink writes (topic, key text, value text) to the database; how each ended: "ok" or why not."""
    given = {"connection.url": f"jdbc:postgresql://127.0.0.1:{database.cluster.port}/{database.name}",
             "connection.username": "postgres", "connection.password": "x", "insert.mode": "upsert",
             "primary.key.mode": "record_key", "schema.evolution": "none", "table.name.format": "${source.table}",
             **{key.replace("_", "."): value for key, value in configuration.items()}}
    lines = "".join(f"{topic}\t{_packed(key)}\t{_packed(value)}\n" for topic, key, value in records)
    done = subprocess.run([*java("sink", "Sink"), *(f"{key}={value}" for key, value in given.items())], input=lines, text=True,
                          capture_output=True, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    ends = done.stdout.splitlines()
    assert len(ends) == len(records)
    return ends


def transformed(records, *chains, part=NOW):
    """What chains of transformations make of (topic, key text, value text) with schema blocks: the same, a list for each. A
    chain: {property: value} as a connector has it, and schemas="true" for schema blocks in what leaves it."""
    lines = "".join(f"{topic}\t{_packed(key)}\t{_packed(value)}\n" for topic, key, value in records)
    done = subprocess.run([*java(part, "Transform"), *(";".join(f"{key}={value}" for key, value in chain.items())
                                                       for chain in chains)],
                          input=lines, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    made = [[] for _ in chains]
    for line in done.stdout.splitlines():
        number, topic, key, value = line.split("\t")
        made[int(number)].append((topic, _unpacked(key), _unpacked(value)))
    return made


def payload(text):
    read = json.loads(text)
    return read["payload"] if set(read) == {"schema", "payload"} else read
