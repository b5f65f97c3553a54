"""Both ways over TLS and SASL, and what is wrong with either: told by name, tried again, no secret shown."""

import pathlib

import pytest

from support.secured import SecuredKafka
from support.waiting import wait_until

SCHEMA = "CREATE TABLE chat (id bigint PRIMARY KEY, body text)"
USER = "carrier"
PASSWORD = "Sesame;open=1 ${now}"  # characters that mean something to shells, lists and files
WRONG = "Barley$closed"
TOLD_WITHIN = 40  # seconds: a question is given 10, and each direction asks more than one


@pytest.fixture(scope="module")
def kafka():
    cluster = SecuredKafka({USER: PASSWORD}).start()
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        cluster.admin.set_scram(USER, mechanism, PASSWORD)
    yield cluster
    cluster.close()


@pytest.fixture
def pair(servers, request):
    fresh = servers.pair(SCHEMA)
    fresh.prefix = fresh.name
    yield fresh
    fresh.close()


def through(pair, brokers, *properties):
    return pair.tandem("--transport", "kafka", "--brokers", brokers, "--topic-prefix", pair.prefix,
                       *(part for each in properties for part in ("-X", f"kafka.{each}")))


def sasl(mechanism, password="${env:KAFKA_PASSWORD}"):
    return f"sasl.mechanism={mechanism}", f"sasl.username={USER}", f"sasl.password={password}"


def write_and_compare(pair):
    for number, database in enumerate(pair.both):
        database.sql("INSERT INTO chat SELECT %s + i, 'text ' || i FROM generate_series(1, 500) i", 1000 * number)
        database.sql("DELETE FROM chat WHERE id %% 5 = 0 AND id > %s AND id <= %s", 1000 * number, 1000 * number + 500)
    pair.settle(deadline=60)
    pair.assert_equal()
    assert pair.a.value("SELECT count(*) FROM chat") == 800


def assert_never_shown(instance, *secrets, on_command_line=False):
    said = instance.log_text() + "".join(instance.get(path)[1] for path in (
        "/api/v1/status", "/metrics", "/readyz?verbose", "/nothing"))
    if not on_command_line:
        said += pathlib.Path(f"/proc/{instance.pid}/cmdline").read_text()
    assert "tandem_up" in said and instance.log_text()
    for secret in secrets:
        assert secret not in said


@pytest.mark.parametrize("protocol, mechanism", [
    ("SASL_SSL", "PLAIN"), ("SASL_SSL", "SCRAM-SHA-256"), ("SASL_SSL", "SCRAM-SHA-512"),
    ("SASL_PLAINTEXT", "SCRAM-SHA-512"), ("SSL", None)])
def test_both_ways(pair, kafka, monkeypatch, protocol, mechanism):
    monkeypatch.setenv("KAFKA_PASSWORD", PASSWORD)
    instance = through(pair, kafka.bootstrap_by(protocol), f"security.protocol={protocol}",
                       *([f"ssl.ca.location={kafka.authority}"] if "SSL" in protocol.split("_") else []),
                       *(sasl(mechanism) if mechanism else ()))
    instance.start().wait_streaming()
    write_and_compare(pair)
    assert_never_shown(instance, PASSWORD)
    assert instance.stop() < 10


def test_from_a_file_with_the_secret_in_another(pair, kafka, tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")
    (tmp_path / "tandem.toml").write_text(f"""
        transport = "kafka"
        brokers = "{kafka.bootstrap_by("SASL_SSL")}"
        topic-prefix = "{pair.prefix}"
        property = [
            "kafka.security.protocol=SASL_SSL",
            "kafka.ssl.ca.location={kafka.authority}",
            "kafka.sasl.mechanism=SCRAM-SHA-512",
            "kafka.sasl.username={USER}",
            "kafka.sasl.password=${{file:password}}",
        ]""")
    instance = pair.run("--config", str(tmp_path / "tandem.toml"))
    write_and_compare(pair)
    assert_never_shown(instance, PASSWORD)


def wait_told(instance, *words):
    """Both directions are tried again and again, and say why."""
    for name in instance.direction_names():
        def told():
            assert instance.running, instance.log_tail()
            direction = instance.direction(name)
            return direction and direction["state"] == "retrying" and direction["retries"] >= 2 and \
                all(word in direction["reason"] for word in words)
        wait_until(told, TOLD_WITHIN, f"{name} retrying for {words}", detail=instance.explain)


@pytest.mark.parametrize("listener, protocol, words", [
    ("SASL_SSL", "SASL_SSL", ("SSL handshake failed", "certificate verify failed", "ssl.ca.location")),
    ("SSL", "SSL", ("SSL handshake failed", "certificate verify failed", "ssl.ca.location"))])
def test_another_authority(pair, kafka, monkeypatch, listener, protocol, words):
    monkeypatch.setenv("KAFKA_PASSWORD", PASSWORD)
    instance = through(pair, kafka.bootstrap_by(listener), f"security.protocol={protocol}",
                       f"ssl.ca.location={kafka.stranger}", *sasl("SCRAM-SHA-512"))
    instance.start()
    wait_told(instance, *words)
    assert_never_shown(instance, PASSWORD)
    assert instance.stop() < 10


def test_tls_to_a_port_without(pair, kafka):
    instance = through(pair, kafka.bootstrap, "security.protocol=SSL", f"ssl.ca.location={kafka.authority}")
    instance.start()
    wait_told(instance, "SSL handshake failed", "PLAINTEXT")
    assert instance.stop() < 10


def test_no_tls_to_a_port_with(pair, kafka):
    instance = through(pair, kafka.bootstrap_by("SSL"))
    instance.start()
    wait_told(instance, "security.protocol")
    assert instance.stop() < 10


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password(pair, kafka, mechanism):
    """Given literally: it is on the command line, and nowhere else."""
    instance = through(pair, kafka.bootstrap_by("SASL_SSL"), "security.protocol=SASL_SSL",
                       f"ssl.ca.location={kafka.authority}", *sasl(mechanism, WRONG))
    instance.start()
    wait_told(instance, "SASL", "uthentication failed")
    assert_never_shown(instance, WRONG, on_command_line=True)
    assert instance.stop() < 10


def test_a_password_that_becomes_right(pair, kafka, monkeypatch):
    """Nobody has to start tandem again."""
    monkeypatch.setenv("KAFKA_PASSWORD", WRONG)
    late = "SCRAM-SHA-256"
    instance = through(pair, kafka.bootstrap_by("SASL_SSL"), "security.protocol=SASL_SSL",
                       f"ssl.ca.location={kafka.authority}", *sasl(late))
    instance.start()
    wait_told(instance, "uthentication failed")
    kafka.admin.set_scram(USER, late, WRONG)
    try:
        instance.wait_streaming(deadline=60)
        write_and_compare(pair)
    finally:
        kafka.admin.set_scram(USER, late, PASSWORD)
    assert_never_shown(instance, WRONG)
