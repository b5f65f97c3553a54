"""Judges a history of two masters: from their WAL, their rows and their conflict logs, what last update wins must have made
of it, and what it must have told. Pure functions over plain values; nothing here asks tandem or uses its code.

What a write is. A local transaction (no origin) writes a key at most once: its last change of that key counts. It either
leaves a row or none (DELETE; an UPDATE that moves the row away is a delete of the old key and a write of the new one;
TRUNCATE is a delete of every key there is or ever was in the history, also of keys that only the peer has yet: R15's table
tombstone). Its version is (commit time, rank of the node).

Who wins. Of each key the write with the greatest version, on both masters. Commit times of one key rise along a node's own
WAL, since the second writer waits for the first: that is checked first ("order"), and the last write of each node is its
greatest. A column that an UPDATE left out (unchanged TOAST) has the value that the row had on the writer's own master:
traced through all that this master's WAL says of the row, replayed transactions included.

Who had seen whom. A write of node n had seen a write u of m, if the transaction at n that brought n's copy of m's stream to
u or beyond stands before it in n's WAL. Which one that is tells tandem.progress, which R2 has moved in the transaction of
the data; rows bear tags, so that it is checked and not believed ("torn"). For one key that is exact: whoever comes second
waits for the row lock of the first. Two writes of which neither had seen the other are concurrent.

By node (--conflict node-wins). Of each key the last write of that node, or the peer's last one if it had seen that. A write
of the peer loses on arrival if it had not seen the last one that stands there.

What must be listed. When w of n arrives at m, let u be the last local write of that key before, in m's WAL. If u is
greater, then w had not seen u (R12; otherwise: "clock"), and it loses: there must be a row for it in m's conflict log. Exempt are, each for its reason:
 - w deletes and u deletes: both wanted the same.
 - n wrote the key again and both were carried out in one transaction at m (R8 folds them). If the later one had not seen u
   either, w was superseded where it was written, and the later one has its fate. If it had seen u, w did lose unseen: a
   gap of the product, counted as "own successor folded" and found only on request.
 - w deletes, or comes as a delete (the last case), and u's row came into being in a transaction that was committed while
   the one at m ran: the delete may have found no row, and the insert has come after it in effect ("an insert came beside
   it"). A commit is seen by others only some time after its record and its time (COMMITS_FOR): decision 0002, new 3.
 - u deletes, so w's row came into being at m until it was verified (R9): an application at m wrote that key meanwhile, so
   it had seen w ("seen by its successor"); or n's own next write of it, or its TRUNCATE, came first ("own successor before verification").
 - w left a large column out, and at n the row was gone or another's when it was looked up: then it is carried out, and
   listed, as a delete ("left out, and gone at its source"); a gap of the product, since its row is not listed.
What was parked (it is in m's WAL), and collisions of a unique index: history_unique.py.
What is listed must be such a loser ("phantom"), once ("listed twice"). What is neither listed nor folded must have been
carried out ("vanished"), in the transaction of its own ("torn"), once ("doubled").
"""

import bisect
import collections
import dataclasses

from support import history_unique
from support.history_wal import UNCHANGED, Transaction

COMMITS_FOR = 50_000  # microseconds


@dataclasses.dataclass
class History:
    tables: dict  # {name: key columns}
    wal: dict  # {node: [Transaction]}
    rows: dict  # {node: {(table, key): {column: text}}}
    conflicts: dict  # {node: [rows of tandem.conflict as dicts]}
    acknowledged: dict = dataclasses.field(default_factory=dict)  # {node: {seq of transactions whose COMMIT was answered}}
    long_columns: tuple = ()  # of these a difference is a finding of its own
    wins: str = None  # --conflict node-wins: that node; none: last update wins

    @property
    def nodes(self):
        return sorted(self.wal)  # in the order of their ranks

    def peer(self, node):
        return next(other for other in self.wal if other != node)


@dataclasses.dataclass
class Write:
    """What a local transaction left of one key."""
    transaction: Transaction
    table: str
    key: tuple
    row: dict = None  # none: it is gone
    tag: tuple = None  # of the row; of one that was moved away: of where it is now
    truncation: bool = False
    looked_up: tuple = None  # columns were left out: of this row they are looked up at the writer's own master
    born: bool = False  # the row was not there, or had been taken away before

    @property
    def node(self):
        return self.transaction.node

    @property
    def number(self):
        return self.transaction.number

    @property
    def version(self):
        return self.transaction.at, self.node

    def __str__(self):
        what = "truncate" if self.truncation else f"row {self.tag}" if self.row else f"no row {self.tag or ''}"
        return f"[{self.node}#{self.number} at {self.transaction.at} {self.table} {','.join(self.key)}: {what}]"


