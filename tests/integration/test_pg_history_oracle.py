"""The oracle of randomized histories: fires on each fault it is for, and on nothing else; and reads a WAL as it is."""

import copy
import random

import pytest

from support import histories, history_wal
from support.history_oracle import History, Stage, judge
from support.history_scripts import TABLES, Plan, Statements, key_of, script
from support.history_wal import UNCHANGED, Change, Transaction

K = ("1",)


def row(tag, **more):
    return {"id": "1", "node": tag[0], "seq": tag[1:], "v": "0", **more}


def wrote(tag, old=None, key=K, **more):
    return Change("wide", "U", key, old, {**row(tag, **more), "id": key[0]})


GONE = Change("wide", "D", K)
EMPTIED = Change("wide", "T")


class Node:
    """Writes a WAL: its n-th transaction ends at 10 * n."""

    def __init__(self, name):
        self.name, self.wal, self.log = name, [], []

    def _add(self, local, at, changes, **more):
        number = len(self.wal)
        self.wal.append(Transaction(self.name, number, 700 + number, local, 10 * number, at, 10 * (number + 1), list(changes), **more))

    def local(self, at, *changes):
        said = [["M" if c.old else "W" if c.op in "IU" else c.op, c.table, c.key, c.tag[1] if c.tag else None] for c in changes]
        self._add(True, at, changes, done={"seq": len(self.wal), "what": said})

    def replays(self, at, upto, *changes):
        """The peer's transactions up to its n-th."""
        self._add(False, at, changes, applied={"b" if self.name == "a" else "a": 10 * upto})

    def lists(self, at, tag=None, kind="update_origin_differs", key=K):
        self.log.append({"type": kind, "table_name": "wide", "key": {"id": int(key[0])} if key else {}, "incoming_at": at,
                         "incoming": {"id": 1, "node": tag[0], "seq": int(tag[1:])} if tag else None, "position": str(at),
                         "incoming_node": "b" if self.name == "a" else "a", "winner": self.name})


class Case:
    """Two WALs; the rows are what they leave, unless said."""

    def __init__(self, long_columns=()):
        self.a, self.b, self.long = Node("a"), Node("b"), long_columns

    def history(self):
        both = {each.name: each for each in (self.a, self.b)}
        made = History({"wide": ("id",), "hot": ("id",)}, {name: each.wal for name, each in both.items()}, {name: {} for name in both},
                       {name: each.log for name, each in both.items()}, long_columns=self.long)
        made.rows = copy.deepcopy(Stage(made).last_row)
        return made

    def rules(self):
        return judge(self.history()).rules


def crossed():
    """a1 comes into being, is known to both; a2 and b1 cross, and b1 is later."""
    case = Case()
    case.a.local(10, wrote("a1"))
    case.b.replays(10, 1, wrote("a1"))
    case.a.local(15, wrote("a2"))
    case.b.local(20, wrote("b1"))
    case.a.replays(20, 2, wrote("b1"))
    case.b.replays(15, 2)
    case.b.lists(15, "a2")
    return case


def test_a_sound_history_is_sound():
    counted = judge(crossed().history())
    assert counted.found == []
    assert (counted.counts["lost"], counted.counts["listed"], counted.counts["transactions"]) == (1, 1, 3)


def test_another_row_is_found():
    history = crossed().history()
    history.rows["b"]["wide", K] = row("a2")
    assert judge(history).rules == {"differ", "winner"}
    history.rows["a"]["wide", K] = row("a2")
    assert judge(history).rules == {"winner"}, "also where both are wrong"
    del history.rows["a"]["wide", K]
    del history.rows["b"]["wide", K]
    assert judge(history).rules == {"winner"}


