"""Randomized histories of two masters through Kafka, in one process or one per site; brokers are killed too."""

import collections

import pytest

from support import masters
from support.histories import check, seeds, tell
from support.history_scripts import plan

COUNTS = collections.Counter()


@pytest.fixture(scope="module", autouse=True)
def record(request):
    yield
    tell(request.module.__name__, COUNTS)


@pytest.fixture(scope="module")
def apart():
    both = masters.Servers("kafka-histories", own_clocks=True, clocks_at_once=False)
    yield both
    both.close()


@pytest.mark.parametrize("seed", seeds(5))
def test_a_history_through_kafka_ends_as_last_update_wins_must(apart, kafka, seed):
    counted = check(apart, plan(seed, kafka=True, brokers=True), kafka=kafka, counts=COUNTS)
    assert counted["transactions"] > 100, counted
