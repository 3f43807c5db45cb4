"""The types of §2 and the fields of their data, in the order of the contract's table."""

from dataclasses import dataclass, field

from tests.recount.fields import BOOLEAN, DATE, ID, NUMBER, TEXT, TIME, Check, integer, one_of, tags, text
from tests.recount.rules import LEVELS

CHANNELS = (
    "hall_terminal",
    "hall_pad",
    "kiosk",
    "qr",
    "pc",
    "mobile",
    "phone",
    "sms",
    "paper",
    "system_default",
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of data: required or optional."""

    check: Check
    required: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What a type wants: fields of data, and perhaps a window and a staff in the envelope."""

    fields: dict[str, Field] = field(default_factory=dict)
    window: bool = False
    staff: bool = False


def _need(check: Check) -> Field:
    return Field(check, required=True)


def _may(check: Check) -> Field:
    return Field(check, required=False)


_ID = _need(ID)
_KIND = one_of("consult", "accept", "pickup", "agent")

TYPES: dict[str, Shape] = {
    "ticket.issued": Shape(
        {
            "ticket": _ID,
            "item": _may(ID),
            "priority": _may(one_of("normal", "elderly", "disabled", "military", "other")),
            "channel": _may(one_of("kiosk", "mobile", "appointment", "counter")),
        }
    ),
    "ticket.called": Shape({"ticket": _ID, "call_no": _may(integer(1))}, window=True),
    "ticket.abandoned": Shape({"ticket": _ID, "reason": _may(one_of("no_show", "left", "cancelled"))}),
    "ticket.transferred": Shape({"ticket": _ID, "to_window": _ID}, window=True),
    "service.started": Shape(
        {"service": _ID, "ticket": _may(ID), "item": _may(ID), "kind": _may(_KIND)},
        window=True,
    ),
    "service.completed": Shape(
        {
            "service": _ID,
            "ticket": _may(ID),
            "item": _may(ID),
            "case": _may(ID),
            "kind": _may(_KIND),
            "outcome": _need(one_of("done", "supplement", "refused", "unresolved")),
            "promised_by": _may(TIME),
        },
        window=True,
    ),
    "rating.submitted": Shape(
        {
            "rating": _ID,
            "service": _may(ID),
            "level": _need(one_of(*LEVELS)),
            "channel": _need(one_of(*CHANNELS)),
            "tags": _may(tags),
            "tag_version": _may(TEXT),
            "comment": _may(text(0, 500)),
            "real_name": _may(BOOLEAN),
            "rater": _may(TEXT),
            "round": _may(integer(1, 2)),
        }
    ),
    "rating.voided": Shape(
        {
            "rating": _ID,
            "reason": _need(one_of("mistake", "malicious", "duplicate", "test", "self_rated", "coerced", "other")),
            "decided_by": _ID,
            "document": _may(TEXT),
        }
    ),
    "rating.reinstated": Shape({"rating": _ID, "decided_by": _ID}),
    "appeal.filed": Shape({"appeal": _ID, "rating": _ID, "ground": _need(TEXT)}),
    "appeal.decided": Shape(
        {"appeal": _ID, "rating": _ID, "result": _need(one_of("upheld", "rejected")), "decided_by": _ID}
    ),
    "rectification.contacted": Shape({"rating": _ID, "by": _ID}),
    "rectification.verified": Shape(
        {
            "rating": _ID,
            "finding": _need(one_of("valid", "explained", "void")),
            "liable": _need(one_of("staff", "department", "item", "system", "none")),
            "staff": _may(ID),
        }
    ),
    "rectification.extended": Shape(
        {"rating": _ID, "workdays": _need(integer(1, 10)), "reason": _need(TEXT), "approved_by": _ID}
    ),
    "rectification.completed": Shape({"rating": _ID, "measure": _need(TEXT)}),
    "rectification.revisited": Shape(
        {"rating": _ID, "result": _need(one_of("satisfied", "basically_satisfied", "dissatisfied"))}
    ),
    "window.opened": Shape(window=True, staff=True),
    "window.paused": Shape(
        {
            "reason": _need(one_of("meal", "meeting", "material", "system", "other")),
            "planned_minutes": _may(NUMBER),
        },
        window=True,
    ),
    "window.resumed": Shape(window=True),
    "window.closed": Shape(window=True),
    "conduct.recorded": Shape(
        {
            "record": _ID,
            "rule": _ID,
            "target": _need(one_of("staff", "window", "site")),
            "target_id": _ID,
            "points": _may(NUMBER),
            "incident": _may(ID),
            "by": _ID,
            "note": _may(TEXT),
        }
    ),
    "conduct.withdrawn": Shape({"record": _ID, "by": _ID}),
    "supervision.opened": Shape({"matter": _ID, "due": _need(DATE)}),
    "supervision.closed": Shape({"matter": _ID}),
    "suggestion.received": Shape(
        {
            "suggestion": _ID,
            "text": _need(text(0, 2000)),
            "via": _need(one_of("book", "box", "12345", "letter", "mobile")),
        }
    ),
    "device.heartbeat": Shape(
        {
            "device": _ID,
            "kind": _need(one_of("rating", "queue", "kiosk", "camera")),
            "backlog": _may(NUMBER),
            "battery": _may(NUMBER),
            "firmware": _may(TEXT),
        }
    ),
}
