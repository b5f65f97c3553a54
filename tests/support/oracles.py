"""Judges whether two masters were kept in sync, from SQL and test_decoding alone.

Judgements are pure functions over plain values (unit-tested in test_oracles.py); what they judge is
read from the servers by oracles_sql.py. Nothing here asks tandem or uses its decoder.

A change has op, table, key and seq (tools/chat/workload.py: Change): op is I, U or D, key the
primary key as text, and (node, seq) is given to no other change of that node; seq grows with
commit order per key and node.
"""

from collections import namedtuple

Version = namedtuple("Version", "node seq")


class Clock:
    """Which of two versions of one row is newer: commit timestamp, then node rank (R11).

    `committed` maps (node, seq) to the commit timestamp; where it is unknown (PostgreSQL without
    track_commit_timestamp) versions of two nodes cannot be told apart and compare() returns None.
    """

    def __init__(self, ranks, committed):
        self.ranks, self.committed = ranks, committed

    def compare(self, one, other):
        """Positive if `one` is newer, negative if older, 0 if the same, None if not known."""
        if one.node == other.node:
            return one.seq - other.seq
        first, second = self.committed.get(one), self.committed.get(other)
        if first is None or second is None:
            return None
        mine, theirs = (first, self.ranks[one.node]), (second, self.ranks[other.node])
        return (mine > theirs) - (mine < theirs)

    def not_older(self, one, other):
        """Unknown counts as newer: an oracle without timestamps must not invent losses."""
        order = self.compare(one, other)
        return order is None or order >= 0


def surplus(wal, written):
    """looped: origin-free changes in a WAL beyond what the application wrote there.

    Both are counters by (table, op). Returns {(table, op): surplus}, negative where the WAL holds
    fewer changes than were written.
    """
    differences = {kind: wal.get(kind, 0) - written.get(kind, 0)
                   for kind in set(wal) | set(written)}
    return {kind: count for kind, count in differences.items() if count}


def lost(source, changes, visible, logged, clock):
    """Committed changes of `source` that its peer neither shows, nor superseded, nor logged.

    changes: those of the source, per key in commit order. visible: {(table, key): Version} at the
    peer. logged: the versions that lost a conflict.
    """
    deleted = {}  # (table, key) -> seq of the source's last delete
    for change in changes:
        if change.op == "D":
            deleted[change.table, change.key] = change.seq
    missing = []
    for change in changes:
        version = Version(source, change.seq)
        if version in logged:
            continue
        shown = visible.get((change.table, change.key))
        if shown is None:
            if deleted.get((change.table, change.key), -1) < change.seq:
                missing.append(change)
        elif not clock.not_older(shown, version):
            missing.append(change)
    return missing


def expected(changes_by_node, clock):
    """The state last-update-wins must end in: {(table, key): Version}, deleted keys left out.

    Keys whose winner the clock cannot tell are in the second value, a set.
    """
    newest, unknown = {}, set()
    for node, changes in changes_by_node.items():
        for change in changes:
            where, version = (change.table, change.key), Version(node, change.seq)
            if where in newest:
                order = clock.compare(version, newest[where][0])
                if order is None:
                    unknown.add(where)
                elif order < 0:
                    continue
            newest[where] = (version, change.op)
    state = {where: version for where, (version, op) in newest.items() if op != "D"}
    return state, unknown


def misplaced(visible, wanted, unknown):
    """Rows that are not in the expected state: [((table, key), shown or None, wanted or None)]."""
    wrong = []
    for where in visible.keys() | wanted.keys():
        shown, should = visible.get(where), wanted.get(where)
        if shown != should and where not in unknown:
            wrong.append((where, shown, should))
    return sorted(wrong)


def unrecorded(source, changes, arrived, logged):
    """Keys whose last change by `source` neither took effect at the peer nor is in a conflict log.

    arrived: (node, seq) of inserts and updates seen by the peer's audit. Batches may fold several
    changes of a key into the last one, so only that one must be accounted for; a last change that
    is a delete is judged by lost() and misplaced().
    """
    last = {}
    for change in changes:
        last[change.table, change.key] = change
    return [change for change in last.values()
            if change.op != "D" and Version(source, change.seq) not in arrived
            and Version(source, change.seq) not in logged]


def strangers(versions, changes_by_node):
    """Versions that no committed change made: rows out of a rolled-back transaction, or damaged."""
    known = {Version(node, change.seq) for node, changes in changes_by_node.items()
             for change in changes}
    return sorted(set(versions) - known)


def differing_tables(first, second):
    """Tables whose (rows, hash) differ: [(table, first, second)]. Both map table to that pair."""
    return [(table, first.get(table), second.get(table))
            for table in sorted(first.keys() | second.keys())
            if first.get(table) != second.get(table)]
