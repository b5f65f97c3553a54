"""What is used here of tools/local and tests/support, in one place."""

import sys

import goals

sys.path += [str(goals.REPOSITORY / "tools" / "local"), str(goals.REPOSITORY / "tests")]
import binaries  # noqa: E402, F401
import broker  # noqa: E402, F401
import maven  # noqa: E402, F401
from cluster import ClusterError  # noqa: E402, F401
from stack import Stack  # noqa: E402, F401
from support import chat, tandem  # noqa: E402, F401
from support.brokers import free_ports  # noqa: E402, F401
from support.connect_face import Face  # noqa: E402, F401
from support.connect_worker import Worker  # noqa: E402, F401
from support.kafka_admin import Admin  # noqa: E402, F401
