"""What a running instance answers by HTTP, to those who ask as they should and to those who do not; what is generated."""

import base64
import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import termios
import threading
import time
import urllib.error
import urllib.request

import pytest
import yaml

from support.connect_face import request
from support.load_thread import LoadThread
from support.pgcluster import free_port
from support.tandem import binary, command, node_arguments
from support.waiting import wait_until

SCHEMA = "CREATE TABLE item (id bigint PRIMARY KEY, v text)"


@pytest.fixture
def running(pair):
    pair.sql(SCHEMA)
    pair.instance = pair.run()
    pair.url = f"http://127.0.0.1:{pair.instance.port}"
    return pair


def get(pair, path, **headers):
    return request(pair.url, "GET", path, headers=headers)


def write(cursor, database, number):
    mine = 1_000_000 if database.node == "a" else 2_000_000
    cursor.execute("INSERT INTO item VALUES (%s, 'x')", (mine + number,))


def events(pair, path, count, deadline=15):
    """[(event, data)] of the first events of a stream."""
    found = []
    with socket.create_connection(("127.0.0.1", pair.instance.port), timeout=deadline) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        text = b""
        while len(found) < count:
            part = link.recv(65536)
            assert part, text[-500:]
            text += part
            found = [(each.group(1).decode(), json.loads(each.group(2)))
                     for each in re.finditer(rb"event: (\w+)\ndata: (.*)\n\n", text)]
    return found[:count]


def test_every_path_that_it_tells_is_served(running):
    status, _, text = get(running, "/api/v1/paths")
    served = json.loads(text)["paths"]
    assert status == 200 and len(served) == 27
    running.settle()
    answers = {}
    for each in served:
        path = each["path"]
        if path in ("/api/v1/stream", "/api/v1/messages"):  # which do not end
            continue
        if each["method"] == "GET":
            answers[path] = get(running, path)[0]
        else:
            assert isinstance(json.loads(each["body"]), dict), each
            answers["POST " + path] = request(running.url, "POST", path, headers={"Content-Type": "text/plain"})[0]
    without_kafka = {path: answers.pop(path) for path in ("/api/v1/topics", "/api/v1/topic")}
    assert without_kafka == {"/api/v1/topics": 404, "/api/v1/topic": 404}
    assert {path: status for path, status in answers.items() if status != (415 if path.startswith("POST") else 200)} == {}
    assert len(answers) == 23
    assert [name for name, _ in events(running, "/api/v1/stream", 1)] == ["sample"]
    assert request(running.url, "GET", "/api/v1/messages?topic=none")[1]["Content-Type"] == "application/x-ndjson"


# --- metrics and health
def metrics(pair, path="/metrics"):
    status, headers, text = get(pair, path)
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), (status, headers)
    return dict(re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.M))


def test_metrics_have_latencies_tables_and_the_process(running):
    running.a.sql("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 10) n")
    running.a.sql("DELETE FROM item WHERE id = 3")
    running.settle()
    wait_until(lambda: metrics(running)['tandem_end_to_end_latency_seconds_count{direction="a_to_b"}'] != "0", 10, "counted")
    found = metrics(running)
    assert found['tandem_table_events_applied_total{direction="a_to_b",schema="public",table="item",op="insert"}'] == "10"
    assert found['tandem_table_events_applied_total{direction="a_to_b",schema="public",table="item",op="delete"}'] == "1"
    assert float(found['tandem_end_to_end_latency_seconds_bucket{direction="a_to_b",le="+Inf"}']) >= 2
    assert 0 < float(found['tandem_end_to_end_latency_seconds_sum{direction="a_to_b"}']) < 60
    assert float(found['tandem_stage_latency_seconds_count{direction="a_to_b",stage="apply"}']) >= 1
    assert found['tandem_time_to_catch_up_seconds{direction="a_to_b"}'] == "0.000"
    assert float(found["process_resident_memory_bytes"]) > 1 << 20
    compat = metrics(running, "/metrics/compat")
    seen = [value for name, value in compat.items() if name.startswith("debezium_metrics_TotalNumberOfEventsSeen{") and 'name="a"' in name]
    assert len(seen) == 1 and float(seen[0]) >= 11, compat


