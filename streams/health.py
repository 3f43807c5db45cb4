"""What a role says of itself over HTTP: `/metrics`, `/healthz` (is it alive?) and `/readyz` (does it do its work?).

It runs in the role's own event loop, so that an answer proves that the loop turns. It reads only, and tells nothing of
what was asked back: whoever reaches the port may ask.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from streams.metrics import CONTENT_TYPE

log = logging.getLogger(__name__)

_METHODS: Final = ("GET", "HEAD")
_STOP_WITHIN_S: Final = 1.0


class AddressTaken(OSError):  # noqa: N818 - it says what is the case, as the log's do
    """Another process listens at the address."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"{host}:{port} is taken: another process listens there")


class Health:
    """Serves a role's health; to be started in the role's event loop, which also calls the three functions.

    `metrics`: in Prometheus' text format. `unready`: reasons why the role is not ready, none where it is.
    `failure`: what broke the role, for people, without personal data; None while it goes.
    `may_move`: where the port is taken, any free one does.
    """

    def __init__(
        self,
        metrics: Callable[[], bytes],
        unready: Callable[[], list[str]],
        failure: Callable[[], str | None],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        may_move: bool = False,
    ) -> None:
        self._metrics = metrics
        self._unready = unready
        self._failure = failure
        self._host = host
        self._port = port
        self._may_move = may_move
        self._pages = {"/metrics": self._say_metrics, "/healthz": self._say_health, "/readyz": self._say_ready}
        self._runner: web.ServerRunner | None = None

    async def start(self) -> int:
        """Listens, and returns the port (port 0: any that is free). Raises AddressTaken, or OSError where it can't."""
        self._runner = web.ServerRunner(_Server(self._answer), shutdown_timeout=_STOP_WITHIN_S)
        await self._runner.setup()
        try:
            await self._listen(self._runner)
        except OSError:
            await self.stop()
            raise
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stops listening; harmless where nothing does."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _listen(self, runner: web.ServerRunner) -> None:
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            if not self._may_move:
                raise AddressTaken(self._host, self._port) from error
            await web.TCPSite(runner, self._host, 0).start()
            log.warning("%s:%d is taken; health is told at %s:%d", self._host, self._port, *runner.addresses[0][:2])

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        page = self._pages.get(request.path)
        if page is None:
            return _plain(HTTPStatus.NOT_FOUND)
        if request.method not in _METHODS:
            answer = _plain(HTTPStatus.METHOD_NOT_ALLOWED)
            answer.headers["Allow"] = ", ".join(_METHODS)
            return answer
        return page()

    def _say_metrics(self) -> web.Response:
        return Answer(body=self._metrics(), headers={"Content-Type": CONTENT_TYPE})

    def _say_health(self) -> web.Response:
        failure = self._failure()
        return _json(failure is None, {"healthy": failure is None} | ({"reason": failure} if failure else {}))

    def _say_ready(self) -> web.Response:
        failure = self._failure()
        reasons = self._unready() if failure is None else [failure, *self._unready()]
        return _json(not reasons, {"ready": not reasons, "reasons": reasons})


class Answer(web.Response):
    """An answer that doesn't say what served it. The method is aiohttp's own affair; a test tells when it goes."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop("Server", None)


class _Connection(web.RequestHandler):
    """A connection whose errors, those of requests that are no HTTP too, are answered without what was sent."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("health can't be told", exc_info=exc)
        answer = _plain(HTTPStatus(status))
        answer.force_close()
        return answer


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        # None is how aiohttp's own runners turn the log off, whatever the type says.
        return _Connection(self, loop=asyncio.get_running_loop(), access_log=None)  # type: ignore[arg-type]


def _plain(status: HTTPStatus) -> web.Response:
    return Answer(status=status, text=f"{status.phrase}\n")


def _json(is_well: bool, body: dict[str, object]) -> web.Response:
    status = HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status=status, text=json.dumps(body, ensure_ascii=False) + "\n", content_type="application/json")
