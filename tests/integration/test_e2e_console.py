"""The console in a real browser: pages under load, hostile names, freezing, restoring, keys, phones."""

import contextlib
import json
import re
import socket
import threading
import time

import pytest
from selenium.webdriver.common.keys import Keys

from support.browser import BUILT, WEB, npm_modules
from support.connect_face import request
from support.load_thread import LoadThread
from support.long_tests import LONG
from support.verifying import suppressed
from support.waiting import holds_for, wait_until

HOSTILE = "<img src=x onerror=alert(1)>"
SCHEMA = f"""
CREATE TABLE item (id bigint PRIMARY KEY, v text, n int);
CREATE TABLE "{HOSTILE}" (id bigint PRIMARY KEY, "<b>v</b>" text);
CREATE TABLE nokey (v text);
"""
PAGES = {"/": "Flow", "/live": "Live", "/tables": "Tables", "/conflicts": "Conflicts", "/loops": "Loops", "/topics": "Topics",
         "/connect": "Connect", "/settings": "Settings"}
COUNT = 2000 if LONG else 150  # tables
LONGEST_TASK = 200  # ms
TEXTS = ("김민수 안녕하세요", "<script>alert(2)</script>", "𝔘𝔫𝔦 😀", "plain", "'\"><svg onload=alert(3)>")


def write(cursor, database, number):
    mine = 1_000_000 if database.node == "a" else 2_000_000
    cursor.execute("INSERT INTO item SELECT %s + g, %s, %s FROM generate_series(1, 5) g",
                   (mine + number * 10, TEXTS[number % len(TEXTS)], number))
    cursor.execute("UPDATE item SET v = %s WHERE id = %s", (TEXTS[(number + 1) % len(TEXTS)], mine + number * 10))
    if number % 3 == 0:
        cursor.execute(f"INSERT INTO \"{HOSTILE}\" VALUES (%s, %s)", (mine + number, HOSTILE))
    if number % 20 == 0:
        cursor.execute("DELETE FROM item WHERE id < %s AND id > %s", (mine + number * 10 - 50, mine))


def url(instance, path):
    return f"http://127.0.0.1:{instance.port}{path}"


def conflicting(pair, instance, key=7):
    """A row that both write while neither hears the other: b, the later, wins."""
    pair.a.sql(f"INSERT INTO item VALUES ({key}, 'first', 0)")
    pair.settle()
    pair.concurrently([instance], (pair.a, f"UPDATE item SET v = 'from-a', n = 1 WHERE id = {key}"),
                      (pair.b, f"UPDATE item SET v = 'from-b', n = 2 WHERE id = {key}"))
    pair.settle()
    wait_until(lambda: instance.direction("a:b")["conflicts"] + instance.direction("b:a")["conflicts"] >= 1, 10, "counted")


