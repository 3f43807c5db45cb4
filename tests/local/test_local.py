"""The local stack: real servers that start again over their data, keep to loopback, and demand what they should."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from deploy.local import packages
from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka, KafkaSecurity, class_archive
from deploy.local.packages import Unavailable
from deploy.local.server import Server
from deploy.mistake import Mistake
from tests.box import await_that
from tests.servers import need

# With characters that Kafka's own files and arguments could stumble over.
_USERS = {"reader": 'se"cr\\et, =评]', "other": "other"}
_SECRET = "<a&b>"  # noqa: S105 - of servers that end with their test
_STARTER = """
import sys
from pathlib import Path
from urllib.parse import quote
from deploy.local.clickhouse import ClickHouse
ClickHouse(Path(sys.argv[1])).start(lasting=sys.argv[2] == "lasting")
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def security(tmp_path_factory: pytest.TempPathFactory) -> KafkaSecurity:
    return KafkaSecurity(tmp_path_factory.mktemp("tls"), _USERS)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, security: KafkaSecurity) -> Iterator[Kafka]:
    server = Kafka(tmp_path_factory.mktemp("secure"), secure=security)
    need(server.start)
    yield server
    server.kill()


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    server = Kafka(tmp_path / "kafka")
    yield server
    server.kill()


@pytest.fixture
def own_clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    server = ClickHouse(tmp_path / "clickhouse", password=_SECRET, tls=True)
    yield server
    server.kill()


def _execute(address: str, password: str, query: str, rows: object = None, **options: object) -> object:
    host, port = address.split(":")
    with Client(host, int(port), password=password, **options) as client:
        return client.execute(query, rows)


