"""Where programs on this machine hand in events: over HTTP on loopback, as they would to the gateway.

`accepted` means here that an event is on this machine's disk. Nobody logs in: who may use the machine may hand in. A
page in a browser may not, whatever site it is of, for it is not the machine's user who speaks then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from schemas.moments import SHANGHAI
from streams.agent.client import MOST_BYTES, MOST_EVENTS
from streams.agent.errors import InvalidEvent, SpoolFull, Unusable
from streams.agent.event import Draft, draft_from
from streams.agent.publisher import Publisher
from streams.gateway.messages import TYPES, TooMany, split
from streams.gateway.settings import is_loopback

_RETRY_AFTER: Final = "30"
_STOP_WITHIN_S: Final = 5.0


class Listener:
    """Serves a publisher's spool. Raises Unusable for a host that isn't this machine's alone."""

    def __init__(self, publisher: Publisher, host: str, port: int) -> None:
        if not is_loopback(host):
            raise Unusable(f"{host}: an agent listens on loopback only, such as 127.0.0.1")
        self._publisher = publisher
        self._host = host
        self._port = port
        app = web.Application(client_max_size=MOST_BYTES, middlewares=[self._answer])
        for method in ("POST", "PUT"):
            app.router.add_route(method, "/v1/events", self._take)
        app.router.add_get("/v1/time", self._say_time)
        app.router.add_get("/v1/status", self._say_status)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_WITHIN_S)

    async def start(self) -> tuple[str, int]:
        """Listens, and returns where (port 0: any that is free). Raises OSError where it can't."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        host, port = self._runner.addresses[0][:2]
        return host, port

    async def stop(self) -> None:
        """Answers what is under way, and listens no more."""
        await self._runner.cleanup()

    @web.middleware
    async def _answer(self, request: web.Request, handler: Any) -> web.StreamResponse:
        response: web.StreamResponse
        try:
            if "Origin" in request.headers or not is_loopback(request.url.host or ""):
                raise web.HTTPForbidden(text="pages of browsers hand in nothing here")
            response = await handler(request)
        except web.HTTPException as error:
            response = _problem(HTTPStatus(error.status), error.text or error.reason)
            if allowed := error.headers.get("Allow"):
                response.headers["Allow"] = allowed
        response.headers["Pingliu-Time"] = str(self._now_ms())
        return response

    async def _take(self, request: web.Request) -> web.Response:
        messages = _split(await request.read(), request.headers.get("Content-Type", ""))
        drafts: dict[tuple[str, str], Draft] = {}
        verdicts = [_judge(index, message, drafts) for index, message in enumerate(messages)]
        try:
            await self._publisher.put(list(drafts.values()))
        except SpoolFull as error:
            answer = _problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
            answer.headers["Retry-After"] = _RETRY_AFTER
            return answer
        count = {
            name: sum(verdict["verdict"] == name for verdict in verdicts)
            for name in ("accepted", "duplicate", "rejected")
        }
        status = HTTPStatus.OK if count["rejected"] < len(messages) else HTTPStatus.UNPROCESSABLE_ENTITY
        return _json(status, {"time": self._now(), **count, "verdicts": verdicts})

    async def _say_time(self, _: web.Request) -> web.Response:
        return _json(HTTPStatus.OK, {"time": self._now(), "ms": self._now_ms()})

    async def _say_status(self, _: web.Request) -> web.Response:
        held, skew_ms = await self._publisher.held(), self._publisher.clock.skew_ms
        return _json(HTTPStatus.OK, {**held._asdict(), "clock_skew_ms": skew_ms, "problem": self._publisher.problem})

    def _now_ms(self) -> int:
        """The gateway's time as far as it is known."""
        return self._publisher.clock.corrected(time.time_ns() // 1_000_000)

    def _now(self) -> str:
        return (
            datetime.fromtimestamp(self._now_ms() / 1000, UTC).astimezone(SHANGHAI).isoformat(timespec="milliseconds")
        )


def _judge(index: int, message: bytes, drafts: dict[tuple[str, str], Draft]) -> dict[str, Any]:
    """The verdict on a message; an event to be stored joins `drafts`, by its name."""
    try:
        draft = draft_from(message)
    except InvalidEvent as error:
        fault = {"reason": error.reason, "field": error.field, "detail": str(error)}
        return {"index": index, "verdict": "rejected", "source": None, "id": None, **fault}
    name = draft.source, draft.id
    verdict = "accepted" if drafts.setdefault(name, draft) is draft else "duplicate"
    return {"index": index, "verdict": verdict, "source": draft.source, "id": draft.id}


def _split(body: bytes, content_type: str) -> list[bytes]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in ("", *TYPES):
        raise web.HTTPUnsupportedMediaType(text=f"one of {', '.join(TYPES)} is expected")
    try:
        return split(body, kind, MOST_EVENTS)
    except TooMany as error:
        raise web.HTTPRequestEntityTooLarge(MOST_EVENTS, MOST_EVENTS, text=str(error)) from error


def _problem(status: HTTPStatus, detail: str) -> web.Response:
    """RFC 9457."""
    said = {"title": status.phrase, "status": status, "detail": detail}
    return _json(status, said, "application/problem+json")


def _json(status: HTTPStatus, said: Mapping[str, Any], content_type: str = "application/json") -> web.Response:
    text = json.dumps(said, ensure_ascii=False) + "\n"
    return web.Response(status=status, text=text, content_type=content_type)
