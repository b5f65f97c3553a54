"""Kafka Connect's REST interface: the same requests to a real worker and to ours, and what ours keeps in its topics."""

import json
import subprocess
import urllib.parse

import pytest

from support import rest_answers, rest_requests
from support.brokers import free_ports
from support.connect_face import TOPICS, Face, request
from support.connect_worker import Worker
from support.tandem import binary, command
from support.waiting import wait_until


@pytest.fixture(scope="module")
def database(servers):
    made = servers.a.create_database("rest")
    made.sql("CREATE TABLE t (id bigint PRIMARY KEY, v text)")
    yield made
    servers.a.drop_database(made)


@pytest.fixture
def face(servers, kafka):
    made = Face(kafka.bootstrap, servers.workspace)
    yield made
    made.close()


def script_for(database):
    (closed,) = free_ports(1)
    return rest_requests.script(("127.0.0.1", database.cluster.port, "postgres", "password", database.name), closed)


def source(database, slot, **more):
    made = rest_requests.Script(("127.0.0.1", database.cluster.port, "postgres", "password", database.name), 1).source(slot)
    return {**made, **more}


def commanded(database, url, folder):
    """What `tandem connector` says of the worker at that address, command by command, but for where it is."""
    good, bad = folder / "good.json", folder / "bad.json"
    good.write_text(json.dumps({"name": "of the command", "config": source(database, "of_the_command")}))
    bad.write_text(json.dumps({"name": "wrong", "config": {**source(database, "wrong"), "database.port": "none"}}))

    def tandem(*arguments):
        done = subprocess.run([binary(), "connector", *arguments, "--url", url], capture_output=True, text=True, timeout=60, check=False)
        said.append((arguments[0], done.returncode, (done.stdout + done.stderr).replace(url.removeprefix("http://"), "HERE")))
        return done.stdout

    def told(state):
        wait_until(lambda: (answer := tandem("get", "of the command")).count(state) == 2, 60, state, detail=lambda: answer)
        said[:] = [each for each in said if each[0] != "get"]  # asked until it is so
    said = []
    tandem("validate", "-f", str(good))
    tandem("validate", "-f", str(bad))
    tandem("apply", "-f", str(bad))
    tandem("apply", "-f", str(good))
    told("RUNNING")
    assert "of the command" in tandem("list")
    assert json.loads(tandem("get", "--json", "of the command"))["info"]["config"]["slot.name"] == "of_the_command"
    said[:] = [each for each in said if each[0] not in ("get", "list")]
    tandem("apply", "-f", str(good))
    told("RUNNING")
    tandem("pause", "of the command")
    told("PAUSED")
    tandem("resume", "of the command")
    told("RUNNING")
    tandem("restart", "--all", "of the command")
    told("RUNNING")
    tandem("delete", "of the command")
    tandem("delete", "of the command")
    tandem("pause", "of the command")
    return [(name, status, text.split("; ")[0] if status else text) for name, status, text in said]


def test_answers_what_a_real_worker_answers(servers, kafka, database, face, tmp_path):
    script = script_for(database)
    assert len([step for step in script.steps if step[0] != "wait"]) >= 300
    worker = Worker(kafka.bootstrap, 3, servers.workspace.path / "connect-rest")
    try:
        worker.start()
        theirs = rest_answers.answers(script, worker.url)
        their_words = commanded(database, worker.url, tmp_path)
    finally:
        worker.close()
    for slot in database.sql("SELECT slot_name FROM pg_replication_slots WHERE NOT active"):
        database.sql("SELECT pg_drop_replication_slot(%s)", slot[0])
    face.env["GROUP_ID"] = "connect"  # as the real one's: a sink's consumers may not be in it
    face.start()
    ours = rest_answers.answers(script, face.url)
    found = rest_answers.differences(theirs, ours)
    assert not found, json.dumps(found[:5], indent=1)
    assert commanded(database, face.url, tmp_path) == their_words
    assert [status for _, status, _ in their_words] == [0, 4, 2, 0, 0, 0, 0, 0, 0, 2, 2]
    for name in face.must("GET", "/connectors"):
        face.must("DELETE", f"/connectors/{urllib.parse.quote(name, safe='')}")


def test_says_that_it_is_ready(face):
    """What a container's health check asks; none of Connect's paths."""
    face.start()
    for path, said in (("/livez", {"alive": True}), ("/readyz", {"ready": True}), ("/readyz?verbose", {"ready": True})):
        assert face.ask("GET", path) == (200, said)
    done = command("status", "--ready", "--url", face.url)
    assert (done.status, json.loads(done.out)) == (0, {"ready": True}), done


