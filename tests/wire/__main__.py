"""A modern ClickHouse server for tests: the native protocol on loopback, and behind it the engine over a data folder.

`python -m tests.wire FOLDER` prints its port as its first line, and ends with its standard input, or on SIGTERM. Its
one user is default, without a password, who may do all that the engine may.

What it doesn't have: progress, totals and extremes, external tables, cancelling, queries that go on with a session
(SET, USE, temporary tables), news of time zones, TLS. In database default, the engine takes an unknown table for a
file, and the error is 497 instead of 60.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import socketserver
import sys
import threading
from pathlib import Path
from typing import Final

from clickhouse_driver.errors import Error

from sinks.engine import Engine, EngineError
from tests.wire.blocks import Block, compressed, decompressed, read_block
from tests.wire.protocol import (
    BLOCK_INFO,
    FromClient,
    FromServer,
    Query,
    Source,
    data,
    exception,
    hello,
    read_hello,
    read_query,
    skip_block_info,
    varint,
)
from tests.wire.statements import Statements

_HOST: Final = "127.0.0.1"
_USER: Final = "default"
_CHUNK: Final = 65_536
_AUTHENTICATION_FAILED: Final = 516
_NOT_IMPLEMENTED: Final = (48, "NOT_IMPLEMENTED")


class Facade(socketserver.ThreadingTCPServer):
    """Listens on a free port, from the beginning; each client has a thread."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, engine: Engine) -> None:
        super().__init__((_HOST, 0), Client)
        self.engine = engine
        self.alone = threading.Lock()


class Client(socketserver.BaseRequestHandler):
    """One connection."""

    server: Facade
    request: socket.socket

    def setup(self) -> None:
        """Packets are small, and wait for one another."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._source = Source(lambda: self.request.recv(_CHUNK))

    def handle(self) -> None:
        """Answers until the client is gone, in the midst of an insert perhaps: then nothing of it is stored."""
        with contextlib.suppress(EOFError, ConnectionError):
            if (statements := self._greet()) is not None:
                while self._answer(statements):
                    self._source.take()

    def _greet(self) -> Statements | None:
        engine = self.server.engine
        if self._source.varint() != FromClient.HELLO:
            return None
        said = read_hello(self._source)
        if (said.user, said.password) != (_USER, ""):
            self._refuse(_AUTHENTICATION_FAILED, f"{said.user}: Authentication failed")
            return None
        major, minor, patch, *_ = map(int, engine.version.split("."))
        self.request.sendall(hello((major, minor, patch), engine.timezone))
        return Statements(engine, said.database or "default", self.server.alone)

    def _answer(self, statements: Statements) -> bool:
        """Takes one packet; False if nothing can follow it."""
        match self._source.varint():
            case FromClient.PING:
                self.request.sendall(varint(FromServer.PONG))
            case FromClient.CANCEL:
                pass  # what it was for has been answered
            case FromClient.QUERY:
                query = read_query(self._source)
                try:
                    self._run(statements, query)
                except EngineError as error:
                    self._refuse(error.code, error.message)
                except Error as error:  # a type that the driver doesn't know: where its block ends isn't known either
                    self._refuse(error.code, f"tests.wire: {error.message}")
                    return False
                else:
                    self.request.sendall(varint(FromServer.END_OF_STREAM))
            case _:
                return False
        return True

    def _run(self, statements: Statements, query: Query) -> None:
        if self._blocks(query):
            raise EngineError(*_NOT_IMPLEMENTED, "tests.wire: external tables")
        insert = statements.insert(query.sql, query.settings)
        if insert is None:
            for block in statements.answer(query.sql, query.settings):
                self._send(block, query)
            return
        self._send(insert.sample, query)
        if blocks := self._blocks(query):
            statements.store(insert, blocks, query.settings)

    def _blocks(self, query: Query) -> list[Block]:
        """All blocks up to an empty one."""
        blocks: list[Block] = []
        source = decompressed(self._source) if query.compressed else self._source
        while True:
            if self._source.varint() != FromClient.DATA:
                raise EOFError
            self._source.text()  # the external table's name
            skip_block_info(source)
            block = read_block(source)
            if not block.rows:
                return blocks
            blocks.append(block)

    def _send(self, block: Block, query: Query) -> None:
        plain = BLOCK_INFO + block.native
        self.request.sendall(data(compressed(plain) if query.compressed else plain))

    def _refuse(self, code: int, message: str) -> None:
        self.request.sendall(exception(code, message))


def main() -> None:
    """Serves the folder that is named."""
    engine = Engine(Path(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with Facade(engine) as facade:
        threading.Thread(target=facade.serve_forever, daemon=True).start()
        try:
            print(facade.server_address[1], flush=True)
            sys.stdin.buffer.read()
        finally:
            facade.shutdown()
            with facade.alone:  # what is being inserted
                engine.close()


if __name__ == "__main__":
    main()
