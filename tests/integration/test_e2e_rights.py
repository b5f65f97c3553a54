"""R16, R20: roles with fewer rights, and origins that somebody else brings along."""

import pytest

from support import masters
from support.tandem import command, node_arguments
from support.waiting import wait_until

SCHEMA = """
CREATE TABLE item (id integer PRIMARY KEY, v text);
CREATE TABLE watched (id integer PRIMARY KEY, v text);
CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER noop BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION noop();
"""


def test_without_the_replica_role_only_tables_with_triggers_stay_out(servers):
    pair = servers.pair(SCHEMA)
    role = f"plain_{pair.name}"
    try:
        for database in pair.both:
            database.sql(f"CREATE ROLE {role} LOGIN REPLICATION PASSWORD 'p'")
        uris = {"a": pair.a.uri(user=role, password="p"), "b": pair.b.uri(user=role, password="p")}
        printed = command("init", "--dry-run", *node_arguments({"a": pair.a, "b": pair.b}))
        assert printed.status == 0, printed
        for database in pair.both:
            database.sql(f"GRANT CREATE ON DATABASE {database.name} TO {role}")
            database.sql(f"ALTER TABLE item OWNER TO {role}; ALTER TABLE watched OWNER TO {role}; "
                         f"ALTER TABLE sync_marker OWNER TO {role}; GRANT USAGE ON SCHEMA public TO {role}")
            for (function,) in database.sql(
                    "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'pg_replication_origin%%'"):
                database.sql(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
        instance = pair.run(nodes=uris)
        assert "session_replication_role" in instance.left_out("a:b")["public.watched"]
        pair.a.sql("INSERT INTO item VALUES (1, 'x')")
        pair.b.sql("INSERT INTO item VALUES (2, 'y')")
        pair.settle()
        pair.assert_equal("item")
        assert pair.a.value("SELECT count(*) FROM item") == 2
    finally:
        pair.close()
        for cluster in (servers.a, servers.b):
            cluster.database("postgres").sql(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture(scope="module")
def newer():
    both = masters.Servers("rights16", major=16)
    yield both
    both.close()


def brought(database, origin, row):
    connection = database.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_replication_origin_session_setup(%s)", (origin,))
        cursor.execute("SELECT pg_replication_origin_xact_setup('0/1234', now())")
        cursor.execute("INSERT INTO item VALUES (%s, 'brought')", (row,))
    connection.close()


def test_an_origin_that_appears_later_is_no_echo(newer):
    """From 16 on the server filters origins, until there is one whose rows are to travel on."""
    pair = newer.pair("CREATE TABLE item (id integer PRIMARY KEY, v text)")
    origin = f"somebody_{pair.name}"
    try:
        instance = pair.run()
        pair.a.sql("INSERT INTO item VALUES (1, 'local')")
        pair.settle()
        pair.a.sql("SELECT pg_replication_origin_create(%s)", origin)
        wait_until(lambda: "origin of somebody else" in instance.log_text(), 20, "the origin is noticed")
        instance.wait_streaming()
        brought(pair.a, origin, 2)
        pair.b.sql("INSERT INTO item VALUES (3, 'local')")
        pair.settle()
        pair.assert_equal("item")
        assert pair.b.sql("SELECT id FROM item ORDER BY id") == [(1,), (2,), (3,)]
    finally:
        pair.close()
        newer.a.database("postgres").sql("SELECT pg_replication_origin_drop(%s)", origin)


def test_what_an_origin_brought_before_it_was_noticed_is_a_gap(newer):
    """The server had left it out; what came after it was applied, so that nothing would repeat it."""
    pair = newer.pair("CREATE TABLE item (id integer PRIMARY KEY, v text)")
    origin = f"somebody_{pair.name}"
    try:
        instance = pair.run()
        pair.a.sql("INSERT INTO item VALUES (1, 'local')")
        # What the peer sends moves the WAL by too little to be worth an idle position (engine/core/ack_watermark.hpp).
        written = pair.a.value("SELECT pg_current_wal_lsn()")
        pair.settle()
        wait_until(lambda: pair.a.value("SELECT confirmed_flush_lsn >= %s FROM pg_replication_slots WHERE slot_name = %s", written,
                                        pair.slot(pair.a)["slot_name"]), 30, "it is confirmed", detail=pair.explain)
        pair.a.sql("SELECT pg_replication_origin_create(%s)", origin)
        brought(pair.a, origin, 100)
        pair.a.sql("INSERT INTO item VALUES (200, 'local')")
        wait_until(lambda: "origin of somebody else" in instance.log_text(), 20, "the origin is noticed")
        wait_until(lambda: instance.state("a:b") == "gap" or pair.b.sql("SELECT 1 FROM item WHERE id = 100"), 20,
                   "not missing in silence", detail=instance.explain)
        told = instance.direction("a:b")
        if told["state"] == "gap":
            assert "may be missing" in told["reason"], told
    finally:
        pair.close()
        newer.a.database("postgres").sql("SELECT pg_replication_origin_drop(%s)", origin)


def test_truncate_cascade_does_not_empty_what_is_not_synced(servers):
    schema = "CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE other (id integer PRIMARY KEY)"
    peer_only = "; CREATE TABLE local_notes (id integer PRIMARY KEY, parent integer REFERENCES parent)"
    pair = servers.pair(schema, schema_b=schema + peer_only)
    try:
        pair.run()
        pair.a.sql("INSERT INTO parent VALUES (1); INSERT INTO other VALUES (1)")
        pair.settle()
        pair.b.sql("INSERT INTO local_notes VALUES (10, 1)")
        pair.a.sql("TRUNCATE parent, other CASCADE")
        pair.settle()
        assert pair.b.sql("SELECT * FROM local_notes") == [(10, 1)]
        assert pair.b.sql("SELECT * FROM parent UNION ALL SELECT * FROM other") == []
    finally:
        pair.close()