def _over_http(server: ClickHouse, password: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", server.http_port)
    with closing(connection):
        connection.request("GET", f"/?query=SELECT%201&password={quote(password)}")
        answer = connection.getresponse()
        return answer.status, answer.read()


async def _make_topic(address: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()


async def _produce(address: str, topic: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def _consume(address: str, topic: str) -> list[bytes]:
    """All that the topic holds now."""
    async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[bytes] = []
        while await consumer.position(partition) < end:
            found.append((await consumer.getone()).value)
        return found


async def test_kafka_starts_once_and_keeps_its_data_through_stop_and_kill(own_kafka: Kafka) -> None:
    need(own_kafka.start)
    address, pid = own_kafka.address, own_kafka.pid
    own_kafka.start()
    assert own_kafka.pid == pid
    await _make_topic(address, "kept")
    await _produce(address, "kept", [b"before the kill"])

    own_kafka.kill()
    assert own_kafka.pid is None
    # Another object over the same folder: all that is known lies there.
    again = Kafka(own_kafka.folder)
    again.start()
    assert again.address == address
    await _produce(address, "kept", [b"before the stop"])
    assert await _consume(address, "kept") == [b"before the kill", b"before the stop"]

    again.stop()
    assert (again.folder / "data" / ".kafka_cleanshutdown").exists()
    again.start()
    assert await _consume(address, "kept") == [b"before the kill", b"before the stop"]
    again.kill()


def test_clickhouse_starts_once_and_keeps_its_data_through_stop_and_kill(own_clickhouse: ClickHouse) -> None:
    need(own_clickhouse.start)
    pid = own_clickhouse.pid
    own_clickhouse.start()
    assert own_clickhouse.pid == pid
    address = own_clickhouse.address
    table = "kept (street LowCardinality(String), n UInt8) ENGINE = MergeTree ORDER BY n"
    _execute(address, _SECRET, f"CREATE TABLE {table}")
    rows = [("天心", 1), ("芙蓉", 2)]
    _execute(address, _SECRET, "INSERT INTO kept VALUES", rows)

    for end in (own_clickhouse.kill, own_clickhouse.stop):
        end()
        assert own_clickhouse.pid is None
        own_clickhouse.start()
        assert own_clickhouse.address == address
        assert _execute(address, _SECRET, "SELECT street, n FROM kept ORDER BY n") == rows


def test_clickhouse_demands_its_password_on_every_port(own_clickhouse: ClickHouse) -> None:
    need(own_clickhouse.start)
    tls = {"secure": True, "verify": True, "ca_certs": str(own_clickhouse.ca_file)}
    assert _execute(own_clickhouse.secure_address, _SECRET, "SELECT 1", **tls) == [(1,)]
    assert _over_http(own_clickhouse, _SECRET) == (200, b"1\n")
    for wrong in ("", "wrong"):
        with pytest.raises(ServerException, match=r"(?i)password"):
            _execute(own_clickhouse.address, wrong, "SELECT 1")
        with pytest.raises(ServerException, match=r"(?i)password"):
            _execute(own_clickhouse.secure_address, wrong, "SELECT 1", **tls)
        assert _over_http(own_clickhouse, wrong)[0] != 200


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_kafka_takes_the_right_password_over_tls_and_no_other(
    secure: Kafka, security: KafkaSecurity, mechanism: str
) -> None:
    def producer(password: str) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=secure.secure_address,
            security_protocol="SASL_SSL",
            sasl_mechanism=mechanism,
            sasl_plain_username="reader",
            sasl_plain_password=password,
            ssl_context=ssl.create_default_context(cafile=security.ca_file),
        )

    async with producer(_USERS["reader"]):
        pass
    for wrong in ("wrong", "other"):
        refused = producer(wrong)
        with pytest.raises(KafkaConnectionError):
            await refused.start()
        await refused.stop()


@pytest.mark.parametrize("which", ["secure", "clickhouse"])
def test_nothing_listens_beyond_loopback(which: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(which)
    addresses = _listening(server.pid or 0)
    assert len(addresses) >= 2
    # As the kernel writes 127.0.0.1, alone or as an IPv6 address.
    assert {address for address in addresses if not address.endswith("0100007F")} == set()


def _listening(pid: int) -> list[str]:
    """The addresses that a process listens on, in the kernel's notation."""
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile, so nobody listens there
            links.append(os.readlink(link))
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, state, inode = fields[1], fields[3], fields[9]
            if state == "0A" and f"socket:[{inode}]" in links:
                found.append(address.split(":")[0])
    return found


def test_kcat_finds_the_broker(kafka: Kafka) -> None:
    command = [str(need(packages.kcat)), "-L", "-J", "-b", kafka.address]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60).stdout
    assert [broker["name"] for broker in json.loads(said)["brokers"]] == [kafka.address]


def test_the_broker_takes_its_classes_from_their_archive_and_starts_with_another_jvm_s_too(
    kafka: Kafka, own_kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = class_archive()
    assert archive is not None
    assert str(archive) in Path(f"/proc/{kafka.pid}/maps").read_text()
    other = tmp_path / "other.jsa"
    other.write_bytes(archive.read_bytes().replace(b"OpenJDK", b"OtherVM"))  # who made it is in its header
    assert other.read_bytes() != archive.read_bytes()
    monkeypatch.setattr("deploy.local.kafka.class_archive", lambda: other)
    own_kafka.start()
    assert str(other) not in Path(f"/proc/{own_kafka.pid}/maps").read_text()


@pytest.mark.parametrize("life", ["lasting", "bound"])
def test_a_server_ends_with_its_starter_unless_it_is_to_last(tmp_path: Path, life: str) -> None:
    need(packages.clickhouse_server)
    server = ClickHouse(tmp_path / "clickhouse")
    command = [sys.executable, "-c", _STARTER, str(server.folder), life]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        assert starter.stdout
        assert starter.stdout.readline() == b"started\n"
        assert server.pid is not None
        starter.kill()
    if life == "bound":
        await_that(lambda: server.pid is None, "the server has ended")
    else:
        assert _execute(server.address, "", "SELECT 1") == [(1,)]
        server.stop()
        assert server.pid is None


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = Kafka(tmp_path / "kafka", port=port)
        with pytest.raises(Mistake, match=f"port {port} of 127.0.0.1 is taken by another program"):
            server.start()
    assert server.pid is None


def test_a_server_that_ends_while_it_starts_says_why(tmp_path: Path) -> None:
    need(packages.java)
    server = Kafka(tmp_path / "kafka", settings={"log.segment.bytes": "nonsense"})
    with pytest.raises(Mistake, match=r"log\.segment\.bytes"):
        need(server.start)


def test_a_pid_that_is_another_programs_by_now_is_left_alone(tmp_path: Path) -> None:
    server = ClickHouse(tmp_path)
    with subprocess.Popen(["sleep", "1000"]) as other:
        (tmp_path / "pid").write_text(str(other.pid))
        assert server.pid is None
        server.kill()
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("start", [lambda folder: Kafka(folder).start, lambda folder: ClickHouse(folder).start])
def test_a_missing_part_is_named_and_fails_only_in_ci(
    start: Callable[[Path], Callable[[], None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="apt-get install"):
        start(tmp_path)()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="is not installed"):
        need(start(tmp_path))
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="is not installed"):
        need(start(tmp_path))


def test_what_apt_cannot_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text('#!/bin/sh\necho "E: Unable to locate package kafkacat" >&2\nexit 100\n')
    apt.chmod(0o755)
    (tmp_path / "env").symlink_to(shutil.which("env") or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(Unavailable, match="E: Unable to locate package kafkacat"):
        packages.kcat()
