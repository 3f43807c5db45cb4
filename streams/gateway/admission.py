"""Admission: which device a request is of, and whether it may come so fast. Raises Problem for all others."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from aiohttp import web

from schemas.secret import SecretError
from streams.gateway import credentials
from streams.gateway.connection import peer_name
from streams.gateway.credentials import Bearer, Signed
from streams.gateway.devices import Device, DeviceBook, DeviceError, Devices, now_ms
from streams.gateway.limits import Crowd, Rates
from streams.gateway.problem import Problem
from streams.gateway.settings import GatewaySettings
from streams.metrics import GatewayMetrics

log = logging.getLogger(__name__)

SIGNATURE_MS: Final = 300_000

_CHALLENGE: Final = {"WWW-Authenticate": "Bearer, Pingliu-HMAC-SHA256"}
_PEERS_KEPT: Final = 10_000
_MINUTE: Final = 60.0


class Admission:
    """Knows the devices of a book, and counts what each of them does."""

    def __init__(self, settings: GatewaySettings, book: DeviceBook, metrics: GatewayMetrics) -> None:
        self._book = book
        self._metrics = metrics
        self._rates = Rates(settings.device_rate, settings.device_burst, _PEERS_KEPT)
        self._failures = Rates(settings.peer_failures / _MINUTE, settings.peer_failures, _PEERS_KEPT)
        self._requests = Crowd(settings.connections, settings.device_requests)

    def claimed(self, request: web.BaseRequest) -> Device | Signed:
        """Whose token a request bears, or who is to have signed it."""
        headers = request.headers.getall("Authorization", [])
        found = credentials.parse(headers[0]) if len(headers) == 1 else None
        devices = self._devices()
        at_ms = now_ms()
        device: Device | None = None
        if isinstance(found, Bearer):
            device = devices.of_token(found.token_hash, at_ms)
        elif isinstance(found, Signed) and abs(at_ms - found.time_ms) <= SIGNATURE_MS:
            device = devices.by_name.get(found.device)
        if found is None or device is None:
            raise self._stranger(request)
        # Before the body is read: who sends too fast shall not keep us reading.
        _slow_down(self._rates.wait(device.name, 1, time.monotonic()))
        return device if isinstance(found, Bearer) else found

    def signed(self, request: web.BaseRequest, signed: Signed, body: bytes) -> Device:
        """Who has signed a request."""
        devices = self._devices()
        device = devices.by_name.get(signed.device)
        if device is not None:
            try:
                for key in devices.keys(device, now_ms()):
                    right = credentials.signature(key, request.method, request.raw_path, signed.time_ms, body)
                    if hmac.compare_digest(right, signed.signature):
                        return device
            except SecretError as error:
                log.error("gateway: %s", error)
                raise Problem.busy("devices can't be told apart now", "broker") from None
        raise self._stranger(request)

    def reader(self, request: web.BaseRequest) -> Device:
        """Which device asks for something, with a request that has no body."""
        claimed = self.claimed(request)
        return claimed if isinstance(claimed, Device) else self.signed(request, claimed, b"")

    @contextmanager
    def at_work(self, device: Device) -> Iterator[None]:
        """While a request of the device is under way."""
        if self._requests.enter(device.name) is not None:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests of this device at a time", wait=1, limit="requests"
            )
        try:
            yield
        finally:
            self._requests.leave(device.name)

    def charge(self, device: Device, cost: int) -> None:
        """Counts what a device does, as so many events."""
        _slow_down(self._rates.take(device.name, cost, time.monotonic()))

    def _devices(self) -> Devices:
        try:
            devices = self._book.devices()
        except DeviceError as error:
            log.error("gateway: %s", error)
            raise Problem.busy("devices can't be told apart now", "broker") from None
        self._metrics.devices.set(len(devices.by_name))
        return devices

    def _stranger(self, request: web.BaseRequest) -> Problem:
        """Right credentials are never held up by wrong ones from the same address."""
        wait = self._failures.take(peer_name(request.transport), 1, time.monotonic())
        if wait:
            return Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many wrong credentials from this address",
                wait=wait,
                limit="failures",
            )
        return Problem(
            HTTPStatus.UNAUTHORIZED,
            "no credentials, or they are not right (any more); where requests are signed, the clock may be wrong",
            headers=_CHALLENGE,
        )


def _slow_down(wait: float) -> None:
    if wait:
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "this device sends too fast", wait=wait, limit="rate")