def test_lag_on_an_idle_database_is_zero(running):
    """Nothing is written for longer than anything is remembered: what is told is 0, not the time since the last change."""
    running.settle()

    def lags():
        found = metrics(running)
        return [found.get(f'tandem_lag_seconds{{direction="{way}"}}') for way in ("a_to_b", "b_to_a")]
    wait_until(lambda: lags() == ["0", "0"], 10, "0")
    until = time.monotonic() + 3
    while time.monotonic() < until:
        assert lags() == ["0", "0"]


def test_lag_grows_while_the_target_is_held_and_is_told_to_grow(running):
    running.a.sql("INSERT INTO item VALUES (1, 'x')")
    running.settle()
    holder = running.b.connect()
    try:
        holder.cursor().execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        running.a.sql("INSERT INTO item VALUES (2, 'x')")
        wait_until(lambda: (running.instance.direction("a:b")["lag_seconds"] or 0) > 2, 15, "it lags")
        running.a.sql("INSERT INTO item SELECT n, repeat('x', 500) FROM generate_series(10, 2000) n")
        wait_until(lambda: running.instance.direction("a:b")["catch_up_seconds"] == "growing", 15, "growing")
        assert metrics(running)['tandem_time_to_catch_up_seconds{direction="a_to_b"}'] == "+Inf"
    finally:
        holder.rollback()
        holder.close()
    wait_until(lambda: running.instance.direction("a:b")["lag_seconds"] == 0, 20, "caught up")


def test_readyz_in_lines(running):
    status, _, text = get(running, "/readyz?verbose", Accept="text/plain")
    assert status == 200 and text.splitlines()[-1] == "ready" and "[+]direction a:b: streaming" in text, text
    assert json.loads(get(running, "/readyz?verbose")[2])["checks"]["a:b"] == "streaming"


# --- the stream and its hour
def test_the_stream_has_one_state_a_second(running):
    with LoadThread(running.both, write):
        began = time.monotonic()
        found = events(running, "/api/v1/stream?topics=stats", 4)
        took = time.monotonic() - began
    numbers = [data["number"] for _, data in found]
    assert numbers == list(range(numbers[0], numbers[0] + 4)) and 1.5 < took < 6, (numbers, took)
    last = found[-1][1]
    assert set(last["status"]["directions"]) == {"a:b", "b:a"} and last["newest"]["directions"]["a:b"]["applied"] is not None
    assert {each["level"] for each in last["health"]} == {"ok"}, last["health"]
    past = json.loads(get(running, "/api/v1/history?seconds=3")[2])
    assert len(past["seconds"]) == 3 == len(past["directions"]["a:b"]["applied"]) == len(past["nodes"]["a"]["wal"])


def test_the_stream_of_changes(running):
    got = []
    reader = threading.Thread(target=lambda: got.extend(events(running, "/api/v1/stream?topics=changes", 1)))
    reader.start()

    def written():
        running.a.sql("INSERT INTO item SELECT coalesce(max(id), 0) + 1, '한' FROM item")
        return got
    wait_until(written, 15, "a change is told", every=0.1)
    reader.join(10)
    change = got[0][1]["changes"][0]
    assert (change["direction"], change["op"], change["table"], change["verdict"]) == ("a:b", "insert", "item", "applied"), change
    assert {"name": "v", "new": "한"} in change["columns"] and list(change["key"]) == ["id"], change


def test_pages_are_json_for_those_who_ask_for_it(running):
    for path, key in (("/", "directions"), ("/tables", "tables"), ("/settings", "settings"), ("/loops", "directions")):
        assert key in json.loads(get(running, path, Accept="application/json")[2]), path
        status, headers, text = get(running, path, Accept="text/html,*/*")
        assert status == 200 and headers["Content-Type"].startswith("text/html") and "<main" in text, path
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';") and "unsafe" not in policy, policy


