"""Runs what a page of documentation tells its reader to type.

A fenced block says behind its language what it is:

    sh run            typed in a terminal; ends with status 0 (`run status=4`: with that one)
    sh background     left running in a terminal of its own, and ended by SIGTERM with the page: with status 0
    text expect       what the block before it shows: these lines, in this order; … stands for anything
    toml file=NAME    the reader's file of that name (any language)
    sh elsewhere      executed by another test, which the page's text names, or not at all, which it says
"""

import os
import pathlib
import re
import signal
import subprocess

from support.pgcluster import free_port
from support.tandem import ROOT, binary
from support.waiting import wait_until

FENCE = re.compile(r"^```(\w+)(?:[ ]+([^\n]*))?\n(.*?)^```$", re.M | re.S)
DONE = "::block ended with"


class Block:
    def __init__(self, page, match):
        text = page.read_text(encoding="utf-8")
        self.language, self.tags, self.text = match[1], (match[2] or "").split(), match[3]
        self.place = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"

    def option(self, name):
        return next((tag.split("=", 1)[1] for tag in self.tags if tag.startswith(f"{name}=")), None)


def blocks(page):
    return [Block(page, match) for match in FENCE.finditer(page.read_text(encoding="utf-8"))]


def untold(page):
    """Places of shell blocks that do not say what they are."""
    kinds = {"run", "background", "elsewhere"}
    return [block.place for block in blocks(page) if block.language in ("sh", "bash", "console") and not kinds & set(block.tags)]


class Reader:
    """One reader of one page: a folder, a terminal, and ports of its own in place of those that the page names."""

    def __init__(self, folder, chat=None):
        self.folder = pathlib.Path(folder)
        self.stack = self.folder / "stack"
        self.ports = {port: str(free_port()) for port in ("5434", "5435", "8083", "8084", "8080", "8081", "19092", "19093", "19094")}
        self.more = [str(free_port()) for _ in range(3)]
        self.out = self.folder / "terminal"
        self.out.touch()
        (self.folder / "tools").symlink_to(ROOT / "tools")
        self.left_running = []
        path = ":".join(dict.fromkeys(str(pathlib.Path(program).parent) for program in (binary(), chat or binary())))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
        self.shell = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "bash"], stdin=subprocess.PIPE, stdout=self.out.open("ab"), stderr=subprocess.STDOUT,
            text=True, cwd=self.folder,
            env={**environment, "PATH": f"{path}:{os.environ['PATH']}", "PSQLRC": "/dev/null", "PAGER": "cat",
                 "TANDEM_COLOR": "never", "TANDEM_LISTEN": f"127.0.0.1:{self.ports['8083']}"})
        kafka = ",".join([*(self.ports[port] for port in ("19092", "19093", "19094")), *self.more])
        self.type("set -euo pipefail\n"
                  "tandem() {\n"  # the commands that ask 8083 where nothing else is said
                  "    if [[ $1 =~ ^(status|connector)$ && \" $* \" != *' --url '* ]]; then\n"
                  f"        set -- \"$@\" --url http://127.0.0.1:{self.ports['8083']}\n"
                  "    fi\n"
                  "    command tandem \"$@\"\n"
                  "}\n"
                  f"tools/stack() {{ {ROOT}/tools/stack \"$@\" --root {self.stack} --ports {self.ports['5434']},{self.ports['5435']} "
                  f"--kafka-ports {kafka}; }}\n", "the beginning")

    def of_its_own(self, text):
        return re.sub(r"\b(5434|5435|808[0134]|1909[234])\b", lambda match: self.ports[match[1]], text)

    def type(self, text, place, status=0):
        """Types it, waits for its end, and returns what it showed."""
        before = self.out.stat().st_size
        if status:
            text = f"set +e\n{text}\n__status=$?\nset -e\nif [[ $__status != {status} ]]; then echo ended with $__status; exit 1; fi\n"
        self.shell.stdin.write(f"{text}\nprintf '\\n{DONE} %s::\\n' 0\n")
        self.shell.stdin.flush()

        def shown():
            return self.out.read_bytes()[before:].decode(errors="replace")

        wait_until(lambda: DONE in shown() or self.shell.poll() is not None, 180, f"{place} ends", detail=shown)
        assert DONE in shown(), f"{place} failed:\n{text}\n{shown()}{self.logs()}"
        return shown().split(f"\n{DONE}")[0]

    def leave(self, text, place):
        log = self.folder / f"background{len(self.left_running)}.log"
        quoted = text.strip().replace("'", "'\\''")
        pid = self.type(f"setpriv --pdeathsig TERM bash -c 'exec {quoted}' >{log} 2>&1 </dev/null & echo $!", place).split()[-1]
        self.left_running.append((pid, place, log))

    def logs(self):
        return "".join(f"\n--- {place}\n{log.read_text(errors='replace')[-2000:]}" for _, place, log in self.left_running)

    def follow(self, page):
        """Every block of the page, in order."""
        shown, what = "", "nothing"
        for block in blocks(page):
            text = self.of_its_own(block.text)
            if block.option("file"):
                (self.folder / block.option("file")).write_text(text, encoding="utf-8")
            elif "run" in block.tags:
                shown, what = self.type(text, block.place, int(block.option("status") or 0)), block.place
            elif "background" in block.tags:
                self.leave(text, block.place)
            elif "expect" in block.tags:
                at = 0
                for line in filter(None, text.splitlines()):
                    pattern = re.compile(".*".join(re.escape(part.strip(" ")) for part in line.split("…")))
                    found = pattern.search(shown, at)
                    assert found, f"{block.place}: {what} does not show `{line}` but\n{shown}{self.logs()}"
                    at = found.end()

    def end(self):
        """What was left running ends when it is told to, and well."""
        for pid, place, log in reversed(self.left_running):
            said = self.type(f"kill {pid} 2>/dev/null || true\nwait {pid} && echo ended well || echo ended with $?", place)
            assert "ended well" in said, f"{place}: {said}\n{log.read_text(errors='replace')[-3000:]}"
        self.left_running = []

    def close(self):
        if self.shell.poll() is None:
            for pid, _, _ in self.left_running:
                os.kill(int(pid), signal.SIGKILL)
            self.shell.kill()
            self.shell.wait()
        if self.stack.exists():
            subprocess.run([str(ROOT / "tools/stack"), "stop", "--root", str(self.stack), "--ports",
                            f"{self.ports['5434']},{self.ports['5435']}", "--kafka-ports",
                            ",".join([*(self.ports[port] for port in ("19092", "19093", "19094")), *self.more])],
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
