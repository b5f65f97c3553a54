"""Two chat services with a database each, kept the same by `tandem run`: what is said at one shows at the other."""

import pathlib
import re
import subprocess

import pytest

from support import chat
from support.chat import Chat, Page
from support.connect_face import request
from support.tandem import ROOT
from support.waiting import wait_until

SCHEMA = pathlib.Path(ROOT / "tools/chat/schema.sql").read_text()
NAME = "황보규민"


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


@pytest.fixture
def chats(servers, pair):
    """One at each master, running; nothing syncs yet."""
    both = [Chat(f"chat{number}", number, database, workspace=servers.workspace).start()
            for number, database in enumerate(pair.both, 1)]
    yield both
    for each in both:
        each.close()


@pytest.fixture
def one(chats):
    return chats[0]


def user(at, user_id="aa", name=NAME):
    return at.must("POST", "/chat/user", {"userId": user_id, "userName": name})


def room(at, title="로비"):
    return at.must("POST", "/chat/room", {"title": title})["roomId"]


def say(at, room_id, body, user_id="aa"):
    return at.must("POST", "/chat/message", {"roomId": room_id, "userId": user_id, "body": body})["id"]


def test_what_is_said_at_one_shows_at_the_others_open_page(pair, chats):
    first, second = chats
    pair.run()
    assert user(first) == {"userId": "aa", "userName": NAME}
    wait_until(lambda: pair.b.sql("SELECT user_id, user_name, node FROM chat_user") == [("aa", NAME, "chat1")], 20, "the user at b")
    room_id = room(first)
    wait_until(lambda: [one["roomId"] for one in second.must("GET", "/chat/room")] == [room_id], 20, "the room at b")
    here, there = first.page(room_id), second.page(room_id)
    say(first, room_id, "안녕 <b>all</b>")
    there.wait_body("안녕 <b>all</b>")
    here.wait_body("안녕 <b>all</b>")
    assert next(iter(there.messages.values()))["userName"] == NAME
    say(second, room_id, "and back")
    here.wait_body("and back")
    there.wait_body("and back")
    assert here.bodies() == there.bodies() == ["안녕 <b>all</b>", "and back"]
    pair.settle()
    pair.assert_equal()
    assert pair.conflicts(pair.a) == pair.conflicts(pair.b) == []


def test_both_say_much_at_once(pair, chats):
    pair.run()
    user(chats[0])
    room_id = room(chats[0])
    pair.settle()
    pages = [each.page(room_id) for each in chats]
    for number in range(60):
        for each in chats:
            say(each, room_id, f"{each.name} {number}")
    for page in pages:
        page.wait(lambda page: len(page.messages) == 120)
    assert pages[0].bodies() == pages[1].bodies()
    pair.assert_equal()
    assert pair.conflicts(pair.a) == pair.conflicts(pair.b) == []


def test_rooms_made_at_both_at_once_are_two(pair, chats):
    pair.run()
    made = [room(each, f"{each.name} {number}") for number in range(5) for each in chats]
    assert len(set(made)) == 10
    pair.settle()
    pair.assert_equal("chat_room")
    assert pair.a.value("SELECT count(*) FROM chat_room") == 10


def test_a_page_shows_edits_deletes_and_new_names(pair, one):
    user(one)
    room_id = room(one)
    say(one, room_id, "first")
    page = one.page(room_id)
    page.wait_body("first")
    pair.a.sql("UPDATE chat_message SET body = 'second', likes = 3")
    page.wait_body("second")
    assert [each["likes"] for each in page.messages.values()] == [3]
    user(one, name="another")
    page.wait(lambda page: [each["userName"] for each in page.messages.values()] == ["another"])
    pair.a.sql("DELETE FROM chat_user")
    page.wait(lambda page: [each["userName"] for each in page.messages.values()] == [None])
    pair.a.sql("DELETE FROM chat_message")
    page.wait(lambda page: page.messages == {})


