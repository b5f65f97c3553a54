"""`tandem verify` while both masters are written: every difference is found, and nothing that is on its way is one."""

import json
import os
import pty
import subprocess

import pytest

from support.load import EXCLUDE, Load, prepare
from support.long_tests import LONG
from support.tandem import binary, node_arguments
from support.verifying import CHECK, OK, USAGE, suppressed, verified, verify
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id integer PRIMARY KEY, v text)"
RUNS = 20 if LONG else 2


@pytest.fixture
def running(servers):
    pair = servers.pair(SCHEMA)
    pair.instance = pair.run()
    yield pair
    pair.close()


# --- online --------------------------------------------------------------------------------------------
def test_what_is_on_its_way_is_no_difference(servers):
    pair = servers.pair()
    try:
        prepare(pair)
        instance = pair.run(*EXCLUDE)
        with Load(pair, writers=2, seed=5) as load:
            load.until_more(300)
            found = [verified(pair, *EXCLUDE) for _ in range(RUNS)]
            assert instance.running
        for answer in found:
            assert answer["equal"] is True and answer["streams"] == {"idle": [], "late": []}, answer
            assert sum(table["different"] for table in answer["tables"]) == 0, answer
        pair.settle()
        pair.assert_equal(*[f"public.{name}" for name in ("item", "note", "hot", "ledger")])
    finally:
        pair.close()


def test_drift_is_found_under_load_and_nothing_else(servers):
    pair = servers.pair()
    try:
        prepare(pair)
        pair.sql("CREATE TABLE still (id integer PRIMARY KEY, v text)")
        pair.sql("INSERT INTO still SELECT n, 'x' FROM generate_series(1, 3000) n")
        pair.run(*EXCLUDE)
        with Load(pair, writers=2, seed=6) as load:
            load.until_more(100)
            suppressed(pair.b, "UPDATE still SET v = 'other' WHERE id = 17", "DELETE FROM still WHERE id = 2900",
                       "INSERT INTO still VALUES (-1, 'more')")
            answer = verified(pair, *EXCLUDE, status=CHECK)
        tables = {table["table"]: table for table in answer["tables"]}
        still = tables.pop("public.still")
        assert (still["different"], still["changed"], still["only_in"]) == (
            3, ["(id)=(17)"], {"a": ["(id)=(2900)"], "b": ["(id)=(-1)"]}), still
        assert all(table["different"] == 0 for table in tables.values()), tables
    finally:
        pair.close()


def test_idle_masters_are_not_waited_for(running):
    """The fence is a place that the instance notes at once: its own pace would be ten seconds."""
    running.a.sql("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 100) n")
    running.settle()
    suppressed(running.b, "UPDATE item SET v = 'other' WHERE id = 5")
    done = verify(running)
    assert done.status == CHECK and "not the same: (id)=(5)" in done.out and done.seconds < 5, done


def test_a_stream_that_is_late_is_said_to_be_late(running):
    """Nobody can tell drift from lag then, and nobody says so."""
    holder = running.b.connect()
    try:
        holder.cursor().execute("LOCK TABLE item IN SHARE MODE")
        running.a.sql("INSERT INTO item VALUES (1, 'on its way')")
        running.instance.wait_state("a:b", "retrying")
        done = verify(running, "--wait", "2s", "--json")
        assert done.status == CHECK and done.seconds < 20, done
        read = json.loads(done.out)
        item = next(table for table in read["tables"] if table["table"] == "public.item")
        assert (item["different"], item["undecided"], item["equal"]) == (0, 1, False), read
        assert "a:b" in read["streams"]["late"], read
        shown = verify(running, "--wait", "1s")
        assert "1 rows differ, which may be on their way" in shown.out and "--wait" in shown.out, shown
    finally:
        holder.rollback()
        holder.close()
    running.settle()
    assert verify(running).status == OK


def test_a_sync_that_nobody_serves_is_compared_as_it_stands(running):
    running.instance.stop()
    running.a.sql("INSERT INTO item VALUES (1, 'not sent')")
    done = verify(running)
    assert done.status == CHECK and "only on node a: (id)=(1)" in done.out, done
    assert "nobody serves stream a:b" in done.err, done


@pytest.mark.parametrize("wait", ["soon", "5", ""])
def test_a_wait_that_is_no_duration_is_refused(running, wait):
    done = verify(running, "--wait", wait)
    assert done.status == USAGE and "--wait" in done.err, done


