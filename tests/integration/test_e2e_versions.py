"""Both ways with kill -9 on every supported major, and between majors."""

import pytest

from support import load, masters, pgversions
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


@pytest.mark.parametrize("major", OTHERS)
def test_smoke_both_ways_with_kill9(major):
    servers = masters.Servers(f"pg{major}", major=major, bare_arguments=BARE.get(major))
    try:
        check_both_ways_with_kill9(servers, timestamps=major >= 14)
    finally:
        servers.close()


@pytest.mark.parametrize("majors", [(12, 18), (15, 17)], ids=lambda majors: f"{majors[0]}_and_{majors[1]}")
def test_between_majors(majors):
    servers = masters.Servers("mixed", majors=majors)
    try:
        check_both_ways_with_kill9(servers, timestamps=min(majors) >= 14)
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
