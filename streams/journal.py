"""A journal: what one lane's owner writes on a compacted topic, such that a former owner can't spoil it.

Whoever takes a lane over announces itself with a token of its own, then reads all there is. A record counts only if it
bears the token announced last before it, in log order. So what a worker writes that was taken for dead, and doesn't
know it yet, counts for nobody; and since every token has keys of its own, compaction never puts it in place of what
counts.

What no key can prevent: a former owner's late tombstones. They concern only what it saved and nobody committed since,
which the new owner applies and saves again; the topic is compacted an hour later at the earliest (streams.topics).

Values may be of any size: they are written in parts, and count when all of them are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from streams.transport.errors import Displaced
from streams.transport.record import Record

# Well below what a broker takes as one record (a megabyte by default), base64 and headers included.
PART_BYTES: Final = 512 << 10

_encode = msgspec.msgpack.Encoder().encode


class _Part(msgspec.Struct, array_like=True, gc=False):
    """A value's part: values of one name are numbered, so that parts of two are never put together."""

    number: int
    parts: int
    data: bytes


_decode = msgspec.msgpack.Decoder(_Part).decode


class Said(NamedTuple):
    """A value that counts, and the keys under which its parts lie."""

    token: str
    name: str
    value: bytes
    keys: tuple[bytes, ...]


class Superseded(Displaced):
    """Another has taken the lane over."""


class Journal:
    """The writing side, under one token. Names have no meaning here; a later value of a name replaces the earlier."""

    def __init__(self, lane: str, token: str) -> None:
        self.lane = lane
        self.token = token
        self._number = 0

    def announcement(self) -> tuple[bytes, bytes]:
        """Key and value of the record that takes the lane over. It is never removed."""
        return f"{self.lane}/{self.token}".encode(), b"1"

    def write(self, name: str, value: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of the records that say a value; they must become durable in this order."""
        self._number += 1
        parts = max(1, -(-len(value) // PART_BYTES))
        for part in range(parts):
            data = value[part * PART_BYTES : (part + 1) * PART_BYTES]
            yield self.key(name, part), _encode(_Part(self._number, parts, data))

    def key(self, name: str, part: int) -> bytes:
        """The key of a part."""
        return f"{self.lane}/{self.token}/{name}/{part}".encode()

    def read(self, records: Iterable[Record]) -> list[Said]:
        """All that counts before this journal's own first value, in log order. Raises Superseded."""
        said, last = _read(records, self.lane)
        if last != self.token:
            raise Superseded(f"{self.lane}: taken over by another worker")
        return said


def read_journal(records: Iterable[Record], lane: str) -> list[Said]:
    """All that counts of a lane, in log order, for who only looks."""
    return _read(records, lane)[0]


def _read(records: Iterable[Record], lane: str) -> tuple[list[Said], str]:
    said: list[Said] = []
    current = ""
    pending: dict[str, tuple[int, list[bytes]]] = {}
    for record in records:
        key = (record.key or b"").decode()
        owner, _, rest = key.partition("/")
        if owner != lane or record.value is None:
            continue
        token, _, name = rest.partition("/")
        if not name:
            current = token
            pending = {}
        elif token == current:
            name, _, index = name.rpartition("/")
            part = _decode(record.value)
            number, parts = pending.get(name, (part.number, []))
            # A part said again, because the broker's answer was lost, changes nothing.
            if number != part.number or int(index) == 0:
                number, parts = part.number, []
            if int(index) == len(parts):
                parts.append(part.data)
            pending[name] = (number, parts)
            if len(parts) == part.parts and int(index) == part.parts - 1:
                keys = tuple(f"{lane}/{token}/{name}/{n}".encode() for n in range(part.parts))
                said.append(Said(token, name, b"".join(parts), keys))
    return said, current
