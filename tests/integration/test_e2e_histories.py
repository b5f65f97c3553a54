"""Randomized histories of two masters, direct: eight applications on each, few keys, clocks apart, faults; judged by an
oracle that shares no code with tandem (tests/support/history_oracle.py says what is right, history_scripts.py what is left out)."""

import collections

import pytest

from support import masters
from support.histories import Run, check, seeds, tell
from support.history_oracle import judge
from support.history_scripts import plan

COUNTS = collections.Counter()


@pytest.fixture(scope="module", autouse=True)
def record(request):
    yield
    tell(request.module.__name__, COUNTS)


@pytest.fixture(scope="module")
def apart():
    both = masters.Servers("histories", own_clocks=True, clocks_at_once=False)
    yield both
    both.close()


@pytest.mark.parametrize("seed", seeds(12))
def test_a_history_ends_as_last_update_wins_must(apart, seed):
    counted = check(apart, plan(seed), counts=COUNTS)
    assert counted["transactions"] > 100, counted


@pytest.mark.parametrize("wins", ["a", "b"])
@pytest.mark.parametrize("seed", seeds(3))
def test_a_history_ends_as_node_wins_must(apart, seed, wins):
    made = plan(seed)
    made.wins = wins
    counted = check(apart, made, counts=COUNTS)
    assert counted["transactions"] > 100, counted


@pytest.fixture
def crossing(apart):
    """A calm history with a row whose writes have crossed: carried out with the arguments given."""
    calm = plan(seeds(1)[0])
    calm.gaps -= {"secondary_unique"}  # another policy resolves no collisions
    calm.faults, calm.skew, calm.arguments = [], 0, ()
    run = Run(apart, calm)

    def carried_out(*arguments):
        run.start(*arguments).carry_out()
        return run, run.cross("hot", 1)
    yield carried_out
    run.close()


def test_the_checker_finds_another_policy(crossing):
    """Whoever arrives last: that is not what must come of it."""
    _, history = crossing("--conflict", "apply-remote")
    found = judge(history)
    assert {"differ", "winner", "unlisted"} <= found.rules, found.found[:5]


def test_the_checker_finds_what_was_spoilt(crossing):
    """In the databases themselves: a line of the log, a write that came back, a row."""
    run, history = crossing()
    assert judge(history).found == []
    for instance in run.instances:
        instance.stop()
    b = run.pair.b
    b.sql("DELETE FROM tandem.conflict")
    assert judge(run.collect()).rules == {"unlisted"}
    with b.transaction() as cursor:
        cursor.execute("SELECT pg_replication_origin_create('spoiler'), pg_replication_origin_session_setup('spoiler')")
        cursor.execute("UPDATE hot SET seq = seq + 1 WHERE id = (SELECT min(id) FROM hot) RETURNING 1")
        assert cursor.fetchall() == [(1,)]
    assert judge(run.collect()).rules == {"unlisted", "differ", "winner", "echo"}
    b.sql("UPDATE wide SET v = v WHERE id = (SELECT min(id) FROM wide)")
    assert {"amplification", "not applied"} <= judge(run.collect()).rules