# --- every page, under load
def test_every_page_under_load(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    with LoadThread(pair.both, write, per_second=20):
        wait_until(lambda: instance.direction("a:b")["applied"] > 100, 30, "the load is applied")
        for path, name in PAGES.items():
            browser.resize(1440, 900)
            browser.open(url(instance, path), "#main h1")
            assert browser.text("#main h1") == name
            browser.wait_text("up ", "#rail")  # it has heard of the instance
            assert path == "/live" or browser.accessibility() == [], path  # its rows: below
            for width, height in ((1440, 900), (360, 740)):
                browser.resize(width, height)
                assert browser.too_wide() <= 0, f"{path} at {width} pixels"
                browser.screenshot(f"{name.lower()}-{width}")
            assert browser.problems() == [], path


@pytest.mark.long
def test_flow_moves(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    with LoadThread(pair.both, write):
        browser.open(url(instance, "/?range=1m"), ".lane-rate")
        wait_until(lambda: re.search(r"\n[1-9][\d\u2009.k]*\n? ?rows/s", browser.text(".lane")), 15, "a rate is shown",
                   detail=lambda: browser.text(".lane"))
        before = browser.script("return document.querySelector('.plot canvas').toDataURL()")
        wait_until(lambda: browser.script("return document.querySelector('.plot canvas').toDataURL()") != before, 5,
                   "the chart moves")
        assert browser.script("return document.querySelector('.segments [aria-pressed=true]').innerText") == "1m"
        assert "all well" in browser.text("[aria-label=Health]")
    instance.freeze()
    instance.thaw()
    instance.stop()
    browser.wait_text("no answer from tandem", "#top")
    browser.problems()  # what a server that ended leaves in the console is no finding


@pytest.mark.long
def test_a_slot_that_is_gone_is_named_on_the_page(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    instance.stop()
    pair.a.sql("SELECT pg_drop_replication_slot(%s)", pair.slot(pair.a)["slot_name"])
    second = pair.tandem(init=False).start()
    second.wait_state("a:b", "gap")
    browser.open(url(second, "/"), ".lane .reason")
    browser.wait_text("gap", ".lane")
    browser.wait_for("[aria-label=Health] .dot.bad")
    assert "not streaming" in browser.text("#top")
    assert browser.problems() == []


# --- live
def test_live_shows_changes_with_their_verdict_and_freezes(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    browser.open(url(instance, "/live"), "#main h1")
    browser.wait_text("not shown", ".say")  # it is connected
    pair.a.sql("INSERT INTO item VALUES (1, %s, 5)", HOSTILE)
    pair.a.sql("UPDATE item SET v = '김민수' WHERE id = 1")
    browser.wait_text("김민수", ".live-list")
    lines = [each.text.replace("\n", " ") for each in browser.all("button.live-line")]
    assert any("insert" in line and "id=1" in line and HOSTILE in line and "applied" in line for line in lines), lines
    assert any("update" in line and "a→b" in line for line in lines), lines
    assert browser.accessibility() == []
    browser.script("document.activeElement.blur()")
    browser.keys(" ")
    browser.wait_for(".frozen")
    shown = browser.text(".live-list")
    pair.b.sql("INSERT INTO item VALUES (2, 'while frozen', 5)")
    wait_until(lambda: "1 came meanwhile" in browser.text(".frozen"), 10, "told what came", detail=lambda: browser.text(".frozen"))
    assert browser.text(".live-list") == shown
    browser.keys(" ")
    browser.wait_text("while frozen", ".live-list")
    # A filter stands in the address and outlives a reload.
    browser.open(url(instance, "/live?q=nothing-like-it"), "#main h1")
    browser.wait_text("not shown", ".say")
    pair.b.sql("INSERT INTO item VALUES (3, 'another', 5)")
    browser.wait_text("Nothing of what came passes the filter", "#main")
    assert browser.problems() == []


@pytest.mark.long
def test_live_says_how_much_it_does_not_show(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    browser.open(url(instance, "/live"), "#main h1")
    browser.wait_text("not shown", ".say")
    pair.a.sql("INSERT INTO item SELECT n, 'many', n FROM generate_series(1, 20000) n")
    wait_until(lambda: (found := re.search(r"([\d\u2009]+)/s not shown", browser.text(".say"))) and
               int(re.sub(r"\D", "", found[1])) > 10_000, 15, "thousands not shown", every=0.02)
    total = browser.script("return document.querySelector('.say').title")
    assert int(re.sub(r"\D", "", total)) > 15_000, total
    assert len(browser.all("button.live-line")) <= 200


@pytest.mark.long
def test_parked_and_conflicting_changes_have_their_verdict(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    pair.b.sql("ALTER TABLE item ADD CHECK (n < 100)")
    browser.open(url(instance, "/live"), "#main h1")
    browser.wait_text("not shown", ".say")
    pair.a.sql("INSERT INTO item VALUES (50, 'refused', 100)")
    wait_until(lambda: pair.parked(pair.b), 15, "parked")
    browser.wait_for(".live-list .chip.bad")
    conflicting(pair, instance)
    browser.wait_text("conflict", ".live-list")
    browser.wait_text("wins", ".live-list")
    browser.open(url(instance, "/conflicts?tab=parked"), "#main table")
    browser.wait_text("check constraint")
    pair.b.sql("ALTER TABLE item DROP CONSTRAINT item_n_check")
    browser.click("#main button", "Retry")
    pair.wait_nothing_parked()
    browser.wait_text("Nothing is parked")
    assert pair.b.value("SELECT v FROM item WHERE id = 50") == "refused"
    assert browser.problems() == []


# --- conflicts
def test_restore_puts_a_row_back_and_the_page_says_so(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    conflicting(pair, instance)
    assert pair.a.value("SELECT v FROM item WHERE id = 7") == "from-b"
    browser.open(url(instance, "/conflicts"), ".versions")
    table = browser.text(".versions")
    assert "from-a" in table and "from-b" in table, table
    differing = [each.text for each in browser.all(".versions td.differs")]
    assert sorted(differing) == ["1", "2", "from-a", "from-b"], differing
    browser.click("#main button", "Put the lost version back")
    go = browser.wait_for("dialog button.primary")
    assert not go.is_enabled(), "only with the word"
    assert "tandem conflict restore" in browser.text("dialog")
    browser.keys("restore")
    browser.click("dialog button.primary")
    browser.wait_text("is written again at node", ".detail")
    browser.wait_text("put back", ".picks")
    pair.settle()
    assert pair.a.value("SELECT v FROM item WHERE id = 7") == "from-a"
    pair.assert_equal("item")
    assert browser.problems() == []


def test_read_only_is_the_servers(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run("--read-only", "--mask", "item(v)")
    conflicting(pair, instance)
    found = json.loads(instance.get("/api/v1/conflicts")[1])["conflicts"]
    assert "from-a" not in json.dumps(found) and found[0]["incoming"]["v"] == "•••", "masked"
    for path, body in (("/api/v1/conflicts/restore", {"conflict": found[0]["conflict"]}),
                       ("/api/v1/parked/retry", {}), ("/api/v1/parked/drop", {}), ("/api/v1/settings", {"name": "batch-rows", "value": "10"}),
                       *((f"/api/v1/tables/{word}", {"table": "public.item"}) for word in ("pause", "resume", "resync"))):
        status, _, text = request(url(instance, ""), "POST", path, body)
        assert (status, "read-only" in text) == (403, True), (status, text)
    browser.open(url(instance, "/conflicts"), ".versions")
    assert "read-only" in browser.text("#top")
    assert not [each for each in browser.all("#main button.danger") if each.is_enabled()]
    assert pair.a.value("SELECT v FROM item WHERE id = 7") == "from-b"
    assert "from-a" not in browser.text() and browser.problems() == []


# --- what is changed while it runs
def test_settings_are_taken_while_it_runs(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run("--batch-rows", "300")
    browser.open(url(instance, "/settings?q=batch-rows"), "input[aria-label=batch-rows]")

    def put(value):
        browser.script("const input = document.querySelector('input[aria-label=batch-rows]'); input.value = arguments[0]; "
                       "input.form.requestSubmit()", value)
    put("0")
    wait_until(lambda: "batch-rows:" in browser.text("#main [role=alert]"), 10, "why not")
    put("7")
    wait_until(lambda: "the console, until the next start" in browser.text("#main tbody"), 10, "where it comes from")
    pair.a.sql("INSERT INTO item SELECT i, 'x', 0 FROM generate_series(1, 20) AS i")
    with contextlib.closing(pair.a.connect(autocommit=True)) as connection:
        cursor = connection.cursor()
        for number in range(21, 600):
            cursor.execute("INSERT INTO item VALUES (%s, 'x', 0)", (number,))
    pair.settle()
    text = instance.get("/metrics")[1]
    fuller = re.findall(r'tandem_batch_rows_bucket\{direction="a_to_b",le="([0-9.+Inf]+)"\} (\d+)', text)
    most = max(int(count) for _, count in fuller)
    assert [int(count) for le, count in fuller if float(le) == 30] == [most], fuller  # 20 of one transaction; 7 and no more of others
    assert [int(count) for le, count in fuller if float(le) == 10] == [most - 1], fuller
    status, _, text = request(url(instance, ""), "POST", "/api/v1/settings", {"name": "node", "value": "c=x"})
    assert status == 400 and "read at the start only" in text, text
    assert browser.problems() == [] or all("400" in each for each in browser.problems())


def test_tables_are_paused_resumed_and_made_equal(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    browser.open(url(instance, "/tables?q=item"), "button[aria-label='Pause item']")
    browser.script("document.querySelector('button[aria-label=\"Pause item\"]').click()")
    browser.wait_for("button[aria-label='Resume item']")
    pair.a.sql("INSERT INTO item VALUES (1, 'waits', 0)")
    pair.settle()
    assert pair.b.sql("SELECT id FROM item") == []
    browser.script("document.querySelector('button[aria-label=\"Resume item\"]').click()")
    browser.wait_for("button[aria-label='Pause item']")
    pair.settle()
    assert pair.b.sql("SELECT id FROM item") == [(1,)]
    suppressed(pair.b, "DELETE FROM item")
    browser.script("document.querySelector('button[aria-label=\"Make equal item\"]').click()")
    browser.wait_for("dialog[open] input")
    browser.script("const input = document.querySelector('dialog input'); input.value = 'resync'; input.dispatchEvent(new Event('input')); "
                   "input.form.requestSubmit()")
    wait_until(lambda: pair.b.sql("SELECT id FROM item") == [(1,)], 30, "the row is there again")
    assert browser.problems() == []


# --- hostile names, many tables, keys
def test_hostile_names_and_many_tables(pair, browser):
    pair.sql(SCHEMA + "".join(f"CREATE TABLE t{n:04d} (id bigint PRIMARY KEY);" for n in range(COUNT)))
    instance = pair.run(deadline=120)
    pair.a.sql(f"INSERT INTO \"{HOSTILE}\" VALUES (1, %s)", HOSTILE)
    pair.settle()
    browser.open(url(instance, "/tables"), ".tables-line[role=listitem]")
    all_of_them = f"{COUNT + 4:,}".replace(",", "\u2009")  # as the page writes numbers
    browser.wait_text(f"{all_of_them} of {all_of_them}", ".say")
    browser.wait_text(HOSTILE, ".long")
    assert len(browser.all(".tables-line[role=listitem]")) < 60, "only what is seen has elements"
    assert browser.all("#main img") == []
    browser.script("document.querySelector('.long').scrollTop = 1e6")
    browser.wait_text(f"t{COUNT - 1:04d}", ".long-rows")
    browser.open(url(instance, "/tables?state=left out"), ".tables-line[role=listitem]")
    browser.wait_text("it has no primary key", ".long-rows")
    browser.open(url(instance, f"/tables?q=t{COUNT - 1:04d}&sort=name"), ".tables-line[role=listitem]")
    browser.wait_text(f"1 of {all_of_them}", ".say")
    browser.watch_tasks()
    assert browser.longest_task() < LONGEST_TASK
    assert browser.problems() == []


@pytest.mark.long
@pytest.mark.parametrize("path", ["/", "/live", "/tables"])
def test_a_page_stays_responsive_at_50000_changes_a_second(pair, browser, path):
    pair.sql(SCHEMA)
    instance = pair.run()
    browser.open(url(instance, path), "#main h1")
    browser.wait_text("up ", "#rail")
    at_once = 6000

    def write_many(cursor, _, number):
        cursor.execute("INSERT INTO item SELECT %s + g, %s, %s FROM generate_series(1, %s) g",
                       (number * at_once, TEXTS[number % len(TEXTS)], number, at_once))

    def applied():
        return instance.direction("a:b")["applied"]
    browser.watch_tasks()
    with LoadThread([pair.a], write_many, per_second=12):
        wait_until(lambda: applied() > at_once, 30, "the load is applied")
        before, began = applied(), time.monotonic()
        holds_for(lambda: browser.script("return document.readyState") == "complete", 10)
        rate = (applied() - before) / (time.monotonic() - began)
        longest = browser.longest_task()
    assert rate > 50_000 and longest < LONGEST_TASK, f"{rate:.0f} changes/s, a task of {longest} ms"
    assert path != "/live" or len(browser.all("button.live-line")) <= 200
    assert browser.problems() == []


def test_keys_alone_are_enough(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    conflicting(pair, instance)
    browser.open(url(instance, "/"), ".lane-rate")
    for key, name in (("c", "Conflicts"), ("l", "Live"), ("t", "Tables"), ("s", "Settings"), ("f", "Flow"), ("c", "Conflicts")):
        browser.keys("g", key)
        wait_until(lambda: browser.text("#main h1") == name, 5, name)
        assert browser.script("return document.querySelector('#rail [aria-current=page]').innerText").startswith(name)
    browser.wait_for(".pick-row")
    browser.keys("j", Keys.ENTER)
    browser.wait_for(".pick-row[aria-current=true]")
    browser.keys("/")
    assert browser.script("return document.activeElement.type") == "search"
    browser.keys(Keys.ESCAPE, "?")
    browser.wait_for("dialog[open]")
    browser.keys(Keys.ESCAPE)
    wait_until(lambda: not browser.all("dialog[open]"), 5, "closed")
    browser.driver.back()
    wait_until(lambda: browser.text("#main h1") == "Flow", 5, "the way back")
    assert browser.problems() == []


@pytest.mark.long
def test_themes_and_doctor(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    browser.open(url(instance, "/settings"), "#main table")
    background = "return getComputedStyle(document.body).backgroundColor"
    before = browser.script(background)
    browser.click("#top button[title='Dark or light']")
    after = browser.script(background)
    assert before != after
    assert browser.accessibility() == [], "in the other theme"
    browser.open(url(instance, "/"), ".lane-rate")
    assert browser.script(background) == after, "it is remembered"
    assert browser.accessibility() == [], "in the other theme"
    browser.screenshot("flow-other-theme")
    browser.open(url(instance, "/settings?given=1"), "#main table")
    browser.wait_text("--listen")
    browser.click("#main button", "Run doctor")
    browser.wait_text("track_commit_timestamp")
    assert browser.problems() == []


def test_pages_leave_their_connections_and_tabs_do_not_starve_each_other(pair, browser):
    """A browser has six connections to a server, and keeps pages that one left for the way back."""
    pair.sql(SCHEMA)
    instance = pair.run()
    first = browser.driver.current_window_handle
    began = time.monotonic()
    for _ in range(2):
        for path in PAGES:
            browser.open(url(instance, path), "#main h1")
    try:
        for _ in range(7):
            browser.driver.switch_to.new_window("tab")
            browser.open(url(instance, "/live"), "#main h1")
            browser.wait_text("up ", "#rail")
    finally:
        for handle in browser.driver.window_handles:
            if handle != first:
                browser.driver.switch_to.window(handle)
                browser.driver.close()
        browser.driver.switch_to.window(first)
    assert time.monotonic() - began < 40, "no page waits for another's connection"
    browser.open(url(instance, "/"), ".lane-rate")
    browser.driver.back()
    browser.wait_for("#main h1")
    assert browser.problems() == []


# --- what is built in
def test_the_vendored_copy_is_npms():
    modules = npm_modules()
    for ours, theirs in (("uplot.js", "uPlot.iife.min.js"), ("uplot.css", "uPlot.min.css")):
        assert (WEB / "vendor" / ours).read_bytes() == (modules / "uplot" / "dist" / theirs).read_bytes(), ours
    assert (WEB / "vendor" / "LICENSE.uplot").read_bytes() == (modules / "uplot" / "LICENSE").read_bytes()
    assert BUILT.is_dir()


def test_strings_never_become_markup():
    for source in (WEB / "js").rglob("*.js"):
        text = source.read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "style="):
            assert word not in text, f"{source.name}: {word}"


def drained(link):
    with contextlib.suppress(OSError):
        while link.recv(65536):
            pass


@pytest.mark.long
def test_four_consoles_cost_the_sync_little_memory(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    with LoadThread(pair.both, write, per_second=120):
        wait_until(lambda: instance.direction("a:b")["applied"] > 500, 15, "the load is applied")

        def resident():
            text = instance.get("/metrics")[1]
            return int(float(re.search(r"^process_resident_memory_bytes ([\d.e+]+)$", text, re.M)[1]))
        before = resident()
        with contextlib.ExitStack() as open_links:
            for _ in range(4):  # what a page asks for, by those who take all of it
                link = open_links.enter_context(socket.create_connection(("127.0.0.1", instance.port), timeout=10))
                link.sendall(b"GET /api/v1/stream?topics=stats,changes HTTP/1.1\r\nHost: localhost\r\n\r\n")
                threading.Thread(target=drained, args=(link,), daemon=True).start()
            browser.open(url(instance, "/live"), "#main h1")
            holds_for(lambda: resident() - before < 16 << 20, 4, "16 MiB at most for five pages")
