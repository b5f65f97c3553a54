"""The oracles themselves: each must fire on the fault it is for, and on nothing else.

The pure judgements on small made-up histories; then the whole proof on two real servers between
which PostgreSQL's own logical replication stands in for tandem, sound first and then sabotaged.
"""

import contextlib
import datetime
import pathlib
import sys

import psycopg2
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "chat"))

import load as chat_load  # noqa: E402
import proof  # noqa: E402
import workload  # noqa: E402
from support import oracles  # noqa: E402
from support.oracles import Version  # noqa: E402
from support.oracles_sql import Watch  # noqa: E402
from support.waiting import wait_until  # noqa: E402
from workload import Change  # noqa: E402

SETTINGS = {"wal_retrieve_retry_interval": "100ms"}  # how soon a subscription's worker starts
RANKS = {"a": 0, "b": 1}


def at(second):
    return datetime.datetime(2026, 1, 1, 12, 0, second)


def clock(**times):
    """clock(a1=5, b1=6): change 1 of a committed at second 5, and so on."""
    return oracles.Clock(RANKS, {Version(name[0], int(name[1:])): at(second)
                                 for name, second in times.items()})


def change(op, key, seq, table="t"):
    return Change(op, table, key, seq)


# --- which version is newer ---------------------------------------------------------------------
@pytest.mark.parametrize("one, other, order", [
    (("a", 2), ("a", 1), 1),
    (("a", 1), ("a", 1), 0),
    (("a", 1), ("b", 1), -1),   # committed earlier
    (("b", 2), ("a", 1), 1),    # same time: the higher rank wins
    (("a", 1), ("b", 9), None),  # b9's time is not known
])
def test_clock(one, other, order):
    known = clock(a1=5, a2=6, b1=7, b2=5)
    assert known.compare(Version(*one), Version(*other)) == order


# --- looped ---------------------------------------------------------------------------------------
def test_surplus_names_kinds_with_too_many_and_too_few():
    wal = {("t", "I"): 5, ("t", "U"): 2}
    written = {("t", "I"): 4, ("t", "D"): 1, ("t", "U"): 2}
    assert oracles.surplus(wal, written) == {("t", "I"): 1, ("t", "D"): -1}
    assert oracles.surplus(written, written) == {}


# --- lost -----------------------------------------------------------------------------------------
HISTORY = [change("I", "1", 1), change("U", "1", 2), change("U", "1", 5)]
REBORN = [change("I", "1", 1), change("D", "1", 2), change("I", "1", 3)]


@pytest.mark.parametrize("name, history, shown, losers, missing", [
    ("the last change is there", HISTORY, Version("a", 5), (), []),
    ("an older one is there", HISTORY, Version("a", 2), (), [5]),
    ("the row is not there", HISTORY, None, (), [1, 2, 5]),
    ("a newer row of the peer is there", HISTORY, Version("b", 2), (), []),
    ("an older row of the peer is there", HISTORY, Version("b", 1), (), [2, 5]),
    ("that one, but our loss is logged", HISTORY, Version("b", 1), ("a2", "a5"), []),
    ("born again, but not there", REBORN, None, (), [3]),
    ("born again and there", REBORN, Version("a", 3), (), []),
    ("deleted, and not there", REBORN[:2], None, (), []),
    ("deleted, but still there", REBORN[:2], Version("a", 1), (), [2]),
])
def test_lost(name, history, shown, losers, missing):
    times = clock(a1=1, a2=2, a3=4, a5=5, b1=1, b2=6)
    found = oracles.lost("a", history, {("t", "1"): shown} if shown else {},
                         {Version(each[0], int(each[1:])) for each in losers}, times)
    assert [each.seq for each in found] == missing, name


def test_lost_without_commit_times_takes_the_peers_row_for_newer():
    assert oracles.lost("a", HISTORY, {("t", "1"): Version("b", 1)}, set(), clock()) == []


# --- final state --------------------------------------------------------------------------------
def test_expected_state_is_the_newest_change_of_each_key():
    state, unknown = oracles.expected(
        {"a": [change("I", "1", 1), change("I", "2", 2), change("U", "1", 3), change("D", "2", 4)],
         "b": [change("U", "1", 1), change("I", "3", 2), change("U", "3", 3)]},
        clock(a1=1, a2=1, a3=3, b1=4, b2=1, b3=1))
    assert state == {("t", "1"): Version("b", 1), ("t", "3"): Version("b", 3)}
    assert unknown == set()


def test_expected_state_without_commit_times_is_unknown_only_where_both_wrote():
    state, unknown = oracles.expected(
        {"a": [change("I", "1", 1), change("I", "2", 2)], "b": [change("U", "1", 1)]}, clock())
    assert unknown == {("t", "1")}
    assert state["t", "2"] == Version("a", 2)


