"""Kills, ends, limits, TLS and a broker that is away: what was accepted is there, and who must wait is told so."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from deploy.district import FOLDER
from deploy.folder import Endpoint, Folder
from deploy.local.kafka import Kafka
from deploy.local.server import Certificate
from schemas.secret import ensure_secret
from streams.broker import Broker
from streams.cluster import Cluster
from streams.gateway.devices import Device, DeviceBook, now_ms
from streams.topics import EVENTS, REJECTED
from tests.box import await_that
from tests.gateway.caller import Caller, Said, array
from tests.gateway.conftest import add_device
from tests.security.door import WINDOW, Door, rating
from tests.servers import need


def _open(tmp_path: Path, district: Path = FOLDER, **settings: object) -> tuple[Door, Endpoint, str]:
    """A gateway of the test's own, with settings; and the token of a device."""
    environ = {f"PINGLIU_GATEWAY_{name.upper()}": str(value) for name, value in settings.items()}
    door = Door(tmp_path / "data", {**environ, "PINGLIU_DISTRICT": str(district)})
    token = add_device(Folder(door.root), "DG-1", "t/1")
    return door, door.open(), token


def test_what_was_accepted_is_there_after_a_kill_right_after_the_answer(tmp_path: Path) -> None:
    door, endpoint, token = _open(tmp_path)
    accepted: list[str] = []

    def send(thread: int) -> None:
        """Until there is nobody any more."""
        number = thread * 1_000
        while True:
            number += 1
            try:
                said = Caller(endpoint, token).call(rating(number, "t/1"))
            except OSError:
                return
            if said.status == 200:
                accepted.append(f"{number:06}")

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    await_that(lambda: len(accepted) >= 40, "some are accepted")
    os.kill(endpoint.pid, signal.SIGKILL)
    for thread in threads:
        thread.join()
    door.close()
    there = {said["id"] for said in door.events()}
    assert set(accepted) <= there
    # Whoever had no answer sends again.
    again = door.open()
    assert Caller(again, token).call(array(*(rating(int(one), "t/1") for one in accepted[:3]))).status == 200
    door.close()


def test_told_to_end_it_answers_what_is_under_way_and_takes_nothing_more(tmp_path: Path) -> None:
    door, endpoint, token = _open(tmp_path)
    body = rating(1, "t/1")
    head = _head(token, len(body))
    with (
        socket.create_connection((endpoint.host, endpoint.port)) as under_way,
        socket.create_connection((endpoint.host, endpoint.port)) as idle,
    ):
        under_way.sendall(head.encode() + body[:100])
        await_that(lambda: "pingliu_gateway_waiting_bytes{" in door.metrics() and _waiting(door) == 100, "it is read")
        os.kill(endpoint.pid, signal.SIGTERM)
        assert idle.recv(1) == b""
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((endpoint.host, endpoint.port))
        under_way.sendall(body[100:])
        said = _all_of(under_way)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert door.close() == 0
    assert [one["id"] for one in door.events()] == ["000001"]
    assert Folder(door.root).gateway() is None


def _head(token: str, length: int) -> str:
    fields = ("Host: x", f"Authorization: Bearer {token}", f"Content-Length: {length}")
    return "\r\n".join(("POST /v1/events HTTP/1.1", *fields, "", ""))


def _waiting(door: Door) -> int:
    (line,) = (line for line in door.metrics().splitlines() if line.startswith("pingliu_gateway_waiting_bytes{"))
    return int(float(line.rpartition(" ")[2]))


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Endpoint]]:
    """A gateway with small limits, in a district where the fifth channel of uploads is a kiosk."""
    folder = tmp_path_factory.mktemp("narrow")
    district = Path(shutil.copytree(FOLDER, folder / "district"))
    (district / "adapters.toml").write_text('[upload.channels]\n5 = "kiosk"\n')
    door, endpoint, _ = _open(
        folder,
        district,
        body_bytes=1 << 16,
        batch_events=10,
        device_rate=0.5,
        device_burst=20,
        peer_connections=6,
        connections=8,
        peer_failures=3,
        body_seconds=0.5,
        idle_seconds=3,
    )
    yield door, endpoint
    door.close()


def _fresh(door: Door, name: str) -> str:
    return add_device(Folder(door.root), name, f"t/{name}")


