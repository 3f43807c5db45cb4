"""Bytes in, accepted events and rejects out (contract §1–§3), in batches.

A batch is checked by one `validate_json` call. Joining messages into one JSON array could let a malformed one borrow
brackets from its neighbour, so each message gets a member with a number nobody outside knows as its first: N messages,
N elements, each with that number at its top, is only possible if every message is an object of its own.
Where a batch fails, the bad ones are singled out and told their reason, and the rest is checked again as a batch.
"""

from __future__ import annotations

import secrets
from collections.abc import Container, Sequence
from typing import Any, Final, NamedTuple, Protocol

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from schemas.event import Event, Reason, Reject
from schemas.events import MANY, ONE, TYPES
from schemas.fields import PATTERNS
from schemas.moments import MINUTE, epoch_ms

MAX_BYTES: Final = 64 * 1024
CLOCK_AHEAD_MS: Final = 10 * MINUTE

# 5,000 events decoded at once halve the speed (young objects outlive the collector's patience); 200 do not.
_SUB_BATCH: Final = 200
_NUMBER: Final = secrets.randbits(62)
_PREFIX: Final = b'{"batch_":%d,' % _NUMBER


class Message(Protocol):
    """What the decoder needs of a broker's record: position, broker's timestamp (epoch ms) and bytes."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp_ms(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...


class Decoded(NamedTuple):
    """Accepted events and rejects of a batch, each in offset order."""

    events: list[Event]
    rejects: list[Reject]


def decode(messages: Sequence[Message], clock_ahead_ms: int = CLOCK_AHEAD_MS) -> Decoded:
    """Sorts messages into accepted events and rejects; never raises for what a message holds.

    Every message is in exactly one of the two lists. `clock_ahead_ms`: how far an event's time may be ahead of the
    broker's timestamp.
    """
    decoded = Decoded([], [])
    for start in range(0, len(messages), _SUB_BATCH):
        _decode_some(messages[start : start + _SUB_BATCH], clock_ahead_ms, decoded)
    decoded.rejects.sort(key=lambda reject: reject.offset)
    return decoded


def _decode_some(messages: Sequence[Message], ahead: int, out: Decoded) -> None:
    messages, envelopes = _envelopes(messages, out.rejects)
    events, rejects = out
    for message, envelope in zip(messages, envelopes, strict=True):
        try:
            time_ms = epoch_ms(envelope["time"])
        except ValueError as error:
            rejects.append(_reject(message, "invalid_field", f"time: {error}", "time"))
            continue
        street = envelope["street"]
        site = envelope["site"]
        window = envelope.get("window") or ""
        if not site.startswith(street):
            detail = f"site {site} is not of street {street}"
            rejects.append(_reject(message, "misplaced", detail, "site"))
        elif window and not window.startswith(site):
            detail = f"window {window} is not of site {site}"
            rejects.append(_reject(message, "misplaced", detail, "window"))
        elif time_ms > message.timestamp_ms + ahead:
            detail = f"event time {envelope['time']} is more than {ahead // MINUTE} minutes after the broker's"
            rejects.append(_reject(message, "clock_ahead", detail, "time"))
        else:
            events.append(
                Event(
                    message.offset,
                    message.timestamp_ms,
                    envelope["id"],
                    envelope["source"],
                    envelope["type"],
                    time_ms,
                    street,
                    site,
                    window,
                    envelope.get("staff") or "",
                    envelope["data"],
                )
            )


def _envelopes(messages: Sequence[Message], rejects: list[Reject]) -> tuple[Sequence[Message], list[dict[str, Any]]]:
    """The messages that are events, and their envelopes in the same order; the others join the rejects."""
    envelopes, suspects = _validate(messages)
    if envelopes is None and suspects:
        messages = _sift(messages, suspects, rejects)
        envelopes, _ = _validate(messages)
    if envelopes is None:
        messages = _sift(messages, range(len(messages)), rejects)
        envelopes, _ = _validate(messages)
    if envelopes is None:  # valid one by one, not together: leading blanks, or a member named like the decoder's own
        envelopes = [ONE.validate_json(message.value or b"") for message in messages]
    return messages, envelopes


def _sift(messages: Sequence[Message], suspects: Container[int], rejects: list[Reject]) -> list[Message]:
    good = []
    for position, message in enumerate(messages):
        reject = _examine(message, message.value or b"") if position in suspects else None
        if reject is None:
            good.append(message)
        else:
            rejects.append(reject)
    return good


def _validate(messages: Sequence[Message]) -> tuple[list[dict[str, Any]] | None, frozenset[int] | None]:
    """The envelopes of a batch where every message is valid, else None and the positions at fault, if known."""
    raws = [message.value or b"" for message in messages]
    if any(len(raw) > MAX_BYTES or raw[:1] != b"{" for raw in raws):
        return None, None
    joined = b"[" + b",".join([_PREFIX + raw[1:] for raw in raws]) + b"]"
    # The parser takes these two, JSON does not.
    if b"NaN" in joined or b"Infinity" in joined:
        return None, None
    try:
        objects: list[Any] = MANY.validate_json(joined)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        if faults[0]["type"] == "json_invalid":
            return None, None
        # JSON, but not events. A message that borrowed brackets may be among the others: the second try tells.
        return None, frozenset(position for fault in faults if isinstance(position := fault["loc"][0], int))
    if len(objects) != len(raws) or any(envelope.get("batch_") != _NUMBER for envelope in objects):
        return None, None
    return objects, None


def _examine(message: Message, raw: bytes) -> Reject | None:
    """The reject of a message that is refused for its bytes, its JSON or its fields; None where those are right."""
    if len(raw) > MAX_BYTES:
        return _reject(message, "too_large", f"{len(raw)} bytes; at most {MAX_BYTES} are taken")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return _reject(message, "not_utf8", f"byte {error.start} is not UTF-8: {error.reason}")
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        return _reject(message, "not_json", str(error) if raw else "the message is empty")
    if not isinstance(value, dict):
        return _reject(message, "not_an_event", "not a JSON object")
    if value.get("specversion") != "1.0":
        return _reject(message, "not_an_event", 'specversion must be "1.0"', "specversion")
    kind = value.get("type")
    if not isinstance(kind, str) or not kind:
        return _reject(message, "not_an_event", "type is missing", "type")
    if kind not in TYPES:
        return _reject(message, "unknown_type", f"no such type: {kind[:80]}", "type")
    try:
        ONE.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # The union puts its tag first; people know fields, not tags.
        path = ".".join(str(part) for part in first["loc"][1:])
        return _reject(message, "invalid_field", f"{path}: {_in_words(first)}", path)
    return None


def _in_words(fault: ErrorDetails) -> str:
    """A pattern means nothing to those who must mend the message; what it asks for does."""
    if fault["type"] == "string_pattern_mismatch":
        return PATTERNS.get(str(fault["loc"][-1]), fault["msg"])
    return fault["msg"]


def _reject(message: Message, reason: Reason, detail: str, path: str = "") -> Reject:
    return Reject(message.offset, message.timestamp_ms, reason, detail, path, message.value or b"")
