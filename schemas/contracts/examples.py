"""Example events: one of each type, which together tell of a visit and what came of it; and edge cases.

All are of the sample district. Nobody's data are in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

_PLACE: Final = {"street": "530102001", "site": "530102001-00", "window": "530102001-00-03", "staff": "S0142"}


class Example(NamedTuple):
    """An event that is accepted. `name`: its type, for the one example of a type, else what it shows; `says`: why."""

    name: str
    says: str
    event: dict[str, Any]


def _event(kind: str, time: str, data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An event of the window's terminal; `changes` are of the envelope, whose order stays."""
    envelope = {
        "specversion": "1.0",
        "id": kind.replace(".", "-") + "-1",
        "source": "terminal/DG-00042",
        "type": kind,
        "time": time,
        **_PLACE,
    }
    return {**envelope, **changes, "data": changes.get("data", data)}


def _day(kind: str, hours: str, data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return _event(kind, f"2026-11-02T{hours}+08:00", data, **changes)


def without(event: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in names}


_RATING: Final = {"rating": "R-000418", "service": "V-55231", "level": "dissatisfied", "channel": "hall_terminal"}
_OFFICE: Final = {"source": "office/530102000", "window": None, "staff": None}
_DECIDED_BY: Final = "S0001"

# In the order in which they happen.
_VISIT: Final = (
    _day("window.opened", "09:00:00", {}),
    _day(
        "device.heartbeat",
        "09:00:05",
        {"device": "DG-00042", "kind": "rating", "backlog": 0, "battery": 86.5, "firmware": "3.2.1"},
    ),
    _day(
        "ticket.issued",
        "10:01:12",
        {"ticket": "T-20261102-0077", "item": "IT-0001", "priority": "elderly", "channel": "kiosk"},
        source="queue/530102001-00",
        window=None,
        staff=None,
    ),
    _day("ticket.called", "10:05:40", {"ticket": "T-20261102-0077", "call_no": 1}, source="queue/530102001-00"),
    _day(
        "ticket.transferred",
        "10:06:30",
        {"ticket": "T-20261102-0078", "to_window": "530102001-00-04"},
        source="queue/530102001-00",
    ),
    _day(
        "ticket.abandoned",
        "10:07:00",
        {"ticket": "T-20261102-0076", "reason": "no_show"},
        source="queue/530102001-00",
        window=None,
        staff=None,
    ),
    _day(
        "service.started",
        "10:06:02",
        {"service": "V-55231", "ticket": "T-20261102-0077", "item": "IT-0001", "kind": "accept"},
    ),
    _day(
        "service.completed",
        "10:14:51",
        {
            "service": "V-55231",
            "ticket": "T-20261102-0077",
            "item": "IT-0001",
            "case": "C-2026-0419",
            "kind": "accept",
            "outcome": "done",
            "promised_by": "2026-11-09T18:00:00+08:00",
        },
    ),
    _day(
        "rating.submitted",
        "10:15:30",
        {
            **_RATING,
            "tags": ["213"],
            "tag_version": "2020-08",
            "comment": "等了很久",
            "real_name": False,
            "rater": "visitor-8c1f",
            "round": 1,
        },
    ),
    _day("window.paused", "12:00:00", {"reason": "meal", "planned_minutes": 60}),
    _day("window.resumed", "13:00:00", {}),
    _day("window.closed", "17:00:00", {}),
    _day("rectification.contacted", "16:20:00", {"rating": "R-000418", "by": _DECIDED_BY}, **_OFFICE),
    _event(
        "rectification.verified",
        "2026-11-03T10:00:00+08:00",
        {"rating": "R-000418", "finding": "valid", "liable": "staff", "staff": "S0142"},
        **_OFFICE,
    ),
    _event(
        "rectification.extended",
        "2026-11-04T09:30:00+08:00",
        {"rating": "R-000418", "workdays": 3, "reason": "需部门会商", "approved_by": _DECIDED_BY},
        **_OFFICE,
    ),
    _event(
        "rectification.completed",
        "2026-11-06T15:00:00+08:00",
        {"rating": "R-000418", "measure": "已当面致歉并组织业务培训"},
        **_OFFICE,
    ),
    _event(
        "rectification.revisited",
        "2026-11-09T11:00:00+08:00",
        {"rating": "R-000418", "result": "satisfied"},
        **_OFFICE,
    ),
    _event(
        "appeal.filed",
        "2026-11-03T14:00:00+08:00",
        {"appeal": "A-0007", "rating": "R-000418", "ground": "评价对象有误"},
        **_OFFICE,
    ),
    _event(
        "appeal.decided",
        "2026-11-05T16:00:00+08:00",
        {"appeal": "A-0007", "rating": "R-000418", "result": "rejected", "decided_by": _DECIDED_BY},
        **_OFFICE,
    ),
    _event(
        "rating.voided",
        "2026-11-10T09:00:00+08:00",
        {"rating": "R-000418", "reason": "mistake", "decided_by": _DECIDED_BY, "document": "华政评〔2026〕12号"},
        **_OFFICE,
    ),
    _event(
        "rating.reinstated",
        "2026-11-10T15:00:00+08:00",
        {"rating": "R-000418", "decided_by": _DECIDED_BY},
        **_OFFICE,
    ),
    _event(
        "conduct.recorded",
        "2026-11-03T11:00:00+08:00",
        {
            "record": "K-0031",
            "rule": "late",
            "target": "staff",
            "target_id": "S0142",
            "points": -1,
            "incident": "I-0009",
            "by": _DECIDED_BY,
            "note": "上午迟到十分钟",
        },
        **_OFFICE,
    ),
    _event("conduct.withdrawn", "2026-11-04T11:00:00+08:00", {"record": "K-0031", "by": _DECIDED_BY}, **_OFFICE),
    _event("supervision.opened", "2026-11-03T09:00:00+08:00", {"matter": "M-0005", "due": "2026-11-13"}, **_OFFICE),
    _event("supervision.closed", "2026-11-12T09:00:00+08:00", {"matter": "M-0005"}, **_OFFICE),
    _day(
        "suggestion.received",
        "15:00:00",
        {"suggestion": "G-0002", "text": "建议午间增开一个窗口", "via": "box"},
        window=None,
        staff=None,
    ),
)

BY_TYPE: Final = {event["type"]: event for event in _VISIT}


def changed(kind: str, envelope: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The example of a type with attributes of the envelope and fields of the data changed."""
    example = BY_TYPE[kind]
    return {**example, **(envelope or {}), "data": {**example["data"], **fields}}


def lacking(kind: str, *fields: str) -> dict[str, Any]:
    example = BY_TYPE[kind]
    return {**example, "data": without(example["data"], *fields)}


_EDGES: Final = (
    Example(
        "least",
        "A rating needs no service, no window and no staff; it is flagged no_service.",
        {
            **without(BY_TYPE["rating.submitted"], "window", "staff", "data"),
            "id": "least-1",
            "data": {"rating": "R-000500", "level": "satisfied", "channel": "qr"},
        },
    ),
    Example(
        "null",
        "null means absent, for an attribute and for a field.",
        changed(
            "rating.submitted",
            {"id": "null-1", "window": None, "staff": None},
            rating="R-000501",
            service=None,
            tags=None,
            tag_version=None,
            comment=None,
            real_name=None,
            rater=None,
            round=None,
        ),
    ),
    Example(
        "utc",
        "Any offset will do; days and minutes are those of Asia/Shanghai all the same.",
        changed(
            "service.started",
            {"id": "utc-1", "time": "2026-11-02T02:06:02Z"},
            service="V-55240",
        ),
    ),
    Example(
        "fraction",
        "Fractions of a second are read to the millisecond; finer digits are cut off.",
        changed(
            "service.started",
            {"id": "fraction-1", "time": "2026-11-02T10:06:02.1239+08:00"},
            service="V-55241",
        ),
    ),
    Example(
        "unknown-field",
        "An unknown field of the data is kept; an unknown attribute is ignored.",
        changed(
            "service.completed",
            {"id": "unknown-field-1", "traceparent": "00-1"},
            service="V-55242",
            counter=7,
        ),
    ),
    Example(
        "default",
        "A default that nobody gave is kept and never counts.",
        changed(
            "rating.submitted",
            {"id": "default-1"},
            rating="R-000502",
            service="V-55243",
            level="very_satisfied",
            channel="system_default",
            tags=[],
            rater=None,
        ),
    ),
    Example(
        "second-round",
        "A later rating (追评) of the same service is kept and never replaces the first.",
        changed(
            "rating.submitted",
            {"id": "second-round-1", "time": "2026-11-10T10:00:00+08:00"},
            rating="R-000503",
            level="satisfied",
            tags=["413"],
            channel="mobile",
            round=2,
        ),
    ),
    Example(
        "recall",
        "Another call of the ticket, under another id, is a recall.",
        changed(
            "ticket.called",
            {"id": "recall-1", "time": "2026-11-02T10:05:55+08:00"},
            call_no=2,
        ),
    ),
    Example(
        "centre",
        "The district's centre is a street of its own.",
        changed(
            "window.opened",
            {
                "id": "centre-1",
                "street": "530102000",
                "site": "530102000-00",
                "window": "530102000-00-01",
                "staff": "S0001",
            },
        ),
    ),
    Example(
        "longest",
        "Ids may have 64 characters, a source 128, a comment 500; eight tags.",
        changed(
            "rating.submitted",
            {"id": "i" * 64, "source": "s" * 128},
            rating="R" * 64,
            service="V" * 64,
            comment="评" * 500,
            tags=["207", "208", "209", "210", "211", "212", "213", "214"],
        ),
    ),
    Example(
        "empty-text",
        "Free text may be empty; an id may not.",
        changed(
            "rating.submitted",
            {"id": "empty-text-1"},
            rating="R-000504",
            service="V-55244",
            comment="",
            rater="",
        ),
    ),
)

EXAMPLES: Final[tuple[Example, ...]] = (
    *(Example(event["type"], "One event of the type.", event) for event in _VISIT),
    *_EDGES,
)
