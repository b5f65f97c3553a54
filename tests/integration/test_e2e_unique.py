"""R14: two masters give one value of a unique index to different rows at once. The newer row stays on both, the older one is
in tandem.conflict exactly once, and nothing is left parked."""

import pytest

from support import masters
from support.tandem import command, node_arguments
from support.waiting import wait_until

SCHEMA = """
CREATE TABLE coded (id integer PRIMARY KEY, code text UNIQUE, mail text UNIQUE, note text);
CREATE TABLE partly (id integer PRIMARY KEY, code text, live boolean NOT NULL DEFAULT true);
CREATE UNIQUE INDEX partly_live ON partly (code) WHERE live;
CREATE TABLE folded (id integer PRIMARY KEY, code text);
CREATE UNIQUE INDEX folded_code ON folded (lower(code), (id > 0));
CREATE TABLE "Odd Name" ("Key One" integer, "key,two" text, "tandem value 0 0" text UNIQUE, PRIMARY KEY ("Key One", "key,two"));
CREATE TABLE child (id integer PRIMARY KEY, coded integer REFERENCES coded ON DELETE CASCADE);
"""


@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


def resolved(pair, *tables):
    pair.wait_nothing_parked()
    pair.settle()
    pair.assert_equal(*tables)


def concurrently(pair, *writes):
    pair.concurrently([pair.instance], *writes)
    pair.settle()
    resolved(pair)


def losers(pair):
    """[(where, type, key, loser's node, winner)]"""
    return [(database.node, row["type"], row["key"], row["existing_node"] if row["winner"] == row["incoming_node"]
             else row["incoming_node"], row["winner"])
            for database in pair.both for row in pair.conflicts(database)]


@pytest.mark.parametrize("last", ["a", "b"])
def test_the_newer_of_two_new_rows_stays(running, last):
    winner = getattr(running, last)
    loser = running.peer(winner)
    local = {database.node: masters.WalOracle(database) for database in running.both}
    concurrently(running, (loser, "INSERT INTO coded VALUES (1, 'X', NULL, 'older'), (2, 'free', NULL, 'older')"),
                 (winner, "INSERT INTO coded VALUES (100, 'X', NULL, 'newer')"))
    assert winner.sql("SELECT id, note FROM coded ORDER BY id") == [(2, "older"), (100, "newer")]
    assert losers(running) == [(loser.node, "insert_exists", {"id": 1}, loser.node, winner.node)]
    lost = [row for row in running.conflicts(loser)][0]
    assert lost["existing"] == {"id": 1, "code": "X", "mail": None, "note": "older"}
    assert lost["existing_at"] < lost["incoming_at"]
    coded = {node: [kind for table, kind in oracle.changes() if table.endswith("coded")] for node, oracle in local.items()}
    assert coded == {loser.node: ["INSERT", "INSERT", "DELETE"], winner.node: ["INSERT"]}, "one delete resolves it"
    for oracle in local.values():
        oracle.drop()


@pytest.mark.parametrize("last", ["a", "b"])
def test_an_update_to_a_taken_value(running, last):
    winner = getattr(running, last)
    loser = running.peer(winner)
    running.a.sql("INSERT INTO coded VALUES (1, 'one'), (2, 'two')")
    running.settle()
    concurrently(running, (loser, "UPDATE coded SET code = 'X' WHERE id = 1"),
                 (winner, "UPDATE coded SET code = 'X' WHERE id = 2"))
    assert winner.sql("SELECT id, code FROM coded") == [(2, "X")]
    assert losers(running) == [(loser.node, "update_exists", {"id": 1}, loser.node, winner.node)]


def test_several_at_once(running):
    """One newer row has values of two older ones, by two indexes."""
    concurrently(running, (running.a, "INSERT INTO coded VALUES (1, 'X', 'x@x', 'older')"),
                 (running.a, "INSERT INTO coded VALUES (2, 'Y', 'y@y', 'older')"),
                 (running.a, "INSERT INTO coded VALUES (3, 'Z', 'z@z', 'stays')"),
                 (running.b, "INSERT INTO coded VALUES (100, 'X', 'y@y', 'newer')"))
    assert running.a.sql("SELECT id FROM coded ORDER BY id") == [(3,), (100,)]
    assert sorted(losers(running), key=str) == [("a", "multiple_unique_conflicts", {"id": 1}, "a", "b"),
                                                ("a", "multiple_unique_conflicts", {"id": 2}, "a", "b")]


