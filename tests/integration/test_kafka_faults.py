"""What can happen to Kafka, and to tandem before it, while applications write on both masters.

Afterwards masters are equal, every transaction and change is there once, in order, no sum was ever seen that no
commit made, and nothing went back to where it came from (tests/support/kafka_load.py holds the oracles). Nothing
is done by hand, but where a fault stops by design: then the reason names topic and cure.
"""

import json
import os
import random
import re
import time

import pytest

from support.brokers import Kafka
from support.inflight import batch_in_flight
from support.kafka_load import LoadedPair
from support.long_tests import LONG
from support.waiting import holds_for, wait_until

KILLS = int(os.environ.get("TANDEM_TEST_KILLS", "10"))
FROZEN_SECONDS = float(os.environ.get("TANDEM_TEST_FROZEN_SECONDS", "20"))
FORGED = int(os.environ.get("TANDEM_TEST_FORGED", "2000"))
ROUNDS = int(os.environ.get("TANDEM_TEST_ROUNDS", "1"))  # of the faults that tandem heals by itself
SEED = int(os.environ.get("TANDEM_TEST_SEED", "0")) or random.randrange(1, 1 << 30)
COUNTS = {"kills": 0, "in_flight": 0, "faults": 0, "forged": 0, "transactions": 0, "changes": 0, "seed": SEED}

# Old segments go while the test looks; a frozen broker outlasts the server's patience with a silent client.
BROKER_SETTINGS = {"log.retention.check.interval.ms": "500", "log.segment.delete.delay.ms": "100"}
SETTINGS = {"wal_sender_timeout": "5s"}
MEMORY_MOST = 256 << 20  # bytes
# Half a megabyte a row: together more than that.
BULK_ROWS = 600
BULK = "INSERT INTO note VALUES ('bulk', %s, 1, now(), to_jsonb(repeat(md5(random()::text), 16000)))"


@pytest.fixture(scope="module", autouse=True)
def record(request):
    yield
    path = os.environ.get("TANDEM_TEST_COUNTS")
    if path:
        with open(path, "a", encoding="utf-8") as out:
            out.write(json.dumps({request.module.__name__: COUNTS}) + "\n")


@pytest.fixture(scope="module")
def kafka():
    cluster = Kafka(settings=BROKER_SETTINGS).start()
    yield cluster
    cluster.close()


@pytest.fixture
def loaded(servers, kafka):
    fresh = LoadedPair(servers, kafka, SEED)
    yield fresh
    kafka.thaw(*kafka.running())  # whatever a failed test has left frozen or dead
    kafka.start()
    fresh.close()


def finish(loaded, **how):
    for key, value in loaded.finish(**how).items():
        COUNTS[key] += value


def away(kafka, topic):
    """The node that leads the topic and another one, in this order."""
    leader = kafka.leader_of(topic)
    return leader, leader % 3 + 1


# --- brokers ------------------------------------------------------------------------------------------
def leader_killed(loaded, running):
    leader, _ = away(loaded.kafka, loaded.topics[0])
    loaded.kafka.kill(leader)
    running.until_more(50)
    loaded.passes()  # the other two go on
    loaded.kafka.restart(leader)


def leader_frozen(loaded, running):
    leader, _ = away(loaded.kafka, loaded.topics[0])
    loaded.kafka.freeze(leader)
    running.until_more(50)
    loaded.passes()
    loaded.kafka.thaw(leader)


def all_killed(loaded, running):
    loaded.kafka.kill(1, 2, 3)
    running.until_more(50)
    loaded.kafka.restart(1, 2, 3)


def controllers_lost(loaded, running):
    """Two of three: nobody leads the controllers, nobody can be elected, and nothing is acknowledged."""
    two = away(loaded.kafka, loaded.topics[0])
    loaded.kafka.kill(*two)
    running.until_more(100)
    loaded.kafka.restart(*two)


