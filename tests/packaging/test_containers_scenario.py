"""The source document's scenario, step by step, in the containers of tools/deploy/compose.yaml, with podman and runc."""

import json
import re

import pytest

from support import containers
from support.chat import Page
from support.chat_stack import CHAT, MASTERS, NAME, ask, both_have, healthy, masters_equal, requests_of, sql, user
from support.chromium import Browsers
from support.waiting import wait_until

REGISTER = containers.ROOT / "tools/deploy/register.http"
CONNECTORS = ["chatting-5434-connector2", "chatting-5433-sink", "chatting-5433-connector", "chatting-5434-sink"]


def connectors_run(port=8083):
    status, found = ask(port, "GET", "/connectors?expand=status")
    return status == 200 and sorted(found) == sorted(CONNECTORS) and all(
        each["status"]["connector"]["state"] == "RUNNING" and each["status"]["tasks"] and
        all(task["state"] == "RUNNING" for task in each["status"]["tasks"]) for each in found.values())


@pytest.fixture(scope="module")
def stack():
    containers.build_stand_ins()
    containers.build_ours()
    made = containers.Compose()
    made.close()
    yield made
    made.close()


def test_tandem_waits_for_brokers_and_says_so(stack):
    stack.up("tandem", "chat1")
    wait_until(lambda: "kafka" in stack.logs("tandem").lower(), 60, "tandem says what it waits for", detail=stack.explain)
    assert stack.running("tandem") and stack.running("chat1")
    assert not healthy(stack)
    wait_until(lambda: "waiting: the database does not answer" in stack.logs("chat1"), 60, "the chat says what it waits for",
               detail=stack.explain)
    assert ask(8080, "GET", "/readyz")[0] == 503
    stack.up()
    wait_until(lambda: healthy(stack), 120, "tandem is healthy", every=0.5, detail=stack.explain)
    for port in CHAT.values():
        wait_until(lambda port=port: ask(port, "GET", "/chat/user") == (200, []), 60, f"chat at {port}", detail=stack.explain)


