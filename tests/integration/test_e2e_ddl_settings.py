"""DDL as settings let it be carried: filters, indexes CONCURRENTLY, sequences apart, paused tables, nodes that tell no DDL."""

import json

import psycopg2
import pytest

from support import masters
from support.ddl_scripts import BASE
from support.ddl_world import carry_out, in_schema, parked
from support.tandem import command, node_arguments
from support.waiting import wait_until

FIRST = "CREATE TABLE public.first (id integer PRIMARY KEY)"


@pytest.fixture
def pair(servers):
    made = servers.pair(FIRST)
    yield made
    made.close()


def log_of(database):
    return database.sql("SELECT tag, ended, statements, error FROM tandem.ddl WHERE node IS NOT NULL ORDER BY id")


def at(pair, *words):
    return command(*words, *node_arguments({"a": pair.a, "b": pair.b}))


# --- filters

@pytest.mark.parametrize("how", ["flags", "file"])
def test_what_is_to_be_skipped_is_left_alone(pair, tmp_path, how):
    if how == "flags":
        given = ["--ddl-skip-commands", "DROP *", "--ddl-skip-kinds", "trigger", "--ddl-skip-kinds", "function", "--ddl-skip-objects", "audit.*"]
    else:
        path = tmp_path / "tandem.toml"
        path.write_text('[ddl]\ncarry = true\nskip-commands = ["DROP *"]\nskip-kinds = ["trigger", "function"]\nskip-objects = ["audit.*"]\n')
        given = ["--config", str(path)]
    pair.instance = pair.run("--ddl", "on", *given) if how == "flags" else pair.run(*given, env={"TANDEM_DDL": None})
    pair.a.sql("CREATE SCHEMA audit; CREATE TABLE audit.entry (id integer PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY); CREATE TABLE gone (id integer PRIMARY KEY)")
    pair.a.sql("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()")
    pair.settle()
    pair.a.sql("DROP TABLE gone; ALTER TABLE t ADD COLUMN more text; INSERT INTO audit.entry VALUES (1); INSERT INTO t VALUES (1, 'x')")
    pair.settle()
    assert pair.b.sql("SELECT to_regnamespace('audit'), to_regproc('f'), to_regclass('gone') IS NOT NULL") == [(None, None, True)]
    assert pair.b.value("SELECT count(*) FROM pg_trigger WHERE tgrelid = 't'::regclass") == 0
    assert pair.b.sql("SELECT id, more FROM t") == [(1, "x")]
    assert pair.b.sql("SELECT 1 FROM tandem.parked") == []
    said = {tag: (ended, error) for tag, ended, _, error in log_of(pair.b)}
    assert said["DROP TABLE"] == ("left out", "left out, as [ddl] says: table public.gone")
    assert said["CREATE FUNCTION"] == ("left out", "left out, as [ddl] says: function public.f()")
    assert said["CREATE TRIGGER"] == ("nothing to do", "left out, as [ddl] says: trigger of table public.t")


@pytest.mark.parametrize("given, said", [
    (["--ddl-skip-commands", "drop table"], "expected a command in capitals, such as DROP TABLE"),
    (["--ddl-skip-kinds", "triger"], "did you mean 'trigger'?"),
    (["--ddl-skip-objects", "t (id)"], "an object is skipped as a whole"),
    (["--schema-evolution", "full"], "expected one of none, basic"),
])
def test_what_cannot_be_skipped_is_said(pair, given, said):
    refused = at(pair, "run", *given)
    assert refused.status == 2 and said in refused.text


# --- tables that are not synced

