"""Images and containers by podman, without a daemon, in a storage of the tests' own (build/containers).

Nothing can be pulled here, so images stand on a base made by debootstrap, and what users pull (PostgreSQL, Kafka) has
stand-ins of the same interface: tests/packaging/images. What is told by these tests is told of our Dockerfile and of our
compose file, not of the images of others.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "containers"
BASE = "debian:bookworm-slim"
COMPOSE = "podman-compose==1.6.0"  # Debian's 1.0.3 knows no profiles
IMAGES = ROOT / "tests" / "packaging" / "images"

sys.path.insert(0, str(ROOT / "tools" / "local"))
import maven  # noqa: E402

# runc in place of crun, and no limits above those of the machine this may run on.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{home}/storage"
runroot = "{home}/run"
"""


def say(text):
    print(f"containers: {text}", file=sys.stderr, flush=True)


def environment():
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "containers.conf").write_text(CONTAINERS_CONF)
    (HOME / "storage.conf").write_text(STORAGE_CONF.format(home=HOME))
    return {**os.environ, "CONTAINERS_CONF": str(HOME / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(HOME / "storage.conf")}


def run(*argv, check=True, timeout=600, **how):
    done = subprocess.run([str(part) for part in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=timeout, env={**environment(), **how.pop("env", {})}, **how)
    assert not check or done.returncode == 0, f"{argv}: exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


def podman(*argv, **how):
    return run("podman", *argv, **how).stdout


# For who works on these tests: the images are those that were made last (tests/packaging/build-images).
BUILT = os.environ.get("TANDEM_IMAGES_BUILT") == "1"


def have_base():
    if run("podman", "image", "exists", BASE, check=False).returncode == 0:
        return
    folder = HOME / "base"
    if not (folder / "complete").exists():
        say("making a Debian by debootstrap")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run("debootstrap", "--variant=minbase", "bookworm", folder / "root", timeout=1200)
        (folder / "complete").touch()
    packed = HOME / "base.tar"
    run("tar", "-C", folder / "root", "-cf", packed, ".")
    podman("import", packed, BASE)
    packed.unlink()


def build(name, target, dockerfile, context, *more, timeout=3600):
    if BUILT:
        return name
    say(f"building the image {name}")
    podman("build", "--format", "docker", "--isolation=chroot", "--network=host", "--build-arg", f"BASE_IMAGE={BASE}",
           "-f", dockerfile, "--target", target, "-t", name, *more, context, timeout=timeout)
    return name


def compiler_cache():
    folder = pathlib.Path(os.environ.get("CCACHE_DIR") or pathlib.Path.home() / ".cache" / "ccache")
    return ["-v", f"{folder}:/root/.cache/ccache"] if folder.is_dir() else []


def build_ours():
    """From our Dockerfile, as users build them. A compiler's cache of this machine is used where there is one."""
    have_base()
    revision = run("git", "rev-parse", "HEAD", cwd=ROOT).stdout.strip()
    for name, target in (("tandem", "tandem"), ("tandem-chat", "chat"), ("tandem-load", "load")):
        build(name, target, ROOT / "tools/deploy/Dockerfile", ROOT, "--build-arg", f"REVISION={revision}", *compiler_cache())


def build_stand_ins():
    have_base()
    context = HOME / "stand-ins"
    shutil.rmtree(context, ignore_errors=True)
    (context / "jars").mkdir(parents=True)
    for file in IMAGES.iterdir():
        shutil.copy2(file, context)
    jars = maven.classpath(ROOT / "tools/local/kafka/pom.xml", ROOT / "build/cache", say)
    for jar in jars.split(":"):
        shutil.copy2(jar, context / "jars")
    for target in ("postgres", "kafka", "machine"):
        build(f"stand-in-{target}", target, context / "Dockerfile", context)


class Compose:
    """The compose file's stack, with stand-ins for what is pulled; close() removes it, volumes too."""

    def __init__(self, **variables):
        venv = HOME / "venv"
        if not (venv / "bin" / "podman-compose").exists():
            run("python3", "-m", "venv", venv)
            run(venv / "bin" / "pip", "install", "--quiet", COMPOSE)
        self.program = venv / "bin" / "podman-compose"
        self.variables = {"POSTGRES_IMAGE": "stand-in-postgres", "KAFKA_IMAGE": "stand-in-kafka", "BASE_IMAGE": BASE, **variables}
        self.profiles = []

    def run(self, *argv, check=True, timeout=600):
        flags = [part for profile in self.profiles for part in ("--profile", profile)]
        return run(self.program, *flags, "-f", ROOT / "tools/deploy/compose.yaml", *argv, check=check, timeout=timeout,
                   env={**self.variables, "PATH": os.environ["PATH"]})

    def up(self, *services):
        self.run("up", "-d", "--no-build", *services)

    def container(self, service):
        return f"tandem_{service}_1"

    def state(self, service):
        return json.loads(podman("inspect", self.container(service)))[0]

    def exec(self, service, *argv, check=True):
        return run("podman", "exec", self.container(service), *argv, check=check)

    def logs(self, service, lines=200):
        done = run("podman", "logs", "--tail", lines, self.container(service), check=False)
        return done.stdout + done.stderr

    def kill(self, *services):
        podman("kill", "--signal", "KILL", *map(self.container, services))

    def start(self, *services):
        podman("start", *map(self.container, services))

    def running(self, service):
        return self.state(service)["State"]["Running"]

    def explain(self):
        return "\n".join(f"--- {name}\n{self.logs(name, 15)}" for name in ("tandem", "chat1", "chat2", "kafka1", "chatting-db-1"))

    def close(self):
        self.run("down", "-v", "-t", "5", check=False)


class Machine:
    """A container of an image, with systemd as its first process or a shell that waits; close() removes it."""

    def __init__(self, image, name, *flags, command=()):
        self.name = name
        podman("rm", "-f", "-i", name)
        podman("run", "-d", "--name", name, *flags, image, *command)

    def run(self, script, check=True, timeout=600):
        return run("podman", "exec", "--workdir", "/", self.name, "bash", "-euo", "pipefail", "-c", script, check=check, timeout=timeout)

    def put(self, path, into):
        podman("cp", path, f"{self.name}:{into}")

    def write(self, text, path):
        local = HOME / "to-put"
        local.write_text(text)
        self.put(local, path)

    def close(self):
        podman("rm", "-f", "-i", self.name)


def debian_packages():
    """The .deb files that the Dockerfile makes, copied out of its build stage."""
    have_base()
    build_ours()
    build("tandem-build", "build", ROOT / "tools/deploy/Dockerfile", ROOT, *compiler_cache())
    folder = HOME / "packages"
    shutil.rmtree(folder, ignore_errors=True)
    podman("rm", "-f", "-i", "tandem-packages")
    podman("create", "--name", "tandem-packages", "tandem-build", "true")
    podman("cp", "tandem-packages:/src/build/release/packages", folder)
    podman("rm", "tandem-packages")
    return {path.name.split("_")[0]: path for path in folder.rglob("*.deb")}
