"""What the oracles judge, read from one master: its audit, its WAL, its rows, its conflict log.

Watch must be set up on both masters before anything is written: it creates schema `proof` with an
unlogged audit table, which is not synced, an ENABLE ALWAYS trigger on each synced table, and a
test_decoding slot that sees only changes without an origin. A killed server empties its audit.
"""

from collections import Counter

import psycopg2
from psycopg2 import sql

from support.oracles import Version

SCHEMA = "proof"
SLOT = "tandem_proof"
SLOT_CHUNK = 50_000  # changes read from the slot at a time

# Rows as text are the same on both masters whatever their defaults are.
PINNED = ("-c datestyle=ISO,MDY -c timezone=UTC -c intervalstyle=postgres -c extra_float_digits=3 "
          "-c bytea_output=hex -c search_path=public")

TRIGGER = """
CREATE FUNCTION proof.{function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO proof.audit (op, tbl, key, node, seq, foreign_origin)
            VALUES ('D', TG_ARGV[0], {old_key}, OLD.node, OLD.seq,
                    pg_replication_origin_session_is_setup());
    ELSE
        INSERT INTO proof.audit (op, tbl, key, node, seq, foreign_origin)
            VALUES (left(TG_OP, 1), TG_ARGV[0], {new_key}, NEW.node, NEW.seq,
                    pg_replication_origin_session_is_setup());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER proof AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION proof.{function}({name});
ALTER TABLE {table} ENABLE ALWAYS TRIGGER proof
"""