def test_a_row_between_an_older_and_a_newer_one(running):
    concurrently(running, (running.a, "INSERT INTO coded VALUES (1, 'X', 'x@x', 'oldest')"),
                 (running.b, "INSERT INTO coded VALUES (100, 'X', 'y@y', 'middle')"),
                 (running.a, "INSERT INTO coded VALUES (2, 'Y', 'y@y', 'newest')"))
    assert (2, "newest") in running.a.sql("SELECT id, note FROM coded")
    assert ("b", "insert_exists", {"id": 100}, "b", "a") in losers(running)
    kept = {row[0] for row in running.a.sql("SELECT id FROM coded")}
    assert kept | {row["key"]["id"] for database in running.both for row in running.conflicts(database)} == {1, 2, 100}


@pytest.mark.parametrize("many", [50])
def test_many_collisions_in_one_transaction(running, many):
    concurrently(running, (running.a, f"INSERT INTO coded SELECT i, 'c' || i, NULL, 'a' FROM generate_series(1, {many}) i"),
                 (running.b, f"INSERT INTO coded SELECT 1000 + i, 'c' || i, NULL, 'b' FROM generate_series(1, {many}) i"))
    assert running.a.sql("SELECT DISTINCT note, count(*) FROM coded GROUP BY 1") == [("b", many)]
    assert sorted(key["id"] for _, _, key, _, _ in losers(running)) == list(range(1, many + 1))


def test_the_value_was_given_up_before_the_peer_met_it(running):
    """What waits goes in when nothing stands in its way any more: neither row is lost."""
    blocker = running.a.connect()
    cursor = blocker.cursor()
    running.a.sql("INSERT INTO coded VALUES (1, 'X', NULL, 'a')")
    cursor.execute("LOCK TABLE coded IN SHARE ROW EXCLUSIVE MODE")  # a's applier stands still
    running.instance.freeze()
    running.b.sql("INSERT INTO coded VALUES (100, 'X', NULL, 'b')")
    running.instance.thaw()
    wait_until(lambda: running.parked(running.b), 20, "a's row waits", detail=running.explain)
    assert [row["sqlstate"] for row in running.parked(running.b)] == ["23505"]
    running.b.sql("UPDATE coded SET code = 'Y' WHERE id = 100")
    wait_until(lambda: not running.parked(running.b), 20, "a's row went in", detail=running.explain)
    blocker.rollback()
    blocker.close()
    resolved(running)
    assert running.a.sql("SELECT id, code FROM coded ORDER BY 1") == [(1, "X"), (100, "Y")]


@pytest.mark.parametrize("case", ["partial", "expression", "names"])
def test_indexes_of_every_kind(running, case):
    table, older, newer, left = {
        "partial": ("partly", "INSERT INTO partly VALUES (1, 'X', true), (2, 'Y', false)",
                    "INSERT INTO partly VALUES (100, 'X'), (200, 'Y')", [(2,), (100,), (200,)]),
        "expression": ("folded", "INSERT INTO folded VALUES (1, 'abc'), (-2, 'abc')",
                       "INSERT INTO folded VALUES (100, 'ABC')", [(-2,), (100,)]),
        "names": ('"Odd Name"', "INSERT INTO \"Odd Name\" VALUES (1, 'a,\"', 'X''')",
                  "INSERT INTO \"Odd Name\" VALUES (1, 'b', 'X''')", [(1,)]),
    }[case]
    concurrently(running, (running.a, older), (running.b, newer))
    first = '"Key One"' if case == "names" else "id"
    assert running.a.sql(f"SELECT {first} FROM {table} ORDER BY 1") == left
    assert len(losers(running)) == 1


