"""The console where Kafka is: topics and messages, and connectors under tandem connect."""

import json
import re
import time

import pytest
from selenium.webdriver.common.keys import Keys

from support.connect_face import Face, request
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id bigint PRIMARY KEY, v text)"


@pytest.fixture
def browser(chromium):
    chromium.resize(1440, 900)
    yield chromium
    chromium.driver.get("about:blank")
    chromium.problems()


@pytest.fixture(scope="module")
def through_kafka(servers, kafka):
    """One instance for all: 3,000 messages of a, among them a Korean name and a large value."""
    pair = servers.pair(SCHEMA)
    instance = pair.tandem("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", "console").start()
    instance.wait_streaming(deadline=60)
    pair.a.sql("INSERT INTO item SELECT n, 'plain ' || n FROM generate_series(1, 3000) n")
    pair.a.sql("INSERT INTO item VALUES (100001, '김민수 <img src=x onerror=alert(1)>')")
    pair.a.sql("UPDATE item SET v = 'changed' WHERE id = 5")
    pair.a.sql("INSERT INTO item VALUES (100002, repeat('5 MB ', 1000000))")
    pair.settle(deadline=60)
    pair.instance = instance
    pair.url = f"http://127.0.0.1:{instance.port}"
    yield pair
    pair.close()


def lines(pair, query):
    status, headers, text = request(pair.url, "GET", f"/api/v1/messages?{query}")
    assert status == 200 and headers["Content-Type"] == "application/x-ndjson", (status, headers, text)
    found = [json.loads(line) for line in text.splitlines()]
    return [each for each in found if "record" in each], [each["progress"] for each in found if "progress" in each], found


def test_messages_newest_first_by_offset_and_by_search(through_kafka):
    pair = through_kafka
    records, progress, _ = lines(pair, "topic=console.a&count=5")
    offsets = [each["record"]["offset"] for each in records]
    assert len(offsets) == 5 and offsets == sorted(offsets, reverse=True), offsets
    assert progress[-1]["ended"] and progress[-1]["shown"] == 5
    records, progress, _ = lines(pair, "topic=console.a&search=%EA%B9%80%EB%AF%BC%EC%88%98&count=10")
    assert len(records) == 1 and "김민수" in records[0]["record"]["value"]["after"]["v"], records
    assert progress[-1]["read"] >= 3000, progress[-1]
    large = lines(pair, "topic=console.a&search=5%20MB&count=1")[0][0]
    assert large["cut"] and large["bytes"] > 5_000_000 and len(json.dumps(large)) < 20_000
    offset = large["record"]["offset"]
    whole = lines(pair, f"topic=console.a&partition=0&from={offset}&count=1&whole=1")[0][0]
    assert not whole["cut"] and whole["record"]["value"]["after"]["v"] == "5 MB " * 1_000_000
    for query, said in (("topic=nothing", "no topic"), ("topic=console.a&search=(", "expression"), ("topic=console.a&from=yesterday", "yesterday"),
                        ("topic=console.a&partition=99", "no partition"), ("topic=console.a&count=x", "whole number")):
        answer = lines(pair, query)[2]
        assert said in answer[-1]["error"], (query, answer)


