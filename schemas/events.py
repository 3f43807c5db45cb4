"""The events of contract §2: a discriminated union over `type`, one TypedDict per type around its `data`.

The envelope drops attributes it does not know, `data` keeps them. Times are text here; `schemas.decoding` reads the
event's into epoch milliseconds.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NotRequired, Union, get_args, get_type_hints

from pydantic import ConfigDict, Discriminator, TypeAdapter, with_config

# pydantic needs typing_extensions' TypedDict before Python 3.12.
from typing_extensions import TypedDict

from schemas.data import (
    AppealDecided,
    AppealFiled,
    ConductRecorded,
    ConductWithdrawn,
    DeviceHeartbeat,
    Nothing,
    RatingReinstated,
    RatingSubmitted,
    RatingVoided,
    RectificationCompleted,
    RectificationContacted,
    RectificationExtended,
    RectificationRevisited,
    RectificationVerified,
    ServiceCompleted,
    ServiceStarted,
    SuggestionReceived,
    SupervisionClosed,
    SupervisionOpened,
    TicketAbandoned,
    TicketCalled,
    TicketIssued,
    TicketTransferred,
    WindowPaused,
)
from schemas.fields import Id, Source, Street, Time

_drop = with_config(ConfigDict(extra="ignore"))


class _Envelope(TypedDict):
    specversion: Literal["1.0"]
    id: Id
    source: Source
    time: Time
    street: Street
    site: Id
    # Set by the batch decoder to tell its messages apart; never on the wire.
    batch_: NotRequired[int]


class _Anywhere(_Envelope):
    window: NotRequired[Id | None]
    staff: NotRequired[Id | None]


class _AtWindow(_Envelope):
    window: Id
    staff: NotRequired[Id | None]


class _ByStaff(_Envelope):
    window: Id
    staff: Id


@_drop
class TicketIssuedEvent(_Anywhere):
    type: Literal["ticket.issued"]
    data: TicketIssued


@_drop
class TicketCalledEvent(_AtWindow):
    type: Literal["ticket.called"]
    data: TicketCalled


@_drop
class TicketAbandonedEvent(_Anywhere):
    type: Literal["ticket.abandoned"]
    data: TicketAbandoned


@_drop
class TicketTransferredEvent(_AtWindow):
    type: Literal["ticket.transferred"]
    data: TicketTransferred


@_drop
class ServiceStartedEvent(_AtWindow):
    type: Literal["service.started"]
    data: ServiceStarted


@_drop
class ServiceCompletedEvent(_AtWindow):
    type: Literal["service.completed"]
    data: ServiceCompleted


@_drop
class RatingSubmittedEvent(_Anywhere):
    type: Literal["rating.submitted"]
    data: RatingSubmitted


@_drop
class RatingVoidedEvent(_Anywhere):
    type: Literal["rating.voided"]
    data: RatingVoided


@_drop
class RatingReinstatedEvent(_Anywhere):
    type: Literal["rating.reinstated"]
    data: RatingReinstated


@_drop
class AppealFiledEvent(_Anywhere):
    type: Literal["appeal.filed"]
    data: AppealFiled


@_drop
class AppealDecidedEvent(_Anywhere):
    type: Literal["appeal.decided"]
    data: AppealDecided


@_drop
class RectificationContactedEvent(_Anywhere):
    type: Literal["rectification.contacted"]
    data: RectificationContacted


@_drop
class RectificationVerifiedEvent(_Anywhere):
    type: Literal["rectification.verified"]
    data: RectificationVerified


@_drop
class RectificationExtendedEvent(_Anywhere):
    type: Literal["rectification.extended"]
    data: RectificationExtended


@_drop
class RectificationCompletedEvent(_Anywhere):
    type: Literal["rectification.completed"]
    data: RectificationCompleted


@_drop
class RectificationRevisitedEvent(_Anywhere):
    type: Literal["rectification.revisited"]
    data: RectificationRevisited


@_drop
class WindowOpenedEvent(_ByStaff):
    type: Literal["window.opened"]
    data: Nothing


@_drop
class WindowPausedEvent(_AtWindow):
    type: Literal["window.paused"]
    data: WindowPaused


@_drop
class WindowResumedEvent(_AtWindow):
    type: Literal["window.resumed"]
    data: Nothing


@_drop
class WindowClosedEvent(_AtWindow):
    type: Literal["window.closed"]
    data: Nothing


@_drop
class ConductRecordedEvent(_Anywhere):
    type: Literal["conduct.recorded"]
    data: ConductRecorded


@_drop
class ConductWithdrawnEvent(_Anywhere):
    type: Literal["conduct.withdrawn"]
    data: ConductWithdrawn


@_drop
class SupervisionOpenedEvent(_Anywhere):
    type: Literal["supervision.opened"]
    data: SupervisionOpened


@_drop
class SupervisionClosedEvent(_Anywhere):
    type: Literal["supervision.closed"]
    data: SupervisionClosed


@_drop
class SuggestionReceivedEvent(_Anywhere):
    type: Literal["suggestion.received"]
    data: SuggestionReceived


@_drop
class DeviceHeartbeatEvent(_Anywhere):
    type: Literal["device.heartbeat"]
    data: DeviceHeartbeat


EventDict = Annotated[
    Union[  # noqa: UP007 - a union of 27 lines reads better so
        TicketIssuedEvent,
        TicketCalledEvent,
        TicketAbandonedEvent,
        TicketTransferredEvent,
        ServiceStartedEvent,
        ServiceCompletedEvent,
        RatingSubmittedEvent,
        RatingVoidedEvent,
        RatingReinstatedEvent,
        AppealFiledEvent,
        AppealDecidedEvent,
        RectificationContactedEvent,
        RectificationVerifiedEvent,
        RectificationExtendedEvent,
        RectificationCompletedEvent,
        RectificationRevisitedEvent,
        WindowOpenedEvent,
        WindowPausedEvent,
        WindowResumedEvent,
        WindowClosedEvent,
        ConductRecordedEvent,
        ConductWithdrawnEvent,
        SupervisionOpenedEvent,
        SupervisionClosedEvent,
        SuggestionReceivedEvent,
        DeviceHeartbeatEvent,
    ],
    Discriminator("type"),
]

ONE: Final[TypeAdapter[Any]] = TypeAdapter(EventDict, config=ConfigDict(defer_build=True))
MANY: Final[TypeAdapter[Any]] = TypeAdapter(list[EventDict], config=ConfigDict(defer_build=True))


def _fields() -> dict[str, frozenset[str]]:
    """The fields of `data` that each type knows."""
    known: dict[str, frozenset[str]] = {}
    for event in get_args(get_args(EventDict)[0]):
        hints = get_type_hints(event)
        known[get_args(hints["type"])[0]] = frozenset(hints["data"].__annotations__)
    return known


KNOWN_FIELDS: Final[dict[str, frozenset[str]]] = _fields()
TYPES: Final[frozenset[str]] = frozenset(KNOWN_FIELDS)
HEARTBEAT: Final = "device.heartbeat"
