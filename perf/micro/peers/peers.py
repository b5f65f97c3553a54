"""The peers in other languages: builds each below build/perf/peers and runs it on the files of write_shapes.

A peer whose tool is missing, that does not build or that ends with an error is left out, with a line that
says why; its goals then count as short.
"""

import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
BUILD = REPOSITORY / "build" / "perf" / "peers"
# The toolchain that is there, never one that go would fetch.
ENVIRONMENT = dict(os.environ, GOTOOLCHAIN="local")
# One core: the collector that stops the program, rather than threads beside it.
JAVA = ["java", "-XX:+UseSerialGC", "-Xms2g", "-Xmx2g", "-cp"]


def go():
    yield ["go", "build", "-o", str(BUILD / "go" / "peers"), "."]
    yield [str(BUILD / "go" / "peers")]


def rust():
    yield ["cargo", "build", "--release", "--locked", "--target-dir", str(BUILD / "rust")]
    yield [str(BUILD / "rust" / "release" / "peers")]


def java():
    yield ["mvn", "-q", "-B", "-ntp", f"-Doutput={BUILD / 'java'}", "package"]
    classpath = (BUILD / "java" / "classpath").read_text(encoding="utf-8").strip()
    command = [*JAVA, f"{BUILD / 'java' / 'parts.jar'}:{classpath}", "tandem.Peers"]
    # Debezium's decoder asks a server for the table's columns and the types.
    yield [str(REPOSITORY / "tests" / "support" / "with_postgres"), *command, "parse"]
    yield [*command, "decode"]


def attempt(name, command, what):
    """The output, or None with the reason said."""
    if shutil.which(command[0]) is None:
        print(f"peers {name}: unmeasured, {command[0]} is missing")
        return None
    log = BUILD / f"{name}.log"
    with log.open("w", encoding="utf-8") as errors:
        done = subprocess.run(command, cwd=HERE / name, env=ENVIRONMENT, stdout=subprocess.PIPE,
                              stderr=errors, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in (log.read_text(encoding="utf-8") + done.stdout).splitlines() if line.strip()]
        sentence = next((line for mark in ("peers: ", "error", "") for line in said if mark in line.lower()), "")
        print(f"peers {name}: unmeasured, {what} failed with {done.returncode}: {sentence.strip()} "
              f"({log.relative_to(REPOSITORY)})")
        return None
    return done.stdout


def measure(folder, shapes, quick):
    """{benchmark: what its peer printed} for the rows of each shape, as far as it could be measured"""
    BUILD.mkdir(parents=True, exist_ok=True)
    found = {}
    for peer in (go, rust, java):
        steps = peer()
        if attempt(peer.__name__, next(steps), "its build") is None:
            continue
        for command, shape in itertools.product(steps, shapes):
            printed = attempt(peer.__name__, [*command, str(folder), shape, *(("3", "0.2") if quick else ("7", "1"))],
                              f"its run on {shape}")
            for line in (printed or "").splitlines():
                one = json.loads(line)
                found[one["benchmark"]] = one
                print(f"peers {one['benchmark']}: {one['time_per_row'] * 1e9:.1f} ns/row", flush=True)
    return found