class Findings:
    def __init__(self):
        self.found = []  # (rule, text, (table, key) or None)
        self.counts = collections.Counter()

    def add(self, rule, text, where=None):
        self.found.append((rule, text, where))

    @property
    def rules(self):
        return {rule for rule, _, _ in self.found}


class Stage:
    """A history with what follows from its WAL alone."""

    def __init__(self, history):
        self.history = history
        self.universe = {(change.table, key) for transactions in history.wal.values() for each in transactions
                         for change in each.changes for key in (change.key, change.old) if key is not None}
        self.writes = {}  # {(node, table, key): [Write]}, in the order of the WAL
        self.last_row = {}  # {node: {(table, key): row}} as this master's WAL leaves it
        # Of every statement, also of those that a later one of their transaction has made up for:
        self.tagged = {}  # {(node of the write, table, key, tag): Transaction}
        self.left_out = {}  # {(node of the write, table, key, commit time): Transaction}: may come as a delete
        self.parked = {node: {one for each in history.wal[node] for one in each.parked} for node in history.nodes}
        self.gone = {}  # {(node, table, key; None: TRUNCATE, commit time): Transaction}
        self.fates = {}  # {(node, table, key): [number of a transaction that left no row, or the peer's]}
        self.resolutions = history_unique.Resolutions(history)
        for node in history.nodes:
            self._trace(node)
        self.steps = {node: self._steps_of(history.peer(node), node) for node in history.nodes}

    def _trace(self, node):
        state = {}
        for transaction in self.history.wal[node]:
            left = {}  # {(table, key): Write}
            for change in transaction.changes:
                self._change(transaction, change, state, left)
            if transaction.local:
                for (table, key), write in left.items():
                    self.writes.setdefault((node, table, key), []).append(write)
        self.last_row[node] = state

    def _change(self, transaction, change, state, left):
        table, key = change.table, change.key
        self._fate(transaction, change)
        if change.op == "D" and transaction.local and transaction.done is None:
            self.resolutions.note(transaction, table, key, state.get((table, key)))
        if change.op in "DT" and transaction.local:
            self.gone[transaction.node, table, key, transaction.at] = transaction
        if change.op == "T":
            for where in [where for where in self.universe if where[0] == table]:
                left[where] = Write(transaction, *where, truncation=True)
                state.pop(where, None)
            return
        if change.op == "D":
            left[table, key] = Write(transaction, table, key)
            state.pop((table, key), None)
            return
        came_from = change.old or key
        before = state.get((table, came_from), {})
        row = {name: before.get(name, UNCHANGED) if text == UNCHANGED else text for name, text in change.row.items()}
        looked_up = key if UNCHANGED in change.row.values() and not history_unique.sent_whole(table) else None
        for where in (key, change.old) if looked_up else ():
            self.left_out[transaction.node, table, where, transaction.at] = transaction
        if change.old is not None:
            left[table, change.old] = Write(transaction, table, change.old, tag=change.tag, looked_up=looked_up)
            state.pop((table, change.old), None)
        left[table, key] = Write(transaction, table, key, row, change.tag, looked_up=looked_up, born=change.op == "I" or change.old is not None)
        state[table, key] = row
        self.tagged.setdefault((transaction.node, table, key, change.tag), transaction)

    def _fate(self, transaction, change):
        if change.op == "T":
            for table, key in self.universe:
                if table == change.table:
                    self.fates.setdefault((transaction.node, table, key), []).append(transaction.number)
        elif change.op == "D" or not transaction.local:
            self.fates.setdefault((transaction.node, change.table, change.key), []).append(transaction.number)
        if change.old is not None:
            self.fates.setdefault((transaction.node, change.table, change.old), []).append(transaction.number)

    def not_found(self, write):
        """Whether the row may have been another's, or gone, when the columns that this write had left out were looked up."""
        return write.looked_up is not None and any(
            number > write.number for number in self.fates.get((write.node, write.table, write.looked_up), ()))

    def was_parked(self, node, table, key, at):
        return (table, key, at) in self.parked[self.history.peer(node)]

    def _steps_of(self, stream, target):
        """([LSN of the stream], [number of the transaction at the target that came to it])."""
        reached, numbers = [], []
        for transaction in self.history.wal[target]:
            position = transaction.applied.get(stream)
            if position is not None and (not reached or position > reached[-1]):
                reached.append(position)
                numbers.append(transaction.number)
        return reached, numbers

    def arrival(self, transaction):
        """The number of the peer's transaction that carried it out; None: none did."""
        reached, numbers = self.steps[self.history.peer(transaction.node)]
        at = bisect.bisect_left(reached, transaction.end)
        return numbers[at] if at < len(numbers) else None

    def seen(self, write, other):
        """Whether the writer had the other node's write before it."""
        arrived = self.arrival(other.transaction)
        return arrived is not None and arrived < write.number

    def own(self, node, table, key):
        return self.writes.get((node, table, key), [])

    def winner(self, table, key):
        if self.history.wins:
            return self._winner_by_node(table, key)
        lasts = [writes[-1] for node in self.history.nodes if (writes := self.own(node, table, key))]
        return max(lasts, key=lambda write: write.version, default=None)


    def _winner_by_node(self, table, key):
        first = self.own(self.history.wins, table, key)
        second = self.own(self.history.peer(self.history.wins), table, key)
        if not first or not second:
            return (first or second or [None])[-1]
        return second[-1] if self.seen(second[-1], first[-1]) else first[-1]

    def beats(self, there, write):
        """Whether a write stays where the peer's `write` arrives."""
        if self.history.wins:
            return there.node == self.history.wins and not self.seen(write, there)
        return there.version > write.version


