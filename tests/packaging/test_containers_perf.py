"""The perf harness against masters in containers: its own, and those of the stack."""

import json
import pathlib
import subprocess

import pytest

from support import containers, tandem
from support.pgcluster import Workspace
from support.waiting import wait_until

PERF = pathlib.Path(tandem.binary()).parent / "tandem-perf"


@pytest.fixture
def space():
    made = Workspace("perf")
    yield made.path
    made.close()


def perf(space, *words, **more):
    argv = [PERF, "run", "--rate", "500", "--duration", "5", "--warm-up", "1", "--json", "--workspace", space, "--out", space / "out",
            "--binary", tandem.binary(), *words]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
                          env={**containers.environment(), **more})
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return json.loads(done.stdout)["runs"][0]


def verified(run):
    assert run["good"] and run["check"]["rows_a"] == run["check"]["rows_b"], run["check"]
    for way in run["ways"].values():
        assert 2400 <= way["transactions"] <= 2600 and way["latency"]["visible_p50_ms"] > 0, way


def test_a_pair_that_the_harness_starts_and_removes(space):
    containers.build_stand_ins()
    compose = containers.Compose()
    verified(perf(space, "--masters", "containers", "--profile", "oltp", "--threshold", "lost=0", TANDEM_PERF_COMPOSE=str(compose.program),
                  POSTGRES_IMAGE="stand-in-postgres"))
    left = [each["Names"] for each in json.loads(containers.podman("ps", "-a", "--format", "json"))]
    assert not [names for names in left if any("tandem-perf" in name for name in names)], left


def test_the_masters_of_the_stack(space):
    containers.build_stand_ins()
    stack = containers.Compose()
    stack.close()
    try:
        stack.up("chatting-db-1", "chatting-db-2")
        masters = [f"postgresql://postgres:password@127.0.0.1:{port}/postgres" for port in (5433, 5434)]
        for uri in masters:
            wait_until(lambda uri=uri: subprocess.run(["pg_isready", "-q", "-d", uri], check=False).returncode == 0, 60, "a master answers")
        verified(perf(space, "--a", masters[0], "--b", masters[1], "--threshold", "lost=0"))
    finally:
        stack.close()
