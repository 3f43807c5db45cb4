"""A street's state as bytes: whole (a snapshot), or what changed since the last save (a delta). Pure, like the state.

A street is restored from a snapshot and the deltas that stand on it, each of which is true for its own `next_offset`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from schemas.live import LiveRating
from streams.street import hall_queue
from streams.street.hall import Tally
from streams.street.hall_congestion import Turn
from streams.street.hall_windows import Window
from streams.street.memory import Memory
from streams.street.rectifications import Rectification
from streams.street.services import Service
from streams.street.state import Street
from streams.street.suspicions import Repeats
from streams.street.suspicions_months import StaffMonth
from streams.street.suspicions_press import Press
from streams.street.tickets import Ticket

VERSION: Final = 4
# 1 knows no suspicions, 2 no hall, 3 no revisits and no bad ratings of before; a street of then goes on without having
# noticed any, with its hall empty, or with what it has.
_READ: Final = (1, 2, 3, VERSION)

_Text = tuple[int, str, int]
_Bucket = tuple[int, tuple[str, str, int], list[int]]
_Moments = tuple[int, str, list[tuple[int, str]]]


class Saved(msgspec.Struct):
    """One save of a street. `base`: the snapshot's `next_offset` that a delta stands on; a snapshot's own."""

    version: int
    street: str
    base: int
    next_offset: int
    newest_ms: int
    accepted: int
    duplicates: int
    late: int
    minutes: list[_Bucket]
    days: list[_Bucket]
    seen: list[_Text]
    tickets: list[tuple[int, str, Ticket]]
    services: list[tuple[int, str, Service]]
    submitted: list[_Text]
    rated: list[_Text]
    rectifications: list[tuple[int, str, Rectification]]
    bursts: list[_Moments] = []
    repeats: list[tuple[int, str, Repeats]] = []
    unsettled: list[tuple[int, str, Press]] = []
    sessions: list[_Moments] = []
    unserved: list[tuple[int, str, Press]] = []
    staff_months: list[tuple[int, str, StaffMonth]] = []
    month_ratings: list[tuple[int, str, list[str]]] = []
    tally: Tally | None = None
    waiting: list[tuple[int, str, hall_queue.Ticket]] = []
    congestion: list[tuple[int, str, Turn]] = []
    windows: list[tuple[int, str, Window]] = []
    last_ratings: list[tuple[int, int, LiveRating]] = []
    bad_levels: list[tuple[int, str, str]] = []
    last_bad: list[tuple[int, int, LiveRating]] = []
    heard_ms: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Saved)


class SnapshotError(ValueError):
    """Saved bytes that this program can't read: another version, or broken."""


def save(street: Street, base: int | None) -> bytes:
    """The whole street where `base` is None, else what changed since the last save, to stand on the snapshot at `base`.

    The bytes must become durable, or the street be thrown away: the next delta won't hold these changes again.
    """
    street.buckets.touch_changed()
    parts: dict[str, Any] = {
        name: memory.take_all() if base is None else memory.take_changes() for name, memory in street.memories().items()
    }
    saved = Saved(
        version=VERSION,
        street=street.code,
        base=street.next_offset if base is None else base,
        next_offset=street.next_offset,
        newest_ms=street.newest_ms,
        accepted=street.accepted,
        duplicates=street.duplicates,
        late=street.buckets.late,
        tally=street.hall.tally(),
        heard_ms=street.heard_ms,
        **parts,
    )
    return _encoder.encode(saved)


def read(data: bytes) -> Saved:
    """Raises SnapshotError."""
    try:
        saved = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"checkpoint: {error}") from error
    if saved.version not in _READ:
        raise SnapshotError(f"checkpoint of {saved.street}: version {saved.version}, this program reads {VERSION}")
    return saved


def restore(street: Street, saves: Iterable[Saved]) -> None:
    """Makes a fresh street what it was: a snapshot first, then its deltas in order of `next_offset`."""
    memories: dict[str, Memory[Any, Any]] = street.memories()
    last: Saved | None = None
    for last in saves:
        for name, memory in memories.items():
            memory.restore(getattr(last, name))
    if last is None:
        return
    street.next_offset = last.next_offset
    street.accepted = last.accepted
    street.duplicates = last.duplicates
    street.buckets.late = last.late
    street.heard_ms = last.heard_ms
    street.resume(last.newest_ms, last.tally)
