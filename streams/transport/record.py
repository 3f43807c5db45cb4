"""Records and how a batch of them is stored: one msgpack array, compressed by zstandard.

A batch and not a record is the unit of storage: events compress well together, and a row has its price.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import zstandard

# Enough for zstandard to find what events have in common, and few enough that reading a slice of one wastes little.
BATCH_RECORDS = 1_000
# A batch is decoded whole, so this is what one read may cost at the least; a single larger record is a batch alone.
BATCH_BYTES = 4 << 20
# Level 1: three to four times smaller for events, at a tenth of the cost of writing them.
_LEVEL = 1


# As Kafka's clients give them: names with bytes, in order.
Headers = tuple[tuple[str, bytes], ...]


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a partition holds at one offset. A `value` of None is a tombstone: in a compacted topic it removes `key`."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Entry(NamedTuple):
    """A record to append; the log gives it its offset."""

    topic: str
    partition: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Packed(NamedTuple):
    """A batch as it is stored: the offsets it spans, how many records, and their bytes."""

    first_offset: int
    last_offset: int
    records: int
    blob: bytes


# A row is a Record or a tuple of its fields, headers left out where there are none: tuples are cheaper to make.
Row = Record | tuple[int, int, bytes | None, bytes | None] | tuple[int, int, bytes | None, bytes | None, Headers]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Record]).decode


class _Zstandard(threading.local):
    # The library's objects may not be shared among threads.
    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstandard = _Zstandard()


def pack(rows: Sequence[Row]) -> Iterator[Packed]:
    """Rows in offset order as batches of at most `BATCH_RECORDS` and about `BATCH_BYTES`."""
    for start in range(0, len(rows), BATCH_RECORDS):
        yield from _pack(rows[start : start + BATCH_RECORDS])


def _pack(rows: Sequence[Row]) -> Iterator[Packed]:
    encoded = _encode(rows)
    if len(encoded) > BATCH_BYTES and len(rows) > 1:
        middle = len(rows) // 2
        yield from _pack(rows[:middle])
        yield from _pack(rows[middle:])
        return
    yield Packed(_offset(rows[0]), _offset(rows[-1]), len(rows), _zstandard.compress(encoded))


def _offset(row: Row) -> int:
    return row.offset if isinstance(row, Record) else row[0]


def unpack(blob: bytes) -> list[Record]:
    """The records of a stored batch."""
    return _decode(_zstandard.decompress(blob))