def too_few_in_sync(loaded, running):
    """The leader refuses what it cannot replicate."""
    for topic in loaded.topics:
        loaded.kafka.admin.set_config(topic, min_insync_replicas=3)
    _, other = away(loaded.kafka, loaded.topics[0])
    loaded.kafka.kill(other)
    wait_until(lambda: all(len(loaded.kafka.admin.describe(topic)[0]["isr"]) == 2 for topic in loaded.topics),
               30, "two replicas in sync")
    running.until_more(100)
    loaded.kafka.restart(other)


# --- what a topic holds -------------------------------------------------------------------------------
def topics_deleted(loaded, running):
    for topic in loaded.topics:
        loaded.kafka.admin.delete_topic(topic)
        running.until_more(20)


def progress_deleted(loaded, running):
    """How far readers have come is told again."""
    for topic in loaded.topics:
        loaded.kafka.admin.delete_topic(f"{topic}.progress")
        running.until_more(20)


def topics_made_anew(loaded, running):
    """By hand, at a moment when tandem does not see them go."""
    instance = loaded.instance
    instance.freeze()
    for topic in loaded.topics:
        loaded.kafka.admin.delete_topic(topic)
        loaded.kafka.admin.create_topic(topic, partitions=1, factor=3)
    running.until_more(20)
    instance.thaw()


def topics_cut(loaded, running):
    """All that is there is deleted: some of it before it was read."""
    for _ in range(5):
        for topic in loaded.topics:
            loaded.kafka.admin.delete_records(topic, 0, -1)
        running.until_more(20)


def wiped(loaded, _running):
    loaded.kafka.wipe()


def wiped_while_stopped(loaded, running):
    loaded.instance.kill9()
    loaded.kafka.wipe()
    running.until_more(20)
    loaded.instance.start()


SAMPLE = (leader_killed, all_killed, topics_made_anew, topics_cut, wiped)
HEALED = SAMPLE if not LONG else (
    leader_killed, leader_frozen, all_killed, controllers_lost, too_few_in_sync, topics_deleted, progress_deleted,
    topics_made_anew, topics_cut, wiped, wiped_while_stopped)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("fault", HEALED, ids=lambda fault: fault.__name__)
def test_it_heals_by_itself(loaded, fault):
    instance = loaded.run()
    with loaded.load() as running:
        for _ in range(ROUNDS):
            running.until_more(50)
            fault(loaded, running)
            loaded.passes(deadline=120)
            running.until_more(20)
            COUNTS["faults"] += 1
    finish(loaded)
    assert instance.running
    instance.wait_streaming()


if LONG:
    def test_every_broker_is_frozen(loaded):
        """Nobody answers, connections stay: slots stay in the hands of the same sessions, and memory has a bound."""
        instance = loaded.run("--queue-bytes", "16M", "--batch-bytes", "4M", one_by_one=False)
        with loaded.load() as running:
            running.until_more(50)
            sessions = [loaded.pair.slot(database)["active_pid"] for database in loaded.pair.both]
            loaded.kafka.freeze(1, 2, 3)
            until = time.monotonic() + FROZEN_SECONDS
            for number in range(BULK_ROWS):
                loaded.pair.a.sql(BULK, number)
            holds_for(lambda: [loaded.pair.slot(database)["active_pid"] for database in loaded.pair.both] == sessions,
                      max(0, until - time.monotonic()), "the same sessions read both slots")
            loaded.kafka.thaw(1, 2, 3)
            loaded.passes(deadline=120)
            running.until_more(20)
        finish(loaded)
        assert instance.rss_peak() < MEMORY_MOST
        COUNTS["faults"] += 1