@pytest.mark.parametrize("spoil, rule", [
    (lambda case: case.b.log.clear(), "unlisted"),
    (lambda case: case.b.lists(15, "a2"), "listed twice"),
    (lambda case: case.b.lists(10, "a1"), "phantom"),
    (lambda case: case.b.lists(15, None, "delete_origin_differs"), "phantom"),
    (lambda case: case.a.lists(20, "b1"), "phantom"),
    (lambda case: case.b.wal[-1].changes.append(wrote("a1")), "doubled"),
    (lambda case: case.b.wal[-1].changes.append(wrote("b1")), "echo"),
    (lambda case: case.b.wal[0].changes.clear(), "vanished"),
    (lambda case: case.b.wal[0].changes.append(wrote("a2")), "torn"),
    (lambda case: case.a.wal[1].changes.append(wrote("a3")), "amplification"),
    (lambda case: case.a.wal[1].changes.clear(), "amplification"),
    (lambda case: setattr(case.a.wal[2], "local", True), "amplification"),  # came back without an origin
    (lambda case: case.a.wal[0].marks.append("b"), "amplification"),
    (lambda case: case.b.wal.pop(), "not applied"),
    (lambda case: setattr(case.a.wal[1], "at", 10), "order"),
    (lambda case: setattr(case.b.wal[1], "at", 5), "clock"),
])
def test_what_is_wrong_is_found(spoil, rule):
    case = crossed()
    spoil(case)
    assert rule in case.rules()


def test_what_was_answered_and_is_not_there_is_found():
    history = crossed().history()
    history.acknowledged = {"a": {0, 1}, "b": {7}}
    assert judge(history).rules == {"not durable"}


def test_a_tie_is_decided_by_rank():
    case = crossed()
    case.b.wal[1].at = 15
    assert case.rules() == set()


def test_a_column_that_was_left_out_is_the_writers_own():
    case = Case(long_columns=("long",))
    case.a.local(10, wrote("a1", long="x"))
    case.b.replays(10, 1, wrote("a1", long="x"))
    case.b.local(20, wrote("b1", long=history_wal.UNCHANGED))
    case.a.replays(20, 2, wrote("b1", long=history_wal.UNCHANGED))
    history = case.history()
    assert judge(history).found == [] and history.rows["a"]["wide", K]["long"] == "x"
    history.rows["a"]["wide", K]["long"] = "y"
    assert judge(history).rules == {"differ", "long column"}


# --- what need not be listed --------------------------------------------------------------------------------
def folded(seen):
    """a2 lost to b1, and a3 follows it in the transaction that carries both out."""
    case = crossed()
    case.b.wal.pop()
    case.b.log.clear()
    if not seen:
        case.a.wal.pop()
    case.a.local(30, wrote("a3"))
    if not seen:
        case.a.replays(20, 2)
        case.a.lists(20, "b1")
    case.b.replays(30, 4 if seen else 3, wrote("a3"))
    return case


@pytest.mark.parametrize("seen", [True, False])
def test_a_successor_in_the_same_transaction(seen):
    counted = judge(folded(seen).history())
    assert counted.found == []
    assert counted.counts["own successor folded"] == seen


def test_a_successor_in_another_transaction_is_no_excuse():
    case = folded(True)
    case.b.wal[-1].applied = {"a": 20}
    case.b.wal[-1].changes.clear()
    case.b.replays(30, 4, wrote("a3"))
    assert case.rules() == {"unlisted"}


def revived(*behind):
    """b deletes, a's older row comes and goes again."""
    case = Case()
    case.a.local(10, wrote("a1"))
    case.b.replays(10, 1, wrote("a1"))
    case.a.local(15, wrote("a2"))
    case.b.local(20, GONE)
    case.b.replays(15, 2, wrote("a2"))
    case.a.replays(20, 2, GONE)
    for change in behind:
        change(case)
    return case


def taken_out(case):
    case.b.replays(0, 2, GONE)
    case.b.wal[-1].applied = {}


def test_a_row_that_came_back_and_was_taken_out():
    case = revived(taken_out)
    assert case.rules() == {"unlisted"}
    case.b.lists(15, "a2", "update_deleted")
    assert case.rules() == set()


def test_a_row_that_stays_though_its_delete_is_newer():
    assert {"differ", "winner", "unlisted"} <= revived().rules()


def test_a_row_that_an_application_has_seen_before_it_was_taken_out():
    case = revived(lambda case: case.b.local(30, wrote("b9")), lambda case: case.a.replays(30, 4, wrote("b9")))
    counted = judge(case.history())
    assert counted.found == [] and counted.counts["seen by its successor"] == 1


def test_own_successor_before_it_was_taken_out():
    case = revived(lambda case: case.a.local(40, wrote("a3")), lambda case: case.b.replays(40, 4, wrote("a3")))
    counted = judge(case.history())
    assert counted.found == [] and counted.counts["own successor before verification"] == 1


