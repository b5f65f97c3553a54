"""The commands beside `run`, and what a running instance answers over HTTP, against real servers."""

import json
import re
import signal
import urllib.request

import pytest

from support.tandem import command, node_arguments
from support.waiting import holds_for, wait_until

SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text)"
OK, USAGE, ENVIRONMENT, CHECK = 0, 2, 3, 4


def nodes(pair):
    return node_arguments({"a": pair.a, "b": pair.b})


@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


# --- skip ----------------------------------------------------------------------------------------------
def item_ends(source, slot):
    """The commit ends of the transactions that changed item, by a test_decoding slot."""
    ends, touched = [], False
    for lsn, data in source.sql("SELECT lsn, data FROM pg_logical_slot_peek_changes(%s, NULL, NULL)", slot):
        touched = data.startswith("table public.item:") or (touched and not data.startswith("BEGIN"))
        if touched and data.startswith("COMMIT"):
            ends.append(lsn)
    return ends


@pytest.mark.parametrize("size", [1, 30_000], ids=["one_row", "longer_than_a_batch"])
def test_skip_passes_over_exactly_one_transaction(servers, size):
    pair = servers.pair(SCHEMA)
    try:
        pair.a.sql("SELECT pg_create_logical_replication_slot('ends', 'test_decoding')")
        instance = pair.run()
        instance.stop()
        pair.a.sql("INSERT INTO item VALUES (-1, 'before')")
        pair.a.sql(f"INSERT INTO item SELECT n, 'skipped' FROM generate_series(1, {size}) n")
        pair.a.sql("INSERT INTO item VALUES (-2, 'after')")
        position = item_ends(pair.a, "ends")[-2]
        done = command("skip", *nodes(pair), "--direction", "a:b", "--position", position)
        assert done.status == OK and position in done.err, done
        again = pair.run()
        pair.settle()
        assert pair.b.sql("SELECT id, v FROM item ORDER BY id") == [(-2, "after"), (-1, "before")]
        assert f"passed over the transaction at {position} ({size} changes)" in again.log_text()
        late = command("skip", *nodes(pair), "--direction", "a:b", "--position", position)
        assert late.status == USAGE and "already" in late.err, late
    finally:
        pair.a.sql("SELECT pg_drop_replication_slot('ends')")
        pair.close()


def test_skip_reaches_a_running_instance(running):
    """The transaction waits for a table lock at the peer; then it is passed over instead."""
    pair = running
    pair.a.sql("SELECT pg_create_logical_replication_slot('ends2', 'test_decoding')")
    holder = pair.b.connect()
    try:
        holder.cursor().execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        pair.a.sql("INSERT INTO item VALUES (1, 'stuck')")
        pair.instance.wait_state("a:b", "retrying")
        position = item_ends(pair.a, "ends2")[-1]
        done = command("skip", *nodes(pair), "--direction", "a:b", "--position", position)
        assert done.status == OK, done
        pair.settle(pair.a)
        holder.rollback()
        pair.a.sql("INSERT INTO item VALUES (2, 'next')")
        pair.settle()
        assert pair.b.sql("SELECT id FROM item") == [(2,)]
    finally:
        holder.close()
        pair.a.sql("SELECT pg_drop_replication_slot('ends2')")


@pytest.mark.parametrize("arguments, words", [
    (("--direction", "a:c", "--position", "0/1"), ("a:c", "a:b")),
    (("--direction", "a", "--position", "0/1"), ("SOURCE:TARGET",)),
    (("--direction", "a:b", "--position", "here"), ("here", "0/16B3748")),
    (("--direction", "a:b"), ("--position",)),
], ids=["unknown_node", "no_colon", "no_position", "position_missing"])
def test_skip_refuses_nonsense(running, arguments, words):
    done = command("skip", *nodes(running), *arguments)
    assert done.status == USAGE, done
    for word in words:
        assert word in done.err, done


def test_skip_on_a_database_that_is_not_set_up(pair):
    done = command("skip", *nodes(pair), "--direction", "a:b", "--position", "0/16B3748")
    assert done.status == USAGE and "not set up" in done.err, done


