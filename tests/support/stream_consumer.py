"""A service of somebody's own that follows a node's stream through Kafka: docs/kafka.md in code, nothing of tandem's.

`take()` gets records in the order of the log, as Admin.read() gives them; `rows` holds what committed transactions
have left: {(schema, table): {key: row}}, both as in the records' JSON.
"""

import json

HEADERS = ("origin", "tandem.stream", "tandem.epoch", "tandem.pos", "tandem.prev", "tandem.values")


class Gap(Exception):
    """Changes are missing between two positions."""


class LookedUpElsewhere(Exception):
    """A row that is too large for the topic: its place is the database."""


def position(text):
    """0/16B3748.12, so that it can be compared."""
    lsn, number = text.split(".")
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16), int(number)


class StreamConsumer:
    def __init__(self, node):
        self.node = node
        self.epoch = -1  # of the writer whose start was seen last
        self.last = None  # everything up to here was taken
        self.open = []  # changes of the transaction that is not whole yet
        self.rows = {}
        self.commits = 0
        self.foreign = 0
        self.dropped = 0

    def take(self, record):
        headers = {name: value.decode(errors="replace") for name, value in record["headers"] if value is not None}
        if any(name not in headers for name in HEADERS) or headers["tandem.stream"] != self.node:
            self.foreign += 1
            return
        try:
            at, before, epoch = (position(headers["tandem.pos"]), position(headers["tandem.prev"]),
                                 int(headers["tandem.epoch"]))
            note = json.loads(headers.get("tandem.note", "{}"))
        except ValueError:
            self.foreign += 1
            return
        if note.get("note") == "start" and epoch >= self.epoch:
            self.epoch = epoch
            self.last = at if self.last is None else self.last
        if epoch != self.epoch or at <= self.last:
            self.dropped += 1
            return
        if before > self.last:
            raise Gap(f"between {self.last} and {before}")
        self.last = at
        if record["value"] is not None or note:
            self.open.append((record, headers, note))
        if at[1] == 0:
            self._commit()

    def _commit(self):
        for record, headers, note in self.open:
            if note.get("note") == "oversize":
                raise LookedUpElsewhere(note)
            if note:
                for schema, table in note.get("tables", []):  # of a truncate
                    self.rows[schema, table] = {}
            else:
                self._apply(json.loads(record["value"]), record["key"], headers)
        self.commits += bool(self.open)
        self.open = []

    def _apply(self, event, key, headers):
        table = self.rows.setdefault((event["source"]["schema"], event["source"]["table"]), {})
        if event["op"] == "d":
            table.pop(key, None)  # it may have been there before the stream
            return
        old = headers.get("__debezium.oldkey")
        row = table.pop(old.encode() if old else key, {})
        table[key] = {**row, **event["after"]}  # a large value that did not change is not sent again