def judge(history):
    found, stage = Findings(), Stage(history)
    for rule in (order, applied, equality, amplification, replayed, losers, listed,
                 history_unique.resolved):
        rule(stage, found)
    found.counts["keys"] = len(stage.universe)
    return found


def order(stage, found):
    """Along one node's WAL the commit times of a key rise, and nothing is older than what its writer had seen: without that
    there is no winner to speak of."""
    for (node, table, key), writes in stage.writes.items():
        for one, other in zip(writes, writes[1:]):
            if other.transaction.at <= one.transaction.at:
                found.add("order", f"{one} is not older than {other}", (table, key))
        others = stage.own(stage.history.peer(node), table, key)
        arrived = [stage.arrival(other.transaction) for other in others]
        arrived = [float("inf") if number is None else number for number in arrived]
        for write in writes:
            seen = bisect.bisect_left(arrived, write.number)
            if seen and others[seen - 1].version > write.version:
                found.add("clock", f"{write} had seen {others[seen - 1]} and is older", (table, key))


def applied(stage, found):
    for node in stage.history.nodes:
        for transaction in stage.history.wal[node]:
            if transaction.local and transaction.changes and stage.arrival(transaction) is None:
                found.add("not applied", f"{node}#{transaction.number} {transaction.done}")


def equality(stage, found):
    """Masters hold the winner of every key, and the same."""
    history = stage.history
    a, b = history.nodes
    for where in sorted(stage.universe | set(history.rows[a]) | set(history.rows[b])):
        at_a, at_b = history.rows[a].get(where), history.rows[b].get(where)
        if at_a != at_b:
            found.add("differ", f"{where}: {short(at_a)} at {a}, {short(at_b)} at {b}", where)
        winner = stage.winner(*where)
        wanted = winner.row if winner else None
        for node, row in ((a, at_a), (b, at_b)):
            if parts(row, history.long_columns, False) != parts(wanted, history.long_columns, False):
                found.add("winner", f"{where} at {node}: {short(row)}, and the winner is {winner}", where)
            elif parts(row, history.long_columns, True) != parts(wanted, history.long_columns, True):
                found.add("long column", f"{where} at {node}: {short(row)}, the winner {winner} has {short(wanted)}", where)


def parts(row, long_columns, wanted):
    return None if row is None else {name: text for name, text in row.items() if (name in long_columns) == wanted}


def short(row):
    return None if row is None else {name: text[:12] if text else text for name, text in row.items()}


def amplification(stage, found):
    """What no origin wrote is what the applications say they wrote, transaction by transaction: nothing came back."""
    for node in stage.history.nodes:
        seen = set()
        for transaction in stage.history.wal[node]:
            if not transaction.local:
                continue
            written = collections.Counter(kind_of(change) for change in transaction.changes)
            said = collections.Counter((kind, table, tuple(key) if key else None, seq)
                                       for kind, table, key, seq in (transaction.done or {}).get("what", ()))
            said += stage.resolutions.of(transaction)
            if written != said:
                found.add("amplification", f"{node}#{transaction.number}: in the WAL, not said: {written - said}; said, not "
                                           f"in the WAL: {said - written}")
            if transaction.done:
                seen.add(transaction.done["seq"])
                found.counts["transactions"] += 1
                found.counts["writes"] += sum(said.values())
                found.counts["moves"] += sum(count for what, count in said.items() if what[0] == "M")
                found.counts["truncates"] += sum(count for what, count in said.items() if what[0] == "T")
            if any(mark != node for mark in transaction.marks):
                found.add("amplification", f"{node}#{transaction.number} has a mark of its peer without an origin")
        lost = stage.history.acknowledged.get(node, set()) - seen
        if lost:
            found.add("not durable", f"{node}: answered COMMIT, not in the WAL: {sorted(lost)[:5]}")


