"""The verdict on one raw message: an event, or a reject with its reason (CONTRACT §1–§3)."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypedDict

from tests.recount.catalogue import TYPES, Shape
from tests.recount.fields import ID, OBJECT, TIME, Check, text
from tests.recount.rules import Message, Rules
from tests.recount.times import parse_time

LARGEST = 64 * 1024

Reason = Literal[
    "too_large",
    "not_utf8",
    "not_json",
    "not_an_event",
    "unknown_type",
    "invalid_field",
    "misplaced",
    "clock_ahead",
]


class Event(TypedDict):
    """An accepted event. Absent strings are ''; data is as it was sent."""

    id: str
    source: str
    type: str
    time: int
    street: str
    site: str
    window: str
    staff: str
    data: dict[str, Any]
    partition: int
    offset: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message is an event."""

    event: Event


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message is refused, for the first reason that applies; the path is '' where no field is at fault."""

    reason: Reason
    path: str = ""


def judge(message: Message, rules: Rules = Rules()) -> Accepted | Rejected:  # noqa: B008  frozen
    """Try the reasons of §3 one after the other; what passes all of them is accepted."""
    raw = message.value if message.value is not None else b""
    if len(raw) > LARGEST:
        return Rejected("too_large")
    try:
        words = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Rejected("not_utf8")
    try:
        body = _parse(words)
    except (ValueError, RecursionError):
        return Rejected("not_json")
    if not isinstance(body, dict) or body.get("specversion") != "1.0":
        return Rejected("not_an_event")
    kind = body.get("type")
    if not isinstance(kind, str) or kind == "":
        return Rejected("not_an_event")
    if kind not in TYPES:
        return Rejected("unknown_type", "type")
    fault = _fault(body, TYPES[kind])
    if fault is not None:
        return Rejected("invalid_field", fault)
    event = _event(body, message)
    if not event["site"].startswith(event["street"]):
        return Rejected("misplaced", "site")
    if event["window"] != "" and not event["window"].startswith(event["site"]):
        return Rejected("misplaced", "window")
    if event["time"] > message.received_ms + rules.clock_ahead_ms:
        return Rejected("clock_ahead", "time")
    return Accepted(event)


def accepted_events(messages: Iterable[Message], rules: Rules = Rules()) -> list[Event]:  # noqa: B008  frozen
    """The events of all messages that pass, redeliveries included, in the order (partition, offset)."""
    ordered = sorted(messages, key=lambda message: (message.partition, message.offset))
    verdicts = (judge(message, rules) for message in ordered)
    return [verdict.event for verdict in verdicts if isinstance(verdict, Accepted)]


def field_of(event: Event, name: str) -> str:
    """A string of the event's data, '' where it is absent."""
    value = event["data"].get(name)
    return value if isinstance(value, str) else ""


def _parse(words: str) -> object:
    body: object = json.loads(words, parse_constant=_no_constant, parse_int=_whole)
    if "\\ud" in words.lower():
        # Half a surrogate pair is no character: the text has no UTF-8. (UnicodeEncodeError is a ValueError.)
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _whole(digits: str) -> int | float:
    """A whole number; one of more digits than Python reads as int (4,300) is JSON all the same."""
    return int(digits) if len(digits) < 4_000 else float(digits)


def _street(value: object) -> str | None:
    return None if isinstance(value, str) and re.fullmatch("[0-9]{9}", value) else ""


_ENVELOPE: tuple[tuple[str, Check], ...] = (
    ("id", text(1, 64)),
    ("source", text(1, 128)),
    ("time", TIME),
    ("street", _street),
    ("site", ID),
    ("window", ID),
    ("staff", ID),
    ("data", OBJECT),
)


def _fault(body: dict[str, Any], shape: Shape) -> str | None:
    """The path of the first field that is missing or malformed: the envelope's, then the data's."""
    optional = set()
    if not shape.window:
        optional.add("window")
    if not shape.staff:
        optional.add("staff")
    for name, check in _ENVELOPE:
        value = body.get(name)
        if value is None and name in optional:
            continue
        where = check(value)
        if where is not None:
            return name + where
    for name, wanted in shape.fields.items():
        value = body["data"].get(name)
        if value is None and not wanted.required:
            continue
        where = wanted.check(value)
        if where is not None:
            return f"data.{name}{where}"
    return None


def _event(body: dict[str, Any], message: Message) -> Event:
    time = parse_time(body["time"])
    assert time is not None, "checked before"
    return Event(
        id=body["id"],
        source=body["source"],
        type=body["type"],
        time=time,
        street=body["street"],
        site=body["site"],
        window=body.get("window") or "",
        staff=body.get("staff") or "",
        data=body["data"],
        partition=message.partition,
        offset=message.offset,
        received_ms=message.received_ms,
    )
