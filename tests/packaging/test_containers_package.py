"""The Debian packages on clean machines: installed, started by systemd, upgraded, removed; and built against."""

import time

import pytest

from support import containers
from support.waiting import wait_until

CONFIGURATION = """
ddl = "off"
[[node]]
name = "a"
uri = "host=127.0.0.1 port=5434 dbname=app user=postgres password='${env:DB_PASSWORD}'"
[[node]]
name = "b"
uri = "host=127.0.0.1 port=5435 dbname=app user=postgres password='${env:DB_PASSWORD}'"
"""
SECRET = "s3cr3t/of@both"
MASTERS = f"""
for node in a:5434 b:5435; do
    pg_createcluster 15 "${{node%%:*}}" -p "${{node##*:}}" -- -A trust >/dev/null
    printf "wal_level = logical\\ntrack_commit_timestamp = on\\n" >> "/etc/postgresql/15/${{node%%:*}}/postgresql.conf"
    systemctl start "postgresql@15-${{node%%:*}}"
    setpriv --reuid=postgres --init-groups psql -q -p "${{node##*:}}" -c "ALTER ROLE postgres PASSWORD '{SECRET}'" -c "CREATE DATABASE app"
    setpriv --reuid=postgres --init-groups psql -q -p "${{node##*:}}" -d app -c "CREATE TABLE item (id int PRIMARY KEY, v text)"
    sed -i 's/trust/scram-sha-256/' "/etc/postgresql/15/${{node%%:*}}/pg_hba.conf"
    sed -i '1i local all postgres peer' "/etc/postgresql/15/${{node%%:*}}/pg_hba.conf"
    systemctl reload "postgresql@15-${{node%%:*}}"
done
"""


def sql(machine, port, statement):
    return machine.run(f"setpriv --reuid=postgres --init-groups psql -X -A -t -p {port} -d app -c \"{statement}\"").stdout.strip()


@pytest.fixture(scope="module")
def packages():
    containers.build_stand_ins()
    return containers.debian_packages()


@pytest.fixture(scope="module")
def machine(packages):
    made = containers.Machine("stand-in-machine", "tandem-machine", "--systemd=always", "--privileged")
    wait_until(lambda: made.run("systemctl is-system-running", check=False).stdout.strip() == "running", 60, "the machine is up",
               detail=lambda: made.run("systemctl --failed", check=False).stdout)
    yield made
    made.close()


def test_from_package_to_synced_masters_in_a_minute(machine, packages):
    machine.run("apt-get update -qq")
    machine.put(packages["tandem"], "/srv/tandem.deb")
    machine.run(MASTERS)  # the databases are the user's own, and there already
    began = time.monotonic()
    machine.run("DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /srv/tandem.deb")
    assert machine.run("systemctl is-enabled tandem", check=False).stdout.strip() == "disabled"
    assert machine.run("systemctl is-active tandem", check=False).stdout.strip() == "inactive"
    machine.write(CONFIGURATION, "/etc/tandem/tandem.toml")
    machine.run(f"echo 'DB_PASSWORD={SECRET}' >> /etc/tandem/tandem.env")
    assert machine.run("stat -c '%a %U' /etc/tandem/tandem.env").stdout.strip() == "600 root"
    machine.run("set -a; . /etc/tandem/tandem.env; tandem init --config /etc/tandem/tandem.toml")
    machine.run("systemctl enable --now tandem")
    wait_until(lambda: machine.run("tandem status --ready", check=False).returncode == 0, 30, "tandem is ready",
               detail=lambda: machine.run("journalctl -u tandem -n 50 --no-pager").stdout)
    sql(machine, 5434, "INSERT INTO item VALUES (1, 'from a')")
    sql(machine, 5435, "INSERT INTO item VALUES (2, 'from b')")
    for port in (5434, 5435):
        wait_until(lambda port=port: sql(machine, port, "SELECT string_agg(v, ',' ORDER BY id) FROM item") == "from a,from b", 30,
                   f"both rows at {port}")
    taken = time.monotonic() - began
    print(f"from package to synced masters: {taken:.1f} s")
    assert taken <= 60


def test_the_unit_is_sound_and_hardened(machine):
    assert machine.run("systemd-analyze verify tandem.service tandem-connect.service").stderr.strip() == ""
    for unit in ("tandem", "tandem-connect"):
        score = machine.run(f"systemd-analyze security --no-pager {unit}.service").stdout
        exposure = float(score.split("Overall exposure level for")[1].split(":")[1].split()[0])
        assert exposure <= 2.0, score
    pid = machine.run("systemctl show -p MainPID --value tandem").stdout.strip()
    status = dict(line.split(":\t", 1) for line in machine.run(f"cat /proc/{pid}/status").stdout.splitlines() if ":\t" in line)
    assert status["Uid"].split()[0] != "0" and status["CapEff"].strip("0") == "" and status["NoNewPrivs"] == "1"
    assert SECRET not in machine.run("journalctl -u tandem --no-pager").stdout
    assert SECRET not in machine.run("ps axww -o args").stdout


