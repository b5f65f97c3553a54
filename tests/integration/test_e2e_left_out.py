"""An update leaves out large values that it did not change. Where the peer has another row than the one that was changed, or
none, they are those of the source all the same."""

import pytest

from support.waiting import wait_until

BIG = "(SELECT string_agg(md5('{}' || g::text), '') FROM generate_series(1, 400) g)"
SCHEMA = f"""
CREATE TABLE note (id integer PRIMARY KEY, who text, body text, more bytea, tags text[]);
ALTER TABLE note ALTER body SET STORAGE EXTERNAL, ALTER more SET STORAGE EXTERNAL, ALTER tags SET STORAGE EXTERNAL;
INSERT INTO note SELECT i, '-', {BIG.format('first')}, {BIG.format('raw')}::bytea, ARRAY[NULL, {BIG.format('tag')}] FROM generate_series(1, 30) i;
CREATE TABLE pair (a integer, "key,b" text, n integer, body text, PRIMARY KEY (a, "key,b"));
ALTER TABLE pair ALTER body SET STORAGE EXTERNAL;
INSERT INTO pair SELECT i, 'k''"' || i, 0, {BIG.format('pair')} FROM generate_series(1, 5) i;
"""


@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


def concurrently(pair, *writes):
    pair.concurrently([pair.instance], *writes)
    pair.settle()
    pair.settle()
    pair.wait_nothing_parked()
    pair.assert_equal()


def text_of(name):
    return f"SELECT md5({BIG.format(name)})"


def bodies(pair, *keys):
    names = {pair.a.value(text_of(name)): name for name in ("first", "mine", "theirs")}
    return {key: (who, names.get(body, body)) for key, who, body in
            pair.b.sql("SELECT id, who, md5(body) FROM note WHERE id = ANY (%s)", list(keys))}


@pytest.mark.parametrize("later", ["a", "b"])
def test_the_older_version_had_changed_the_large_value(running, later):
    winner = getattr(running, later)
    loser = running.peer(winner)
    concurrently(running, (loser, f"UPDATE note SET who = '{loser.node}', body = {BIG.format('theirs')} WHERE id = 1"),
                 (winner, f"UPDATE note SET who = '{winner.node}' WHERE id = 1"))
    assert bodies(running, 1) == {1: (later, "first")}
    assert len(running.conflicts(running.a)) + len(running.conflicts(running.b)) == 1


@pytest.mark.parametrize("later", ["a", "b"])
def test_the_peer_deleted_the_row_before(running, later):
    winner = getattr(running, later)
    concurrently(running, (running.peer(winner), "DELETE FROM note WHERE id <= 3"),
                 (winner, "UPDATE note SET who = 'kept' WHERE id IN (1, 2)"))
    assert bodies(running, 1, 2, 3) == {1: ("kept", "first"), 2: ("kept", "first")}
    assert running.a.value("SELECT count(*) FROM note") == 29


@pytest.mark.parametrize("later", ["a", "b"])
def test_the_peer_deletes_the_row_after(running, later):
    """It was looked up for nothing: the delete is newer."""
    winner = getattr(running, later)
    concurrently(running, (running.peer(winner), "UPDATE note SET who = 'older' WHERE id = 1"), (winner, "DELETE FROM note WHERE id = 1"))
    assert bodies(running, 1) == {}


def test_the_row_is_gone_at_the_source_too(running):
    """What was updated is deleted, or has moved, before it could be looked up."""
    concurrently(running, (running.b, f"UPDATE note SET who = 'b', body = {BIG.format('theirs')} WHERE id IN (1, 2)"),
                 (running.a, "UPDATE note SET who = 'a' WHERE id IN (1, 2)"),
                 (running.a, "DELETE FROM note WHERE id = 1"), (running.a, "UPDATE note SET id = 100 WHERE id = 2"),
                 (running.a, "UPDATE note SET who = 'last' WHERE id = 100"))
    assert bodies(running, 1, 2, 100) == {100: ("last", "first")}


@pytest.mark.parametrize("batch_rows", ["1", "4096"])
def test_many_in_one_transaction_and_beside_others(running, batch_rows):
    running.instance.stop()
    running.instance = running.run("--batch-rows", batch_rows)
    concurrently(running, (running.b, f"UPDATE note SET who = 'b', body = {BIG.format('theirs')} WHERE id % 2 = 0"),
                 (running.b, "UPDATE pair SET n = 1, body = 'short'"),
                 (running.a, "BEGIN; UPDATE note SET who = 'a'; UPDATE pair SET n = 2; INSERT INTO note VALUES (1000, 'new'); COMMIT"),
                 (running.a, "UPDATE note SET who = 'last' WHERE id = 4"))
    held = bodies(running, *range(1, 31))
    assert held == {key: ("last" if key == 4 else "a", "first") for key in range(1, 31)}
    assert running.b.sql("SELECT DISTINCT n, length(body) FROM pair") == [(2, 12800)]


def test_a_moved_row_takes_its_large_values_along(running):
    """Of the old key's row the peer wrote a version of its own, or deleted it."""
    concurrently(running, (running.b, f"UPDATE note SET who = 'b', body = {BIG.format('theirs')} WHERE id = 1"),
                 (running.b, "DELETE FROM note WHERE id = 2"),
                 (running.a, "UPDATE note SET id = 101, who = 'moved' WHERE id = 1"),
                 (running.a, "UPDATE note SET id = 102, who = 'moved' WHERE id = 2"))
    assert bodies(running, 1, 2, 101, 102) == {101: ("moved", "first"), 102: ("moved", "first")}


