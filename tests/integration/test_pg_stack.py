"""tools/stack: what it starts, what it leaves alone, and what it says when it cannot."""

import os
import pathlib
import re
import signal
import socket
import subprocess

import psycopg2
import pytest

from support.pgversions import MAJORS
from support.stack import Stack
from support.waiting import wait_until


@pytest.fixture
def stack():
    made = Stack()
    yield made
    made.close()


def ask(node, statement):
    """Over TCP with the promised password, in database chat."""
    session = psycopg2.connect(host="127.0.0.1", port=node["port"], user="postgres",
                               password="password", dbname="chat")
    session.autocommit = True
    with session, session.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    session.close()
    return rows


def setting(node, name):
    return ask(node, f"SHOW {name}")[0][0]


def test_two_masters_as_promised_and_start_again_changes_nothing(stack):
    stack.good("start")
    nodes = stack.nodes()
    assert [nodes[name]["port"] for name in "ab"] == list(stack.ports)
    for node in nodes.values():
        assert node["running"] and node["version"].startswith("15.")
        assert setting(node, "wal_level") == "logical"
        assert setting(node, "track_commit_timestamp") == "on"
        assert setting(node, "listen_addresses") == "127.0.0.1"
        assert [setting(node, name) for name in ("fsync", "synchronous_commit",
                                                 "full_page_writes")] == ["on"] * 3
        assert os.stat(f"/proc/{node['pid']}").st_uid != 0
        psycopg2.connect(host=node["socket_dir"], port=node["port"], user="postgres",
                         dbname="postgres").close()
    assert ask(nodes["a"], "SELECT system_identifier FROM pg_control_system()") != \
        ask(nodes["b"], "SELECT system_identifier FROM pg_control_system()")

    ask(nodes["a"], "CREATE TABLE kept (n int)")
    stack.good("start")
    assert stack.nodes() == nodes


def test_stop_keeps_the_data_and_reset_does_not(stack):
    stack.good("start")
    ask(stack.nodes()["a"], "CREATE TABLE kept (n int)")
    stack.good("stop")
    assert stack.run("status").returncode == 3
    assert not any(node["running"] for node in stack.nodes().values())
    stack.good("start")
    assert ask(stack.nodes()["a"], "SELECT to_regclass('kept') IS NOT NULL") == [(True,)]
    stack.good("reset")
    assert ask(stack.nodes()["a"], "SELECT to_regclass('kept') IS NULL") == [(True,)]


def test_a_killed_server_starts_again_and_the_other_is_left_running(stack):
    stack.good("start")
    before = stack.nodes()
    os.kill(before["a"]["pid"], signal.SIGKILL)
    wait_until(lambda: not stack.nodes()["a"]["running"], 10, "a is seen to be gone")
    stack.good("start")
    after = stack.nodes()
    assert after["a"]["running"] and after["a"]["pid"] != before["a"]["pid"]
    assert after["b"] == before["b"]


def test_a_taken_port_names_its_holder_and_starts_nothing(stack):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", stack.ports[1]))
        holder.listen()
        done = stack.run("start")
    assert done.returncode == 3
    assert f"port {stack.ports[1]} for master b is taken by pid {os.getpid()} (" in done.stderr
    assert not any(node["running"] for node in stack.nodes().values())


def test_a_process_with_a_reused_pid_is_not_ours(stack):
    """postmaster.pid outlives a crash: whoever has that number now must not be signalled."""
    stack.good("start")
    node = stack.nodes()["a"]
    stack.good("stop")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file = pathlib.Path(node["data"]) / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{node['data']}\n0\n{node['port']}\n")
        stack.good("stop")
        assert stranger.poll() is None
        stack.good("start")
        assert stranger.poll() is None
        stranger.kill()
    assert stack.nodes()["a"]["running"]


def test_another_major_needs_a_reset(stack):
    stack.good("start")
    done = stack.run("start", "--pg", "12")
    assert done.returncode == 3 and "holds PostgreSQL 15" in done.stderr
    assert stack.nodes()["a"]["version"].startswith("15.")
    assert stack.run("start", "--pg", "11").returncode == 2


@pytest.mark.sampled(3)
@pytest.mark.parametrize("major", MAJORS)
def test_every_major_decodes_and_has_hstore(stack, major):
    stack.good("reset", "--pg", str(major))
    for node in stack.nodes().values():
        assert re.match(rf"{major}\.\d+$", node["version"])
        ask(node, "SELECT pg_create_logical_replication_slot('s', 'test_decoding')")
        ask(node, "CREATE EXTENSION hstore; CREATE TABLE t (h hstore); "
                  "INSERT INTO t VALUES ('x=>1')")
        changes = ask(node, "SELECT data FROM pg_logical_slot_get_changes('s', NULL, NULL)")
        assert any("INSERT: h[hstore]" in data for (data,) in changes)


def test_plain_servers_have_exactly_two_settings(stack):
    stack.good("reset", "--pg", "12", "--plain")
    for node in stack.nodes().values():
        words = pathlib.Path(f"/proc/{node['pid']}/cmdline").read_text().split("\0")[:-1]
        assert words[1:] == ["-D", node["data"], "-c", "wal_level=logical", "-p", str(node["port"])]
        assert setting(node, "track_commit_timestamp") == "off"
        assert ask(node, "SELECT count(*) FROM pg_settings WHERE source = 'configuration file' AND "
                         "name IN ('max_wal_senders', 'listen_addresses')") == [(0,)]