def kind_of(change):
    """Whether an upsert came to insert or to update is no matter here."""
    kind = "M" if change.old is not None else "W" if change.op in "IU" else change.op
    return kind, change.table, change.key, change.tag[1] if change.tag else None


def replayed(stage, found):
    """What an origin wrote is the peer's, in the transaction that brought the stream there, once."""
    for node in stage.history.nodes:
        source = stage.history.peer(node)
        times = collections.Counter()
        for transaction in stage.history.wal[node]:
            for change in transaction.changes if not transaction.local else ():
                if change.tag is None:
                    continue
                times[change.table, change.key, change.tag] += 1
                written = stage.tagged.get((source, change.table, change.key, change.tag))
                what = f"{node}#{transaction.number} writes {change.table} {change.key} {change.tag}"
                if written is None or not written.local:
                    found.add("echo", f"{what}, which {source} did not", (change.table, change.key))
                elif stage.was_parked(source, change.table, change.key, written.at) and transaction.number >= stage.arrival(written):
                    found.counts["carried out after it was parked"] += transaction.number > stage.arrival(written)
                elif stage.arrival(written) != transaction.number:
                    found.add("torn", f"{what} of {source}#{written.number}, and the stream came there in "
                                      f"#{stage.arrival(written)}", (change.table, change.key))
        for (table, key, tag), count in times.items():
            if count > 1:
                found.add("doubled", f"{node} carried out {tag} {count} times", (table, key))


class Log:
    """A master's conflict log, by what lost."""

    def __init__(self, history, node):
        self.rows, self.deletes, self.truncations = set(), set(), set()
        for row in history.conflicts[node]:
            if history_unique.resolves(row):
                continue
            if row["incoming"] is not None:
                self.rows.add((row["table_name"], (row["incoming"]["node"], int(row["incoming"]["seq"]))))
            elif row["key"]:
                self.deletes.add((row["table_name"], key_of(history, row), row["incoming_at"]))
            else:
                self.truncations.add((row["table_name"], row["incoming_at"]))

    def has(self, write):
        if write.looked_up and (write.table, write.key, write.transaction.at) in self.deletes:
            return True
        if write.tag is not None:
            return (write.table, write.tag) in self.rows
        if write.truncation:
            return (write.table, write.transaction.at) in self.truncations
        return (write.table, write.key, write.transaction.at) in self.deletes


def key_of(history, row):
    return tuple(str(row["key"][column]) for column in history.tables[row["table_name"]])


def lost(stage, write):
    """The local write of its target to which it lost on arrival, if any."""
    arrived = stage.arrival(write.transaction)
    if arrived is None:
        return None
    met = [other for other in stage.own(stage.history.peer(write.node), write.table, write.key) if other.number < arrived]
    return met[-1] if met and stage.beats(met[-1], write) else None


def losers(stage, found):
    logs = {node: Log(stage.history, node) for node in stage.history.nodes}
    following = {node: changes_of(stage.history.wal[node]) for node in stage.history.nodes}
    for (node, table, key), writes in stage.writes.items():
        target = stage.history.peer(node)
        for write, successor in zip(writes, [*writes[1:], None]):
            arrived = stage.arrival(write.transaction)
            if arrived is None:
                continue  # said by applied()
            folded = (successor is not None and not successor.truncation and not write.truncation
                      and stage.arrival(successor.transaction) == arrived)
            carried = (arrived, write.tag) in following[target].get((table, key), ())
            beaten_by = lost(stage, write)
            noted = logs[target].has(write)
            if stage.was_parked(node, table, key, write.transaction.at):
                history_unique.parked(found, stage, write, successor, following[target].get((table, key), ()), noted)
                continue
            if beaten_by is None:
                if write.row is not None and not carried and not folded and stage.not_found(write):
                    found.counts["left out, and gone at its source"] += 1
                elif write.row is not None and not carried and not folded:
                    found.add("vanished", f"{write} was to be carried out in {target}#{arrived}", (table, key))
                continue
            found.counts["lost"] += 1
            why = excuse(stage, following[target], write, successor, beaten_by, folded)
            found.counts["listed" if noted else why or "unlisted"] += 1
            if not noted and not why:
                found.add("unlisted", f"{write} lost to {beaten_by} in {target}#{arrived}", (table, key))


