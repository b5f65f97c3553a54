"""What goes wrong at the start ends with the right status and a message with cause and cure, and
leaves nothing behind: no schema, no publication, no slot, no origin, no half of anything."""

import contextlib
import http.server
import os
import socket
import threading

import psycopg2
import psycopg2.extras
import pytest

from support import masters
from support.holding_proxy import HoldingProxy
from support.pgcluster import Cluster, free_port
from support.tandem import command, node_arguments

SETTINGS = {"max_replication_slots": "6", "max_wal_senders": "6"}
SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text)"
USAGE, ENVIRONMENT = 2, 3
SECRET = "s3cr3t-and-wrong"


@pytest.fixture(scope="module")
def guarded(servers):
    """Roles: `locked_out` needs a password nobody knows, `plain` may nothing, `handy` lacks only ownership."""
    for cluster in (servers.a, servers.b):
        hba = cluster.data / "pg_hba.conf"
        hba.write_text("host all,replication locked_out 0.0.0.0/0 scram-sha-256\n"
                       "host all,replication locked_out ::/0 scram-sha-256\n"
                       "host all,replication rejected 0.0.0.0/0 reject\n"
                       "host all,replication rejected ::/0 reject\n" + hba.read_text())
        database = cluster.database("postgres")
        database.sql("SELECT pg_reload_conf()")
        database.sql("CREATE ROLE locked_out SUPERUSER LOGIN PASSWORD 'nobody knows it'")
        database.sql("CREATE ROLE rejected SUPERUSER LOGIN")
        database.sql("CREATE ROLE plain LOGIN")
        database.sql("CREATE ROLE unable LOGIN REPLICATION")
    return servers


@pytest.fixture
def pair(guarded):
    fresh = guarded.pair(SCHEMA)
    yield fresh
    fresh.close()


def run(pair, *arguments, nodes=None, env=None, init=True, listen="off"):
    return command("run", *(["--init"] if init else []), *node_arguments(nodes or {"a": pair.a, "b": pair.b}),
                   *(["--listen", listen] if listen else []), *arguments, env=env)


def assert_nothing_left(pair):
    for database in pair.both:
        assert database.sql("SELECT nspname FROM pg_namespace WHERE nspname = 'tandem'") == []
        assert database.sql("SELECT pubname FROM pg_publication") == []
        assert database.sql("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()") == []
        assert database.sql("SELECT roname FROM pg_replication_origin WHERE roname LIKE 'tandem%%'") == []
        assert database.sql("SELECT evtname FROM pg_event_trigger") == []


def assert_refused(done, status, *words):
    assert done.status == status, done
    assert done.out == "", f"stdout carries data only: {done}"
    for word in words:
        assert word in done.err, f"'{word}' is not said: {done}"
    assert "terminate called" not in done.err and "Assertion" not in done.err
    assert SECRET not in done.text, "a password was shown"


# --- connections -----------------------------------------------------------------------------------------
def test_wrong_password(pair):
    nodes = {"a": pair.a.uri(user="locked_out", password=SECRET), "b": pair.b}
    assert_refused(run(pair, nodes=nodes), ENVIRONMENT, "node a", "password authentication failed", "locked_out",
                   "check user and password")
    assert_nothing_left(pair)


def test_uri_that_cannot_be_read(pair):
    nodes = {"a": "postgresql://postgres:p/ss@localhost/app", "b": pair.b}
    done = run(pair, nodes=nodes)
    assert_refused(done, USAGE, "node a", "percent-encoded")
    assert "check that the server runs" not in done.err, done
    assert_nothing_left(pair)


def test_a_misspelt_variable_is_told(pair):
    done = command("version", env={"TANDEM_BATCH_ROW": "5"})
    assert done.status == 0 and "did you mean TANDEM_BATCH_ROWS?" in done.err, done
    assert done.out.startswith("tandem "), done


def test_no_password(pair):
    nodes = {"a": pair.a, "b": pair.b.uri(user="locked_out")}
    assert_refused(run(pair, nodes=nodes, env={"PGPASSFILE": "/dev/null"}), ENVIRONMENT, "node b", "password")
    assert_nothing_left(pair)


