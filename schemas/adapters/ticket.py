"""A ticket's id in the district: of the vendor's within its site, or of the number, which begins anew each day."""

from __future__ import annotations

from schemas.adapters.mapping import Field, Place
from schemas.adapters.record import Record, fitting


def ticket_of(record: Record, home: Place, own: Field = "ticket") -> str:
    """The ticket that a record names, '' where it names none. `own`: where the vendor's id of it stands. Raises Fault.

    It is also the id of the service that it was called for, so that ratings and queues mean the same one.
    """
    if vendors := record.text(own).strip():
        return fitting(f"{home.site}-{vendors}")
    if number := record.text("number").strip():
        day = record.day("issued_at" if record.text("issued_at").strip() else "time")
        return fitting(f"{home.site}-{day:%Y%m%d}-{number}")
    return ""
