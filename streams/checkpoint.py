"""Checkpoints: the live state of a lane's streets in its journal, on the compacted topic `pingliu.checkpoints`.

A street is saved whole (a snapshot, slot 0) or as what changed since (a delta, slots 1…). A delta names the snapshot it
stands on by its offset: snapshots of a street at one offset are the same, whoever took them. Every save holds state and
offset together; saves of one moment need not become durable together: each street is fenced by its own offset. Totals
come last, so whatever lies below their offset is in the streets' saves.

Why not a Faust table: a street's state is large and changes little between saves; a table would write it whole each
time and keep it in memory twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from schemas.rules import Rules
from schemas.workdays import Workdays
from streams.journal import Journal, Said, read_journal
from streams.street import Street
from streams.street.snapshot import Saved, read, restore, save
from streams.transport.record import Record

# A restart reads a snapshot and at most so many deltas; a snapshot is also due when the deltas outweigh the last one.
_SLOTS: Final = 64
_STREET: Final = "street"
_TOTALS: Final = "totals"

# Key and value of a record; without a value it removes the key.
Write = tuple[bytes, bytes | None]


class Totals(msgspec.Struct):
    """What has become of a lane's messages below `next_offset`, since its first.

    `routed`: sent on to the partition of their street. `origins`: of messages routed here, the next one expected from
    each partition; earlier ones are here already.
    """

    topic: str
    partition: int
    next_offset: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: dict[str, int] = msgspec.field(default_factory=dict)
    routed: int = 0
    late: int = 0
    origins: dict[int, int] = msgspec.field(default_factory=dict)


_totals_decoder = msgspec.msgpack.Decoder(Totals)


@dataclass(slots=True)
class _Slots:
    """Where a street's next save goes. `obsolete`: former owners' keys, of no use after this owner's first snapshot."""

    base: int | None = None
    next_slot: int = 1
    snapshot_bytes: int = 0
    delta_bytes: int = 0
    obsolete: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Ledger:
    """The saves of one lane: what to write next, and what was written."""

    journal: Journal
    _slots: dict[str, _Slots] = field(default_factory=dict)
    _obsolete: list[bytes] = field(default_factory=list)

    def save(self, street: Street) -> Iterator[Write]:
        """The next save of a street. It must become durable, or the street be thrown away."""
        slots = self._slots.setdefault(street.code, _Slots())
        if slots.base is None or slots.next_slot >= _SLOTS or slots.delta_bytes > slots.snapshot_bytes:
            value = save(street, None)
            self._slots[street.code] = _Slots(street.next_offset, 1, len(value), 0)
            self._obsolete += slots.obsolete
            yield from self.journal.write(f"{_STREET}/{street.code}/0", value)
        else:
            value = save(street, slots.base)
            yield from self.journal.write(f"{_STREET}/{street.code}/{slots.next_slot}", value)
            slots.next_slot += 1
            slots.delta_bytes += len(value)

    def save_totals(self, totals: Totals) -> Iterator[Write]:
        """The next save of the totals, to come after the streets'."""
        yield from self.journal.write(_TOTALS, msgspec.msgpack.encode(totals))
        # Only behind all that replaces them.
        yield from ((key, None) for key in self._obsolete)
        self._obsolete = []

    def restore(
        self, records: Iterable[Record], partition: int, rules: Rules, workdays: Workdays
    ) -> tuple[Totals, dict[str, Street]]:
        """Totals and streets from the records of the topic's partition, in offset order.

        Raises SnapshotError, and Superseded where another has announced itself after this ledger's journal.
        """
        said = self.journal.read(records)
        saves: dict[str, list[Saved]] = {}
        for one in said:
            if one.name.startswith(_STREET):
                self._note(saves, one)
        streets = {}
        for code, of_street in saves.items():
            street = Street(code, rules, workdays)
            restore(street, of_street)
            streets[code] = street
        self._obsolete = [key for one in said if one.name == _TOTALS for key in one.keys]
        return _last_totals(said, self.journal.lane, partition), streets

    def _note(self, saves: dict[str, list[Saved]], said: Said) -> None:
        saved = read(said.value)
        slots = self._slots.setdefault(saved.street, _Slots())
        slots.obsolete += said.keys
        held = saves.get(saved.street, [])
        # A save said again, for the broker's answer was lost, may come behind its successors.
        if held and saved.next_offset < held[-1].next_offset:
            return
        if said.name.endswith("/0"):
            saves[saved.street] = [saved]
            slots.base, slots.snapshot_bytes, slots.delta_bytes = saved.base, len(said.value), 0
        # Not a delta of an older snapshot.
        elif held and saved.base == held[0].base:
            held.append(saved)
            slots.delta_bytes += len(said.value)


def read_totals(records: Iterable[Record], topic: str, partition: int) -> Totals:
    """The last saved totals of a lane among the records of its checkpoints' partition; zero where there are none."""
    return _last_totals(read_journal(records, topic), topic, partition)


def _last_totals(said: list[Said], topic: str, partition: int) -> Totals:
    last = Totals(topic, partition)
    for one in said:
        if one.name == _TOTALS and (totals := _totals_decoder.decode(one.value)).next_offset >= last.next_offset:
            last = totals
    return last