def test_ddl_of_tables_outside_the_patterns_stays_home(pair):
    pair.sql("CREATE SCHEMA chat; CREATE SCHEMA billing; CREATE TABLE chat.message (id integer PRIMARY KEY)")
    pair.instance = pair.run("--ddl", "on", "--tables", "chat.*", "--tables", "public.*")
    pair.a.sql("CREATE TABLE chat.room (id integer PRIMARY KEY); CREATE TABLE billing.invoice (id integer PRIMARY KEY); "
               "CREATE VIEW billing.open AS SELECT * FROM billing.invoice; ALTER TABLE chat.message ADD COLUMN body text")
    pair.settle()
    assert pair.b.sql("SELECT to_regclass('chat.room') IS NOT NULL, to_regclass('billing.invoice'), to_regclass('billing.open')") == [(True, None, None)]
    pair.a.sql("DROP VIEW billing.open; DROP TABLE billing.invoice")
    pair.settle()
    assert parked(pair.b, "billing") == []
    assert [tag for tag, *_ in log_of(pair.b)] == ["CREATE TABLE", "ALTER TABLE"]


# --- CONCURRENTLY

def test_an_index_made_concurrently_keeps_no_writer_waiting(pair):
    pair.instance = pair.run("--ddl", "on")
    pair.a.sql("CREATE TABLE wide (id integer PRIMARY KEY, v text)")
    pair.a.sql("INSERT INTO wide SELECT i, md5(i::text) FROM generate_series(1, 2000) i")
    pair.settle()
    # Somebody holds a row of the peer: a plain CREATE INDEX would wait with the table locked for others.
    holder = pair.b.connect()
    holder.cursor().execute("UPDATE wide SET v = 'held' WHERE id = 1")
    carry_out(pair.a, "public", ["CREATE INDEX CONCURRENTLY wide_v ON wide (v)"])
    building = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY wide_v%' AND state = 'active'"
    wait_until(lambda: pair.b.value(building) == 1, 20, "the index is being made", detail=pair.explain)
    pair.b.sql("SET lock_timeout = '2s'; INSERT INTO wide VALUES (3000, 'meanwhile')")
    holder.commit()
    holder.close()
    pair.settle()
    assert pair.b.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'wide_v'::regclass") == [(True,)]
    assert log_of(pair.b)[-1][:3] == ("CREATE INDEX", "applied", ["CREATE INDEX CONCURRENTLY wide_v ON public.wide USING btree (v)"])
    carry_out(pair.a, "public", ["DROP INDEX CONCURRENTLY wide_v"])
    pair.settle()
    assert pair.b.value("SELECT to_regclass('wide_v')") is None
    assert log_of(pair.b)[-1][:3] == ("DROP INDEX", "applied", ['DROP INDEX CONCURRENTLY "public"."wide_v"'])
    pair.assert_equal("wide")


def test_an_index_that_the_peers_rows_do_not_fit_pauses_the_table_until_they_do(pair):
    pair.sql("CREATE TABLE code (id integer PRIMARY KEY, v text)")
    pair.instance = pair.run("--ddl", "on", "--one-way", "a:b")
    pair.b.sql("INSERT INTO code VALUES (1, 'same'), (2, 'same')")
    carry_out(pair.a, "public", ["CREATE UNIQUE INDEX CONCURRENTLY code_v ON code (v)"])
    pair.a.sql("INSERT INTO code VALUES (3, 'waits'); INSERT INTO first VALUES (1)")
    pair.settle(pair.a)
    table, op, sqlstate, error = parked(pair.b, "public")[0]
    assert (table, op, sqlstate) == ("code", "ddl", "23505") and "could not create unique index" in error
    assert pair.b.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 0
    assert pair.b.value("SELECT count(*) FROM code") == 2 and pair.b.value("SELECT count(*) FROM first") == 1
    pair.b.sql("DELETE FROM code WHERE id = 2")
    resumed = at(pair, "table", "resume", "code")
    assert resumed.status == 0, resumed
    assert pair.b.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'code_v'::regclass") == [(True,)]
    assert pair.b.sql("SELECT id, v FROM code ORDER BY 1") == [(1, "same"), (3, "waits")]


