"""--origin-column: both ways where replication origins are not granted, told apart by a row that goes with what is applied."""

import collections
import os

import pytest

from support import masters
from support.tandem import command, node_arguments
from support.waiting import holds_for, wait_until

WRITES = int(os.environ.get("TANDEM_TEST_LOOP_WRITES", "10000"))
COLUMN = ("--origin-column", "written_at")
SCHEMA = """
CREATE TABLE plain (id bigint PRIMARY KEY, v integer, body text, written_at text);
CREATE TABLE full_identity (id bigint PRIMARY KEY, v integer, body text, written_at text);
ALTER TABLE full_identity REPLICA IDENTITY FULL;
"""
# PostgreSQL 12 as the document starts it.
BARE = ["-c", "wal_level=logical"]


@pytest.fixture(scope="module")
def old():
    both = masters.Servers("origin_column", major=12, bare_arguments=BARE)
    yield both
    both.close()


@pytest.fixture(scope="module")
def newer():
    both = masters.Servers("origin_column16", major=16, settings={"logical_decoding_work_mem": "64kB"})
    yield both
    both.close()


class Plain:
    """A pair whose tables belong to a role that is no superuser; tandem connects as that."""

    def __init__(self, servers, schema=SCHEMA):
        self.servers = servers
        self.pair = servers.pair(schema)
        self.role = f"plain_{self.pair.name}"
        self.uris = {}
        for database in self.pair.both:
            database.sql(f"CREATE ROLE {self.role} LOGIN REPLICATION PASSWORD 'p'")
            database.sql(f"GRANT CREATE ON DATABASE {database.name} TO {self.role}; "
                         f"GRANT USAGE ON SCHEMA public TO {self.role}")
            for (table,) in database.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
                database.sql(f"ALTER TABLE {table} OWNER TO {self.role}")
            database.sql("ALTER TABLE sync_marker ADD COLUMN IF NOT EXISTS written_at text")
            self.uris[database.node] = database.uri(user=self.role, password="p")

    def run(self, *arguments, **how):
        return self.pair.run(*COLUMN, *arguments, nodes=self.uris, **how)

    def close(self):
        self.pair.close()
        for cluster in (self.servers.a, self.servers.b):
            cluster.database("postgres").sql(f"DROP ROLE IF EXISTS {self.role}")


@pytest.fixture
def on_12(old):
    plain = Plain(old)
    yield plain
    plain.close()


@pytest.fixture
def on_16(newer):
    plain = Plain(newer)
    yield plain
    plain.close()


def base_of(database):
    return 0 if database.node == "a" else 1_000_000_000


def write(database, writes, peers_rows):
    """About `writes` row changes, on own rows and on rows that the peer has brought; {(table, operation): count}."""
    written = collections.Counter()
    own, theirs = base_of(database), 1_000_000_000 - base_of(database)
    connection = database.connect()

    def run(table, operation, statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)
            written[f"public.{table}", operation] += cursor.rowcount
    number = 0
    while sum(written.values()) < writes:
        number += 1
        first = own + number * 100 + (50_000_000 if peers_rows else 0)
        with connection:
            for table in ("plain", "full_identity"):
                run(table, "INSERT", f"INSERT INTO {table} SELECT i, 0, 'text' FROM generate_series({first}, {first + 19}) i")
        with connection:
            for table in ("plain", "full_identity"):
                run(table, "UPDATE", f"UPDATE {table} SET v = v + 1 WHERE id BETWEEN {first} AND {first + 4}")
                run(table, "UPDATE", f"UPDATE {table} SET id = id + 50 WHERE id BETWEEN {first + 5} AND {first + 6}")
                run(table, "DELETE", f"DELETE FROM {table} WHERE id BETWEEN {first + 15} AND {first + 17}")
        if peers_rows:
            begun = theirs + number * 100
            with connection:
                for table in ("plain", "full_identity"):
                    run(table, "UPDATE", f"UPDATE {table} SET v = 100 WHERE id BETWEEN {begun} AND {begun + 3}")
                    run(table, "UPDATE", f"UPDATE {table} SET id = id + 70 WHERE id = {begun + 7}")
                    run(table, "DELETE", f"DELETE FROM {table} WHERE id BETWEEN {begun + 8} AND {begun + 10}")
    connection.close()
    return written


