"""tools/quickstart --kafka: the same proof through three real brokers; passes, fails on a fault, cleans up."""

import os
import socket

import pytest

from support.brokers import free_ports
from support.pgcluster import Workspace
from support.quickstart import COUNTS, EQUAL, Quickstart
from support.tandem import binary


@pytest.fixture
def space():
    made = Workspace("quickstart-kafka")
    yield made
    made.close()


class ThroughKafka(Quickstart):
    def __init__(self, space, program, **environment):
        self.kafka_ports = free_ports(6)
        super().__init__(space, program, "--kafka", "--kafka-ports", ",".join(map(str, self.kafka_ports)),
                         **environment)

    def listening(self):
        found = super().listening()
        for port in self.kafka_ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    found.append(port)
        return found


def test_sound(space):
    quickstart = ThroughKafka(space, binary())
    status, lines, told = quickstart.run()
    assert status == 0, "\n".join(lines) + told
    counts, equal = COUNTS.fullmatch(lines[-2]), EQUAL.fullmatch(lines[-1])
    assert counts and equal, lines
    a_to_b, b_to_a, conflicts, *faults = map(int, counts.groups())
    assert faults == [0, 0, 0]
    assert a_to_b > 1000 and b_to_a > 1000 and conflicts > 0
    assert int(equal[1]) > 1000
    log = (space.path / "tandem.log").read_text()
    assert "created topic tandem.a" in log and "created topic tandem.b" in log
    assert quickstart.listening() == []


def test_broken(space):
    quickstart = ThroughKafka(space, os.environ["TANDEM_FAILPOINT_BINARY"], TANDEM_FAILPOINT="lost_batch")
    status, lines, told = quickstart.run()
    assert status == 1, "\n".join(lines) + told
    counts = COUNTS.fullmatch(lines[-2])
    assert counts and lines[-1].startswith("quickstart: NOT proved: "), lines
    assert int(counts[4]) > 0, "\n".join(lines) + told
    assert quickstart.listening() == []


def test_a_taken_port_of_a_broker(space):
    quickstart = ThroughKafka(space, binary())
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", quickstart.kafka_ports[1]))
        holder.listen()
        status, lines, told = quickstart.run()
    assert (status, lines) == (3, [])
    assert f"port {quickstart.kafka_ports[1]} for broker 2 is taken by pid {os.getpid()}" in told
    assert quickstart.listening() == []
