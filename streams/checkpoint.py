"""Checkpoints: the live state of a lane in its journal, on the compacted topic `pingliu.checkpoints`.

A street, or the devices of a partition, are saved whole (a snapshot, slot 0) or as what changed since (a delta, slots
1…). A delta names the snapshot it stands on by its offset: snapshots of a street at one offset are the same, whoever
took them. Every save holds state and offset together; saves of one moment need not become durable together: each street
is fenced by its own offset. Totals come last, so whatever lies below their offset is in the streets' saves.

Why not a Faust table: a street's state is large and changes little between saves; a table would write it whole each
time and keep it in memory twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

import msgspec

from schemas.rules import Rules
from schemas.workdays import Workdays
from streams.journal import Journal, Said, read_journal
from streams.street import Street
from streams.street.devices import Devices, SavedDevices, read_devices
from streams.street.snapshot import Saved, read, restore, save
from streams.transport.record import Record

# A restart reads a snapshot and at most so many deltas; a snapshot is also due when the deltas outweigh the last one.
_SLOTS: Final = 64
_STREET: Final = "street"
_DEVICES: Final = "devices"
_TOTALS: Final = "totals"

_S = TypeVar("_S", Saved, SavedDevices)
# Key and value of a record; without a value it removes the key.
Write = tuple[bytes, bytes | None]


class Totals(msgspec.Struct):
    """What has become of a lane's messages below `next_offset`, since its first.

    `routed`: sent on to where they belong. `origins`: of messages routed here, the next one expected from each of this
    topic's partitions; earlier ones are here already. `strays`: the same of the other topic's partitions.
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
    strays: dict[int, int] = msgspec.field(default_factory=dict)


_totals_decoder = msgspec.msgpack.Decoder(Totals)


class Restored(NamedTuple):
    """A lane as it was saved: streets by code, of a lane of events; devices, of one of heartbeats."""

    totals: Totals
    streets: dict[str, Street]
    devices: Devices


@dataclass(slots=True)
class _Slots:
    """Where the next save of a street, or of the devices, goes.

    `obsolete`: former owners' keys, of no use after this owner's first snapshot.
    """

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
        yield from self._save(f"{_STREET}/{street.code}", street.next_offset, lambda base: save(street, base))

    def save_devices(self, devices: Devices) -> Iterator[Write]:
        """The next save of the devices. It must become durable, or they be thrown away."""
        yield from self._save(_DEVICES, devices.next_offset, devices.save)

    def save_totals(self, totals: Totals) -> Iterator[Write]:
        """The next save of the totals, to come after the streets'."""
        yield from self.journal.write(_TOTALS, msgspec.msgpack.encode(totals))
        # Only behind all that replaces them.
        yield from ((key, None) for key in self._obsolete)
        self._obsolete = []

    def restore(self, records: Iterable[Record], partition: int, rules: Rules, workdays: Workdays) -> Restored:
        """The lane from the records of the topic's partition, in offset order.

        Raises SnapshotError, and Superseded where another has announced itself after this ledger's journal.
        """
        said = self.journal.read(records)
        saves: dict[str, list[Saved]] = {}
        of_devices: dict[str, list[SavedDevices]] = {}
        for one in said:
            if one.name.startswith(_STREET):
                self._note(saves, one, read(one.value))
            elif one.name.startswith(_DEVICES):
                self._note(of_devices, one, read_devices(one.value))
        streets = {}
        for of_street in saves.values():
            street = Street(of_street[0].street, rules, workdays)
            restore(street, of_street)
            streets[street.code] = street
        devices = Devices(rules)
        devices.restore(of_devices.get(_DEVICES, ()))
        self._obsolete = [key for one in said if one.name == _TOTALS for key in one.keys]
        return Restored(_last_totals(said, self.journal.lane, partition), streets, devices)

    def _save(self, name: str, next_offset: int, save: Callable[[int | None], bytes]) -> Iterator[Write]:
        slots = self._slots.setdefault(name, _Slots())
        if slots.base is None or slots.next_slot >= _SLOTS or slots.delta_bytes > slots.snapshot_bytes:
            value = save(None)
            self._slots[name] = _Slots(next_offset, 1, len(value), 0)
            self._obsolete += slots.obsolete
            yield from self.journal.write(f"{name}/0", value)
        else:
            value = save(slots.base)
            yield from self.journal.write(f"{name}/{slots.next_slot}", value)
            slots.next_slot += 1
            slots.delta_bytes += len(value)

    def _note(self, saves: dict[str, list[_S]], said: Said, saved: _S) -> None:
        name = said.name.rpartition("/")[0]
        slots = self._slots.setdefault(name, _Slots())
        slots.obsolete += said.keys
        held = saves.get(name, [])
        # A save said again, for the broker's answer was lost, may come behind its successors.
        if held and saved.next_offset < held[-1].next_offset:
            return
        if said.name.endswith("/0"):
            saves[name] = [saved]
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