def excuse(stage, following, write, successor, beaten_by, folded):
    """Why a loser need not be listed; None: it must be."""
    if write.row is None and beaten_by.row is None:
        return "both deleted"
    if beaten_by.row is None and stage.not_found(write):
        return "left out, and gone at its source"
    if folded:
        return "own successor folded" if stage.seen(successor, beaten_by) else "superseded at its own node"
    target, arrived = stage.history.peer(write.node), stage.arrival(write.transaction)
    if write.row is None or stage.not_found(write):
        began = stage.history.wal[target][arrived].begin
        times = [each.at for each in stage.history.wal[target][:arrived] if each.local][-1:]
        beside = any(other.born and (began < other.transaction.end or times[0] < other.transaction.at + COMMITS_FOR)
                     for other in stage.own(target, write.table, write.key) if other.number <= beaten_by.number)
        if beside and not write.truncation:
            return "an insert came beside it"
        if write.row is None:
            return None
    happened = following.get((write.table, write.key), [])
    if beaten_by.row is not None or (arrived, write.tag) not in happened:
        return None
    behind = happened[happened.index((arrived, write.tag)) + 1:]
    if not behind:
        return None
    number = behind[0][0]
    if stage.history.wal[target][number].local:
        return "seen by its successor"
    late = successor is not None and number >= stage.arrival(successor.transaction) and stage.was_parked(
        write.node, write.table, write.key, successor.transaction.at)  # and carried out, or followed, later
    if successor is not None and (late or number == stage.arrival(successor.transaction)):
        return "own successor before verification" if stage.seen(successor, beaten_by) else "superseded at its own node"
    return None


def changes_of(transactions):
    """{(table, key): [(number, tag; None: the row went)]}, of local and replayed transactions."""
    happened = collections.defaultdict(list)
    for transaction in transactions:
        for change in transaction.changes:
            if change.op == "T":
                for (table, _), events in happened.items():
                    if table == change.table:
                        events.append((transaction.number, None))
                continue
            if change.old is not None:
                happened[change.table, change.old].append((transaction.number, None))
            happened[change.table, change.key].append((transaction.number, change.tag))
    return happened


def listed(stage, found):
    """What is in a conflict log did lose there, and is there once."""
    history = stage.history
    losing = {node: set() for node in history.nodes}  # by the node where it lost
    for (node, table, key), writes in stage.writes.items():
        losing[history.peer(node)].update((table, key, write.number) for write in writes if lost(stage, write) or history_unique.beaten_later(stage, write))
    for node in history.nodes:
        source, times = history.peer(node), collections.Counter()
        for row in history.conflicts[node]:
            if history_unique.resolves(row) and row["incoming_node"] == source:
                continue
            if (row["incoming_node"], row["winner"]) != (source, node):
                found.add("phantom", f"{node}: {row}")
                continue
            times[identity(history, row)] += 1
            if not named_losers(stage, source, row) & losing[node]:
                found.add("phantom", f"{node}: nothing of {source} lost there: {short_conflict(row)}")
        for what, count in times.items():
            if count > 1:
                found.add("listed twice", f"{node}: {what} {count} times")


def named_losers(stage, source, row):
    """{(table, key, number)} of what a row of the log may be about."""
    table, image = row["table_name"], row["incoming"]
    if image is None:
        key = key_of(stage.history, row) if row["key"] else None
        written = (stage.gone.get((source, table, key, row["incoming_at"]))
                   or stage.left_out.get((source, table, key, row["incoming_at"])))
        keys = [key] if key else [one for owner, one in stage.universe if owner == table]
        return {(table, one, written.number) for one in keys} if written else set()
    key = tuple(str(image[column]) for column in stage.history.tables[table])
    written = stage.tagged.get((source, table, key, (image["node"], int(image["seq"]))))
    # One that was to move a row loses at the key that it moves away from.
    return {(table, where, written.number) for change in written.changes if change.key == key
            for where in (change.key, change.old) if where is not None} if written else set()


def identity(history, row):
    image = row["incoming"]
    what = (image["node"], image["seq"]) if image else (row["incoming_at"], row["position"])
    return row["incoming_node"], row["table_name"], str(row["key"]), row["type"], what


def short_conflict(row):
    return {name: row[name] for name in ("type", "table_name", "key", "incoming_at", "position")} | {
        "incoming": short({name: str(text) for name, text in (row["incoming"] or {}).items()})}