def test_the_console_is_small_and_cached(running):
    sizes, page = 0, get(running, "/index.html")[2]
    assert not re.search(r"https?://|style=|onclick|<script>", page), page
    paths = set(re.findall(r"(?:src|href)=\"(/[^\"]+)\"", page)) - {"/"}
    seen = set()
    while paths - seen:
        path = (paths - seen).pop()
        seen.add(path)
        status, headers, text = get(running, path)
        assert status == 200 and headers.get("ETag"), path
        paths |= {str(pathlib.PurePosixPath(os.path.normpath(pathlib.PurePosixPath(path).parent / each)))
                  for each in re.findall(r"from \"(\.[^\"]+)\"", text)}
        zipped = int(request(running.url, "GET", path, headers={"Accept-Encoding": "gzip"})[1]["Content-Length"])
        sizes += zipped
        assert get(running, path, **{"If-None-Match": headers["ETag"]})[0] == 304, path
    assert len(seen) > 12 and sizes < 120 * 1024, (sizes, seen)


def test_settings_have_their_source_and_no_secret(pair):
    pair.sql(SCHEMA)
    nodes = {"a": pair.a.uri() + "?application_name=x", "b": pair.b.uri()}
    instance = pair.tandem("--batch-rows", "77", nodes=nodes).start().wait_streaming()
    told = {each["name"]: each for each in json.loads(instance.get("/api/v1/settings")[1])["settings"]}
    assert told["batch-rows"]["values"] == [{"text": "77", "from": "--batch-rows"}]
    assert told["ddl"]["values"] == [{"text": "off", "from": "TANDEM_DDL"}]
    assert told["batch-bytes"]["values"] == []
    secret = command("run", "--node", "a=postgresql://u:sesame@127.0.0.1:1/x", "--node", "b=postgresql://u@127.0.0.1:1/x")
    assert "sesame" not in secret.text


# --- those who do not ask as they should
def test_refusals(running):
    for method, path, headers, body, expected in (
            ("GET", "/api/v1/status", {"Host": "evil.example"}, None, 421),
            ("GET", "/api/v1/stream", {"Host": "evil.example"}, None, 421),
            ("POST", "/api/v1/conflicts/restore", {"Origin": "http://evil.example"}, {}, 403),
            ("POST", "/api/v1/conflicts/restore", {"Sec-Fetch-Site": "cross-site"}, {}, 403),
            ("POST", "/api/v1/conflicts/restore", {"Content-Type": "text/plain"}, b"{}", 415),
            ("POST", "/api/v1/conflicts/restore", {"Content-Type": "application/jsonx"}, b"{}", 415),
            ("POST", "/api/v1/conflicts/restore", {"Content-Type": "application/json; charset=utf-8"}, b"not json", 400),
            ("POST", "/api/v1/conflicts/restore", {}, b"not json", 400),
            ("POST", "/api/v1/conflicts/restore", {}, {"conflict": 5}, 400),
            ("POST", "/api/v1/conflicts/restore", {}, {"conflict": "b"}, 400),
            ("POST", "/api/v1/conflicts/restore", {}, {"conflict": "z:1"}, 400),
            ("POST", "/api/v1/conflicts/restore", {}, {"conflict": "b:999999"}, 409),
            ("POST", "/api/v1/parked/retry", {}, {"direction": "a:z"}, 400),
            ("GET", "/api/v1/conflicts?limit=many", {}, None, 400),
            ("GET", "/api/v1/conflicts/restore", {}, None, 404),
            ("DELETE", "/api/v1/conflicts", {}, None, 405),
            ("GET", "/api/v1/topics", {}, None, 404),
            ("GET", "/nothing", {}, None, 404)):
        status, _, text = request(running.url, method, path, body, headers)
        assert (status, json.loads(text)["error_code"]) == (expected, expected), (method, path, headers, body, status, text)


MALFORMED = [b"", b"\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00\x01\x02\xff" * 50,
             b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: localhost\r\n"
             b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET " + b"/" * 20000 + b" HTTP/1.1\r\n\r\n",
             b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
             b"GET /api/v1/messages?topic=%zz&count=-1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
             b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
             b"POST /api/v1/conflicts/restore HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             b"Content-Length: 99999999\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]