def test_a_remnant_of_an_index_that_was_not_finished_is_taken_away(pair):
    pair.sql("CREATE TABLE code (id integer PRIMARY KEY, v text)")
    pair.instance = pair.run("--ddl", "on", "--one-way", "a:b")
    pair.b.sql("INSERT INTO code VALUES (1, 'same'), (2, 'same')")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        carry_out(pair.b, "public", ["CREATE UNIQUE INDEX CONCURRENTLY code_v ON code (v)"])
    pair.b.sql("DELETE FROM code WHERE id = 2")
    assert pair.b.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 1
    carry_out(pair.a, "public", ["CREATE UNIQUE INDEX CONCURRENTLY code_v ON code (v)"])
    pair.settle(pair.a)
    assert parked(pair.b, "public") == []
    assert pair.b.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'code_v'::regclass") == [(True,)]


# --- sequences

def test_new_sequences_count_apart(pair):
    pair.sql("CREATE TABLE old (id bigserial PRIMARY KEY, v text)")
    assert at(pair, "init", "--ids", "stride", "--ddl", "on").status == 0
    pair.instance = pair.run("--ddl", "on", init=False)
    pair.a.sql("CREATE TABLE by_serial (id bigserial PRIMARY KEY, v text); "
               "CREATE TABLE by_identity (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v text); CREATE SEQUENCE loose")
    pair.b.sql("CREATE TABLE from_b (id serial PRIMARY KEY, v text)")
    pair.settle()
    tables = ("old", "by_serial", "by_identity", "from_b")
    for table in tables:
        for database in pair.both:
            database.sql(f"INSERT INTO {table} (v) SELECT %s FROM generate_series(1, 20)", database.node)
    pair.settle()
    for table in tables:
        assert pair.b.value(f"SELECT count(*) FROM {table}") == 40
    pair.assert_equal(*tables)
    steps = [database.sql("SELECT sequencename, increment_by, start_value % 16 FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1") for database in pair.both]
    assert [[row[:2] for row in each] for each in steps] == [
        [(name, 16) for name in ("by_identity_id_seq", "by_serial_id_seq", "from_b_id_seq", "loose", "old_id_seq")]] * 2
    assert {row[2] for row in steps[0]} == {0} and {row[2] for row in steps[1]} == {1}


def test_an_identity_added_to_a_filled_table_counts_apart(pair):
    pair.sql("CREATE TABLE filled (id integer PRIMARY KEY)")
    assert at(pair, "init", "--ids", "stride", "--ddl", "on").status == 0
    pair.instance = pair.run("--ddl", "on", init=False)
    pair.a.sql("INSERT INTO filled SELECT generate_series(1, 100)")
    pair.settle()
    pair.a.sql("ALTER TABLE filled ADD COLUMN number bigint GENERATED BY DEFAULT AS IDENTITY")
    pair.settle()
    pair.concurrently([pair.instance], (pair.a, "INSERT INTO filled SELECT generate_series(1001, 1020)"), (pair.b, "INSERT INTO filled SELECT generate_series(2001, 2020)"))
    pair.settle()
    pair.assert_equal("filled")
    assert pair.b.value("SELECT count(DISTINCT number) FROM filled") == 140


# --- table list, pause

def listed(pair):
    done = at(pair, "table", "list", "--json")
    assert done.status == 0, done
    return {(each["source"], each["table"]): (each["state"], each["waiting"]) for each in json.loads(done.out)}


