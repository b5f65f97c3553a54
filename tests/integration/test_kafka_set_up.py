"""Streams that are set up anew where topics of an earlier set-up are, and pairs that meet in one topic."""

import json

import pytest

from support.long_tests import LONG
from support.tandem import Tandem, command
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id bigint PRIMARY KEY, v text, n integer NOT NULL DEFAULT 0, node text, seq bigint)"
LAYOUTS = ("ordered", "per-table")


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = f"u{abs(hash(request.node.name)) % 10**9}"
    fresh.sites = []
    yield fresh
    for site in fresh.sites:
        site.close()
    fresh.close()


@pytest.fixture
def other(servers):
    """Another pair of databases on the same servers."""
    fresh = servers.pair(SCHEMA)
    fresh.sites = []
    yield fresh
    for site in fresh.sites:
        site.close()
    fresh.close()


def through(kafka, prefix, *arguments):
    return "--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", prefix, *arguments


def run(pair, kafka, *arguments, prefix=None, init=True):
    return pair.tandem(*through(kafka, prefix or pair.prefix, *arguments), init=init).start()


def site(pair, kafka, name, *arguments, prefix=None, init=False):
    made = Tandem({name: getattr(pair, name)}, "--peer", "b" if name == "a" else "a",
                  *through(kafka, prefix or pair.prefix, *arguments), workspace=pair.servers.workspace, init=init,
                  log_name=f"{pair.prefix if prefix is None else prefix}.{pair.name}.{name}.log")
    pair.sites.append(made)
    return made.start()


def both_nodes(pair, *words):
    done = command(*words, "--node", f"a={pair.a.uri()}", "--node", f"b={pair.b.uri()}")
    assert done.status == 0, done


def destroy(pair):
    both_nodes(pair, "destroy", "--yes")


def write(pair, number):
    for node, database in enumerate(pair.both):
        base = node * 1_000_000 + number * 1_000
        database.sql(f"INSERT INTO item SELECT {base} + i, 'v' || i FROM generate_series(1, 50) i;"
                     f"DELETE FROM item WHERE id = {base} + 20")


def count(pair):
    return [database.value("SELECT count(*) FROM item") for database in pair.both]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_set_up_anew_over_the_topics_of_before(pair, kafka, layout):
    """What the reason of a gap tells to do. Twice, since the first set-up's log is short."""
    for number in range(3):
        instance = run(pair, kafka, "--topics", layout).wait_streaming(deadline=60)
        write(pair, number)
        pair.settle(deadline=60)
        pair.assert_equal()
        instance.stop()
        instance = run(pair, kafka, "--topics", layout, init=False).wait_streaming(deadline=60)
        pair.b.sql("DELETE FROM item WHERE id = %s", number * 1_000 + 1)  # comes back where old records are applied
        pair.settle(deadline=60)
        instance.stop()
        destroy(pair)
    assert count(pair) == [3 * 2 * 49 - 3] * 2
    pair.assert_equal()


def test_set_up_anew_at_each_site(pair, kafka):
    """Neither hears of the other but through Kafka, where the first set-up's records still are."""
    for number in range(2):
        sites = [site(pair, kafka, name, "--first-sync", "none", init=True) for name in "ab"]
        for each in sites:
            each.wait_streaming(deadline=60)
        write(pair, number)
        pair.settle(deadline=60)
        pair.b.sql("DELETE FROM item WHERE id = %s", number * 1_000 + 1)
        pair.settle(deadline=60)
        pair.assert_equal()
        for each in sites:
            each.stop()
        for name in "ab":
            done = command("destroy", "--yes", "--node", f"{name}={getattr(pair, name).uri()}")
            assert done.status == 0, done
    assert count(pair) == [2 * 2 * 49 - 2] * 2


def test_a_site_that_was_set_up_anew_alone_is_told_to_wait(pair, kafka):
    """Node a's stream is of its first set-up: its rows are nothing for the second one of node b."""
    sites = [site(pair, kafka, name, "--first-sync", "none", init=True) for name in "ab"]
    for each in sites:
        each.wait_streaming(deadline=60)
    write(pair, 0)
    pair.settle(deadline=60)
    sites[1].stop()
    pair.a.sql("INSERT INTO item VALUES (77, 'not for the second set-up')")
    done = command("destroy", "--yes", "--node", f"b={pair.b.uri()}")
    assert done.status == 0, done
    anew = site(pair, kafka, "b", "--first-sync", "none", init=True)
    state = anew.wait_state("a:b", "retrying", deadline=60)
    assert "node a has not yet said where its stream to this set-up of node b begins" in state["reason"]
    wait_until(lambda: any("another set-up of node b" in text for text in sites[0].status()["warnings"]), 30,
               "node a tells of it", detail=sites[0].explain)
    assert pair.b.value("SELECT count(*) FROM item WHERE id = 77") == 0
    state = sites[0].wait_state("b:a", "gap", deadline=60)
    assert "node b was set up anew" in state["reason"]


