"""The same stack with `tandem run` where `tandem connect` was: nothing to register, transactions whole, conflicts decided."""

import json
import re

import pytest

from support import containers
from support.chat import Page
from support.chat_stack import CHAT, MASTERS, NAME, ask, both_have, healthy, masters_equal, sql, user
from support.waiting import wait_until

LOAD_SECONDS = 15
RATE = 300


@pytest.fixture(scope="module")
def stack():
    containers.build_stand_ins()
    containers.build_ours()
    made = containers.Compose(TANDEM_COMMAND="run", LOAD_RATE=str(RATE), LOAD_SECONDS=str(LOAD_SECONDS), LOAD_FLAGS="--seed=1")
    made.close()
    made.up()
    yield made
    made.close()


def ready(stack):
    wait_until(lambda: healthy(stack), 120, "both directions stream", every=0.5, detail=stack.explain)


def test_comes_up_by_itself_and_flows(stack):
    ready(stack)
    user(8080, "aa")
    both_have(stack, "SELECT user_id, user_name FROM chat_user", [["aa", NAME]])
    named = wait_until(lambda: re.search(r'user "aa": topic (\S+), partition (\d+), offset (\d+)', stack.logs("chat1")), 60,
                       "the service logs topic, partition and offset", detail=stack.explain)
    assert named[1] == "tandem.a"
    shown = json.loads(stack.exec("tandem", "tandem", "topic", "tail", named[1], "--brokers", "kafka1:9092", "-p", named[2], "-o", named[3],
                                  "-n", "1", "--json").stdout)
    assert shown["offset"] == int(named[3]) and shown["value"]["after"]["user_name"] == NAME


def test_under_load_with_conflicts_both_end_equal(stack):
    """The load writes to both masters, some to the same rows; meanwhile a page is open at each."""
    room = ask(8080, "POST", "/chat/room", {"title": "meanwhile"})[1]["roomId"]
    both_have(stack, "SELECT title FROM chat_room", [["meanwhile"]])
    pages = [Page(port, room) for port in CHAT.values()]
    stack.profiles = ["demo"]
    stack.up("load")
    for number in range(20):
        for port in CHAT.values():
            assert ask(port, "POST", "/chat/message", {"roomId": room, "userId": "aa", "body": f"{port} {number}"})[0] == 200
    for page in pages:
        page.wait(lambda page: len(page.messages) == 40, 60)
    wait_until(lambda: not stack.running("load"), LOAD_SECONDS + 60, "the load ends", every=0.5, detail=lambda: stack.logs("load"))
    assert stack.state("load")["State"]["ExitCode"] == 0, stack.logs("load")
    summary = json.loads([line for line in stack.logs("load").splitlines() if line.startswith("{")][-1])
    assert all(node["row_changes"] >= RATE * LOAD_SECONDS * 0.8 for node in summary.values()), summary
    masters_equal(stack)
    told = json.loads(stack.exec("tandem", "tandem", "status", "--json").stdout)["directions"]
    assert all(each["state"] == "streaming" and each["parked"] == 0 and each["applied"] > 1000 for each in told.values()), told
    assert sum(each["conflicts"] for each in told.values()) > 0


@pytest.mark.parametrize("who", [("chatting-db-1",), ("chatting-db-2",), ("kafka1", "kafka2", "kafka3"), ("tandem",)], ids="_".join)
def test_killed_and_back(stack, who):
    key = "k-" + "-".join(who)
    stack.kill(*who)
    for (service, port), master in zip(CHAT.items(), MASTERS):
        if master not in who:
            user(port, f"{key}-{port}")
    stack.start(*who)
    for port in CHAT.values():
        user(port, f"{key}-{port}")
    both_have(stack, f"SELECT user_id FROM chat_user WHERE user_id LIKE '{key}-80%' ORDER BY user_id",
              [[f"{key}-{port}"] for port in CHAT.values()], 120)
    ready(stack)


def test_two_users_of_one_name_are_one_conflict(stack):
    before = len(json.loads(conflicts(stack)))
    containers.podman("pause", stack.container("tandem"))
    for port, name in zip(CHAT.values(), ("first", "second")):
        user(port, "twice", name)
    containers.podman("unpause", stack.container("tandem"))
    both_have(stack, "SELECT user_name FROM chat_user WHERE user_id = 'twice'", [["second"]])
    wait_until(lambda: len(json.loads(conflicts(stack))) == before + 1, 30, "the first one is in the log of conflicts")
    masters_equal(stack)
    assert sql(stack, "chatting-db-1", "SELECT count(*) FROM tandem.parked") == [["0"]]


def conflicts(stack):
    done = stack.exec("tandem", "tandem", "conflict", "list", "--json", "-n", "0")
    found = json.loads(done.stdout)
    return json.dumps(found if isinstance(found, list) else found["conflicts"])
