"""A private way into the engine of a running sink, for programs of the same user: statements that write as well.

The engine lives in one process. Readers have the HTTP interface; what else works on the data (assessments, their
scratch databases) comes in here, by a Unix socket that is its owner's alone. There is no gate and no login: who may
open the socket may read and write the files beneath the engine too.

A statement's way: 1. its frame is read, 2. a thread understands it and runs it (sinks/workbench.py says within what
limits), 3. the reply is sent. A client that goes away stops its statement. Several connections are served at a time,
one statement each; inserts are not stopped, but waited for, so that they are whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, assert_never

from sinks.channel_address import socket_address
from sinks.channel_client import ChannelClient, ChannelError
from sinks.channel_frames import (
    HEAD,
    LONGEST_REPLY,
    LONGEST_REQUEST,
    Done,
    Execute,
    Failed,
    Found,
    Insert,
    Reply,
    Rows,
    decode_request,
    frame,
)
from sinks.engine import Engine, EngineError
from sinks.engine_error import UNKNOWN_EXCEPTION
from sinks.workbench import Workbench

__all__ = ["Channel", "ChannelClient", "ChannelError"]

log = logging.getLogger(__name__)

_MODE: Final = 0o600
_AT_ONCE: Final = 4
_BUFFER: Final = 1024 * 1024
_CANCEL_AGAIN_S: Final = 0.1
_STOP_WITHIN_S: Final = 10.0


class Channel:
    """Serves an engine at a path; to be started in a running event loop.

    Who starts it holds the engine, and so nobody else listens there: a socket that is found was left by a sink that was
    killed.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._bench = Workbench(engine)
        self._path = path
        self._pool = ThreadPoolExecutor(_AT_ONCE, "channel")
        self._serving: set[asyncio.Task[None]] = set()
        self._held = contextlib.ExitStack()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens, in a folder that exists. Raises OSError."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # The file gets its mode as it is made, so there is no moment in which others could come in.
            os.fchmod(listener.fileno(), _MODE)
            # Held for as long as it listens: Python looks the name up once more when it closes the socket.
            listener.bind(self._held.enter_context(socket_address(self._path)))
            self._server = await asyncio.start_unix_server(self._welcome, sock=listener, limit=_BUFFER)
        except BaseException:
            listener.close()
            self._held.close()
            raise

    async def stop(self) -> None:
        """Stops listening and what is under way; clients see the connection end. The engine stays open.

        In this order: 1. nobody comes in any more; 2. statements are stopped, within ten seconds: one that ignores
        that (a merge) is left to the engine's `close`, which waits for it; 3. the threads end.
        """
        if self._server is None:
            return
        self._server.close()  # 1.
        self._path.unlink(missing_ok=True)
        self._held.close()
        self._server = None
        for task in self._serving:  # 2.
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving, timeout=_STOP_WITHIN_S)
        self._pool.shutdown(wait=False)  # 3.

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = HEAD.unpack(await reader.readexactly(HEAD.size))  # 1.
                if length > LONGEST_REQUEST:
                    log.warning("a client of the channel sends what isn't a frame")
                    break
                reply = await self._run(reader, await reader.readexactly(length))  # 2.
                writer.write(reply)  # 3.
                await writer.drain()
        except (EOFError, ConnectionError):
            pass  # it went away
        finally:
            writer.close()

    async def _run(self, reader: asyncio.StreamReader, request: bytes) -> bytes:
        """The reply. Raises EOFError if the client goes away before; the statement has ended in any case."""
        query_id = f"channel-{uuid.uuid4().hex}"
        statement = asyncio.get_running_loop().run_in_executor(self._pool, self._answer, request, query_id)
        gone = asyncio.ensure_future(reader.read(1))  # clients say nothing before they have their reply
        try:
            await asyncio.wait({statement, gone}, return_when=asyncio.FIRST_COMPLETED)
            if statement.done():
                return statement.result()
            raise EOFError
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            await self._end(statement, query_id)

    async def _end(self, statement: asyncio.Future[bytes], query_id: str) -> None:
        """Until it has ended: it may not have begun yet."""
        while not statement.done():
            with contextlib.suppress(EngineError):
                await asyncio.to_thread(self._engine.cancel, query_id)
            await asyncio.wait({statement}, timeout=_CANCEL_AGAIN_S)

    def _answer(self, request: bytes, query_id: str) -> bytes:
        try:
            return frame(self._reply(request, query_id), LONGEST_REPLY)
        except EngineError as error:
            failed = Failed(error.code, error.name, error.message)
        except Exception as error:
            # Its text may hold values: that is for who sent them, not for a log.
            log.error("a statement of the channel's failed unforeseen: %s", type(error).__name__)
            failed = Failed(*UNKNOWN_EXCEPTION, f"{type(error).__name__}: {error}")
        return frame(failed, LONGEST_REPLY)

    def _reply(self, request: bytes, query_id: str) -> Reply:
        match decode_request(request):
            case Execute(sql):
                self._bench.execute(sql, query_id=query_id)
                return Done()
            case Insert(table, columns):
                return Done(self._bench.insert(table, columns))
            case Rows(sql):
                return Found(self._bench.lines(sql, query_id=query_id))
            case unknown:
                assert_never(unknown)