def test_who_sends_too_fast_waits_and_others_do_not(narrow: tuple[Door, Endpoint]) -> None:
    door, endpoint = narrow
    hasty, calm = (Caller(endpoint, _fresh(door, name)) for name in ("hasty", "calm"))
    ten = array(*(rating(number, "t/hasty") for number in range(10)))
    assert [hasty.call(ten).status for _ in range(2)] == [200, 200]
    told = hasty.call(ten)
    assert told.status == 429
    assert 1 <= int(told.headers["retry-after"]) <= 20
    assert calm.call(rating(1, "t/calm")).status == 200
    assert 'limit="rate"' in door.metrics()


def test_a_body_and_a_batch_have_their_bounds(narrow: tuple[Door, Endpoint]) -> None:
    door, endpoint = narrow
    caller = Caller(endpoint, _fresh(door, "large"))
    assert caller.call(b" " * ((1 << 16) + 1)).status == 413
    assert caller.call(array(*[b"1"] * 11)).status == 413
    assert caller.call(array(*[b"1"] * 10)).status == 422


def test_vendors_records_are_read_as_the_district_says(narrow: tuple[Door, Endpoint]) -> None:
    door, endpoint = narrow
    record = (Path(__file__).parents[1] / "adapters" / "golden" / "upload" / "bound.in.json").read_bytes()
    assert json.loads(record)["pf"] == "5"
    caller = Caller(endpoint, _fresh(door, "vendor"))
    assert caller.call(record, path="/v1/adapters/upload").verdicts == ["accepted"]
    (published,) = [said for said in door.events() if said["source"].startswith("t/vendor")]
    assert published["data"]["channel"] == "kiosk"


def test_who_dawdles_over_head_or_body_is_let_go(narrow: tuple[Door, Endpoint]) -> None:
    door, endpoint = narrow
    begun = ("", "POST /v1/ev", _head(_fresh(door, "slow"), 10) + "{")
    slow = [socket.create_connection((endpoint.host, endpoint.port)) for _ in begun]
    for connection, sent in zip(slow, begun, strict=True):
        connection.sendall(sent.encode())
    said = [_all_of(connection) for connection in slow]
    assert said[:2] == [b"", b""]
    assert said[2].startswith(b"HTTP/1.1 408 ")