def test_null_and_values_of_other_types(running):
    running.a.sql("UPDATE note SET more = NULL WHERE id = 1")
    running.settle()
    concurrently(running, (running.b, "UPDATE note SET body = 'b', more = '\\x00', tags = '{}' WHERE id IN (1, 2)"),
                 (running.a, "UPDATE note SET who = 'a' WHERE id IN (1, 2)"))
    assert running.b.sql("SELECT id, who, more IS NULL, array_length(tags, 1) FROM note WHERE id < 3 ORDER BY 1") == [
        (1, "a", True, 2), (2, "a", False, 2)]


def test_a_successor_needs_no_look_up(running):
    """What the peer wrote some time ago was seen by whoever changes it now: the batch goes as it is."""
    running.b.sql("UPDATE note SET who = 'b'")
    running.settle()
    wait_until(lambda: seen(running) > 5, 20, "a is known to have seen it", detail=running.explain)
    before = running.instance.log_text().count("one by one")
    running.a.sql("UPDATE note SET who = 'a'")
    running.settle()
    running.assert_equal("note")
    assert running.instance.log_text().count("one by one") == before
    assert running.conflicts(running.a) == running.conflicts(running.b) == []


def seen(pair):
    """Seconds since b's last change, once a later one has been applied at a."""
    pair.b.sql("INSERT INTO pair VALUES (100, 'tick', 0, '') ON CONFLICT (a, \"key,b\") DO UPDATE SET n = pair.n + 1")
    pair.settle()
    return pair.b.value("SELECT extract(epoch FROM clock_timestamp() - max(pg_xact_commit_timestamp(xmin))) FROM note")


def waits_for_a_lock(database, stream):
    return database.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'",
                          f"tandem apply {stream}")


def waited_for(pair, change):
    """Carries the change out at b while a deletes row 1: its statement has seen the row, waits for the delete, and finds none."""
    with pair.a.transaction() as cursor:
        cursor.execute("DELETE FROM note WHERE id = 1")
        pair.b.sql(change)
        wait_until(lambda: waits_for_a_lock(pair.a, "b"), 20, "it waits for the delete")
    pair.settle()
    pair.settle()
    pair.wait_nothing_parked()
    pair.assert_equal()


def test_what_a_delete_takes_while_it_is_waited_for_is_listed(running):
    """It has lost, to a newer delete."""
    waited_for(running, "UPDATE note SET who = 'b' WHERE id = 1")
    listed = [(row["type"], row["incoming"]["who"], row["winner"]) for row in running.conflicts(running.a)]
    assert listed == [("update_deleted", "b", "a")], listed
    assert running.b.value("SELECT count(*) FROM note WHERE who = 'b'") == 0


def test_a_row_that_moves_away_from_a_delete_that_is_waited_for_lives_on(running):
    waited_for(running, "UPDATE note SET who = 'b', id = 100 WHERE id = 1")
    assert bodies(running, 1, 100) == {100: ("b", "first")}


# --- many at once --------------------------------------------------------------------------------------
MANY = """
CREATE TABLE page (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0, body text, more text);
ALTER TABLE page ALTER body SET STORAGE EXTERNAL, ALTER more SET STORAGE EXTERNAL;
INSERT INTO page SELECT i, 0, repeat(i::text || ' ', 800), CASE WHEN i % 2 = 0 THEN repeat('m' || i, 900) END FROM generate_series(1, {}) i"""
EACH_BY_ITSELF = ("DO $$ BEGIN FOR i IN 1..{} LOOP UPDATE page SET n = n + 1 WHERE id = i; COMMIT; END LOOP; END $$")


def test_rows_from_before_the_sync_are_followed_in_batches(servers):
    """Each node wrote its own copy of them, so the first update of each finds another row than the one it changed."""
    pair = servers.pair(MANY.format(2000))
    try:
        instance = pair.run()
        pair.concurrently([instance], (pair.a, EACH_BY_ITSELF.format(2000)), (pair.a, "DELETE FROM page WHERE id = 7"),
                          (pair.a, "UPDATE page SET id = -8 WHERE id = 8"), (pair.a, "UPDATE page SET body = 'short' WHERE id = 9"))
        pair.settle()
        pair.assert_equal("public.page")
        assert pair.b.sql("SELECT count(*), sum(n), min(id) FROM page") == [(1999, 1999, -8)]
        assert "one by one" not in instance.log_text(), instance.log_tail()
        batches = instance.direction("a:b")["batches"]
        assert batches < 200, f"{batches} batches for 2,000 transactions"
    finally:
        pair.close()


def test_large_values_are_looked_up_a_part_at_a_time(servers):
    """More than is kept in memory; a transaction that alone is more is carried out in source order."""
    pair = servers.pair(MANY.format(1))
    try:
        pair.sql("INSERT INTO page SELECT i, 0, repeat(md5(i::text), 20000) FROM generate_series(101, 180) i")
        instance = pair.run()
        pair.concurrently([instance], (pair.a, EACH_BY_ITSELF.replace("1..{}", "101..180")))
        pair.settle()
        pair.assert_equal("public.page")
        assert "one by one" not in instance.log_text(), instance.log_tail()
        pair.concurrently([instance], (pair.b, "DELETE FROM page WHERE id > 100"), (pair.a, "UPDATE page SET n = 5 WHERE id > 100"))
        pair.settle()
        pair.settle()
        pair.assert_equal("public.page")
        assert pair.b.value("SELECT count(*) FROM page WHERE n = 5 AND length(body) = 640000") == 80
        assert "one by one" in instance.log_text()
    finally:
        pair.close()
