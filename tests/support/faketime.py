"""A wall clock of its own for one server, moved while it runs (Debian's libfaketime)."""

import glob
import pathlib


class FakeClock:
    """Differs from the machine's by set() seconds; a server started with environment() follows it."""

    def __init__(self, workspace, name, seconds=0.0):
        self._path = pathlib.Path(workspace.path) / f"{name}.clock"
        self.set(seconds)

    def set(self, seconds):
        # Replaced in one step: the server may read it at any moment.
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{seconds:+f}\n")
        fresh.chmod(0o644)
        fresh.replace(self._path)

    def environment(self):
        libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        assert libraries, "no libfaketime: apt-get install libfaketime"
        return {
            "LD_PRELOAD": libraries[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            # Intervals and time-outs are the machine's: only the time of day is moved.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
