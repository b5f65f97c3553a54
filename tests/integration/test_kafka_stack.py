"""tools/stack --kafka: three brokers beside the masters, and which processes it takes for its own."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess

import pytest

from support.brokers import free_ports
from support.kafka_admin import Admin, broker
from support.stack import Stack
from support.waiting import wait_until

RECORD = {"key": b"k", "value": b"v", "headers": [("pos", b"1")]}


class KafkaStack(Stack):
    def __init__(self):
        self.kafka_ports = free_ports(6)
        super().__init__("--kafka-ports", ",".join(map(str, self.kafka_ports)))

    def kafka(self):
        return self.status()["kafka"]

    def pids(self):
        return {name: node["pid"] for name, node in self.kafka()["brokers"].items()}

    @contextlib.contextmanager
    def admin(self):
        with contextlib.closing(Admin(self.kafka()["bootstrap"])) as admin:
            yield admin


@pytest.fixture(scope="module")
def stack():
    """Shared, because three JVMs take seconds: a test begins with a start or a stop."""
    made = KafkaStack()
    yield made
    made.close()


@contextlib.contextmanager
def held(port):
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen()
        yield f"is taken by pid {os.getpid()} ("


def test_a_taken_port_names_its_holder_and_starts_nothing(stack):
    stack.good("stop")
    for port, what in ((stack.ports[1], "master b"), (stack.kafka_ports[1], "broker 2"),
                       (stack.kafka_ports[5], "controller 3")):
        refused(stack, port, what)
        assert not any(node["running"] for node in stack.nodes().values())


def refused(stack, port, what):
    with held(port) as by_us:
        done = stack.run("start", "--kafka")
    assert done.returncode == 3
    assert f"port {port} for {what} {by_us}" in done.stderr
    assert set(stack.pids().values()) == {None}


def test_three_brokers_as_promised_and_a_killed_one_starts_again(stack):
    said = stack.good("start", "--kafka").stderr
    assert all(f"127.0.0.1:{port}" in said for port in stack.kafka_ports[:3])
    kafka, pids = stack.kafka(), stack.pids()
    assert kafka["bootstrap"] == ",".join(f"127.0.0.1:{port}" for port in stack.kafka_ports[:3])
    assert stack.run("status", "--kafka").returncode == 0
    assert stack.good("start", "--kafka").stderr == "" and stack.pids() == pids
    for node in kafka["brokers"].values():
        assert listening(node["pid"]) == {("127.0.0.1", node["port"]), ("127.0.0.1", node["controller_port"])}

    with stack.admin() as admin:
        assert admin.brokers() == [1, 2, 3]
        admin.create_topic("kept", partitions=3)
        assert all(sorted(each["replicas"]) == [1, 2, 3] for each in admin.describe("kept"))
        assert admin.config("kept")["min.insync.replicas"] == "2"
        admin.produce("kept", {**RECORD, "partition": 0})
        os.kill(pids["2"], signal.SIGKILL)
        wait_until(lambda: stack.pids()["2"] is None, 10, "broker 2 is seen to be gone")
        assert stack.run("status", "--kafka").returncode == 3
        stack.good("start", "--kafka")
        assert stack.pids()["2"] != pids["2"]
        assert {**stack.pids(), "2": None} == {**pids, "2": None}
        assert [record["value"] for record in admin.read("kept")] == [b"v"]
        wait_until(lambda: all(len(each["isr"]) == 3 for each in admin.describe("kept")), 30, "replicas in sync")


def test_stop_keeps_the_data_masters_run_alone_and_reset_wipes_all(stack):
    stack.good("start", "--kafka")
    with stack.admin() as admin:
        admin.create_topic("stays")
        admin.produce("stays", RECORD)
    stack.good("stop")
    assert set(stack.pids().values()) == {None}

    stack.good("start")
    masters = stack.nodes()
    assert stack.run("status").returncode == 0 and stack.run("status", "--kafka").returncode == 3
    refused(stack, stack.kafka_ports[1], "broker 2")
    assert stack.nodes() == masters
    stack.good("start", "--kafka")
    assert stack.nodes() == masters
    with stack.admin() as admin:
        assert [record["headers"] for record in admin.read("stays")] == [[("pos", b"1")]]
    stack.good("reset", "--kafka")
    with stack.admin() as admin:
        assert admin.topics() == []


def test_a_process_with_a_reused_pid_is_not_ours(tmp_path):
    """The pid file outlives a crash: whoever has that number now must not be signalled."""
    node = broker.Broker(1, tmp_path, 1, 2)
    node.data.mkdir()
    for folder, later, ours in ((node.data, 0, True), (tmp_path, 0, False), (node.data, 1, False)):
        with subprocess.Popen(["sleep", "60"], cwd=folder) as process:
            node.pid_file.write_text(f"{process.pid} {broker.start_time(process.pid) + later}\n")
            assert node.pid() == (process.pid if ours else None)
            assert node.signal(signal.SIGCONT) == ours
            process.kill()
        assert node.pid() is None


def listening(pid):
    """{(address, port)} of the sockets on which the process listens."""
    inodes = {os.readlink(fd) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for family, name in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in pathlib.Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                address, port = fields[1].split(":")
                words = [bytes.fromhex(address)[at:at + 4][::-1] for at in range(0, len(address) // 2, 4)]
                text = socket.inet_ntop(family, b"".join(words)).removeprefix("::ffff:")
                found.add((text, int(port, 16)))
    return found
