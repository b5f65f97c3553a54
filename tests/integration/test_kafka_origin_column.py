"""--origin-column through Kafka: nothing that was applied becomes a record, in either layout."""

import collections

import pytest

from support import masters
from support.tandem import command
from support.waiting import holds_for

MAJOR = 13
SCHEMA = "CREATE TABLE t (id bigint PRIMARY KEY, v integer, written_at text)"


@pytest.mark.parametrize("layout", ["ordered", "per-table"])
def test_nothing_loops(servers, kafka, layout):
    pair = servers.pair(SCHEMA)
    try:
        pair.sql("ALTER TABLE sync_marker ADD COLUMN written_at text")
        everything = {database: masters.WalOracle(database, only_local=False) for database in pair.both}
        instance = pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", pair.name, "--topics", layout,
                            "--origin-column", "written_at", "--batch-rows", "1", deadline=60)
        for number, database in enumerate(pair.both):
            first = number * 1000
            database.sql(f"INSERT INTO t SELECT i, 0 FROM generate_series({first}, {first + 199}) i")
            database.sql(f"UPDATE t SET id = id + 500 WHERE id BETWEEN {first} AND {first + 9}")
            database.sql(f"DELETE FROM t WHERE id BETWEEN {first + 20} AND {first + 29}")
        pair.settle(deadline=60)
        pair.b.sql("UPDATE t SET v = 1 WHERE id BETWEEN 100 AND 109")  # born at a
        pair.b.sql("DELETE FROM t WHERE id BETWEEN 110 AND 119")
        pair.settle(deadline=60)
        pair.assert_equal("t")
        assert pair.a.sql("SELECT written_at, count(*) FROM t GROUP BY 1 ORDER BY 1") == [("a", 170), ("b", 200)]
        expected = {("public.t", "INSERT"): 400, ("public.t", "UPDATE"): 30, ("public.t", "DELETE"): 30,
                    ("public.sync_marker", "INSERT"): 4}
        for oracle in everything.values():
            assert collections.Counter(oracle.changes()) == expected
        holds_for(lambda: not any(oracle.changes() for oracle in everything.values()), 2, "no further changes")
        assert all(instance.direction(name)["echoes_dropped"] == 0 for name in instance.direction_names())
        listed = command("topic", "list", "--brokers", kafka.bootstrap)
        assert listed.status == 0 and f"{pair.name}." in listed.out and "tandem.progress" not in listed.out, listed
    finally:
        pair.close()
