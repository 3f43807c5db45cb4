"""What the facts know: every event once, and the first of each kind by (partition, offset)."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.recount.messages import Event, accepted_events, field_of
from tests.recount.rules import Message, Rules

Order = tuple[int, int, int]


@dataclass(slots=True)
class Submission:
    """The submission a rating's row is made of."""

    event: Event
    site: str
    window: str
    default: bool
    effective: bool


@dataclass(slots=True)
class History:
    """The accepted events, each (source, id) once, and what they say, by the ids they name."""

    events: list[Event] = field(default_factory=list)
    issued: dict[str, Event] = field(default_factory=dict)
    called: dict[str, Event] = field(default_factory=dict)
    recalls: dict[str, int] = field(default_factory=dict)
    abandoned: dict[str, Event] = field(default_factory=dict)
    started: dict[str, Event] = field(default_factory=dict)
    completed: dict[str, Event] = field(default_factory=dict)
    service_opening: dict[str, Event] = field(default_factory=dict)
    """The first event of each service, start or completion."""
    submissions: dict[str, Submission] = field(default_factory=dict)
    voided: set[str] = field(default_factory=set)
    rectification_events: dict[str, list[Event]] = field(default_factory=dict)
    shifts: dict[str, list[tuple[Order, str]]] = field(default_factory=dict)
    """Openings (with their staff) and closings (with '') of each window, by event time."""

    def opener(self, window: str, event: Event) -> str:
        """Who had opened that window at that event's time, '' if nobody.

        Of the same millisecond the larger offset is the later, the event's own included.
        """
        shifts = self.shifts.get(window, [])
        before = bisect_left(shifts, (_order(event), ""))
        return shifts[before - 1][1] if before > 0 else ""


def history(messages: Iterable[Message], rules: Rules) -> History:
    """Read all messages in the order of the official facts."""
    past = History()
    known: set[tuple[str, str]] = set()
    rated_services: set[str] = set()
    for event in accepted_events(messages, rules):
        name = (event["source"], event["id"])
        if name in known:
            continue
        known.add(name)
        past.events.append(event)
        ticket, service, rating = (field_of(event, name) for name in ("ticket", "service", "rating"))
        match event["type"]:
            case "ticket.issued":
                past.issued.setdefault(ticket, event)
            case "ticket.called":
                if ticket in past.called:
                    past.recalls[ticket] = past.recalls.get(ticket, 0) + 1
                past.called.setdefault(ticket, event)
            case "ticket.abandoned":
                past.abandoned.setdefault(ticket, event)
            case "service.started":
                past.started.setdefault(service, event)
                past.service_opening.setdefault(service, event)
            case "service.completed":
                past.completed.setdefault(service, event)
                past.service_opening.setdefault(service, event)
            case "rating.submitted":
                _submit(past, rated_services, event)
            case "rating.voided":
                past.voided.add(rating)
            case "rating.reinstated":
                past.voided.discard(rating)
            case "window.opened":
                past.shifts.setdefault(event["window"], []).append((_order(event), event["staff"]))
            case "window.closed":
                past.shifts.setdefault(event["window"], []).append((_order(event), ""))
            case kind if kind.startswith("rectification."):
                past.rectification_events.setdefault(rating, []).append(event)
    for shifts in past.shifts.values():
        shifts.sort()
    return past


def _submit(past: History, rated_services: set[str], event: Event) -> None:
    """Keep the submission if the rating's row is to be made of it: the first real one, else the first default."""
    rating, service = field_of(event, "rating"), field_of(event, "service")
    default = field_of(event, "channel") == "system_default"
    earlier = past.submissions.get(rating)
    if earlier is not None and (default or not earlier.default):
        return
    effective = not default and event["data"].get("round") != 2 and service not in rated_services
    if effective and service != "":
        rated_services.add(service)
    site, window = event["site"], event["window"]
    if window == "" and service in past.service_opening:
        lender = past.service_opening[service]
        site, window = lender["site"], lender["window"]
    past.submissions[rating] = Submission(event, site, window, default, effective)


def _order(event: Event) -> Order:
    return event["time"], event["partition"], event["offset"]
