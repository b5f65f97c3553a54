"""What the console says is so, whatever the values are, and it does what its buttons say and no more; hidden columns stay hidden."""

import http.client
import json
import re
import threading

import pytest

from support.connect_face import request
from support.waiting import wait_until
from test_e2e_console import SCHEMA, conflicting, url

BEYOND = 9007199254740993  # what a double makes 9007199254740992 of
NUMBERS = "CREATE TABLE item (id bigint PRIMARY KEY, v text, n int); CREATE TABLE price (id bigint PRIMARY KEY, amount numeric, v text)"


def get(instance, path, **headers):
    status, told, text = request(url(instance, ""), "GET", path, headers=headers or None)
    return status, told, text


def post(instance, path, body):
    status, _, text = request(url(instance, ""), "POST", path, body)
    return status, text


def refused(pair, *ids):
    """Rows that b does not take: they are parked there."""
    pair.b.sql("ALTER TABLE item ADD CHECK (n < 100)")
    for each in ids:
        pair.a.sql("INSERT INTO item VALUES (%s, %s, 100)", each, f"secret-{each}")
    wait_until(lambda: len(pair.parked(pair.b)) == len(ids), 15, "parked")


# --- values
def test_numbers_keep_all_of_their_digits(pair, browser):
    pair.sql(NUMBERS)
    instance = pair.run()
    pair.a.sql("INSERT INTO price VALUES (%s, 1, '')", BEYOND)
    pair.settle()
    pair.concurrently([instance], (pair.a, f"UPDATE price SET amount = 1.50, v = 'null' WHERE id = {BEYOND}"),
                      (pair.b, f"UPDATE price SET amount = 12345678901234567890.10, v = NULL WHERE id = {BEYOND}"))
    pair.settle()
    browser.open(url(instance, "/conflicts"), ".versions")
    assert f"id={BEYOND}" in browser.text(".picks") and f"id={BEYOND}" in browser.text(".card-head:has(.chip)"), browser.text()
    cells = sorted(each.text for each in browser.all(".versions td.differs"))
    assert cells == ["1.50", "12345678901234567890.10", "null", "null"], cells  # the text and the NULL differ
    assert browser.problems() == []


def test_large_values_are_cut_until_they_are_asked_for(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    pair.a.sql("INSERT INTO item VALUES (7, 'first', 0)")
    pair.settle()
    pair.concurrently([instance], (pair.a, "UPDATE item SET v = repeat('a', 3000000) WHERE id = 7"), (pair.b, "UPDATE item SET v = repeat('b', 3000000) WHERE id = 7"))
    pair.settle()
    (listed,) = json.loads(get(instance, "/api/v1/conflicts")[2])["conflicts"]
    place = listed["conflict"]
    assert listed["cut"] and listed["incoming"]["v"].endswith("...") and len(json.dumps(listed)) < 2_000
    (more,) = json.loads(get(instance, f"/api/v1/conflicts?conflict={place}")[2])["conflicts"]
    assert more["cut"] and 20_000 <= len(more["existing"]["v"]) < 21_000 and more["existing"]["id"] == 7
    (whole,) = json.loads(get(instance, f"/api/v1/conflicts?conflict={place}&whole=1")[2])["conflicts"]
    assert "cut" not in whole and {whole["incoming"]["v"], whole["existing"]["v"]} == {"a" * 3_000_000, "b" * 3_000_000}
    browser.open(url(instance, "/conflicts"), ".versions")
    browser.wait_text("Long values are cut")
    assert browser.script("return document.documentElement.scrollHeight") < 10_000
    link = browser.all("a[download]")[0].get_attribute("href")
    assert link.endswith(f"/api/v1/conflicts?conflict={place.replace(':', '%3A')}&whole=1"), link
    assert browser.problems() == []


# --- what is hidden
def test_hidden_columns_are_hidden_in_keys_sentences_and_answers_too(pair):
    pair.sql("CREATE TABLE person (email text PRIMARY KEY, v text, n int)")
    instance = pair.run("--mask", "person(email, v)")
    pair.a.sql("INSERT INTO person VALUES ('clear@a', 'first', 0), ('other@a', 'first', 0)")
    pair.settle()
    told = []
    reading = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=30)
    reading.request("GET", "/api/v1/stream?topics=changes")
    answer = reading.getresponse()
    listening = threading.Thread(target=lambda: told.extend(iter(answer.fp.readline, b"")), daemon=True)
    listening.start()
    pair.concurrently([instance], (pair.a, "UPDATE person SET v = 'clear a', n = 1 WHERE email = 'clear@a'"), (pair.b, "UPDATE person SET v = 'clear b', n = 2 WHERE email = 'clear@a'"))
    pair.b.sql("ALTER TABLE person ADD CHECK (n < 100)")
    pair.a.sql("UPDATE person SET v = 'clear c', n = 100 WHERE email = 'other@a'")
    wait_until(lambda: pair.parked(pair.b), 15, "parked")
    wait_until(lambda: b'"verdict":"conflict"' in b"".join(told), 15, "the conflict is told")
    (conflict,) = json.loads(get(instance, "/api/v1/conflicts")[2])["conflicts"]
    (parked,) = json.loads(get(instance, "/api/v1/parked")[2])["parked"]
    assert conflict["key"] == parked["key"] == {"email": "•••"} and parked["key_hidden"], (conflict, parked)
    assert "hidden by --mask" in parked["error"] and "--key" not in parked["cure"] and parked["sqlstate"] == "23514", parked
    retried = post(instance, "/api/v1/parked/retry", {"table": "public.person"})
    restored = post(instance, "/api/v1/conflicts/restore", {"conflict": conflict["conflict"]})
    assert (retried[0], restored[0]) == (200, 200) and '"email":"•••"' in restored[1].replace("\\", ""), (retried, restored)
    everything = b"".join(told).decode() + retried[1] + restored[1] + "".join(
        get(instance, path)[2] for path in ("/api/v1/conflicts", "/api/v1/parked", "/api/v1/live", "/api/v1/status", "/metrics"))
    assert not re.search(r"(clear|other)@a|clear [abc]", everything), everything
    answer.close()


