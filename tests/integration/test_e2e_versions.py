"""Both ways with kill -9 on every supported major, and between majors."""

import pytest

from support import load, masters, pgversions
from support.long_tests import some
from support.tandem import command, node_arguments
from support.waiting import wait_until

OTHERS = [major for major in pgversions.MAJORS if major != 15]  # 15 has all the other suites
TYPES = """
CREATE TABLE sample (id integer PRIMARY KEY, t text, j jsonb, n numeric, at timestamptz, u uuid, f double precision,
                     b bytea, arr integer[], texts text[], d date, i interval, ip inet, flag boolean);
"""
ROWS = """
INSERT INTO sample VALUES
 (%s + 1, 'x', '{"a": [1, null]}', 1.50, '2005-06-07 08:09:10.000001+09', md5('1')::uuid, 0.1, '\\x00ff', '{1,NULL}',
  ARRAY['a,b', NULL, ''], '0044-03-15 BC', '1 year -2 mons', '::1/64', true),
 (%s + 2, NULL, NULL, 'NaN', 'infinity', NULL, '-Infinity', '', '{}', NULL, 'infinity', '-1 day', NULL, NULL)
"""
# PostgreSQL 12 exactly as the document starts it: nothing but these words.
BARE = {12: ["-c", "wal_level=logical"]}


def check_both_ways_with_kill9(servers, timestamps):
    pair = servers.pair(TYPES)
    try:
        load.prepare(pair, ("item", "hot"))
        instance = pair.run("--batch-rows", "1", "--streaming", "on", *load.EXCLUDE, deadline=60)
        policy, warnings = (instance.status()[name] for name in ("policy", "warnings"))
        assert ("apply-remote" in policy) == (not timestamps), policy
        assert any("--streaming on has no effect" in text for text in warnings) == (not timestamps), warnings
        # Without commit timestamps convergence of conflicting writes is not promised.
        with load.Load(pair, writers=1, conflicts=timestamps) as running:
            for victim in (instance, servers.a, instance, servers.b):
                goal = running.transactions + 60
                wait_until(lambda: running.transactions > goal, 60, "60 transactions")
                victim.kill9()
                victim.start()
                instance.wait_streaming(deadline=60)
        for number, database in enumerate(pair.both):
            database.sql(ROWS, number * 10, number * 10)
        pair.settle(deadline=90)
        for database in pair.both:
            database.sql("UPDATE sample SET t = 'updated', n = 2 WHERE id = %s", 11 if database is pair.a else 1)
            database.sql("DELETE FROM sample WHERE id = %s", 12 if database is pair.a else 2)
            pair.settle(deadline=60)
        pair.assert_equal("sample")
        counts = load.check(pair, per_change=True)
        assert counts["transactions"] >= 240 and pair.parked(pair.a) == pair.parked(pair.b) == []
        pair.a.sql("TRUNCATE sample")
        pair.settle()
        assert pair.b.value("SELECT count(*) FROM sample") == 0
    finally:
        pair.close()


def check_node_wins(servers):
    """R13: who had seen whom, as each server's stream tells it."""
    pair = servers.pair("CREATE TABLE item (id integer PRIMARY KEY, who text); INSERT INTO item SELECT i, '-' FROM "
                        "generate_series(1, 50) i")
    try:
        instance = pair.run("--conflict", "node-wins=a", deadline=60)
        for number, database in enumerate((pair.a, pair.b, pair.a, pair.b)):
            database.sql("UPDATE item SET who = %s WHERE id <= 20", f"{database.node}{number}")
            pair.settle(deadline=60)
        pair.concurrently([instance], (pair.a, "UPDATE item SET who = 'kept' WHERE id <= 10"),
                          (pair.b, "UPDATE item SET who = 'lost' WHERE id BETWEEN 6 AND 15"),
                          (pair.a, "DELETE FROM item WHERE id = 30"), (pair.b, "UPDATE item SET who = 'lost' WHERE id = 30"),
                          (pair.a, "INSERT INTO item VALUES (60, 'kept')"), (pair.b, "INSERT INTO item VALUES (60, 'lost')"))
        instance.kill9()
        instance.start().wait_streaming(deadline=60)
        pair.settle(deadline=60)
        wait_until(lambda: not pair.a.sql("SELECT 1 FROM item WHERE id = 30"), 30, "the delete is verified")
        pair.assert_equal("item")
        assert pair.b.sql("SELECT who, count(*) FROM item GROUP BY 1 ORDER BY 1") == [
            ("-", 29), ("b3", 5), ("kept", 11), ("lost", 5)]
        assert sorted(row["key"]["id"] for row in pair.conflicts(pair.a)) == [6, 7, 8, 9, 10, 30, 60]
        assert pair.conflicts(pair.b) == []
    finally:
        pair.close()


@pytest.mark.parametrize("major", some(OTHERS, 12, 14, 18))
def test_smoke_both_ways_with_kill9(major):
    servers = masters.Servers(f"pg{major}", major=major, bare_arguments=BARE.get(major))
    try:
        check_both_ways_with_kill9(servers, timestamps=major >= 14)
        if major >= 14:
            check_node_wins(servers)
    finally:
        servers.close()


@pytest.mark.parametrize("majors", some([(12, 18), (15, 17)], (12, 18)), ids=lambda majors: f"{majors[0]}_and_{majors[1]}")
def test_between_majors(majors):
    servers = masters.Servers("mixed", majors=majors)
    try:
        check_both_ways_with_kill9(servers, timestamps=min(majors) >= 14)
        if min(majors) >= 14:
            check_node_wins(servers)
    finally:
        servers.close()


def test_filters_before_15_are_refused():
    servers = masters.Servers("pg14", major=14)
    pair = servers.pair(TYPES)
    try:
        for pattern in ("sample (id, t)", "sample where id > 5"):
            done = command("run", "--init", *node_arguments({"a": pair.a, "b": pair.b}), "--listen", "off",
                           "--tables", pattern)
            assert done.status == 2 and "15" in done.err, done
        assert pair.slot(pair.a) is None
    finally:
        pair.close()
        servers.close()
