"""perf/goals.txt: reading it, judging a run by it, recording the run."""

import json
import os
import platform
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHORT = 4  # exit status of a run that misses a goal


def read():
    """{name: (comparison, value)}; one that is only told has "info" and None"""
    goals = {}
    for line in (REPOSITORY / "perf" / "goals.txt").read_text(encoding="utf-8").splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            name, comparison = words[:2]
            if comparison not in (">=", "<=", "info") or name in goals:
                raise ValueError(f"perf/goals.txt: {line}")
            goals[name] = (comparison, None if comparison == "info" else words[2])
    return goals


def judge(prefix, measured):
    """Prints a line for each goal below the prefix; returns their records. A missing value is short, also of what is
    only told."""
    records = []
    for name, (comparison, value) in read().items():
        if not name.startswith(prefix):
            continue
        got = measured.get(name)
        told = comparison == "info"
        good = got is not None and (told or (got >= float(value) if comparison == ">=" else got <= float(value)))
        shown = "none" if got is None else f"{got:.4g}"
        goal = "none" if told else f"{comparison}{value}"
        print(f"goal {name} value={shown} goal={goal} {'short' if not good else 'info' if told else 'ok'}", flush=True)
        records.append({"name": name, "value": got, "goal": goal, "ok": good})
    return records


def exit_status(records):
    return 0 if records and all(record["ok"] for record in records) else SHORT


def circumstances():
    """Where and when: what a reader needs to compare two records."""
    commit = subprocess.run(["git", "-C", REPOSITORY, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    model = next((line.split(":", 1)[1].strip()
                  for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                  if line.startswith("model name")), platform.machine())
    return {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit or None,
            "cpu": model, "cores": os.cpu_count(), "load": list(os.getloadavg())}


def record(name, content):
    """Writes build/perf/<name>.json."""
    path = REPOSITORY / "build" / "perf" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"recorded in {path.relative_to(REPOSITORY)}")
