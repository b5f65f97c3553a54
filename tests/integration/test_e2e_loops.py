"""Nothing loops: what each WAL holds without an origin is exactly what the applications wrote there."""

import collections
import os

import pytest

from support import masters
from support.waiting import holds_for

WRITES = int(os.environ.get("TANDEM_TEST_LOOP_WRITES", "10000"))
SCHEMA = """
CREATE TABLE plain (id bigint PRIMARY KEY, v integer, body text);
CREATE TABLE full_identity (id bigint PRIMARY KEY, v integer, body text);
ALTER TABLE full_identity REPLICA IDENTITY FULL;
CREATE TABLE shared (id integer PRIMARY KEY, v integer);
INSERT INTO shared SELECT i, 0 FROM generate_series(1, 100) i;
"""


def write(database, writes, part):
    """About `writes` row changes in transactions of different sizes; {(table, operation): count}."""
    written = collections.Counter()
    base = (0 if database.node == "a" else 1_000_000_000) + part * 100_000_000
    connection = database.connect()

    def run(table, operation, statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)
            written[f"public.{table}", operation] += cursor.rowcount
    number = 0
    while sum(written.values()) < writes:
        number += 1
        first = base + number * 100
        with connection:
            for table in ("plain", "full_identity"):
                run(table, "INSERT", f"INSERT INTO {table} SELECT i, 0, 'text' FROM generate_series({first}, {first + 19}) i")
        with connection:
            run("plain", "UPDATE", f"UPDATE plain SET v = v + 1 WHERE id BETWEEN {first} AND {first + 9}")
            run("full_identity", "UPDATE", f"UPDATE full_identity SET id = id + 50 WHERE id = {first}")
        with connection:
            run("plain", "DELETE", f"DELETE FROM plain WHERE id BETWEEN {first + 15} AND {first + 19}")
            run("full_identity", "DELETE", f"DELETE FROM full_identity WHERE id = {first + 50}")
            run("shared", "UPDATE", f"UPDATE shared SET v = v + 1 WHERE id = {number % 100 + 1}")
    connection.close()
    return written


@pytest.mark.parametrize("arguments", [(), ("--batch-rows", "1")], ids=["batched", "one_by_one"])
def test_origin_free_changes_are_the_applications(servers, arguments):
    pair = servers.pair(SCHEMA)
    try:
        local = {database: masters.WalOracle(database) for database in pair.both}
        everything = {database: masters.WalOracle(database, only_local=False) for database in pair.both}
        instance = pair.run(*arguments)
        written = {}
        for part in range(2):
            for database in pair.both:
                written[database] = written.get(database, collections.Counter()) + write(database, WRITES // 2, part)
        pair.settle(deadline=90)
        pair.assert_equal("plain", "full_identity", "shared")

        for database in pair.both:
            mark = {("public.sync_marker", "INSERT"): 1}
            assert collections.Counter(local[database].changes()) == written[database] + collections.Counter(mark)
            peer = pair.peer(database)
            total = collections.Counter(everything[database].changes())
            applied = total - written[database] - collections.Counter(mark)
            sent = written[peer] + collections.Counter(mark)
            if "--batch-rows" in arguments:
                lost = sum(row["incoming_node"] == peer.node for row in pair.conflicts(database))
                assert sum(applied.values()) == sum(sent.values()) - lost, "each change written exactly once"
            else:
                assert not applied - sent, "never more changes than were sent"
                assert applied["public.plain", "INSERT"] > 0
        # And it stays quiet: nothing that was applied is on its way back.
        holds_for(lambda: not any(oracle.changes() for oracle in local.values()), 2, "no further changes")
        for name in instance.direction_names():
            assert instance.direction(name)["parked"] == 0
    finally:
        pair.close()


def test_an_existing_origin_of_somebody_else_still_counts_as_local(servers):
    """Rows that another replication brought to `a` are no echo of ours: they must reach `b`."""
    pair = servers.pair("CREATE TABLE foreign_rows (id integer PRIMARY KEY, v text)")
    origin = f"somebody_else_{pair.name}"
    try:
        pair.a.sql("SELECT pg_replication_origin_create(%s)", origin)
        pair.run()
        connection = pair.a.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_replication_origin_session_setup(%s)", (origin,))
            cursor.execute("SELECT pg_replication_origin_xact_setup('0/1234', now())")
            cursor.execute("INSERT INTO foreign_rows VALUES (1, 'brought')")
        connection.close()
        pair.settle()
        assert pair.b.sql("SELECT * FROM foreign_rows") == [(1, "brought")]
    finally:
        pair.close()
        servers.a.database("postgres").sql("SELECT pg_replication_origin_drop(%s)", origin)
