"""One PostgreSQL cluster of the local stack: create, start, stop, and know it from any other."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 60

# Written below initdb's own settings. Durability stays at PostgreSQL's defaults: what is measured
# or proved here must hold for a server that survives a power cut.
SETTINGS = """
# --- tools/stack ---
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
wal_level = logical
track_commit_timestamp = on
max_wal_senders = 20
max_replication_slots = 20
max_connections = 200
log_line_prefix = '%m [%p] %a '
"""


class ClusterError(Exception):
    """A server could not be created, started or stopped; the text says why."""


class Account:
    """The user the servers run as: ourselves, or `postgres` when we are root."""

    def __init__(self):
        if os.getuid() == 0:
            try:
                self.entry = pwd.getpwnam("postgres")
            except KeyError:
                raise ClusterError("PostgreSQL does not run as root and there is no user "
                                   "'postgres': apt-get install postgresql-common") from None
        else:
            self.entry = pwd.getpwuid(os.getuid())
        self.uid, self.gid = self.entry.pw_uid, self.entry.pw_gid

    def run(self, command, **how):
        """subprocess.run as this user."""
        if os.getuid() == 0:
            how.update(user=self.uid, group=self.gid, extra_groups=[])
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8",
                       "HOME": self.entry.pw_dir, "USER": self.entry.pw_name}
        return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                              env=environment, cwd="/", text=True, **how)

    def reaches(self, folder):
        """Whether this user may enter the folder (a checkout below /root is closed to it)."""
        return self.run(["test", "-x", folder]).returncode == 0

    def own_folder(self, folder, mode=0o700):
        """Creates a folder of this user; refuses one that somebody else put there."""
        folder = Path(folder)
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in (os.getuid(), self.uid):
            raise ClusterError(f"{folder} belongs to somebody else: remove it or use --root")
        os.chown(folder, self.uid, self.gid)
        folder.chmod(mode)


class Cluster:
    """A data folder and the port its server listens on. Nothing runs unless started."""

    def __init__(self, name, data, port, sockets, account):
        self.name, self.data, self.port = name, Path(data), port
        self.sockets, self.account = Path(sockets), account
        self.log = self.data.parent / f"{name}.log"

    def uri(self, database="chat"):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def exists(self):
        return (self.data / "PG_VERSION").exists()

    def pid(self):
        """The postmaster's pid if it is running and is ours, else None.

        postmaster.pid outlives a crash and its number may have been given to another process, so
        the process must also work in our data folder, as every postmaster does.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            at_home = os.path.samefile(f"/proc/{pid}/cwd", self.data)
            program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        except (OSError, ValueError):
            return None
        return pid if at_home and program.split(" ")[0] == "postgres" else None

    def create(self, bin_dir, plain):
        """initdb; with plain nothing is added to its settings.

        Unsynced: a power cut in the next seconds costs an empty cluster. The server itself syncs.
        """
        self.account.own_folder(self.data)
        password = self.data.parent / f"{self.name}.password"
        password.write_text("password\n")
        os.chown(password, self.account.uid, self.account.gid)
        try:
            self._check(self.account.run(
                [bin_dir / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8",
                 "--locale=C.UTF-8", "--auth=trust", "--no-sync", f"--pwfile={password}"],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT), "initdb")
        finally:
            password.unlink()
        if not plain:
            with open(self.data / "postgresql.conf", "a", encoding="utf-8") as settings:
                settings.write(SETTINGS.format(port=self.port, sockets=self.sockets))

    def start(self, bin_dir, plain):
        """Starts the server and returns when it accepts connections."""
        if self.pid() is not None:
            return
        refuse_taken_port(self.port, f"master {self.name}")
        self._bury()
        flags = f"-c wal_level=logical -p {self.port}" if plain else ""
        ran = self.account.run(
            [bin_dir / "pg_ctl", "start", "-D", self.data, "-w", "-t", str(START_SECONDS), "-s",
             "-l", self.log, "-o", flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if ran.returncode != 0:
            tail = "".join(self.log.read_text(errors="replace").splitlines(True)[-15:]) \
                if self.log.exists() else ""
            raise ClusterError(f"server {self.name} did not start: {ran.stdout.strip()}\n"
                               f"last lines of {self.log}:\n{tail}")

    def _bury(self):
        """Takes away the lock files of a killed postmaster once its last child has gone.

        The server does this itself, unless the number is in use again: by a stranger, or by the
        dead postmaster where nobody reaps it (a container without an init).
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        deadline = time.monotonic() + START_SECONDS
        while left := self._at_home():
            if time.monotonic() > deadline:
                raise ClusterError(f"server {self.name} was killed, but its processes stay: {left}")
            time.sleep(0.05)
        for folder in (self.sockets, Path("/tmp")):  # /tmp: started plain
            for lock in folder.glob(f".s.PGSQL.{self.port}.lock"):
                if lock.read_text().split("\n")[1] == str(self.data):
                    lock.unlink()
        pid_file.unlink()

    def _at_home(self):
        """Pids of all processes working in our data folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.path.samefile(process / "cwd", self.data):
                    found.append(int(process.name))
            except OSError:
                continue  # it ended, or belongs to another user
        return found

    def stop(self, bin_dir):
        """Stops our server; True if there was one. Never touches a process that is not ours."""
        if self.pid() is None:
            return False
        self._check(self.account.run(
            [bin_dir / "pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w", "-s",
             "-t", str(START_SECONDS)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT),
            "pg_ctl stop")
        return True

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def _check(self, ran, what):
        if ran.returncode != 0:
            raise ClusterError(f"{what} failed for {self.name}:\n{ran.stdout}")


def refuse_taken_port(port, what):
    """Raises ClusterError naming the holder unless 127.0.0.1:port is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return
        except OSError:
            pass
    raise ClusterError(f"port {port} for {what} is taken by {port_holder(port)}; "
                       "stop that program and start again")


def port_holder(port):
    """Who listens on the port, as "pid N (command)"; its sockets tell, so only what we may see."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir()):
                command = (process / "cmdline").read_text().replace("\0", " ").strip()
                return f"pid {process.name} ({command[:120]})"
        except OSError:
            continue  # it ended, or belongs to another user
    return "a program of another user"
