"""`tandem verify` where changes go through Kafka: what is in the topics is on its way."""

import pytest

from support.mixed import MIXED, SCHEMA
from support.verifying import CHECK, OK, suppressed, verified, verify


@pytest.fixture
def pair(servers, kafka, request):
    fresh = servers.pair(SCHEMA)
    fresh.instance = fresh.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", f"t{abs(hash(request.node.name)) % 10**9}")
    yield fresh
    fresh.close()


def test_drift_is_told_from_what_is_in_the_topics_and_repaired(pair):
    for number, database in enumerate(pair.both):
        database.sql(MIXED.format(base=number * 1_000_000))
    assert verified(pair)["equal"] is True, "whatever has arrived"
    pair.settle(deadline=60)
    suppressed(pair.b, "DELETE FROM chat WHERE id = (SELECT min(id) FROM chat)")
    found = verified(pair, status=CHECK, table="public.chat")
    assert (found["different"], len(found["only_in"]["a"])) == (1, 1), found
    done = verify(pair, "--apply")
    assert done.status == OK and "1 rows repaired" in done.out, done
    pair.assert_equal()
