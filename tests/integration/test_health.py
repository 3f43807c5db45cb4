"""What a role says of itself over HTTP, to real clients on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from streams.health import AddressTaken, Health
from streams.metrics import CONTENT_TYPE, SinkMetrics

_PAGES = ("/metrics", "/healthz", "/readyz")
_FORGED = "<script>forged</script>"


@dataclass
class Role:
    """What the role under test has to say."""

    reasons: list[str] = field(default_factory=list)
    failure: str | None = None
    metrics: SinkMetrics = field(default_factory=lambda: SinkMetrics(("pingliu.events",), ("event_log",)))

    def health(self, port: int = 0, *, may_move: bool = False) -> Health:
        says = (self.metrics.expose, lambda: self.reasons, lambda: self.failure)
        return Health(*says, port=port, may_move=may_move)


@asynccontextmanager
async def _serving(role: Role) -> AsyncIterator[aiohttp.ClientSession]:
    health = role.health()
    port = await health.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            yield session
    finally:
        await health.stop()


async def _said(session: aiohttp.ClientSession, path: str) -> tuple[int, object]:
    async with session.get(path) as response:
        return response.status, await response.json()


async def test_metrics_are_told_in_the_text_format() -> None:
    role = Role()
    async with _serving(role) as session:
        role.metrics.messages.labels("pingliu.events").inc(3)
        async with session.get("/metrics") as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == CONTENT_TYPE
            assert 'pingliu_messages_total{role="sink",topic="pingliu.events"} 3.0\n' in await response.text()


async def test_a_role_that_goes_is_healthy_and_one_that_failed_is_not_and_says_why() -> None:
    role = Role()
    async with _serving(role) as session:
        assert await _said(session, "/healthz") == (200, {"healthy": True})
        assert await _said(session, "/readyz") == (200, {"ready": True, "reasons": []})
        role.failure = "the log is of another version 版本"
        assert await _said(session, "/healthz") == (503, {"healthy": False, "reason": role.failure})
        assert await _said(session, "/readyz") == (503, {"ready": False, "reasons": [role.failure]})


async def test_a_role_that_is_not_ready_is_healthy_and_says_all_it_waits_for() -> None:
    role = Role(["restoring 3 partitions", "ClickHouse is busy"])
    async with _serving(role) as session:
        assert await _said(session, "/readyz") == (503, {"ready": False, "reasons": role.reasons})
        assert await _said(session, "/healthz") == (200, {"healthy": True})
        role.reasons = []
        assert await _said(session, "/readyz") == (200, {"ready": True, "reasons": []})


@pytest.mark.parametrize("path", _PAGES)
async def test_head_is_get_without_the_body(path: str) -> None:
    async with _serving(Role(["starting"])) as session, session.get(path) as full, session.head(path) as head:
        assert (head.status, head.headers["Content-Type"]) == (full.status, full.headers["Content-Type"])
        assert await head.read() == b""


@pytest.mark.parametrize("path", ["/", "/metrics/", "/healthz/x", "/%2e%2e/etc/passwd", "/favicon.ico"])
async def test_there_are_no_other_pages(path: str) -> None:
    async with _serving(Role()) as session, session.get(path) as response:
        assert response.status == 404
        assert await response.text() == "Not Found\n"


@pytest.mark.parametrize("path", _PAGES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_nothing_but_reading_is_allowed(method: str, path: str) -> None:
    async with _serving(Role()) as session, session.request(method, path, data=b"x") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "request_head",
    [
        "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        f"GET /{_FORGED} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        f"POST /healthz?{_FORGED} HTTP/1.1\r\nHost: {_FORGED}\r\nConnection: close\r\n\r\n",
        f"{_FORGED}\r\n\r\n",
        f"GET /healthz HTTP/1.1\r\nHost: x\r\n{_FORGED}\r\n\r\n",
        f"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {_FORGED}\r\n\r\n",
    ],
    ids=["right", "unknown page", "other method", "no HTTP", "bad header", "bad length"],
)
async def test_no_answer_names_the_server_or_repeats_what_was_sent(request_head: str) -> None:
    health = Role().health()
    reader, writer = await asyncio.open_connection("127.0.0.1", await health.start())
    try:
        writer.write(request_head.encode())
        answer = await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
        await health.stop()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.")
    assert body
    assert b"server:" not in head.lower()
    assert b"aiohttp" not in answer
    assert b"forged" not in answer


async def test_a_role_that_can_not_say_how_it_is_answers_with_an_error_and_nothing_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> bytes:
        raise RuntimeError("inner matters")

    health = Health(fail, list, lambda: None)
    port = await health.start()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        assert (response.status, await response.text()) == (500, "Internal Server Error\n")
    await health.stop()
    assert "inner matters" in caplog.text


async def test_answers_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with _serving(Role()) as session, session.get("/healthz"):
        pass
    assert caplog.text == ""


async def test_a_taken_port_is_an_error_that_names_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressTaken, match=rf"127\.0\.0\.1:{port} is taken"):
            await Role().health(port).start()


async def test_a_role_that_may_move_takes_another_port_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        health = Role().health(taken, may_move=True)
        port = await health.start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            assert await _said(session, "/healthz") == (200, {"healthy": True})
        await health.stop()
    assert port != taken
    assert f"127.0.0.1:{taken} is taken; health is told at 127.0.0.1:{port}" in caplog.text


async def test_once_stopped_the_port_is_free_even_with_a_client_still_connected() -> None:
    health = Role().health()
    port = await health.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        assert (await _said(session, "/healthz"))[0] == 200
        await health.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            await _said(session, "/healthz")
    await health.stop()  # again: harmless
    again = Role().health(port)
    assert await again.start() == port
    await again.stop()