def _all_of(connection: socket.socket) -> bytes:
    """What comes until the other side ends."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_connections_have_their_bounds_and_are_free_again(narrow: tuple[Door, Endpoint]) -> None:
    door, endpoint = narrow
    address = (endpoint.host, endpoint.port)
    with ExitStack() as held:
        for _ in range(6):
            held.enter_context(socket.create_connection(address))
        assert _all_of(socket.create_connection(address)).startswith(b"HTTP/1.1 503 ")
        # Another address has room yet, but all together have their bound too.
        for _ in range(2):
            held.enter_context(socket.create_connection(address, source_address=("127.0.0.2", 0)))
        assert _all_of(socket.create_connection(address, source_address=("127.0.0.2", 0))).startswith(b"HTTP/1.1 503 ")
    caller = Caller(endpoint, _fresh(door, "later"))
    await_that(lambda: _is_served(caller), "there is room again")


def _is_served(caller: Caller) -> bool:
    try:
        return caller.call(rating(1, "t/later")).status == 200
    except OSError:
        return False


def test_wrong_credentials_are_slowed_down_and_right_ones_from_the_same_address_are_not(
    narrow: tuple[Door, Endpoint],
) -> None:
    door, endpoint = narrow
    statuses = [Caller(endpoint, "pl1_" + "A" * 43).call(b"{}").status for _ in range(6)]
    assert statuses[:3] == [401] * 3
    assert statuses[-1] == 429
    assert Caller(endpoint, _fresh(door, "right")).call(rating(1, "t/right")).status == 200


def test_too_much_under_way_and_a_log_that_is_held_are_said_and_over_they_are_over(tmp_path: Path) -> None:
    door, endpoint, token = _open(tmp_path, waiting_bytes=8 << 20, device_requests=1, broker_seconds=4)
    caller, large = Caller(endpoint, token), 4 << 20
    with ExitStack() as held:
        for name in ("one", "other"):
            connection = held.enter_context(socket.create_connection((endpoint.host, endpoint.port)))
            connection.sendall(_head(_fresh(door, name), large).encode() + b" " * (large - 1))
        await_that(lambda: _waiting(door) == 2 * (large - 1), "they are read")
        assert _busy(caller.call(rating(1, "t/1"))) == 503
    await_that(lambda: _waiting(door) == 0, "they are gone")
    with closing(sqlite3.connect(door.root / "log.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(caller.call, rating(2, "t/1"))
            await_that(lambda: first.done() or _waiting(door) > 0, "it waits for the log")
            assert _busy(caller.call(rating(3, "t/1"))) == 429
            assert _busy(first.result()) == 503
        other.execute("rollback")
    assert caller.call(rating(2, "t/1")).verdicts == ["accepted"]
    # What was given up may have been written all the same.
    assert {said["id"] for said in door.events()} == {"000002"}
    counted = door.metrics()
    for limit in ("waiting", "requests", "broker"):
        assert f'pingliu_gateway_refused_total{{limit="{limit}",role="gateway"}} 1.0\n' in counted
    door.close()


def _busy(said: Said) -> int:
    """The status of an answer that says when to come again."""
    assert int(said.headers["retry-after"]) >= 1
    return said.status


def test_beyond_loopback_nothing_is_served_in_the_clear_unless_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy", "run", "gateway", "--data", str(tmp_path / "d"), "--host", "0.0.0.0"]  # noqa: S104
    done = subprocess.run([*command, "--port", "0", "--listen", "0"], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"--tls-cert" in done.stderr
    assert b"Traceback" not in done.stderr


def test_with_a_certificate_tokens_travel_encrypted(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path / "tls")
    certificate.make()
    door, endpoint, token = _open(tmp_path, tls_cert=certificate.file, tls_key=certificate.file)
    assert endpoint.tls
    assert endpoint.url.startswith("https://")
    assert Caller(endpoint, token, ca=str(certificate.ca_file)).call(rating(1, "t/1")).verdicts == ["accepted"]
    with pytest.raises(OSError, match="certificate verify failed"):
        Caller(endpoint, token).call(rating(2, "t/1"))
    assert door.close() == 0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Kafka]:
    """A broker of the test's own, for it is stopped."""
    kafka = Kafka(tmp_path / "kafka")
    need(kafka.start)
    yield kafka
    kafka.kill()


def test_on_kafka_a_broker_that_is_away_is_said_and_what_was_accepted_is_there(broker: Kafka, tmp_path: Path) -> None:
    address = f"kafka://{broker.address}"
    asyncio.run(_create_topics(address))
    bound = Device("DG-1", "t/1", WINDOW[:9], WINDOW[:12], WINDOW)
    secret = tmp_path / "secret"
    token = DeviceBook(tmp_path / "devices.json", ensure_secret(secret)).add(bound, now_ms())
    log = tmp_path / "gateway.log"
    command = [sys.executable, "-m", "deploy", "run", "gateway", "--broker", address, "--secret", str(secret)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", "0", "--listen", "0"],
            env={**os.environ, "PINGLIU_GATEWAY_BROKER_SECONDS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        await_that(lambda: "listening at" in log.read_text() or process.poll() is not None, "it listens")
        port = log.read_text().rpartition("listening at 127.0.0.1:")[2].split()[0]
        caller = Caller(Endpoint(process.pid, "127.0.0.1", int(port)), token)
        assert caller.call(array(rating(1, "t/1"), b"1")).verdicts == ["accepted", "rejected not_an_event"]
        broker.stop()
        away = caller.call(rating(2, "t/1"))
        assert away.status == 503
        assert int(away.headers["retry-after"]) >= 1
        need(broker.start)
        await_that(lambda: caller.call(rating(2, "t/1")).status == 200, "it is back")
        found = [json.loads(value) for value in asyncio.run(_values(address, EVENTS))]
        assert {one["id"] for one in found} == {"000001", "000002"}
        assert len(asyncio.run(_values(address, REJECTED))) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()


async def _create_topics(address: str) -> None:
    async with Cluster(Broker.parse(address)) as cluster:
        await cluster.create_topics(4, 1)


async def _values(address: str, topic: str) -> list[bytes]:
    async with Cluster(Broker.parse(address)) as cluster:
        found = await cluster.read_all(topic)
    return [record.value or b"" for records in found.values() for record in records]
