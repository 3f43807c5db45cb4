"""What was erased is noted, so that it stays erased when it is delivered again, and seals can be held to it.

A note says which event had which fingerprint before and after. Only who has the district's secret can write one.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from hashlib import sha256
from typing import Final

import msgspec

from schemas.erasure import KEPT, erased
from schemas.event import Event
from schemas.secret import Secret
from sinks.columns import Columns

TABLE: Final = "erasures"
# What the sink must know: events and rejects of persons that were forgotten, and the date before which all was erased.
KNOWN: Final = (
    f"SELECT DISTINCT topic, partition, if(source = '', offset, 0) AS offset, source, id, before_ms "
    f"FROM pingliu.{TABLE} WHERE before_ms = 0 OR topic = ''"
)
_PURPOSE: Final = "erasure"


@dataclass(frozen=True, slots=True)
class Note:
    """A row of `erasures`, without its MAC; times in epoch ms."""

    topic: str
    partition: int
    offset: int
    source: str
    id: str
    before: int
    after: int
    before_ms: int
    erased_ms: int


class Notary:
    """Signs notes, and knows those that were signed with any secret of the ring. Without a secret it knows none."""

    def __init__(self, secret: Secret | None) -> None:
        self._keys = [] if secret is None else [secret.key(_PURPOSE), *secret.keys(_PURPOSE)]

    @property
    def has_secret(self) -> bool:
        """Whether it can know any."""
        return bool(self._keys)

    def columns(self, notes: Sequence[Note]) -> Columns:
        """Rows of the table."""
        names = Note.__slots__
        columns: Columns = {name: [getattr(note, name) for note in notes] for name in names}
        columns["mac"] = [_mac(self._keys[0], note) for note in notes]
        return columns

    def knows(self, note: Note, mac: str) -> bool:
        """Whether a note is ours, and as it was written."""
        return any(hmac.compare_digest(mac.encode(), _mac(key, note).encode()) for key in self._keys)


def note_of(row: Mapping[str, object]) -> Note:
    """A note as a query gave it, by the table's columns; integers may be text."""
    topic, source, name = (str(row[column]) for column in ("topic", "source", "id"))
    partition, offset, before, after, before_ms, erased_ms = (
        int(str(row[column])) for column in ("partition", "offset", "before", "after", "before_ms", "erased_ms")
    )
    return Note(topic, partition, offset, source, name, before, after, before_ms, erased_ms)


def _mac(key: bytes, note: Note) -> str:
    return hmac.new(key, msgspec.json.encode(astuple(note)), sha256).hexdigest()


@dataclass(slots=True)
class Erased:
    """What was erased, as the sink must know it: it stores no more of these than what stayed of them."""

    events: set[tuple[str, str]] = field(default_factory=set)
    rejects: set[tuple[str, int, int]] = field(default_factory=set)
    before_ms: int = 0

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, object]]) -> Erased:
        """From the rows of `KNOWN`."""
        found = cls()
        for row in rows:
            source, name, topic = (str(row[column]) for column in ("source", "id", "topic"))
            if source:
                found.events.add((source, name))
            elif topic:
                found.rejects.add((topic, int(str(row["partition"])), int(str(row["offset"]))))
            found.before_ms = max(found.before_ms, int(str(row["before_ms"])))
        return found

    def of_events(self, events: list[Event]) -> list[Event]:
        """The events as they may be stored; the same list where nothing was erased."""
        if not (self.events or self.before_ms):
            return events
        return [self._of(event) for event in events]

    def of_rejects(self, columns: Columns) -> Columns:
        """Rows of `rejected_log` as they may be stored."""
        if self.rejects or self.before_ms:
            places = zip(columns["topic"], columns["partition"], columns["offset"], strict=True)
            received = columns["received_ms"]
            for row, place in enumerate(places):
                if received[row] < self.before_ms or place in self.rejects:
                    columns["raw"][row] = columns["sealed"][row] = b""
        return columns

    def _of(self, event: Event) -> Event:
        if event.type in KEPT and (event.time_ms < self.before_ms or (event.source, event.id) in self.events):
            return msgspec.structs.replace(event, data=dict(erased(event.type, event.data)))
        return event


def by_place(rows: Iterable[Mapping[str, object]]) -> dict[int, list[tuple[Note, str]]]:
    """Notes with their MACs by offset, in the order in which they were written."""
    found: dict[int, list[tuple[Note, str]]] = defaultdict(list)
    for row in rows:
        note = note_of(row)
        found[note.offset].append((note, str(row["mac"])))
    for notes in found.values():
        notes.sort(key=lambda pair: pair[0].erased_ms)
    return found


def follows(was: int, there: int, notes: Sequence[tuple[Note, str]], notary: Notary) -> bool:
    """Whether notes of ours lead from one fingerprint to the other."""
    for note, mac in notes:
        if note.before == was and notary.knows(note, mac):
            was = note.after
        if was == there:
            return True
    return False
