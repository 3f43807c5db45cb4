"""What becomes of what a device hands in: verdicts, and the events and rejects to publish. Pure; the time is given.

Each record (an event, or a vendor's record that became some) gets one verdict, by the first of these that applies:
1. It can't be read as its dialect, or one of its events has a reason of the contract (§3): rejected, and kept.
2. The device may not say one of its events: rejected as `forbidden`, and not kept.
3. Its events were all said before in the same request: a duplicate.
4. It is accepted. Of its events those are published that weren't said before.

What is published names no rater, and holds nothing that was never read: attributes that the contract doesn't know, or
members that were said twice. An event in which there is no such thing is published byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple

import msgspec
from pydantic_core import to_json

from schemas.decoding import MAX_BYTES, decode
from schemas.event import Event, Reason, Reject
from schemas.events import TYPES
from schemas.privacy import Privacy
from streams.gateway.devices import Device, speaks_for
from streams.rejects import place_of
from streams.routing import partition_of, topic_of
from streams.transport.record import Entry, Record

TOPIC: Final = "pingliu.gateway"

_KINDS: Final = ("ticket", "service", "window", "suggestion", "device")
# What a terminal or a queue system may say; the rest officials decide.
DEVICE_TYPES: Final = frozenset(
    kind for kind in TYPES if kind == "rating.submitted" or kind.partition(".")[0] in _KINDS
)
_ENVELOPE: Final = ("specversion", "id", "source", "type", "time", "street", "site", "window", "staff", "data")
_BOUND: Final = ("street", "site", "window")
_OFFSET_BITS: Final = 63
_ID_LENGTH: Final = 64
_SOURCE_LENGTH: Final = 128


class Submission(NamedTuple):
    """One record: its bytes as they came, and the messages to judge, or why there are none: reason, path, detail."""

    raw: bytes
    messages: tuple[bytes, ...]
    reject: tuple[Reason, str, str] | None = None


class Terms(NamedTuple):
    """By what is judged. `partitions`: how many the topics have."""

    privacy: Privacy
    partitions: int
    clock_ahead_ms: int


class Verdict(msgspec.Struct, omit_defaults=True, frozen=True):
    """What became of the record at `index` of the request; `field`: the dotted path of the one at fault."""

    index: int
    verdict: Literal["accepted", "duplicate", "rejected"]
    source: str = ""
    id: str = ""
    reason: str = ""
    field: str = ""
    detail: str = ""
    kept: str = ""


class Kept(NamedTuple):
    """A reject to publish, and in which partition."""

    reject: Reject
    partition: int


class Judged(NamedTuple):
    """A verdict a record, in their order; the events and rejects to publish before they are said."""

    verdicts: list[Verdict]
    events: list[Entry]
    rejects: list[Kept]


class _Named(msgspec.Struct, gc=False):
    id: Any = ""
    source: Any = ""
    street: Any = ""


_names_of = msgspec.json.Decoder(_Named).decode


def submitted(raw: bytes) -> Submission:
    """A message of the contract's own dialect."""
    return Submission(raw, (raw,))


def judge(submissions: Sequence[Submission], device: Device, now_ms: int, terms: Terms) -> Judged:
    """Judges what a device handed in at a moment (epoch ms). Never raises for what it holds."""
    messages = [message for one in submissions for message in one.messages]
    decoded = decode(
        [Record(number, now_ms, None, message) for number, message in enumerate(messages)], terms.clock_ahead_ms
    )
    found: dict[int, Event | Reject] = {event.offset: event for event in decoded.events}
    found |= {reject.offset: reject for reject in decoded.rejects}
    judged = Judged([], [], [])
    said: set[tuple[str, str]] = set()
    first = 0
    for index, submission in enumerate(submissions):
        numbers = range(first, first + len(submission.messages))
        first = numbers.stop
        outcomes = [found[number] for number in numbers]
        entries = _published(outcomes, [messages[number] for number in numbers], now_ms, terms)
        fault = _fault(submission, outcomes, entries)  # 1.
        if fault is not None:
            judged.verdicts.append(_keep(index, submission, fault, device, now_ms, terms, judged.rejects))
            continue
        events = [one for one in outcomes if isinstance(one, Event)]
        if (refused := _forbidden(events, device)) is not None:  # 2.
            field, detail = refused
            named = events[0]
            judged.verdicts.append(
                Verdict(index, "rejected", named.source, named.id, "forbidden", field, f"{field}: {detail}")
            )
            continue
        fresh = []
        for event, entry in zip(events, entries, strict=True):
            if (name := (event.source, event.id)) not in said:
                said.add(name)
                fresh.append(entry)
        judged.events.extend(fresh)  # 4.
        source, id_ = (events[0].source, events[0].id) if events else ("", "")
        judged.verdicts.append(Verdict(index, "accepted" if fresh or not events else "duplicate", source, id_))  # 3.
    return judged