def test_password_from_a_file_is_used(pair, tmp_path):
    """The cure that the message names works."""
    passfile = tmp_path / "pgpass"
    passfile.write_text("*:*:*:locked_out:nobody knows it\n")
    passfile.chmod(0o600)
    nodes = {"a": pair.a.uri(user="locked_out"), "b": pair.b.uri(user="locked_out")}
    done = command("doctor", *node_arguments(nodes), env={"PGPASSFILE": str(passfile)})
    assert done.status == 0, done


def test_rejected_by_pg_hba(pair):
    nodes = {"a": pair.a.uri(user="rejected"), "b": pair.b}
    assert_refused(run(pair, nodes=nodes), ENVIRONMENT, "node a", "pg_hba")
    assert_nothing_left(pair)


@pytest.mark.parametrize("node", ["a", "b"])
def test_refused_port(pair, node):
    port = free_port()
    nodes = {"a": pair.a, "b": pair.b, node: f"postgresql://postgres@localhost:{port}/{pair.name}"}
    done = run(pair, nodes=nodes)
    assert_refused(done, ENVIRONMENT, f"Connection to localhost:{port} refused", f"node {node}", "check that")
    assert done.seconds < 20
    assert_nothing_left(pair)


def test_unknown_host(pair):
    nodes = {"a": f"postgresql://postgres@no-such-host.invalid:5432/{pair.name}", "b": pair.b}
    assert_refused(run(pair, nodes=nodes), ENVIRONMENT, "node a", "no-such-host.invalid")
    assert_nothing_left(pair)


