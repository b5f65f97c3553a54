"""Fixtures of the end-to-end tests: clusters per module, a fresh database on both per test."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.brokers import Kafka  # noqa: E402
from support import masters  # noqa: E402


@pytest.fixture(scope="module")
def servers(request):
    """Two clusters; a module sets SETTINGS, SETTINGS_A, SETTINGS_B, MAJOR to change them."""
    module = request.module
    both = masters.Servers(
        module.__name__.removeprefix("test_e2e_"),
        settings=getattr(module, "SETTINGS", None),
        settings_a=getattr(module, "SETTINGS_A", None),
        settings_b=getattr(module, "SETTINGS_B", None),
        major=getattr(module, "MAJOR", 15))
    yield both
    both.close()


@pytest.fixture
def pair(servers):
    """Two empty databases for one test; tandem instances it started are ended with it."""
    fresh = servers.pair()
    yield fresh
    fresh.close()


@pytest.fixture(scope="module")
def kafka():
    """Three brokers, shared by the tests of a module."""
    cluster = Kafka()
    cluster.start()
    yield cluster
    cluster.close()
