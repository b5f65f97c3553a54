"""An idle pair: foreign WAL is confirmed, and our own bookkeeping never keeps the pair busy."""

import re

from support.waiting import holds_for, wait_until

SETTINGS = {"autovacuum": "off", "checkpoint_timeout": "1h", "wal_keep_size": "0"}
SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text)"
FOLLOW_SECONDS = 15
QUIET_SECONDS = 25  # more than twice the pace at which a safe position may be stored


def number(lsn):
    high, low = re.fullmatch(r"([0-9A-F]+)/([0-9A-F]+)", lsn).groups()
    return (int(high, 16) << 32) + int(low, 16)


def confirmed(pair, source):
    return number(pair.slot(source)["confirmed_flush_lsn"])


def next_transaction_ids(pair):
    """Both servers' next xid: a commit of anybody that wrote something moves one of them."""
    return [database.value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text") for database in pair.both]


def test_confirmed_position_follows_another_database(servers):
    """Three rounds of foreign WAL; each is confirmed within 15 s, so the slot holds no WAL back."""
    pair = servers.pair(SCHEMA)
    elsewhere = servers.a.create_database(f"{pair.name}_elsewhere")
    try:
        instance = pair.run()
        pair.a.sql("INSERT INTO item VALUES (1, 'x')")
        pair.settle()
        elsewhere.sql("CREATE TABLE filler (v text)")
        for _ in range(3):
            elsewhere.sql("INSERT INTO filler SELECT repeat('x', 500) FROM generate_series(1, 20000)")
            target = number(pair.a.value("SELECT pg_current_wal_flush_lsn()"))
            wait_until(lambda: confirmed(pair, pair.a) >= target, FOLLOW_SECONDS, "foreign WAL confirmed",
                       detail=instance.explain)
        instance.kill9()
        assert pair.tandem().start().wait_streaming(), "and a crash right after is no gap"
        pair.a.sql("INSERT INTO item VALUES (2, 'y')")
        pair.settle()
        pair.assert_equal("item")
    finally:
        pair.close()
        servers.a.drop_database(elsewhere)


def test_what_nobody_flushes_holds_no_confirmation_up(servers):
    """The last WAL at the peer is of a transaction that stays open: no commit of its server asks for it to be flushed."""
    pair = servers.pair(SCHEMA + "; CREATE TABLE aside (v integer)")
    open_one = pair.b.connect()
    try:
        instance = pair.run("--exclude", "public.aside")
        with open_one.cursor() as cursor:
            for number_of_row in range(6):
                pair.a.sql("INSERT INTO item VALUES (%s, 'x')", number_of_row)
                wait_until(lambda: pair.b.value("SELECT 1 FROM item WHERE id = %s", number_of_row), 10, "the row", every=0.002)
                cursor.execute("INSERT INTO aside VALUES (1)")
                target = number(pair.a.value("SELECT pg_current_wal_flush_lsn()"))
                wait_until(lambda: confirmed(pair, pair.a) >= target, 5, "the row confirmed", detail=instance.explain)
    finally:
        open_one.close()
        pair.close()


def test_an_idle_pair_settles(servers):
    """No ping-pong: after the last change there comes a time without a single commit of ours."""
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        for source in pair.both:
            source.sql("INSERT INTO item VALUES (%s, 'x')", 1 if source is pair.a else 2)
        pair.settle()
        seen = {"ids": next_transaction_ids(pair), "since": 0}

        def quiet():
            now = next_transaction_ids(pair)
            seen["since"] = seen["since"] + 1 if now == seen["ids"] else 0
            seen["ids"] = now
            return seen["since"] > 60  # about 12 s: longer than one period of the safe position
        wait_until(quiet, 60, "the pair comes to rest", every=0.2, detail=instance.explain)
        still = next_transaction_ids(pair)
        wal = [database.value("SELECT pg_current_wal_insert_lsn()") for database in pair.both]
        holds_for(lambda: next_transaction_ids(pair) == still, QUIET_SECONDS, "no commit on either master", every=0.5)
        grown = [number(database.value("SELECT pg_current_wal_insert_lsn()")) - number(before)
                 for database, before in zip(pair.both, wal)]
        assert max(grown) < 2000, f"WAL grew by {grown} bytes in {QUIET_SECONDS} idle seconds"
        assert instance.direction("a:b")["state"] == "streaming"
    finally:
        pair.close()


def test_retained_wal_stays_small_while_only_the_peer_writes(servers):
    """`a` writes nothing itself; its slot must not keep the WAL of all that `b` sent."""
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run()
        for part in range(5):
            pair.b.sql("INSERT INTO item SELECT i, repeat('x', 500) FROM generate_series(%s, %s) i",
                       part * 10000, part * 10000 + 9999)
            pair.settle(pair.b, deadline=60)
        end = number(pair.a.value("SELECT pg_current_wal_flush_lsn()"))
        wait_until(lambda: confirmed(pair, pair.a) >= end, FOLLOW_SECONDS, "echoes are confirmed",
                   detail=instance.explain)
    finally:
        pair.close()