# --- who may ask, and over TLS
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def secret(pair, tmp_path):
    """HTTPS with a token; certificate and token in files."""
    pair.certificate, key, pair.token_file = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "token"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", pair.certificate],
                   check=True, capture_output=True)
    pair.token_file.write_text(TOKEN + "\n")
    pair.sql(SCHEMA)
    pair.instance = pair.tandem("--tls-cert", str(pair.certificate), "--tls-key", str(key), "--token-file", str(pair.token_file))
    pair.instance.start()
    pair.url = f"https://localhost:{pair.instance.port}"
    wait_until(lambda: ask(pair, "/readyz")[0] == 200, 30, "it is ready", detail=pair.instance.explain)
    return pair


def ask(pair, path, authorization=None, method="GET"):
    """(status, headers, text) by HTTPS; none: it does not answer."""
    trust = ssl.create_default_context(cafile=pair.certificate)
    asked = urllib.request.Request(pair.url + path, method=method, headers={"Authorization": authorization} if authorization else {})
    try:
        with urllib.request.urlopen(asked, timeout=10, context=trust) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read().decode()
    except OSError:
        return None, None, None


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_token_is_asked_for(secret):
    assert ask(secret, "/livez")[0] == ask(secret, "/readyz")[0] == 200
    for path in ("/", "/metrics", "/api/v1/status", "/api/v1/stream", "/nothing"):
        status, headers, text = ask(secret, path)
        assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="tandem", charset="UTF-8"'), path
        assert json.loads(text)["error_code"] == 401 and TOKEN not in text
    for right in (f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic("anybody", TOKEN), basic("", TOKEN)):
        assert ask(secret, "/api/v1/status", right)[0] == 200, right
    for wrong in (f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer", "Bearer ", TOKEN, f"Digest {TOKEN}", basic(TOKEN, ""), basic("a", ""),
                  "Basic", "Basic ====", "Basic !!!!", "Basic " + base64.b64encode(TOKEN.encode()).decode(), "Bearer " + "x" * 7000):
        assert ask(secret, "/api/v1/status", wrong)[0] == 401, wrong
    assert ask(secret, "/api/v1/parked/retry", method="POST")[0] == 401


def test_the_stream_over_tls(secret):
    trust = ssl.create_default_context(cafile=secret.certificate)
    with socket.create_connection(("127.0.0.1", secret.instance.port), timeout=15) as link, \
            trust.wrap_socket(link, server_hostname="localhost") as over:
        assert over.version() == "TLSv1.3"
        over.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        text = b""
        while text.count(b"event: ") < 3:
            part = over.recv(65536)
            assert part, text[-500:]
            text += part
        assert text.startswith(b"HTTP/1.1 200")


def test_one_connection_over_tls_takes_many_requests(secret):
    link = http.client.HTTPSConnection("localhost", secret.instance.port, timeout=10, context=ssl.create_default_context(cafile=secret.certificate))
    for path, status in (("/livez", 200), ("/metrics", 401), ("/livez", 200), ("/readyz", 200)):
        link.request("GET", path)
        answer = link.getresponse()
        answer.read()
        assert answer.status == status, path
    link.close()


def test_who_does_not_speak_tls_keeps_nobody_out(secret):
    slow = [socket.create_connection(("127.0.0.1", secret.instance.port), timeout=10) for _ in range(100)]
    for number, link in enumerate(slow):
        with contextlib.suppress(OSError):  # one that had to make room
            link.sendall((b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b"")[number % 3])
    assert ask(secret, "/livez")[0] == 200
    for link in slow:
        link.close()


