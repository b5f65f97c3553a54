"""Fixtures of the end-to-end tests: clusters per module, a fresh database on both per test."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.brokers import Kafka  # noqa: E402
from support.long_tests import LONG  # noqa: E402
from support import masters  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "long: for the long tier alone (tools/test --long); the default tier has others of its kind")
    config.addinivalue_line("markers", "sampled(most): the default tier takes so many of the cases, spread evenly; the long tier all")


def pytest_collection_modifyitems(config, items):
    if LONG or config.getoption("keyword"):  # who names a case wants it
        return
    left_out = {item for item in items if item.get_closest_marker("long")}
    for test in {(item.path, item.originalname): item for item in items if item.get_closest_marker("sampled")}.values():
        cases = [item for item in items if (item.path, item.originalname) == (test.path, test.originalname)]
        most = min(test.get_closest_marker("sampled").args[0], len(cases))
        kept = {round(number * (len(cases) - 1) / max(most - 1, 1)) for number in range(most)}
        left_out.update(item for number, item in enumerate(cases) if number not in kept)
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


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


@pytest.fixture(scope="module")
def chromium():
    from support.browser import Browser  # what most tests do without
    one = Browser()
    yield one
    one.close()


@pytest.fixture
def browser(pair, chromium):
    """One for all, as it was at first, and away from the page before its server ends."""
    chromium.resize(1440, 900)
    yield chromium
    chromium.driver.get("about:blank")
    chromium.problems()
