"""[[transform]] of a configuration file: Kafka Connect's transformations on the way of `tandem run`, with every transport."""

import json
import uuid

import pytest

from support.tandem import command, node_arguments
from support.waiting import wait_until

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE TABLE person (id bigint PRIMARY KEY, name text, phone text, pay numeric(12,3), born timestamptz, seen timestamp,
    waits interval, tags text[], feels mood, data jsonb, raw bytea, room integer NOT NULL DEFAULT 0, day text,
    site text);
CREATE TABLE plain (id bigint PRIMARY KEY, phone text);
"""
CHAIN = """
[[transform]]
name = "rooms"
from = "a"
tables = "person"
type = "io.debezium.transforms.Filter"
language = "tandem"
condition = "value.op == 'd' || value.after.room != 13"

[[transform]]
from = "a"
tables = ["person"]
type = "io.debezium.transforms.ExtractNewRecordState"
delete.tombstone.handling.mode = "tombstone"

[[transform]]
from = "a"
tables = "person"
type = "org.apache.kafka.connect.transforms.MaskField$Value"
fields = ["phone"]
replacement = "hidden"
predicate = "deleted"
negate = true

[[transform]]
from = "a"
tables = "person"
type = "org.apache.kafka.connect.transforms.ReplaceField$Value"
exclude = ["name", "site"]

[[transform]]
from = "a"
tables = "person"
type = "org.apache.kafka.connect.transforms.InsertField$Value"
static = { field = "site", value = "site of a" }

