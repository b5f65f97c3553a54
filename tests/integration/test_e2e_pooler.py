"""A pooler between tandem and a server: what cannot work is refused by name."""

import contextlib
import subprocess

import psycopg2
import pytest

from support.pgcluster import free_port, give_to_server_user
from support.pgversions import as_server_user
from support.tandem import command, node_arguments
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text)"


@contextlib.contextmanager
def pooled(servers, database, mode, more=""):
    """An address of the database behind pgbouncer."""
    port = free_port()
    folder = servers.workspace.path / f"pgbouncer-{port}"
    folder.mkdir()
    (folder / "users").write_text('"postgres" "x"\n')
    (folder / "ini").write_text(f"""[databases]
{database.name} = host=127.0.0.1 port={database.cluster.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder / 'users'}
pool_mode = {mode}
logfile = {folder / 'log'}
{more}
""")
    for path in (folder, *folder.iterdir()):
        give_to_server_user(path)
    running = subprocess.Popen(as_server_user(["/usr/sbin/pgbouncer", str(folder / "ini")], die_with_parent="TERM"),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    uri = f"postgresql://postgres@127.0.0.1:{port}/{database.name}"

    def ready():
        assert running.poll() is None, (folder / "log").read_text()
        with contextlib.suppress(psycopg2.OperationalError):
            psycopg2.connect(uri).close()
            return True
    try:
        wait_until(ready, 10, "pgbouncer answers")
        yield uri
    finally:
        running.terminate()
        running.wait(10)


IGNORING = "ignore_startup_parameters = extra_float_digits,options"
CASES = {
    "as_it_is_installed": ("transaction", "", "a connection pooler is between"),
    "transactions": ("transaction", IGNORING, "a connection pooler is between, which does not pass settings on"),
    "sessions_without_settings": ("session", IGNORING, "a connection pooler is between, which does not pass settings on"),
    # Settings by the server itself, so that none is missing: what is left is that sessions change.
    "transactions_that_have_the_settings": ("transaction", IGNORING, "a connection pooler in transaction mode is between"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_pooler_is_refused_by_name(servers, case):
    mode, more, said = CASES[case]
    pair = servers.pair(SCHEMA)
    try:
        if case == "transactions_that_have_the_settings":
            pair.b.sql(f"ALTER DATABASE {pair.b.name} SET search_path = pg_catalog")
        with pooled(servers, pair.b, mode, more) as uri:
            nodes = {"a": pair.a, "b": uri}
            for arguments in (("init",), ("doctor",), ("run", "--init", "--listen", "off")):
                done = command(*arguments, *node_arguments(nodes))
                assert done.status == 3 and "node b" in done.err + done.out, done
                assert said in done.err + done.out and "the server's own address" in done.err + done.out, done
        assert pair.slot(pair.a) is None and pair.slot(pair.b) is None
        assert pair.a.value("SELECT to_regclass('tandem.meta')") is None
    finally:
        pair.close()
