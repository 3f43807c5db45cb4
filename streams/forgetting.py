"""What of the log's records goes when a person is forgotten, or what is older than a date. No I/O.

Of ratings, and of what was said of them, stays what `schemas.erasure` leaves; of other events that tell of the person,
what we may publish. A refused message becomes an empty object, which is refused again. What can't be told: a person in
a message that doesn't hold the rater as it was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from secrets import token_hex
from typing import Final

import msgspec

from schemas.decoding import decode
from schemas.erasure import KEPT, RATING, cleaned_message, erased_message
from schemas.event import Event
from schemas.privacy import Privacy
from schemas.published import Rejected
from schemas.secret import Seal, SecretError
from streams.topics import CHECKPOINTS, DEVICES, EVENTS, REJECTED
from streams.transport.record import Record

# The topics with what came from outside, and what the streets remember of it.
TOPICS: Final = (EVENTS, DEVICES, REJECTED, CHECKPOINTS)
_REFUSED: Final = b"{}"
# A message that is refused for its clock is an event with a person in it all the same.
_NO_CLOCK: Final = 2**62
# A shorter text may stand in a message by chance.
_LEAST: Final = 6
_decode_rejected = msgspec.json.Decoder(Rejected).decode
_encode = msgspec.json.Encoder().encode


class Rater:
    """A person as who rated. `name` is what devices send: a phone number, mostly."""

    def __init__(self, name: str, privacy: Privacy) -> None:
        self._name = name
        self._privacy = privacy
        self.hashes = privacy.rater_hashes(name)
        # What a street remembers of who rated becomes somebody else of whom nothing is known.
        self._nobodies = {rater_hash.encode(): token_hex(32).encode() for rater_hash in self.hashes}
        # The ratings are found first, in all of the log; what was said of them may lie elsewhere.
        self.ratings: set[str] = set()

    def look(self, topic: str, records: Sequence[Record]) -> None:
        """Remembers the person's ratings."""
        if topic not in (EVENTS, DEVICES):
            return
        for event in decode(records, _NO_CLOCK).events:
            if event.type == RATING and self._is_rater(event):
                self.ratings.add(event.data["rating"])

    def erases(self, event: Event) -> bool:
        """Whether an event is the person's rating, or says something of it."""
        return event.type in KEPT and (event.data["rating"] in self.ratings or self._is_rater(event))

    def tells(self, raw: bytes, _: int) -> bool:
        """Whether a message tells of the person."""
        if len(self._name) >= _LEAST and self._name.encode() in raw:
            return True
        try:
            return any(value == self._name or self._is_named(value) for value in _texts(json.loads(raw)))
        except (ValueError, RecursionError):
            return False

    def unnamed(self, state: bytes) -> bytes:
        """What a checkpoint holds, of the same length, without the person."""
        for rater_hash, nobody in self._nobodies.items():
            state = state.replace(rater_hash, nobody)
        return state

    def _is_rater(self, event: Event) -> bool:
        rater = event.data.get("rater") or ""
        return rater != "" and self._privacy.rater_hash(rater, event.received_ms) in self.hashes

    def _is_named(self, text: str) -> bool:
        return self._privacy.named(text) in self.hashes


class Older:
    """All that is older than a moment, epoch ms: events by their own time, messages by the broker's."""

    def __init__(self, before_ms: int) -> None:
        self.before_ms = before_ms

    def erases(self, event: Event) -> bool:
        """Whether an event is that old."""
        return event.type in KEPT and event.time_ms < self.before_ms

    def tells(self, _: bytes, received_ms: int) -> bool:
        """Whether a message came so long ago."""
        return received_ms < self.before_ms


def change(whom: Rater | Older, privacy: Privacy, seal: Seal) -> Callable[[str, Sequence[Record]], list[bytes | None]]:
    """What gives records of a topic the values that stay of them; the same object where that is all."""

    def changed(topic: str, records: Sequence[Record]) -> list[bytes | None]:
        if topic == CHECKPOINTS:
            return [_state(record.value, whom) for record in records]
        if topic == REJECTED:
            return [_rejected(record, whom, seal) for record in records]
        events = {event.offset: event for event in decode(records, _NO_CLOCK).events}
        return [_value(record, events.get(record.offset), whom, privacy) for record in records]

    return changed


def original_is(whom: Rater, seal: Seal) -> Callable[[bytes, str], bool]:
    """Whether the sealed bytes of a reject, at its place, tell of the person; not, if they don't open."""

    def told(sealed: bytes, place: str) -> bool:
        try:
            return whom.tells(seal.open(sealed, place), 0)
        except SecretError:
            return False

    return told


def _value(record: Record, event: Event | None, whom: Rater | Older, privacy: Privacy) -> bytes | None:
    raw = record.value
    if raw is None:
        return None
    if event is None:
        return _REFUSED if whom.tells(raw, record.timestamp_ms) else raw
    if whom.erases(event):
        return erased_message(raw)
    return cleaned_message(raw, privacy, record.timestamp_ms) if whom.tells(raw, record.timestamp_ms) else raw


def _state(value: bytes | None, whom: Rater | Older) -> bytes | None:
    """Streets forget by themselves what is old."""
    return value if value is None or isinstance(whom, Older) else whom.unnamed(value)


def _rejected(record: Record, whom: Rater | Older, seal: Seal) -> bytes | None:
    if record.value is None:
        return None
    reject = _decode_rejected(record.value)
    if not (reject.raw or reject.sealed):
        return record.value
    if isinstance(whom, Rater):
        place = f"{reject.topic}/{reject.partition}/{reject.offset}"
        is_told = original_is(whom, seal)(reject.sealed, place)
    else:
        is_told = whom.tells(reject.raw, reject.received_ms)
    return _encode(msgspec.structs.replace(reject, raw=b"", sealed=b"")) if is_told else record.value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int):
        yield str(value)