def test_own_truncate_before_it_was_taken_out():
    """In one transaction with the row that came back, which it took out itself."""
    case = Case()
    case.a.local(10, wrote("a1"))
    case.b.replays(10, 1, wrote("a1"))
    case.a.local(15, wrote("a2"))
    case.b.local(20, GONE)
    case.a.local(17, EMPTIED)
    case.b.replays(17, 3, wrote("a2"))
    case.a.replays(20, 2)
    assert {"differ", "winner", "unlisted"} <= case.rules(), "it did not"
    case.b.wal[-1].changes.append(GONE)
    counted = judge(case.history())
    assert counted.found == [] and counted.counts["superseded at its own node"] == 1


def test_two_deletes_and_a_truncate():
    case = Case()
    case.a.local(10, wrote("a1"))
    case.b.replays(10, 1, wrote("a1"))
    case.a.local(15, GONE)
    case.b.local(20, GONE)
    case.a.replays(20, 2)
    case.b.replays(15, 2)
    assert judge(case.history()).counts["both deleted"] == 1 and case.rules() == set()
    case.a.local(30, EMPTIED)
    case.b.local(35, wrote("b2"))
    case.b.replays(30, 4)
    case.a.replays(35, 4, wrote("b2"))
    assert case.rules() == {"unlisted"}
    case.b.lists(30, None, "truncate_origin_differs", key=())
    assert case.rules() == set()


def test_a_delete_beside_an_insert():
    """It may not have seen the row: nothing need be listed if they overlapped, and it must be if they did not."""
    case = Case()
    case.a.local(10, wrote("a1"))
    case.b.replays(10, 1, wrote("a1"))
    case.a.local(15, GONE)
    case.b.local(18, GONE)
    case.b.local(20, Change("wide", "I", K, row=row("b1")))
    case.b.local(100_000, wrote("b2", key=("2",)))
    case.a.replays(100_000, 4, Change("wide", "I", K, row=row("b1")), wrote("b2", key=("2",)))
    case.b.replays(15, 2)
    assert case.rules() == {"unlisted"}
    case.b.wal[-1].begin -= 15
    assert case.rules() == set()


def test_one_that_comes_as_a_delete_beside_an_insert():
    """Its row was gone at the source when the column was looked up that it had left out."""
    case = Case(long_columns=("long",))
    case.a.local(10, wrote("a1", long="x"))
    case.b.replays(10, 1, wrote("a1", long="x"))
    case.a.local(15, wrote("a2", long=UNCHANGED))
    case.a.local(16, GONE)
    case.b.local(18, GONE)
    case.b.local(20, Change("wide", "I", K, row=row("b1", long="y")))
    case.b.local(100_000, wrote("b2", key=("2",), long="z"))
    case.a.replays(100_000, 4, Change("wide", "I", K, row=row("b1", long="y")), wrote("b2", key=("2",), long="z"))
    case.b.replays(15, 2)
    arrived = case.b.wal[-1]
    case.b.replays(16, 3)
    case.b.lists(16, None, "delete_origin_differs")
    assert case.rules() == {"unlisted"}
    arrived.begin -= 15
    assert case.rules() == set()


def test_a_row_that_was_moved_is_a_delete_and_a_write():
    case = Case()
    case.a.local(10, wrote("a1"))
    case.b.replays(10, 1, wrote("a1"))
    case.a.local(15, wrote("a2", old=K, key=("2",)))
    case.b.local(20, wrote("b1"))
    case.a.replays(20, 2, wrote("b1"))
    case.b.replays(15, 2)
    case.b.lists(15, "a2", key=("2",))
    case.b.log[-1]["incoming"]["id"] = 2
    assert case.rules() == {"differ", "winner", "vanished"}, "what a wrote to key 2 is nowhere at b"


# --- unique values --------------------------------------------------------------------------------------------
def coded(tag, key):
    return Change("hot", "I", (key,), row={**row(tag), "id": key, "code": "5"})


