"""What goes through the channel: frames, each a length of four bytes and a message in msgpack."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from sinks.engine_error import TYPE_MISMATCH, EngineError

# An engine's insert of more is several parts as well (sinks/engine_arrow.py).
LONGEST_REQUEST: Final = 64 * 1024 * 1024
# Results have a limit of their own; as JSON they may be longer than that one counts.
LONGEST_REPLY: Final = 512 * 1024 * 1024

HEAD: Final = struct.Struct(">I")
_TOO_LONG: Final = (396, "TOO_MANY_ROWS_OR_BYTES")
# msgpack has moments of its own, but no days.
_DAY: Final = 1


class Execute(msgspec.Struct, frozen=True, tag=True):
    """Asks to run a statement that changes something. The reply is Done."""

    sql: str


class Insert(msgspec.Struct, frozen=True, tag=True):
    """Asks to store rows. The reply is Done."""

    table: str
    columns: dict[str, list[Any]]


class Rows(msgspec.Struct, frozen=True, tag=True):
    """Asks for a query's rows. The reply is Found."""

    sql: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """It was done, and so many rows are stored."""

    rows: int = 0


class Found(msgspec.Struct, frozen=True, tag=True):
    """Rows as JSON, an object a line. The sink makes no Python objects of them: it has events to store."""

    lines: bytes


class Failed(msgspec.Struct, frozen=True, tag=True):
    """An EngineError."""

    code: int
    name: str
    message: str


Request = Execute | Insert | Rows
Reply = Done | Found | Failed


def _day(code: int, ordinal: memoryview) -> date:
    if code != _DAY:
        raise msgspec.DecodeError(f"no such extension: {code}")
    return date.fromordinal(int.from_bytes(ordinal))


_encode = msgspec.msgpack.Encoder().encode
_decode_request: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request, ext_hook=_day)
_decode_reply: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def decode_request(body: bytes) -> Request:
    """What follows the length. Raises msgspec.MsgspecError."""
    return _decode_request.decode(body)


def decode_reply(body: bytes) -> Reply:
    """What follows the length. Raises msgspec.MsgspecError."""
    return _decode_reply.decode(body)


def frame(message: Request | Reply, longest: int) -> bytes:
    """A message with its length. Raises EngineError 396 if that is more than `longest`."""
    body = _encode(message)
    if len(body) > longest:
        raise EngineError(*_TOO_LONG, f"{len(body)} bytes at once, of at most {longest}")
    return HEAD.pack(len(body)) + body


def insert_frames(table: str, columns: Mapping[str, Sequence[object]]) -> Iterator[bytes]:
    """One Insert; several, each of a part of the rows, where one would be too long. Raises EngineError: 53 for values
    that no column holds, 396 for a row that is too long by itself.
    """
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise EngineError(*TYPE_MISMATCH, f"{table}: columns of different lengths")
    sent = {name: [_sent(value) for value in values] for name, values in columns.items()}
    yield from _parts(Insert(table, sent), lengths.pop() if lengths else 0)


def _parts(insert: Insert, rows: int) -> Iterator[bytes]:
    try:
        whole = frame(insert, LONGEST_REQUEST)
    except EngineError:
        if rows < 2:
            raise
    except (TypeError, ValueError, OverflowError) as error:
        # Without its text, which may hold the value.
        kind = type(error).__name__
        raise EngineError(*TYPE_MISMATCH, f"{insert.table}: no column holds one of the values ({kind})") from None
    else:
        yield whole
        return
    half = rows // 2
    for part, size in ((slice(half), half), (slice(half, None), rows - half)):
        yield from _parts(Insert(insert.table, {name: v[part] for name, v in insert.columns.items()}), size)


def _sent(value: object) -> object:
    """A value as msgpack carries it: a moment without a zone is UTC's, as it is for Arrow."""
    match value:
        case datetime():
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        case date():
            return msgspec.msgpack.Ext(_DAY, value.toordinal().to_bytes(4))
        case list() | tuple():
            return [_sent(item) for item in value]
        case _:
            return value
