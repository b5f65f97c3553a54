"""tools/stack: two PostgreSQL masters on loopback, and three Kafka brokers if asked for."""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import psycopg2

import binaries
import broker
from cluster import Account, Cluster, ClusterError, refuse_taken_port

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_MAJOR = 15
DEFAULT_KAFKA_PORTS = "19092,19093,19094,19192,19193,19194"
SOCKET_PATH_BYTES_MAX = 107  # sockaddr_un


def say(text):
    print(f"stack: {text}", file=sys.stderr, flush=True)


class Stack:
    """Masters and brokers below one folder, and what was asked for when the masters were created.

    A folder the servers' user cannot reach (a checkout in /root) is replaced by one in /var/tmp,
    which nobody has to open up. Brokers run as ourselves. Only one command works on a stack at a time.
    """

    def __init__(self, root, ports, kafka_ports):
        self.root = Path(root).resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.lock = open(self.root / ".lock", "w", encoding="utf-8")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.account = Account()
        self.home, self.cache = self._reachable()
        sockets = self._socket_folder()
        self.clusters = [Cluster(name, self.home / name, port, sockets, self.account)
                         for name, port in zip("abc", ports)]  # two, but where more are measured
        self.record = self.home / "stack.json"
        self.brokers = broker.Brokers(self.home / "kafka", kafka_ports[:3], kafka_ports[3:])

    def _reachable(self):
        """The folder of the servers and the one of downloaded binaries."""
        if self.account.reaches(self.root):
            return self.root, REPOSITORY / "build" / "cache"
        mark = hashlib.sha256(str(self.root).encode()).hexdigest()[:8]
        home = Path(f"/var/tmp/tandem-stack-{mark}")
        if not home.exists():
            say(f"user {self.account.entry.pw_name} cannot enter {self.root}: data is in {home}")
        home.mkdir(mode=0o755, exist_ok=True)
        if home.is_symlink() or home.stat().st_uid != os.getuid():
            raise ClusterError(f"{home} belongs to somebody else: remove it or use --root")
        return home, home / "cache"

    def _socket_folder(self):
        folder = self.home / "run"
        if len(f"{folder}/.s.PGSQL.65535") > SOCKET_PATH_BYTES_MAX:
            mark = hashlib.sha256(str(self.home).encode()).hexdigest()[:8]
            folder = Path(f"/tmp/tandem-run-{mark}")
        return folder

    def created_as(self):
        """{"pg": major, "plain": bool} of the clusters on disk, or None."""
        try:
            return json.loads(self.record.read_text())
        except (OSError, ValueError):
            return None

    def start(self, major, plain, kafka):
        """Starts what is missing; if one of it cannot, none of it stays. Brokers boot beside the masters."""
        missing = [cluster for cluster in self.clusters if cluster.pid() is None]
        brokers = []
        try:
            if kafka:
                brokers = self._spawn_brokers()
            self._start_masters(major, plain)
            if kafka:
                self.brokers.await_ready()
        except (ClusterError, binaries.Unavailable):
            self.stop_masters(missing)
            self.brokers.stop(brokers, graceful=False)
            raise

    def _spawn_brokers(self):
        parts = broker.classpath(REPOSITORY / "build" / "cache", say)
        begun = self.brokers.spawn(parts)
        if begun:
            say("starting brokers " + ", ".join(f"127.0.0.1:{node.port}" for node in begun))
        return begun

    def _start_masters(self, major, plain):
        was = self.created_as()
        if was is None:
            was = {"pg": major or DEFAULT_MAJOR, "plain": plain}
        elif (major or was["pg"], plain) != (was["pg"], was["plain"]):
            raise ClusterError(f"the stack holds PostgreSQL {was['pg']}"
                               f"{' started plain' if was['plain'] else ''}: "
                               "tools/stack reset with these flags replaces it")
        programs = binaries.bin_dir(was["pg"], self.cache, say)
        self.account.own_folder(self.clusters[0].sockets, 0o755)
        for cluster in self.clusters:
            self._start_one(cluster, programs, was["plain"])
        self.record.write_text(json.dumps(was) + "\n")

    def _start_one(self, cluster, programs, plain):
        # initdb leaves PG_VERSION behind early: without the record the folder may be half made.
        if cluster.pid() is None and not (cluster.exists() and self.record.exists()):
            cluster.remove()
            cluster.create(programs, plain)
            cluster.log.touch()
            os.chown(cluster.log, self.account.uid, self.account.gid)
        cluster.start(programs, plain)
        create_chat_database(cluster)

    def stop(self):
        """Stops all of it, whatever was asked for now; the names of what ran."""
        brokers = self.brokers.stop()
        return self.stop_masters(self.clusters) + [f"broker {node.number}" for node in brokers]

    def stop_masters(self, which):
        stopped = []
        for cluster in which:
            pid = cluster.pid()
            if pid is None:
                continue
            # The server's own pg_ctl, whatever --pg or the record now say.
            programs = Path(os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")).parent
            cluster.stop(programs)
            stopped.append(cluster.name)
        return stopped

    def wipe(self, kafka):
        """Brokers go too: what their topics tell is of databases that are no more."""
        self.stop()
        for cluster in self.clusters:
            refuse_taken_port(cluster.port, f"master {cluster.name}")
        if kafka:
            self.brokers.refuse_taken_ports()
        for cluster in self.clusters:
            cluster.remove()
        self.brokers.remove()
        shutil.rmtree(self.clusters[0].sockets, ignore_errors=True)
        self.record.unlink(missing_ok=True)

    def status(self):
        nodes = {}
        for cluster in self.clusters:
            pid = cluster.pid()
            nodes[cluster.name] = {
                "running": pid is not None, "pid": pid, "host": "127.0.0.1", "port": cluster.port,
                "uri": cluster.uri(), "socket_dir": str(cluster.sockets),
                "data": str(cluster.data), "log": str(cluster.log),
                "version": server_version(cluster) if pid else None}
        was = self.created_as() or {}
        return {"pg": was.get("pg"), "plain": was.get("plain"), "nodes": nodes,
                "kafka": self.brokers.status() if self.brokers.exists() else None}


def create_chat_database(cluster):
    """Creates `chat`; also the proof that the server takes connections on its port."""
    try:
        session = psycopg2.connect(cluster.uri("postgres"), connect_timeout=10)
    except psycopg2.OperationalError as failure:
        raise ClusterError(f"server {cluster.name} refuses connections: {failure}") from None
    session.autocommit = True
    with session.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'chat'")
        if cursor.fetchone() is None:
            cursor.execute("CREATE DATABASE chat")
    session.close()


def server_version(cluster):
    try:
        session = psycopg2.connect(cluster.uri("postgres"), connect_timeout=10)
    except psycopg2.OperationalError:
        return None
    with session.cursor() as cursor:
        cursor.execute("SELECT split_part(current_setting('server_version'), ' ', 1)")
        version = cursor.fetchone()[0]
    session.close()
    return version


def show(status, as_json):
    if as_json:
        print(json.dumps(status))
        return
    for name, node in status["nodes"].items():
        state = f"PostgreSQL {node['version']}, pid {node['pid']}" if node["running"] \
            else "not running"
        print(f"{name}  {node['uri']}  {state}")
    if status["kafka"]:
        nodes = status["kafka"]["brokers"].values()
        print(f"kafka  {status['kafka']['bootstrap']}  "
              f"{sum(node['running'] for node in nodes)} of {len(nodes)} brokers running")


def arguments():
    parser = argparse.ArgumentParser(prog="tools/stack", description=__doc__)
    parser.add_argument("command", choices=("start", "stop", "status", "reset"),
                        help="start both masters; stop all, keeping their data; show what runs; "
                             "or stop, wipe and start empty ones")
    parser.add_argument("--kafka", action="store_true",
                        help="with three brokers, each of them controller too, replication factor 3; "
                             "stop and reset always mean them as well")
    parser.add_argument("--pg", type=int, metavar="MAJOR", choices=sorted(binaries.majors()),
                        help=f"PostgreSQL major, 12 to 18 (default {DEFAULT_MAJOR})")
    parser.add_argument("--plain", action="store_true",
                        help="start the servers with exactly '-c wal_level=logical -p PORT' and "
                             "initdb's settings (no commit timestamps)")
    parser.add_argument("--root", metavar="DIR", default=str(REPOSITORY / "build" / "stack"),
                        help="folder of data, logs and sockets (default build/stack)")
    parser.add_argument("--ports", metavar="A,B", default="5434,5435",
                        help="ports of masters a and b (default 5434,5435)")
    parser.add_argument("--kafka-ports", metavar="P,...", default=DEFAULT_KAFKA_PORTS,
                        help="ports of the three brokers, then of their controllers "
                             f"(default {DEFAULT_KAFKA_PORTS})")
    parser.add_argument("--json", action="store_true", help="print the state as JSON")
    given = parser.parse_args()
    given.ports = port_numbers(parser, "--ports", given.ports, 2)
    given.kafka_ports = port_numbers(parser, "--kafka-ports", given.kafka_ports, 6)
    return given


def port_numbers(parser, flag, text, count):
    words = text.split(",")
    if len(words) != count or not all(word.isdecimal() for word in words):
        parser.error(f"{flag} takes {count} numbers with commas between them, not {text}")
    ports = [int(word) for word in words]
    if len(set(ports)) != count or not all(0 < port < 65536 for port in ports):
        parser.error(f"{flag} takes {count} ports that differ, between 1 and 65535, not {text}")
    return ports


def runs(status, kafka):
    """Whether all of it runs: the masters, and the brokers if they are asked about."""
    parts = list(status["nodes"].values())
    if kafka:
        parts += status["kafka"]["brokers"].values() if status["kafka"] else [{"running": False}]
    return all(part["running"] for part in parts)


def main():
    given = arguments()
    try:
        stack = Stack(given.root, given.ports, given.kafka_ports)
        if given.command == "stop":
            stopped = stack.stop()
            say("stopped " + ", ".join(stopped) if stopped else "nothing of ours is running")
        elif given.command == "reset":
            stack.wipe(given.kafka)
        if given.command in ("start", "reset"):
            stack.start(given.pg, given.plain, given.kafka)
        status = stack.status()
    except (ClusterError, binaries.Unavailable) as failure:
        say(str(failure))
        return 3
    if given.json or given.command != "stop":
        show(status, given.json)
    if given.command == "status" and not runs(status, given.kafka):
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