class Watch:
    """The oracle's view of one master. One connection, used by one thread."""

    def __init__(self, name, uri, tables):
        """tables: names in schema public, each with columns node and seq and a primary key."""
        self.name, self.tables = name, list(tables)
        self.session = psycopg2.connect(uri, connect_timeout=10, application_name="oracle",
                                        options=PINNED)
        self.session.autocommit = True
        self.keys = {table: self._key_columns(table) for table in self.tables}
        self.wal = Counter()  # origin-free changes read from the slot so far, by (table, op)

    def install(self):
        """Creates audit, triggers and slot; what an earlier run left is replaced."""
        self.remove()
        self._run(f"CREATE SCHEMA {SCHEMA}")
        self._run("CREATE UNLOGGED TABLE proof.audit (op \"char\", tbl text, key text, node text, "
                  "seq bigint, foreign_origin bool)")
        for table in self.tables:
            keys = self.keys[table]
            self._run(sql.SQL(TRIGGER).format(
                function=sql.Identifier(f"audit_{table}"), table=sql.Identifier("public", table),
                name=sql.Literal(table), old_key=self._key_text("OLD", keys),
                new_key=self._key_text("NEW", keys)))
        self._run("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", SLOT)

    def remove(self):
        for table in self.tables:
            self._run(sql.SQL("DROP TRIGGER IF EXISTS proof ON {}").format(
                sql.Identifier("public", table)))
        self._run(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        self._run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                  "WHERE slot_name = %s", SLOT)

    def close(self):
        self.session.close()

    # --- the WAL ---------------------------------------------------------------------------------
    def read_wal(self):
        """Origin-free row changes of the tables written since install, by (table, op).

        The changes are counted in the server and taken off the slot; several calls add up.
        """
        end = self._run("SELECT pg_current_wal_flush_lsn()")[0][0]
        seen = 1
        while seen:
            # A chunk ends with a transaction, so the slot never stands inside one.
            rows = self._run(
                "SELECT m[1], left(m[2], 1), count(*) FROM (SELECT regexp_match(data, "
                "'^table public\\.([^:]+): (INSERT|UPDATE|DELETE|TRUNCATE):') AS m "
                "FROM pg_logical_slot_get_changes(%s, %s, %s, 'only-local', '1', "
                "'include-xids', '0')) AS d GROUP BY 1, 2", SLOT, end, SLOT_CHUNK)
            seen = sum(count for _, _, count in rows)
            for table, op, count in rows:
                if table in self.keys:
                    self.wal[table, op] += count
        return self.wal

    # --- the audit -------------------------------------------------------------------------------
    def repeated(self):
        """Changes that took effect here more than once: [(op, table, key, node, seq, times)].

        An insert and an update of one (node, seq) are the same change applied twice.
        """
        return self._run(
            "SELECT CASE op WHEN 'D' THEN 'D' ELSE 'W' END AS kind, tbl, min(key), node, seq, "
            "count(*) FROM proof.audit GROUP BY kind, tbl, node, seq HAVING count(*) > 1 "
            "ORDER BY node, seq, kind")

    def echoes(self):
        """Changes this node made that came back to it: [(table, key, seq)].

        They were applied by a session with an origin, or lost against themselves in a conflict.
        Deletes are left out: the row they remove may carry any node.
        """
        found = self._run("SELECT tbl, key, seq FROM proof.audit WHERE foreign_origin AND "
                          "node = %s AND op <> 'D' ORDER BY seq", self.name)
        if self._has_log():
            found += self._run("SELECT table_name, key::text, (incoming->>'seq')::bigint FROM "
                               "tandem.conflict WHERE incoming->>'node' = %s", self.name)
        return found

    def own_changes(self):
        """What was written here without an origin, by (table, op), from the audit."""
        return Counter({(table, op): count for table, op, count in self._run(
            "SELECT tbl, op, count(*) FROM proof.audit WHERE NOT foreign_origin GROUP BY 1, 2")})

    def changes_seen(self):
        """How many row changes took effect here since install, local ones included."""
        return self._run("SELECT count(*) FROM proof.audit")[0][0]

    def commit_times(self):
        """{Version: commit timestamp} of inserts and updates made here; {} if not tracked."""
        if self._run("SHOW track_commit_timestamp")[0][0] != "on":
            return {}
        return {Version(node, seq): at for node, seq, at in self._run(
            "SELECT node, seq, pg_xact_commit_timestamp(xmin) FROM proof.audit "
            "WHERE NOT foreign_origin AND op <> 'D'")}

    def versions_seen(self):
        """All versions the audit met here in inserts and updates."""
        return {Version(*row) for row in self._run(
            "SELECT DISTINCT node, seq FROM proof.audit WHERE op <> 'D'")}

    # --- rows ------------------------------------------------------------------------------------
    def visible(self):
        """{(table, key): Version} of every row."""
        rows = {}
        for table in self.tables:
            for key, node, seq in self._run(sql.SQL("SELECT {}, node, seq FROM {} AS t").format(
                    self._key_text("t", self.keys[table]), sql.Identifier("public", table))):
                rows[table, key] = Version(node, seq)
        return rows

    def fingerprints(self):
        """{table: (rows, md5 over all rows in key order)}."""
        return {table: self._run(sql.SQL(
            "SELECT count(*), md5(coalesce(string_agg(md5(t::text), '' ORDER BY {}), '')) "
            "FROM {} AS t").format(
                sql.SQL(", ").join(sql.Identifier("t", column) for column in self.keys[table]),
                sql.Identifier("public", table)))[0] for table in self.tables}

    def rows(self, table):
        """{key: md5 of the row}, to name the rows that differ."""
        return dict(self._run(sql.SQL("SELECT {}, md5(t::text) FROM {} AS t").format(
            self._key_text("t", self.keys[table]), sql.Identifier("public", table))))

    def unbalanced(self, table, column, each):
        """Whether the column does not sum up to `each` per row: half a transaction is visible."""
        return self._run(sql.SQL("SELECT coalesce(sum({}), 0) <> count(*) * %s FROM {}").format(
            sql.Identifier(column), sql.Identifier("public", table)), each)[0][0]

    # --- tandem's conflict log, the one table of tandem's that is part of a promise ---------------
    def conflicts(self):
        return self._run("SELECT count(*) FROM tandem.conflict")[0][0] if self._has_log() else 0

    def losers(self):
        """Versions that lost a conflict here."""
        if not self._has_log():
            return set()
        return {Version(node, int(seq)) for node, seq in self._run(
            "SELECT loser->>'node', loser->>'seq' FROM (SELECT CASE WHEN winner = incoming_node "
            "THEN existing ELSE incoming END AS loser FROM tandem.conflict) AS c "
            "WHERE loser->>'seq' IS NOT NULL")}

    # --- how far the peer's stream of this node has come ----------------------------------------
    def wal_end(self):
        return self._run("SELECT pg_current_wal_flush_lsn()")[0][0]

    def confirmed(self, lsn):
        """Whether every slot of tandem's here has confirmed the position."""
        return self._run("SELECT coalesce(bool_and(confirmed_flush_lsn >= %s), false) FROM "
                         "pg_replication_slots WHERE database = current_database() AND "
                         "slot_name LIKE 'tandem\\_%%' AND slot_name <> %s", lsn, SLOT)[0][0]

    def applied(self, source, lsn):
        """Whether this master has taken over all of the source's WAL up to the position (R2)."""
        return self._run("SELECT coalesce(bool_and(greatest(applied_lsn, safe_lsn) >= %s), false) "
                         "FROM tandem.progress WHERE stream = %s", lsn, source)[0][0]

    def _has_log(self):
        return self._run("SELECT to_regclass('tandem.conflict') IS NOT NULL")[0][0]

    # --- plumbing --------------------------------------------------------------------------------
    def _key_columns(self, table):
        columns = [row[0] for row in self._run(
            "SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(n, place), "
            "pg_attribute a WHERE i.indrelid = %s::regclass AND i.indisprimary "
            "AND a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.place", f"public.{table}")]
        if not columns:
            raise ValueError(f"{table} has no primary key")
        return columns

    @staticmethod
    def _key_text(row, columns):
        return sql.SQL(" || ',' || ").join(
            sql.SQL("{}.{}::text").format(sql.SQL(row), sql.Identifier(column))
            for column in columns)

    def _run(self, statement, *values):
        with self.session.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
