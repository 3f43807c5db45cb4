"""Checkpoints: the live state of streets on the compacted topic `pingliu.checkpoints`, in partitions like theirs.

A street is saved whole (a snapshot, slot 0) or as what changed since (a delta, slots 1…). A delta names the snapshot it
stands on, so that one which outlived its snapshot is ignored. Every record holds state and offset together and is
atomic; records of one save need not be: each street is fenced by its own offset.

Why not a Faust table: a street's state is large and changes little between saves; a table would write it whole each
time and keep it in memory twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from schemas.rules import Rules
from schemas.workdays import Workdays
from streams.street import Street
from streams.street.snapshot import Saved, read, restore, save
from streams.transport.record import Record

# A restart reads a snapshot and at most so many deltas; a snapshot is also due when the deltas outweigh the last one.
_SLOTS: Final = 64
_STREET: Final = b"street/"
_TOTALS: Final = b"totals/"


class Totals(msgspec.Struct):
    """What has become of a partition's messages below `next_offset`, since its first."""

    topic: str
    partition: int
    next_offset: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: dict[str, int] = msgspec.field(default_factory=dict)


_totals_decoder = msgspec.msgpack.Decoder(Totals)


@dataclass(slots=True)
class _Slots:
    """Where a street's next save goes."""

    base: int | None = None
    next_slot: int = 0
    snapshot_bytes: int = 0
    delta_bytes: int = 0


@dataclass(slots=True)
class Ledger:
    """The saves of one partition's streets: what to write next, and what was written."""

    _slots: dict[str, _Slots] = field(default_factory=dict)

    def save(self, street: Street) -> tuple[bytes, bytes]:
        """Key and value of the next save of a street. It must become durable, or the street be thrown away."""
        slots = self._slots.setdefault(street.code, _Slots())
        if slots.base is None or slots.next_slot >= _SLOTS or slots.delta_bytes > slots.snapshot_bytes:
            value = save(street, None)
            self._slots[street.code] = _Slots(street.next_offset, 1, len(value), 0)
            return _street_key(street.code, 0), value
        value = save(street, slots.base)
        key = _street_key(street.code, slots.next_slot)
        slots.next_slot += 1
        slots.delta_bytes += len(value)
        return key, value

    def restore(self, records: Iterable[Record], rules: Rules, workdays: Workdays) -> dict[str, Street]:
        """The streets of a partition from its checkpoint records, in offset order. Raises SnapshotError."""
        newest: dict[bytes, bytes] = {
            record.key: record.value
            for record in records
            if record.key and record.value and record.key.startswith(_STREET)
        }
        snapshots: dict[str, Saved] = {}
        deltas: dict[str, list[tuple[int, int, Saved]]] = {}
        for key, value in newest.items():
            saved = read(value)
            slot = int(key.rpartition(b"/")[2])
            if slot == 0:
                snapshots[saved.street] = saved
                self._slots[saved.street] = _Slots(saved.base, 1, len(value), 0)
            else:
                deltas.setdefault(saved.street, []).append((slot, len(value), saved))
        streets = {}
        for code, snapshot in snapshots.items():
            slots = self._slots[code]
            saves = [snapshot]
            for slot, size, delta in sorted(deltas.get(code, []), key=lambda entry: entry[0]):
                if delta.base == snapshot.base:
                    saves.append(delta)
                    slots.next_slot = slot + 1
                    slots.delta_bytes += size
            street = Street(code, rules, workdays)
            restore(street, saves)
            streets[code] = street
        return streets


def save_totals(totals: Totals) -> tuple[bytes, bytes]:
    """Key and value of the totals' record."""
    return _TOTALS + totals.topic.encode(), msgspec.msgpack.encode(totals)


def read_totals(records: Iterable[Record], topic: str, partition: int) -> Totals:
    """The last saved totals of a topic's partition among its checkpoint records; zero where there are none."""
    totals = Totals(topic, partition)
    for record in records:
        if record.key == _TOTALS + topic.encode() and record.value:
            totals = _totals_decoder.decode(record.value)
    return totals


def _street_key(code: str, slot: int) -> bytes:
    return b"%s%s/%d" % (_STREET, code.encode(), slot)