def collided():
    """a1 and b1 have one code in different rows, b1 is later: a deletes its own, and both have put the other's aside."""
    case = Case()
    case.a.local(10, coded("a1", "1"))
    case.b.local(20, coded("b1", "2"))
    case.b._add(False, 10, [], applied={"a": 10}, parked=[("hot", ("1",), 10)])
    case.a._add(False, 20, [], applied={"b": 10}, parked=[("hot", ("2",), 20)])
    case.a._add(True, 30, [Change("hot", "D", ("1",))])
    case.a._add(False, 20, [coded("b1", "2")])
    case.b.replays(30, 3)
    case.a.log.append({"type": "insert_exists", "table_name": "hot", "key": {"id": 1}, "incoming_at": 20, "position": "20",
                       "incoming": {"id": 2, "node": "b", "seq": 1, "code": 5}, "winner": "b", "incoming_node": "b",
                       "existing": {"id": 1, "node": "a", "seq": 1, "code": 5}})
    return case


def test_a_row_that_gave_way():
    counted = judge(collided().history())
    assert counted.found == [], counted.found
    assert (counted.counts["resolutions"], counted.counts["parked"], counted.counts["carried out after it was parked"]) == (1, 2, 1)


@pytest.mark.parametrize("spoil, rules", [
    (lambda case: case.a.log.clear(), {"amplification"}),
    (lambda case: case.a.log.append(case.a.log[0]), {"resolution"}),
    (lambda case: case.a.log[0].update(incoming_at=9), {"resolution"}),
    (lambda case: case.a.log[0]["incoming"].update(code=6), {"resolution"}),
    (lambda case: case.a.wal[1].parked.clear(), {"torn", "vanished"}),
    (lambda case: case.a.wal.pop(), {"differ", "winner", "vanished"}),
    (lambda case: case.a.wal[2].changes.clear(), {"differ", "resolution"}),
])
def test_what_is_wrong_with_one_that_gave_way_is_found(spoil, rules):
    case = collided()
    spoil(case)
    assert rules <= case.rules()


# --- a WAL as it is -------------------------------------------------------------------------------------
def test_a_wal_is_read_as_it_is(pair):
    """Every kind of statement, rolled back in part and whole, with an origin and without: what the WAL leaves are the rows."""
    plan = Plan(1, False, {"unchanged_toast", "contended_key_updates"}, steps=150, pause=0.0, moves=True, truncates=2)
    pair.a.sql(plan.schema)
    slot = history_wal.Slot(pair.a)
    writers = [histories.Writer(plan, pair.a, number) for number in range(3)]
    for writer in writers:
        writer.thread.start()
    for writer in writers:
        writer.thread.join(60)
    with pair.a.transaction() as cursor:
        cursor.execute("SELECT pg_replication_origin_create('other'), pg_replication_origin_session_setup('other')")
        cursor.execute("SELECT pg_replication_origin_xact_setup('0/AB', '2020-01-02 03:04:05.678901+00')")
        Statements(cursor, "b", lambda: 7).run("upsert", "pairs", 3, None)
        cursor.execute("INSERT INTO hot VALUES (77, 'b', 8, 1, %s)", ("it's \" new-tuple: id[integer]:5 [x] 'y'",))
        cursor.execute("INSERT INTO hot VALUES (78, 'b', 9, NULL, '')")
    transactions = slot.transactions(TABLES)
    history = History(TABLES, {"a": transactions, "b": []}, {"a": {}, "b": {}}, {"a": [], "b": []})
    assert Stage(history).last_row["a"] == histories.rows_of(pair.a)
    assert judge(history).rules == {"not applied", "echo", "winner"}, "what the applications said is what is there"
    foreign = [each for each in transactions if not each.local]
    assert [(each.at, len(each.changes)) for each in foreign] == [
        (history_wal.microseconds("2020-01-02 03:04:05.678901+00"), 3)]
    kinds = {change.op for each in transactions for change in each.changes}
    assert kinds == {"I", "U", "D", "T"}
    assert any(change.old for each in transactions for change in each.changes)
    assert any(history_wal.UNCHANGED in change.row.values() for each in transactions for change in each.changes if change.row)
    assert {each.done["seq"] for each in transactions if each.done} == {seq for each in writers for seq in each.acknowledged}
    assert [each.end for each in transactions] == sorted(each.end for each in transactions)


def test_a_seed_says_all():
    plan = Plan(random.randrange(1 << 30), False, set(), moves=True, truncates=3)
    assert [script(plan, "a", number) for number in range(8)] == [script(copy.deepcopy(plan), "a", number) for number in range(8)]
    assert key_of("pairs", 5) == (1, "k5")