def test_the_manual_is_there(machine):
    page = machine.run("MANWIDTH=100 man -P cat tandem 2>/dev/null || zcat /usr/share/man/man1/tandem.1.gz").stdout
    assert "tandem" in page and "--batch" in page.replace("\\-", "-")


def test_the_chats_manual_is_in_its_package(packages):
    assert "./usr/share/man/man1/tandem-chat.1.gz" in containers.run("dpkg", "-c", packages["tandem-chat"]).stdout


def test_it_comes_back_after_a_crash_and_stops_when_told(machine):
    before = machine.run("systemctl show -p MainPID --value tandem").stdout.strip()
    machine.run(f"kill -9 {before}")
    wait_until(lambda: machine.run("tandem status --ready", check=False).returncode == 0, 30, "tandem is ready again")
    assert machine.run("systemctl show -p MainPID --value tandem").stdout.strip() not in (before, "0")
    machine.run("systemctl stop tandem")
    assert machine.run("systemctl show -p Result --value tandem").stdout.strip() == "success"


def test_a_wrong_configuration_ends_it_for_good(machine):
    machine.run("cp /etc/tandem/tandem.toml /srv/good.toml; echo 'batch-rowz = 1' >> /etc/tandem/tandem.toml")
    machine.run("sed -i '1i batch-rowz = 1' /etc/tandem/tandem.toml; systemctl start tandem || true")
    wait_until(lambda: machine.run("systemctl is-active tandem", check=False).stdout.strip() == "failed", 20, "it has failed")
    assert "batch-rows" in machine.run("journalctl -u tandem -n 20 --no-pager").stdout  # the nearest name
    machine.run("cp /srv/good.toml /etc/tandem/tandem.toml; systemctl reset-failed tandem; systemctl start tandem")
    wait_until(lambda: machine.run("tandem status --ready", check=False).returncode == 0, 30, "tandem is ready")


def test_an_upgrade_goes_on_with_the_new_program(machine):
    before = machine.run("systemctl show -p MainPID --value tandem").stdout.strip()
    machine.run("echo '# mine' >> /etc/tandem/tandem.toml")
    machine.run("DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --reinstall -o Dpkg::Options::=--force-confold /srv/tandem.deb")
    wait_until(lambda: machine.run("tandem status --ready", check=False).returncode == 0, 30, "tandem is ready")
    assert machine.run("systemctl show -p MainPID --value tandem").stdout.strip() != before
    assert machine.run("tail -1 /etc/tandem/tandem.toml").stdout == "# mine\n"
    sql(machine, 5434, "INSERT INTO item VALUES (3, 'after')")
    wait_until(lambda: sql(machine, 5435, "SELECT count(*) FROM item") == "3", 30, "the row at b")


def test_removed_it_leaves_nothing_running_and_purged_nothing_at_all(machine):
    machine.run("set -a; . /etc/tandem/tandem.env; systemctl stop tandem; tandem destroy --config /etc/tandem/tandem.toml --yes; "
                "systemctl start tandem || true")
    machine.run("DEBIAN_FRONTEND=noninteractive apt-get remove -y -qq tandem")
    assert machine.run("pgrep -x tandem", check=False).returncode == 1
    assert machine.run("ls /usr/bin/tandem", check=False).returncode != 0
    assert machine.run("ls /etc/tandem/tandem.toml").returncode == 0
    machine.run("DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq tandem")
    left = machine.run("find / -xdev -path /proc -prune -o -iname '*tandem*' -print").stdout.split()
    assert [path for path in left if not path.startswith(("/srv/", "/var/log/journal", "/var/lib/private", "/var/cache/man/", "/run/"))] == []
    assert sql(machine, 5434, "SELECT count(*) FROM pg_replication_slots") == "0"


def test_a_program_outside_the_tree_builds_against_it(packages):
    machine = containers.Machine("tandem-build", "tandem-builder", "--network=host", command=("sleep", "infinity"))
    try:
        machine.run("rm -rf /src; apt-get update -qq")
        machine.put(packages["tandem-dev"], "/srv/tandem-dev.deb")
        machine.put(containers.ROOT / "tests/packaging/example", "/srv/example")
        machine.run("DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /srv/tandem-dev.deb")
        machine.run("cd /srv/example && cmake -S . -B build -G Ninja && cmake --build build")
        assert machine.run("/srv/example/build/example").stdout == "16/B374D848\n"
        refused = machine.run("/srv/example/build/example postgresql://127.0.0.1:1/x", check=False)
        assert refused.returncode == 3 and refused.stderr.startswith("Connection to 127.0.0.1:1 refused")
    finally:
        machine.close()
