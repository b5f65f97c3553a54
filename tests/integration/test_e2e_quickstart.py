"""quickstart's proof: passes on a sound tandem, fails on each of three broken ones, cleans up."""

import fcntl
import os
import pty
import re
import signal
import socket
import subprocess
import termios
import threading

import pytest

from support.long_tests import LONG
from support.pgcluster import Workspace
from support.quickstart import COUNTS, EQUAL, Quickstart
from support.tandem import binary
from support.waiting import wait_until


@pytest.fixture
def space():
    made = Workspace("quickstart")
    yield made
    made.close()


def test_sound(space):
    quickstart = Quickstart(space, binary())
    status, lines, told = quickstart.run()
    assert status == 0, "\n".join(lines) + told
    counts, equal = COUNTS.fullmatch(lines[-2]), EQUAL.fullmatch(lines[-1])
    assert counts and equal, lines
    a_to_b, b_to_a, conflicts, *faults = map(int, counts.groups())
    assert faults == [0, 0, 0]
    assert a_to_b > 1000 and b_to_a > 1000 and conflicts > 0
    assert int(equal[1]) > 1000
    assert quickstart.listening() == []


@pytest.mark.parametrize("failpoint", ["origin_filter", "progress_check", "lost_batch"] if LONG else ["origin_filter"])
def test_broken(space, failpoint):
    quickstart = Quickstart(space, os.environ["TANDEM_FAILPOINT_BINARY"],
                            TANDEM_FAILPOINT=failpoint)
    status, lines, told = quickstart.run()
    assert status == 1, "\n".join(lines) + told
    counts = COUNTS.fullmatch(lines[-2])
    assert counts and lines[-1].startswith("quickstart: NOT proved: "), lines
    lost, doubled, looped = map(int, counts.groups()[3:])
    # Each fault is told by the counter it belongs to.
    blamed = {"origin_filter": looped, "progress_check": doubled, "lost_batch": lost}
    assert blamed[failpoint] > 0, "\n".join(lines) + told
    assert quickstart.listening() == []


@pytest.mark.long
def test_sound_with_the_failpoint_binary(space):
    """What fails above is the fault, not the other build."""
    status, lines, told = Quickstart(space, os.environ["TANDEM_FAILPOINT_BINARY"]).run()
    assert status == 0, "\n".join(lines) + told


def test_taken_port(space):
    quickstart = Quickstart(space, binary())
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", quickstart.ports[0]))
        holder.listen()
        status, lines, told = quickstart.run()
    assert (status, lines) == (3, [])
    assert f"port {quickstart.ports[0]} for master a is taken by pid {os.getpid()}" in told


class OnTerminal:
    """A program with a terminal of its own: what it shows is collected, keys can be pressed."""

    def __init__(self, argv):
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.shown, self._ours = "", ours
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        while True:
            try:
                self.shown += os.read(self._ours, 65536).decode(errors="replace")
            except OSError: # the last of its processes has let go of the terminal
                return

    def press(self, key):
        os.write(self._ours, key)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self._reader.join(10)
            os.close(self._ours)


def on_terminal(quickstart):
    return OnTerminal([each for each in quickstart.argv if each != "--once"])


def test_stays_up_on_a_terminal_until_ctrl_c(space):
    quickstart = Quickstart(space, binary())
    shown = on_terminal(quickstart)
    try:
        rates = re.compile(r"a→b +([1-9]\d*) rows/s lag [\d.]+ s conflicts \d+  \|  b→a +([1-9]\d*) rows/s")
        wait_until(lambda: len(rates.findall(shown.shown)) >= 3, 120, "live rates", detail=lambda: shown.shown)
        assert EQUAL.search(shown.shown), shown.shown
        assert f"http://127.0.0.1:{quickstart.listen}/api/v1/status" in shown.shown
        shown.press(b"\x03")
    finally:
        status = shown.wait(60)
    assert status == 0 and "Traceback" not in shown.shown, shown.shown
    assert quickstart.listening() == []


def test_ctrl_c_before_the_proof_is_no_success(space):
    quickstart = Quickstart(space, binary())
    shown = on_terminal(quickstart)
    try:
        wait_until(lambda: "writing to both" in shown.shown, 60, "the load", detail=lambda: shown.shown)
        shown.press(b"\x03")
    finally:
        status = shown.wait(60)
    assert status == 1 and "Traceback" not in shown.shown, shown.shown
    assert "masters equal" not in shown.shown and quickstart.listening() == []


@pytest.mark.long
def test_interrupted(space):
    quickstart = Quickstart(space, binary())
    with quickstart.start() as process:
        wait_until(lambda: quickstart.listen in quickstart.listening(), 60, "tandem listens")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode != 0
    assert quickstart.listening() == []