def _published(outcomes: Sequence[Event | Reject], messages: Sequence[bytes], now_ms: int, terms: Terms) -> list[Entry]:
    """The records of the events among the outcomes, in their order."""
    return [
        Entry(
            topic_of(event.type),
            partition_of(event.street, terms.partitions),
            now_ms,
            event.street.encode(),
            _publishable(raw, event, terms.privacy),
        )
        for event, raw in zip(outcomes, messages, strict=True)
        if isinstance(event, Event)
    ]


def _publishable(raw: bytes, event: Event, privacy: Privacy) -> bytes:
    data = privacy.publishable(event.type, event.data, event.received_ms)
    envelope = _plain_envelope(raw)
    if envelope is not None and data is event.data:
        return raw
    said = envelope or json.loads(raw)
    return to_json({name: said[name] for name in _ENVELOPE if name in said} | {"data": data}, inf_nan_mode="null")


def _plain_envelope(raw: bytes) -> dict[str, Any] | None:
    """The event as it was read; None where it has members that nobody read."""
    is_plain = True

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_plain
        members = dict(pairs)
        is_plain = is_plain and len(members) == len(pairs)
        return members

    envelope: dict[str, Any] = json.loads(raw, object_pairs_hook=distinct)
    return envelope if is_plain and envelope.keys() <= set(_ENVELOPE) else None


def _fault(
    submission: Submission, outcomes: Sequence[Event | Reject], entries: Sequence[Entry]
) -> tuple[Reason, str, str] | None:
    """Reason, path and detail of what is wrong with a record."""
    if submission.reject is not None:
        return submission.reject
    for one in outcomes:
        if isinstance(one, Reject):
            return one.reason, one.path, one.detail
    for entry in entries:
        # A rater's hash is longer than most raters.
        if (size := len(entry.value or b"")) > MAX_BYTES:
            return "too_large", "", f"{size} bytes as it would be published; at most {MAX_BYTES} are taken"
    return None


def _keep(
    index: int,
    submission: Submission,
    fault: tuple[Reason, str, str],
    device: Device,
    now_ms: int,
    terms: Terms,
    rejects: list[Kept],
) -> Verdict:
    reason, path, detail = fault
    raw = submission.raw
    named = _named(submission.messages[0] if submission.messages else raw)
    partition = partition_of(named.street, terms.partitions) if named.street else 0
    # Sent again, it has the same place: it replaces itself.
    offset = int.from_bytes(sha256(device.name.encode() + b"\n" + raw).digest()[:8]) >> (64 - _OFFSET_BITS)
    # Whoever mends it must know whose it is.
    rejects.append(Kept(Reject(offset, now_ms, reason, f"{detail} (device {device.name})", path, raw), partition))
    return Verdict(index, "rejected", named.source, named.id, reason, path, detail, place_of(TOPIC, partition, offset))


def _forbidden(events: Sequence[Event], device: Device) -> tuple[str, str] | None:
    """The field and the detail of what the device may not say, if there is something."""
    for event in events:
        if not speaks_for(device.source, event.source):
            return "source", f"this device speaks as {device.source}"
        for name in _BOUND:
            bound = getattr(device, name)
            if bound and getattr(event, name) != bound:
                return name, f"this device is bound to {bound}"
        if device.role != "office" and event.type not in DEVICE_TYPES:
            return "type", f"{event.type} takes a device of role office"
    return None


def _named(raw: bytes) -> _Named:
    """What a refused message calls itself, where that can be read and could be right."""
    try:
        named = _names_of(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Named()
    return _Named(
        *(
            value if isinstance(value, str) and len(value) <= most else ""
            for value, most in ((named.id, _ID_LENGTH), (named.source, _SOURCE_LENGTH), (named.street, _ID_LENGTH))
        )
    )


def counts(verdicts: Sequence[Verdict]) -> Mapping[str, int]:
    """How many of each verdict."""
    counted = dict.fromkeys(("accepted", "duplicate", "rejected"), 0)
    for one in verdicts:
        counted[one.verdict] += 1
    return counted
