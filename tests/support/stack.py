"""tools/stack in a folder and on ports of a test's own."""

import json
import os
import pathlib
import subprocess

from support.pgcluster import Workspace, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Stack:
    def __init__(self, *flags):
        self.workspace = Workspace("stack")
        self.ports = (free_port(), free_port())
        self.flags = ["--root", str(self.workspace.path), "--ports", ",".join(map(str, self.ports)), *flags]

    def run(self, *what):
        return subprocess.run([str(ROOT / "tools" / "stack"), *what, *self.flags],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"})

    def good(self, *what):
        done = self.run(*what)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    def nodes(self):
        return self.status()["nodes"]

    def close(self):
        self.good("stop")
        self.workspace.close()