def test_a_mask_that_hides_nothing_is_said(pair):
    pair.sql(SCHEMA)
    instance = pair.run("--mask", "item(valeu)", "--mask", "item(v)")
    warned = [each["says"] for each in json.loads(get(instance, "/api/v1/health")[2]) if each["name"] == "warning"]
    assert len(warned) == 1 and "--mask 'item(valeu)' names no column" in warned[0], warned


# --- buttons
def test_giving_up_one_row_gives_up_no_other(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    refused(pair, 601, 602, 603)
    browser.open(url(instance, "/conflicts?tab=parked"), "#main table")
    row = next(each for each in browser.all("#main tbody tr") if "id=602" in each.text)
    next(each for each in row.find_elements("tag name", "button") if "Give up" in each.text).click()
    browser.wait_text("--key '{\"id\":", "dialog")
    browser.keys("drop")
    browser.click("dialog button.primary")
    wait_until(lambda: [key["key"]["id"] for key in pair.parked(pair.b)] == ["601", "603"], 15, "602 alone is gone",
               detail=lambda: pair.parked(pair.b))
    wait_until(lambda: "id=603" in browser.text("#main tbody") and "id=602" not in browser.text("#main tbody"), 10, "the page says so too")
    assert browser.problems() == []


def test_what_waits_is_told_as_it_is_now(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    refused(pair, 1, 2)
    browser.open(url(instance, "/"), ".lane-rate")
    wait_until(lambda: browser.text("#top").split()[-3:-1] == ["parked", "2"], 15, "2 are parked", detail=lambda: browser.text("#top"))
    browser.wait_text("2 wait", "[aria-label=Health]")
    pair.b.sql("ALTER TABLE item DROP CONSTRAINT item_n_check")
    assert post(instance, "/api/v1/parked/retry", {"direction": "a:b"})[0] == 200
    wait_until(lambda: "parked" not in browser.text("#top"), 15, "the top bar forgets it", detail=lambda: browser.text("#top"))
    browser.wait_text("all well", "[aria-label=Health]")
    told = instance.direction("a:b")
    assert (told["parked"], told["parked_now"]) == (2, 0), told
    assert 'tandem_parked_rows{direction="a_to_b"} 0\n' in get(instance, "/metrics")[2]
    assert browser.problems() == []


@pytest.mark.parametrize("path, body, said", [
    ("/api/v1/parked/drop", {"direction": "a:b", "tabel": "public.item"}, "'tabel' is not known here"),
    ("/api/v1/parked/drop", {}, "say which"), ("/api/v1/parked/retry", {"all": False}, "say which"),
    ("/api/v1/conflicts/restore", {"conflict": "a:1", "yes": True}, "'yes' is not known here"),
    ("/api/v1/tables/pause", {"table": "item", "way": "a:b"}, "'way' is not known here"),
    ("/api/v1/settings", {"name": "batch-rows", "value": "10", "for": "1h"}, "'for' is not known here")])
def test_a_wish_that_is_not_understood_changes_nothing(pair, path, body, said):
    pair.sql(SCHEMA)
    instance = pair.run()
    refused(pair, 1)
    status, text = post(instance, path, body)
    assert status == 400 and said in text, (status, text)
    assert len(pair.parked(pair.b)) == 1


def test_all_that_is_parked_is_given_up_when_it_is_asked_for(pair):
    pair.sql(SCHEMA)
    instance = pair.run()
    refused(pair, 1, 2)
    assert post(instance, "/api/v1/parked/drop", {"all": True})[0] == 200
    pair.wait_nothing_parked()


def test_what_a_restored_row_lacks_is_said(pair):
    pair.sql(SCHEMA)
    instance = pair.run()
    conflicting(pair, instance)
    pair.sql("ALTER TABLE item DROP COLUMN n")
    (conflict,) = json.loads(get(instance, "/api/v1/conflicts")[2])["conflicts"]
    status, text = post(instance, "/api/v1/conflicts/restore", {"conflict": conflict["conflict"]})
    assert status == 200 and "but for what the table has not any more: n" in text, text
    pair.settle()
    assert pair.a.value("SELECT v FROM item WHERE id = 7") == pair.b.value("SELECT v FROM item WHERE id = 7") == "from-a"


# --- lists
def test_older_conflicts_and_one_by_its_address(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    many = 430
    pair.a.sql("INSERT INTO item SELECT n, 'first', 0 FROM generate_series(1, %s) n", many)
    pair.settle()
    pair.concurrently([instance], (pair.a, "UPDATE item SET v = 'a', n = 1"), (pair.b, "UPDATE item SET v = 'b', n = 2"))
    pair.settle()
    found, before = [], None
    while True:
        part = json.loads(get(instance, f"/api/v1/conflicts?limit=200{f'&before={before}' if before else ''}")[2])["conflicts"]
        found += [each["conflict"] for each in part]
        if len(part) < 200:
            break
        before = found[-1]
    kept = sum(each.value("SELECT count(*) FROM tandem.conflict") for each in pair.both)
    assert len(found) == len(set(found)) == kept >= many, (len(found), kept)
    oldest = found[-1]
    browser.open(url(instance, f"/conflicts?id={oldest}"), ".versions")
    assert f"tandem conflict show {oldest}" in browser.text("[aria-label='The conflict']"), browser.text()
    browser.click("#main button", "Older ones")
    wait_until(lambda: len(browser.all(".pick-row")) == 400, 10, "two parts")
    browser.open(url(instance, "/conflicts?id=a:99999"), ".picks")
    browser.wait_text("There is no conflict a:99999")
    assert not [each for each in browser.all("#main button.danger") if each.is_displayed()]
    assert browser.problems() == []


def test_tables_that_came_and_went(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run("--ddl", "on")
    pair.a.sql("INSERT INTO item VALUES (1, 'x', 1)")
    pair.settle()
    pair.a.sql("CREATE TABLE fresh (id integer PRIMARY KEY); DROP TABLE item")
    pair.settle()
    browser.open(url(instance, "/tables"), ".tables-line[role=listitem]")
    browser.wait_text("fresh", deadline=30)
    wait_until(lambda: any("item" in each.text and "gone" in each.text for each in browser.all(".tables-line[role=listitem]")), 30, "item is gone",
               detail=browser.text)
    assert browser.problems() == []


# --- its connection
def test_a_page_comes_back_by_itself(pair, browser):
    pair.sql(SCHEMA)
    instance = pair.run()
    held = []
    for _ in range(24):
        one = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=30)
        one.request("GET", "/api/v1/stream?topics=stats")
        held.append(one.getresponse())
        assert held[-1].status == 200
    browser.open(url(instance, "/"), "#top")
    browser.wait_text("no answer from tandem", "#top")
    for one in held:
        one.close()
    wait_until(lambda: "no answer" not in browser.text("#top") and "lag" in browser.text("#top"), 20, "it is connected again",
               detail=lambda: browser.text("#top"))
    browser.problems()  # what was refused is named in the console


def test_an_address_with_a_password_serves_the_page(pair, browser, tmp_path):
    pair.sql(SCHEMA)
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    instance = pair.tandem("--token-file", str(token)).start()
    wait_until(lambda: "console on" in instance.log_text(), 15, "it listens")
    browser.open(f"http://anybody:0123456789abcdef@127.0.0.1:{instance.port}/", ".lane-rate")
    browser.wait_text("lag", "#top")
    assert browser.problems() == []


# --- for programs
@pytest.mark.parametrize("path, has", [("/", "directions"), ("/live", "changes"), ("/tables", "tables"), ("/conflicts", "conflicts"),
                                       ("/loops", "directions"), ("/settings", "settings"), ("/connect", "connectors")])
def test_every_page_is_json_for_programs(pair, path, has):
    pair.sql(SCHEMA)
    instance = pair.run()
    status, headers, text = get(instance, path, Accept="application/json")
    assert status == 200 and headers["Content-Type"] == "application/json" and has in json.loads(text), text
    status, headers, text = get(instance, path, Accept="text/html")
    assert status == 200 and headers["Content-Type"].startswith("text/html") and "<main" in text, text


@pytest.mark.parametrize("path, said", [
    ("/api/v1/conflicts?limit=100000", "limit=100000: at most 500"), ("/api/v1/conflicts?type=bogus", "type=bogus: expected one of insert_exists"),
    ("/api/v1/conflicts?before=z:1", "there is no node 'z'"), ("/api/v1/conflicts?conflict=17", "expected NODE:NUMBER"),
    ("/api/v1/history?seconds=abc", "seconds=abc: expected a whole number"), ("/api/v1/history?seconds=-5", "seconds=-5: expected")])
def test_a_question_that_is_not_understood_is_refused(pair, path, said):
    pair.sql(SCHEMA)
    instance = pair.run()
    status, _, text = get(instance, path)
    assert status == 400 and said in text, (status, text)
