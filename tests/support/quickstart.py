"""tools/quickstart as a test runs it, and its two last lines."""

import os
import pathlib
import re
import socket
import subprocess

from support.pgcluster import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNTS = re.compile(r"quickstart: a->b applied=(\d+) b->a applied=(\d+) echoes_stopped=\d+ "
                    r"conflicts=(\d+) lost=(\d+) doubled=(\d+) looped=(\d+)")
EQUAL = re.compile(r"quickstart: masters equal \(5 tables, (\d+) rows\)")


class Quickstart:
    """tools/quickstart on ports and in a folder of this test's own."""

    def __init__(self, space, program, *more, **environment):
        self.ports, self.listen = (free_port(), free_port()), free_port()
        self.argv = [str(ROOT / "tools" / "quickstart"), "--once", "--seconds", "5",
                     "--ports", ",".join(map(str, self.ports)), "--listen", str(self.listen),
                     "--root", str(space.path), "--binary", program, *more]
        # As users run it, DDL included.
        self.environment = {name: value for name, value in {**os.environ, **environment}.items() if name != "TANDEM_DDL"}

    def start(self):
        return subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment)

    def run(self):
        with self.start() as process:
            out, err = process.communicate(timeout=300)
        return process.returncode, out.splitlines(), err

    def listening(self):
        """Which of its ports still have somebody behind them."""
        found = []
        for port in (*self.ports, self.listen):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    found.append(port)
        return found