def test_it_rests_so_that_others_get_their_turn(running):
    running.sql("INSERT INTO item SELECT i, repeat('x', 200) FROM generate_series(1, 100000) AS i; ANALYZE item")
    slow, fast = verify(running, "--pace", "10"), verify(running, "--pace", "100")
    assert slow.status == fast.status == 0 and slow.out == fast.out, (slow, fast)
    assert slow.seconds > fast.seconds + 0.7, (slow, fast)  # about 190 rests of 7 ms each, on both at once


@pytest.mark.parametrize("pace", ["0", "101", "fast", "12.5"])
def test_a_pace_that_is_no_percentage_is_refused(running, pace):
    refused = verify(running, "--pace", pace)
    assert refused.status == USAGE and "--pace" in refused.err, refused


# --- tables --------------------------------------------------------------------------------------------
OTHER_SETTINGS = ("datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "timezone = 'Asia/Tokyo'", "bytea_output = 'escape'",
            "extra_float_digits = -5", "search_path = 'odd'")
VALUES = """
CREATE SCHEMA odd; CREATE TYPE odd.mood AS ENUM ('glad', 'sad'); CREATE TYPE odd.pairing AS (x integer, y text);
CREATE TABLE public.kinds (id integer PRIMARY KEY, d date, t timestamptz, i interval, f float8, r real, b bytea, n numeric,
    m odd.mood, p odd.pairing, a text[], j jsonb, u uuid, x xml, c char(6), k odd.mood[])"""
ROW = """INSERT INTO public.kinds SELECT n, '2024-02-03', '2024-02-03 04:05:06.7+00', '1 mon -2 days 03:00', 0.1 + n, 0.1, '\\x00ff',
    1.50, 'sad', ROW(n, 'a,"b'::text)::odd.pairing, ARRAY['x', NULL, '{}'], '{"k": [1, null]}', '00000000-0000-0000-0000-000000000001',
    '<a/>', 'ab', '{glad,sad}' FROM generate_series(1, 500) n"""


def test_texts_do_not_depend_on_the_servers_settings(servers):
    pair = servers.pair(VALUES)
    try:
        pair.sql(ROW)
        for setting in OTHER_SETTINGS:
            pair.b.sql(f"ALTER DATABASE {pair.name} SET {setting}")
        pair.run()
        assert verified(pair, table="public.kinds")["equal"] is True
        suppressed(pair.b, "UPDATE public.kinds SET f = f + 1e-13 WHERE id = 3")
        assert verified(pair, status=CHECK, table="public.kinds")["changed"] == ["(id)=(3)"]
    finally:
        pair.close()