def test_a_paused_table_waits_and_others_go_on(pair):
    pair.sql("CREATE TABLE item (id integer PRIMARY KEY, v text); CREATE TABLE other (id integer PRIMARY KEY)")
    pair.instance = pair.run()
    assert listed(pair)["a", "public.item"] == ("ok", 0)
    paused = at(pair, "table", "pause", "item", "--direction", "a:b")
    assert paused.status == 0 and paused.out == "a -> b: public.item is paused; 'tandem table resume' lets it go on\n"
    pair.a.sql("INSERT INTO item VALUES (1, 'waits'), (2, 'waits'); UPDATE item SET v = 'still' WHERE id = 1; INSERT INTO other VALUES (1)")
    pair.b.sql("INSERT INTO item VALUES (3, 'goes on')")
    pair.settle()
    assert pair.b.sql("SELECT id FROM item ORDER BY 1") == [(3,)] and pair.b.sql("SELECT id FROM other") == [(1,)]
    assert pair.a.sql("SELECT id FROM item ORDER BY 1") == [(1,), (2,), (3,)]
    assert listed(pair) == {("a", "public.first"): ("ok", 0), ("a", "public.item"): ("paused", 3), ("a", "public.other"): ("ok", 0), ("a", "public.sync_marker"): ("ok", 0),
                            ("b", "public.first"): ("ok", 0), ("b", "public.item"): ("ok", 0), ("b", "public.other"): ("ok", 0), ("b", "public.sync_marker"): ("ok", 0)}
    pair.instance.kill9()
    pair.instance.start().wait_streaming()
    pair.a.sql("INSERT INTO item VALUES (4, 'after a restart')")
    pair.settle()
    assert pair.b.value("SELECT count(*) FROM item") == 1
    resumed = at(pair, "table", "resume", "item")
    assert resumed.status == 0, resumed
    pair.a.sql("INSERT INTO item VALUES (5, 'goes on')")
    pair.settle()
    assert pair.b.sql("SELECT id, v FROM item ORDER BY 1") == [(1, "still"), (2, "waits"), (3, "goes on"), (4, "after a restart"), (5, "goes on")]
    assert listed(pair)["a", "public.item"] == ("ok", 0)
    pair.assert_equal("item", "other")


def test_a_table_nobody_knows_cannot_be_paused(pair):
    pair.sql("CREATE SCHEMA more; CREATE TABLE public.twice (id integer PRIMARY KEY); CREATE TABLE more.twice (id integer PRIMARY KEY)")
    pair.instance = pair.run()
    nowhere = at(pair, "table", "pause", "nowhere")
    assert nowhere.status == 2 and "no synced table of node a is called nowhere" in nowhere.err
    twice = at(pair, "table", "pause", "twice")
    assert twice.status == 2 and "more.twice, public.twice; name the schema too" in twice.err


def test_a_pause_that_nobody_serves_is_taken_up_at_the_start(pair):
    pair.sql("CREATE TABLE item (id integer PRIMARY KEY)")
    instance = pair.instance = pair.run()
    instance.stop()
    paused = at(pair, "table", "pause", "item", "--wait", "100ms", "--json")
    assert paused.status == 4 and [each["state"] for each in json.loads(paused.out)] == ["waiting", "waiting"]
    pair.a.sql("INSERT INTO item VALUES (1)")
    instance.start().wait_streaming()
    pair.settle()
    assert pair.b.sql("SELECT id FROM item") == []
    assert at(pair, "table", "resume", "item").status == 0
    pair.assert_equal("item")


# --- nodes that tell no DDL

def test_a_column_that_nobody_told_of_is_added(pair):
    pair.sql("CREATE TABLE item (id integer PRIMARY KEY)")
    pair.instance = pair.run("--schema-evolution", "basic")
    pair.a.sql("ALTER TABLE item ADD COLUMN v varchar(20) NOT NULL DEFAULT 'd', ADD COLUMN n numeric(8,3)")
    pair.a.sql("INSERT INTO item VALUES (1, 'one', 1.125); UPDATE item SET n = 2 WHERE id = 1; INSERT INTO item VALUES (2, 'two', NULL)")
    pair.settle()
    assert pair.b.sql("SELECT id, v, n FROM item ORDER BY 1") == pair.a.sql("SELECT id, v, n FROM item ORDER BY 1")
    assert pair.b.sql("SELECT format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'item'::regclass AND attname IN ('v', 'n') ORDER BY attnum") == [
        ("character varying(20)", False), ("numeric(8,3)", False)]
    assert pair.b.sql("SELECT 1 FROM tandem.parked") == []


