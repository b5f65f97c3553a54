"""What a master's WAL says, read through an own test_decoding slot: every transaction, whoever made it, in commit order.

Nothing here knows tandem, but for the one row by which R2 tells how far a transaction has brought a stream.
"""

import dataclasses
import datetime
import json
import re
import uuid

UNCHANGED = "unchanged-toast-datum"
DONE, PROGRESS, PARKED, MARKER = "oracle.done", "tandem.progress", "tandem.parked", "public.sync_marker"
HEAD = re.compile(r"^table ((?:\"(?:[^\"]|\"\")+\"|[^\s:,\"])+(?:, \S+)*): (INSERT|UPDATE|DELETE|TRUNCATE): ?")
COMMIT = re.compile(r"^COMMIT \d+ \(at ([^)]+)\)$")
# A mark between old and new row, or a column: name[type]:value, with values in quotes that are doubled inside.
TOKEN = re.compile(r"(old-key:|new-tuple:)|(\"(?:[^\"]|\"\")+\"|[^\s\[\"]+)\[((?:[^\[\]]|\[\])+)\]:('(?:[^']|'')*'|\S+)")
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)


@dataclasses.dataclass
class Change:
    table: str
    op: str  # I, U, D or T
    key: tuple = None  # texts, of the row as it is now; of a delete: as it was
    old: tuple = None  # of an update that moved the row: the key it had
    row: dict = None  # {column: text, None or UNCHANGED}

    @property
    def tag(self):
        """Which write made the row: given to one statement, so to one row of a key."""
        return (self.row["node"], int(self.row["seq"])) if self.row else None


@dataclasses.dataclass
class Transaction:
    node: str
    number: int  # in the order of the WAL
    xid: int
    local: bool  # no origin
    begin: int = 0  # LSN of its first record
    at: int = 0  # microseconds
    end: int = 0  # LSN: where its commit ends (R1)
    changes: list = dataclasses.field(default_factory=list)  # of the history's tables
    done: dict = None  # what the application says it did: {"seq": n, "what": [[kind, table, key, seq] ...]}
    applied: dict = dataclasses.field(default_factory=dict)  # {stream: LSN}
    parked: list = dataclasses.field(default_factory=list)  # [(table, key, commit time at its source)] of changes put aside
    marks: list = dataclasses.field(default_factory=list)  # nodes of the rows put into the table that settle() uses


def lsn(text):
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def microseconds(text):
    return (datetime.datetime.fromisoformat(text) - EPOCH) // datetime.timedelta(microseconds=1)


def value(text):
    if text == "null":
        return None
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def rows_of(text):
    """(old row, new row) as {column: text}; an insert's and a delete's only row is the second."""
    old, new = {}, {}
    into = new
    for mark, name, _type, shown in TOKEN.findall(text):
        if mark:
            into = old if mark == "old-key:" else new
        else:
            into[name.strip('"')] = value(shown)
    return old, new


def change_of(table, op, text, key_columns):
    old, new = rows_of(text)

    def key(row):
        return tuple(row[column] for column in key_columns)
    if op == "DELETE":
        return Change(table, "D", key(new))
    if op == "INSERT":
        return Change(table, "I", key(new), row=new)
    before = key(old) if old else key(new)
    return Change(table, "U", key(new), before if before != key(new) else None, new)


class Decoder:
    """Makes transactions of test_decoding's lines."""

    def __init__(self, node, tables, local):
        """`tables`: {name: key columns}, in schema public. `local`: the xids that no origin has."""
        self.node, self.tables, self.local = node, tables, local
        self.transactions = []
        self._open = None

    def feed(self, position, xid, line):
        if line.startswith("BEGIN"):
            self._open = Transaction(self.node, len(self.transactions), xid, xid in self.local, lsn(position))
        elif line.startswith("COMMIT"):
            self._open.at, self._open.end = microseconds(COMMIT.match(line)[1]), lsn(position)
            self.transactions.append(self._open)
        elif line.startswith("table "):
            head = HEAD.match(line)
            assert head, line[:300]
            self._note(head[1], head[2], line[head.end():])

    def _note(self, names, op, text):
        if op == "TRUNCATE":
            for name in names.split(", "):
                if name.removeprefix("public.") in self.tables:
                    self._open.changes.append(Change(name.removeprefix("public."), "T"))
        elif names == DONE:
            self._open.done = json.loads(rows_of(text)[1]["what"])
        elif names == PROGRESS and op == "UPDATE":
            row = rows_of(text)[1]
            self._open.applied[row["stream"]] = lsn(row["applied_lsn"])
        elif names == PARKED and op == "INSERT":
            self._open.parked += self._parked(rows_of(text)[1])
        elif names == MARKER and op == "INSERT":
            self._open.marks.append(rows_of(text)[1]["node"])
        elif names.removeprefix("public.") in self.tables:
            table = names.removeprefix("public.")
            self._open.changes.append(change_of(table, op, text, self.tables[table]))


    def _parked(self, row):
        """One for each key that it is about: a row that moves has two."""
        images = [json.loads(row[name]) for name in ("key", "old_key", "row") if row[name]]
        keys = {tuple(str(image[column]) for column in self.tables[row["table_name"]]) for image in images
                if row["table_name"] in self.tables and set(self.tables[row["table_name"]]) <= set(image)}
        return [(row["table_name"], key, microseconds(row["committed_at"])) for key in keys]


class Slot:
    """From its creation on nothing of the WAL is missed, over crashes too."""

    def __init__(self, database):
        self.database = database
        self.name = f"history_{uuid.uuid4().hex[:12]}"
        database.sql("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", self.name)

    def lines(self):
        """([(lsn, xid, line)] of everything, {xid} of what no origin has), up to now. Nothing is taken off the slot."""
        self.database.sql("SELECT pg_logical_emit_message(true, 'oracle', '')")  # only flushed WAL is decoded
        until = self.database.value("SELECT pg_current_wal_flush_lsn()")
        peek = ("SELECT {} FROM pg_logical_slot_peek_changes(%s, %s, NULL, 'only-local', %s, 'include-xids', '1', "
                "'include-timestamp', '1', 'skip-empty-xacts', '1')")
        local = self.database.sql(peek.format("DISTINCT xid::text::bigint"), self.name, until, "1")
        everything = self.database.sql(peek.format("lsn::text, xid::text::bigint, data"), self.name, until, "0")
        return everything, {row[0] for row in local}

    def transactions(self, tables, lines=None):
        everything, local = lines or self.lines()
        decoder = Decoder(self.database.node, tables, local)
        for line in everything:
            decoder.feed(*line)
        return decoder.transactions
