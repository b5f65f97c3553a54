"""Throw-away PostgreSQL clusters for tests.

A Cluster owns one data directory and one postmaster on a free loopback port. Everything lives in a
temporary directory; nothing that this module did not start is ever touched. PostgreSQL refuses to
run as root, so a root caller runs it as the user `postgres`.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg2

from support import pgversions
from support.pgversions import PG_OS_USER, as_server_user
from support.waiting import wait_until

# Text is the same on both masters whatever their defaults are: every oracle reads through this.
PINNED = (
    "-c datestyle=ISO,MDY -c timezone=UTC -c intervalstyle=postgres -c extra_float_digits=3 "
    "-c bytea_output=hex -c xmloption=content -c standard_conforming_strings=on "
    "-c quote_all_identifiers=off -c search_path=public"
)

DEFAULTS = {
    "wal_level": "logical",
    "track_commit_timestamp": "on",
    "max_wal_senders": "20",
    "max_replication_slots": "30",
    "max_connections": "80",
    "max_prepared_transactions": "10",
    "shared_buffers": "64MB",
    # The machine is never switched off under a test, and kill -9 of a process loses no page cache.
    "fsync": "off",
    "autovacuum": "off",
    "log_min_messages": "info",
    "log_line_prefix": "'%m [%p] %q%a '",
}

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def give_to_server_user(path):
    if os.geteuid() == 0:
        shutil.chown(path, PG_OS_USER, PG_OS_USER)


class Workspace:
    """A temporary directory for clusters and logs, removed at close unless TANDEM_TEST_KEEP is set."""

    def __init__(self, label="test"):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"tandem-{label}-"))
        self.path.chmod(0o755)
        give_to_server_user(self.path)

    def close(self):
        if not os.environ.get("TANDEM_TEST_KEEP"):
            shutil.rmtree(self.path, ignore_errors=True)


def initdb(major, target):
    """A cluster of its own: two masters that were copied from one would share its identifier."""
    subprocess.run(
        as_server_user([
            str(pgversions.bin_dir(major) / "initdb"), "-D", str(target), "-U", "postgres", "-E", "UTF8",
            "--locale=C", "--auth=trust", "--no-sync"]),
        check=True, stdout=subprocess.DEVNULL, cwd="/", env=pgversions.environment(major))


class Cluster:
    """One PostgreSQL server. stop() and kill9() are idempotent; start() after either is allowed."""

    def __init__(self, workspace, name, major=15, settings=None, bare_arguments=None, copy_of=None,
                 environment=None):
        self.name = name
        self.major = major
        self.workspace = workspace
        self.port = free_port()
        self.data = workspace.path / f"{name}-{major}-{self.port}"
        self.log_path = pathlib.Path(f"{self.data}.log")
        self.settings = {**DEFAULTS, **(settings or {})}
        # Exactly these words on the command line and nothing in the configuration file.
        self.bare_arguments = bare_arguments
        self.environment = environment or {}
        self._process = None
        self._databases = []
        if copy_of is None:
            initdb(major, self.data)
        else:
            copy_tree(copy_of, self.data)

    # --- life ----------------------------------------------------------------------------------
    def _arguments(self):
        # Set behind the change of user: what a preloaded library makes then belongs to the server's user.
        argv = ["env", *(f"{name}={value}" for name, value in self.environment.items())] if self.environment else []
        argv += [str(pgversions.bin_dir(self.major) / "postgres"), "-D", str(self.data)]
        if self.bare_arguments is not None:
            return argv + self.bare_arguments + ["-p", str(self.port)]
        argv += ["-p", str(self.port), "-c", "listen_addresses=localhost",
                 "-c", f"unix_socket_directories={self.workspace.path}"]
        for key, value in self.settings.items():
            argv += ["-c", f"{key}={str(value).strip(chr(39))}"]
        return argv

    def start(self, deadline=60):
        until = time.monotonic() + deadline
        while True:
            self._spawn()
            try:
                self._wait_ready(until)
                return self
            except ServerExited:
                # Another process may have taken the port, or an orphan still hold shared memory.
                tail = self.log_tail()
                lingering = "shared memory block" in tail or "lock file" in tail
                if not lingering or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _spawn(self):
        log = open(self.log_path, "ab")
        try:
            self._process = subprocess.Popen(
                as_server_user(self._arguments(), die_with_parent="QUIT"), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd="/", env=pgversions.environment(self.major),
                start_new_session=True)
        finally:
            log.close()

    def _wait_ready(self, until):
        def ready():
            if self._process.poll() is not None:
                raise ServerExited(f"{self.name}: postgres ended with {self._process.returncode}:\n"
                                   f"{self.log_tail()}")
            try:
                psycopg2.connect(self.dsn("postgres"), connect_timeout=5).close()
                return True
            except psycopg2.OperationalError:
                return False
        wait_until(ready, deadline=max(1.0, until - time.monotonic()), what=f"{self.name} ready")

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def _end(self, signal_number, deadline):
        """Sends the signal, waits, returns the seconds it took."""
        began = time.monotonic()
        if self.running:
            self._process.send_signal(signal_number)
            try:
                self._process.wait(deadline)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(30)
                raise AssertionError(
                    f"{self.name}: not stopped {deadline} s after {signal_number!r}\n{self.log_tail()}")
        for database in self._databases:
            database.disconnect()
        return time.monotonic() - began

    def stop(self, mode="fast", deadline=60):
        """As `pg_ctl stop -m MODE`: the same signals. Returns seconds."""
        return self._end({"smart": signal.SIGTERM, "fast": signal.SIGINT,
                          "immediate": signal.SIGQUIT}[mode], deadline)

    def kill9(self, deadline=60):
        """kill -9 of the postmaster; returns when its children, which notice by themselves, are gone."""
        if not self.running:
            return
        pid = self._process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._end(signal.SIGKILL, deadline)
        wait_until(lambda: not any(alive(child) for child in children), deadline,
                   f"{self.name}: backends of the killed postmaster gone")

    def restart(self, mode="fast", deadline=60):
        self.stop(mode, deadline)
        return self.start()

    def close(self):
        if self.running:
            self.stop("immediate")
        if not os.environ.get("TANDEM_TEST_KEEP"):
            shutil.rmtree(self.data, ignore_errors=True)

    # --- file copies -----------------------------------------------------------------------------
    def copy_data(self, label):
        """A cold file copy, as an operator's backup: same system identifier, same timeline."""
        assert not self.running, "a file copy needs a stopped cluster"
        target = pathlib.Path(f"{self.data}.{label}")
        shutil.rmtree(target, ignore_errors=True)
        copy_tree(self.data, target)
        return target

    def restore_data(self, copy):
        assert not self.running, "restore needs a stopped cluster"
        shutil.rmtree(self.data)
        copy_tree(copy, self.data)

    # --- talking to it -------------------------------------------------------------------------
    def dsn(self, database, user="postgres", password=None):
        text = f"host=localhost port={self.port} dbname={database} user={user}"
        return text + (f" password={password}" if password else "")

    def uri(self, database, user="postgres", password=None, host="localhost"):
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@{host}:{self.port}/{database}"

    def create_database(self, name):
        with contextlib.closing(psycopg2.connect(self.dsn("postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute(f'CREATE DATABASE "{name}"')
        database = Database(self, name)
        self._databases.append(database)
        return database

    def database(self, name):
        database = Database(self, name)
        self._databases.append(database)
        return database

    def drop_database(self, database):
        """Removes the database with all that hangs on it cluster-wide: slots and tandem's origins."""
        database.disconnect()
        if database in self._databases:
            self._databases.remove(database)
        if not self.running:
            return
        with contextlib.closing(psycopg2.connect(self.dsn("postgres"))) as connection:
            connection.autocommit = True
            cursor = connection.cursor()

            def released(): # a backend that was told to end holds its slot and origin until it has
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                               (database.name,))
                try:
                    cursor.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                                   "WHERE database = %s", (database.name,))
                    cursor.execute("SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin, "
                                   "pg_database WHERE datname = %s AND (roname LIKE 'tandem\\_' || pg_database.oid || "
                                   "'\\_%%' OR roname IN ('tandem_resent_' || pg_database.oid, 'tandem_silent_' || "
                                   "pg_database.oid))", (database.name,))
                except psycopg2.errors.ObjectInUse:
                    return False
                return True
            wait_until(released, deadline=20, what=f"slots and origins of {database.name} dropped")
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database.name,))
            if cursor.fetchone() is None:
                return
            cursor.execute("SELECT gid FROM pg_prepared_xacts WHERE database = %s", (database.name,))
            prepared = cursor.fetchall()
            if prepared:
                with contextlib.closing(psycopg2.connect(self.dsn(database.name))) as inside:
                    inside.autocommit = True
                    for (gid,) in prepared:
                        inside.cursor().execute("ROLLBACK PREPARED %s", (gid,))
            force = "" if self.major < 13 else " WITH (FORCE)"
            cursor.execute(f'DROP DATABASE "{database.name}"{force}')

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=30):
        return "\n".join(self.log_text().splitlines()[-lines:])


