"""Test files with full counts, as the suites of the long tier run them."""

import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as elements

LONG = "TANDEM_TEST_COUNTS" in os.environ  # everything; the default tier has a sample


def some(everything, *sample):
    """Parameters of a test: everything in the long tier, the sample in the default tier."""
    assert all(one in everything for one in sample), sample
    return list(everything) if LONG else list(sample)


ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(script, settings, folder, seed):
    """One file of tests/integration as one pytest; (passed, names of what failed, counts it wrote)."""
    name = script.removesuffix(".py")
    report, counts = folder / f"{name}-{seed}.xml", folder / f"{name}-{seed}.counts"
    built = ROOT / "build" / "release" / "tests"
    environment = {"TANDEM_FAILPOINT_BINARY": str(built / "tandem_failpoints"),
                   "TANDEM_TOPIC_SINK_TOOL": str(built / "topic_sink_tool"), **os.environ, **settings, "TANDEM_TEST_SEED": str(seed), "TANDEM_TEST_COUNTS": str(counts),
                   "PYTHONPATH": str(ROOT / "tests"), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}",
                    str(ROOT / "tests" / "integration" / script)], env=environment, check=False)
    passed, failed = 0, []
    if not report.exists():
        return 0, [f"{name}: pytest did not finish"], {}
    for case in elements.parse(report).iter("testcase"):
        bad = any(child.tag in ("failure", "error", "skipped") for child in case)
        passed += not bad
        if bad:
            failed.append(f"{name}::{case.get('name')} (seed {seed})")
    noted = {}
    for line in counts.read_text().splitlines() if counts.exists() else ():
        for values in json.loads(line).values():
            noted.update(values)
    return passed, failed, noted