def test_status_asks_with_a_token(secret):
    access = ("--url", secret.url, "--tls-ca", str(secret.certificate), "--token-file", str(secret.token_file))
    done = command("status", *access)
    assert done.status == 0 and "a:b: streaming" in done.out, done
    assert command("status", "--ready", *access[:4]).status == 0
    done = command("status", *access[:4])
    assert done.status == 2 and "--token-file" in done.err, done
    done = command("status", *access[:2], *access[4:])
    assert done.status == 3 and "certificate verify failed" in done.err, done
    other = secret.token_file.with_name("other")
    other.write_text("another token of enough characters")
    done = command("status", *access[:4], "--token-file", str(other))
    assert done.status == 2 and "another token" in done.err, done
    assert command("status", "--url", secret.url.replace("https", "http")).status == 3


def test_what_cannot_be_listened_with_is_said(pair, tmp_path):
    token, short, junk = tmp_path / "token", tmp_path / "short", tmp_path / "junk"
    token.write_text(TOKEN)
    short.write_text("secret\n")
    junk.write_text("no PEM\n")
    for words, said in ((["--listen", "0.0.0.0:0"], "--token-file, --tls-cert and --tls-key"),
                        (["--listen", "0.0.0.0:0", "--token-file", str(token)], "--token-file, --tls-cert and --tls-key"),
                        (["--tls-cert", str(junk)], "--tls-cert and --tls-key belong together"),
                        (["--token-file", str(short)], "can be guessed"),
                        (["--token-file", str(tmp_path / "none")], "No such file"),
                        (["--token-file", "/dev/null"], "it is empty"),
                        (["--tls-cert", str(junk), "--tls-key", str(junk)], f"{junk}: no certificate can be read")):
        where = () if "--listen" in words else ("--listen", f"127.0.0.1:{free_port()}")
        done = command("run", "--init", *node_arguments({"a": pair.a, "b": pair.b}), *where, *words)
        assert done.status in (2, 3) and said in done.err, (words, done)
        assert TOKEN not in done.err + done.out


def livez_takes(pair):
    began = time.monotonic()
    assert get(pair, "/livez")[0] == 200
    return time.monotonic() - began


def test_malformed_and_slow_requests_keep_nobody_out(running):
    for text in MALFORMED * 3:
        with socket.create_connection(("127.0.0.1", running.instance.port), timeout=5) as link:
            link.sendall(text)
            link.shutdown(socket.SHUT_WR)
            link.settimeout(0.05)
            try:
                link.recv(4096)
            except (TimeoutError, ConnectionError):
                pass
    slow, worst = [], 0
    try:
        for number in range(500):
            link = socket.create_connection(("127.0.0.1", running.instance.port), timeout=5)
            link.sendall(b"GET /livez HTTP/1.1\r\nHost: local")
            slow.append(link)
            if number % 25 == 0:
                worst = max(worst, livez_takes(running))
        worst = max(worst, *(livez_takes(running) for _ in range(10)))
    finally:
        for link in slow:
            link.close()
    assert worst < 0.1, f"/livez took {worst * 1000:.0f} ms"
    assert running.instance.state("a:b") == "streaming"


# --- what is generated
def promtool(*arguments, text=None):
    """Debian's; taken out of its package, which would start a server where it is installed."""
    folder = pathlib.Path(__file__).resolve().parents[2] / "build" / "promtool"
    found = next(iter(folder.rglob("usr/bin/promtool")), None)
    if found is None:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", "prometheus"], cwd=folder, check=True, capture_output=True, timeout=300)
        subprocess.run(["dpkg", "-x", next(folder.glob("prometheus_*.deb")), folder], check=True, timeout=60)
        found = folder / "usr/bin/promtool"
    return subprocess.run([found, *arguments], input=text, capture_output=True, text=True, timeout=60)


def exported(pair):
    text = get(pair, "/metrics")[2]
    names = set()
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M):
        names |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return names


def named(expression):
    return set(re.findall(r"\b(?:tandem|process)_\w+", expression))


