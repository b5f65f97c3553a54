"""R11 with versions that the server has frozen, or has forgotten."""

from support.waiting import holds_for, wait_until

SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text); INSERT INTO item SELECT i, 'old' FROM generate_series(1, 10) i"


def freeze_everything(cluster):
    """Until the server forgets the commit timestamps of what was written before."""
    root = cluster.database("postgres")
    root.sql("ALTER DATABASE template0 ALLOW_CONNECTIONS true")
    try:
        for (name,) in root.sql("SELECT datname FROM pg_database"):
            connection = cluster.database(name).connect(autocommit=True)
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET vacuum_freeze_min_age = 0; SET vacuum_freeze_table_age = 0")
                    cursor.execute("VACUUM FREEZE")
            finally:
                connection.close()
    finally:
        root.sql("ALTER DATABASE template0 ALLOW_CONNECTIONS false")
    root.sql("CHECKPOINT")


def known(database):
    return database.value("SELECT pg_xact_commit_timestamp(xmin) IS NOT NULL FROM item WHERE id = 1")


def test_frozen_rows_keep_their_versions(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        pair.concurrently([instance], (pair.a, "UPDATE item SET v = 'a' WHERE id = 1"), (pair.a, "VACUUM (FREEZE) item"),
                          (pair.b, "UPDATE item SET v = 'b' WHERE id = 1"), (pair.b, "VACUUM (FREEZE) item"),
                          (pair.b, "UPDATE item SET v = 'b' WHERE id = 2"), (pair.a, "UPDATE item SET v = 'a' WHERE id = 2"),
                          (pair.a, "VACUUM (FREEZE) item"))
        pair.settle()
        pair.assert_equal("item")
        assert pair.a.sql("SELECT v FROM item WHERE id <= 2 ORDER BY id") == [("b",), ("a",)]
        assert len(pair.conflicts(pair.a)) + len(pair.conflicts(pair.b)) == 2
    finally:
        pair.close()


def test_what_is_forgotten_is_older_than_what_comes(servers):
    pair = servers.pair(SCHEMA)
    try:
        pair.run()
        pair.b.sql("UPDATE item SET v = 'b' WHERE id = 1")
        pair.settle()
        wait_until(lambda: freeze_everything(servers.b) or not known(pair.b), 60, "the server forgets", every=1)
        pair.a.sql("UPDATE item SET v = 'a' WHERE id = 1")
        pair.settle()
        pair.assert_equal("item")
        assert pair.b.value("SELECT v FROM item WHERE id = 1") == "a"
        assert pair.conflicts(pair.a) == pair.conflicts(pair.b) == []
    finally:
        pair.close()


def test_what_cannot_be_compared_any_more_is_not_applied(servers):
    """b has met a's reader, a's older change comes when b has forgotten when its own row was written."""
    pair = servers.pair(SCHEMA)
    try:
        pair.run().stop()
        pair.a.sql("UPDATE item SET v = 'a' WHERE id = 1")
        pair.b.sql("UPDATE item SET v = 'b' WHERE id = 1")
        one_way = pair.run("--one-way", "b:a", init=False)
        wait_until(lambda: pair.a.value("SELECT v FROM item WHERE id = 1") == "b", 30, "b's change is at a")
        wait_until(lambda: freeze_everything(servers.b) or not known(pair.b), 60, "b forgets", every=1)
        one_way.stop()
        both = pair.tandem(init=False).start()
        both.wait_state("a:b", "paused", deadline=30)
        told = both.direction("a:b")["reason"]
        assert "node b has kept commit timestamps since" in told and "tandem verify" in told, told
        holds_for(lambda: pair.b.value("SELECT v FROM item WHERE id = 1") == "b", 2, "the newer row stays")
        pair.b.sql("UPDATE item SET v = 'on' WHERE id = 2")
        wait_until(lambda: pair.a.value("SELECT v FROM item WHERE id = 2") == "on", 30, "the other direction goes on")
    finally:
        pair.close()
