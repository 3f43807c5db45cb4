"""ClickHouse's native protocol as a server speaks it: var-ints, texts and packets, of one revision.

The revision is that of ClickHouse 20.1: the last step of the protocol before it where the client's settings come as
texts, all of them; and before the one from which columns say how they are serialized, which FORMAT Native doesn't.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple

REVISION: Final = 54429
NO_QUERY: Final = 0
# Before every block: no overflow of GROUP BY, no bucket of a two-level aggregation.
BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"


class FromClient(IntEnum):
    """What a packet of the client's is."""

    HELLO = 0
    QUERY = 1
    DATA = 2
    CANCEL = 3
    PING = 4


class FromServer(IntEnum):
    """What a packet of the server's is."""

    HELLO = 0
    DATA = 1
    EXCEPTION = 2
    PONG = 4
    END_OF_STREAM = 5


class Hello(NamedTuple):
    """A client's greeting."""

    database: str
    user: str
    password: str


class Query(NamedTuple):
    """A statement: what it runs with, and whether blocks are compressed, both ways."""

    settings: dict[str, str]
    compressed: bool
    sql: str


class Source:
    """Bytes as they come: `more` gives some, or none at the end. All reading raises EOFError there.

    Its first four methods are what the driver's columns read themselves with.
    """

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._bytes = bytearray()
        self._position = 0

    def read(self, size: int) -> bytes:
        """So many bytes."""
        while len(self._bytes) - self._position < size:
            fresh = self._more()
            if not fresh:
                raise EOFError
            self._bytes += fresh
        start = self._position
        self._position += size
        return bytes(self._bytes[start : self._position])

    def read_one(self) -> int:
        """A byte."""
        return self.read(1)[0]

    def read_strings(self, count: int, encoding: str | None = None) -> tuple[bytes, ...]:
        """Texts with their lengths before them; not decoded, whatever the encoding."""
        return tuple(self.read(self.varint()) for _ in range(count))

    def read_fixed_strings(self, count: int, length: int, encoding: str | None = None) -> tuple[bytes, ...]:
        """Texts of one length; not decoded, whatever the encoding."""
        return tuple(self.read(length) for _ in range(count))

    def varint(self) -> int:
        """A number of seven bits a byte, the lowest first."""
        value = shift = 0
        while (byte := self.read_one()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def text(self) -> str:
        """A text with its length before it."""
        return self.read(self.varint()).decode()

    def is_at_end(self) -> bool:
        """Whether no byte is left."""
        if self._position == len(self._bytes):
            self._bytes += self._more()
        return self._position == len(self._bytes)

    def take(self) -> bytes:
        """All that was read since the last time, which is kept until then."""
        taken = bytes(self._bytes[: self._position])
        del self._bytes[: self._position]
        self._position = 0
        return taken


def read_hello(source: Source) -> Hello:
    """What follows FromClient.HELLO."""
    source.text()  # the client's name
    for _ in range(3):
        source.varint()  # its version and revision
    return Hello(source.text(), source.text(), source.text())


def read_query(source: Source) -> Query:
    """What follows FromClient.QUERY."""
    source.text()  # the query's id
    _skip_client_info(source)
    settings = {}
    while name := source.text():
        source.read_one()  # whether it is important
        settings[name] = source.text()
    source.varint()  # up to which stage; here all are
    compressed = bool(source.varint())
    return Query(settings, compressed, source.text())


def skip_block_info(source: Source) -> None:
    """What precedes a block."""
    while field := source.varint():
        source.read(1 if field == 1 else 4)


def hello(version: tuple[int, int, int], timezone: str) -> bytes:
    """The server's greeting."""
    major, minor, patch = map(varint, version)
    parts = (major, minor, varint(REVISION), text(timezone), text("tests.wire"), patch)
    return varint(FromServer.HELLO) + text("ClickHouse") + b"".join(parts)


def exception(code: int, message: str) -> bytes:
    """A refusal or failure, without a stack trace and without one that it came of."""
    parts = (text("DB::Exception"), text(f"DB::Exception: {message}"), text(""), b"\x00")
    return varint(FromServer.EXCEPTION) + struct.pack("<i", code) + b"".join(parts)


def data(block: bytes) -> bytes:
    """A block that has its BLOCK_INFO, compressed or not."""
    return varint(FromServer.DATA) + text("") + block


def varint(value: int) -> bytes:
    """A number of seven bits a byte, the lowest first."""
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def text(value: str) -> bytes:
    """A text with its length before it."""
    encoded = value.encode()
    return varint(len(encoded)) + encoded


def _skip_client_info(source: Source) -> None:
    if source.read_one() == NO_QUERY:
        return
    for _ in range(3):
        source.text()  # user, id and address of the first query
    source.read_one()  # the interface
    for _ in range(3):
        source.text()  # user, host and client
    for _ in range(3):
        source.varint()  # the client's version and revision
    source.text()  # the quota's key
    source.varint()  # the version's patch
