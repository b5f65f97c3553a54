"""The source document's scenario without its containers: two chat services, two masters, three brokers; each service logs
where in Kafka is what it caused."""

import json
import pathlib

import pytest

from support.chat import Chat
from support.connect_face import Face
from support.masters import WalOracle
from support.tandem import ROOT, command
from support.waiting import wait_until

SCHEMA = pathlib.Path(ROOT / "tools/chat/schema.sql").read_text()
NAME = "황보규민"
PLACE = r"user \"aa\": topic (\S+), partition (\d+), offset (\d+)"


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


@pytest.fixture
def chats(servers, pair, kafka, request):
    """Not started: `topics` of the test's own."""
    made = []

    def make(*topics):
        for number, database in enumerate(pair.both, 1):
            made.append(Chat(f"chat{number}", number, database, "--brokers", kafka.bootstrap,
                             *(part for topic in topics for part in ("--topic", topic)), workspace=servers.workspace))
        return made
    yield make
    for each in made:
        each.close()


def record_at(kafka, topic, partition, offset):
    return next(record for record in kafka.admin.read(topic, partition) if record["offset"] == offset)


def tailed(kafka, topic, partition, offset):
    """What `tandem topic tail` shows there."""
    done = command("topic", "tail", "--brokers", kafka.bootstrap, topic, "-p", str(partition), "-o", str(offset), "-n", "1", "--json")
    assert done.status == 0, done
    return json.loads(done.out)


def place_in(log):
    return log[1], int(log[2]), int(log[3])


def test_the_log_names_topic_partition_and_offset(pair, chats, kafka):
    first, second = chats("chatlog.*")
    pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", "chatlog", deadline=60)
    for each in (first, second):
        each.start()
        each.wait_log(r"reading topic chatlog\.[ab], partition 0, from offset \d+")
    assert first.must("POST", "/chat/user", {"userId": "aa", "userName": NAME}) == {"userId": "aa", "userName": NAME}
    topic, partition, offset = place_in(first.wait_log(PLACE))
    assert topic == "chatlog.a"
    value = json.loads(record_at(kafka, topic, partition, offset)["value"])
    assert (value["op"], value["after"]["user_id"], value["after"]["user_name"]) == ("c", "aa", NAME)
    shown = tailed(kafka, topic, partition, offset)
    assert shown["offset"] == offset and shown["value"]["after"]["user_name"] == NAME
    wait_until(lambda: pair.b.sql("SELECT user_id, user_name FROM chat_user") == [("aa", NAME)], 30, "the user at b")
    room_id = first.must("POST", "/chat/room", {"title": "로비"})["roomId"]
    first.wait_log(rf"room {room_id}: topic chatlog\.a, partition 0, offset \d+")
    wait_until(lambda: second.must("GET", "/chat/room"), 30, "the room at b")
    page = first.page(room_id)
    message = second.must("POST", "/chat/message", {"roomId": room_id, "userId": "aa", "body": "hello"})["id"]
    page.wait_body("hello", 30)
    second.wait_log(rf"message {message}: topic chatlog\.b, partition 0, offset \d+")
    pair.settle()
    assert ": topic" not in "".join(line for line in second.log_text().splitlines() if "user" in line)  # the other's are not its own


@pytest.mark.long
def test_brokers_go_and_come(pair, chats, kafka):
    first, _ = chats("chatgone.*")
    pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", "chatgone", deadline=60)
    first.start()
    first.wait_log(r"reading topic chatgone\.a, partition 0")
    kafka.kill(1, 2, 3)
    first.must("POST", "/chat/user", {"userId": "aa", "userName": NAME})  # the chat itself needs no Kafka
    first.wait_log("waiting for Kafka at ")
    kafka.restart(1, 2, 3)
    first.wait_log(PLACE, 60)
    wait_until(lambda: pair.b.sql("SELECT user_id FROM chat_user") == [("aa",)], 60, "the user at b")


def test_what_was_written_before_kafka_answered_is_named(pair, chats, kafka):
    first, _ = chats("chatearly.*")
    pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", "chatearly", deadline=60)
    pair.a.sql("INSERT INTO chat_user (user_id, user_name, node, seq) VALUES ('before', 'it', 'x', 1)")
    pair.settle()
    kafka.freeze(1, 2, 3)
    try:
        first.start()
        first.must("POST", "/chat/user", {"userId": "aa", "userName": NAME})
    finally:
        kafka.thaw(1, 2, 3)
    assert place_in(first.wait_log(PLACE, 60))[0] == "chatearly.a"


def test_topics_that_are_not_there_yet_are_read_from_their_beginning(pair, chats, kafka, servers):
    """As in the document: `tandem connect` in Connect's place, a source and the crossed sink for each master."""
    first, second = [each.start() for each in chats("chatc?.public.*", "chatca.public.*", "chatcb.public.*")]
    first.wait_log(r"waiting for topics chatc\?\.public\.\*, chatca\.public\.\*, chatcb\.public\.\*: they are not there yet")
    counters = [WalOracle(database) for database in pair.both]
    face = Face(kafka.bootstrap, servers.workspace).start()
    try:
        for name, of, other in (("chatca", pair.a, pair.b), ("chatcb", pair.b, pair.a)):
            face.create(f"source-{name}", {
                "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
                "database.hostname": "127.0.0.1", "database.port": str(of.cluster.port), "database.user": "postgres",
                "database.password": "password", "database.dbname": of.name, "database.server.name": name, "slot.name": name,
                "publication.name": name})
            face.create(f"sink-{name}", {
                "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "topics.regex": name + r"\.public\..*",
                "connection.url": f"jdbc:postgresql://127.0.0.1:{other.cluster.port}/{other.name}",
                "connection.username": "postgres", "connection.password": "password", "insert.mode": "upsert",
                "delete.enabled": "true", "primary.key.mode": "record_key", "table.name.format": "${source.table}"})
        face.wait_running("source-chatca", "source-chatcb")
        first.must("POST", "/chat/user", {"userId": "aa", "userName": NAME})
        topic, partition, offset = place_in(first.wait_log(PLACE, 60))
        assert topic == "chatca.public.chat_user"
        assert tailed(kafka, topic, partition, offset)["offset"] == offset
        wait_until(lambda: pair.b.sql("SELECT user_id, user_name FROM chat_user") == [("aa", NAME)], 60, "the user at b",
                   detail=face.explain)
        second.must("POST", "/chat/user", {"userId": "bb", "userName": "둘"})
        wait_until(lambda: pair.a.sql("SELECT user_id FROM chat_user ORDER BY 1") == [("aa",), ("bb",)], 60, "the second at a",
                   detail=face.explain)
        assert [counter.changes(("tandem_connect", "oracle")) for counter in counters] == [[("public.chat_user", "INSERT")]] * 2
        for name in ("chatca", "chatcb"):
            face.must("DELETE", f"/connectors/sink-{name}")
            face.must("DELETE", f"/connectors/source-{name}")
    finally:
        face.close()
        for counter in counters:
            counter.drop()