def test_a_column_of_a_type_of_its_own_is_parked_by_name(pair):
    pair.sql("CREATE TYPE mood AS ENUM ('fine'); CREATE TABLE item (id integer PRIMARY KEY)")
    pair.instance = pair.run("--schema-evolution", "basic")
    pair.a.sql("ALTER TABLE item ADD COLUMN m mood; INSERT INTO item VALUES (1, 'fine')")
    pair.settle()
    assert pair.b.sql("SELECT sqlstate, error FROM tandem.parked") == [("42703", "table public.item: column m does not exist on the target: add it there")]
    pair.b.sql("ALTER TABLE item ADD COLUMN m mood")
    assert at(pair, "table", "resume", "item").status == 0
    pair.assert_equal("item")


def test_without_it_changes_of_unknown_columns_wait(pair):
    pair.sql("CREATE TABLE item (id integer PRIMARY KEY)")
    pair.instance = pair.run()
    pair.a.sql("ALTER TABLE item ADD COLUMN v text; INSERT INTO item VALUES (1, 'kept')")
    pair.settle()
    assert pair.b.sql("SELECT 1 FROM item") == [] and pair.b.sql("SELECT sqlstate FROM tandem.parked") == [("42703",)]
    pair.b.sql("ALTER TABLE item ADD COLUMN v text")
    assert at(pair, "table", "resume", "item").status == 0
    assert pair.b.sql("SELECT v FROM item") == [("kept",)]


def test_what_changes_at_a_node_that_tells_no_ddl_is_reported_by_name(pair):
    pair.sql("CREATE TABLE item (id integer PRIMARY KEY, v text, n integer)")
    pair.instance = pair.run()
    pair.a.sql("INSERT INTO item VALUES (1, 'x', 1)")
    pair.settle()
    pair.a.sql("ALTER TABLE item DROP COLUMN n; INSERT INTO item VALUES (2, 'y')")
    pair.settle()
    assert pair.b.sql("SELECT id, v, n FROM item ORDER BY 1") == [(1, "x", 1), (2, "y", None)]
    wait_until(lambda: any("column n of table public.item" in each for each in pair.instance.status()["warnings"]), 10,
               "the column that went is named", detail=pair.explain)


# --- PostgreSQL 12 and 13, which carry no messages

@pytest.mark.parametrize("majors", [(12, 12), (13, 15)], ids=lambda majors: f"{majors[0]}_{majors[1]}")
def test_before_14_a_table_tells_of_it(majors):
    servers = masters.Servers(f"ddlq{majors[0]}", majors=majors)
    try:
        pair = servers.pair(FIRST)
        pair.instance = pair.run("--ddl", "on")
        for one in pair.both:
            schema = f"from_{one.node}"
            one.sql(f"CREATE SCHEMA {schema};" + in_schema(BASE, schema))
            one.sql(f"INSERT INTO {schema}.t (id) VALUES (1); ALTER TABLE {schema}.t ADD COLUMN extra text DEFAULT 'x'; UPDATE {schema}.t SET extra = 'y'")
            one.sql(f"CREATE TABLE {schema}.made AS SELECT g AS id, 'v' AS v FROM generate_series(1, 50) g; ALTER TABLE {schema}.made ADD PRIMARY KEY (id)")
            one.sql(f"ALTER TABLE {schema}.t ADD COLUMN drawn double precision DEFAULT random()")
            pair.settle()
            assert [parked(database, schema) for database in pair.both] == [[], []], pair.explain()
            pair.assert_equal(*[f"{schema}.{name}" for name in ("t", "child", "made")])
        assert pair.a.value("SELECT count(*) FROM tandem.ddl_queue") == 0
    finally:
        servers.close()