def test_the_board_and_the_rules_name_what_is_exported(running, tmp_path):
    there = exported(running)
    board = json.loads(command("generate", "grafana").out)
    expressions = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    assert len(expressions) > 15
    rules = command("generate", "prometheus-rules").out
    alerts = yaml.safe_load(rules)["groups"][0]["rules"]
    assert len(alerts) >= 12
    for expression in [*expressions, *(each["expr"] for each in alerts)]:
        assert named(expression) and named(expression) <= there, (expression, named(expression) - there)
    path = tmp_path / "rules.yml"
    path.write_text(rules)
    checked = promtool("check", "rules", str(path))
    assert checked.returncode == 0 and f"{len(alerts)} rules found" in checked.stdout, checked
    checked = promtool("check", "metrics", text=get(running, "/metrics")[2])
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_the_compose_file_gives_prometheus_and_grafana(running):
    observe = pathlib.Path(__file__).resolve().parents[2] / "tools" / "deploy" / "observe"
    checked = promtool("check", "config", str(observe / "prometheus.yml"))
    assert checked.returncode == 0 and "rules found" in checked.stdout, checked
    assert (observe / "rules.yml").read_text() == command("generate", "prometheus-rules").out
    assert (observe / "grafana" / "boards" / "tandem.json").read_text() == command("generate", "grafana").out
    compose = yaml.safe_load((observe.parent / "compose.yaml").read_text())["services"]
    scraped, = yaml.safe_load((observe / "prometheus.yml").read_text())["scrape_configs"][0]["static_configs"][0]["targets"]
    host, port = scraped.split(":")
    assert compose[host]["environment"]["TANDEM_ALLOW_HOST"] == host and compose[host]["environment"]["TANDEM_LISTEN"].endswith(port)
    source, = yaml.safe_load((observe / "grafana/datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090" and "prometheus" in compose
    provider, = yaml.safe_load((observe / "grafana/dashboards/tandem.yml").read_text())["providers"]
    assert compose["grafana"]["volumes"] == ["./observe/grafana:/etc/grafana/provisioning:ro"]
    assert provider["options"]["path"] == "/etc/grafana/provisioning/boards"


def test_a_name_that_is_allowed_is_answered(pair):
    pair.sql(SCHEMA)
    pair.instance = pair.run(env={"TANDEM_ALLOW_HOST": "tandem"})
    pair.url = f"http://127.0.0.1:{pair.instance.port}"
    assert get(pair, "/metrics", Host=f"tandem:{pair.instance.port}")[0] == 200
    assert get(pair, "/metrics", Host="evil.example")[0] == 421


TEST_OF_RULES = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'tandem_build_info{version="x"}', values: '1x30'}
      - {series: 'tandem_slot_active{node="a"}', values: '1x5 0x20'}
      - {series: 'tandem_lag_seconds{direction="a_to_b"}', values: '0x5 40+10x20'}
      - {series: 'tandem_direction_state{direction="b_to_a",state="gap"}', values: '0x5 1x20'}
      - {series: 'tandem_events_echo_suppressed_total{direction="a_to_b",method="origin"}', values: '0+100x30'}
    alert_rule_test:
      - {eval_time: 4m, alertname: TandemSlotInactive, exp_alerts: []}
      - eval_time: 12m
        alertname: TandemSlotInactive
        exp_alerts:
          - exp_labels: {severity: critical, node: a}
            exp_annotations: {summary: 'The slot of node a is not read: its WAL piles up'}
      - eval_time: 12m
        alertname: TandemLagGrows
        exp_alerts:
          - exp_labels: {severity: warning, direction: a_to_b}
            exp_annotations: {summary: 'a_to_b is behind and falls back'}
      - eval_time: 12m
        alertname: TandemNeedsDecision
        exp_alerts:
          - exp_labels: {severity: critical, direction: b_to_a, state: gap}
            exp_annotations: {summary: 'b_to_a is gap and waits for a person'}
      - {eval_time: 12m, alertname: TandemLoops, exp_alerts: []}
      - {eval_time: 12m, alertname: TandemDown, exp_alerts: []}
"""


def test_the_rules_fire_when_they_should(tmp_path):
    (tmp_path / "rules.yml").write_text(command("generate", "prometheus-rules").out)
    (tmp_path / "test.yml").write_text(TEST_OF_RULES)
    done = promtool("test", "rules", str(tmp_path / "test.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_completion_offers_commands_flags_and_shells():
    script = command("generate", "completion", "bash").out

    def offered(*words):
        line = f"{script}\nCOMP_WORDS=({' '.join(repr(each) for each in words)}); COMP_CWORD={len(words) - 1}; _tandem; " \
               "printf '%s\\n' \"${COMPREPLY[@]}\""
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=10)
        assert done.returncode == 0 and done.stderr == "", done
        return set(done.stdout.split())
    assert {"run", "top", "generate", "conflict"} <= offered("tandem", "")
    assert offered("tandem", "conf") == {"conflict", "config"}
    assert {"list", "restore"} <= offered("tandem", "conflict", "")
    assert {"--batch-rows", "--batch-bytes", "--batch-delay"} == offered("tandem", "run", "--batch-")
    assert offered("tandem", "generate", "completion", "f") == {"fish"}
    for shell, mark in (("zsh", "#compdef tandem"), ("fish", "complete -c tandem")):
        assert mark in command("generate", "completion", shell).out
    assert command("generate", "completion", "tcsh").status == 2


def test_the_manual_page_and_the_unit():
    page = command("generate", "man").out
    for word in (".TH TANDEM 1", "tandem conflict restore", "\\-\\-batch\\-rows", ".SH EXIT STATUS"):
        assert word in page, word
    shown = subprocess.run(["man", "--warnings", "-l", "-"], input=page, capture_output=True, text=True, timeout=30,
                           env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}) if pathlib.Path("/usr/bin/man").exists() else None
    assert shown is None or (shown.returncode == 0 and shown.stderr == ""), shown
    packaged = pathlib.Path(__file__).parents[2] / "tools/deploy/systemd/tandem.service"
    assert command("generate", "systemd").out == packaged.read_text()


# --- top
def test_top_fits_its_terminal_and_ends_by_its_key_alone(running):
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
    typed = subprocess.Popen([binary(), "top", "--url", running.url], stdin=theirs, stdout=theirs, stderr=theirs,
                             env={**os.environ, "TERM": "xterm"}, start_new_session=True)
    os.close(theirs)
    os.set_blocking(ours, False)
    seen = b""

    def screens(least):
        nonlocal seen
        with contextlib.suppress(BlockingIOError):
            seen += os.read(ours, 65536)
        drawn = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", each) for each in seen.decode(errors="replace").split("\x1b[H")[1:]]
        return drawn if len(drawn) > least else None
    try:
        first = wait_until(lambda: screens(1), 15, "a picture", every=0.1)[0].split("\r\n")
        assert len(first) == 10 and max(map(len, first)) <= 40 and first[-1] == "  q ends", first
        for key in (b"\x1b[A", b"\x1b[6~", b"\x1bOB"):  # arrows and others
            os.write(ours, key)
            wait_until(lambda now=len(screens(0)): screens(now), 15, "it goes on", every=0.1)
        assert typed.poll() is None
        os.write(ours, b"q")
        assert typed.wait(10) == 0
    finally:
        typed.kill()
        os.close(ours)


def test_top_shows_the_flow_in_a_terminal(running):
    refused = command("top", "--url", running.url)
    assert refused.status == 2 and "terminal" in refused.err, refused
    with LoadThread(running.both, write):
        typed = subprocess.Popen(["script", "-qec", f"{binary()} top --url {running.url}", "/dev/null"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "TERM": "xterm"})
        seen = b""
        os.set_blocking(typed.stdout.fileno(), False)

        def shown():
            nonlocal seen
            seen += typed.stdout.read() or b""
            text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode(errors="replace"))
            return "a → b" in text and "streaming" in text and "echoes stopped" in text and "▁" in text + "▁" and text
        wait_until(shown, 15, "the picture", every=0.1, detail=lambda: seen[-800:])
        typed.stdin.write(b"q")
        typed.stdin.flush()
        assert typed.wait(10) == 0
    assert b"\x1b[?1049l" in seen + (typed.stdout.read() or b""), "the terminal is as it was"
