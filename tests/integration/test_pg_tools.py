"""The scripts of the tree refuse what they cannot do before they install, build or start anything."""

import glob
import pathlib
import re
import subprocess

import pytest

from support.pgcluster import Workspace, free_port
from support.pgversions import MAJORS

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRONG = [
    ("tools/quickstart --seconds abc", "--seconds takes a number above 0, not 'abc'"),
    ("tools/quickstart --rate 0", "--rate takes a number above 0"),
    ("tools/quickstart --pg 11", "--pg takes 12 to 18, not '11'"),
    ("tools/quickstart --ports 5434,5434", "--ports takes two ports"),
    ("tools/quickstart --listen 99999", "--listen takes a port"),
    ("tools/quickstart --seconds", "--seconds needs a value"),
    ("tools/quickstart --bogus", "unknown argument --bogus"),
    ("tools/stack start --ports 5434,5434", "2 ports that differ"),
    ("tools/stack start --ports 0,70000", "between 1 and 65535"),
    ("tools/record OUT --pg 11", "invalid choice: 11"),
    ("tools/record OUT --port 99999", "--port takes 1 to 65535"),
    ("tools/record /proc/nowhere", "name a folder that can be written to"),
    ("tools/tidy --bogus", "usage: tools/tidy"),
    ("tools/deps bogus", "no list 'bogus'"),
    ("perf/harness/run --binary /no/such/program", "--binary /no/such/program is no program"),
    ("perf/harness/run --repeats 0", "--repeats at least 1"),
]


def run(*words, deadline=60):
    return subprocess.run([str(ROOT / words[0]), *words[1:]], cwd=ROOT, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=deadline)


@pytest.mark.parametrize("line, said", WRONG, ids=lambda value: value.replace("/", "_"))
def test_wrong_arguments(line, said, tmp_path):
    before = set(glob.glob("/tmp/tandem-record-*"))
    done = run(*[str(tmp_path / word) if word == "OUT" else word for word in line.split()])
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done
    assert set(glob.glob("/tmp/tandem-record-*")) <= before


@pytest.mark.parametrize("tool", ["tools/quickstart", "tools/stack", "tools/record", "tools/tidy", "tools/deps",
                                  "tools/test", "perf/harness/run"])
def test_help(tool):
    done = run(tool, "--help")
    assert done.returncode == 0 and tool in done.stdout and done.stderr == "", done


@pytest.mark.parametrize("major", [min(MAJORS), max(MAJORS)])
def test_record(major):
    space = Workspace("record_tool")
    try:
        out = pathlib.Path(space.path) / "out"
        done = run("tools/record", str(out), "--pg", str(major), "--port", str(free_port()))
        assert done.returncode == 0, done
        kinds = set(re.search(r"messages (\w+) in", done.stdout)[1])
        assert set("BCIORUDTY") <= kinds and (major < 14 or set("MSEcA") <= kinds), done
        assert (out / "stream" / f"text_{major}").stat().st_size > 0
    finally:
        space.close()
