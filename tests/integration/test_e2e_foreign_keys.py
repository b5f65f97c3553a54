"""Rows that refer to one which the peer deleted meanwhile: found by the keys that went, and what --foreign-keys makes of them."""

import pytest

from support.tandem import command, node_arguments
from support.waiting import holds_for, wait_until

SCHEMA = """
CREATE TABLE person (id integer PRIMARY KEY, email text UNIQUE, name text, upper_name text GENERATED ALWAYS AS (upper(name)) STORED);
CREATE TABLE message (id integer PRIMARY KEY, author integer REFERENCES person, body text);
CREATE TABLE reaction (id integer PRIMARY KEY, message integer NOT NULL REFERENCES message ON DELETE CASCADE);
CREATE TABLE pinned (id integer PRIMARY KEY, author integer NOT NULL REFERENCES person);
INSERT INTO person (id, email, name) SELECT i, 'mail' || i, 'name' || i FROM generate_series(1, 20) i;
"""


@pytest.fixture
def chat(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


def missing(database):
    """[(constraint, table, child's key, parent's key, policy, winner)] of the log."""
    return database.sql("SELECT about ->> 'constraint', table_name, key, about -> 'key', policy, winner FROM tandem.conflict "
                        "WHERE type = 'foreign_key_missing' ORDER BY about ->> 'constraint', key")


def cross(pair, instance, at_a, at_b):
    """Both are written before either hears of the other; then all is settled, what the cures write included."""
    pair.concurrently([instance], (pair.a, at_a), (pair.b, at_b))
    pair.settle()
    wait_until(lambda: all(database.value("SELECT count(*) FROM tandem.conflict WHERE winner = ''") == 0 for database in pair.both),
               20, "nothing waits for a cure", detail=pair.explain)
    pair.settle()
    pair.assert_equal()


def test_a_child_of_a_deleted_parent_is_reported(chat):
    instance = chat.run()
    cross(chat, instance, "DELETE FROM person WHERE id = 1", "INSERT INTO message VALUES (10, 1, 'hello')")
    assert missing(chat.b) == [("message_author_fkey", "message", {"id": 10}, {"id": 1}, "report", "b")]
    assert missing(chat.a) == []
    assert chat.a.sql("SELECT id, author FROM message") == [(10, 1)]
    wait_until(lambda: instance.direction("a:b")["conflicts"] == 1, 10, "it is counted")
    shown = command("conflict", "list", *node_arguments({"a": chat.a, "b": chat.b}))
    assert "foreign_key_missing" in shown.out, shown
    place = f"b:{chat.b.value('SELECT id FROM tandem.conflict')}"
    shown = command("conflict", "show", place, *node_arguments({"a": chat.a, "b": chat.b}))
    assert 'message_author_fkey: public.person {"id":1} is gone' in shown.out, shown
    done = command("conflict", "restore", place, "--yes", *node_arguments({"a": chat.a, "b": chat.b}))
    assert done.status == 4 and "what it refers to is missing" in done.err, done


def test_a_child_is_set_to_null(chat):
    instance = chat.run("--foreign-keys", "null-child")
    cross(chat, instance, "DELETE FROM person WHERE id IN (1, 2)",
          "INSERT INTO message VALUES (10, 1, 'hello'), (11, 2, 'hello'), (12, 3, 'hello')")
    assert chat.a.sql("SELECT id, author FROM message ORDER BY id") == [(10, None), (11, None), (12, 3)]
    assert [row[2:] for row in missing(chat.b)] == [({"id": 10}, {"id": 1}, "null-child", "a"), ({"id": 11}, {"id": 2}, "null-child", "a")]


def test_a_child_that_may_not_be_null_stays_reported(chat):
    instance = chat.run("--foreign-keys", "null-child")
    cross(chat, instance, "DELETE FROM person WHERE id = 1", "INSERT INTO pinned VALUES (10, 1)")
    assert missing(chat.b) == [("pinned_author_fkey", "pinned", {"id": 10}, {"id": 1}, "report", "b")]
    assert "stays as it is" in instance.log_text()
    assert chat.a.sql("SELECT * FROM pinned") == [(10, 1)]


def test_a_child_is_dropped_with_what_hangs_on_it(chat):
    instance = chat.run("--foreign-keys", "drop-child")
    cross(chat, instance, "DELETE FROM person WHERE id = 1",
          "INSERT INTO message VALUES (10, 1, 'hello'), (11, 2, 'stays'); INSERT INTO reaction VALUES (1, 10), (2, 11)")
    assert chat.a.sql("SELECT id FROM message") == [(11,)] and chat.a.sql("SELECT id FROM reaction") == [(2,)]
    assert missing(chat.b) == [("message_author_fkey", "message", {"id": 10}, {"id": 1}, "drop-child", "a")]
    # What was dropped is in the log, whole.
    assert chat.b.value("SELECT existing FROM tandem.conflict") == {"id": 10, "author": 1, "body": "hello"}


def test_a_parent_is_restored(chat):
    instance = chat.run("--foreign-keys", "restore-parent")
    cross(chat, instance, "DELETE FROM person WHERE id IN (1, 2)", "INSERT INTO message VALUES (10, 1, 'hello')")
    assert chat.a.sql("SELECT id, email, name, upper_name FROM person WHERE id <= 2") == [(1, "mail1", "name1", "NAME1")]
    assert missing(chat.b) == [("message_author_fkey", "message", {"id": 10}, {"id": 1}, "restore-parent", "b")]
    assert chat.b.value("SELECT count(*) FROM tandem.removed") == 0, "what is needed no more is gone"


def test_a_cure_waits_for_nobody_who_is_there_again(chat):
    """The parent came again before the cure was carried out: child and parent stay as they are."""
    instance = chat.run("--foreign-keys", "null-child")
    chat.b.sql("CREATE FUNCTION come_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.type = 'foreign_key_missing' THEN "
               "INSERT INTO public.person VALUES (1, 'again', 'again'); END IF; RETURN NEW; END $$; "
               "CREATE TRIGGER come_again BEFORE INSERT ON tandem.conflict FOR EACH ROW EXECUTE FUNCTION come_again(); "
               "ALTER TABLE tandem.conflict ENABLE ALWAYS TRIGGER come_again")
    chat.concurrently([instance], (chat.a, "DELETE FROM person WHERE id = 1"), (chat.b, "INSERT INTO message VALUES (10, 1, 'hello')"))
    wait_until(lambda: [row[-1] for row in missing(chat.b)] == ["b"], 20, "the cure was looked at", detail=chat.explain)
    assert chat.b.sql("SELECT id, author FROM message") == [(10, 1)]
    assert chat.b.sql("SELECT email FROM person WHERE id = 1") == [("again",)]


@pytest.mark.parametrize("arguments", [(), ("--batch-rows", "1")], ids=["batched", "one_by_one"])
def test_what_the_source_did_in_order_is_no_finding(chat, arguments):
    """Parents that go with their children, by cascade or by hand, in one transaction or in several."""
    chat.run(*arguments)
    chat.a.sql("INSERT INTO message SELECT i, i, 'x' FROM generate_series(1, 10) i; "
               "INSERT INTO reaction SELECT i, i FROM generate_series(1, 10) i")
    chat.settle()
    chat.a.sql("DELETE FROM message WHERE id = 1")  # and its reaction, by cascade
    chat.a.sql("DELETE FROM message WHERE author = 2; DELETE FROM person WHERE id = 2")
    with chat.a.transaction() as cursor:
        cursor.execute("ALTER TABLE message ALTER CONSTRAINT message_author_fkey DEFERRABLE INITIALLY DEFERRED")
    with chat.a.transaction() as cursor:
        cursor.execute("DELETE FROM person WHERE id = 3")
        cursor.execute("UPDATE message SET author = 4 WHERE author = 3")
    with chat.a.transaction() as cursor:  # gone and back
        cursor.execute("DELETE FROM person WHERE id = 5")
        cursor.execute("INSERT INTO person VALUES (5, 'again', 'again')")
    chat.settle()
    chat.assert_equal()
    assert missing(chat.a) == missing(chat.b) == []


def test_a_parent_that_changes_its_key(chat):
    instance = chat.run()
    cross(chat, instance, "UPDATE person SET id = 100 WHERE id = 1", "INSERT INTO message VALUES (10, 1, 'hello')")
    assert missing(chat.b) == [("message_author_fkey", "message", {"id": 10}, {"id": 1}, "report", "b")]


def test_behind_a_batch_that_fails(chat):
    """In source order, after an error of another row's."""
    instance = chat.run()
    chat.b.sql("ALTER TABLE reaction ADD CONSTRAINT small CHECK (id < 1000)")
    chat.concurrently([instance], (chat.a, "INSERT INTO message VALUES (20, 2, 'x'); INSERT INTO reaction VALUES (1000, 20); "
                                           "DELETE FROM person WHERE id = 1"),
                      (chat.b, "INSERT INTO message VALUES (10, 1, 'hello')"))
    chat.settle()
    assert [row["table_name"] for row in chat.parked(chat.b)] == ["reaction"]
    assert missing(chat.b) == [("message_author_fkey", "message", {"id": 10}, {"id": 1}, "report", "b")]


def test_of_a_long_transaction(servers):
    """In parts: children that go in a later part are no finding, those that nobody takes are."""
    pair = servers.pair(SCHEMA + "INSERT INTO person (id) SELECT i FROM generate_series(100, 60000) i;")
    try:
        instance = pair.run("--batch-rows", "5000")
        pair.b.sql("CREATE INDEX ON message (author)")
        pair.a.sql("INSERT INTO message SELECT i, i FROM generate_series(100, 200) i")
        pair.settle()
        pair.a.sql("ALTER TABLE message DISABLE TRIGGER ALL; ALTER TABLE person DISABLE TRIGGER ALL")
        pair.concurrently([instance], (pair.a, "BEGIN; DELETE FROM person WHERE id >= 100; DELETE FROM message; COMMIT"),
                          (pair.b, "INSERT INTO message VALUES (10, 50000, 'hello')"))
        pair.settle(deadline=60)
        pair.assert_equal("person", "message")
        assert missing(pair.b) == [("message_author_fkey", "message", {"id": 10}, {"id": 50000}, "report", "b")]
        assert missing(pair.a) == []
    finally:
        pair.close()


def test_a_parent_that_lost_a_unique_value(chat):
    """R14: who gives way is deleted as a change of its own node; what refers to it there is looked for as well."""
    instance = chat.run()
    chat.concurrently([instance], (chat.a, "INSERT INTO person VALUES (101, 'same', 'a'); INSERT INTO message VALUES (10, 101, 'x')"),
                      (chat.b, "INSERT INTO person VALUES (102, 'same', 'b')"))
    wait_until(lambda: missing(chat.a), 20, "it is found", detail=chat.explain)
    chat.settle()
    chat.wait_nothing_parked()
    chat.assert_equal("person", "message")
    assert missing(chat.a) == [("message_author_fkey", "message", {"id": 10}, {"id": 101}, "report", "a")]


KEYS = {
    "composite": ("CREATE TABLE up (x text, y bigint, PRIMARY KEY (y, x)); CREATE TABLE down (id integer PRIMARY KEY, q bigint, p text, "
                  "FOREIGN KEY (p, q) REFERENCES up (x, y)); INSERT INTO up VALUES ('one', 1), ('two', 2)",
                  "DELETE FROM up WHERE x = 'one'", "INSERT INTO down VALUES (5, 1, 'one'), (6, 2, 'two')", {"x": "one", "y": 1}),
    "itself": ("CREATE TABLE down (id integer PRIMARY KEY, above integer REFERENCES down); INSERT INTO down VALUES (1), (2)",
               "DELETE FROM down WHERE id = 1", "INSERT INTO down VALUES (5, 1), (6, 2)", {"id": 1}),
    "uuid": ("CREATE TABLE up (id uuid PRIMARY KEY); CREATE TABLE down (id integer PRIMARY KEY, above uuid REFERENCES up); "
             "INSERT INTO up VALUES (md5('1')::uuid), (md5('2')::uuid)",
             "DELETE FROM up WHERE id = md5('1')::uuid", "INSERT INTO down VALUES (5, md5('1')::uuid), (6, md5('2')::uuid)",
             {"id": "c4ca4238-a0b9-2382-0dcc-509a6f75849b"}),
    "narrower": ("CREATE TABLE up (id bigint PRIMARY KEY); CREATE TABLE down (id integer PRIMARY KEY, above smallint REFERENCES up); "
                 "INSERT INTO up VALUES (1), (2)", "DELETE FROM up WHERE id = 1", "INSERT INTO down VALUES (5, 1), (6, 2)", {"id": 1}),
    "enum": ("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE up (id mood PRIMARY KEY); CREATE TABLE down (id integer PRIMARY KEY, "
             "above mood REFERENCES up); INSERT INTO up VALUES ('sad'), ('ok')",
             "DELETE FROM up WHERE id = 'sad'", "INSERT INTO down VALUES (5, 'sad'), (6, 'ok')", {"id": "sad"}),
    "quoted": ('CREATE TABLE up ("A ""b" integer PRIMARY KEY); CREATE TABLE down (id integer PRIMARY KEY, "c D" integer '
               'CONSTRAINT "down\'s" REFERENCES up); INSERT INTO up VALUES (1), (2)',
               'DELETE FROM up WHERE "A ""b" = 1', "INSERT INTO down VALUES (5, 1), (6, 2)", {'A "b': 1}),
    "partitioned_child": ("CREATE TABLE up (id integer PRIMARY KEY); CREATE TABLE down (id integer PRIMARY KEY, above integer REFERENCES up) "
                          "PARTITION BY RANGE (id); CREATE TABLE down_1 PARTITION OF down FOR VALUES FROM (0) TO (100); "
                          "INSERT INTO up VALUES (1), (2)", "DELETE FROM up WHERE id = 1", "INSERT INTO down VALUES (5, 1), (6, 2)", {"id": 1}),
    "partitioned_parent": ("CREATE TABLE up (id integer PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE up_1 PARTITION OF up FOR VALUES "
                           "FROM (0) TO (100); CREATE TABLE down (id integer PRIMARY KEY, above integer REFERENCES up); "
                           "INSERT INTO up VALUES (1), (2)", "DELETE FROM up WHERE id = 1", "INSERT INTO down VALUES (5, 1), (6, 2)", {"id": 1}),
}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("cure", ["report", "null-child", "restore-parent"])
@pytest.mark.parametrize("name", KEYS)
def test_keys_of_all_kinds(servers, name, cure):
    schema, at_a, at_b, key = KEYS[name]
    pair = servers.pair(schema)
    try:
        instance = pair.run("--foreign-keys", cure)
        cross(pair, instance, at_a, at_b)
        found = missing(pair.b)
        winner = {"report": "b", "null-child": "a", "restore-parent": "b"}[cure]
        assert [row[1:] for row in found] == [("down", {"id": 5}, key, cure, winner)], found
        dangling = pair.a.value("SELECT count(*) FROM down WHERE id = 5 AND to_jsonb(down) - 'id' <> '{}'")
        assert dangling == 1
        up = pair.a.value("SELECT count(*) FROM up") if name != "itself" else pair.a.value("SELECT count(*) FROM down WHERE id < 5")
        assert up == (2 if cure == "restore-parent" else 1)
    finally:
        pair.close()


def test_the_cure_is_a_word_of_four(chat):
    done = command("run", *node_arguments({"a": chat.a, "b": chat.b}), "--foreign-keys", "null-children")
    assert done.status == 2 and "did you mean 'null-child'" in done.err, done


def test_it_stays_quiet_afterwards(chat):
    """Cures are carried out once."""
    instance = chat.run("--foreign-keys", "drop-child")
    cross(chat, instance, "DELETE FROM person WHERE id = 1", "INSERT INTO message VALUES (10, 1, 'hello')")
    told = lambda: [instance.direction(name)["applied"] for name in instance.direction_names()]
    before = told()
    holds_for(lambda: told() == before, 3, "nothing more is applied")