def check_amplification(plain, writes):
    pair = plain.pair
    everything = {database: masters.WalOracle(database, only_local=False) for database in pair.both}
    instance = plain.run("--batch-rows", "1")
    written = {database: write(database, writes // 2, False) for database in pair.both}
    pair.settle(deadline=90)
    for database in pair.both:
        written[database] += write(database, writes // 2, True)
    pair.settle(deadline=90)
    pair.assert_equal("plain", "full_identity")
    mark = collections.Counter({("public.sync_marker", "INSERT"): 2})
    for database in pair.both:
        seen = collections.Counter(everything[database].changes())
        peer = pair.peer(database)
        assert seen == written[database] + written[peer] + mark + mark, "what both wrote, each once"
    holds_for(lambda: not any(oracle.changes() for oracle in everything.values()), 2, "no further changes")
    for name in instance.direction_names():
        told = instance.direction(name)
        assert told["parked"] == 0 and told["echoes_stopped"] > 0, told
    return written


def test_amplification_is_one_without_superuser_on_12(on_12):
    """10,000 writes a side with deletes and key updates, half of them beside rows that the peer wrote."""
    written = check_amplification(on_12, WRITES)
    assert all(sum(one.values()) >= WRITES for one in written.values())
    pair = on_12.pair
    for database in pair.both:
        assert database.sql("SELECT rolsuper FROM pg_roles WHERE rolname = %s", on_12.role) == [(False,)]
        assert database.sql("SELECT roname FROM pg_replication_origin WHERE roname LIKE 'tandem%'") == []
        assert database.sql("SELECT DISTINCT written_at FROM plain ORDER BY 1") == [("a",), ("b",)]
    # The column names the node where a row was written last: b wrote over rows that were born at a.
    assert pair.a.sql("SELECT DISTINCT written_at FROM plain WHERE v = 100 AND id < 50000000") == [("b",)]
    assert pair.a.sql("SELECT DISTINCT written_at FROM plain WHERE v = 0 AND id < 50000000 AND mod(id, 100) < 50") == [("a",)]


def test_amplification_is_one_on_16_without_rights_on_origins(on_16):
    """From 16 on the server filters by origin, which these transactions have none of."""
    check_amplification(on_16, 2000)
    assert on_16.pair.a.sql("SELECT roname FROM pg_replication_origin WHERE roname LIKE 'tandem%'") == []


def test_the_origin_column_follows_the_last_writer(on_12):
    pair = on_12.pair
    on_12.run()
    pair.a.sql("INSERT INTO plain VALUES (1, 0, 'x', NULL), (2, 0, 'x', 'made up')")
    pair.settle()
    told = "SELECT id, written_at FROM plain ORDER BY id"
    assert pair.a.sql(told) == pair.b.sql(told) == [(1, "a"), (2, "a")]
    pair.b.sql("UPDATE plain SET v = 1 WHERE id = 1")
    pair.settle()
    assert pair.a.sql(told) == pair.b.sql(told) == [(1, "b"), (2, "a")]
    pair.a.sql("UPDATE plain SET v = 2 WHERE id = 1")
    pair.settle()
    assert pair.a.sql(told) == pair.b.sql(told) == [(1, "a"), (2, "a")]
    compared = command("verify", *node_arguments(on_12.uris))
    assert compared.status == 0, compared
    pair.b.sql("DELETE FROM plain WHERE id = 1")
    pair.a.sql("DELETE FROM plain WHERE id = 2")
    pair.settle()
    assert pair.a.sql(told) == pair.b.sql(told) == []


def test_kills_do_not_let_anything_back(on_12):
    """What was committed when the process died is told by the row in its own transaction."""
    pair = on_12.pair
    everything = {database: masters.WalOracle(database, only_local=False) for database in pair.both}
    instance = on_12.run("--batch-rows", "1")
    written = {database: collections.Counter() for database in pair.both}
    for round_number in range(4):
        for database in pair.both:
            first = base_of(database) + round_number * 1000
            database.sql(f"INSERT INTO plain SELECT i, 0, 'x' FROM generate_series({first}, {first + 199}) i")
            written[database]["public.plain", "INSERT"] += 200
            for number in range(100):
                database.sql("UPDATE plain SET v = v + 1 WHERE id = %s", first + number)
            database.sql(f"DELETE FROM plain WHERE id = {first + 150}")
            written[database]["public.plain", "UPDATE"] += 100
            written[database]["public.plain", "DELETE"] += 1
        instance.kill9()
        instance.start()
        instance.wait_streaming(deadline=60)
    pair.settle(deadline=90)
    pair.assert_equal("plain")
    for database in pair.both:
        seen = collections.Counter(everything[database].changes())
        del seen["public.sync_marker", "INSERT"]
        assert seen == written[database] + written[pair.peer(database)]


def test_large_transactions_that_come_in_blocks(on_16):
    pair = on_16.pair
    everything = {database: masters.WalOracle(database, only_local=False) for database in pair.both}
    instance = on_16.run("--streaming", "on")
    for database in pair.both:
        first = base_of(database)
        database.sql(f"INSERT INTO plain SELECT i, 0, repeat('x', 100) FROM generate_series({first}, {first + 19999}) i")
    pair.settle(deadline=60)
    pair.assert_equal("plain")
    for database in pair.both:
        seen = collections.Counter(everything[database].changes())
        assert seen["public.plain", "INSERT"] == 40_000
    wait_until(lambda: all(instance.direction(name)["echoes_stopped"] > 0 for name in instance.direction_names()), 20,
               "both have come back and were stopped")
    assert everything[pair.a].changes() == everything[pair.b].changes() == []


def test_an_idle_pair_comes_to_rest(on_12):
    pair = on_12.pair
    instance = on_12.run()
    pair.a.sql("INSERT INTO plain VALUES (1, 0, 'x')")
    pair.settle()

    def written():
        return [database.value("SELECT pg_current_wal_insert_lsn() - '0/0'") for database in pair.both]
    wait_until(lambda: all(instance.direction(name)["lag_bytes"] == 0 for name in instance.direction_names()), 20, "no lag")
    before = written()
    holds_for(lambda: True, 5, "a while")
    grown = [after - earlier for earlier, after in zip(before, written())]
    assert all(one < 20_000 for one in grown), grown


# --- what is refused, and how the way is changed ----------------------------------------------------


def test_tables_without_the_column_are_left_out_by_name(old):
    plain = Plain(old, SCHEMA + """
        CREATE TABLE without (id integer PRIMARY KEY);
        CREATE TABLE number (id integer PRIMARY KEY, written_at integer);
        CREATE TABLE keyed (id integer, written_at text, PRIMARY KEY (id, written_at));""")
    try:
        instance = plain.run()
        out = instance.left_out("a:b")
        assert "ALTER TABLE public.without ADD COLUMN written_at text" in out["public.without"], out
        assert "is integer; make it text" in out["public.number"], out
        assert "part of key keyed_pkey" in out["public.keyed"], out
    finally:
        plain.close()


def test_another_policy_is_refused(on_16):
    done = command("run", "--init", *node_arguments(on_16.uris), *COLUMN, "--conflict", "last-update-wins", "--listen", "off")
    assert done.status == 2 and "--origin-column" in done.err and "apply-remote" in done.err, done
    assert on_16.pair.slot(on_16.pair.a) is None


def test_run_says_how_the_nodes_were_set_up(old):
    pair = old.pair(SCHEMA)
    pair.sql("ALTER TABLE sync_marker ADD COLUMN written_at text")
    nodes = node_arguments({"a": pair.a, "b": pair.b})
    try:
        assert command("init", *nodes, *COLUMN).status == 0
        again = command("init", *nodes, *COLUMN)
        assert again.status == 0 and "created" not in again.out, again
        done = command("run", *nodes, "--listen", "off", "--until", "caught-up")
        assert done.status == 2 and "was set up with --origin-column written_at" in done.err, done
        # To replication origins, and back.
        assert command("init", *nodes).status == 0
        for database in pair.both:
            assert database.value("SELECT count(*) FROM pg_trigger WHERE tgname = 'zzz_tandem_origin'") == 0
            assert database.value("SELECT count(*) FROM pg_publication_tables WHERE schemaname = 'tandem'") == 0
        instance = pair.run()
        pair.a.sql("INSERT INTO plain VALUES (1, 0, 'x')")
        pair.settle()
        assert pair.b.sql("SELECT id, written_at FROM plain") == [(1, None)]
        instance.stop()
        done = command("run", *nodes, *COLUMN, "--listen", "off", "--until", "caught-up")
        assert done.status == 2 and "was set up with replication origins" in done.err, done
        instance = pair.run(*COLUMN)
        pair.a.sql("UPDATE plain SET v = 1")
        pair.settle()
        assert pair.b.sql("SELECT id, written_at FROM plain") == [(1, "a")]
        instance.stop()
        assert command("destroy", *nodes, "--yes").status == 0
        assert pair.a.value("SELECT count(*) FROM pg_trigger WHERE tgname = 'zzz_tandem_origin'") == 0
    finally:
        pair.close()


def test_nothing_is_applied_while_its_row_is_not_published(on_16):
    """It would come back: what tells it apart would be missing from the stream."""
    pair = on_16.pair
    instance = on_16.run()
    pair.b.sql("ALTER PUBLICATION tandem DROP TABLE tandem.progress")
    pair.a.sql("INSERT INTO plain VALUES (1, 0, 'x')")
    wait_until(lambda: "tandem.progress is not published" in instance.log_text(), 20, "it is said")
    assert pair.b.sql("SELECT * FROM plain") == []
    pair.b.sql("ALTER PUBLICATION tandem ADD TABLE tandem.progress")
    pair.settle(deadline=60)
    pair.assert_equal("plain")
    assert pair.a.sql("SELECT id, written_at FROM plain") == [(1, "a")]