# --- verify --------------------------------------------------------------------------------------------
def test_verify_of_equal_masters(running):
    running.a.sql("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 2500) n")
    running.settle()
    done = command("verify", *nodes(running))
    assert done.status == OK, done
    read = json.loads(command("verify", *nodes(running), "--json").out)
    tables = {table["table"]: table for table in read["tables"]}
    assert tables["public.item"]["equal"] is True, read


def test_verify_names_every_key_that_differs(running):
    pair = running
    pair.a.sql("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 2500) n")
    pair.settle()
    pair.instance.stop()
    pair.a.sql("UPDATE item SET v = 'other' WHERE id = 1234")
    pair.a.sql("DELETE FROM item WHERE id = 7")
    pair.a.sql("INSERT INTO item VALUES (5000, 'only a')")
    pair.b.sql("INSERT INTO item VALUES (-3, 'only b')")
    done = command("verify", *nodes(pair))
    assert done.status == CHECK, done
    for key in ("1234", "7", "5000", "-3"):
        assert re.search(rf"(?<![\d-]){key}(?!\d)", done.text), f"{key} is not listed: {done}"
    few = command("verify", *nodes(pair), "--limit", "1", "--json")
    assert few.status == CHECK, few
    table = next(t for t in json.loads(few.out)["tables"] if t["table"] == "public.item")
    listed = [*table["only_in"]["a"], *table["only_in"]["b"], *table["changed"]]
    assert (table["equal"], table["different"], len(listed)) == (False, 4, 1), table


# --- status, version, help ------------------------------------------------------------------------------
def test_status_of_a_running_instance(running):
    url = f"http://127.0.0.1:{running.instance.port}"
    running.a.sql("INSERT INTO item VALUES (1, 'x')")
    running.settle()
    shown = command("status", "--url", url)
    assert shown.status == OK, shown
    for word in ("a", "b", "streaming"):
        assert word in shown.out, shown
    read = json.loads(command("status", "--url", url, "--json").out)
    assert read["directions"]["a:b"]["state"] == "streaming"
    assert read["directions"]["a:b"]["applied"] >= 1
    assert read["nodes"]["a"]["slot"]["active"] is True
    assert command("status", "--url", url, "--ready").status == OK


def test_status_without_an_instance():
    done = command("status", "--url", "http://127.0.0.1:1")
    assert done.status == ENVIRONMENT and "127.0.0.1:1" in done.err, done


def test_status_ready_of_an_instance_in_gap(running):
    running.instance.stop()
    running.a.sql("SELECT pg_drop_replication_slot(%s)", running.slot(running.a)["slot_name"])
    second = running.tandem(init=False).start()
    second.wait_state("a:b", "gap")
    url = f"http://127.0.0.1:{second.port}"
    assert command("status", "--url", url, "--ready").status == CHECK
    code, body = second.get("/readyz")
    assert code == 503 and "gap" in body, (code, body)
    assert second.get("/livez")[0] == 200


def test_version_and_help():
    assert re.fullmatch(r"tandem \d+\.\d+\.\d+\n", command("version").out)
    assert re.fullmatch(r"\d+\.\d+\.\d+", json.loads(command("version", "--json").out)["version"])
    overview = command("--help")
    assert overview.status == OK and overview.err == ""
    for name in ("run", "init", "destroy", "doctor", "status", "verify", "skip", "version"):
        assert re.search(rf"^  {name} ", overview.out, re.M), name
        help_text = command(name, "--help")
        assert help_text.status == OK and help_text.err == "", help_text


# --- HTTP ----------------------------------------------------------------------------------------------
def test_http_of_a_healthy_instance(running):
    running.a.sql("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 10) n")
    running.settle()
    assert running.instance.get("/livez")[0] == 200
    assert running.instance.get("/readyz")[0] == 200
    assert running.instance.get("/nothing-here")[0] == 404
    with urllib.request.urlopen(f"http://127.0.0.1:{running.instance.port}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    values = dict(re.findall(r"^(\w+(?:\{[^}]*\})?) ([0-9.e+-]+)$", text, re.M))
    applied = {name: value for name, value in values.items() if name.startswith("tandem_events_applied_total")}
    assert float(applied['tandem_events_applied_total{direction="a_to_b"}']) >= 10, applied
    named = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    named |= {name + part for name in re.findall(r"^# TYPE (\w+) histogram$", text, re.M) for part in ("_bucket", "_sum", "_count")}
    assert {re.sub(r"\{.*", "", name) for name in values} <= named, "every series has its TYPE"