def test_finds_its_connectors_again(database, face):
    face.start()
    for name in ("kept", "paused", "stopped", "gone", "with/slash ü"):
        face.create(name, source(database, "again_" + "".join(c for c in name if c.isascii() and c.isalpha())))
    face.wait_running("kept", "paused", "stopped", "with/slash ü")
    face.must("PUT", "/connectors/paused/pause")
    face.must("PUT", "/connectors/stopped/stop")
    face.must("DELETE", "/connectors/gone")
    config = face.must("GET", "/connectors/kept/config")
    assert config["database.password"] == "[hidden]"
    face.kill9()
    face.start()
    assert sorted(face.must("GET", "/connectors")) == ["kept", "paused", "stopped", "with/slash ü"]
    assert face.must("GET", "/connectors/kept/config") == config
    face.wait_running("kept", "with/slash ü")
    wait_until(lambda: face.states("paused") == ("PAUSED", ["PAUSED"]), 30, "paused stays so", detail=face.explain)
    wait_until(lambda: face.states("stopped") == ("STOPPED", []), 30, "stopped stays so", detail=face.explain)
    # What is hidden comes back as it is known.
    assert face.must("PUT", "/connectors/kept/config", config)["config"] == config
    face.wait_running("kept")
    for name in ("kept", "paused", "stopped", "with%2Fslash%20%C3%BC"):
        face.must("DELETE", f"/connectors/{name}")
    assert face.must("GET", "/connectors") == []
    face.stop()


def test_secrets_stay_where_they_lie(database, face, tmp_path):
    (tmp_path / "db.properties").write_text("# who\nuser = postgres\npassword=password\n")
    (tmp_path / "name").write_text(database.name)
    face.env["TANDEM_TEST_PREFIX"] = "from_environment"
    face.start()
    given = source(database, "secrets", **{
        "database.user": f"${{file:{tmp_path}/db.properties:user}}", "database.password": f"${{file:{tmp_path}/db.properties:password}}",
        "database.dbname": f"${{directory:{tmp_path}:name}}", "topic.prefix": "${env:TANDEM_TEST_PREFIX}"})
    face.create("secrets", given)
    face.wait_running("secrets")
    assert face.must("GET", "/connectors/secrets/config") == {**given, "name": "secrets"}
    tasks = face.must("GET", "/connectors/secrets/tasks")
    assert tasks[0]["config"]["database.user"] == given["database.user"]
    # Not in the sentences of those who could not work with them either.
    (tmp_path / "db.properties").write_text("user = postgres\npassword=password\nother=told-to-nobody\n")
    reference = f"${{file:{tmp_path}/db.properties:other}}"
    for key in ("database.hostname", "database.dbname"):
        status, answer = face.ask("PUT", "/connector-plugins/PostgresConnector/config/validate", {**given, "name": "probe", key: reference})
        said = json.dumps(answer)
        assert status == 200 and answer["error_count"] > 0 and reference in said and "told-to-nobody" not in said, said
        status, answer = face.ask("PUT", "/connectors/probe/config", {**given, "name": "probe", key: reference})
        assert status == 400 and reference in answer["message"] and "told-to-nobody" not in answer["message"], answer
    status, answer = face.ask("POST", "/connectors", {"name": "none", "config": {**given, "database.user": f"${{file:{tmp_path}/none:user}}"}})
    assert status == 400 and "points to what cannot be had" in answer["message"] and f"{tmp_path}/none" in answer["message"]
    face.must("DELETE", "/connectors/secrets")
    face.stop()
    assert "password" not in face.log_text().replace("database.password", "") and "told-to-nobody" not in face.log_text()


def test_what_is_no_record_of_its_topics_is_passed_over(kafka, database, face):
    face.start()
    face.create("steady", source(database, "steady"))
    face.wait_running("steady")
    junk = [(b"connector-steady", b"{"), (b"connector-steady", b"[]"), (b"connector-", b"{}"), (b"\xff\xfe", b"x"), (b"nobody-knows", b"{}"),
            (b"task-steady-x", b'{"properties":{}}'), (b"commit-steady", b'{"tasks":-1}'), (b"target-state-steady", b'{"state":"FLYING"}'),
            (b"connector-" + b"x" * 10_000, b"[" * 100_000), (b"", b""), (b"restart-connector-steady", b"{")]
    for topic in TOPICS.values():
        kafka.admin.produce(topic, *({"key": key, "value": value} for key, value in junk))
    face.kill9()
    face.start()
    face.wait_running("steady")
    assert face.must("GET", "/connectors") == ["steady"]
    assert "is passed over" in face.log_text()
    face.must("DELETE", "/connectors/steady")


