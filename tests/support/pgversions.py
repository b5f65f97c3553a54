"""The binaries of each PostgreSQL major: the same pinned table and cache that tools/stack uses."""

import functools
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from tools.local import binaries  # noqa: E402

MAJORS = tuple(sorted(binaries.majors()))
PG_OS_USER = "postgres"


def as_server_user(argv, die_with_parent=None):
    """argv to run as the user PostgreSQL accepts; exec'd, so the pid of the child is the program's."""
    prefix = ["setpriv"]
    if die_with_parent:
        prefix += ["--pdeathsig", die_with_parent]
    if os.geteuid() == 0:
        prefix += [f"--reuid={PG_OS_USER}", f"--regid={PG_OS_USER}", "--init-groups"]
    return prefix + argv if len(prefix) > 1 else argv


@functools.lru_cache(maxsize=None)
def _cache():
    """The stack's cache; a folder in /var/tmp when the server's user may not enter the checkout."""
    reachable = subprocess.run(as_server_user(["test", "-x", str(ROOT)]), cwd="/").returncode == 0
    return ROOT / "build" / "cache" if reachable else pathlib.Path("/var/tmp/tandem-test-cache")


@functools.lru_cache(maxsize=None)
def bin_dir(major):
    """The folder of initdb and postgres; fetches a major that is not here yet."""
    say = functools.partial(print, file=sys.stderr)
    return pathlib.Path(binaries.bin_dir(major, _cache(), say))


def environment(major):
    """Environment for the server's programs; the portable builds carry their libraries beside them."""
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    libraries = bin_dir(major).parent / "lib"
    if not str(libraries).startswith("/usr/") and libraries.is_dir():
        env["LD_LIBRARY_PATH"] = str(libraries)
    return env