class ServerExited(RuntimeError):
    """postgres ended while starting."""


class Database:
    """One database of a cluster, with a cached autocommit connection that survives restarts."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        self._connection = None

    @property
    def node(self):
        return self.cluster.name

    def connect(self, autocommit=False, options="", application_name="oracle", user="postgres"):
        """A new connection under pinned text settings; the caller closes it."""
        connection = psycopg2.connect(
            self.cluster.dsn(self.name, user=user), options=f"{PINNED} {options}",
            application_name=application_name, client_encoding="UTF8")
        connection.autocommit = autocommit
        return connection

    def disconnect(self):
        if self._connection is not None:
            with contextlib.suppress(psycopg2.Error):
                self._connection.close()
            self._connection = None

    def sql(self, statement, *parameters):
        """Runs one statement (autocommit); its rows, or None. Reconnects if the server was restarted."""
        if self._connection is None or self._connection.closed:
            self._connection = self.connect(autocommit=True)
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def value(self, statement, *parameters):
        rows = self.sql(statement, *parameters)
        return rows[0][0] if rows else None

    @contextlib.contextmanager
    def transaction(self, **options):
        """A cursor in one transaction on a connection of its own: commit at the end, or rollback."""
        connection = self.connect(**options)
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def uri(self, **how):
        return self.cluster.uri(self.name, **how)

    def __repr__(self):
        return f"<{self.node}:{self.name}@{self.cluster.port}>"


def alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


def copy_tree(source, target):
    """cp -a keeps owner and mode; reflink where the file system can."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)
