"""The live board as a process: over the log of a folder, or over Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib.util
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.board.settings import DEFAULT_PORT, BoardSettings
from deploy.mistake import Mistake
from schemas.registry import Registry
from schemas.rules import load_rules
from streams.gateway.settings import is_loopback
from streams.health import AddressTaken, Health
from streams.live_view import LiveView, live_view
from streams.metrics import BoardMetrics
from streams.settings import Settings
from streams.vitals import health_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from deploy.board.names import Names
    from deploy.board.screens import Screens

log = logging.getLogger(__name__)

_BACKLOG: Final = 256
_STOP_SECONDS: Final = 3
# A browser says but that it is there.
_SOCKET_BYTES: Final = 1 << 16


def is_installed() -> bool:
    """Whether NiceGUI is."""
    return importlib.util.find_spec("nicegui") is not None


def check_extra() -> None:
    """Raises Mistake where NiceGUI isn't installed."""
    if not is_installed():
        raise Mistake("the live board needs NiceGUI: install pingliu with its extra, pingliu[board]")


async def show(
    settings: Settings,
    board: BoardSettings,
    district: Path,
    announce: Callable[[str, int, bool], None],
    withdraw: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Runs until `stop`; raises what broke it, and AddressTaken. In this order:

    1. The registry and the rules are read, and the live topics are followed.
    2. Health is told.
    3. The pages are served, and `announce` says where: host, port, and whether by TLS.
    4. At the end, all of this the other way round.
    """
    # Where it would keep what users tell it: nobody tells it anything.
    os.environ["NICEGUI_STORAGE_PATH"] = str(settings.scratch / "board")
    from deploy.board.names import Names
    from deploy.board.screens import Screens
    from deploy.board.state import State

    metrics = BoardMetrics()
    names = Names(Registry.load(district))
    view = live_view(settings)
    good_levels = frozenset(load_rules(settings.rules).rating.good_levels)
    state = State(view, good_levels, board.street_quiet_seconds * 1000)
    screens = Screens(view, state, names, board.quiet_seconds * 1000, metrics)
    async with AsyncExitStack() as held:
        following = await held.enter_async_context(_running(view.run()))  # 1.
        health = _health(settings, metrics, view, screens)
        port = await health.start()  # 2.
        held.push_async_callback(health.stop)
        log.info("board: /metrics, /healthz and /readyz at port %d", port)
        listening = held.enter_context(_listening(board))
        telling = await held.enter_async_context(_running(screens.run()))
        serving = await held.enter_async_context(_serving(_guarded(screens, names, board), listening, board))  # 3.
        host, bound = listening.getsockname()[:2]
        log.info("board: listening at %s:%d%s", host, bound, " with TLS" if board.tls_cert else "")
        announce(host, bound, board.tls_cert is not None)
        held.callback(withdraw)
        stopping = await held.enter_async_context(_running(_until(stop)))
        await asyncio.wait((stopping, following, telling, serving), return_when=asyncio.FIRST_COMPLETED)
        for task in (following, telling, serving):
            if task.done():
                log.error("board: broken; it stops and must be started again", exc_info=task.exception())
                await task


def _guarded(screens: Screens, names: Names, board: BoardSettings) -> ASGIApp:
    from starlette.middleware.gzip import GZipMiddleware

    from deploy.board.guard import Guard
    from deploy.board.pages import application
    from deploy.board.password import Password

    password = None
    if board.password is not None:
        password = Password(board.password.get_secret_value(), is_tls=board.tls_cert is not None)
    guarded = Guard(application(screens, names), password)
    # On one machine packing costs more than it spares.
    return guarded if is_loopback(board.host) else GZipMiddleware(guarded)


@contextmanager
def _listening(board: BoardSettings) -> Iterator[socket.socket]:
    """The socket of the pages. Raises AddressTaken."""
    port = DEFAULT_PORT if board.port is None else board.port
    try:
        listening = _listen(board.host, port)
    except AddressTaken:
        if board.port is not None:
            raise
        listening = _listen(board.host, 0)
        log.warning("board: %s:%d is taken; another port is used", board.host, DEFAULT_PORT)
    with listening:
        yield listening


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise AddressTaken(host, port) from error
    # Connections inherit it. Else head and body, sent one after the other, wait 40 ms for each other's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


@asynccontextmanager
async def _serving(app: ASGIApp, listening: socket.socket, board: BoardSettings) -> AsyncIterator[asyncio.Task[None]]:
    import uvicorn

    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # it says each connection, with its query

    class Server(uvicorn.Server):
        """Leaves signals to the role."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    started = asyncio.Event()
    server = Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="websockets-sansio",
            ws_max_size=_SOCKET_BYTES,
            limit_concurrency=board.clients,
            timeout_graceful_shutdown=_STOP_SECONDS,
            ssl_certfile=board.tls_cert,
            ssl_keyfile=None if board.tls_key is None else str(board.tls_key),
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    task.add_done_callback(lambda _: started.set())
    try:
        await started.wait()
        yield task
    finally:
        server.should_exit = True
        with contextlib.suppress(Exception):  # what broke it was said already
            await task


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Work beside others, ended with the block; what it raised meanwhile is its watcher's affair."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


def _health(settings: Settings, metrics: BoardMetrics, view: LiveView, screens: Screens) -> Health:
    def unready() -> list[str]:
        reasons = []
        if view.is_away:
            reasons.append("the broker is busy or away")
        if not view.is_complete:
            reasons.append("what is so now was not read yet")
        return reasons

    def expose() -> bytes:
        metrics.clients.set(screens.count)
        metrics.age.set(max(0.0, time.time() - view.newest_ms / 1000) if view.newest_ms else 0.0)
        metrics.ready.set(not unready())
        return metrics.expose()

    return health_of("board", settings, expose, unready)