def test_a_page_shows_the_newest_200(pair, one):
    user(one)
    room_id = room(one)
    pair.a.sql("INSERT INTO chat_message SELECT n, %s, 'aa', 'm' || n, timestamptz '2023-01-15 09:00+09' + n * interval '1 s', "
               "0, NULL, 'x', n FROM generate_series(1, 500) AS n", room_id)
    page = one.page(room_id)
    page.wait(lambda page: len(page.messages) == 200)
    assert page.bodies() == [f"m{n}" for n in range(301, 501)]
    assert [each["body"] for each in one.must("GET", f"/chat/message?roomId={room_id}")] == page.bodies()
    say(one, room_id, "newest")
    page.wait_body("newest")
    page.wait(lambda page: len(page.messages) == 200)
    assert "m301" not in page.bodies()


def test_one_page_one_room(one):
    user(one)
    rooms = [room(one, title) for title in ("x", "y")]
    page = one.page(rooms[0])
    page.hear()
    page.open(rooms[1])
    assert page.hear() == {"type": "view", "roomId": rooms[1], "messages": [], "gone": []}
    say(one, rooms[0], "not here")
    say(one, rooms[1], "here")
    page.wait_body("here")
    assert page.bodies() == ["here"]


@pytest.mark.parametrize("path, content, status, why", [
    ("/chat/user", {"userId": "aa"}, 400, '"userName" is missing, or no string'),
    ("/chat/user", {"userId": "a" * 65, "userName": "n"}, 400, '"userId" has 65 characters, at most 64 are taken'),
    ("/chat/user", {"userId": "a", "userName": "n", "admin": True}, 400, 'unknown field "admin"; there are userId, userName'),
    ("/chat/user", b"userId=aa", 400, "the body is not a JSON object with userId, userName"),
    ("/chat/room", {"title": " "}, 400, '"title" is empty'),
    ("/chat/message", {"roomId": 99, "userId": "aa", "body": "b"}, 404, "there is no room 99; POST /chat/room makes one"),
    ("/chat/message", {"roomId": 1, "userId": "nobody", "body": "b"}, 404,
     'there is no user "nobody"; POST /chat/user makes one'),
    ("/chat/message", {"roomId": 1, "userId": "aa", "body": "b" * 4001}, 400, '"body" has 4001 characters, at most 4000 are taken'),
    ("/chat/user", b"{" + b" " * 70000 + b"}", 413, "the request's body is larger than 65536 bytes"),
    ("/chat/nothing", {}, 404, "there is nothing at this path"),
], ids=["field_missing", "too_long", "unknown_field", "no_json", "empty", "no_such_room", "no_such_user", "long_body", "large",
        "no_such_path"])
def test_refused_with_cause_and_cure(one, path, content, status, why):
    user(one)
    assert one.ask("POST", path, content) == (status, {"error_code": status, "message": why})
    assert one.ask("GET", "/chat/user") == (200, [{"userId": "aa", "userName": NAME}])


def test_other_methods_types_hosts_and_sites_are_refused(one):
    good = {"userId": "aa", "userName": "n"}
    assert one.ask("PUT", "/chat/user", good)[0] == 405
    assert one.ask("POST", "/", good)[0] == 405
    assert one.ask("POST", "/chat/user", good, Content_Type="text/plain")[0] == 415
    assert one.ask("POST", "/chat/user", good, Origin="http://evil.example")[0] == 403
    assert one.ask("GET", "/chat/user", Host="evil.example")[0] == 421
    assert one.ask("GET", "/chat/user") == (200, [])
    assert Page(one.port, headers=["Origin: http://evil.example"]).status == 403
    assert Page(one.port, path="/chat/other").status == 404
    assert Page(one.port, headers=[f"Origin: http://127.0.0.1:{one.port}"]).status == 101


def test_the_page_asks_nobody_else(one):
    for path, kind in (("/", "text/html"), ("/chat.js", "text/javascript"), ("/chat.css", "text/css"), ("/favicon.svg", "image/svg+xml")):
        status, headers, text = request(one.url, "GET", path)
        assert status == 200 and headers["Content-Type"].startswith(kind)
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert not re.search(r"(?<!xmlns=\")https?://", text) and " style=" not in text and "<script>" not in text