def test_an_address_that_others_can_reach_is_warned_of(pair):
    pair.sql(SCHEMA)
    refused = command("run", *nodes(pair), "--init", "--listen", "0.0.0.0:1")
    assert refused.status == USAGE and "--insecure-listen" in refused.err, refused
    instance = pair.tandem("--listen", "0.0.0.0:0", "--insecure-listen")
    argv = instance.argv  # its own --listen goes, and the port stays
    at = argv.index("--listen")
    del argv[at:at + 2]
    argv[argv.index("0.0.0.0:0")] = f"0.0.0.0:{instance.port}"
    instance.start().wait_streaming()
    assert "plain HTTP" in instance.log_text()
    assert ["plain HTTP" in warning for warning in instance.status()["warnings"]] == [True]
    shown = command("status", "--url", f"http://127.0.0.1:{instance.port}")
    assert re.search("^warning: .*plain HTTP", shown.out, re.M), shown


# --- run: its ends -------------------------------------------------------------------------------------
def test_until_caught_up_ends_with_1_when_a_direction_waits_for_a_person(running):
    running.instance.stop()
    running.a.sql("SELECT pg_drop_replication_slot(%s)", running.slot(running.a)["slot_name"])
    running.b.sql("INSERT INTO item VALUES (9, 'the other way')")
    done = command("run", *nodes(running), "--listen", "off", "--until", "caught-up")
    assert done.status == 1, done
    assert running.a.value("SELECT v FROM item WHERE id = 9") == "the other way"


def test_sigterm_before_the_sync_begins(pair):
    """The comparison at the start waits for a lock; the signal is obeyed, and nothing is half there."""
    pair.sql(SCHEMA)
    holder = pair.b.connect()
    instance = pair.tandem()
    try:
        holder.cursor().execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        instance.start()
        wait_until(lambda: pair.b.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0, 20,
                   "tandem waits for the lock")
        instance.process.send_signal(signal.SIGTERM)
        holder.rollback()
        assert instance.process.wait(10) == 0
        assert "stopped before the sync began" in instance.log_text()
    finally:
        holder.close()
        instance.close()
    pair.run()


NEVER_ENDS = """
CREATE FUNCTION wait_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(300); RETURN NEW; END $$;
CREATE TRIGGER wait_long BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION wait_long();
ALTER TABLE item ENABLE ALWAYS TRIGGER wait_long;
"""


def test_sigterm_ends_what_would_not_end_by_itself(running):
    """Its statement is cancelled, the summary says so, and the next start does it once."""
    pair = running
    pair.b.sql(NEVER_ENDS)
    pair.a.sql("INSERT INTO item VALUES (1, 'x')")
    wait_until(lambda: pair.b.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
                                    "datname = current_database()"), 20, "the applier sits in the trigger")
    pair.instance.stop()
    assert "a -> b: what was on its way was not finished" in pair.instance.log_text()
    assert pair.b.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
                        "datname = current_database()") == 0
    pair.b.sql("DROP TRIGGER wait_long ON item")
    pair.run()
    pair.settle()
    assert pair.b.sql("SELECT id, v FROM item") == [(1, "x")]


def test_conflicts_of_earlier_runs_are_not_counted_again(running):
    pair = running
    pair.instance.stop()
    pair.a.sql("INSERT INTO item VALUES (1, 'a')")
    pair.b.sql("INSERT INTO item VALUES (1, 'b')")
    second = pair.run()
    pair.settle()
    pair.assert_equal("item")
    wait_until(lambda: second.direction("a:b")["conflicts"] == 1, 10, "the conflict is counted")
    second.stop()
    third = pair.run()
    pair.a.sql("INSERT INTO item VALUES (2, 'a')")
    pair.settle()
    holds_for(lambda: third.direction("a:b")["conflicts"] == 0, 3, "nothing new")


