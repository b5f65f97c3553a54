"""One server for the tests of a file. Money is written as in the C locale, which both encoders read."""

import pytest

from support import value_cases
from support.pgcluster import Cluster, Workspace


@pytest.fixture(scope="module")
def server():
    space = Workspace("interop")
    cluster = Cluster(space, "interop", value_cases.MAJOR, {"lc_monetary": "C", "max_replication_slots": 100}).start()
    yield cluster
    cluster.close()
    space.close()
