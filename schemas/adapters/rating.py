"""A vendor's rating record: one `rating.submitted`."""

from __future__ import annotations

from typing import Any

from schemas.adapters.fault import Fault
from schemas.adapters.mapping import Mappings, Place
from schemas.adapters.placing import Origin, place
from schemas.adapters.record import Record, fitting
from schemas.adapters.ticket import ticket_of
from schemas.adapters.visit import service_of


def events_of(record: Record, origin: Origin, mappings: Mappings) -> list[dict[str, Any]]:
    """The event of a rating record, without source and specversion. Raises Fault."""
    tables = record.mapping
    if (error := record.text("error").strip()) not in ("", "0"):
        path = record.path("error")
        raise Fault("invalid_field", path, f"{path}: {error[:40]}: the visitor gave no rating")
    level = record.need_code("level", tables.levels)
    # A pad is always a pad; all others say it.
    channel = tables.channel or record.need_code("channel", tables.channels)
    round_ = record.code("round", tables.rounds)
    time = record.time("time")
    home = place(record, origin, mappings)
    rating = _rating(record, home, round_ or 1)
    if channel == "system_default":
        # No bar to a later real one of the same case (contract §4.3), which would have the same id.
        rating = fitting(f"{rating}-default")
    data: dict[str, Any] = {"rating": rating, "level": level, "channel": channel}
    if service := _service(record, home):
        data["service"] = service
    if tags := [tag.strip() for tag in record.text("tags").split(tables.separator) if tag.strip()]:
        data["tags"] = tags
    if comment := record.text("comment"):
        data["comment"] = comment
    if rater := next((name for name in record.texts("rater") if name not in tables.nobody), ""):
        # Who is named was known to the interface by a document or a login.
        data |= {"rater": rater, "real_name": True}
    if round_ is not None:
        data["round"] = round_
    staff = record.text("staff").strip()
    event = {"id": fitting(f"{record.name}-{rating}"), "type": "rating.submitted", "time": time, **home._asdict()}
    return [{**event, "staff": staff, "data": {**record.kept(), **data}}]


def _rating(record: Record, home: Place, round_: int) -> str:
    """The rating's id: the vendor's own, which is unique in its site; else of case, visit and round; else a hash."""
    if own := record.text("record").strip():
        return fitting(f"{home.site}-{own}")
    if case := record.text("case").strip():
        return fitting(f"{case}-{_visit(record)}-{round_}")
    return record.digest(*home)


def _visit(record: Record) -> int:
    return record.number("visit", 1) or 1


def _service(record: Record, home: Place) -> str:
    """What was rated: the case, at its n-th visit, or what the ticket was called for; '' where neither is said."""
    if case := record.text("case").strip():
        return fitting(service_of(case, _visit(record)))
    return ticket_of(record, home)