def test_misplaced_names_missing_extra_and_wrong_rows():
    wanted = {("t", "1"): Version("a", 1), ("t", "2"): Version("a", 2), ("t", "4"): Version("a", 4)}
    shown = {("t", "1"): Version("a", 1), ("t", "2"): Version("b", 1), ("t", "3"): Version("b", 2),
             ("t", "4"): Version("b", 4)}
    assert oracles.misplaced(shown, wanted, {("t", "4")}) == [
        (("t", "2"), Version("b", 1), Version("a", 2)), (("t", "3"), Version("b", 2), None)]
    assert oracles.misplaced({}, {("t", "1"): Version("a", 1)}, set()) == [
        (("t", "1"), None, Version("a", 1))]


def test_unrecorded_asks_only_for_the_last_write_of_a_key():
    history = [change("U", "1", 1), change("U", "1", 2), change("U", "2", 3), change("U", "2", 4),
               change("I", "3", 5), change("D", "3", 6)]
    arrived, losers = {Version("a", 2)}, {Version("a", 4)}
    assert oracles.unrecorded("a", history, arrived, losers) == []
    assert oracles.unrecorded("a", history, arrived, set()) == [history[3]]
    assert oracles.unrecorded("a", history, set(), losers) == [history[1]]


def test_strangers_are_versions_that_nobody_committed():
    committed = {"a": [change("I", "1", 1)], "b": [change("I", "2", 1)]}
    assert oracles.strangers({Version("a", 1), Version("b", 1)}, committed) == []
    assert oracles.strangers({Version("a", 1), Version("b", 7)}, committed) == [Version("b", 7)]


def test_differing_tables():
    here = {"t": (1, "x"), "u": (2, "y"), "v": (0, "z")}
    assert oracles.differing_tables(here, dict(here)) == []
    assert oracles.differing_tables(here, {"t": (1, "X"), "u": (2, "y")}) == [
        ("t", (1, "x"), (1, "X")), ("v", (0, "z"), None)]


# --- the whole proof on real servers -------------------------------------------------------------
class OneWay:
    """a -> b by PostgreSQL's own replication, the load on a, everything under watch."""

    def __init__(self, pair):
        self.pair = pair
        for database in pair.both:
            chat_load.create_schema(database.uri())
        self.watches = [Watch(name, database.uri(), workload.TABLES)
                        for name, database in zip("ab", pair.both)]
        for watch in self.watches:
            watch.install()
        pair.a.sql("CREATE PUBLICATION stand_in FOR ALL TABLES")
        subscriber = psycopg2.connect(pair.b.uri())
        subscriber.autocommit = True
        with subscriber.cursor() as cursor:
            cursor.execute(f"CREATE SUBSCRIPTION stand_in CONNECTION '{pair.a.uri()}' PUBLICATION "
                           f"stand_in WITH (slot_name = {pair.name}, copy_data = false)")
        subscriber.close()
        self.load = chat_load.Load([("a", pair.a.uri()), ("b", pair.b.uri())], rate=50_000)
        # Replication is one way here: only node a writes.
        self.load.writers = [each for each in self.load.writers if each[0].name == "a"]

    def run(self, rows):
        self.load.seed()
        self.load.start()
        wait_until(lambda: self.load.nodes[0].rows >= rows or self.load.failure, 60, "rows written")
        self.load.stop()
        self.load.fence_all(30, self.load.nodes[:1])

    def verdict(self):
        return proof.judge(self.load, self.watches)

    def close(self):
        for watch in self.watches:
            watch.remove()
            watch.close()
        self.pair.b.sql("ALTER SUBSCRIPTION stand_in DISABLE")
        self.pair.b.sql("ALTER SUBSCRIPTION stand_in SET (slot_name = NONE)")
        self.pair.b.sql("DROP SUBSCRIPTION stand_in")
        wait_until(lambda: not self.pair.a.value(
            "SELECT active FROM pg_replication_slots WHERE slot_name = %s", self.pair.name), 30,
            "the stand-in's slot is free")
        self.pair.a.sql("SELECT pg_drop_replication_slot(%s)", self.pair.name)


@pytest.fixture
def one_way(pair):
    with contextlib.closing(OneWay(pair)) as stage:
        stage.run(3000)
        yield stage


@contextlib.contextmanager
def applier(database, origin=True):
    """A session that writes as an applier would, or as a looping one does: without an origin."""
    session = psycopg2.connect(database.uri())
    session.autocommit = True
    with session.cursor() as cursor:
        if origin:
            cursor.execute("SELECT pg_replication_origin_create('saboteur')")
            cursor.execute("SELECT pg_replication_origin_session_setup('saboteur')")
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        if origin:
            cursor.execute("SELECT pg_replication_origin_session_reset()")
            cursor.execute("SELECT pg_replication_origin_drop('saboteur')")
    session.close()


def kinds(verdict):
    return sorted(finding.split(" (")[0] for finding in verdict.findings)