KEYS = {
    "text": ("k text COLLATE {collation} PRIMARY KEY, v text", "SELECT chr(64 + n) || E'\\u00e4' || n, 'x'", "k = 'B\u00e42'", "(k)=(B\u00e42)"),
    "composite": ("k text COLLATE {collation}, n integer, v text, PRIMARY KEY (n, k)", "SELECT chr(96 + n), n, 'x'",
                  "n = 4", "(n, k)=(4, d)"),
    "uuid": ("k uuid PRIMARY KEY, v text", "SELECT md5(n::text)::uuid, 'x'", "k = md5('9')::uuid",
             "(k)=(45c48cce-2e2d-7fbd-ea1a-fc51c7c6ad26)"),
    "quoted": ("k text PRIMARY KEY, v text", "SELECT '\"' || n || '\\,{{}}''', 'x'", "k LIKE '\"7\\\\%'", "(k)=(\"7\\,{{}}')"),
    "timestamp": ("k timestamptz PRIMARY KEY, v text", "SELECT '2024-01-01 00:00+00'::timestamptz + n * interval '1 s', 'x'",
                  "k = '2024-01-01 00:00:03+00'", "(k)=(2024-01-01 00:00:03+00)"),
    "bytes": ("k bytea PRIMARY KEY, v text", "SELECT decode(lpad(to_hex(n), 4, '0'), 'hex'), 'x'", "k = '\\x0005'", "(k)=(\\x0005)"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_every_kind_whatever_the_collations(servers, kind):
    columns, rows, one, shown = (each.replace("{{}}", "{}") if at else each for at, each in enumerate(KEYS[kind]))
    pair = servers.pair(f"CREATE TABLE keyed ({columns.format(collation=chr(34) + 'en-x-icu' + chr(34))})",
                        schema_b=f"CREATE TABLE keyed ({columns.format(collation=chr(34) + 'C' + chr(34))})")
    try:
        pair.sql(f"INSERT INTO keyed {rows} FROM generate_series(1, 20) n")
        pair.run()
        assert verified(pair, table="public.keyed")["equal"] is True
        suppressed(pair.b, f"UPDATE keyed SET v = 'other' WHERE {one}")
        found = verified(pair, status=CHECK, table="public.keyed")
        assert (found["different"], found["changed"]) == (1, [shown]), found
        suppressed(pair.b, f"DELETE FROM keyed WHERE {one}")
        found = verified(pair, status=CHECK, table="public.keyed")
        assert (found["different"], found["only_in"]) == (1, {"a": [shown], "b": []}), found
    finally:
        pair.close()


def test_partitions_wide_rows_and_large_values(servers):
    wide = ", ".join(f"c{n} smallint" for n in range(1590))
    pair = servers.pair(f"""
CREATE TABLE parted (id integer, part integer, v text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
CREATE TABLE wide (id integer PRIMARY KEY, {wide});
CREATE TABLE empty (id integer PRIMARY KEY);
CREATE TABLE large (id integer PRIMARY KEY, v bytea)""")
    try:
        pair.sql("INSERT INTO parted SELECT n, 1 + n % 2, 'x' FROM generate_series(1, 1000) n")
        pair.sql("INSERT INTO wide (id, c0, c1589) SELECT n, 1, 2 FROM generate_series(1, 20) n")
        pair.sql("INSERT INTO large SELECT n, decode(repeat(md5(n::text), 2097152), 'hex') FROM generate_series(1, 2) n")
        pair.run("--first-sync", "none")
        assert verified(pair)["equal"] is True
        suppressed(pair.b, "UPDATE parted SET v = 'other' WHERE id = 7", "UPDATE wide SET c1589 = 3 WHERE id = 9",
                   "UPDATE large SET v = v || '\\x00' WHERE id = 2", "INSERT INTO empty VALUES (1)")
        answer = verified(pair, status=CHECK)
        found = {table["table"]: table["changed"] + table["only_in"]["b"] for table in answer["tables"]
                 if not table["equal"]}
        assert found == {"public.parted_2": ["(id, part)=(7, 2)"], "public.wide": ["(id)=(9)"], "public.large": ["(id)=(2)"],
                         "public.empty": ["(id)=(1)"]}, answer
    finally:
        pair.close()


def test_a_table_without_a_usable_key_is_named(servers):
    pair = servers.pair("CREATE TABLE odd (v text); CREATE TABLE item (id integer PRIMARY KEY)")
    try:
        pair.run()
        answer = verified(pair)
        assert [each["table"] for each in answer["left_out"]] == ["public.odd"], answer
        assert "no primary key" in answer["left_out"][0]["reason"], answer
        assert "not compared: public.odd" in verify(pair).err
    finally:
        pair.close()


def test_everything_differs(running):
    """More than is held at once: all of it is counted, some of it is listed."""
    running.instance.stop()
    running.a.sql("INSERT INTO item SELECT n, 'a' FROM generate_series(1, 14000) n")
    running.b.sql("INSERT INTO item SELECT n, 'b' FROM generate_series(3001, 17000) n")
    found = verified(running, "--limit", "7", status=CHECK, table="public.item")
    assert (found["different"], found["complete"]) == (17_000, True), found
    assert len(found["changed"]) + len(found["only_in"]["a"]) + len(found["only_in"]["b"]) == 7, found
    wait_until(lambda: verified(running, "--limit", "0", status=CHECK)["equal"] is False, 1, "still different")


# --- all the time --------------------------------------------------------------------------------------
def watched(instance, table):
    return (instance.status() or {}).get("verified", {}).get(table)


def test_tables_are_watched_while_they_are_synced(servers):
    """--verify-every: what differs is in status, metrics and log, with its keys."""
    pair = servers.pair(SCHEMA)
    try:
        pair.a.sql("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 500) n")
        instance = pair.run("--verify-every", "500ms")
        wait_until(lambda: (watched(instance, "public.item") or {}).get("rows") == 500, 60, "compared", detail=pair.explain)
        assert watched(instance, "public.item")["different"] == 0
        suppressed(pair.b, "UPDATE item SET v = 'other' WHERE id = 17", "DELETE FROM item WHERE id = 18")
        found = wait_until(lambda: (watched(instance, "public.item") or {}).get("different") == 2 and watched(instance, "public.item"), 60,
                           "the difference", detail=pair.explain)
        assert sorted(found["keys"]) == ["(id)=(17)", "(id)=(18)"] and found["undecided"] == 0, found
        assert 'tandem_verify_different_rows{table="public.item"} 2\n' in instance.get("/metrics")[1]
        assert "verify: table public.item: 2 rows differ: (id)=(18), (id)=(17)" in instance.log_text(), instance.log_tail()
        assert pair.a.value("SELECT count(*) FROM item") == 500 and pair.b.value("SELECT count(*) FROM item") == 499, "nothing is repaired"
        assert verify(pair, "--apply").status == OK
        wait_until(lambda: watched(instance, "public.item")["different"] == 0, 60, "equal again", detail=pair.explain)
        assert instance.log_text().count("rows differ") == 1 and "verify: table public.item: equal again" in instance.log_text()
    finally:
        pair.close()


def test_what_is_on_its_way_is_no_difference_to_who_watches(servers):
    pair = servers.pair()
    try:
        prepare(pair)
        instance = pair.run(*EXCLUDE, "--verify-every", "100ms")
        seen = {}
        with Load(pair, writers=2, seed=7) as load:
            load.until_more(300)

            def enough():
                for table, check in (instance.status() or {}).get("verified", {}).items():
                    assert check["different"] == 0, (table, check)
                    seen.setdefault(table, set()).add(check["at_us"])
                return sum(map(len, seen.values())) >= (20 if LONG else 2)
            wait_until(enough, 1800 if LONG else 240, "comparisons", detail=pair.explain)
        assert "rows differ" not in instance.log_text()
    finally:
        pair.close()


@pytest.mark.long
def test_nothing_is_known_of_a_table_while_a_stream_is_late(servers):
    pair = servers.pair(SCHEMA)
    holder = pair.b.connect()
    try:
        pair.a.sql("INSERT INTO item VALUES (1, 'x')")
        instance = pair.run("--verify-every", "500ms")
        wait_until(lambda: watched(instance, "public.item"), 60, "compared", detail=pair.explain)
        holder.cursor().execute("LOCK TABLE item IN SHARE MODE")
        pair.a.sql("INSERT INTO item VALUES (2, 'on its way')")
        found = wait_until(lambda: (watched(instance, "public.item") or {}).get("undecided") and watched(instance, "public.item"), 150,
                           "undecided", detail=pair.explain)
        assert (found["different"], found["undecided"], found["keys"]) == (0, 1, []), found
        assert "rows differ" not in instance.log_text()
    finally:
        holder.rollback()
        holder.close()
        pair.close()


# --- on its way
def on_a_terminal(*argv):
    """What it writes to a terminal as stderr, and its exit status."""
    ours, its = pty.openpty()
    process = subprocess.Popen([binary(), *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its)
    os.close(its)
    said = b""
    while True:
        try:
            said += os.read(ours, 4096)
        except OSError:  # its end
            break
    os.close(ours)
    return said.decode(), process.wait(60)


def test_long_work_says_how_far_it_is(running):
    pair = running
    pair.a.sql("INSERT INTO item SELECT i, 'x' FROM generate_series(1, 10) AS i")
    pair.settle()
    words = ["verify", *node_arguments({"a": pair.a, "b": pair.b}), "--wait", "6s"]
    resync = ["table", "resync", *node_arguments({"a": pair.a, "b": pair.b}), "--wait", "6s", "item"]
    pair.instance.freeze()
    try:
        pair.a.sql("INSERT INTO item VALUES (11, 'x')")  # it is not brought, and waited for
        said, status = on_a_terminal(*words)
        assert status == CHECK and "\r\x1b[K" in said and "waiting until stream a:b has brought what was compared" in said, said
        assert said.rstrip().endswith("\x1b[K"), said  # wiped
        quiet, _ = on_a_terminal(*words, "-q")
        assert "waiting" not in quiet, quiet
        plain = verify(pair, "--wait", "6s")
        assert "\x1b" not in plain.err and "waiting until stream" in plain.err, plain
        said, status = on_a_terminal(*resync)
        assert status == CHECK and "\r\x1b[K0 of 1 tables done, waiting for the running instance" in said, said
    finally:
        pair.instance.thaw()
