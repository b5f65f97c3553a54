"""A process per site, with only Kafka between two masters; and instances that stand by."""

import time

import pytest

from support import masters
from support.tandem import Tandem, command
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id bigint PRIMARY KEY, v text, n integer NOT NULL DEFAULT 0, node text, seq bigint)"
USAGE, CHECK = 2, 4


class Site(Tandem):
    """`tandem run --node NAME=… --peer PEER`."""

    def __init__(self, pair, kafka, name, *arguments, init=False, log_name=None):
        super().__init__({name: getattr(pair, name)}, "--peer", "b" if name == "a" else "a", "--transport", "kafka",
                         "--brokers", kafka.bootstrap, "--topic-prefix", pair.prefix, *arguments,
                         workspace=pair.servers.workspace, init=init,
                         log_name=log_name or f"{pair.prefix}.{name}.{time.monotonic_ns()}.log")


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = f"s{abs(hash(request.node.name)) % 10**9}"
    fresh.sites = []
    yield fresh
    for site in fresh.sites:
        site.close()
    fresh.close()


def site(pair, kafka, name, *arguments, **how):
    pair.sites.append(Site(pair, kafka, name, *arguments, **how))
    return pair.sites[-1].start()


def both_nodes(pair, *words):
    return command(*words, "--node", f"a={pair.a.uri()}", "--node", f"b={pair.b.uri()}")


def both_sites(pair, kafka, *arguments, init=False):
    started = [site(pair, kafka, name, *arguments, init=init) for name in "ab"]
    for each in started:
        each.wait_streaming(deadline=60)
    return started


def write(pair, number, rows=50):
    for node, database in enumerate(pair.both):
        base = node * 1_000_000 + number * 1_000
        database.sql(f"INSERT INTO item SELECT {base} + i, 'v' || i, 0, '{'ab'[node]}', {base} + i "
                     f"FROM generate_series(1, {rows}) i;"
                     f"UPDATE item SET n = n + 1, seq = seq + 500 WHERE id BETWEEN {base} + 1 AND {base} + 10;"
                     f"DELETE FROM item WHERE id = {base} + 20")


def counted(pair):
    return [database.value("SELECT count(*) FROM item") for database in pair.both]


def test_only_kafka_is_between(pair, kafka):
    """Set up once with both databases in reach; then each site knows its own."""
    assert both_nodes(pair, "init").status == 0
    local = {database: masters.WalOracle(database) for database in pair.both}
    a, b = both_sites(pair, kafka)
    for number in range(3):
        write(pair, number)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert counted(pair) == [6 * 49] * 2
    assert [len(oracle.changes()) for oracle in local.values()] == [3 * 61 + 1] * 2, "nothing came back"
    assert set(a.status()["nodes"]) == {"a"} and set(b.status()["nodes"]) == {"b"}
    for each in (a, b):
        each.stop()
    write(pair, 3)
    both_sites(pair, kafka)
    pair.settle(deadline=60)
    pair.assert_equal()


def test_set_up_site_by_site(pair, kafka):
    """Neither site ever reaches the other's database: the stream's log says where it begins."""
    refused = command("init", "--node", f"a={pair.a.uri()}", "--peer", "b")
    assert refused.status == USAGE and "--first-sync none" in refused.err, refused
    write(pair, 0)
    pair.a.sql("TRUNCATE item")
    pair.b.sql("TRUNCATE item")
    a = site(pair, kafka, "a", "--first-sync", "none", init=True)
    a.wait_streaming("a:b", deadline=60)
    pair.a.sql("INSERT INTO item VALUES (1, 'before b was there')")
    b = site(pair, kafka, "b", "--first-sync", "none", init=True)
    b.wait_streaming(deadline=60)
    write(pair, 1)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert counted(pair) == [99] * 2
    for each in (a, b):
        each.stop()
    write(pair, 2)
    both_sites(pair, kafka)
    pair.settle(deadline=60)
    pair.assert_equal()


def test_killed_once_it_applied_what_a_new_sender_sent(pair, kafka):
    """Whose the applied is has to be known at the next start: the sender's start is older than what was applied."""
    assert both_nodes(pair, "init").status == 0
    a, b = both_sites(pair, kafka)
    write(pair, 0)
    pair.settle(deadline=60)
    b.stop()
    a.stop()
    a = site(pair, kafka, "a")
    wait_until(lambda: "sending from" in a.log_text(), 60, "a sends")
    for number in range(1, 6):
        write(pair, number)
    last = pair.a.value("SELECT max(id) FROM item WHERE id < 1000000")
    b = site(pair, kafka, "b")
    wait_until(lambda: pair.b.value("SELECT count(*) FROM item WHERE id = %s", last) == 1, 60, "applied at b", 0.001)
    b.kill9()
    site(pair, kafka, "b").wait_streaming(deadline=60)
    write(pair, 6)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert counted(pair) == [7 * 2 * 49] * 2


def test_a_site_ends_whose_peer_never_was(pair, kafka):
    """Its stream has no topics, and nobody will make them."""
    a = site(pair, kafka, "a", "--first-sync", "none", init=True)
    a.wait_streaming("a:b", deadline=60)
    a.stop()


