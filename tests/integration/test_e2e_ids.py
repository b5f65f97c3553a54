"""init --ids: sequences of two masters that give no number twice."""

import threading

import pytest

from support.tandem import command, node_arguments
from support.waiting import wait_until

SCHEMA = """
CREATE TABLE plain (id serial PRIMARY KEY, v text);
CREATE TABLE always (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
CREATE TABLE given (id bigint PRIMARY KEY, v text);
CREATE SEQUENCE hibernate_seq INCREMENT BY 50;
CREATE TABLE "Mixed Case" ("Id" bigint PRIMARY KEY DEFAULT nextval('hibernate_seq'));
"""


@pytest.fixture
def pair(servers):
    fresh = servers.pair(SCHEMA)
    yield fresh
    fresh.close()


def init(pair, *arguments):
    return command("init", *node_arguments({"a": pair.a, "b": pair.b}), *arguments)


def given(database, sequence, count=3):
    return [row[0] for row in database.sql(f"SELECT nextval('{sequence}') FROM generate_series(1, {count})")]


def test_stride_gives_each_node_its_numbers(pair):
    pair.sql("INSERT INTO plain (v) SELECT 'x' FROM generate_series(1, 40)")
    pair.sql("INSERT INTO plain VALUES (1000, 'by hand')")
    given(pair.b, "always_id_seq", 20)
    dry = init(pair, "--ids", "stride", "--dry-run")
    assert dry.status == 0, dry
    assert "-- node b:\nALTER SEQUENCE \"public\".\"plain_id_seq\" INCREMENT BY 16 START WITH 1009 RESTART;" in dry.out, dry.out
    assert given(pair.a, "plain_id_seq", 1) == [41]

    done = init(pair, "--ids", "stride")
    assert done.status == 0, done
    assert "node a: ALTER SEQUENCE \"public\".\"always_id_seq\" INCREMENT BY 16 START WITH 32 RESTART" in done.text, done
    assert given(pair.a, "plain_id_seq") == [1008, 1024, 1040]
    assert given(pair.b, "plain_id_seq") == [1009, 1025, 1041]
    assert given(pair.a, "always_id_seq") == [32, 48, 64]
    assert given(pair.b, "always_id_seq") == [33, 49, 65]
    assert given(pair.a, "hibernate_seq") == [800, 1600, 2400]  # each with the 49 behind it
    assert given(pair.b, "hibernate_seq") == [850, 1650, 2450]
    again = init(pair, "--ids", "stride")
    assert again.status == 0 and "ALTER SEQUENCE" not in again.text, again
    assert given(pair.a, "plain_id_seq", 1) == [1056]
    assert init(pair, "--ids", "check").status == 0


def test_check_names_what_can_meet_and_changes_nothing(pair):
    done = init(pair, "--ids", "check")
    assert done.status == 4, done
    for name in ("always_id_seq", "hibernate_seq", "plain_id_seq"):
        assert f"sequence public.{name}: next 1 by" in done.text, done
    assert "tandem init --ids stride" in done.text
    assert pair.a.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'tandem'") == 0
    assert init(pair, "--one-way", "a:b", "--ids", "check").status == 0


def test_writers_that_go_on_meanwhile_get_no_number_twice(pair):
    numbers = {"a": [], "b": []}
    stop = threading.Event()

    def write(database):
        link = database.connect(autocommit=True)
        with link.cursor() as cursor:
            while not stop.is_set():
                cursor.execute("INSERT INTO plain (v) VALUES ('w') RETURNING id")
                numbers[database.node].append(cursor.fetchone()[0])
        link.close()
    assert init(pair).status == 0
    writers = [threading.Thread(target=write, args=(database,)) for database in pair.both for _ in range(3)]
    for each in writers:
        each.start()
    try:
        done = init(pair, "--ids", "stride")
    finally:
        stop.set()
        for each in writers:
            each.join()
    assert done.status == 0, done
    start = pair.a.value("SELECT seqstart FROM pg_sequence WHERE seqrelid = 'plain_id_seq'::regclass")
    late = {node: [each for each in all_of if each >= start] for node, all_of in numbers.items()}
    assert max(each for all_of in numbers.values() for each in all_of if each < start) < start
    assert not set(late["a"]) & set(late["b"])
    assert all(each % 16 == start % 16 for each in late["a"]) and all(each % 16 == start % 16 + 1 for each in late["b"])
    assert len(numbers["a"]) == len(set(numbers["a"])) and len(numbers["b"]) == len(set(numbers["b"]))


def test_what_cannot_be_is_named_and_the_rest_is_done(pair):
    pair.sql("CREATE TABLE small (id smallserial PRIMARY KEY)")
    pair.sql("CREATE TABLE down (id integer PRIMARY KEY)")
    pair.sql("CREATE SEQUENCE down_seq INCREMENT BY -1")
    pair.sql("ALTER TABLE down ALTER COLUMN id SET DEFAULT nextval('down_seq')")
    done = init(pair, "--ids", "stride")
    assert done.status == 0, done
    assert "sequence public.down_seq: it counts down; keep its ranges apart by hand" in done.text
    assert "sequence public.small_id_seq: it has 2047 numbers left on a node" in done.text
    assert given(pair.b, "plain_id_seq", 1) == [17]


def test_one_site_alone_cannot_say(pair):
    done = command("init", *node_arguments({"a": pair.a}), "--peer", "b", "--first-sync", "none", "--ids", "stride")
    assert done.status == 2, done
    assert "--ids" in done.text


def test_an_overlap_is_said_where_it_shows(pair):
    """By the table and the column, once, in status and log; numbers that the application chose are its own affair."""
    pair.instance = pair.run()
    for _ in range(2):
        pair.concurrently([pair.instance], *[(node, f"INSERT INTO {table} (v) VALUES ('{node.node}')")
                                             for node in pair.both for table in ("plain", "always")],
                          (pair.a, "INSERT INTO given SELECT 1 + count(*) FROM given"),
                          (pair.b, "INSERT INTO given SELECT 1 + count(*) FROM given"))
        pair.settle()
    pair.assert_equal()

    def warnings():
        return [text for text in pair.instance.status()["warnings"] if "sequences overlap" in text]
    wait_until(lambda: len(warnings()) == 2, 20, "both are said", detail=pair.explain)
    assert sorted(text.split(" of ")[1].split(":")[0] for text in warnings()) == ["public.always.id", "public.plain.id"]
    assert all("tandem init --ids stride" in text for text in warnings())
    assert pair.instance.log_text().count("sequences overlap") == 2
