"""The other end of a channel: the engine of a running sink, as if it were in this process."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from sinks.channel_address import socket_address
from sinks.channel_frames import (
    HEAD,
    LONGEST_REQUEST,
    Done,
    Execute,
    Failed,
    Found,
    Rows,
    decode_reply,
    frame,
    insert_frames,
)
from sinks.engine import decode_rows
from sinks.engine_error import EngineError
from sinks.errors import NETWORK_ERROR, SOCKET_TIMEOUT, ClickHouseError
from sinks.workbench import LIMITS

# A statement ends by its limit; what has none (an insert, waiting for others' inserts) is much shorter.
_ANSWER_SECONDS: Final = LIMITS.seconds + 60

_Reply = TypeVar("_Reply", Done, Found)


class ChannelError(ClickHouseError):
    """The way to a sink's engine failed: 209 or 210. What was asked for last may have been done, or not."""


class ChannelClient:
    """A connection to the channel at a path. Methods may be called from any thread, block, and are one at a time.

    All raise EngineError as the engine did, and ChannelError if the sink isn't there or ends meanwhile; after that, and
    once it is closed, it is no use any more: make another.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asking = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(_ANSWER_SECONDS)
            with socket_address(path) as address:
                self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            raise ChannelError(*NETWORK_ERROR, f"no sink answers at {path}: {error.strerror}") from error
        self._replies = self._socket.makefile("rb")

    def execute(self, sql: str) -> None:
        """As Workbench.execute."""
        self._ask(frame(Execute(sql), LONGEST_REQUEST), Done)

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """As Engine.insert; one of more than 64 MB is several."""
        return sum(self._ask(request, Done).rows for request in insert_frames(table, columns))

    def rows(self, sql: str) -> list[dict[str, object]]:
        """As Workbench.rows."""
        return decode_rows(self._ask(frame(Rows(sql), LONGEST_REQUEST), Found).lines)

    def close(self) -> None:
        """Ends the connection, and with it what still runs over it. A second time does nothing."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for a reply
        self._replies.close()
        self._socket.close()

    def _ask(self, request: bytes, expected: type[_Reply]) -> _Reply:
        with self._asking:
            try:
                self._socket.sendall(request)
                (length,) = HEAD.unpack(self._read(HEAD.size))
                reply = decode_reply(self._read(length))
            except BaseException as error:
                # Whatever it was (Ctrl-C too): the next reply would be that to this question.
                self.close()
                if isinstance(error, TimeoutError):
                    raise ChannelError(*SOCKET_TIMEOUT, f"the sink at {self._path} doesn't answer in time") from error
                if isinstance(error, OSError | EOFError):
                    raise ChannelError(*NETWORK_ERROR, f"the sink at {self._path} has ended meanwhile") from error
                raise
        if isinstance(reply, Failed):
            raise EngineError(reply.code, reply.name, reply.message)
        if not isinstance(reply, expected):
            raise TypeError(f"the sink at {self._path} replies {type(reply).__name__}, not {expected.__name__}")
        return reply

    def _read(self, size: int) -> bytes:
        data = self._replies.read(size)
        if len(data) < size:
            raise EOFError
        return data
