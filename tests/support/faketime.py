"""A wall clock of its own for one server, moved while it runs (Debian's libfaketime)."""

import glob
import pathlib
import time

from support.waiting import wait_until


class FakeClock:
    """Differs from the machine's by set() seconds; a server started with environment() follows it.

    `at_once`: with the next time that it asks for. Each time then opens a file, also in a signal handler, where that may wait
    for what the handler has interrupted, for ever: for servers whose sessions have time limits it is read when a second has
    passed, and set() returns when all have read it.
    """

    def __init__(self, workspace, name, seconds=0.0, at_once=True):
        self._at_once = at_once
        self._seconds = None
        self._path = pathlib.Path(workspace.path) / f"{name}.clock"
        self.set(seconds)

    def set(self, seconds):
        # Replaced in one step: the server may read it at any moment.
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{seconds:+f}\n")
        fresh.chmod(0o644)
        fresh.replace(self._path)
        changed = self._seconds is not None and seconds != self._seconds
        self._seconds = seconds
        if changed and not self._at_once:
            until = time.monotonic() + 2.1  # what libfaketime keeps is read again in the second second, by the process that asks
            wait_until(lambda: time.monotonic() >= until, 3, "all have read it")

    def environment(self):
        libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        assert libraries, "no libfaketime: apt-get install libfaketime"
        return {
            "LD_PRELOAD": libraries[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            **({"FAKETIME_NO_CACHE": "1"} if self._at_once else {"FAKETIME_CACHE_DURATION": "1"}),
            # Intervals and time-outs are the machine's: only the time of day is moved.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
