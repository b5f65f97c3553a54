"""tandem-perf: a short run is told and recorded; one whose masters differ in the end fails, whatever its speed."""

import contextlib
import json
import os
import pathlib
import subprocess

import psycopg2
import pytest

from support import tandem
from support.masters import Servers
from support.pgcluster import Workspace

PERF = os.environ.get("TANDEM_PERF_BINARY") or str(pathlib.Path(tandem.binary()).parent / "tandem-perf")


@pytest.fixture
def space():
    """A folder that PostgreSQL's user reaches."""
    made = Workspace("perf")
    yield made.path
    made.close()


def perf(*words, workspace, deadline=180):
    places = ["--workspace", str(workspace), "--binary", tandem.binary()] if workspace else []
    done = subprocess.run([PERF, *words, *places],
                          capture_output=True, text=True, timeout=deadline, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def short_run(space, *words, direction="a:b", seconds=2, settle=3, rate=200):
    """(exit status, the run's record)"""
    status, out, err = perf("run", "--rate", str(rate), "--duration", str(seconds), "--warm-up", "1", "--settle", str(settle), "--direction", direction,
                            "--json", "--out", str(space / "out"), *words, workspace=space)
    assert out, err
    return status, json.loads(out)["runs"][0]


def test_a_short_run_both_ways_is_verified_told_and_recorded(space):
    status, run = short_run(space, "--profile", "oltp", "--threshold", "lost=0", "--threshold", "rows_per_s>=300",
                            "--threshold", "p50<10s", direction="both", rate=500)
    assert status == 0, run
    assert run["good"] and run["check"]["rows_a"] == run["check"]["rows_b"] > 100_000
    for way in run["ways"].values():
        assert 950 <= way["transactions"] <= 1050 and way["updated"] > 125 and way["deleted"] > 12
        latency = way["latency"]
        assert 0 < latency["visible_p50_ms"] <= latency["visible_p99_ms"] <= latency["visible_max_ms"]
        # What is committed at the peer is seen later, and was due earlier.
        assert 0 < latency["replicated_p50_ms"] <= latency["applied_p50_ms"] <= latency["visible_p50_ms"]
    assert run["told"]["echoed_transactions"] > 0 and run["cpu_seconds"]["tandem"] > 0 and run["cpu_seconds"]["b.walsender"] > 0
    files = {each.name for each in (space / "out").iterdir()}
    assert files == {"result.json", "report.html", "1-tandem-oltp-ab.hgrm", "1-tandem-oltp-ba.hgrm"}
    page = (space / "out" / "report.html").read_text()
    assert page.count("<svg") > 6 and "http" not in page
    assert not list((space).glob("masters-*"))


def test_a_missed_threshold_is_exit_4(space):
    status, run = short_run(space, "--threshold", "p99<1us")
    assert status == 4 and run["good"]


def test_a_lost_row_fails_the_run(space):
    status, run = short_run(space, "--chaos", "sh:psql -qX \"$B\" -c 'DELETE FROM chat_message WHERE id IN "
                            "(SELECT max(id) FROM chat_message)'@check")
    assert status == 4 and not run["good"]
    assert run["check"]["lost"] == 1 and run["check"]["doubled"] == 0


def test_a_changed_row_fails_the_run(space):
    status, run = short_run(space, "--chaos", "sh:psql -qX \"$B\" -c 'UPDATE chat_message SET likes = -1 WHERE id IN "
                            "(SELECT max(id) FROM chat_message)'@check")
    assert status == 4 and run["check"]["differing"] == 1 and run["check"]["lost"] == 0


def test_a_row_too_many_fails_the_run(space):
    status, run = short_run(space, "--chaos", "sh:psql -qX \"$A\" -c 'INSERT INTO chat_message (id) VALUES (-1)'@check")
    assert status == 4 and run["check"]["doubled"] == 1


def test_rows_that_are_written_in_quiet_fail_the_run(space):
    """The masters stay equal; a row is only written again and again, as an echo would."""
    status, run = short_run(space, "--chaos", "sh:for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do psql -qX \"$B\" -c 'UPDATE chat_message SET likes = "
                            "likes' -c 'SELECT pg_sleep(1)'; done >/dev/null 2>&1 &@check")
    assert status == 4 and run["check"]["looped"] > 0 and run["check"]["differing"] == 0


def test_a_target_that_dies_on_the_way_loses_nothing(space):
    status, run = short_run(space, "--chaos", "crash@1s", direction="both", seconds=4, settle=60)
    assert status == 0 and run["chaos"] == ["crash"]


def test_a_catch_up_and_what_is_refused(space):
    status, run = short_run(space, "--catch-up", "20000", "--rows-per-txn", "100", direction="both")
    assert status == 0 and run["values"]["rows_per_s"] > 1000 and run["check"]["rows_a"] == 80_000 + 6
    for wrong in (["--profile", "none"], ["--direction", "up"], ["--rate", "quick"], ["--a", "x"], ["--chaos", "crash"],
                  ["--threshold", "p99"]):
        assert perf("run", *wrong, workspace=space)[0] == 2, wrong
    assert perf("run", "--a", "host=127.0.0.1 port=1", "--b", "host=127.0.0.1 port=1", workspace=space)[0] == 3


def test_given_masters_are_left_as_they_were_and_passwords_are_not_told(space):
    servers = Servers("perf-given")
    try:
        addresses = [each.uri("postgres", password="mellon") for each in (servers.a, servers.b)]
        status, run = short_run(space, "--a", addresses[0], "--b", addresses[1], direction="both")
        assert status == 0 and run["cpu_seconds"]["a.walsender"] > 0
        record = (space / "out" / "result.json").read_text()
        assert "mellon" not in record + (space / "out" / "report.html").read_text() and not json.loads(record)["circumstances"]["made_here"]
        for each in (servers.a, servers.b):
            with contextlib.closing(psycopg2.connect(each.dsn("postgres"))) as session, session.cursor() as cursor:
                cursor.execute("SELECT datname FROM pg_database WHERE NOT datistemplate UNION SELECT slot_name FROM pg_replication_slots "
                               "UNION SELECT roname FROM pg_replication_origin")
                assert cursor.fetchall() == [("postgres",)]
    finally:
        servers.close()


def test_records_are_compared_and_shown_on_one_page(space):
    status, _, err = perf("run", "--rate", "200", "--duration", "1", "--warm-up", "1", "--repeats", "3", "--out", str(space / "base"), workspace=space)
    assert status == 0, err
    record = json.loads((space / "base" / "result.json").read_text())
    for number, run in enumerate(record["runs"]):
        run["values"]["rows_per_s"] *= 0.5 + 0.01 * number
        run["values"]["p99"] *= 0.5
    slower = space / "slower.json"
    slower.write_text(json.dumps(record))

    def compared(left, right, *words):
        return perf("compare", str(left), str(right), "--void-too", *words, workspace=space)[:2]
    assert compared(space / "base", space / "base")[0] == 0
    status, said = compared(slower, space / "base")
    assert status == 4 and "regression" in said and "ratio 0.51" in said
    status, said = compared(slower, space / "base", "--value", "p99")  # there less is better
    assert status == 0 and "better" in said
    record["runs"][1]["good"] = False
    slower.write_text(json.dumps(record))
    status, said = compared(slower, space / "base", "--value", "p99")
    assert status == 4 and "FAILED" in said
    page = space / "both.html"
    assert perf("report", str(space / "base"), str(slower), "--out", str(page), workspace=None)[0] == 0
    assert "6 tandem chat" in page.read_text() and "FAILED" in page.read_text()


def test_chat_services_are_measured_between_native_and_tandem():
    done = subprocess.run(["/usr/bin/python3", "-B", str(tandem.ROOT / "perf/harness/chat.py"), "--repeats", "1", "--rate", "40", "--seconds", "3",
                           "--binary", tandem.binary()], capture_output=True, text=True, timeout=240, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 4), done
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("goal ")] == [
        "chat.shown.p50", "chat.shown.p99", "chat.both_ways.p99_ms"], done
    runs = json.loads((tandem.ROOT / "build/perf/chat.json").read_text())["runs"]
    for name, services in (("native", 1), ("tandem", 1), ("both_ways", 2)):
        (run,) = runs[name]
        assert 0 < run["p50"] <= run["p99"] <= run["max"] < 5_000 and 38 <= run["posts_per_s"] / services <= 42, run
