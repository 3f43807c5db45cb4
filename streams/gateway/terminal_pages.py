"""Serves terminals' pages: their files to anybody, what is to be rated to the window's device.

A page asks again and again, and each answer waits until there is something new: hundreds of pages cost little, and know
of a change at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import web

from streams.gateway.admission import Admission
from streams.gateway.answering import READ, allow, json_answer
from streams.gateway.devices import Device, now_ms
from streams.gateway.problem import Problem
from streams.gateway.terminal import Offer, Spot, Station, offered, spot_of, station
from streams.gateway.terminal_files import load_files
from streams.health import Answer
from streams.live_view import LiveView

STATION: Final = "/v1/terminal"
# A page that went away is noticed this soon, and a service that nobody rates any more.
_LOOK_SECONDS: Final = 2.0
# At the gateway's start, what is so now is read from the beginning.
_START_SECONDS: Final = 5.0


class TerminalPages:
    """The pages `/terminal…` and `/v1/terminal`. `spots`: the registry's windows; `patience`: of an answer, seconds."""

    def __init__(self, view: LiveView, spots: Mapping[str, Spot], admission: Admission, patience: float) -> None:
        self._view = view
        self._spots = spots
        self._admission = admission
        self._patience = patience
        self._files = load_files()
        self._waiting: set[asyncio.Timeout] = set()
        self._is_ending = False

    @property
    def waiting(self) -> int:
        """How many requests wait for something new."""
        return len(self._waiting)

    def end(self) -> None:
        """Whoever waits is answered now."""
        self._is_ending = True
        for waiting in self._waiting:
            if not waiting.expired():
                waiting.reschedule(0)

    async def answer(self, path: str, request: web.BaseRequest) -> Answer | None:
        """The answer; None where the path is no page of ours. Raises Problem."""
        if (file := self._files.get(path)) is not None:
            allow(request, READ)
            return file.answer(request)
        if path != STATION:
            return None
        allow(request, READ)
        device = self._admission.reader(request)
        self._admission.charge(device, 1)
        code, spot = self._spot(device, request.query.get("window", ""))
        with self._admission.at_work(device):
            said = await self._said(request, device, code, spot)
        answer = json_answer(said)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _spot(self, device: Device, asked: str) -> tuple[str, Spot]:
        code = asked or device.window
        if not code:
            raise Problem(HTTPStatus.BAD_REQUEST, "window: this device is bound to none, so say which: ?window=CODE")
        known = self._spots.get(code)
        spot = spot_of(device, code, code if known is None else known.name, known)
        if spot is None:
            raise Problem(HTTPStatus.FORBIDDEN, "window: it is not this device's")
        return code, spot

    async def _said(self, request: web.BaseRequest, device: Device, code: str, spot: Spot) -> Station:
        """What the page is told: at once where that isn't what it has seen, else as soon as it changes."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        seen = request.query.get("seen", "")
        if not self._view.is_complete:
            await self._wait("", self._view.version(), _START_SECONDS)
        while True:
            version = self._view.version(spot.street)
            said = station(device, code, spot, self._offer(device, code, spot.street))
            left = deadline - loop.time()
            # Nobody tells a handler that its client is gone.
            if said.seen != seen or left <= 0 or self._is_ending or request.transport is None:
                return said
            await self._wait(spot.street, version, min(left, _LOOK_SECONDS))

    def _offer(self, device: Device, code: str, street: str) -> Offer:
        if self._view.is_away:
            return Offer("free")
        return offered(self._view.streets.get(street), self._view.window(code), device.source, now_ms())

    async def _wait(self, street: str, version: int, seconds: float) -> None:
        waiting = asyncio.timeout(seconds)
        with contextlib.suppress(TimeoutError):
            async with waiting:
                self._waiting.add(waiting)
                try:
                    await self._view.changed(version, street)
                finally:
                    self._waiting.discard(waiting)