[predicate.deleted]
type = "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone"
"""
DAY = """
[[transform]]
from = "a"
type = "io.debezium.transforms.ExtractNewRecordState"
delete.tombstone.handling.mode = "tombstone"
tables = "person"
[[transform]]
from = "a"
type = "org.apache.kafka.connect.transforms.TimestampConverter$Value"
tables = "person"
field = "day"
target.type = "string"
format = "yyyy-MM-dd"
"""
UNWRAP = "[[transform]]\ntype = 'io.debezium.transforms.ExtractNewRecordState'\ndelete.tombstone.handling.mode = 'tombstone'\n"
ROW = ("%(id)s, 'Ann', '555-0100', 12.340, 'infinity', '2024-02-29 12:00:00.000001', '1 mon 2 days 00:00:03', "
       "'{a,NULL,\"b c\"}', 'busy', '{\"k\": [1.0]}', '\\x00ff', %(room)s, NULL, 'here'")
COLUMNS = "id, name, phone, pay, born::text, seen, waits::text, tags, feels::text, data::text, raw, room, day"


@pytest.fixture(params=["direct", "ordered", "per-table"])
def transport(request, kafka):
    if request.param == "direct":
        return []
    return ["--transport", "kafka", "--brokers", kafka.bootstrap, "--topics", request.param, "--topic-prefix",
            f"t{uuid.uuid4().hex[:8]}"]


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


@pytest.fixture
def chain(tmp_path):
    """Writes a configuration file: the arguments that name it."""
    def written(text):
        path = tmp_path / "tandem.toml"
        path.write_text(text)
        return ["--config", str(path)]
    return written


def there(pair, statement, rows):
    wait_until(lambda: pair.b.sql(statement) == rows, 20, f"b has {rows}", detail=pair.explain)


def test_a_chain_changes_the_rows_of_its_tables_and_nothing_else(pair, transport, chain):
    instance = pair.run(*transport, *chain(CHAIN))
    pair.a.sql(f"INSERT INTO person VALUES ({ROW % {'id': 1, 'room': 1}}), ({ROW % {'id': 2, 'room': 13}})")
    pair.a.sql("INSERT INTO plain VALUES (1, '555-0101')")
    pair.b.sql("INSERT INTO plain VALUES (2, '555-0102')")
    pair.settle()
    assert pair.parked(pair.b) == []
    (one,) = pair.a.sql(f"SELECT {COLUMNS} FROM person WHERE id = 1")
    changed = (one[0], None, "hidden", *one[3:], "site of a")
    assert pair.b.sql(f"SELECT {COLUMNS}, site FROM person") == [changed]
    assert pair.b.sql("SELECT * FROM plain ORDER BY 1") == pair.a.sql("SELECT * FROM plain ORDER BY 1") == [
        (1, "555-0101"), (2, "555-0102")]

    # Changes of one transaction, a key that moves, a row that the filter lets go and one that it takes, a truncate.
    pair.a.sql("UPDATE person SET phone = '555-0199', pay = 2 WHERE id = 1; UPDATE person SET room = 5 WHERE id = 2; "
               "UPDATE person SET id = 11 WHERE id = 1")
    pair.settle(pair.a)
    assert pair.b.sql("SELECT id, name, phone, pay::text, room, site FROM person ORDER BY 1") == [
        (2, None, "hidden", "12.340", 5, "site of a"), (11, None, "hidden", "2.000", 1, "site of a")]
    pair.a.sql("UPDATE person SET id = 12, room = 13 WHERE id = 11; DELETE FROM person WHERE id = 2")
    pair.settle(pair.a)
    assert pair.b.sql("SELECT id FROM person") == []
    pair.a.sql("TRUNCATE plain")
    pair.settle(pair.a)
    assert pair.b.sql("SELECT id FROM plain") == []
    assert pair.parked(pair.b) == []
    assert instance.direction("a:b")["parked"] == 0


def test_what_comes_from_the_other_node_is_not_changed(pair, transport, chain):
    pair.run(*transport, *chain(CHAIN))
    pair.b.sql(f"INSERT INTO person VALUES ({ROW % {'id': 1, 'room': 13}})")
    pair.settle()
    pair.assert_equal("person")


def test_values_that_are_not_sent_stay_as_they_are(pair, transport, chain):
    pair.sql("ALTER TABLE person ALTER COLUMN day SET STORAGE EXTERNAL")
    pair.run(*transport, *chain(CHAIN))
    pair.a.sql("INSERT INTO person (id, phone, day) VALUES (1, 'x', repeat('long ', 2000))")
    pair.a.sql("UPDATE person SET room = 2 WHERE id = 1")
    pair.settle(pair.a)
    assert pair.b.sql("SELECT phone, day = repeat('long ', 2000), room FROM person") == [("hidden", True, 2)]


def test_with_replica_identity_full_nothing_unchanged_by_the_chain_leaks(pair, kafka, chain):
    """The old row has not gone through the chain: only its key travels."""
    pair.sql("ALTER TABLE person REPLICA IDENTITY FULL")
    prefix = f"t{uuid.uuid4().hex[:8]}"
    pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", prefix, *chain(CHAIN))
    pair.a.sql("INSERT INTO person (id, phone) VALUES (1, '555-0100'), (2, '555-0101')")
    pair.a.sql("UPDATE person SET phone = '555-0102' WHERE id = 1")
    pair.a.sql("UPDATE person SET id = 3 WHERE id = 1")
    pair.a.sql("DELETE FROM person WHERE id = 2")
    pair.settle(pair.a)
    assert pair.b.sql("SELECT id, phone FROM person") == [(3, "hidden")]
    told = b" ".join((each["value"] or b"") + (each["key"] or b"") for each in kafka.admin.read(f"{prefix}.a"))
    assert b"hidden" in told
    assert b"555-01" not in told


def test_a_row_that_the_chain_refuses_is_parked_by_its_key_and_the_rest_goes_on(pair, transport, chain):
    pair.run(*transport, *chain(DAY))
    pair.a.sql("INSERT INTO person (id, seen, day) VALUES (1, NULL, NULL)")
    pair.a.sql("INSERT INTO person (id, phone, day) VALUES (2, 'secret', 'no day')")
    pair.a.sql("INSERT INTO person (id, day) VALUES (3, NULL)")
    there(pair, "SELECT id FROM person ORDER BY 1", [(1,), (3,)])
    (parked,) = pair.parked(pair.b)
    assert parked["key"] == {"id": "2"}
    assert "the transformations of its changes ([[transform]]) refuse it: " in parked["error"]
    assert "no day" in parked["error"]
    assert "write the row again at node a" in parked["error"]
    assert "secret" not in json.dumps(parked, default=str)


@pytest.mark.parametrize("text, said", [
    ("[[transform]]\ntype = 'no.Such'", "transform transform1: Invalid value no.Such for configuration"),
    ("[[transform]]\nfields = 'a'", "transform transform1: it needs a type, the class of a transformation"),
    ("[[transform]]\ntype = 'org.apache.kafka.connect.transforms.MaskField$Value'",
     "Missing required configuration \"fields\" which has no default value."),
    ("[[transform]]\ntype = 'org.apache.kafka.connect.transforms.RegexRouter'\nregex = '.*'\nreplacement = 'x'",
     "sends records to other topics"),
    ("[[transform]]\ntype = 'org.apache.kafka.connect.transforms.MaskField$Key'\nfields = 'id'",
     "changes a record's key"),
    ("[[transform]]\nfrom = 'c'\ntype = 'org.apache.kafka.connect.transforms.DropHeaders'\nheaders = 'x'",
     "from: there is no node 'c'"),
    ("[[transform]]\npredicate = 'p'\ntype = 'org.apache.kafka.connect.transforms.DropHeaders'\nheaders = 'x'",
     "predicate: there is no [predicate.p]"),
    ("[[transform]]\ntype = 'io.debezium.transforms.ExtractNewRecordState'",
     "it does not say what becomes of deletes, and its standard drops them"),
    ("[[transform]]\nnegate = true\ntype = 'org.apache.kafka.connect.transforms.DropHeaders'\nheaders = 'x'",
     "negate without a predicate"),
    ("[[transform]]\ntable = 'x'\ntype = 'org.apache.kafka.connect.transforms.DropHeaders'\nheaders = 'x'",
     "unknown key 'table'; did you mean 'tables'?"),
    ("[[transform]]\ntype = 'org.apache.kafka.connect.transforms.MaskField$Value'\nfields = 'phone'",
     "would find the envelope's fields (before, after, source, op) and not the row's"),
    ("[[transform]]\npredicate = 'p'\ntype = 'org.apache.kafka.connect.transforms.DropHeaders'\nheaders = 'x'\n"
     "[predicate.p]\ntype = 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches'\npatern = 'x'\npattern = 'x'",
     "predicate p: unknown key 'patern'; did you mean 'pattern'?"),
    ("[transform]\ntype = 'x'", "each one is a [[transform]] with type and its keys"),
    ("[predicate.p]\npattern = 'x'", "predicate p: it needs a type, the class of a predicate"),
    ("[[transform]]\nname = 'x'\ntype = 'y'\n[[transform]]\nname = 'x'\ntype = 'y'", "another one has that name"),
])
def test_a_wrong_entry_is_refused_with_its_place(pair, chain, text, said):
    done = command("run", *node_arguments({"a": pair.a, "b": pair.b}), "--listen", "off", *chain(text))
    assert done.status == 2, done
    assert said in done.text, done
    assert "tandem.toml:" in done.text, done


def test_a_chain_of_a_node_that_changes_a_key_parks_what_it_changes(pair, chain):
    pair.run(*chain(f"{UNWRAP}[[transform]]\n"
                    "type = 'org.apache.kafka.connect.transforms.MaskField$Value'\nfields = 'id'\n"
                    "tables = 'person'\n"))
    pair.a.sql("INSERT INTO person (id) VALUES (5)")
    pair.a.sql("INSERT INTO plain (id) VALUES (5)")
    there(pair, "SELECT id FROM plain", [(5,)])
    (parked,) = pair.parked(pair.b)
    assert parked["key"] == {"id": "5"}
    assert "they change column id of its key, by which the other node finds it" in parked["error"]


def test_a_field_that_is_no_column_is_refused_by_name(pair, chain):
    pair.run(*chain(UNWRAP + "add.fields = 'op'\ntables = 'plain'\n"))
    pair.a.sql("INSERT INTO plain (id) VALUES (5)")
    pair.a.sql("INSERT INTO person (id) VALUES (5)")
    there(pair, "SELECT id FROM person", [(5,)])
    (parked,) = pair.parked(pair.b)
    assert "they add field __op, which is no column of its table" in parked["error"]


def test_values_without_a_form_in_records_keep_their_own(pair, transport, chain):
    pair.sql("CREATE TABLE odd (id integer PRIMARY KEY, phone text, n numeric, many numeric[], grid int[] NOT NULL, texts text[], "
             "must numeric NOT NULL DEFAULT 'Infinity')")
    pair.run(*transport, *chain(CHAIN.replace('"person"', '"odd"').replace("value.after.room != 13", "value.after.id != 13")
                                .replace('static = { field = "site", value = "site of a" }',
                                         'static = { field = "n", value = "1" }\npredicate = "deleted"')
                                .replace('exclude = ["name", "site"]', 'exclude = "none"')))
    pair.a.sql("INSERT INTO odd (id, phone, n, many, grid, texts) VALUES (1, '555', 'NaN', '{NaN,1}', '{{1,2},{3,NULL}}', '{{a},{b}}'), "
               "(2, '555', '1.50', '{1}', '{1}', '{a}')")
    pair.a.sql("UPDATE odd SET n = 'NaN' WHERE id = 2")
    pair.settle(pair.a)
    assert [row["error"] for row in pair.parked(pair.b)] == []
    shown = "SELECT id, n::text, many::text, grid::text, texts::text, must::text FROM odd ORDER BY 1"
    assert pair.b.sql(shown) == pair.a.sql(shown)
    assert pair.b.sql("SELECT phone FROM odd") == [("hidden",), ("hidden",)]


def test_a_row_that_leaves_its_old_key_behind_and_lacks_a_value_is_parked(pair, chain):
    pair.sql("ALTER TABLE person ALTER COLUMN day SET STORAGE EXTERNAL")
    pair.run(*chain("[[transform]]\ntype = 'io.debezium.transforms.ExtractNewRecordState'\n"
                    "delete.tombstone.handling.mode = 'drop'\nfrom = 'a'\n"))
    pair.a.sql("INSERT INTO person (id, day) VALUES (1, repeat('long ', 2000)), (2, 'short')")
    pair.a.sql("UPDATE person SET id = 11 WHERE id = 1")
    pair.a.sql("UPDATE person SET id = 12 WHERE id = 2; DELETE FROM person WHERE id = 12")
    pair.settle(pair.a)
    assert pair.b.sql("SELECT id FROM person ORDER BY 1") == [(1,), (2,), (12,)]
    (parked,) = pair.parked(pair.b)
    assert parked["key"] == {"id": "1"}
    assert "they drop the delete of the row that it was, and column day" in parked["error"]
