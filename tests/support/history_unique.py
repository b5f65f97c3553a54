"""Unique values that two rows have at once (R14), as history_oracle judges them: what was parked for them, and the deletes that
resolve them.

A resolution is a delete without an origin at the node where the older row was: a write of that node like any other, so it
takes part in who wins. No application says it, so that a line of the node's conflict log must, with the winner being
the incoming node and the image of the row that is gone: once, the row local, older than the change, with the same value.

What was parked is carried out, or given up, later than it arrived: in no transaction that the stream's position tells.
It may meet another row than it would have met: its fate is one of those below, and equality says whether it was the right one.
"""

import collections

KINDS = ("insert_exists", "update_exists", "multiple_unique_conflicts")
WHOLE = {"pairs"}  # REPLICA IDENTITY FULL sends what an update leaves out
UNIQUE = {"hot": "code"}


def sent_whole(table):
    return table in WHOLE


def resolves(row):
    """Whether a line of a conflict log is about a row that gave way."""
    return row["type"] in KINDS and row["winner"] == row["incoming_node"] and row.get("existing") is not None


def tag_of(image):
    return image["node"], int(image["seq"])


class Resolutions:
    """Deletes that no application has made, and the lines that tell of them."""

    def __init__(self, history):
        self.told = {node: collections.defaultdict(list) for node in history.nodes}  # {(table, key, tag): [line]}
        self.done = []  # [(Transaction, table, key, row, line)]
        self._of = collections.defaultdict(collections.Counter)
        for node in history.nodes:
            for row in history.conflicts[node]:
                if resolves(row):
                    key = tuple(str(row["key"][column]) for column in history.tables[row["table_name"]])
                    self.told[node][row["table_name"], key, tag_of(row["existing"])].append(row)

    def note(self, transaction, table, key, row):
        """A delete that nobody says: `row` is what was there."""
        lines = self.told[transaction.node].get((table, key, (row["node"], int(row["seq"]))), []) if row else []
        if lines:
            self.done.append((transaction, table, key, row, lines.pop()))
            self._of[transaction.node, transaction.number]["D", table, key, None] += 1

    def of(self, transaction):
        return self._of[transaction.node, transaction.number]


def resolved(stage, found):
    for node in stage.history.nodes:
        for (table, key, tag), lines in stage.resolutions.told[node].items():
            if lines:
                found.add("resolution", f"{node}: listed and not deleted: {table} {key} {tag}, {len(lines)} times", (table, key))
    for transaction, table, key, row, line in stage.resolutions.done:
        node, source = transaction.node, line["incoming_node"]
        found.counts["resolutions"] += 1
        what = f"{node}#{transaction.number} deletes {table} {key} {tag_of(row)}"
        if row["node"] != node:
            found.add("resolution", f"{what}, which is not its own", (table, key))
            continue
        written = stage.tagged[node, table, key, tag_of(row)]
        if (written.at, node) >= (line["incoming_at"], source):
            found.add("resolution", f"{what} of {written.at}, which is greater than {line['incoming_at']} of {source}", (table, key))
        code, other = row[UNIQUE[table]], (line["incoming"] or {}).get(UNIQUE[table])
        if code is None or code != str(other):
            found.add("resolution", f"{what}, which has {code}, for a row that has {other}", (table, key))


def beaten_later(stage, write):
    """What was parked may lose to what its target wrote meanwhile."""
    if not stage.was_parked(write.node, write.table, write.key, write.transaction.at):
        return False
    return any(other.version > write.version for other in stage.own(stage.history.peer(write.node), write.table, write.key))


def parked(found, stage, write, successor, happened, noted):
    """`happened`: [(number, tag)] of its key at the target."""
    arrived = stage.arrival(write.transaction)
    found.counts["parked"] += 1
    if write.row is None:
        fate = "went as a delete"
    elif any(number >= arrived and tag == write.tag for number, tag in happened):
        fate = "carried out"
    elif noted:
        fate = "listed"
    elif successor is not None:
        fate = "superseded at its own node"
    else:
        found.add("unlisted" if beaten_later(stage, write) else "vanished", f"{write} was parked", (write.table, write.key))
        return
    found.counts[f"parked, {fate}"] += 1