@pytest.mark.parametrize("expected, body", [(413, b'{"name":"' + b"x" * 5_000_000), (500, b"[" * 200_000), (500, bytes(range(256)))],
                         ids=["huge", "deep", "bytes"])
def test_no_body_does_harm(face, expected, body):
    face.start()
    before = face.must("GET", "/connectors")
    status, _, text = request(face.url, "POST", "/connectors", body)
    assert status == expected, text
    assert face.must("GET", "/connectors") == before
    face.stop()


def test_topics_that_would_lose_its_state_are_refused(kafka, servers):
    kafka.admin.create_topic("deletes", cleanup_policy="delete")
    made = Face(kafka.bootstrap, servers.workspace, env={"CONFIG_STORAGE_TOPIC": "deletes"})
    with pytest.raises(AssertionError, match="ended with 2"):
        made.start()
    assert "Topic 'deletes' supplied via the 'config.storage.topic' property is required to have 'cleanup.policy=compact'" in made.log_text()
    made.close()


def test_the_command_line_does_it_too(database, face, tmp_path):
    face.start()

    def tandem(*arguments, expect=0):
        done = subprocess.run([binary(), "connector", *arguments, "--url", face.url], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    one, two, bad = tmp_path / "one.json", tmp_path / "two.properties", tmp_path / "bad.json"
    one.write_text(json.dumps({"name": "cli one", "config": source(database, "cli_one")}))
    two.write_text("# of a standalone worker\nname=cli-two\n" + "".join(f"{name}={value}\n" for name, value in source(database, "cli_two").items()))
    bad.write_text(json.dumps({"name": "cli-bad", "config": {**source(database, "cli_bad"), "database.port": "none"}}))
    assert tandem("validate", "-f", str(one)) == "cli one is valid\n"
    assert "cli-bad: database.port: The 'database.port' value is invalid: An integer is expected" in tandem("validate", "-f", str(bad), expect=4)
    assert "answers 400: Connector configuration is invalid" in tandem("apply", "-f", str(bad), expect=2)
    assert tandem("apply", "-f", str(one)) + tandem("apply", "-f", str(two)) == "cli one created\ncli-two created\n"
    face.wait_running("cli one", "cli-two")
    assert tandem("apply", "-f", str(one)) == "cli one configured\n"
    face.wait_running("cli one")
    assert [line.split("  ")[0].strip() for line in tandem("list").splitlines()] == ["NAME", "cli one", "cli-two"]
    assert set(json.loads(tandem("list", "--json"))) == {"cli one", "cli-two"}
    assert tandem("pause", "cli one", "cli-two") == "cli one is to pause\ncli-two is to pause\n"
    wait_until(lambda: tandem("get", "cli one").startswith(f"cli one: PAUSED on 127.0.0.1:{face.port}\ntask 0: PAUSED"), 20, "it says so")
    tandem("resume", "cli one")
    face.wait_running("cli one")
    assert json.loads(tandem("get", "--json", "cli one"))["info"]["config"]["slot.name"] == "cli_one"
    assert tandem("restart", "--all", "cli one") == "cli one restarts\n"
    assert tandem("delete", "cli one", "nobody", "cli-two", expect=2).splitlines()[:2] == ["cli one is deleted", "cli-two is deleted"]
    refused = tandem("delete", "nobody", "no one", expect=2)
    assert "nobody: DELETE /connectors/nobody answers 404" in refused and "2 of 2 were refused" in refused
    unknown = tmp_path / "unknown.json"
    unknown.write_text(json.dumps({"name": "cli-bad", "config": {"connector.class": "no.Such"}}))
    assert "cli-bad: connector.class: " in tandem("validate", "-f", str(unknown), expect=4)
    assert "GET /connectors/cli%20one answers 404" in tandem("get", "cli one", expect=2).replace("+", "%20")
    assert "no.json: cannot be read" in tandem("apply", "-f", str(tmp_path / "no.json"), expect=2)
    face.stop()
    assert "no instance answers at" in tandem("list", expect=3)
    done = subprocess.run([binary(), "config", "import", str(one), str(two)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "are of 1 databases" in done.stderr, done.stderr
    for slot in ("cli_one", "cli_two"):
        database.sql("SELECT pg_drop_replication_slot(%s)", slot)
