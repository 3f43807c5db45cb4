"""A queue system's rows: a ticket that was issued, a call and what came of it, what was done at a window."""

from __future__ import annotations

from typing import Any

from schemas.adapters.fault import Fault
from schemas.adapters.mapping import Field, Mappings, Place
from schemas.adapters.placing import Origin, place, window_of
from schemas.adapters.record import Record, fitting
from schemas.adapters.ticket import ticket_of
from schemas.moments import epoch_ms

_APPOINTMENT = "appointment"


def events_of(record: Record, origin: Origin, mappings: Mappings) -> list[dict[str, Any]]:
    """The event of a row, without source and specversion. Raises Fault.

    A row with an action is a window's; one with a time of handling is a call's; any other is a ticket's.
    """
    tables = record.mapping
    if record.text("action").strip():
        happening = record.need_code("action", tables.actions)
        return [_happened(record, "action", happening, origin, mappings)]
    if record.text("time").strip():
        happening = record.need_code("state", tables.happenings)
        return [_happened(record, "state", happening, origin, mappings)]
    return [_issued(record, origin, mappings)]


def _issued(record: Record, origin: Origin, mappings: Mappings) -> dict[str, Any]:
    tables = record.mapping
    time = record.time("issued_at")
    home = place(record, origin, mappings)
    ticket = _need_ticket(record, home, "queued")
    channel = record.code("source", tables.sources)
    if record.code("type", tables.types) == _APPOINTMENT or record.text("reservation").strip():
        channel = "appointment"
    data = {"ticket": ticket, "channel": channel, "priority": record.code("priority", tables.priorities)}
    return _event(record, "ticket.issued", time, home, ticket, data)


def _happened(record: Record, field: Field, kind: str, origin: Origin, mappings: Mappings) -> dict[str, Any]:
    if kind == "no_event":
        path = record.path(field)
        detail = (
            f"{path}: {record.need(field)} means that the visitor was put aside (挂起), for which there is no event"
        )
        raise Fault("unknown_type", path, detail)
    time = record.time("time")
    home = place(record, origin, mappings)
    if kind.startswith("window."):
        data: dict[str, Any] = {}
        if kind == "window.paused":
            data["reason"] = record.code("reason", record.mapping.pauses) or "other"
        return _event(record, kind, time, home, home.window, data)
    ticket = _need_ticket(record, home, "ticket")
    data = {"ticket": ticket}
    match kind:
        case "ticket.called" if record.text("call_no").strip():
            data["call_no"] = record.number("call_no", 0) + 1
        case "ticket.abandoned":
            data["reason"] = "no_show"
        case "ticket.transferred":
            data["to_window"] = window_of(record, "to_window", home, mappings)
        case "service.completed":
            made_for = record.code("type", record.mapping.types)
            data |= {"service": ticket, "outcome": "done", "kind": None if made_for == _APPOINTMENT else made_for}
    return _event(record, kind, time, home, ticket, data)


def _need_ticket(record: Record, home: Place, own: Field) -> str:
    ticket = ticket_of(record, home, own)
    if not ticket:
        path = record.path(own)
        raise Fault("invalid_field", path, f"{path}: Field required, or {record.path('number')}")
    return ticket


def _event(record: Record, kind: str, time: str, home: Place, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    """An event whose id is what happened to whom and when, for a row is changed in its place."""
    known = {name: value for name, value in data.items() if value is not None}
    return {
        "id": fitting(f"{record.name}-{subject}-{kind}-{epoch_ms(time)}"),
        "type": kind,
        "time": time,
        **home._asdict(),
        "staff": record.text("staff").strip(),
        "data": {**record.kept(), **known},
    }