@pytest.mark.long
def test_topics_page_finds_a_korean_name_and_shows_what_changed(through_kafka, browser):
    pair = through_kafka
    browser.open(f"{pair.url}/topics", "#main table")
    browser.wait_text("console.a")
    assert browser.accessibility() == []
    browser.click("#main tr.pick", "console.a")
    browser.wait_for(".message")
    browser.click("#main input[type=search]")
    browser.keys("김민수", Keys.ENTER)
    browser.wait_text("1 found", ".say")
    browser.wait_text("김민수 <img src=x", ".message")
    browser.click(".message > button")
    browser.wait_text("김민수", ".message-body .versions")
    assert "search=" in browser.driver.current_url, "it can be sent to somebody"
    assert browser.all("#main img") == []
    browser.screenshot("message")
    browser.open(f"{pair.url}/topics?topic=console.a&search=changed", ".message > button")
    browser.click(".message > button")
    browser.wait_text("changed", ".message-body .versions")
    browser.open(f"{pair.url}/topics?topic=console.a&count=50", ".message")
    browser.wait_text("5 MB 5 MB", "#main")
    browser.click(".message > button", "5 MB")
    browser.click(".message-body button", "Load all of it")
    wait_until(lambda: "Load all of it" not in browser.text(".message-body"), 15, "all of it")
    browser.resize(360, 740)
    assert browser.too_wide() <= 0
    assert browser.accessibility() == [] and browser.problems() == []


@pytest.mark.long
def test_a_cluster_of_500_topics(through_kafka, kafka, browser):
    for number in range(500):
        kafka.admin.create_topic(f"many-{number:03d}")
    kafka.admin.produce("many-499", {"key": b"k", "value": "김민수".encode()})
    browser.open(f"{through_kafka.url}/topics", "#main h1")
    browser.watch_tasks()
    browser.wait_text("many-000", "#main")
    browser.wait_text("many-499", "#main", deadline=30)
    assert browser.longest_task() < 200
    browser.open(f"{through_kafka.url}/topics?topic=many-499", ".message")
    browser.wait_text("김민수", "#main")
    assert browser.problems() == []


def test_searching_goes_on_while_health_answers_and_ends_with_its_reader(through_kafka):
    pair = through_kafka
    pair.a.sql("INSERT INTO item SELECT n, repeat('many ', 20) FROM generate_series(200001, 300000) n")
    pair.settle(deadline=120)
    began = time.monotonic()
    records, progress, _ = lines(pair, "topic=console.a&search=nowhere-to-be-found&count=10")
    took = time.monotonic() - began
    assert records == [] and progress[-1]["read"] > 100_000
    print(f"search: {progress[-1]['read'] / took:,.0f} records/s")
    began = time.monotonic()
    assert pair.instance.get("/livez")[0] == 200 and time.monotonic() - began < 0.5


@pytest.mark.long
def test_connectors_form_and_json(servers, kafka, browser):
    database = servers.a.create_database("console_connect")
    database.sql("CREATE TABLE t (id bigint PRIMARY KEY, v text)")
    face = Face(kafka.bootstrap, servers.workspace).start()
    try:
        wait_until(lambda: face.ask("GET", "/connectors")[0] == 200, 60, "the worker is ready")
        status, headers, text = request(face.url, "GET", "/", headers={"Accept": "text/html"})
        assert status == 200 and headers["Content-Type"].startswith("text/html") and "<main" in text
        assert "version" in json.loads(request(face.url, "GET", "/")[2]), "Connect's own answer"
        browser.open(face.url, "#main h1")
        browser.wait_text("No connector yet")
        browser.click("#main button", "New connector")
        browser.wait_for("[data-key='database.port']")
        field = browser.all("[data-key='database.port']")[0]
        browser.script("arguments[0].value = 'none'; arguments[0].dispatchEvent(new Event('change'))", field)
        wait_until(lambda: "An integer is expected" in (browser.script(
            "return document.querySelector(\"[data-key='database.port']\").closest('label').querySelector('.wrong').innerText") or ""),
            15, "the sentence at its field", detail=lambda: browser.text("[aria-label=Form]")[:2000])
        assert "to correct" in browser.text(".page-head")
        config = {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "database.hostname": "127.0.0.1",
                  "database.port": str(database.cluster.port), "database.user": "postgres", "database.password": "password",
                  "database.dbname": database.name, "topic.prefix": "form", "plugin.name": "pgoutput", "slot.name": "console_form"}
        browser.script("const it = document.querySelector('textarea'); it.value = arguments[0]; it.dispatchEvent(new Event('input'))",
                       json.dumps(config))
        browser.wait_text("valid", ".page-head")
        wait_until(lambda: not re.search("to correct", browser.text(".page-head")), 15, "nothing to correct")
        name = browser.all("[aria-label=Form] input[aria-label=Name]")[0]
        name.send_keys("of the form")
        browser.click("#main button.primary", "Create")
        browser.wait_text("connector running", "[aria-label=Tasks]", deadline=60)
        assert face.must("GET", "/connectors") == ["of the form"]
        browser.click("#main button", "Pause")
        browser.wait_text("connector paused", "[aria-label=Tasks]", deadline=30)
        browser.screenshot("connector")
        browser.click("#main button", "Delete")
        browser.wait_for("dialog[open]")
        browser.keys("of the form")
        browser.click("dialog button.primary")
        browser.wait_text("No connector yet")
        assert face.must("GET", "/connectors") == []
        assert browser.accessibility() == []
    finally:
        face.close()


