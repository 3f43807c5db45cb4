"""Raw messages to events: the judgement of tests.recount.messages, with a short way for what is plainly well formed.

The short way accepts only what `judge` accepts, and reads it alike; whatever it isn't sure of it leaves to `judge`.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from sys import intern
from typing import Any, NoReturn

from tests.recount.assessment.events import Event, OtherEvent, RatingEvent, ServiceEvent, TicketEvent, position
from tests.recount.catalogue import TYPES
from tests.recount.fields import TIME
from tests.recount.messages import LARGEST, Accepted, judge
from tests.recount.rules import Message, Rules
from tests.recount.times import parse_time

_FIELDS = {kind: {name: wanted.check for name, wanted in shape.fields.items()} for kind, shape in TYPES.items()}
_REQUIRED = {kind: [name for name, wanted in shape.fields.items() if wanted.required] for kind, shape in TYPES.items()}
_TICKETS = ("ticket.issued", "ticket.called")
_SERVICES = ("service.started", "service.completed")


def read(messages: Iterable[Message], judging: Rules) -> list[Event]:
    """The accepted events of messages in any order, each (source, id) once and first, by (partition, offset)."""
    events = []
    for message in messages:
        event = _event(message, judging)
        if event is not None:
            events.append(event)
    events.sort(key=lambda event: event.order)
    known = set()
    once = []
    for event in events:
        if event.name not in known:
            known.add(event.name)
            once.append(event)
    return once


def _event(message: Message, judging: Rules) -> Event | None:
    body = _plain(message.value or b"")
    if body is not None:
        time = _moment(body["time"])
        if time is not None and time <= message.received_ms + judging.clock_ahead_ms:
            return _kept(body, time, message)
    verdict = judge(message, judging)
    if not isinstance(verdict, Accepted):
        return None
    body = {**verdict.event}
    return _kept(body, verdict.event["time"], message)


def _refuse(_: str) -> NoReturn:
    raise ValueError


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _plain(raw: bytes) -> dict[str, Any] | None:
    """The message if it is an event beyond doubt, its time and the broker's aside."""
    if len(raw) > LARGEST or b"\\" in raw:
        return None
    try:
        body = _decode(raw.decode())
        kind, street, site, data = body["type"], body["street"], body["site"], body["data"]
        window, staff, fields = body.get("window"), body.get("staff"), _FIELDS[kind]
        if not (
            body["specversion"] == "1.0"
            and 1 <= len(body["id"]) <= 64
            and 1 <= len(body["source"]) <= 128
            and type(body["id"]) is type(body["source"]) is type(street) is type(site) is str
            and len(street) == 9
            and street.isascii()
            and street.isdigit()
            and len(site) <= 64
            and site.startswith(street)
            and type(data) is dict
        ):
            return None
        if window is None:
            if TYPES[kind].window:
                return None
        elif type(window) is not str or len(window) > 64 or not window.startswith(site):
            return None
        if staff is None:
            if TYPES[kind].staff:
                return None
        elif type(staff) is not str or not 1 <= len(staff) <= 64:
            return None
        for name in _REQUIRED[kind]:
            if data[name] is None:
                return None
        for name, value in data.items():
            check = fields.get(name)
            if check is not None and value is not None:
                if check is TIME:
                    if type(value) is not str or _moment(value) is None:
                        return None
                elif check(value) is not None:
                    return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return body  # type: ignore[no-any-return]


def _kept(body: dict[str, Any], time: int, message: Message) -> Event:
    kind, data = body["type"], body["data"]
    envelope = (
        position(message.partition, message.offset),
        time,
        intern(kind),
        intern(body["street"]),
        intern(body["site"]),
        intern(body.get("window") or ""),
        intern(body.get("staff") or ""),
        (intern(body["source"]), body["id"]),
    )
    if kind in _TICKETS:
        return TicketEvent(*envelope, data["ticket"])
    if kind in _SERVICES:
        promised = data.get("promised_by") if kind == "service.completed" else None
        return ServiceEvent(
            *envelope,
            data["service"],
            data.get("ticket") or "",
            intern(data.get("item") or ""),
            intern((data.get("outcome") or "") if kind == "service.completed" else ""),
            _moment(promised) if promised is not None else None,
        )
    if kind == "rating.submitted":
        default, again = data["channel"] == "system_default", data.get("round") == 2
        level = intern(data["level"])
        return RatingEvent(*envelope, data["rating"], data.get("service") or "", level, default, again)
    if isinstance(data.get("points"), float):
        # As it is written for short: what JSON knows of a number are the digits that tell it from others.
        data = {**data, "points": Decimal(repr(data["points"]))}
    return OtherEvent(*envelope, data)


_days: dict[str, int | None] = {}
_clocks: dict[str, int | None] = {}
_ends: dict[str, int | None] = {}
_BASE = parse_time("2000-01-02T00:00:00Z") or 0


def _moment(text: str) -> int | None:
    """`parse_time`, its parts remembered: a day up to its T, a clock of whole seconds, and a fraction and offset."""
    if len(text) > 29 or not "1970" <= text[:4] <= "2100":
        return parse_time(text)
    day, clock, end = text[:11], text[11:19], text[19:]
    if day not in _days:
        _days[day] = parse_time(f"{day}00:00:00Z")
    if clock not in _clocks:
        _clocks[clock] = parse_time(f"2000-01-02T{clock}Z")
    if end not in _ends:
        _ends[end] = parse_time(f"2000-01-02T00:00:00{end}")
    moments = _days[day], _clocks[clock], _ends[end]
    if None in moments:
        return None
    return sum(moment for moment in moments if moment is not None) - 2 * _BASE
