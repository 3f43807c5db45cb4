"""A gateway that answers as it is told: what goes wrong between a device and the real one, at will."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

Step = Callable[["Scripted", web.Request, list[dict[str, Any]]], web.StreamResponse]


class Scripted:
    """Context manager; at `url` while it is entered. Each request takes a step of `script`, at its end `otherwise`.

    `batches`: the ids of every request's events; `accepted`: those with such a verdict that was sent.
    """

    def __init__(self, *script: Step, otherwise: Step | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.script = list(script)
        self.otherwise = otherwise or accept
        self.batches: list[list[str]] = []
        self.events: list[dict[str, Any]] = []
        self.accepted: list[str] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http{'s' if self._tls else ''}://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.BaseRequest)
        events = json.loads(await request.read())
        self.batches.append([event["id"] for event in events])
        step = self.script.pop(0) if self.script else self.otherwise
        return step(self, request, events)  # type: ignore[arg-type]


def accept(gateway: Scripted, _: web.Request, events: list[dict[str, Any]]) -> web.StreamResponse:
    return _verdicts(gateway, events, lambda event: False)


def reject(is_wrong: Callable[[dict[str, Any]], bool]) -> Step:
    """Those events are rejected."""
    return lambda gateway, _, events: _verdicts(gateway, events, is_wrong)


def lose_answer(gateway: Scripted, request: web.Request, events: list[dict[str, Any]]) -> web.StreamResponse:
    """The gateway has the events, and the line breaks before its answer."""
    answer = accept(gateway, request, events)
    assert request.transport is not None
    request.transport.abort()
    return answer


def status(code: int, text: str = "", **headers: str) -> Step:
    """An answer without verdicts."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: web.Response(status=code, text=text, headers=named)


def too_many(most: int, code: int) -> Step:
    """More events than so many are refused as a whole."""

    def step(gateway: Scripted, request: web.Request, events: list[dict[str, Any]]) -> web.StreamResponse:
        return accept(gateway, request, events) if len(events) <= most else web.Response(status=code)

    return step


def _verdicts(
    gateway: Scripted, events: list[dict[str, Any]], is_wrong: Callable[[dict[str, Any]], bool]
) -> web.StreamResponse:
    verdicts = []
    for index, event in enumerate(events):
        verdict = {"index": index, "source": event["source"], "id": event["id"]}
        if is_wrong(event):
            fault = {"reason": "invalid_field", "field": "data.level", "detail": "data.level: no such level"}
            verdicts.append(verdict | {"verdict": "rejected"} | fault)
        else:
            gateway.accepted.append(event["id"])
            gateway.events.append(event)
            verdicts.append(verdict | {"verdict": "accepted"})
    return web.json_response({"verdicts": verdicts})