def test_retention_ends_before_the_reader_is_back(servers, loaded):
    """What was written while the reader's master was down is gone from Kafka, and comes again from the slot."""
    instance = loaded.run()
    topic, admin = loaded.topics[0], loaded.kafka.admin
    with loaded.load(with_bank=False) as running:
        running.until_more(50)
        servers.b.stop()
        admin.set_config(topic, retention_ms=500, segment_ms=200)
        _, first = admin.offsets(topic)
        wait_until(lambda: admin.offsets(topic)[0] > first, 60, "what was written meanwhile is gone")
        admin.set_config(topic, retention_ms=None, segment_ms=None)
        servers.b.start()
        loaded.passes(deadline=120)
        running.until_more(20)
    finish(loaded)
    assert instance.running
    COUNTS["faults"] += 1


@pytest.mark.parametrize("layout", ["ordered", "per-table"] if LONG else ["ordered"])
def test_confirmed_by_kafka(servers, loaded, layout):
    """--confirm kafka: what Kafka has is let go by the slot though the peer is down, and nothing before Kafka has it."""
    instance = loaded.run("--confirm", "kafka", "--topics", layout)
    a, kafka = loaded.pair.a, loaded.kafka

    def confirmed(lsn):
        return a.value("SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name LIKE "
                       "'tandem%%' AND database = current_database()", lsn)
    with loaded.load(with_bank=False) as running:
        running.until_more(50)
        servers.b.stop()
        running.until_more(20)
        written = a.value("SELECT pg_current_wal_lsn()")
        wait_until(lambda: confirmed(written), 60, "the slot has moved on")
        kafka.freeze(1, 2, 3)
        running.until_more(20)
        written = a.value("SELECT pg_current_wal_lsn()")
        holds_for(lambda: not confirmed(written), 3, "what Kafka does not have stays in the slot")
        kafka.thaw(1, 2, 3)
        wait_until(lambda: confirmed(written), 60, "the slot has moved on again")
        instance.kill9()
        kafka.kill(1, 2, 3)
        kafka.restart(1, 2, 3)
        servers.b.start()
        instance.start()
        loaded.passes(deadline=120)
    finish(loaded)
    COUNTS["faults"] += 1


@pytest.mark.parametrize("layout", ["ordered", "per-table"] if LONG else ["ordered"])
def test_what_only_kafka_had_is_a_gap(servers, loaded, layout):
    """--confirm kafka, and Kafka is wiped before the peer has read it: that cannot be healed, and is said by name."""
    instance = loaded.run("--confirm", "kafka", "--topics", layout)
    pair = loaded.pair
    pair.a.sql("INSERT INTO ledger VALUES ('a', 1, 0)")
    loaded.passes()
    servers.b.stop()
    pair.a.sql("INSERT INTO ledger VALUES ('a', 2, 0)")
    written = pair.a.value("SELECT pg_current_wal_lsn()")
    wait_until(lambda: pair.a.value("SELECT %s::pg_lsn <= %s::pg_lsn", written, pair.slot(pair.a)["confirmed_flush_lsn"]),
               60, "the slot has moved on")
    loaded.kafka.wipe()
    servers.b.start()
    reason = instance.wait_state("a:b", "gap", deadline=120)["reason"]
    found = re.search(r"changes of node a after (\S+) up to (\S+) are neither in its slot nor in topic (\S+):", reason)
    assert found, reason
    assert found[1] == pair.b.value("SELECT greatest(applied_lsn, safe_lsn, start_lsn) FROM tandem.progress WHERE stream = 'a'")
    assert pair.a.value("SELECT %s::pg_lsn >= %s::pg_lsn", found[2], written)
    assert found[3] == loaded.topics[0] and "`tandem verify`" in reason and "`tandem destroy --yes`" in reason
    pair.settle(pair.b, deadline=60)  # the other direction goes on
    COUNTS["faults"] += 1