# --- what is synced is decided by init -----------------------------------------------------------------
@pytest.mark.parametrize("arguments, named", [
    (("--exclude", "other"), "public.other"), (("--tables", "item"), "public.other"),
    (("--tables", "item", "--tables", "other where id > 0", "--tables", "sync_marker"), "public.other"),
    (("--tables", "item(id)", "--tables", "other", "--tables", "sync_marker"), "public.item"),
], ids=["exclude", "tables", "filter", "columns"])
def test_run_without_init_does_not_pass_over_another_choice(pair, arguments, named):
    pair.sql(SCHEMA + "; CREATE TABLE other (id integer PRIMARY KEY, v text)")
    pair.run().stop()
    done = command("run", *nodes(pair), "--listen", "off", "--until", "caught-up", *arguments)
    assert done.status == USAGE and named in done.err and "init" in done.err, done
    same = command("run", *nodes(pair), "--listen", "off", "--until", "caught-up", "--tables", "*")
    assert same.status == OK, same


def test_init_does_not_take_tables_from_a_running_instance(pair):
    pair.sql(SCHEMA + "; CREATE TABLE other (id integer PRIMARY KEY, v text)")
    instance = pair.run()
    refused = command("init", *nodes(pair), "--exclude", "other")
    assert refused.status == ENVIRONMENT and "public.other" in refused.err, refused
    pair.a.sql("INSERT INTO other VALUES (1, 'still synced')")
    pair.settle()
    assert pair.b.sql("SELECT v FROM other") == [("still synced",)]
    instance.stop()
    done = command("init", *nodes(pair), "--exclude", "other")
    assert done.status == OK and "public.other removed from publication" in done.err, done


@pytest.mark.parametrize("names", [("x", "y"), ("b", "a")], ids=["unknown", "swapped"])
def test_destroy_under_other_names_is_refused(running, names):
    running.instance.stop()
    done = command("destroy", *node_arguments(dict(zip(names, running.both))), "--yes")
    assert done.status == USAGE and "was set up as node" in done.err, done
    assert running.slot(running.a) and running.slot(running.b)
    running.run()


def test_a_password_on_the_wrong_place_is_not_shown():
    done = command("doctor", "postgresql://user:s3cr3t@host/database")
    assert done.status == USAGE and "s3cr3t" not in done.text and "unknown argument" in done.err, done


def test_grants_name_the_schemas(pair):
    role = f"plain_{pair.name}"
    try:
        pair.sql("CREATE SCHEMA s2; CREATE TABLE s2.item (id integer PRIMARY KEY)")
        for database in pair.both:
            database.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'p'")
        printed = command("init", "--dry-run", *nodes(pair))
        assert "GRANT USAGE ON SCHEMA \"s2\" TO" in printed.out, printed
        found = command("doctor", *node_arguments(
            {"a": pair.a.uri(user=role, password="p"), "b": pair.b.uri(user=role, password="p")}))
        assert found.status == CHECK and "GRANT USAGE ON SCHEMA s2" in found.out, found
    finally:
        for cluster in (pair.servers.a, pair.servers.b):
            cluster.database("postgres").sql(f"DROP ROLE IF EXISTS {role}")


# --- a table that joins ---------------------------------------------------------------------------------
def test_a_table_joins_while_a_writer_has_a_transaction_open(running):
    """R17: its publication waits for the writer, so that not even its first row is lost."""
    pair = running
    pair.instance.stop()
    pair.sql("CREATE TABLE later (id integer PRIMARY KEY, v text)")
    writer = pair.a.connect()
    try:
        with writer.cursor() as cursor:
            cursor.execute("INSERT INTO later VALUES (1, 'rolled back')")
            refused = command("init", *nodes(pair), deadline=90)
            assert refused.status != OK and "later" in refused.err, refused
            cursor.execute("ROLLBACK")
        pair.run()
        pair.a.sql("INSERT INTO later VALUES (2, 'synced')")
        pair.settle()
        assert pair.b.sql("SELECT * FROM later") == [(2, "synced")]
    finally:
        writer.close()
