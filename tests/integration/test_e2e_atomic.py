"""A transaction is never seen in part at the peer: a REPEATABLE READ reader watches while it arrives."""

import os
import random

import pytest

from support.long_tests import LONG
from support.repeater import Repeater

SECONDS = float(os.environ.get("TANDEM_TEST_ATOMIC_SECONDS", "6"))
ACCOUNTS = 20
SCHEMA = f"""
CREATE TABLE part_one (node text, tx bigint, line integer, PRIMARY KEY (node, tx, line));
CREATE TABLE part_two (node text, tx bigint, line integer, body text, PRIMARY KEY (node, tx, line));
CREATE TABLE part_three (node text, line integer, tx bigint, PRIMARY KEY (node, line));
CREATE TABLE account (node text, id integer, balance bigint, PRIMARY KEY (node, id));
INSERT INTO account SELECT n, i, 1000 FROM generate_series(1, {ACCOUNTS}) i, unnest(ARRAY['a', 'b']) n;
INSERT INTO part_three SELECT n, i, 0 FROM generate_series(1, 5) i, unnest(ARRAY['a', 'b']) n;
"""
# Of every transaction: 4 rows in part_one, 6 in part_two, all 5 rows of part_three carry its number.
SEEN_IN_PART = """
WITH one AS (SELECT node, tx, count(*) AS n FROM part_one GROUP BY node, tx),
     two AS (SELECT node, tx, count(*) AS n FROM part_two GROUP BY node, tx),
     three AS (SELECT node, min(tx) AS low, max(tx) AS high FROM part_three GROUP BY node)
SELECT 'one and two', node, tx FROM one FULL JOIN two USING (node, tx)
 WHERE one.n IS DISTINCT FROM 4 OR two.n IS DISTINCT FROM 6
UNION ALL SELECT 'three', node, low FROM three WHERE low <> high
UNION ALL SELECT 'one behind three', node, high FROM three
 WHERE high <> coalesce((SELECT max(tx) FROM one WHERE one.node = three.node), 0)
"""


def writing(database):
    connection = database.connect()
    chance = random.Random(database.node)
    state = {"tx": 0}

    def step():
        state["tx"] += 1
        node, tx = database.node, state["tx"]
        with connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO part_one SELECT %s, %s, i FROM generate_series(1, 4) i", (node, tx))
            cursor.execute("UPDATE part_three SET tx = %s WHERE node = %s AND line <= 3", (tx, node))
            one, other = chance.sample(range(1, ACCOUNTS + 1), 2)
            cursor.execute("UPDATE account SET balance = balance - 7 WHERE node = %s AND id = %s", (node, one))
            cursor.execute("INSERT INTO part_two SELECT %s, %s, i, repeat('x', 300) FROM generate_series(1, 6) i", (node, tx))
            cursor.execute("UPDATE account SET balance = balance + 7 WHERE node = %s AND id = %s", (node, other))
            cursor.execute("UPDATE part_three SET tx = %s WHERE node = %s AND line > 3", (tx, node))
    return Repeater(step)


def reading(database):
    connection = database.connect(options="-c default_transaction_isolation=repeatable\\ read")
    sums = set()

    def step():
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT node, sum(balance) FROM account GROUP BY node ORDER BY node")
            sums.update(cursor.fetchall())
            cursor.execute(SEEN_IN_PART)
            torn = cursor.fetchall()
            assert torn == [], f"seen in part at {database.node}: {torn[:3]}"
    repeater = Repeater(step)
    repeater.sums = sums
    return repeater


@pytest.mark.sampled(2)
@pytest.mark.parametrize("arguments", [(), ("--batch-rows", "1"), ("--batch-rows", "7")],
                         ids=["default", "one_by_one", "batches_of_7"])
def test_no_transaction_is_seen_in_part(servers, arguments):
    pair = servers.pair(SCHEMA)
    try:
        pair.run(*arguments)
        writers = [writing(database) for database in pair.both]
        readers = [reading(database) for database in pair.both]
        for each in (*readers, *writers):
            each.start()
        readers[0].halt.wait(SECONDS)  # how long the load lasts; the result is judged below
        written = [writer.finish() for writer in writers]
        pair.settle(deadline=60)
        rounds = [reader.finish() for reader in readers]
        assert min(written) > 50 and min(rounds) > 20, f"written {written}, read {rounds}"
        for reader in readers:
            assert reader.sums == {("a", 1000 * ACCOUNTS), ("b", 1000 * ACCOUNTS)}, "the sum is constant"
        pair.assert_equal("part_one", "part_two", "part_three", "account")
    finally:
        pair.close()


def test_one_large_transaction_appears_at_once(servers):
    """100,000 rows over three tables: many statements, one commit."""
    pair = servers.pair(SCHEMA)
    try:
        pair.run()
        counts = set()

        def look():
            with pair_reader, pair_reader.cursor() as cursor:
                cursor.execute("SELECT (SELECT count(*) FROM part_one), (SELECT count(*) FROM part_two), "
                               "(SELECT min(balance) FROM account)")
                counts.add(cursor.fetchone())
        pair_reader = pair.b.connect(options="-c default_transaction_isolation=repeatable\\ read")
        reader = Repeater(look)
        reader.start()
        with pair.a.transaction() as cursor:
            cursor.execute("INSERT INTO part_one SELECT 'x', i, 1 FROM generate_series(1, 50000) i")
            cursor.execute("UPDATE account SET balance = 5")
            cursor.execute("INSERT INTO part_two SELECT 'x', i, 1, 'body' FROM generate_series(1, 50000) i")
        pair.settle(pair.a, deadline=60)
        assert reader.finish() > 5
        assert counts <= {(0, 0, 1000), (50000, 50000, 5)}, counts
        pair.assert_equal("part_one", "part_two", "account")
    finally:
        pair.close()


if LONG:
    def test_a_transaction_that_applies_for_more_than_a_minute(servers):
        """Nothing of ours waits for the progress row that it holds; it is carried out once, not again and again."""
        pair = servers.pair(SCHEMA)
        try:
            instance = pair.run()
            pair.a.sql("UPDATE account SET balance = 7")
            pair.settle(pair.a)
            pair.b.sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(17); "
                       "RETURN NULL; END $$; CREATE TRIGGER slow AFTER INSERT ON part_one FOR EACH STATEMENT "
                       "EXECUTE FUNCTION slow(); ALTER TABLE part_one ENABLE ALWAYS TRIGGER slow")
            pair.a.sql("INSERT INTO part_one SELECT 'x', i, 1 FROM generate_series(1, 100000) i")
            pair.settle(pair.a, deadline=150)
            assert pair.b.value("SELECT count(*) FROM part_one") == 100_000
            assert instance.direction("a:b")["retries"] == 0, instance.explain()
        finally:
            pair.close()


def test_what_follows_a_large_transaction_waits_for_its_end(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        instance.freeze()
        pair.a.sql("INSERT INTO part_one SELECT 'x', i, 1 FROM generate_series(1, 50000) i")
        for number in range(200):
            pair.a.sql("INSERT INTO part_one VALUES ('y', %s, 1)", number)
        instance.thaw()
        pair.settle(pair.a, deadline=60)
        pair.assert_equal("part_one")
        assert instance.direction("a:b")["retries"] == 0, instance.explain()
    finally:
        pair.close()
