"""What stands for large values that an update left alone, in every type that the server moves out of line: real Debezium's and
ours."""

import base64
import hashlib
import uuid

import pytest

from support import debezium, value_cases
from support.decoded import UNAVAILABLE, Peer
from support.debezium_modes import MODES

TEXT = "__debezium_unavailable_value"
CODES = list(TEXT.encode())
LIST = [TEXT]
UUIDS = [str(uuid.UUID(bytes=hashlib.md5(TEXT.encode()).digest(), version=3))]
PAIR = f'{{"{TEXT}":"{TEXT}"}}'
BASE64 = {"bytes": base64.b64encode, "base64": base64.b64encode, "base64-url-safe": base64.urlsafe_b64encode}
MANY = "FROM generate_series(1, 5000) AS n"

# {type: a value of it that is larger than a page}
VALUES = {
    "text": "repeat('t', 9000)",
    "varchar(20000)": "repeat('v', 9000)",
    "char(9000)": "repeat('c', 9000)",
    "citext": "repeat('C', 9000)",
    "short_domain": "repeat('d', 9000)",
    "bytea": "decode(repeat('00ff', 4500), 'hex')",
    "json": "('{\"a\": \"' || repeat('j', 9000) || '\"}')::json",
    "jsonb": "('{\"a\": \"' || repeat('b', 9000) || '\"}')::jsonb",
    "xml": "('<a>' || repeat('x', 9000) || '</a>')::xml",
    "ltree": f"(SELECT string_agg(repeat('l', 9), '.') {MANY})::ltree",
    "hstore": "hstore(repeat('k', 9000), repeat('v', 9000))",
    "numeric": "(repeat('1', 200) || '.' || repeat('7', 16383))::numeric",
    "numeric(1000,500)": "(repeat('1', 100) || '.' || repeat('3', 500))::numeric",
    "bit(80000)": "repeat('10', 40000)::bit(80000)",
    "varbit": "repeat('10', 40000)::varbit",
    "numrange": "numrange(1, repeat('8', 20000)::numeric)",
    "text[]": f"(SELECT array_agg('t' || n) {MANY})",
    "varchar(9)[]": f"(SELECT array_agg('v' || n) {MANY})::varchar(9)[]",
    "char(9)[]": f"(SELECT array_agg('c' || n) {MANY})::char(9)[]",
    "citext[]": f"(SELECT array_agg('C' || n) {MANY})::citext[]",
    "json[]": f"(SELECT array_agg(to_json(n)) {MANY})",
    "jsonb[]": f"(SELECT array_agg(to_jsonb(n)) {MANY})",
    "bytea[]": f"(SELECT array_agg(decode(repeat('0f', n % 9), 'hex')) {MANY})",
    "smallint[]": f"(SELECT array_agg(n::smallint) {MANY})",
    "integer[]": f"(SELECT array_agg(n) {MANY})",
    "int_list": f"(SELECT array_agg(n) {MANY})",
    "bigint[]": f"(SELECT array_agg(n::bigint) {MANY})",
    "oid[]": f"(SELECT array_agg(n::oid) {MANY})",
    "boolean[]": "(SELECT array_agg(n % 2 = 1) FROM generate_series(1, 9000) AS n)",
    "real[]": f"(SELECT array_agg(n::real) {MANY})",
    "double precision[]": f"(SELECT array_agg(n::float8) {MANY})",
    "numeric[]": f"(SELECT array_agg(n::numeric) {MANY})",
    "numeric(10,2)[]": f"(SELECT array_agg(n::numeric) {MANY})::numeric(10,2)[]",
    "uuid[]": f"(SELECT array_agg(md5(n::text)::uuid) {MANY})",
    "date[]": f"(SELECT array_agg('2005-06-07'::date + n) {MANY})",
    "time[]": f"(SELECT array_agg('08:09:10'::time + n * '1 second'::interval) {MANY})",
    "timetz[]": f"(SELECT array_agg('08:09:10+09'::timetz) {MANY})",
    "timestamp[]": f"(SELECT array_agg('2005-06-07 08:09:10'::timestamp) {MANY})",
    "timestamptz[]": f"(SELECT array_agg('2005-06-07 08:09:10+09'::timestamptz) {MANY})",
    "inet[]": f"(SELECT array_agg('10.0.0.1'::inet + n) {MANY})",
    "hstore[]": f"(SELECT array_agg(hstore('a', n::text)) {MANY})",
    "ltree[]": f"(SELECT array_agg(('a.' || n)::ltree) {MANY})",
    "mood[]": f"(SELECT array_agg('ok'::mood) {MANY})",
    "int4range[]": f"(SELECT array_agg(int4range(n, n + 2)) {MANY})",
}
NAMES = {kind: f"v{number}" for number, kind in enumerate(VALUES)}
TABLE = f"CREATE TABLE toasted (id integer PRIMARY KEY, n integer, {', '.join(f'{NAMES[kind]} {kind}' for kind in VALUES)})"