def test_the_images_are_contained_and_labelled(stack):
    for service in ("tandem", "chat1"):
        state = stack.state(service)
        assert state["Config"]["User"] == "10001:10001"
        assert state["HostConfig"]["ReadonlyRootfs"] is True
        assert stack.exec(service, "sh", "-c", "touch /x", check=False).returncode != 0
        assert stack.exec(service, "sh", "-c", "grep CapEff /proc/self/status").stdout.split()[1].strip("0") == ""
        assert state["Config"]["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
        assert state["Config"]["Labels"]["org.opencontainers.image.revision"] != "unknown"
    for service in (*CHAT, *MASTERS, "tandem"):
        for bindings in stack.state(service)["HostConfig"]["PortBindings"].values():
            assert [each["HostIp"] for each in bindings] == ["127.0.0.1"]


def test_the_documents_error_and_its_cure(stack):
    """In a container localhost is the container: the document's sentence, and what to do."""
    wrong = json.loads(json.dumps(requests_of(REGISTER)[0][2]))
    wrong["config"]["database.hostname"] = "localhost"
    status, said = ask(8083, "POST", "/connectors", wrong)
    assert status == 400
    assert said["message"].startswith("Connector configuration is invalid and contains the following 1 error(s):\n"
                                      "Error while validating connector config: Connection to localhost:5434 refused")
    assert "container" in said["message"]


def test_register_http_as_it_stands(stack):
    assert json.loads((REGISTER.parent / "connectors.json").read_text()) == [content for _, url, content in requests_of(REGISTER)
                                                                            if content and url.endswith("/connectors")]
    for method, url, content in requests_of(REGISTER):
        port, path = re.fullmatch(r"http://localhost:(\d+)(/\S*)", url).groups()
        if port == "8083":
            status, _ = ask(int(port), method, path, content)
            assert status == (201 if method == "POST" else 200)
    wait_until(connectors_run, 90, "all connectors run", every=0.5, detail=stack.explain)


def test_a_user_flows_and_the_log_names_its_record(stack):
    method, url, content = requests_of(REGISTER)[-1]
    assert (method, url, content) == ("POST", "http://localhost:8080/chat/user", {"userId": "aa", "userName": NAME})
    assert ask(8080, method, "/chat/user", content) == (200, content)
    both_have(stack, "SELECT user_id, user_name FROM chat_user", [["aa", NAME]])
    named = wait_until(lambda: re.search(r'user "aa": topic (\S+), partition (\d+), offset (\d+)', stack.logs("chat1")), 60,
                       "the service logs topic, partition and offset", detail=stack.explain)
    topic, partition, offset = named[1], int(named[2]), int(named[3])
    assert topic == "dbserver2.public.chat_user"
    shown = json.loads(stack.exec("tandem", "tandem", "topic", "tail", topic, "--brokers", "kafka1:9092", "-p", str(partition),
                                  "-o", str(offset), "-n", "1", "--json").stdout)
    assert (shown["partition"], shown["offset"]) == (partition, offset)
    value = shown["value"]
    assert (value.get("payload") or value)["after"]["user_name"] == NAME


def test_pages_chat_across_instances(stack):
    room = ask(8080, "POST", "/chat/room", {"title": "로비"})[1]["roomId"]
    both_have(stack, "SELECT title FROM chat_room", [["로비"]])
    pages = [Page(port, room) for port in CHAT.values()]
    for number in range(20):
        for port in CHAT.values():
            assert ask(port, "POST", "/chat/message", {"roomId": room, "userId": "aa", "body": f"{port} {number}"})[0] == 200
    for page in pages:
        page.wait(lambda page: len(page.messages) == 40, 60)
    assert pages[0].bodies() == pages[1].bodies()


def test_two_browsers_chat_across_instances(stack):
    browsers = Browsers()
    try:
        names = {"chat1": ("kim", "김"), "chat2": ("lee", "이")}
        windows = {service: browsers.open(f"http://localhost:{port}/") for service, port in CHAT.items()}
        for service, window in windows.items():
            wait_until(lambda window=window: window.texts("#link") == ["open"], 30, f"{service}'s page is open",
                       detail=lambda window=window: str((window.texts("#link"), window.complaints())))
            window.type("#user-id", names[service][0])
            window.type("#user-name", names[service][1])
            window.type("#body", f"<i>hello</i> from {service}")
            window.click("#say-form button")
        for service, window in windows.items():
            for other in CHAT:
                def there(window=window, other=other):
                    return f"<i>hello</i> from {other}" in window.texts("#messages span")
                wait_until(there, 30, f"{other}'s message at {service}'s page",
                           detail=lambda window=window: str((window.texts("#messages span")[-5:], window.complaints())))
            assert window.complaints() == []
            assert window.texts("#messages i") == []  # what is typed is text
    finally:
        browsers.close()


@pytest.mark.parametrize("who", [("chatting-db-1",), ("chatting-db-2",), ("chatting-db-1", "chatting-db-2"), ("kafka1",),
                                 ("kafka1", "kafka2", "kafka3"), ("tandem",)], ids="_".join)
def test_killed_and_back(stack, who):
    key = "k-" + "-".join(who)
    stack.kill(*who)
    away = [port for service, port in zip(("chatting-db-1", "chatting-db-2"), CHAT.values()) if service in who]
    for port in CHAT.values():
        if port in away:
            wait_until(lambda port=port: ask(port, "POST", "/chat/user", {"userId": "no", "userName": "n"})[0] == 503, 30, "503")
        else:
            user(port, f"{key}-{port}")
    stack.start(*who)
    for port in CHAT.values():
        user(port, f"{key}-{port}")
        user(port, f"{key}-{port}-after")
    rows = sorted([f"{key}-{port}{end}"] for port in CHAT.values() for end in ("", "-after"))
    both_have(stack, f"SELECT user_id FROM chat_user WHERE user_id LIKE '{key}-80%' ORDER BY user_id COLLATE \"C\"", rows)
    wait_until(lambda: healthy(stack) and connectors_run(), 90, "all is well again", every=0.5, detail=stack.explain)


def test_in_the_end_both_masters_are_equal_and_nothing_looped(stack):
    masters_equal(stack)
    # One record for each write, beside those of the peer's sink, which the source leaves out.
    messages = int(sql(stack, "chatting-db-1", "SELECT count(*) FROM chat_message")[0][0])
    records = 0
    for name in ("dbserver1", "dbserver2"):
        described = json.loads(stack.exec("tandem", "tandem", "topic", "describe", f"{name}.public.chat_message", "--brokers",
                                          "kafka1:9092", "--json").stdout)
        records += described["records"]
    assert records == messages
