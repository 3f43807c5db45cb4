"""The gateway's HTTP server (docs/gateway.md). A request that brings events goes this way:

1. Its head is looked at: page, method, type and length of the body.
2. Who sends it: a token at once, a signature as soon as the body is there (before it, that it could be right).
3. The body is read, within its time and the room there is.
4. It is split into messages, or converted from a vendor's dialect into such.
5. They are judged.
6. Events and rejects are published, and on the broker's disk.
7. Only then the verdicts are answered.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from schemas.adapters import NAMES as ADAPTERS
from schemas.adapters import Converted, Mappings, Origin, convert
from schemas.moments import iso
from schemas.secret import Seal
from streams.gateway.admission import Admission
from streams.gateway.answering import CAREFUL, READ, allow, json_answer
from streams.gateway.connection import Server, peer_name
from streams.gateway.devices import Device, now_ms
from streams.gateway.judging import TOPIC, Judged, Submission, Terms, counts, judge, submitted
from streams.gateway.limits import Budget, Crowd, Share
from streams.gateway.messages import TYPES, TooMany, split
from streams.gateway.openapi import document
from streams.gateway.page import PAGE
from streams.gateway.problem import Problem
from streams.gateway.publishing import Busy, Publisher
from streams.gateway.settings import COUNTED_BYTES, DEFAULT_PORT, GatewaySettings
from streams.gateway.terminal_pages import TerminalPages
from streams.health import AddressTaken, Answer
from streams.metrics import GatewayMetrics
from streams.rejects import entry_of_reject

log = logging.getLogger(__name__)

TIME: Final = "Pingliu-Time"
SKEW: Final = "Pingliu-Clock-Skew"

_EVENTS: Final = "/v1/events"
_ADAPTERS: Final = "/v1/adapters/"
_SEND: Final = ("POST", "PUT")
_LONGEST_MS: Final = 15
# What is larger is judged on a thread: looking for personal data in megabytes takes a second.
_LARGE_BYTES: Final = 256 << 10
_HANDSHAKE_SECONDS: Final = 10.0
_BACKLOG: Final = 1024

Split = Callable[[bytes, Device], list[Submission]]


class Address(NamedTuple):
    """Where a gateway listens."""

    host: str
    port: int
    tls: bool


class Gateway:
    """Serves devices; to be started in a running event loop, where the publisher runs too."""

    def __init__(
        self,
        settings: GatewaySettings,
        terms: Terms,
        mappings: Mappings,
        seal: Seal,
        admission: Admission,
        publisher: Publisher,
        metrics: GatewayMetrics,
        terminals: TerminalPages | None,
    ) -> None:
        self._settings = settings
        self._terms = terms
        self._mappings = mappings
        self._seal = seal
        self._admission = admission
        self._publisher = publisher
        self._metrics = metrics
        self._terminals = terminals
        room = settings.waiting_bytes
        self._budget = Budget(room, room // 2)
        # Bodies of which nobody knows yet who signed them take no room from devices, nor all of it from each other.
        self._unsigned = Budget(room // 2, max(settings.body_bytes, room // 16))
        self._door = Crowd(settings.connections, settings.peer_connections)
        self._document = document(settings)
        self._server: Server | None = None
        self._listening: asyncio.Server | None = None
        self._busy: set[web.RequestHandler] = set()
        self._is_stopping = False
        self._quiet = asyncio.Event()

    async def start(self) -> Address:
        """Listens, and says where. Raises AddressTaken, or OSError where it can't (ssl's errors are such)."""
        settings = self._settings
        tls = _tls(settings)
        self._server = Server(
            self._answer, self._door, self._metrics, idle=settings.idle_seconds, stuck=settings.body_seconds
        )
        port = DEFAULT_PORT if settings.port is None else settings.port
        try:
            self._listening = await self._listen(self._server, port, tls)
        except AddressTaken:
            if settings.port is not None:
                raise
            self._listening = await self._listen(self._server, 0, tls)
            log.warning("gateway: %s:%d is taken; another port is used", settings.host, DEFAULT_PORT)
        host, bound = self._listening.sockets[0].getsockname()[:2]
        return Address(host, bound, tls is not None)

    async def stop(self) -> None:
        """1. Nothing more is let in. 2. What is under way is answered, within `stop_seconds`. 3. All is closed."""
        if self._server is None or self._listening is None:
            return
        self._is_stopping = True
        self._listening.close()  # 1.
        if self._terminals is not None:
            self._terminals.end()
        for connection in self._server.connections:
            if connection not in self._busy:
                connection.force_close()
        if self._busy:  # 2.
            try:
                async with asyncio.timeout(self._settings.stop_seconds):
                    await self._quiet.wait()
            except TimeoutError:
                log.warning("gateway: %d requests were not answered", len(self._busy))
        await self._server.shutdown(0.5)  # 3.

    def observe(self) -> None:
        """Has the metrics say what is so now."""
        self._metrics.connections.set(self._door.count)
        self._metrics.waiting_bytes.set(self._budget.used + self._unsigned.used)
        self._metrics.pages_waiting.set(0 if self._terminals is None else self._terminals.waiting)

    async def _listen(self, server: Server, port: int, tls: ssl.SSLContext | None) -> asyncio.Server:
        try:
            return await asyncio.get_running_loop().create_server(
                server,
                self._settings.host,
                port,
                ssl=tls,
                backlog=_BACKLOG,
                ssl_handshake_timeout=None if tls is None else _HANDSHAKE_SECONDS,
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise AddressTaken(self._settings.host, port) from error

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._busy.add(request.protocol)
        try:
            answer = await self._respond(request)
            _stamp(request, answer)
            self._metrics.requests.labels(answer.status).inc()
            if self._is_stopping:
                answer.force_close()
            return answer
        finally:
            self._busy.discard(request.protocol)
            if self._is_stopping and not self._busy:
                self._quiet.set()

    async def _respond(self, request: web.BaseRequest) -> Answer:
        try:
            return await self._route(request)
        except Problem as problem:
            if problem.limit is not None:
                self._metrics.refused.labels(problem.limit).inc()
            return problem.answer()

    async def _route(self, request: web.BaseRequest) -> Answer:
        """Step 1, as far as the page and the method go."""
        path = request.raw_path.partition("?")[0]
        if path == _EVENTS:
            allow(request, _SEND)
            kind = _content_type(request)
            return await self._receive(request, lambda body, _: self._messages(body, kind))
        if path.startswith(_ADAPTERS) and (name := path.removeprefix(_ADAPTERS)) in ADAPTERS:
            allow(request, _SEND)
            return await self._receive(request, lambda body, device: self._records(name, body, device))
        if path == "/v1/time":
            allow(request, READ)
            at_ms = now_ms()
            return json_answer({"time": iso(at_ms), "ms": at_ms})
        if path == "/v1/openapi.json":
            allow(request, READ)
            return Answer(body=self._document, content_type="application/json", headers=CAREFUL)
        if path == "/":
            allow(request, READ)
            return Answer(body=PAGE, content_type="text/html", charset="utf-8", headers=CAREFUL)
        if self._terminals is not None and (answer := await self._terminals.answer(path, request)) is not None:
            return answer
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no such page; events go to {_EVENTS}")

    async def _receive(self, request: web.BaseRequest, split_: Split) -> Answer:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "bodies are not compressed")
        if (request.content_length or 0) > self._settings.body_bytes:
            raise self._too_large()
        claimed = self._admission.claimed(request)  # 2.
        if isinstance(claimed, Device):
            room = self._budget.share(claimed.name)
        else:
            room = self._unsigned.share(peer_name(request.transport))
        with room as share:
            body = await self._read(request, share)  # 3.
            device = claimed if isinstance(claimed, Device) else self._admission.signed(request, claimed, body)
            with self._admission.at_work(device):
                return await self._take(body, device, split_)

    async def _take(self, body: bytes, device: Device, split_: Split) -> Answer:
        try:
            submissions = split_(body, device)  # 4.
        except TooMany as error:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error)) from None
        self._admission.charge(device, _cost(body, len(submissions)))
        at_ms = now_ms()
        judged = await self._judge(submissions, device, at_ms, len(body))  # 5.
        rejects = [entry_of_reject(kept.reject, TOPIC, kept.partition, self._seal, at_ms) for kept in judged.rejects]
        try:
            await self._publisher.publish([*judged.events, *rejects])  # 6.
        except Busy as busy:
            raise Problem.busy(str(busy), "broker") from None
        for verdict in judged.verdicts:
            self._metrics.events.labels(verdict.verdict, verdict.reason).inc()
        counted = counts(judged.verdicts)
        is_refused = bool(judged.verdicts) and counted["rejected"] == len(judged.verdicts)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
        return json_answer({"time": iso(at_ms), **counted, "verdicts": judged.verdicts}, status)  # 7.

    async def _judge(self, submissions: Sequence[Submission], device: Device, at_ms: int, size: int) -> Judged:
        if size > _LARGE_BYTES:
            return await asyncio.to_thread(judge, submissions, device, at_ms, self._terms)
        return judge(submissions, device, at_ms, self._terms)

    def _messages(self, body: bytes, content_type: str) -> list[Submission]:
        return [submitted(raw) for raw in split(body, content_type, self._settings.batch_events)]

    def _records(self, name: str, body: bytes, device: Device) -> list[Submission]:
        records = convert(name, body, Origin(device.street, device.site, device.window, device.source), self._mappings)
        if sum(max(1, len(record.events)) for record in records) > self._settings.batch_events:
            raise TooMany(f"at most {self._settings.batch_events} records in a request")
        return [_submission(record) for record in records]

    def _too_large(self) -> Problem:
        return Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {self._settings.body_bytes} bytes", is_last=True
        )

    async def _read(self, request: web.BaseRequest, share: Share) -> bytes:
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                if request.headers.get("Expect", "").lower() == "100-continue":
                    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    request.writer.output_size = 0
                while chunk := await request.content.readany():
                    if share.size + len(chunk) > self._settings.body_bytes:
                        raise self._too_large()
                    if not share.grow(len(chunk)):
                        raise Problem.busy("too much is under way", "waiting")
                    chunks.append(chunk)
        except TimeoutError:
            raise Problem(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time", is_last=True) from None
        except (ConnectionError, web.RequestPayloadError, HttpProcessingError):
            raise Problem(HTTPStatus.BAD_REQUEST, "the body broke off", is_last=True) from None
        return b"".join(chunks)


def _submission(record: Converted) -> Submission:
    if record.reject is not None:
        return Submission(record.raw, (), record.reject)
    return Submission(record.raw, tuple(msgspec.json.encode(event) for event in record.events))


def _cost(body: bytes, submissions: int) -> int:
    return max(1, submissions, len(body) // COUNTED_BYTES)


def _content_type(request: web.BaseRequest) -> str:
    header = request.headers.get("Content-Type", "")
    kind, _, parameters = header.partition(";")
    kind = kind.strip().lower()
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if (kind and kind not in TYPES) or (charset.startswith("charset=") and charset != "charset=utf-8"):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: one of {', '.join(TYPES)}, in UTF-8")
    return kind


def _stamp(request: web.BaseRequest, answer: web.StreamResponse) -> None:
    at_ms = now_ms()
    answer.headers[TIME] = str(at_ms)
    said = request.headers.get(TIME, "")
    if said.isascii() and said.isdigit() and len(said) <= _LONGEST_MS:
        answer.headers[SKEW] = str(int(said) - at_ms)


def _tls(settings: GatewaySettings) -> ssl.SSLContext | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A key that asks for a password would have us wait at a terminal.
    context.load_cert_chain(settings.tls_cert, settings.tls_key, password=lambda: "")
    return context