def test_from_kafka_to_direct_and_back(pair, kafka):
    """Both transports go on where the other one stopped."""
    assert both_nodes(pair, "init").status == 0
    for number in range(2):
        sites = both_sites(pair, kafka)
        write(pair, 3 * number)
        pair.settle(deadline=60)
        for each in sites:
            each.stop()
        write(pair, 3 * number + 1)
        direct = pair.run(init=False)
        direct.wait_streaming()
        write(pair, 3 * number + 2)
        pair.settle(deadline=60)
        direct.stop()
    pair.assert_equal()
    assert counted(pair) == [12 * 49] * 2


def test_sites_of_different_policies_do_not_start(pair, kafka):
    assert both_nodes(pair, "init").status == 0
    site(pair, kafka, "a", "--conflict", "apply-remote")
    b = site(pair, kafka, "b")
    state = b.wait_state("a:b", "paused", deadline=60)
    assert "node a resolves conflicts by apply-remote, node b by last-update-wins" in state["reason"]


@pytest.mark.parametrize("arguments, words", [
    (("--peer", "a"), "--peer a: it is given with --node too"),
    (("--peer", "b", "--peer", "c"), "this version syncs two"),
    (("--peer", "B"), "node name 'B'"),
    (("--peer", "b", "--transport", "direct"), "--peer b needs --transport kafka"),
], ids=["itself", "three", "name", "direct"])
def test_wrong_arguments(pair, arguments, words):
    transport = () if "--transport" in arguments else ("--transport", "kafka", "--brokers", "127.0.0.1:1")
    done = command("run", "--node", f"a={pair.a.uri()}", *arguments, *transport, "--listen", "off")
    assert done.status == USAGE and words in done.err, done


def in_charge(instances):
    """Those of them that serve."""
    return [each for each in instances if each.running and each.state(each.direction_names()[0]) == "streaming"]


def seconds_until(condition, deadline, what):
    began = time.monotonic()
    wait_until(condition, deadline, what)
    return time.monotonic() - began


def test_a_standby_follows_a_killed_instance(pair, kafka):
    assert both_nodes(pair, "init").status == 0
    first, other = both_sites(pair, kafka)
    second = site(pair, kafka, "a")
    second.wait_state("a:b", "standby", deadline=60)
    assert second.state("b:a") == "standby"
    assert second.get("/readyz")[0] == 503
    write(pair, 0)
    pair.settle(deadline=60)
    assert first.state("a:b") == "streaming" and second.state("a:b") == "standby"
    write(pair, 1)
    first.kill9()
    assert seconds_until(lambda: in_charge([second]), 30, "the standby serves") < 5
    write(pair, 2)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert other.state("a:b") == "streaming"


def test_a_standby_follows_a_stopped_one_and_a_zombie_changes_nothing(pair, kafka):
    """SIGSTOP: its sessions stay and say nothing. What it still tries when it wakes is refused."""
    assert both_nodes(pair, "init").status == 0
    first, _ = both_sites(pair, kafka, "--batch-rows", "1")
    second = site(pair, kafka, "a", "--batch-rows", "1")
    second.wait_state("a:b", "standby", deadline=60)
    masters.audit(pair.a, "item")
    masters.audit(pair.b, "item")
    write(pair, 0, rows=400)
    first.freeze()
    assert seconds_until(lambda: in_charge([second]), 60, "the standby serves") < 15
    write(pair, 1)
    first.thaw()
    first.wait_state("a:b", "standby", deadline=60)
    write(pair, 2)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert second.state("a:b") == "streaming" and second.state("b:a") == "streaming"
    for database in pair.both:
        arrived = masters.audited(database, applied=True)
        assert len(arrived) == len(set(arrived)) > 0, "a change was applied twice"


def test_roles_change_again_and_again(pair, kafka):
    """Two instances of one site, killed in turn while rows are written on both masters."""
    assert both_nodes(pair, "init").status == 0
    site(pair, kafka, "b").wait_streaming("b:a", deadline=60)
    instances = [site(pair, kafka, "a") for _ in range(2)]
    for number in range(4):
        serving = wait_until(lambda: in_charge(instances), 30, "one of them serves")
        assert len(serving) == 1
        write(pair, number)
        serving[0].kill9()
        instances.remove(serving[0])
        instances.append(site(pair, kafka, "a"))
    pair.settle(deadline=60)
    pair.assert_equal()
    assert counted(pair) == [8 * 49] * 2


def test_a_lag_shows_at_both_sites_while_kafka_is_away(pair, kafka):
    assert both_nodes(pair, "init").status == 0
    a, b = both_sites(pair, kafka)
    write(pair, 0)
    pair.settle(deadline=60)

    def lags():
        return [each.direction("a:b")["lag_seconds"] for each in (a, b)]
    wait_until(lambda: max(lags()) < 1, 30, "no lag at either site", detail=a.explain)
    kafka.kill(1, 2, 3)
    write(pair, 1)
    wait_until(lambda: min(lags()) > 3, 60, "the lag at both sites", detail=b.explain)
    for each in (a, b):
        for direction in ("a:b", "b:a"):
            assert "Kafka" in each.wait_state(direction, "retrying", deadline=30)["reason"]
        assert each.get("/readyz")[0] == 503
    kafka.restart(1, 2, 3)
    pair.settle(deadline=120)
    wait_until(lambda: max(lags()) < 1, 60, "the lag is gone", detail=b.explain)
    for each in (a, b):
        each.wait_streaming(deadline=30)
        assert each.get("/readyz")[0] == 200
    pair.assert_equal()
    for each in (a, b):
        each.stop()
        sent, = [line for line in each.log_text().splitlines() if " sent, " in line]
        assert "124 changes in 4 transactions sent, " in sent