# --- tandem -------------------------------------------------------------------------------------------
def test_stopped_while_nobody_acknowledges(loaded):
    """SIGTERM with all brokers frozen, and with all of them dead: a clean end in time, and nothing is lost by it."""
    instance = loaded.run()
    kafka = loaded.kafka
    with loaded.load(with_bank=False) as running:
        for away, back in ((kafka.freeze, kafka.thaw), (kafka.kill, kafka.restart)):
            running.until_more(20)
            away(1, 2, 3)
            running.until_more(20)
            instance.stop()
            assert re.search(r"topic \S+: \d+ records were not acknowledged within 5 s", instance.log_text())
            running.until_more(20)
            back(1, 2, 3)
            instance.start().wait_streaming(deadline=60)
        loaded.passes(deadline=120)
    finish(loaded)
    COUNTS["faults"] += 1


def test_no_topic_is_made_while_a_broker_is_away(loaded):
    """It would have too few replicas for ever."""
    kafka = loaded.kafka
    kafka.kill(3)
    kafka.wait_missed()
    instance = loaded.tandem().start()
    reason = instance.wait_state("a:b", "retrying", deadline=60)["reason"]
    assert f"creating topic {loaded.topics[0]}: it is to have 3 replicas, and only 2 of the 3 brokers" in reason
    kafka.restart(3)
    instance.wait_streaming(deadline=60)
    loaded.passes()
    for topic in (*loaded.topics, *(f"{each}.progress" for each in loaded.topics)):
        assert len(kafka.admin.describe(topic)[0]["replicas"]) == 3
        assert kafka.admin.config(topic)["min.insync.replicas"] == "2"
    COUNTS["faults"] += 1


@pytest.mark.sampled(1)
@pytest.mark.parametrize("how", ["one_process", "a_process_per_site"] + (["confirmed_by_kafka"] if LONG else []))
def test_killed_at_random_moments(loaded, how):
    chance = random.Random(f"{SEED}-{how}")
    pair = loaded.pair
    if how == "one_process":
        victims = [(loaded.run(one_by_one=False), pair.both)]
    elif how == "confirmed_by_kafka":
        victims = [(loaded.run("--confirm", "kafka", one_by_one=False), pair.both)]
    else:
        victims = list(zip(loaded.run_sites(), ([pair.a], [pair.b])))
    landed, settled = 0, True
    kills = KILLS * (len(victims) if LONG else 1)  # so many on each side; here half of them where the sides are two
    with loaded.load(pause=0.0) as running:
        for number in range(kills):
            instance, databases = victims[number % len(victims)]
            running.until_more(chance.randint(10, 100))
            instance.freeze()
            # A moment with nothing on its way shows little: the next one is taken instead.
            while settled and not batch_in_flight(databases):
                instance.thaw()
                running.until_more(chance.randint(1, 10))
                instance.freeze()
            landed += batch_in_flight(databases)
            instance.kill9()
            instance.start()
            # Some kills come while it is still starting, most while it streams.
            settled = chance.random() < 0.8
            if settled:
                instance.wait_streaming()
    COUNTS["kills"] += kills
    COUNTS["in_flight"] += landed
    finish(loaded, deadline=180)
    assert landed > 0, f"none of {kills} kills landed with a batch in flight (seed {SEED})"


def test_a_second_instance_takes_over(loaded):
    """Within 15 s of one that is stopped, and wakes again, and within 5 s of one that is killed."""
    first = loaded.run()
    with loaded.load() as running:
        running.until_more(50)
        second = loaded.tandem().start()
        second.wait_state("a:b", "standby")
        running.until_more(20)
        first.freeze()
        second.wait_streaming(deadline=15)
        running.until_more(20)
        first.thaw()
        first.wait_state("a:b", "standby")
        loaded.passes()
        second.kill9()
        first.wait_streaming(deadline=5)
        running.until_more(20)
    finish(loaded)
    COUNTS["faults"] += 1


