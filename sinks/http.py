"""ClickHouse's HTTP interface over the embedded engine: for readers, on loopback, with the clients they know.

A question's way: 1. host and origin, 2. the request is read, 3. the engine's parser brings the SQL into its own form,
4. the gate passes that form, 5. the engine runs it on a read-only connection, 6. the answer is compressed and sent.
Steps 3 to 6 are taken in a thread. A client that goes away stops its query.

There is no login: whoever may open a connection to this machine's loopback may read. A web page may not: a request
whose Host is another name (DNS rebinding) or whose Origin is another page is refused, and there are no CORS headers.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp import web

from sinks.engine import Engine, EngineError, QueryLimits
from sinks.engine_error import BAD_ARGUMENTS, READONLY
from sinks.gate import Refused, check_name, inspect
from sinks.http_formats import compressed, content_type, encoding
from sinks.http_protocol import (
    ACCESS_DENIED,
    NOT_IMPLEMENTED,
    QUERY_IS_TOO_LARGE,
    SAME_ID,
    TOO_MANY_QUERIES,
    UNKNOWN_FORMAT,
    Answer,
    Question,
    failure,
    question,
    shown_settings,
    summary,
)

_NAME: Final = "pingliu"
_LONGEST_BODY: Final = 1024 * 1024
# Some clients put the statement into the URL.
_LONGEST_LINE: Final = 256 * 1024
_INSERT: Final = re.compile(rb"\s*insert\b", re.IGNORECASE)
_LZ4: Final = b"\x04\x22\x4d\x18"
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")
_CANCEL_AGAIN_S: Final = 0.1
_STOP_WITHIN_S: Final = 2.0


class HttpInterface:
    """Serves an engine to readers; to be started in a running event loop.

    `at_once` queries run at the same time; one more is told so (503, code 202). `limits` hold for each.
    """

    def __init__(
        self,
        engine: Engine,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        at_once: int = 8,
        limits: QueryLimits | None = None,
    ) -> None:
        self._engine = engine
        self._host = host
        self._port = port
        self._at_once = at_once
        self._limits = limits or QueryLimits()
        self._known: frozenset[str] = frozenset()
        self._running: dict[asyncio.Future[Answer], str] = {}
        self._pool = ThreadPoolExecutor(at_once, "http-query")
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listens, and returns the port. Raises OSError if it is taken."""
        self._known = await asyncio.to_thread(self._engine.setting_names)
        app = web.Application(client_max_size=_LONGEST_BODY, middlewares=[self._guard])
        app.router.add_get("/ping", self._ping)
        app.router.add_get("/", self._ask)
        app.router.add_post("/", self._ask)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_STOP_WITHIN_S,
            max_line_size=_LONGEST_LINE,
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self.stop()
            raise
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stops listening and what still runs. The engine stays open."""
        if self._runner is None:
            return
        await asyncio.gather(*(self._cancel(future, query_id) for future, query_id in list(self._running.items())))
        await self._runner.cleanup()
        self._runner = None
        await asyncio.to_thread(self._pool.shutdown)

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            self._check_caller(request)  # 1.
            return await handler(request)
        except EngineError as error:
            return self._response(failure(error, self._engine.version))
        except web.HTTPRequestEntityTooLarge:
            too_large = EngineError(*QUERY_IS_TOO_LARGE, f"a request is at most {_LONGEST_BODY} bytes")
            return self._response(failure(too_large, self._engine.version))
        except web.HTTPNotFound:
            return web.Response(status=404, text=f"There is no handle {request.path}\n\nUse / or /ping\n")

    def _check_caller(self, request: web.Request) -> None:
        host = request.headers.get("Host", "").lower()
        if _is_loopback(self._host) and host.rpartition(":")[0] not in _LOCAL and host not in _LOCAL:
            raise EngineError(*ACCESS_DENIED, f"host {host!r} isn't served, only {', '.join(_LOCAL)}")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{host}":
            raise EngineError(*ACCESS_DENIED, "other pages may not read here")
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise EngineError(*ACCESS_DENIED, "other pages may not read here")

    async def _ping(self, _request: web.Request) -> web.Response:
        return web.Response(text="Ok.\n")

    async def _ask(self, request: web.Request) -> web.Response:
        asked = await self._question(request)  # 2.
        if not asked.sql.strip():
            if request.method == "POST":
                raise EngineError(*BAD_ARGUMENTS, "there is no query")
            return web.Response(text="Ok.\n")
        if asked.query_id in self._running.values():
            raise EngineError(*SAME_ID, f"Query with id = {asked.query_id} is already running")
        if len(self._running) >= self._at_once:
            raise EngineError(*TOO_MANY_QUERIES, f"Too many simultaneous queries. Maximum: {self._at_once}")
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._answer, asked)
        self._running[future] = asked.query_id
        future.add_done_callback(lambda done: self._running.pop(done, None))
        try:
            answer = await asyncio.shield(future)
        except asyncio.CancelledError:  # the client went away
            if not future.done():
                await asyncio.shield(self._cancel(future, asked.query_id))
            raise
        return self._response(answer)

    async def _question(self, request: web.Request) -> Question:
        arguments = dict(request.query)
        body = ""
        try:
            if request.content_type == "multipart/form-data":
                for name, value in (await request.post()).items():
                    if not isinstance(value, str):
                        raise EngineError(*NOT_IMPLEMENTED, "external tables are not served")
                    arguments[name] = value
            else:
                raw = await request.read()
                # What is inserted may be no text, and packed as only inserts are.
                if _INSERT.match(arguments.get("query", "").encode() or raw) or raw.startswith(_LZ4):
                    raise EngineError(*READONLY, "Cannot execute query in readonly mode")
                body = raw.decode()
        except UnicodeDecodeError:
            raise EngineError(*BAD_ARGUMENTS, "a query is UTF-8") from None
        except ValueError as error:
            raise EngineError(*BAD_ARGUMENTS, f"not understood: {error}") from None
        accepted = encoding(request.headers.get("Accept-Encoding", ""))
        return question(arguments, request.headers, body, accepted, self._known)

    def _answer(self, asked: Question) -> Answer:
        headers = {"X-ClickHouse-Query-Id": asked.query_id}
        try:
            sql = self._engine.normal_form(asked.sql)  # 3.
            statement = inspect(sql)  # 4.
            for name in statement.identifiers & asked.params.keys():
                check_name(asked.params[name])
            fmt = statement.format or asked.fmt
            kind = content_type(fmt)
            if kind is None:
                raise EngineError(*UNKNOWN_FORMAT, f"Unknown format {fmt}")
            result = self._engine.query(  # 5.
                shown_settings(sql, self._known),
                fmt=fmt,
                # Clients call the database default where they mean none in particular.
                database=asked.database if asked.database not in ("", "default") else None,
                # A SETTINGS clause is granted if its values are in force already.
                settings={**asked.settings, **statement.settings},
                params=asked.params,
                limits=self._limits,
                query_id=asked.query_id,
            )
            body = compressed(result.data, asked.encoding)  # 6.
        except Refused as refused:
            answer = failure(EngineError(*ACCESS_DENIED, str(refused)), self._engine.version)
        except EngineError as error:
            answer = failure(error, self._engine.version)
        else:
            headers |= {"Content-Type": kind, "X-ClickHouse-Format": fmt, "X-ClickHouse-Summary": summary(result)}
            if asked.encoding:
                headers["Content-Encoding"] = asked.encoding
            return Answer(body, headers)
        return Answer(answer.body, headers | answer.headers, answer.status)

    async def _cancel(self, future: asyncio.Future[Answer], query_id: str) -> None:
        """Until it has ended: it may not have begun yet."""
        while not future.done():
            with contextlib.suppress(EngineError):  # the engine, being closed, stops it itself
                await asyncio.to_thread(self._engine.cancel, query_id)
            await asyncio.wait([future], timeout=_CANCEL_AGAIN_S)

    def _response(self, answer: Answer) -> web.Response:
        headers = {
            "X-ClickHouse-Server-Display-Name": _NAME,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-Content-Type-Options": "nosniff",
            **answer.headers,
        }
        return web.Response(body=answer.body, status=answer.status, headers=headers)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
