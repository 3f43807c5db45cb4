"""Example events that are refused, each for one reason and one field."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from schemas.contracts.examples import BY_TYPE, changed, lacking, without
from schemas.event import Reason


class Refused(NamedTuple):
    """An event that is refused for `reason`, with the `field` at fault; by the schema too where `schema_says`."""

    says: str
    reason: Reason
    field: str
    schema_says: bool
    event: dict[str, Any]


def _invalid(says: str, field: str, event: dict[str, Any], *, schema_says: bool = True) -> Refused:
    return Refused(says, "invalid_field", field, schema_says, event)


REFUSED: Final[tuple[Refused, ...]] = (
    Refused(
        "The version of CloudEvents must be 1.0.",
        "not_an_event",
        "specversion",
        True,
        changed("window.closed", {"specversion": "0.3"}),
    ),
    Refused("A type is needed.", "not_an_event", "type", True, without(BY_TYPE["window.closed"], "type")),
    Refused(
        "The contract has no such type.",
        "unknown_type",
        "type",
        True,
        changed("window.closed", {"type": "window.painted"}),
    ),
    _invalid("An id is needed.", "id", without(BY_TYPE["window.closed"], "id")),
    _invalid("An id has at least one character.", "id", changed("window.closed", {"id": ""})),
    _invalid("An id has at most 64 characters.", "id", changed("window.closed", {"id": "i" * 65})),
    _invalid("A number is no id: write it in quotes.", "id", changed("window.closed", {"id": 5})),
    _invalid("A source has at most 128 characters.", "source", changed("window.closed", {"source": "s" * 129})),
    _invalid("A time needs an offset.", "time", changed("window.closed", {"time": "2026-11-02T10:15:30"})),
    _invalid(
        "Between date and time stands a T.", "time", changed("window.closed", {"time": "2026-11-02 10:15:30+08:00"})
    ),
    _invalid("A time needs seconds.", "time", changed("window.closed", {"time": "2026-11-02T10:15+08:00"})),
    _invalid("A time is text, no number of milliseconds.", "time", changed("window.closed", {"time": 1793585730000})),
    _invalid("A street's code has 9 digits.", "street", changed("window.closed", {"street": "53010200"})),
    _invalid("A site is needed.", "site", without(BY_TYPE["window.closed"], "site")),
    _invalid("This type needs a window.", "window", without(BY_TYPE["window.closed"], "window")),
    _invalid("This type needs a window; null is none.", "window", changed("ticket.called", {"window": None})),
    _invalid("Who opens a window must be said.", "staff", without(BY_TYPE["window.opened"], "staff")),
    _invalid("An empty text is no window.", "window", changed("rating.submitted", {"window": ""})),
    _invalid("Data are needed, if only {}.", "data", without(BY_TYPE["window.closed"], "data")),
    _invalid("Data are an object.", "data", {**BY_TYPE["window.closed"], "data": []}),
    _invalid("A level is needed.", "data.level", lacking("rating.submitted", "level")),
    _invalid(
        "Levels are words: numbers run in both directions among vendors.",
        "data.level",
        changed("rating.submitted", level=5),
    ),
    _invalid("The contract has no such level.", "data.level", changed("rating.submitted", level="neutral")),
    _invalid("The contract has no such channel.", "data.channel", changed("rating.submitted", channel="fax")),
    _invalid("A rating has at most 8 tags.", "data.tags", changed("rating.submitted", tags=["213"] * 9)),
    _invalid("Tags are a list.", "data.tags", changed("rating.submitted", tags="213,214")),
    _invalid("A tag's code is text.", "data.tags.0", changed("rating.submitted", tags=[213])),
    _invalid("A comment has at most 500 characters.", "data.comment", changed("rating.submitted", comment="评" * 501)),
    _invalid("Rounds are 1 and 2.", "data.round", changed("rating.submitted", round=3)),
    _invalid("true and false have no quotes.", "data.real_name", changed("rating.submitted", real_name="true")),
    _invalid("An empty text is no service.", "data.service", changed("rating.submitted", service="")),
    _invalid("Calls are counted from 1.", "data.call_no", changed("ticket.called", call_no=0)),
    _invalid("An outcome is needed.", "data.outcome", lacking("service.completed", "outcome")),
    _invalid(
        "A promise is a time with an offset.",
        "data.promised_by",
        changed("service.completed", promised_by="2026-11-09"),
    ),
    _invalid("An extension has at most 10 workdays.", "data.workdays", changed("rectification.extended", workdays=11)),
    _invalid("Points are a number.", "data.points", changed("conduct.recorded", points="-1")),
    _invalid("A due date is a day.", "data.due", changed("supervision.opened", due="2026-11-13T00:00:00+08:00")),
    _invalid(
        "There is no month 13.",
        "time",
        changed("window.closed", {"time": "2026-13-02T10:15:30+08:00"}),
        schema_says=False,
    ),
    _invalid(
        "There is no second 60.",
        "data.promised_by",
        changed("service.completed", promised_by="2026-11-09T18:00:60Z"),
        schema_says=False,
    ),
    _invalid(
        "There is no 30 February.", "data.due", changed("supervision.opened", due="2026-02-30"), schema_says=False
    ),
    _invalid(
        "A whole number has no fraction.", "data.call_no", changed("ticket.called", call_no=1.0), schema_says=False
    ),
    Refused(
        "The site is not of the street.",
        "misplaced",
        "site",
        False,
        changed("window.closed", {"site": "530102002-00"}),
    ),
    Refused(
        "The window is not of the site.",
        "misplaced",
        "window",
        False,
        changed("window.closed", {"window": "530102001-01-03"}),
    ),
    Refused(
        "The device's clock is ahead.",
        "clock_ahead",
        "time",
        False,
        changed("window.closed", {"time": "2096-11-02T10:15:30+08:00"}),
    ),
)
