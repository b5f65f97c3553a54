"""The class path of a pom.xml, from the user's own Maven cache."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path


class Unresolved(Exception):
    """Maven is missing or could not fetch the parts; the text says what to do."""


def classpath(pom, cache, say):
    """The jars of the pom and all they need, as java's -cp takes them; fetched on first use."""
    pom, cache = Path(pom), Path(cache)
    mark = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    kept = cache / f"{pom.parent.name}-{mark}.classpath"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f".{pom.parent.name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not _complete(kept):
            _resolve(pom, kept, say)
        return kept.read_text()


def _complete(kept):
    return kept.exists() and all(Path(jar).exists() for jar in kept.read_text().split(":"))


def _resolve(pom, kept, say):
    if shutil.which("mvn") is None:
        raise Unresolved("Maven is missing: apt-get install maven")
    fresh = kept.with_suffix(".new")
    command = ["mvn", "-q", "-B", "-ntp", "-f", str(pom), "dependency:build-classpath",
               f"-Dmdep.outputFile={fresh}"]
    if _run([*command, "-o"]).returncode != 0:
        say(f"fetching the parts of {pom} with Maven")
        ran = _run(command)
        if ran.returncode != 0:
            raise Unresolved(f"Maven could not fetch what {pom} names:\n{ran.stdout[-2000:]}")
    fresh.rename(kept)


def _run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
