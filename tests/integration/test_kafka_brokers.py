"""What the tests' own brokers and their Java side promise to the tests that stand on them."""

import pytest

from support.brokers import Kafka
from support.kafka_admin import Refused
from support.waiting import wait_until


@pytest.fixture(scope="module")
def kafka():
    cluster = Kafka().start()
    yield cluster
    cluster.close()


def values(records):
    return [record["value"] for record in records]


def test_records_come_back_as_they_were_written(kafka):
    admin = kafka.admin
    admin.create_topic("written", partitions=2)
    rows = [
        {"key": b"\0\xff", "value": b"", "headers": [("pos", b"1"), ("none", None), ("pos", b"2")], "timestamp": 5},
        {"key": None, "value": "ß".encode(), "headers": [], "timestamp": 4},
        {"key": b"k", "value": None, "headers": [("", b"")], "timestamp": 6},
    ]
    places = admin.produce("written", *({**row, "partition": 1} for row in rows))
    assert places == [(1, 0), (1, 1), (1, 2)]
    assert admin.read("written", 1) == [{"offset": at, **row} for at, row in enumerate(rows)]
    assert admin.read("written", 1, first=1, end=2) == [{"offset": 1, **rows[1]}]
    assert admin.read("written", 0) == [] and admin.offsets("written", 0) == (0, 0)


def test_an_aborted_transaction_leaves_its_records_and_a_marker(kafka):
    admin = kafka.admin
    admin.create_topic("ended")
    admin.produce("ended", {"value": b"a"}, end="abort")
    admin.produce("ended", {"value": b"c"}, end="commit")
    assert admin.offsets("ended") == (0, 4)
    assert [(record["offset"], record["value"]) for record in admin.read("ended")] == [(0, b"a"), (2, b"c")]
    assert values(admin.read("ended", committed=True)) == [b"c"]


def test_topics_are_changed_and_what_is_wrong_is_refused(kafka):
    admin = kafka.admin
    admin.create_topic("changed", factor=2, retention_ms=-1)
    assert len(admin.describe("changed")[0]["replicas"]) == 2
    admin.set_config("changed", cleanup_policy="compact", retention_ms=7000)
    assert admin.config("changed")["cleanup.policy"] == "compact"
    admin.set_config("changed", cleanup_policy="delete")
    admin.add_partitions("changed", 3)
    assert len(admin.describe("changed")) == 3
    admin.produce("changed", *({"value": b"%d" % n, "partition": 2} for n in range(4)))
    assert admin.delete_records("changed", 2, before=3) == 3
    assert values(admin.read("changed", 2)) == [b"3"] and admin.offsets("changed", 2) == (3, 4)
    with pytest.raises(Refused) as refused:
        admin.read("changed", 2, first=0)
    assert refused.value.kind == "OffsetOutOfRangeException"
    admin.delete_topic("changed")
    with pytest.raises(Refused) as refused:
        admin.describe("changed")
    assert refused.value.kind == "UnknownTopicOrPartitionException"


def test_another_node_leads_while_one_is_frozen_or_dead(kafka):
    kafka.admin.create_topic("led")
    first = kafka.leader_of("led")
    kafka.freeze(first)
    wait_until(lambda: kafka.leader_of("led") not in (first, None), 30, "another leader")
    kafka.admin.produce("led", {"value": b"1"})
    kafka.thaw(first)
    kafka.wait_in_sync("led")
    second = kafka.leader_of("led")
    kafka.kill(second)
    assert second not in kafka.running()
    wait_until(lambda: kafka.leader_of("led") not in (second, None), 30, "a third leader")
    kafka.admin.produce("led", {"value": b"2"})
    kafka.restart(second)
    kafka.wait_in_sync("led")
    assert values(kafka.admin.read("led")) == [b"1", b"2"]
    quorum = kafka.admin.quorum()
    assert quorum["leader"] in (1, 2, 3) and set(quorum["voters"]) == {1, 2, 3}


def test_a_wiped_cluster_is_another_at_the_same_addresses():
    """One node: quicker, and a cluster of one works too."""
    kafka = Kafka(nodes=1, settings={"message.max.bytes": "2000"}).start()
    try:
        kafka.admin.create_topic("gone")
        assert kafka.admin.config("gone")["max.message.bytes"] == "2000"
        kafka.admin.produce("gone", {"value": b"x"})
        kafka.stop()
        kafka.start()
        assert values(kafka.admin.read("gone")) == [b"x"]
        before = kafka.cluster_id, kafka.bootstrap
        kafka.wipe()
        assert kafka.cluster_id != before[0] and kafka.bootstrap == before[1]
        assert kafka.admin.topics() == [] and kafka.admin.brokers() == [1]
    finally:
        kafka.close()
