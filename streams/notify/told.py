"""Who was told what: the messages of `pingliu.notified`, in the partition of the notices they are about.

It is a topic, not a file and not only memory: it moves with its partition to another worker, outlives a kill, and its
retention bounds it. It is kept longer than the notices are, so whatever can come again is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from schemas.moments import DAY
from streams.topics import NOTIFIED
from streams.transport.record import Entry, Record

# As the topic keeps them.
_REMEMBER_MS: Final = 32 * DAY


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A target was told these notices, by their ids; or, without a target, all below `next_offset` is done with."""

    target: str = ""
    ids: tuple[str, ...] = ()
    next_offset: int | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Told).decode


class Memory:
    """What the records of partitions say: who was told what, and how far the partitions are done with (`positions`)."""

    def __init__(self, records: Mapping[int, Iterable[Record]]) -> None:
        # When a target was told a notice (epoch ms); in order of time, but for partitions, read in turn.
        self._at_ms: dict[tuple[str, str], int] = {}
        self.positions: dict[int, int] = {}
        for partition, found in records.items():
            for record in found:
                told = _decode(record.value or b"{}")
                if told.next_offset is not None:
                    self.positions[partition] = told.next_offset
                self.note(told.target, told.ids, record.timestamp_ms)

    def note(self, target: str, ids: Iterable[str], now_ms: int) -> None:
        """A target was told these."""
        for id_ in ids:
            self._at_ms[target, id_] = now_ms
        while self._at_ms and now_ms - self._at_ms[oldest := next(iter(self._at_ms))] > _REMEMBER_MS:
            del self._at_ms[oldest]

    def knows(self, target: str, id_: str) -> bool:
        """Whether a target was told this already."""
        return (target, id_) in self._at_ms

    def sent_ms(self, target: str) -> set[int]:
        """When messages got through to a target, as far as that is known here."""
        return {at_ms for (name, _), at_ms in self._at_ms.items() if name == target}


def entries_of(target: str, ids: Mapping[int, tuple[str, ...]], now_ms: int) -> list[Entry]:
    """The records that a target was told these, by partition."""
    return [Entry(NOTIFIED, partition, now_ms, None, _encode(Told(target, told))) for partition, told in ids.items()]


def entry_of_position(partition: int, next_offset: int, now_ms: int) -> Entry:
    """The record that all below an offset is done with."""
    return Entry(NOTIFIED, partition, now_ms, None, _encode(Told(next_offset=next_offset)))