def test_nulls_that_are_not_distinct(running):
    running.instance.stop()
    running.sql("CREATE TABLE single (id integer PRIMARY KEY, code text, UNIQUE NULLS NOT DISTINCT (code))")
    running.instance = running.run()
    concurrently(running, (running.a, "INSERT INTO single VALUES (1, NULL)"), (running.b, "INSERT INTO single VALUES (2, NULL)"))
    assert running.a.sql("SELECT id FROM single") == [(2,)]
    assert len(losers(running)) == 1


def test_no_trigger_of_the_application_runs(running):
    """Its cascades would be changes that nobody made; the child stays and refers to nothing."""
    running.a.sql("INSERT INTO coded VALUES (1, 'one')")
    running.a.sql("INSERT INTO child VALUES (10, 1)")
    running.settle()
    concurrently(running, (running.a, "UPDATE coded SET code = 'X' WHERE id = 1"),
                 (running.b, "INSERT INTO coded VALUES (100, 'X')"))
    assert running.b.sql("SELECT id FROM coded") == [(100,)]
    assert running.b.sql("SELECT id FROM child") == [(10,)]


def test_over_kill9(running):
    running.instance.freeze()
    running.a.sql("INSERT INTO coded VALUES (1, 'X', NULL, 'older')")
    running.b.sql("INSERT INTO coded VALUES (100, 'X', NULL, 'newer')")
    running.instance.kill9()
    for _ in range(3):
        running.instance.start().wait_streaming()
        running.settle()
        running.instance.kill9()
    running.instance.start().wait_streaming()
    resolved(running)
    assert running.a.sql("SELECT id FROM coded") == [(100,)]
    assert losers(running) == [("a", "insert_exists", {"id": 1}, "a", "b")]


def test_what_comes_later_for_the_losing_key(running):
    """The application goes on with a row that has lost: its next change is newer than the winner."""
    concurrently(running, (running.a, "INSERT INTO coded VALUES (1, 'X', NULL, 'older')"),
                 (running.b, "INSERT INTO coded VALUES (100, 'X', NULL, 'newer')"),
                 (running.a, "UPDATE coded SET note = 'newest' WHERE id = 1"))
    assert running.a.sql("SELECT id, note FROM coded") == [(1, "newest")]
    assert losers(running) == [("b", "insert_exists", {"id": 100}, "b", "a")] or \
        losers(running) == [("b", "update_exists", {"id": 100}, "b", "a")]


def test_a_truncate_behind_what_waits(running):
    """It ends what waits, and spares the newer row."""
    concurrently(running, (running.a, "INSERT INTO coded VALUES (1, 'X', NULL, 'older'), (2, 'free', NULL, 'older')"),
                 (running.b, "INSERT INTO coded VALUES (100, 'X', NULL, 'newer')"),
                 (running.a, "TRUNCATE coded, child"), (running.a, "INSERT INTO coded VALUES (3, 'Z', NULL, 'newest')"),
                 (running.b, "INSERT INTO coded VALUES (101, 'Y', NULL, 'newest')"))
    assert [row for row in running.a.sql("SELECT id FROM coded ORDER BY 1") if row[0] != 100] == [(3,), (101,)]


def test_a_loser_is_put_back(running):
    concurrently(running, (running.a, "INSERT INTO coded VALUES (1, 'X', NULL, 'older')"),
                 (running.b, "INSERT INTO coded VALUES (100, 'X', NULL, 'newer')"))
    place = f"a:{running.conflicts(running.a)[0]['id']}"
    nodes = node_arguments({"a": running.a, "b": running.b})
    refused = command("conflict", "restore", "--yes", place, *nodes)
    assert refused.status != 0 and "coded_code_key" in refused.text, refused
    running.b.sql("UPDATE coded SET code = 'Y' WHERE id = 100")
    running.settle()
    done = command("conflict", "restore", "--yes", place, *nodes)
    assert done.status == 0, done
    running.settle()
    running.assert_equal("coded")
    assert running.b.sql("SELECT id, code, note FROM coded ORDER BY 1") == [(1, "X", "older"), (100, "Y", "newer")]
