"""The `data` of every type of contract §2, a TypedDict each. Unknown fields are kept, enumerations are closed.

TypedDicts, not models: on the hot path they validate in half the time. `None` stands for an absent optional.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config

# pydantic needs typing_extensions' TypedDict before Python 3.12.
from typing_extensions import TypedDict

from schemas.fields import Comment, Day, Flag, Id, Moment, Number, Suggestion, Text
from schemas.levels import Level

Channel = Literal[
    "hall_terminal", "hall_pad", "kiosk", "qr", "pc", "mobile", "phone", "sms", "paper", "system_default"
]  # fmt: skip
Kind = Literal["consult", "accept", "pickup", "agent"]
Outcome = Literal["done", "supplement", "refused", "unresolved"]
Revisit = Literal["satisfied", "basically_satisfied", "dissatisfied"]
VoidReason = Literal["mistake", "malicious", "duplicate", "test", "self_rated", "coerced", "other"]

_keep = with_config(ConfigDict(extra="allow"))


@_keep
class TicketIssued(TypedDict):
    ticket: Id
    item: NotRequired[Id | None]
    priority: NotRequired[Literal["normal", "elderly", "disabled", "military", "other"] | None]
    channel: NotRequired[Literal["kiosk", "mobile", "appointment", "counter"] | None]


@_keep
class TicketCalled(TypedDict):
    ticket: Id
    call_no: NotRequired[Annotated[int, Field(ge=1, strict=True)] | None]


@_keep
class TicketAbandoned(TypedDict):
    ticket: Id
    reason: NotRequired[Literal["no_show", "left", "cancelled"] | None]


@_keep
class TicketTransferred(TypedDict):
    ticket: Id
    to_window: Id


@_keep
class ServiceStarted(TypedDict):
    service: Id
    ticket: NotRequired[Id | None]
    item: NotRequired[Id | None]
    kind: NotRequired[Kind | None]


@_keep
class ServiceCompleted(TypedDict):
    service: Id
    ticket: NotRequired[Id | None]
    item: NotRequired[Id | None]
    case: NotRequired[Id | None]
    kind: NotRequired[Kind | None]
    outcome: Outcome
    promised_by: NotRequired[Moment | None]


@_keep
class RatingSubmitted(TypedDict):
    rating: Id
    service: NotRequired[Id | None]
    level: Level
    channel: Channel
    tags: NotRequired[Annotated[list[Id], Field(max_length=8)] | None]
    tag_version: NotRequired[Text | None]
    comment: NotRequired[Comment | None]
    real_name: NotRequired[Flag | None]
    rater: NotRequired[Text | None]
    round: NotRequired[Literal[1, 2] | None]


@_keep
class RatingVoided(TypedDict):
    rating: Id
    reason: VoidReason
    decided_by: Id
    document: NotRequired[Text | None]


@_keep
class RatingReinstated(TypedDict):
    rating: Id
    decided_by: Id


@_keep
class AppealFiled(TypedDict):
    appeal: Id
    rating: Id
    ground: Text


@_keep
class AppealDecided(TypedDict):
    appeal: Id
    rating: Id
    result: Literal["upheld", "rejected"]
    decided_by: Id


@_keep
class RectificationContacted(TypedDict):
    rating: Id
    by: Id


@_keep
class RectificationVerified(TypedDict):
    rating: Id
    finding: Literal["valid", "explained", "void"]
    liable: Literal["staff", "department", "item", "system", "none"]
    staff: NotRequired[Id | None]


@_keep
class RectificationExtended(TypedDict):
    rating: Id
    workdays: Annotated[int, Field(ge=1, le=10, strict=True)]
    reason: Text
    approved_by: Id


@_keep
class RectificationCompleted(TypedDict):
    rating: Id
    measure: Text


@_keep
class RectificationRevisited(TypedDict):
    rating: Id
    result: Revisit


@_keep
class Nothing(TypedDict):
    """No field is asked for (window.opened, resumed, closed)."""


@_keep
class WindowPaused(TypedDict):
    reason: Literal["meal", "meeting", "material", "system", "other"]
    planned_minutes: NotRequired[Number | None]


@_keep
class ConductRecorded(TypedDict):
    record: Id
    rule: Id
    target: Literal["staff", "window", "site"]
    target_id: Id
    points: NotRequired[Number | None]
    incident: NotRequired[Id | None]
    by: Id
    note: NotRequired[Text | None]


@_keep
class ConductWithdrawn(TypedDict):
    record: Id
    by: Id


@_keep
class SupervisionOpened(TypedDict):
    matter: Id
    due: Day


@_keep
class SupervisionClosed(TypedDict):
    matter: Id


@_keep
class SuggestionReceived(TypedDict):
    suggestion: Id
    text: Suggestion
    via: Literal["book", "box", "12345", "letter", "mobile"]


@_keep
class DeviceHeartbeat(TypedDict):
    device: Id
    kind: Literal["rating", "queue", "kiosk", "camera"]
    backlog: NotRequired[Number | None]
    battery: NotRequired[Number | None]
    firmware: NotRequired[Text | None]