# --- what is none of ours ------------------------------------------------------------------------------
def forged(chance, genuine):
    """A record of the stream with a fault in it. Who can write what is none of them is for Kafka's rights to say."""
    headers = list(genuine["headers"])
    record = {"key": genuine["key"], "value": genuine["value"], "headers": headers, "partition": 0}
    names = [name for name, _ in headers]

    def other(name, value):
        if name in names:
            headers[names.index(name)] = (name, value)
    noise = chance.randbytes(chance.randint(0, 40))
    kind = chance.randrange(9)
    if kind == 0:
        return {"key": noise or None, "value": chance.randbytes(chance.randint(0, 400)), "partition": 0}
    if kind == 1 and headers:
        del headers[chance.randrange(len(headers))]
    elif kind == 2 and headers:
        headers.append(chance.choice(headers))
    elif kind == 3:
        headers.append((f"tandem.{chance.randint(0, 99)}", noise))
    elif kind == 4:
        other("tandem.stream", noise)
    elif kind == 5:
        other("origin", chance.choice([b"b", noise]))
    elif kind == 6:
        other(chance.choice(names) if names else "", b"\xff" + noise)
    elif kind == 7:
        other("tandem.epoch", str(chance.randint(1000, 9999)).encode())
        if "tandem.note" in names:  # a start is what one believes
            headers.pop(names.index("tandem.note"))
    return record  # 8: word for word what was there before


def test_garbage_and_forged_records(loaded):
    chance = random.Random(SEED)
    instance = loaded.run()
    admin = loaded.kafka.admin
    with loaded.load() as running:
        running.until_more(50)
        loaded.passes()  # both topics have records to forge
        made = 0
        while made < FORGED:
            for topic in loaded.topics:
                first, end = admin.offsets(topic)
                genuine = admin.read(topic, 0, first=max(first, end - 50), end=end)
                records = [forged(chance, chance.choice(genuine)) for _ in range(250)]
                admin.produce(topic, *records)
                made += len(records)
        running.until_more(50)
        loaded.passes(deadline=120)
    finish(loaded, forged=True)
    assert instance.running
    assert ": passed over: " in instance.log_text()
    COUNTS["forged"] += made


# --- by design these stop ------------------------------------------------------------------------------
def more_partitions(admin, topic):
    admin.add_partitions(topic, 2)


def compacted(admin, topic):
    admin.set_config(topic, cleanup_policy="compact")


STOPPED = {
    "more_partitions": (more_partitions, lambda admin, topic: admin.delete_topic(topic),
                        ("has 2 partitions and must have 1", "delete it")),
    "compacted": (compacted, lambda admin, topic: admin.set_config(topic, cleanup_policy="delete"),
                  ("has cleanup.policy=compact and must have delete", "set it, then start tandem again")),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("fault, confirm, known", [("more_partitions", "applied", "node b has"),
                                                   ("compacted", "kafka", "Kafka has acknowledged")])
@pytest.mark.parametrize("when", ["while_it_runs", "while_it_is_stopped"] if LONG else ["while_it_runs"])
def test_it_stops_and_says_what_to_do(loaded, fault, confirm, known, when):
    break_it, mend_it, said = STOPPED[fault]
    topic, admin = loaded.topics[0], loaded.kafka.admin
    instance = loaded.run("--confirm", confirm)
    with loaded.load() as running:
        running.until_more(20)
        if when == "while_it_is_stopped":
            instance.stop()
        break_it(admin, topic)
        if when == "while_it_is_stopped":
            instance.start()
        reason = instance.wait_state("a:b", "paused", deadline=60)["reason"]
        for part in (f"topic {topic} ", *said):
            assert part in reason
        upto, now = re.search(rf"; {known} everything up to (\S+), what comes after it \(node a is at (\S+)\) waits in "
                              r"replication slot tandem_a_b_\d+$", reason).groups()
        assert loaded.pair.a.value(f"SELECT '{upto}'::pg_lsn < '{now}'::pg_lsn")
        loaded.pair.settle(loaded.pair.b, deadline=60)  # the other direction goes on
        instance.stop()
        mend_it(admin, topic)
        instance.start().wait_streaming()
        running.until_more(20)
    finish(loaded)
    COUNTS["faults"] += 1
