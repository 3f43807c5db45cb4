"""What becomes of events on their way, whatever the gateway answers."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.server import Certificate
from streams.agent import (
    Backoff,
    BlockingClient,
    BlockingPublisher,
    Bounds,
    Client,
    GatewayBusy,
    InvalidEvent,
    NoGateway,
    NotAdmitted,
    Publisher,
    Signer,
    SpoolFull,
    SpoolTaken,
    Unusable,
)
from streams.agent.beats import Device, beat
from streams.agent.clock import Clock
from streams.agent.spool import Spool
from streams.gateway.credentials import Signed, parse, signature, signing_key
from tests.agent.samples import SITE, SOURCE, draft, ticket
from tests.agent.scripted import Scripted, Step, accept, lose_answer, reject, status, too_many

_SOON = Backoff(first=0.01, most=0.05, slow=0.02)
_TOKEN = "pl1_" + "t" * 43


def _publisher(gateway: Scripted, spool: Path, **given: Any) -> Publisher:
    return Publisher(gateway.url, _TOKEN, spool=spool, source=SOURCE, backoff=_SOON, **given)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110 - another side's doing, which nobody tells
        await asyncio.sleep(0.005)


async def test_whatever_is_answered_the_same_is_sent_again_until_there_are_verdicts_and_order_is_kept(
    tmp_path: Path,
) -> None:
    again: list[Step] = [
        status(503, Retry_After="0"), lose_answer, status(401), status(403), status(404), status(500),
        status(200, "<html>Please log in to the hotel's network</html>"), status(302, Location="/elsewhere"),
    ]  # fmt: skip
    no_verdict_each = status(200, '{"verdicts": []}')
    with Spool(tmp_path) as spool:
        spool.put([[draft(ticket(number)) for number in range(20)]], 0)
    async with Scripted(*again, no_verdict_each) as gateway, _publisher(gateway, tmp_path, batch=8) as publisher:
        await publisher.drained()
        assert gateway.batches[: len(again)] == [[f"{number}" for number in range(8)]] * len(again)
        assert list(dict.fromkeys(gateway.accepted)) == [f"{number}" for number in range(20)]
        assert (await publisher.held()).events == 0
        assert publisher.problem == ""


@pytest.mark.parametrize("code", [429, 413, 408])
async def test_a_batch_that_is_too_much_is_sent_in_smaller_ones(tmp_path: Path, code: int) -> None:
    with Spool(tmp_path) as spool:
        spool.put([[draft(ticket(number)) for number in range(20)]], 0)
    async with Scripted(otherwise=too_many(3, code)) as gateway, _publisher(gateway, tmp_path) as publisher:
        await publisher.drained()
        assert gateway.accepted == [f"{number}" for number in range(20)]


async def test_what_is_tried_long_enough_in_vain_is_tried_in_smaller_batches(tmp_path: Path) -> None:
    # A line, say, that breaks after so many bytes.
    with Spool(tmp_path) as spool:
        spool.put([[draft(ticket(number)) for number in range(8)]], 0)
    async with Scripted(*[status(502)] * 10) as gateway, _publisher(gateway, tmp_path) as publisher:
        await publisher.drained()
        assert [len(ids) for ids in gateway.batches[:11]] == [8] * 10 + [4]
        assert gateway.accepted == [f"{number}" for number in range(8)]


async def test_an_event_that_is_rejected_is_kept_with_its_reason_and_field_and_is_in_nobodys_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refuse_two = reject(lambda event: event["id"] in ("1", "3"))
    async with Scripted(otherwise=refuse_two) as gateway, _publisher(gateway, tmp_path, batch=2) as publisher:
        await publisher.publish_all([ticket(number) for number in range(6)])
        await publisher.drained()
        assert gateway.accepted == ["0", "2", "4", "5"]
    with Spool(tmp_path) as spool:
        kept = spool.refused(10)
        assert [json.loads(row.event)["id"] for row in kept] == ["3", "1"]
        assert {(row.reason, row.field, row.detail) for row in kept} == {
            ("invalid_field", "data.level", "data.level: no such level")
        }
        # Mended at the gateway's side, they go again.
        assert spool.again([row.seq for row in kept]) == 2
    assert _TOKEN not in caplog.text
    async with Scripted() as gateway, _publisher(gateway, tmp_path) as publisher:
        await publisher.drained()
        assert sorted(gateway.accepted) == ["1", "3"]
        assert (await publisher.held()).refused == 0


async def test_refused_credentials_lose_nothing_are_said_once_and_a_new_token_is_taken_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    file.write_text("old")

    def know_new(gateway: Scripted, request: web.Request, events: list[dict[str, Any]]) -> web.StreamResponse:
        known = request.headers["Authorization"] == "Bearer new"
        return accept(gateway, request, events) if known else web.Response(status=401)

    async with (
        Scripted(otherwise=know_new) as gateway,
        Publisher(gateway.url, file.read_text, spool=tmp_path / "spool", source=SOURCE, backoff=_SOON) as publisher,
    ):
        await publisher.publish(ticket(1))

        async def has_tried() -> bool:
            return len(gateway.batches) > 3

        await _until(has_tried)
        assert "credentials" in publisher.problem
        assert (await publisher.held()).events == 1
        file.unlink()
        await _until(lambda: _is(lambda: "the token can't be read" in publisher.problem))
        file.write_text("new")
        await publisher.drained()
    assert [record.levelname for record in caplog.records].count("ERROR") == 2


async def _is(condition: Callable[[], bool]) -> bool:
    return condition()


async def test_a_full_spool_refuses_what_is_new_and_drops_nothing(tmp_path: Path) -> None:
    async with Scripted(otherwise=status(503)) as gateway:
        async with _publisher(gateway, tmp_path, bounds=Bounds(events=2)) as publisher:
            await publisher.publish_all([ticket(1), ticket(2)])
            with pytest.raises(SpoolFull, match="2 events wait"):
                await publisher.publish(ticket(3))
        gateway.otherwise = accept
        async with _publisher(gateway, tmp_path) as publisher:
            await publisher.drained()
        assert gateway.accepted == ["1", "2"]


async def test_an_event_that_the_gateway_would_refuse_is_refused_to_the_program_by_its_field(tmp_path: Path) -> None:
    async with Scripted() as gateway, _publisher(gateway, tmp_path) as publisher:
        for changes, reason, field in (
            ({"site": "999"}, "misplaced", "site"),
            ({"time": "yesterday"}, "invalid_field", "time"),
            ({"street": "5301"}, "invalid_field", "street"),
        ):
            with pytest.raises(InvalidEvent) as found:
                await publisher.publish(ticket(1, **changes))
            assert (found.value.reason, found.value.field) == (reason, field)
        assert (await publisher.held()).events == 0
        made = await publisher.publish(ticket(""))
        await publisher.drained()
        assert gateway.accepted == [made]


async def test_heartbeats_say_the_backlog_and_only_the_newest_waits(tmp_path: Path) -> None:
    async with Scripted(otherwise=status(503)) as gateway:
        async with _publisher(gateway, tmp_path) as publisher:
            await publisher.publish_all([ticket(1), ticket(2)])
            device = Device(device="DG-1", site=SITE, firmware="1.2")
            beating = asyncio.create_task(beat(publisher, device, every=0.001))

            async def has_beaten() -> bool:
                waiting = await publisher.held()
                return waiting.beats == 1 and (await publisher.publish(ticket(""))) != ""

            await _until(has_beaten)
            await _until(lambda: _is(lambda: len(gateway.batches) > 2))
            beating.cancel()
            held = await publisher.held()
            assert (held.beats, held.events) == (1, 4)
        gateway.otherwise = accept
        async with _publisher(gateway, tmp_path) as publisher:
            await publisher.drained()
        (said,) = (event["data"] for event in gateway.events if event["type"] == "device.heartbeat")
        assert (said["device"], said["kind"], said["firmware"]) == ("DG-1", "rating", "1.2")
        assert said["backlog"] in (2, 3)


async def test_a_wrong_clock_is_said_in_heartbeats_and_no_other_event_s_time_is_touched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hour = 3_600_000

    def long_ago(gateway: Scripted, request: web.Request, events: list[dict[str, Any]]) -> web.StreamResponse:
        answer = accept(gateway, request, events)
        answer.headers["Pingliu-Time"] = str(time.time_ns() // 1_000_000 - hour)
        return answer

    async with Scripted(otherwise=long_ago) as gateway, _publisher(gateway, tmp_path) as publisher:
        given = ticket(1)
        await publisher.publish(given)
        await publisher.drained()
        beating = asyncio.create_task(beat(publisher, Device(device="DG-1", site=SITE), every=60))
        await _until(lambda: _is(lambda: len(gateway.events) == 2))
        beating.cancel()
        event, heartbeat = gateway.events
        assert event["time"] == given["time"]
        assert heartbeat["data"]["clock_skew_seconds"] in (3599, 3600)
        behind = datetime.fromisoformat(given["time"]) - datetime.fromisoformat(heartbeat["time"])
        assert behind.total_seconds() > 3000
    assert "mend it" in caplog.text


@given(st.integers(-(10**7), 10**7), st.integers(0, 10**5), st.floats(0, 1))
def test_a_clock_is_never_said_to_be_further_off_than_it_is(ahead: int, took: int, when: float) -> None:
    clock, gateway_ms = Clock(), 10**12
    sent = gateway_ms - round(took * when) + ahead
    clock.learn(sent, sent + took, gateway_ms)
    assert clock.skew_ms is not None
    assert abs(clock.skew_ms) <= abs(ahead)
    assert abs(ahead - clock.skew_ms) <= took


async def test_a_signature_bears_the_gateway_s_time_though_the_device_s_clock_is_wrong(tmp_path: Path) -> None:
    # The gateway's clock is an hour behind the device's: a signature is good for five minutes there.
    def check(gateway: Scripted, request: web.Request, events: list[dict[str, Any]]) -> web.StreamResponse:
        now_ms = time.time_ns() // 1_000_000 - 3_600_000
        found = parse(request.headers["Authorization"])
        assert isinstance(found, Signed)
        assert found.device == "DG-1"
        body = b"[" + json.dumps(events[0], ensure_ascii=False, separators=(",", ":")).encode() + b"]"
        wanted = signature(signing_key(_TOKEN), "POST", "/v1/events", found.time_ms, body)
        is_right = found.signature == wanted and abs(found.time_ms - now_ms) < 300_000
        answer = accept(gateway, request, events) if is_right else web.Response(status=401)
        answer.headers["Pingliu-Time"] = str(now_ms)
        return answer

    async with (
        Scripted(otherwise=check) as gateway,
        Client(gateway.url, Signer("DG-1", lambda: _TOKEN)) as client,
    ):
        (verdict,) = await client.send([ticket(1, source=SOURCE)])
        assert verdict.verdict == "accepted"
        assert len(gateway.batches) == 2
    async with Scripted(otherwise=check) as gateway, Client(gateway.url, Signer("DG-1", lambda: "wrong")) as client:
        with pytest.raises(NotAdmitted):
            await client.send([ticket(1, source=SOURCE)])


async def test_a_token_goes_nowhere_else_and_not_in_the_clear_to_another_machine() -> None:
    async with Scripted() as other:
        elsewhere = status(307, Location=f"{other.url}/v1/events")
        async with Scripted(elsewhere) as gateway, Client(gateway.url, _TOKEN) as client:
            with pytest.raises(NoGateway):
                await client.send([ticket(1, source=SOURCE)])
        assert other.batches == []
    for url in ("http://203.0.113.1", "ftp://127.0.0.1", "gateway", "http://user:secret@127.0.0.1"):
        with pytest.raises(Unusable):
            Client(url, _TOKEN)
    Client("http://203.0.113.1", _TOKEN, insecure=True)
    Client("http://203.0.113.1", Signer("DG-1", lambda: _TOKEN))
    Client("https://203.0.113.1", _TOKEN)


async def test_what_the_gateway_asks_for_is_waited_for() -> None:
    later = format_datetime(datetime.fromtimestamp(time.time() + 90, UTC), usegmt=True)
    steps = status(503, Retry_After="7"), status(429, Retry_After=later), status(503)
    asked = []
    async with Scripted(*steps) as gateway, Client(gateway.url, _TOKEN) as client:
        for _ in steps:
            with pytest.raises(GatewayBusy) as found:
                await client.send([ticket(1, source=SOURCE)])
            asked.append(found.value.retry_after)
    assert asked[0] == 7
    assert asked[1] is not None
    assert 0 < asked[1] <= 90
    assert asked[2] is None


@given(st.integers(1, 10_000), st.one_of(st.none(), st.floats(0, 1e9)), st.floats(0, 1))
def test_waits_grow_within_their_bounds_and_are_no_shorter_than_asked(
    tries: int, asked: float | None, chance: float
) -> None:
    backoff = Backoff(first=1, most=60)
    wait = backoff.wait(tries, asked, chance)
    if asked is None:
        assert min(60, 2 ** min(tries - 1, 10)) / 2 <= wait <= 60
    else:
        assert min(asked, 3_600) <= wait <= min(asked, 3_600) + 60


def test_programs_without_asyncio_publish_and_send_as_well(tmp_path: Path) -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    gateway = Scripted(reject(lambda event: event["id"] == "2"))
    try:
        asyncio.run_coroutine_threadsafe(gateway.__aenter__(), loop).result()
        with BlockingClient(Client(gateway.url, _TOKEN)) as client:
            verdicts = client.send([ticket(1, source=SOURCE), ticket(2, source=SOURCE)])
        assert [(one.verdict, one.field) for one in verdicts] == [("accepted", ""), ("rejected", "data.level")]
        with BlockingPublisher(_publisher(gateway, tmp_path)) as publisher:
            assert publisher.publish(ticket(3)) == "3"
            with pytest.raises(SpoolTaken), BlockingPublisher(_publisher(gateway, tmp_path)):
                pass
            publisher.drained()
        assert gateway.accepted == ["1", "3"]
    finally:
        asyncio.run_coroutine_threadsafe(gateway.__aexit__(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def test_a_gateway_that_does_not_prove_itself_gets_nothing(tmp_path: Path) -> None:
    mine, other = Certificate(tmp_path / "mine"), Certificate(tmp_path / "other")
    for certificate in (mine, other):
        certificate.make()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(mine.file)
    async with Scripted(tls=tls) as gateway:
        for trusted in (None, other.ca_file):
            async with Client(gateway.url, _TOKEN, ca=trusted) as client:
                with pytest.raises(NoGateway, match="certificate"):
                    await client.send([ticket(1, source=SOURCE)])
        assert gateway.batches == []
        async with Client(gateway.url, _TOKEN, ca=mine.ca_file) as client:
            assert [one.verdict for one in await client.send([ticket(1, source=SOURCE)])] == ["accepted"]