def test_sound_replication_is_found_good(one_way):
    verdict = one_way.verdict()
    assert verdict.findings == []
    assert (verdict.lost, verdict.doubled, verdict.looped, verdict.tables) == (0, 0, 0, 5)
    written = one_way.load.nodes[0].written
    assert verdict.rows == sum(count if op == "I" else -count if op == "D" else 0
                               for (_, op), count in written.items()) > 1000
    assert one_way.load.nodes[0].rolled_back > 0


def test_a_row_that_vanished_is_lost(one_way):
    with applier(one_way.pair.b) as b:
        b.execute("DELETE FROM chat_message WHERE id = (SELECT max(id) FROM chat_message)")
    verdict = one_way.verdict()
    assert verdict.lost >= 1 and (verdict.doubled, verdict.looped) == (0, 0)
    assert {"at b, rows not as the last write left them", "lost between a and b"} < \
        set(kinds(verdict))
    assert verdict.findings[-1].startswith("chat_message differs")


def test_an_old_state_is_lost(one_way):
    with applier(one_way.pair.b) as b:
        b.execute("UPDATE chat_account SET seq = 1 WHERE account_id = 1")
    verdict = one_way.verdict()
    assert verdict.lost >= 1
    assert "chat_account 1" in "".join(verdict.findings)


def test_a_change_applied_twice_is_doubled(one_way):
    with applier(one_way.pair.b) as b:
        b.execute("UPDATE chat_message SET body = body WHERE id IN (SELECT id FROM chat_message "
                  "ORDER BY id DESC LIMIT 3)")
    verdict = one_way.verdict()
    assert (verdict.lost, verdict.doubled, verdict.looped) == (0, 3, 0)
    assert kinds(verdict) == ["at b, changes that took effect more than once"]


def test_an_applied_change_without_origin_is_looped(one_way):
    with applier(one_way.pair.b, origin=False) as b:
        b.execute("UPDATE chat_room SET topic = topic")
    verdict = one_way.verdict()
    assert verdict.looped == workload.SHARED_ROOMS
    assert "in the WAL of b, changes without an origin that the load did not write" \
        in kinds(verdict)


def test_a_change_that_comes_home_is_looped(one_way):
    with applier(one_way.pair.a) as a:
        a.execute("UPDATE chat_room SET topic = topic WHERE room_id = 1")
    verdict = one_way.verdict()
    assert (verdict.lost, verdict.looped) == (0, 1)
    assert "at a, its own changes that came back" in kinds(verdict)


def test_other_bytes_under_the_same_version_are_a_difference(one_way):
    with applier(one_way.pair.b) as b:
        b.execute("SET session_replication_role = origin")
        b.execute("ALTER TABLE chat_message DISABLE TRIGGER proof")
        b.execute("UPDATE chat_message SET body = body || ' ' WHERE id = 1")
        b.execute("ALTER TABLE chat_message ENABLE ALWAYS TRIGGER proof")
    verdict = one_way.verdict()
    assert (verdict.lost, verdict.doubled, verdict.looped) == (0, 0, 0)
    assert len(verdict.findings) == 1
    assert verdict.findings[0].startswith("chat_message differs") and "key 1" in verdict.findings[0]


def test_a_row_nobody_committed_is_a_stranger(one_way):
    with applier(one_way.pair.b) as b:
        b.execute("INSERT INTO chat_message (id, room_id, user_id, body, sent_at, node, seq) "
                  "VALUES (77777, 1, 'x', 'ghost', now(), 'a', 999999)")
    assert "at b, rows that no committed write made" in kinds(one_way.verdict())


def test_a_write_hidden_from_the_wal_is_noticed(one_way):
    one_way.load.nodes[0].written["chat_message", "I"] += 1
    verdict = one_way.verdict()
    assert kinds(verdict) == ["in the WAL of a, writes of the load that are missing"]


def test_the_stand_in_of_a_conflict_log_counts_losers_only(one_way):
    """A logged loss excuses the loser, never the winner."""
    one_way.pair.b.sql("CREATE SCHEMA tandem")
    one_way.pair.b.sql("CREATE TABLE tandem.conflict (table_name text, key jsonb, incoming jsonb, "
                       "existing jsonb, incoming_node text, winner text)")
    one_way.pair.b.sql(
        "INSERT INTO tandem.conflict VALUES "
        "('t', '{}', '{\"node\": \"a\", \"seq\": 1}', '{\"node\": \"b\", \"seq\": 2}', 'a', 'b'), "
        "('t', '{}', '{\"node\": \"a\", \"seq\": 3}', '{\"node\": \"b\", \"seq\": 4}', 'a', 'a')")
    watch = one_way.watches[1]
    assert watch.losers() == {Version("a", 1), Version("b", 4)}
    assert watch.conflicts() == 2
    assert watch.echoes() == []
    one_way.pair.b.sql("DROP SCHEMA tandem CASCADE")