@pytest.mark.long
def test_a_read_only_worker_refuses(servers, kafka):
    face = Face(kafka.bootstrap, servers.workspace, "--read-only").start()
    try:
        wait_until(lambda: face.ask("GET", "/connectors")[0] == 200, 60, "the worker is ready")
        status, answer = face.ask("POST", "/connectors", {"name": "x", "config": {}})
        assert (status, "read-only" in answer["message"]) == (403, True), answer
        looked = face.ask("PUT", "/connector-plugins/PostgresConnector/config/validate",
                          {"name": "x", "connector.class": "io.debezium.connector.postgresql.PostgresConnector"})
        assert looked[0] == 200 and looked[1]["error_count"] > 0, looked
    finally:
        face.close()


def test_hidden_values_are_neither_shown_nor_found(servers, kafka, browser):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", "masked", "--mask", "item(v)")
        pair.a.sql("INSERT INTO item VALUES (9007199254740993, 'clear')")
        pair.settle(deadline=60)
        pair.url = f"http://127.0.0.1:{instance.port}"
        records = lines(pair, "topic=masked.a&count=500")[0]
        assert records and all(each["hidden"] and each["record"]["value"] is None for each in records), records
        for asked in ("search=clear", "search=.", "key=9"):
            answer = lines(pair, f"topic=masked.a&{asked}")[2]
            assert "cannot be searched while --mask" in answer[-1]["error"] and not [each for each in answer if "record" in each], answer
        browser.open(f"{pair.url}/topics?topic=masked.a", "#main .message")
        browser.wait_text("values are hidden by --mask")
        assert "clear" not in browser.text() and not browser.all("#main input[type=search]")[0].is_displayed()
        assert browser.problems() == []
    finally:
        pair.close()


def test_numbers_of_messages_keep_all_of_their_digits(servers, kafka, browser):
    pair = servers.pair("CREATE TABLE item (id bigint PRIMARY KEY, v text, n numeric)")
    try:
        instance = pair.run("--transport", "kafka", "--brokers", kafka.bootstrap, "--topic-prefix", "digits")
        pair.a.sql("INSERT INTO item VALUES (9007199254740993, 'x', 1.50)")
        pair.settle(deadline=60)
        browser.open(f"http://127.0.0.1:{instance.port}/topics?topic=digits.a&search=9007199254740993", "#main .message button")
        browser.click("#main .message button", "9007199254740993")
        browser.wait_text("Before and after")
        shown = browser.text(".message-body")
        assert "9007199254740993" in shown and "9007199254740992" not in shown, shown
        copied = browser.script("let said; navigator.clipboard.writeText = (what) => { said = what; return Promise.resolve(); };"
                                "[...document.querySelectorAll('.message-body button')].find((each) => each.textContent === 'Copy value').click(); return said")
        assert '"id": 9007199254740993' in copied, copied
        assert browser.problems() == []
    finally:
        pair.close()