@pytest.mark.parametrize("layout", LAYOUTS if LONG else LAYOUTS[:1])
def test_another_pair_is_kept_out_of_the_topics(pair, other, kafka, layout):
    """The same names and prefix for other databases: named, and nothing of either is in the other."""
    first = run(pair, kafka, "--topics", layout).wait_streaming(deadline=60)
    write(pair, 0)
    pair.settle(deadline=60)
    stray = run(other, kafka, "--topics", layout, prefix=pair.prefix)
    state = stray.wait_state("a:b", "paused", deadline=60)
    for words in (f"topic {pair.prefix}.a holds the stream of database {pair.a.name} ", f"and this is database {other.a.name} ",
                  "another --topic-prefix"):
        assert words in state["reason"], state
    other.a.sql("INSERT INTO item VALUES (5, 'of the other pair')")
    write(pair, 1)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert first.state("a:b") == first.state("b:a") == "streaming"
    assert count(pair) == [2 * 2 * 49] * 2 and count(other) == [1, 0]
    stray.stop()
    run(other, kafka, "--topics", layout, prefix=pair.prefix + "x", init=False).wait_streaming(deadline=60)
    other.settle(deadline=60)
    assert count(other) == [1, 1]


def test_another_database_alone_gets_nothing(pair, other, kafka):
    """A site that takes the prefix of a pair: the stream of that name has its reader."""
    sites = [site(pair, kafka, name, "--first-sync", "none", init=True) for name in "ab"]
    for each in sites:
        each.wait_streaming(deadline=60)
    write(pair, 0)
    pair.settle(deadline=60)
    stray = site(other, kafka, "b", "--first-sync", "none", init=True, prefix=pair.prefix)
    state = stray.wait_state("a:b", "retrying", deadline=60)
    assert "node a has not yet said where its stream to this set-up of node b begins" in state["reason"]
    write(pair, 1)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert count(other) == [0, 0]
    assert other.b.value("SELECT count(*) FROM tandem.parked") == 0


@pytest.mark.parametrize("sites", [False, True], ids=["one_process", "a_process_per_site"])
def test_a_policy_can_be_changed(pair, kafka, sites):
    """Both read the starts of before, which name the other one."""
    def serve(*arguments):
        if sites:
            return [site(pair, kafka, name, *arguments) for name in "ab"]
        return [run(pair, kafka, *arguments, init=False)]
    both_nodes(pair, "init")
    for number, policy in enumerate(("apply-remote", "last-update-wins", "apply-remote")):
        instances = serve("--conflict", policy)
        for each in instances:
            each.wait_streaming(deadline=60)
        write(pair, number)
        pair.settle(deadline=60)
        for each in instances:
            each.stop()
    pair.assert_equal()
    assert count(pair) == [3 * 2 * 49] * 2


def test_a_corrected_policy_is_taken(pair, kafka):
    """One site was started with another policy, which the other one refused."""
    both_nodes(pair, "init")
    wrong = site(pair, kafka, "a", "--conflict", "apply-remote")
    b = site(pair, kafka, "b")
    b.wait_state("a:b", "paused", deadline=60)
    write(pair, 0)
    wrong.stop()
    b.stop()
    sites = [site(pair, kafka, name) for name in "ab"]
    for each in sites:
        each.wait_streaming(deadline=60)
    pair.settle(deadline=60)
    pair.assert_equal()


def test_a_forged_progress_moves_nothing(pair, kafka):
    instance = run(pair, kafka).wait_streaming(deadline=60)
    write(pair, 0)
    pair.settle(deadline=60)
    topic = f"{pair.prefix}.a.progress"
    told = wait_until(lambda: kafka.admin.read(topic), 30, "node b has told how far it is")[-1]
    forged = dict(json.loads(told["value"]), durable="FFFFFFF/FFFFFFFF")
    kafka.admin.produce(topic, {"key": b"b", "value": json.dumps(forged).encode(), "partition": 0})
    wait_until(lambda: any("tells of a position beyond" in text for text in instance.status()["warnings"]), 30,
               "the record is refused", detail=instance.explain)
    write(pair, 1)
    pair.settle(deadline=60)
    assert pair.a.value("SELECT bool_and(confirmed_flush_lsn <= pg_current_wal_lsn()) FROM pg_replication_slots")
    instance.stop()
    run(pair, kafka, init=False).wait_streaming(deadline=60)
    write(pair, 2)
    pair.settle(deadline=60)
    pair.assert_equal()


@pytest.mark.parametrize("confirm", ["applied", "kafka"])
def test_a_topic_that_became_unsafe_while_it_ran_is_told(pair, kafka, confirm):
    instance = run(pair, kafka, "--confirm", confirm).wait_streaming(deadline=60)
    write(pair, 0)
    pair.settle(deadline=60)
    topic = f"{pair.prefix}.a"
    words = f"topic {topic} has min.insync.replicas=1 and should have 2"
    kafka.admin.set_config(topic, **{"min.insync.replicas": "1"})
    if confirm == "kafka":
        state = instance.wait_state("a:b", "paused", deadline=60)
        assert words in state["reason"]
        return
    wait_until(lambda: any(words in text for text in instance.status()["warnings"]), 60, "a warning", detail=instance.explain)
    write(pair, 1)
    pair.settle(deadline=60)
    pair.assert_equal()
