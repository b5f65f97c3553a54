"""Records as tandem's decoder read them, and a database that they are applied to."""

UNAVAILABLE = "!the value was not sent (unavailable.value.placeholder) (at byte 0)"


class Record:
    """Rows are {column: text, None for null, "!why" for none}; so is everything else that has a name."""

    def __init__(self, topic):
        self.topic = topic
        self.parts = {}

    def part(self, name):
        return self.parts.get(name, {})

    @property
    def kind(self):
        """Debezium's op, or B E H row tombstone; None for one that was refused."""
        return self.part("record").get("kind")

    @property
    def error(self):
        return self.part("record").get("error")

    @property
    def table(self):
        return self.source["table"] or self.topic.split(".")[-1]

    @property
    def key(self):
        return self.part("key")

    @property
    def before(self):
        return self.part("before")

    @property
    def after(self):
        return self.part("after")

    @property
    def source(self):
        return {"table": "", **self.part("source")}

    def __repr__(self):
        return f"{self.topic} {self.parts}"


def records_of(printed, topics):
    """What event_tool printed of records with these topics."""
    found = [Record(topic) for topic in topics]
    for line in printed.splitlines():
        number, part, name, text = line.split("\t")
        read = None if text == "null" else text if text.startswith("!") else bytes.fromhex(text).decode(errors="surrogateescape")
        found[int(number)].parts.setdefault(part, {})[name] = read
    return found


class Peer:
    """A database that gets what decoded records tell, each by itself and in their order."""

    def __init__(self, database, bare_key="id"):
        """`bare_key`: the column that a record's key is of when it is one bare value."""
        self.database, self._bare_key = database, bare_key
        self.unsent = 0

    def apply(self, record):
        assert record.error is None, record
        if record.kind == "t":
            self.database.sql(f'TRUNCATE "{record.table}"')
        elif record.kind in ("d", "tombstone") or record.after.get("__deleted") == "true":
            self._delete(record)
        elif record.kind in ("c", "r", "u", "row"):
            self._store(record)

    def _key(self, record):
        key = {name or self._bare_key: text for name, text in record.key.items()}
        assert key and not any(text.startswith("!") for text in key.values()), record
        return key

    def _delete(self, record):
        key = self._key(record)
        met = " AND ".join(f'"{name}" = %s' for name in key)
        self.database.sql(f'DELETE FROM "{record.table}" WHERE {met}', *key.values())

    def _store(self, record):
        """Columns that were not sent stay as they are; names that a transformation adds begin with two lines."""
        key = self._key(record)
        row = {name: text for name, text in record.after.items() if not name.startswith("__")}
        sent = {name: text for name, text in row.items() if text != UNAVAILABLE}
        self.unsent += len(row) - len(sent)
        wrong = {name: text for name, text in sent.items() if text is not None and text.startswith("!")}
        assert not wrong, (record.topic, wrong)
        if len(sent) == len(row):
            self._upsert(record.table, key, sent)
        else:
            self._update(record, key, sent)

    def _upsert(self, table, key, row):
        names, keys = (", ".join(f'"{name}"' for name in some) for some in (row, key))
        news = ", ".join(f'"{name}" = excluded."{name}"' for name in row)
        self.database.sql(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(["%s"] * len(row))}) '
                          f'ON CONFLICT ({keys}) DO UPDATE SET {news}', *row.values())

    def _update(self, record, key, row):
        news = ", ".join(f'"{name}" = %s' for name in row)
        met = " AND ".join(f'"{name}" = %s' for name in key)
        changed = self.database.sql(f'UPDATE "{record.table}" SET {news} WHERE {met} RETURNING 1',
                                    *row.values(), *key.values())
        assert len(changed) == 1, record