def test_silent_host(pair):
    """A listener that never answers: the attempt has a deadline."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        uri = f"postgresql://postgres@127.0.0.1:{deaf.getsockname()[1]}/{pair.name}?connect_timeout=2"
        done = run(pair, nodes={"a": uri, "b": pair.b})
    assert_refused(done, ENVIRONMENT, "node a", "127.0.0.1")
    assert done.seconds < 15
    assert_nothing_left(pair)


def test_not_a_postgres_server(pair):


    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        uri = f"postgresql://postgres@127.0.0.1:{web.server_port}/{pair.name}"
        done = run(pair, nodes={"a": uri, "b": pair.b})
        web.shutdown()
    assert_refused(done, ENVIRONMENT, "node a")
    assert_nothing_left(pair)


def test_wrong_database(pair):
    nodes = {"a": pair.a, "b": pair.servers.b.uri("no_such_database")}
    assert_refused(run(pair, nodes=nodes), ENVIRONMENT, "node b", 'database "no_such_database" does not exist',
                   "create the database")
    assert_nothing_left(pair)


# --- what a server or role lacks -----------------------------------------------------------------------------
def test_role_without_replication(pair):
    nodes = {"a": pair.a.uri(user="plain"), "b": pair.b}
    assert_refused(run(pair, nodes=nodes), ENVIRONMENT, "node a", "REPLICATION", "ALTER ROLE plain REPLICATION")
    assert_nothing_left(pair)


def test_role_without_other_rights(pair):
    nodes = {"a": pair.a, "b": pair.b.uri(user="unable")}
    assert_refused(run(pair, nodes=nodes), ENVIRONMENT, "node b", "GRANT", "unable", "replication origins")
    assert_nothing_left(pair)


def test_role_that_does_not_own_the_tables(pair):
    for database in pair.both:
        database.sql(f'GRANT CREATE ON DATABASE "{database.name}" TO unable')
        for (function,) in database.sql("SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE "
                                        "'pg_replication_origin%%'"):
            database.sql(f"GRANT EXECUTE ON FUNCTION {function} TO unable")
        database.sql("GRANT SET ON PARAMETER session_replication_role TO unable")
    nodes = {"a": pair.a.uri(user="unable"), "b": pair.b.uri(user="unable")}
    try:
        assert_refused(run(pair, nodes=nodes), ENVIRONMENT, "item", "GRANT postgres TO unable")
        assert_nothing_left(pair)
    finally:
        for database in pair.both:
            database.sql("DROP OWNED BY unable")


def test_the_grants_that_dry_run_prints_are_enough(pair):
    """A plain role with exactly these grants runs the sync (promise 7)."""
    pair.sql("CREATE ROLE humble LOGIN")
    try:
        nodes = {"a": pair.a.uri(user="humble"), "b": pair.b.uri(user="humble")}
        for database in pair.both:
            done = command("init", "--dry-run", *node_arguments(nodes))
            assert done.status in (0, 3), done
        assert "humble" in done.out, done
        sections = split_by_node(done.out)
        for database in pair.both:
            for statement in sections[database.node]:
                if statement.lstrip().upper().startswith(("GRANT", "ALTER ROLE")):
                    database.sql(statement)
        pair.run(nodes=nodes)
        pair.a.sql("INSERT INTO item VALUES (1, 'x')")
        pair.b.sql("INSERT INTO item VALUES (2, 'y')")
        pair.settle()
        pair.assert_equal("item")
    finally:
        for instance in pair._instances:
            instance.close()
        for database in pair.both:
            wait_slots_idle(database)
            database.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                         "WHERE database = current_database()")
            database.sql("REASSIGN OWNED BY humble TO postgres")
            database.sql("DROP OWNED BY humble")
            database.sql("DROP ROLE humble")


def wait_slots_idle(database):
    masters.wait_until(lambda: not database.value(
        "SELECT count(*) FROM pg_replication_slots WHERE database = current_database() AND active"), 20, "slots idle")


def split_by_node(text):
    """{node: [statement]} of what --dry-run prints; comment lines name the node they stand for."""
    sections, node, buffer = {"a": [], "b": []}, None, ""
    for line in text.splitlines():
        if line.startswith("--"):
            for name in sections:
                if f"node {name}" in line:
                    node = name
            continue
        buffer += line + "\n"
        if line.rstrip().endswith(";"):
            if node:
                sections[node].append(buffer)
            buffer = ""
    return sections


def test_no_free_slots(pair):
    taken = [f"taken_{number}" for number in range(6)]
    with contextlib.ExitStack() as undo:
        for slot in taken:
            pair.b.sql("SELECT pg_create_physical_replication_slot(%s)", slot)
            undo.callback(pair.b.sql, "SELECT pg_drop_replication_slot(%s)", slot)
        assert_refused(run(pair), ENVIRONMENT, "node b", "max_replication_slots", "slots")
        assert_nothing_left_but_slots(pair, taken)
    done = run(pair, "--until", "caught-up")
    assert done.status == 0, f"and after the cure it works: {done}"


def assert_nothing_left_but_slots(pair, taken):
    slots = pair.b.sql("SELECT slot_name FROM pg_replication_slots ORDER BY 1")
    assert slots == [(slot,) for slot in taken]
    assert_nothing_left(pair)


def test_no_free_wal_senders(pair):
    with contextlib.ExitStack() as undo:
        for _ in range(6):
            connection = psycopg2.connect(pair.servers.a.dsn(pair.name),
                                          connection_factory=psycopg2.extras.LogicalReplicationConnection)
            undo.callback(connection.close)
        assert_refused(run(pair), ENVIRONMENT, "node a", "max_wal_senders")
    assert_nothing_left(pair)


@pytest.fixture(scope="module")
def odd_servers():
    """b has wal_level=replica; both otherwise usual."""
    both = masters.Servers("odd", settings_b={"wal_level": "replica"})
    yield both
    both.close()


def test_wal_level_replica(odd_servers):
    pair = odd_servers.pair(SCHEMA)
    try:
        assert_refused(run(pair), ENVIRONMENT, "node b", "wal_level", "logical", "replica", "ALTER SYSTEM SET wal_level",
                       "restart")
        assert_nothing_left(pair)
    finally:
        pair.close()


def test_standby(odd_servers):
    """The other end is a standby: named as such, not as a failing statement."""
    cluster = odd_servers.a
    pair = odd_servers.pair(SCHEMA)
    try:
        cluster.stop()
        (cluster.data / "standby.signal").touch()
        cluster.start()
        done = command("run", "--init", *node_arguments({"a": pair.a, "b": pair.b}), "--one-way", "b:a", "--listen", "off")
        assert_refused(done, ENVIRONMENT, "node a", "standby")
    finally:
        cluster.stop()
        (cluster.data / "standby.signal").unlink()
        cluster.start()
        pair.close()


# --- command line and files -------------------------------------------------------------------------------------
FLAGS = {
    "unknown_flag": (["--no-such-flag"], ["--no-such-flag"]),
    "misspelt_flag": (["--batch-row", "5"], ["--batch-row"]),
    "bad_number": (["--batch-rows", "many"], ["--batch-rows", "many", "whole number"]),
    "zero_batch": (["--batch-rows", "0"], ["--batch-rows", "0"]),
    "bad_duration": (["--batch-delay", "5"], ["--batch-delay", "unit"]),
    "bad_size": (["--queue-bytes", "5 apples"], ["--queue-bytes", "apples", "4MiB"]),
    "bad_policy": (["--conflict", "last-update-win"], ["--conflict", "did you mean 'last-update-wins'"]),
    "bad_first_sync": (["--first-sync", "nothing"], ["--first-sync", "none"]),
    "bad_one_way": (["--one-way", "a"], ["--one-way", "SOURCE:TARGET"]),
    "one_way_unknown_node": (["--one-way", "a:c"], ["--one-way", "no node 'c'"]),
    "one_way_same_node": (["--one-way", "a:a"], ["same node"]),
    "bad_pattern": (["--tables", "public.item (id"], ["--tables"]),
    "pattern_matches_nothing": (["--tables", "no_such_table"], ["no_such_table", "matches no table"]),
    "unknown_column": (["--tables", "item (id, nonsense)"], ["nonsense"]),
    "filter_without_key": (["--tables", "item (v)"], ["key column id"]),
    "broken_filter": (["--tables", "item where id >"], ["item"]),
    "filter_unknown_column": (["--tables", "item where nonsense = 1"], ["nonsense"]),
    "third_node": (["--node", "c=postgresql://localhost/x"], ["3 nodes", "two"]),
    "node_without_name": (["--node", "postgresql://localhost/x"], ["NAME=URI"]),
    "listen_everywhere": (["--listen", "0.0.0.0:0"], ["--listen", "127.0.0.1", "--insecure-listen"]),
    "listen_nonsense": (["--listen", "8083"], ["--listen", "ADDRESS:PORT"]),
    "batch_beyond_queue": (["--batch-bytes", "64MiB", "--queue-bytes", "16MiB"], ["--batch-bytes", "--queue-bytes"]),
    "positional": (["extra"], ["extra"]),
    "spool_dir_empty": (["--spool-dir", ""], ["--spool-dir", "a folder"]),
    "given_twice": (["--batch-rows", "5", "--batch-rows", "6"], ["--batch-rows is given 2 times"]),
}


@pytest.mark.parametrize("case", FLAGS)
def test_bad_command_line(pair, case):
    arguments, words = FLAGS[case]
    listen = None if "--listen" in arguments else "off"
    assert_refused(run(pair, *arguments, listen=listen), USAGE, *words)
    assert_nothing_left(pair)


def test_one_node_is_not_enough(pair):
    assert_refused(run(pair, nodes={"a": pair.a}), USAGE, "1 of 2 nodes", "--node")


def test_bad_node_name(pair):
    assert_refused(run(pair, nodes={"A!": pair.a, "b": pair.b}), USAGE, "A!", "lower-case")


def test_one_database_given_twice(pair):
    """Also under different spellings of its address."""
    nodes = {"a": pair.a.uri(), "b": pair.servers.a.uri(pair.name, host="127.0.0.1")}
    assert_refused(run(pair, nodes=nodes), USAGE, "one database")
    assert_nothing_left(pair)


def test_a_cloned_server_is_another_server(pair):
    """The second master often begins as a file copy of the first: same identifier, same database oid."""
    source = pair.servers.a
    source.stop()
    copy = source.copy_data("clone")
    source.start()
    clone = Cluster(pair.servers.workspace, "b", settings=SETTINGS, copy_of=copy)
    try:
        clone.start()
        twin = clone.database(pair.name)
        instance = pair.tandem("--one-way", "a:b", nodes={"a": pair.a, "b": twin}).start().wait_streaming()
        pair.a.sql("INSERT INTO item VALUES (1, 'x')")
        masters.wait_until(lambda: twin.sql("SELECT v FROM item") == [("x",)], 20, "the row at the clone",
                           detail=instance.explain)
    finally:
        for instance in pair._instances:
            instance.close()
        clone.close()


FILES = {
    "syntax": ("[[node]\nname = 'a'\n", ["config.toml", "1"]),
    "unclosed": ("batch-rows = [1\n", ["config.toml"]),
    "unknown_key": ("listen = 'off'\nbatch-rowz = 5\n", ["config.toml:2", "batch-rowz", "did you mean 'batch-rows'"]),
    "wrong_type": ("batch-rows = 'many'\n", ["config.toml:1", "batch-rows", "whole number"]),
    "missing_environment": ("[[node]]\nname = 'a'\nuri = '${env:TANDEM_NO_SUCH_VARIABLE}'\n", ["TANDEM_NO_SUCH_VARIABLE"]),
    "missing_secret_file": ("[[node]]\nname = 'a'\nuri = '${file:/no/such/file}'\n", ["/no/such/file"]),
}


@pytest.mark.parametrize("case", FILES)
def test_bad_configuration_file(pair, case, tmp_path):
    text, words = FILES[case]
    path = tmp_path / "config.toml"
    path.write_text(text)
    assert_refused(command("run", "--init", "--config", str(path)), USAGE, *words)
    assert_nothing_left(pair)


def test_configuration_file_that_is_not_there(pair):
    assert_refused(command("run", "--config", "/no/such/config.toml"), USAGE, "/no/such/config.toml")


def test_unknown_command():
    done = command("runn")
    assert done.status == USAGE and "runn" in done.err, done


# --- ports, contents, leftovers -----------------------------------------------------------------------------------
def test_taken_listen_port(pair):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        assert_refused(run(pair, listen=f"127.0.0.1:{port}"), ENVIRONMENT, str(port), str(os.getpid()), "--listen")
    assert_nothing_left(pair)


CONTENTS = {
    "other_rows": ("INSERT INTO item VALUES (1, 'a')", "INSERT INTO item VALUES (2, 'b')"),
    "other_value": ("INSERT INTO item VALUES (1, 'a')", "INSERT INTO item VALUES (1, 'b')"),
    "null_or_empty": ("INSERT INTO item VALUES (1, NULL)", "INSERT INTO item VALUES (1, '')"),
    "only_at_a": ("INSERT INTO item VALUES (1, 'a')", "SELECT 1"),
    "only_at_b": ("SELECT 1", "INSERT INTO item VALUES (1, 'b')"),
    "one_of_many": ("INSERT INTO item SELECT i, 'x' FROM generate_series(1, 20000) i",
                    "INSERT INTO item SELECT i, CASE i WHEN 12345 THEN 'y' ELSE 'x' END FROM generate_series(1, 20000) i"),
}


@pytest.mark.parametrize("case", [case for case in CONTENTS if case != "only_at_a"])
def test_tables_that_differ_are_refused_by_name_where_nothing_comes_back(pair, case):
    """One way: what only the target has cannot be made equal by the newer version."""
    at_a, at_b = CONTENTS[case]
    pair.a.sql(at_a)
    pair.b.sql(at_b)
    assert_refused(run(pair, "--one-way", "a:b"), USAGE, "item", "--first-sync none")
    assert_nothing_left(pair)


@pytest.mark.parametrize("case", CONTENTS)
def test_tables_that_differ_are_made_equal(pair, case):
    at_a, at_b = CONTENTS[case]
    pair.a.sql(at_a)
    pair.b.sql(at_b)
    pair.run()
    pair.assert_equal("public.item", deadline=20)
    assert pair.a.value("SELECT count(*) FROM item") == {"other_rows": 2, "one_of_many": 20000}.get(case, 1)


def test_tables_that_differ_are_accepted_with_first_sync_none(pair):
    pair.a.sql("INSERT INTO item VALUES (1, 'a')")
    pair.b.sql("INSERT INTO item VALUES (2, 'b')")
    pair.run("--first-sync", "none")
    pair.a.sql("INSERT INTO item VALUES (3, 'new')")
    pair.settle()
    assert pair.a.sql("SELECT id FROM item ORDER BY id") == [(1,), (3,)]
    assert pair.b.sql("SELECT id FROM item ORDER BY id") == [(2,), (3,)]


def test_equal_rows_are_accepted_though_stored_in_another_order(pair):
    pair.a.sql("INSERT INTO item SELECT i, 'x' FROM generate_series(1, 5000) i")
    pair.b.sql("INSERT INTO item SELECT i, 'x' FROM generate_series(5000, 1, -1) i")
    pair.run()


def test_run_without_init_on_fresh_databases(pair):
    done = run(pair, init=False)
    assert done.status in (USAGE, ENVIRONMENT) and "--init" in done.err, done
    assert_nothing_left(pair)


def test_a_newer_installation_is_refused(pair):
    pair.run().stop()
    pair.b.sql("UPDATE tandem.meta SET schema_version = schema_version + 1")
    for init in (True, False):
        assert_refused(run(pair, init=init), USAGE, "node b", "newer")
    pair.b.sql("UPDATE tandem.meta SET schema_version = schema_version - 1")
    pair.run(init=False)


NEW_IN_15 = "ALTER TABLE tandem.ddl DROP COLUMN seen_at, DROP COLUMN here; ALTER TABLE IF EXISTS tandem.tombstone DROP COLUMN relation; "
NEW_IN_14 = NEW_IN_15 + ("DROP FUNCTION tandem.begin_apply(text, integer, bigint, pg_lsn, pg_lsn, bigint, timestamptz, timestamptz, bigint); "
             "CREATE FUNCTION tandem.begin_apply(text, integer, bigint, pg_lsn, pg_lsn, bigint, timestamptz, timestamptz, "
             "bigint DEFAULT NULL, pg_lsn DEFAULT NULL, bigint DEFAULT NULL) RETURNS void LANGUAGE sql AS 'SELECT'; ")
NEW_IN_13 = NEW_IN_14 + ("DO $$ DECLARE f regtype; BEGIN FOR f IN SELECT oid FROM pg_type WHERE typnamespace = 'tandem'::regnamespace AND "
             "typname LIKE 'form\\_%' AND typtype = 'e' LOOP EXECUTE 'DROP TYPE ' || f; END LOOP; END $$; ")
NEW_IN_12 = NEW_IN_13 + ("ALTER TABLE tandem.meta DROP COLUMN id_places, DROP COLUMN id_place; ")
NEW_IN_11 = NEW_IN_12 + ("DROP TABLE tandem.shape, tandem.ddl, tandem.rewriter; ALTER TABLE tandem.meta DROP COLUMN joining, DROP COLUMN ddl_token; "
             "DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT p.oid FROM pg_proc p WHERE pronamespace = 'tandem'::regnamespace AND proname IN "
             "('rewritten', 'grants', 'column_shapes', 'part_shapes', 'relation_shape', 'type_shape', 'shape_of', 'root_of', 'carried_schema', "
             "'of_extension', 'note_shapes', 'shape_named') LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $$; ")
NEW_IN_10 = NEW_IN_11 + ("ALTER TABLE tandem.progress DROP COLUMN newest_us, DROP COLUMN seen_lsn, DROP COLUMN seen_us; "
             "ALTER TABLE tandem.parked DROP COLUMN v; DROP FUNCTION tandem.conflicting(); "
             "DROP FUNCTION tandem.begin_apply(text, integer, bigint, pg_lsn, pg_lsn, bigint, timestamptz, timestamptz, "
             "bigint, pg_lsn, bigint); ")
OLD_BEGIN_APPLY = ("CREATE FUNCTION tandem.begin_apply(text, integer, bigint, pg_lsn, pg_lsn, bigint, timestamptz, "
                   "timestamptz, bigint DEFAULT NULL) RETURNS void LANGUAGE sql AS 'SELECT'; ")
NEW_IN_9 = NEW_IN_10 + ("ALTER TABLE tandem.meta DROP COLUMN origin_column; ALTER TABLE tandem.conflict DROP COLUMN about; "
            "DROP INDEX tandem.conflict_open; DROP TABLE tandem.removed; ")


def test_an_older_installation_is_brought_forward(pair):
    pair.run().stop()
    pair.sql("ALTER TABLE tandem.parked DROP COLUMN escaped, DROP COLUMN detail, DROP COLUMN shape, DROP COLUMN asked, "
             "DROP COLUMN tried_at; ALTER TABLE tandem.progress DROP COLUMN log_offset, DROP COLUMN source_tokens; "
             "DROP TABLE tandem.sending; DROP TABLE tandem.tombstone; " + NEW_IN_9 +
             "UPDATE tandem.meta SET schema_version = 1")
    assert_refused(run(pair, init=False), USAGE, "node a", "older tandem", "--init")
    pair.run()
    assert [node.value("SELECT schema_version FROM tandem.meta") for node in pair.both] == [16, 16]
    assert [node.value("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'tandem' AND "
                       "table_name = 'parked' AND column_name IN ('escaped', 'detail', 'shape', 'asked', 'tried_at')")
            for node in pair.both] == [5, 5]


def test_the_last_installation_is_brought_forward(pair):
    pair.run().stop()
    pair.sql("ALTER TABLE tandem.sending DROP COLUMN reader; DROP TABLE tandem.tombstone; "
             + NEW_IN_9 + "UPDATE tandem.meta SET schema_version = 5")
    pair.run()
    assert [node.value("SELECT reader IS NULL FROM tandem.sending") for node in pair.both] == [True, True]


def test_an_installation_of_version_9_is_brought_forward(pair):
    pair.run().stop()
    pair.sql(NEW_IN_10 + OLD_BEGIN_APPLY + "UPDATE tandem.meta SET schema_version = 9")
    pair.run()
    for node in pair.both:
        assert node.sql("SELECT pronargs FROM pg_proc WHERE proname = 'begin_apply'") == [(9,)]
    pair.a.sql("INSERT INTO item VALUES (900, 'x')")
    pair.settle()
    pair.assert_equal("item")


def test_an_installation_of_version_10_is_brought_forward(pair):
    pair.run().stop()
    pair.sql(NEW_IN_11 + "UPDATE tandem.meta SET schema_version = 10")
    pair.run("--ddl", "on")
    pair.a.sql("ALTER TABLE item ADD COLUMN more text")
    pair.settle()
    assert pair.b.sql("SELECT more FROM item LIMIT 1") in ([], [(None,)])


def test_ddl_of_version_14_counts_as_seen(pair):
    instance = pair.run("--ddl", "on")
    pair.a.sql("ALTER TABLE item ADD COLUMN more text")
    pair.settle()
    instance.stop()
    pair.sql(NEW_IN_15 + "UPDATE tandem.meta SET schema_version = 14")
    pair.run("--ddl", "on")
    assert pair.a.sql("SELECT tag, seen_at::text FROM tandem.ddl WHERE node IS NULL") == [("ALTER TABLE", "0/0")]
    pair.a.sql("ALTER TABLE item ADD COLUMN yet_more text")
    pair.settle()
    assert pair.b.sql("SELECT more, yet_more FROM item LIMIT 1") in ([], [(None, None)])


def test_event_triggers_of_version_11_are_brought_forward(pair):
    pair.run("--ddl", "on").stop()
    pair.sql(NEW_IN_12 + "CREATE OR REPLACE FUNCTION tandem.carry_ddl(p_tag text, p_roots jsonb, p_dropped jsonb) RETURNS void LANGUAGE sql AS 'SELECT'; "
             "UPDATE tandem.meta SET schema_version = 11")
    pair.run("--ddl", "on")
    pair.a.sql("ALTER TABLE item ADD COLUMN more text")
    pair.settle()
    assert pair.b.sql("SELECT more FROM item LIMIT 1") in ([], [(None,)])


def test_a_foreign_schema_of_our_name_is_left_alone(pair):
    pair.b.sql("CREATE SCHEMA tandem; CREATE TABLE tandem.bicycle (seats integer)")
    assert_refused(run(pair), USAGE, "node b", "schema tandem")
    assert pair.b.sql("SELECT * FROM tandem.bicycle") == []
    assert pair.slot(pair.a) is None and pair.a.sql("SELECT 1 FROM pg_namespace WHERE nspname = 'tandem'") == []


def test_swapped_nodes_are_refused(pair):
    pair.run().stop()
    assert_refused(run(pair, nodes={"a": pair.b, "b": pair.a}), USAGE, "node", "set up as")
    pair.run(init=False)


def test_a_second_instance_does_not_disturb_the_first(pair):
    """It stands by; when the first one ends, it serves."""
    first = pair.run()
    second = pair.tandem().start()
    for direction in ("a:b", "b:a"):
        second.wait_state(direction, "standby", deadline=60)
    for number in range(20):
        pair.both[number % 2].sql("INSERT INTO item VALUES (%s, 'x')", number)
    pair.settle(deadline=60)
    assert [first.state("a:b"), second.state("a:b")] == ["streaming", "standby"]
    first.stop()
    second.wait_streaming(deadline=30)
    for number in range(20, 40):
        pair.both[number % 2].sql("INSERT INTO item VALUES (%s, 'x')", number)
    pair.settle(deadline=60)
    pair.assert_equal("item")
    assert pair.a.value("SELECT count(*) FROM item") == 40


def test_what_a_killed_instance_said_arrives_late(pair):
    """Its statement that takes the stream is carried out when its successor has the stream already, and changes nothing."""
    pair.run().stop()
    with contextlib.closing(HoldingProxy(pair.b.cluster.port, b"UPDATE tandem.progress SET epoch")) as proxy:
        late = pair.b.uri().replace(f":{pair.b.cluster.port}/", f":{proxy.port}/")
        first = pair.tandem(nodes={"a": pair.a, "b": late}).start()
        assert proxy.holds.wait(30)
        first.kill9()
        second = pair.run()
        proxy.release()
        assert proxy.answered.wait(30)
        for number in range(20):
            pair.both[number % 2].sql("INSERT INTO item VALUES (%s, 'x')", number)
        pair.settle(deadline=60)
        pair.assert_equal("item")
        assert [second.direction(name)["retries"] for name in ("a:b", "b:a")] == [0, 0]


def test_an_instance_that_was_stopped_is_followed_and_stands_by_when_it_wakes(pair):
    """R4: what it still tries is refused; at no time do both write."""
    first = pair.run()
    second = pair.tandem().start()
    second.wait_state("a:b", "standby", deadline=60)
    first.freeze()
    second.wait_streaming(deadline=30)
    pair.a.sql("INSERT INTO item VALUES (1, 'x')")
    first.thaw()
    for direction in ("a:b", "b:a"):
        first.wait_state(direction, "standby", deadline=30)
    pair.b.sql("INSERT INTO item VALUES (2, 'x')")
    pair.settle(deadline=60)
    pair.assert_equal("item")
    second.kill9()
    first.wait_streaming(deadline=30)
    pair.a.sql("INSERT INTO item VALUES (3, 'x')")
    pair.settle(deadline=60)
    assert pair.b.value("SELECT count(*) FROM item") == 3


def test_init_is_idempotent_and_destroy_removes_all(pair):
    nodes = node_arguments({"a": pair.a, "b": pair.b})
    assert command("init", *nodes).status == 0
    before = [(pair.slot(database)["confirmed_flush_lsn"], database.sql("SELECT * FROM tandem.progress"))
              for database in pair.both]
    again = command("init", *nodes)
    assert again.status == 0, again
    assert before == [(pair.slot(database)["confirmed_flush_lsn"], database.sql("SELECT * FROM tandem.progress"))
                      for database in pair.both]
    pair.run(init=False).stop()
    refused = command("destroy", *nodes)
    assert refused.status == USAGE and "--yes" in refused.err, refused
    done = command("destroy", *nodes, "--yes")
    assert done.status == 0, done
    assert_nothing_left(pair)
    assert pair.a.value("SELECT count(*) FROM item") == 0, "tables of the application stay"


def test_dry_run_changes_nothing(pair):
    done = command("init", "--dry-run", *node_arguments({"a": pair.a, "b": pair.b}))
    assert done.status == 0, done
    for word in ("CREATE SCHEMA", "CREATE PUBLICATION", "pg_create_logical_replication_slot", "item"):
        assert word in done.out, done
    assert_nothing_left(pair)
