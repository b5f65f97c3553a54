"""The servers of a run, their databases, and the table that is synced: made, filled, compared."""

import contextlib

import psycopg2

import goals
from shared import Stack, free_ports

ROWS_PER_TRANSACTION = 100

TABLE = """CREATE TABLE chat_message (id bigint PRIMARY KEY, room_id int, user_id text, body text,
                                      sent_at timestamptz, likes int, meta jsonb)"""

ROW = """n, n % 100, 'user_' || n % 5000, rpad('message ' || n, 120, 'x'), clock_timestamp(), n % 7,
         jsonb_build_object('client', 'web', 'edited', false, 'n', n)"""

LOAD = f"""CREATE PROCEDURE load(first int, last int) LANGUAGE plpgsql AS $$
BEGIN
    FOR low IN first..last BY {ROWS_PER_TRANSACTION} LOOP
        INSERT INTO chat_message
        SELECT {ROW} FROM generate_series(low, low + {ROWS_PER_TRANSACTION - 1}) AS n;
        COMMIT;
    END LOOP;
END $$"""

CONTENT = "SELECT count(*), md5(string_agg(md5(m::text), '' ORDER BY id)) FROM chat_message AS m WHERE id > %s"

# More room than initdb gives, for all alike: a checkpoint or a vacuum in the middle of one
# catch-up and not of the other would be luck. And native's worker comes back at once: by default it
# waits up to 5 s after its last start, which is no part of a catch-up.
SETTINGS = {"wal_retrieve_retry_interval": "10ms", "shared_buffers": "512MB", "max_wal_size": "16GB", "checkpoint_timeout": "1h",
            "autovacuum": "off"}


class Database:
    """One connection to one database, autocommit."""

    table = TABLE

    def __init__(self, cluster, name, tcp):
        self.cluster, self.name = cluster, name
        self.uri = cluster.uri(name) if tcp else \
            f"postgres://postgres@/{name}?host={cluster.sockets}&port={cluster.port}"
        with contextlib.closing(psycopg2.connect(cluster.uri("postgres"))) as admin:
            admin.autocommit = True
            admin.cursor().execute(f"CREATE DATABASE {name}")
        self.session = self.connect()
        self.sql(self.table)

    def connect(self):
        session = psycopg2.connect(self.uri)
        session.autocommit = True
        return session

    def sql(self, statement, *values):
        with self.session.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement, *values):
        return self.sql(statement, *values)[0][0]

    def content(self, above=0):
        """What two databases with the same rows agree in, of ids above this one."""
        return self.sql(CONTENT, above)[0]

    def sessions(self):
        """Pids of all its sessions but ours."""
        return [row[0] for row in self.sql("SELECT pid FROM pg_stat_activity WHERE datname = %s "
                                           "AND pid <> pg_backend_pid()", self.name)]

    def walsenders(self, slots):
        """Pids of those who send from the slots whose name is like this."""
        return [row[0] for row in self.sql("SELECT active_pid FROM pg_replication_slots WHERE active AND "
                                           "slot_name LIKE %s AND database = %s", slots, self.name)]


class Source(Database):
    def __init__(self, *given):
        super().__init__(*given)
        self.sql(LOAD)
        self.checkpointed = None

    def checkpoint(self):
        """Where a slot that has confirmed it begins to decode the next time."""
        self.sql("CHECKPOINT")
        self.checkpointed = self.value("SELECT pg_current_wal_insert_lsn()")

    def confirmed(self, slots):
        """Whether the slots whose name is like this have confirmed the last checkpoint."""
        return self.checkpointed is None or self.value(
            "SELECT bool_and(confirmed_flush_lsn >= %s) FROM pg_replication_slots WHERE slot_name LIKE %s "
            "AND database = %s", self.checkpointed, slots, self.name)

    def fill(self, rows):
        """A backlog, while nobody listens; what a target must hold then, and its first and last row.

        Without the checkpoint before the last transaction, each catch-up would first read through the rows of the
        one before.
        """
        self.sql("SET synchronous_commit = off")
        self.sql("TRUNCATE chat_message")
        self.sql("CALL load(1, %s)", rows - ROWS_PER_TRANSACTION)
        self.checkpoint()
        self.sql("CALL load(%s, %s)", rows - ROWS_PER_TRANSACTION + 1, rows)
        return {"content": self.content(), "ends": self.sql(
            "SELECT id, sent_at FROM chat_message WHERE id IN (1, %s) ORDER BY id", rows)}


@contextlib.contextmanager
def servers(count=2, place="stack"):
    """Fresh masters on ports of their own, gone at the end with all they wrote."""
    stack = Stack(goals.REPOSITORY / "build" / "perf" / place, free_ports(count), ())
    stack.wipe(False)
    try:
        stack.start(None, False, False)
        for cluster in stack.clusters:
            with contextlib.closing(psycopg2.connect(cluster.uri("postgres"))) as admin:
                admin.autocommit = True
                for name, value in SETTINGS.items():
                    admin.cursor().execute(f"ALTER SYSTEM SET {name} = '{value}'")
        stack.stop()
        stack.start(None, False, False)
        yield stack.clusters
    finally:
        stack.wipe(False)
        stack.lock.close()