def table(database):
    """Everything of a row out of line, also what is smaller than a page."""
    database.sql(value_cases.TYPES + "CREATE DOMAIN short_domain AS text;" + TABLE)
    for name in NAMES.values():
        database.sql(f"ALTER TABLE toasted ALTER {name} SET STORAGE EXTERNAL")
    database.sql("ALTER TABLE toasted SET (toast_tuple_target = 128)")


def binary(mode):
    return TEXT if mode == "hex" else BASE64[mode](TEXT.encode()).decode()


def of_a_debezium(how):
    """{type: what Debezium 3.0.8 writes in these modes}; for all others it writes null."""
    binaries, connect = how.get("binaries", "bytes"), how.get("times") == "connect"
    found = dict.fromkeys(("text", "varchar(20000)", "char(9000)", "citext", "short_domain", "json", "jsonb", "xml", "ltree",
                           "numrange"), TEXT)
    found |= dict.fromkeys(("text[]", "varchar(9)[]", "char(9)[]", "json[]", "jsonb[]"), LIST)
    found |= {"integer[]": CODES, "bigint[]": CODES, "uuid[]": UUIDS}
    found["hstore"] = {TEXT: TEXT} if how.get("hstores") == "map" else PAIR
    if binaries in ("bytes", "hex"):
        found["bytea"] = binary(binaries)
    if binaries == "bytes":
        found["bytea[]"] = [binary(binaries)]
    if how.get("decimals") == "string":
        found |= {"numeric": TEXT, "numeric(1000,500)": TEXT}
    if not connect:
        found["date[]"] = CODES
    return found


def beyond(how):
    """{type: what we write where Debezium writes null}, which nobody could tell from a value; docs/events.md."""
    binaries, maps = how.get("binaries", "bytes"), how.get("hstores") == "map"
    found = dict.fromkeys(("citext[]", "timetz[]", "timestamptz[]", "inet[]", "ltree[]", "mood[]", "int4range[]"), LIST)
    found |= dict.fromkeys(("smallint[]", "oid[]", "int_list", "date[]", "time[]", "timestamp[]"), CODES)
    found |= dict.fromkeys(("numeric", "numeric(1000,500)", "bit(80000)", "varbit", "boolean[]", "real[]",
                            "double precision[]"), TEXT)
    found |= dict.fromkeys(("numeric[]", "numeric(10,2)[]"), LIST if how.get("decimals") == "string" else TEXT)
    return found | {"bytea": binary(binaries), "bytea[]": [binary(binaries)], "hstore[]": [{TEXT: TEXT} if maps else PAIR]}


def events(database, source, ours, tmp_path, **how):
    """Debezium's and ours of a row, and of an update that left all of it alone but one number."""
    database.sql(f"INSERT INTO toasted VALUES (1, 0, {', '.join(VALUES.values())})")
    small = database.sql(f"SELECT {', '.join(f'pg_column_size({name})' for name in NAMES.values())} FROM toasted")[0]
    inside = [kind for kind, size in zip(VALUES, small) if size <= 8192 and kind != "numeric(1000,500)"]
    assert not inside, "they may stay in the row"
    database.sql("UPDATE toasted SET n = 1")
    theirs = [record for record in source.end() if record[0] == "p.public.toasted"]
    made = [record for record in ours.encode(ours.messages(), tmp_path, **how) if record[0] == "p.public.toasted"]
    assert len(theirs) == len(made) == 2
    return theirs, made


def rows(database):
    names = ", ".join(f"{name}::text" for name in NAMES.values())
    return database.sql(f"SELECT id, n, {names} FROM toasted")


@pytest.mark.parametrize("mode", MODES)
def test_what_was_left_alone(server, mode, tmp_path):
    theirs_how, ours_how = MODES[mode]
    origin, peer = (server.create_database(f"toast_{name}_{mode}") for name in ("origin", "peer"))
    origin.sql(debezium.ENDING)
    for database in (origin, peer):
        table(database)
    source, ours = debezium.Source(origin, **theirs_how), debezium.Ours(origin)
    theirs, made = events(origin, source, ours, tmp_path, **ours_how)
    here, there = of_a_debezium(ours_how), {**beyond(ours_how), **of_a_debezium(ours_how)}
    other, mine = (debezium.payload(records[1][2])["after"] for records in (theirs, made))
    assert other == {"id": 1, "n": 1, **{name: here.get(kind) for kind, name in NAMES.items()}}
    assert mine == {"id": 1, "n": 1, **{name: there[kind] for kind, name in NAMES.items()}}

    reader = debezium.Ours(peer, slot=False)
    read = reader.read(theirs, tmp_path, **ours_how)[1]
    assert read.after == {"id": "1", "n": "1", **{name: UNAVAILABLE if kind in here else None for kind, name in NAMES.items()}}
    first, second = reader.read(made, tmp_path, **ours_how)
    assert second.after == {"id": "1", "n": "1", **dict.fromkeys(NAMES.values(), UNAVAILABLE)}
    to = Peer(peer)
    to.apply(first)
    whole = rows(peer)
    to.apply(second)
    assert to.unsent == len(NAMES)
    assert rows(peer) == [(1, 1, *whole[0][2:])]
