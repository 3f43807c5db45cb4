"""A connection: counted when it comes, closed when it dawdles, its errors answered without what was sent."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web

from streams.gateway.limits import Crowd, Limit, peer_of
from streams.gateway.problem import CONTENT_TYPE, Problem
from streams.metrics import GatewayMetrics

log = logging.getLogger(__name__)

# A rest of a body that nobody wants is read for so long, so that its sender hears why.
_LINGER_SECONDS: Final = 2.0
_FULL: Final[dict[str, Limit]] = {"all": "connections", "each": "peer"}


class Server(web.Server):
    """Makes connections. `idle`: seconds until a head must be there; `stuck`: until an answer must be taken."""

    def __init__(self, handler: Any, door: Crowd, metrics: GatewayMetrics, *, idle: float, stuck: float) -> None:
        super().__init__(handler)
        self.door = door
        self.metrics = metrics
        self.stuck_seconds = stuck
        self._idle = idle

    def __call__(self) -> web.RequestHandler:
        return Connection(
            self,
            loop=asyncio.get_running_loop(),
            # None is how aiohttp's own runners turn the log off, whatever the type says.
            access_log=None,
            keepalive_timeout=self._idle,
            lingering_time=_LINGER_SECONDS,
            # Packed bodies are not taken: a small one may hold gigabytes.
            auto_decompress=False,
        )


class Connection(web.RequestHandler):
    """One client's."""

    __slots__ = ("_peer", "_server", "_stuck")

    def __init__(self, server: Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._peer: str | None = None
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Lets it in if there is room."""
        peer = peer_name(transport)
        full = self._server.door.enter(peer)
        if full is None:
            self._peer = peer
            super().connection_made(transport)
            return
        self._server.metrics.refused.labels(_FULL[full]).inc()
        sending = cast(asyncio.Transport, transport)
        sending.write(_too_many())
        sending.close()
        self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Makes room."""
        if self._peer is not None:
            self._server.door.leave(self._peer)
            self._peer = None
        if self._stuck is not None:
            self._stuck.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes nothing more: it may do so for a while."""
        super().pause_writing()
        if self.transport is not None:
            loop = asyncio.get_running_loop()
            self._stuck = loop.call_later(self._server.stuck_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It takes again."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Requests that are no HTTP, and what is our own fault."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("gateway: a request could not be answered", exc_info=exc)
            problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of the gateway's own", is_last=True)
        else:
            problem = Problem(HTTPStatus(status), "this is not HTTP as it should be", is_last=True)
        self._server.metrics.requests.labels(status).inc()
        return problem.answer()


def peer_name(transport: asyncio.BaseTransport | None) -> str:
    """Whom limits count a connection for."""
    name = transport.get_extra_info("peername") if transport is not None else None
    return peer_of(str(name[0])) if name else ""


def _too_many() -> bytes:
    body = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections").body()
    head = (
        # Refresh: a tablet that is started with all the others shall not stand there until somebody comes.
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nRefresh: 5\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