def test_a_page_that_says_nonsense_hears_why_and_one_that_says_much_is_closed(one):
    page = one.page()
    page.say({"type": "shout"})
    assert page.hear() == {"type": "refused", "message": '"type" is "open": there is nothing else to say'}
    page.say(b"\xff")
    assert page.hear() is None  # no text: the protocol ends it
    page = one.page()
    page.say(b'{"type":"' + b"x" * 2000 + b'"}')
    assert page.hear() is None
    assert one.answers("/readyz")


def test_the_database_goes_and_comes(pair, one):
    user(one)
    room_id = room(one)
    page = one.page(room_id)
    page.hear()
    pair.a.cluster.stop(mode="immediate")
    status, said = one.ask("POST", "/chat/message", {"roomId": room_id, "userId": "aa", "body": "lost"})
    assert status == 503 and said["message"].startswith("the database does not answer: ") and said["message"].endswith("try again")
    assert one.ask("GET", "/readyz")[0] == 503
    page.wait(lambda page: page.told[-1]["type"] == "away")
    pair.a.cluster.start()
    wait_until(lambda: one.answers("/readyz"), 20, "it is ready again")
    say(one, room_id, "found")
    page.wait_body("found")
    assert page.bodies() == ["found"]


def test_stopping_closes_pages(one):
    page = one.page()
    one.stop()
    assert page.hear() is None


def test_tables_are_awaited_or_made(servers):
    bare = servers.pair()
    waiting = Chat("waits", 3, bare.a, workspace=servers.workspace)
    making = Chat("makes", 4, bare.a, "--create", workspace=servers.workspace)
    try:
        waiting.start(ready=False)
        waiting.wait_log("waiting: the chat's tables are not in the database: start with --create, or load tools/chat/schema.sql")
        status, said = waiting.ask("GET", "/readyz")
        assert status == 503 and said["message"].startswith("the chat's tables are not in the database")
        making.start()
        wait_until(lambda: waiting.answers("/readyz"), 10, "the tables are seen")
        user(waiting)
    finally:
        waiting.close()
        making.close()
        bare.close()


def started(*arguments, **environment):
    return subprocess.run([chat.binary(), *arguments], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)


GOOD = ("--database", "postgresql://u:secret@127.0.0.1:1/x", "--instance", "c", "--number", "1")


@pytest.mark.parametrize("arguments, status, why", [
    (("--number", "16"), 2, "--number"),
    ((), 2, "--database is required"),
    ((*GOOD, "--listen", "0.0.0.0:0"), 2, "--insecure-listen permits it"),
    ((*GOOD, "--listen", "nowhere"), 2, "--listen takes ADDRESS:PORT"),
    ((*GOOD, "--listen", "nowhere:1"), 2, "nowhere is no IP address"),
    ((*GOOD[:2], "--instance", "A b", "--number", "1"), 2, "--instance takes 1 to 32 of a-z, 0-9, _ and -"),
    (("--database", "postgresql://u:secret@h:x/", *GOOD[2:]), 2, "--database: "),
    ((*GOOD, "--unknown"), 2, "--unknown"),
], ids=["number", "no_database", "open_to_others", "no_port", "no_address", "instance", "uri", "flag"])
def test_wrong_usage(arguments, status, why):
    done = started(*arguments)
    assert (done.returncode, done.stdout) == (status, ""), done
    assert done.stderr.startswith("error: ") and why in done.stderr
    assert "secret" not in done.stderr


def test_a_taken_port_names_its_holder(one):
    done = started(*GOOD, "--listen", f"127.0.0.1:{one.port}")
    assert done.returncode == 3
    assert f"process {one.process.pid} (tandem-chat) holds the port" in done.stderr


def test_passwords_are_not_logged(servers):
    secret = Chat("secret", 5, "postgresql://u:tellnobody@127.0.0.1:1/x", workspace=servers.workspace)
    try:
        secret.start(ready=False)
        secret.wait_log("waiting: the database does not answer: ")
        assert "tellnobody" not in secret.log_text()
        assert "tellnobody" not in str(secret.ask("GET", "/readyz"))
    finally:
        secret.close()
