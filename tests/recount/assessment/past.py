"""What the events say once each has happened: the first of every kind, by (partition, offset)."""

from bisect import bisect_left
from dataclasses import dataclass, field

from tests.recount.assessment.events import Event, OtherEvent, RatingEvent, ServiceEvent, TicketEvent


@dataclass(slots=True, eq=False)
class Submission:
    """What a rating's row is made of; place and effect are decided when it comes."""

    event: RatingEvent
    site: str
    window: str
    effective: bool


@dataclass(slots=True, eq=False)
class Past:
    """By the ids that events name."""

    issued: dict[str, int] = field(default_factory=dict)
    called: dict[str, int] = field(default_factory=dict)
    started: dict[str, ServiceEvent] = field(default_factory=dict)
    completed: dict[str, ServiceEvent] = field(default_factory=dict)
    opening: dict[str, ServiceEvent] = field(default_factory=dict)
    """The first event of a service: its place is the service's."""
    submissions: dict[str, Submission] = field(default_factory=dict)
    rated_services: set[str] = field(default_factory=set)
    voided: set[str] = field(default_factory=set)
    rectifications: dict[str, list[OtherEvent]] = field(default_factory=dict)
    windows: dict[str, list[OtherEvent]] = field(default_factory=dict)
    """Openings, pauses, resumptions and closings of each window, by time."""
    records: dict[str, OtherEvent] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    matters: dict[str, OtherEvent] = field(default_factory=dict)
    closings: dict[str, OtherEvent] = field(default_factory=dict)
    beats: list[OtherEvent] = field(default_factory=list)
    shifts: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    """Time, order and staff of each opening of a window, and '' of each closing."""

    def opener(self, window: str, event: Event) -> str:
        """Who had opened the window at the event's time; of the same millisecond the larger order is the later."""
        shifts = self.shifts.get(window, [])
        before = bisect_left(shifts, (event.time, event.order, ""))
        return shifts[before - 1][2] if before > 0 else ""


def past_of(events: list[Event]) -> Past:
    """Read the events, which are in order."""
    past = Past()
    for event in events:
        if isinstance(event, TicketEvent):
            times = past.issued if event.kind == "ticket.issued" else past.called
            times.setdefault(event.ticket, event.time)
        elif isinstance(event, ServiceEvent):
            services = past.started if event.kind == "service.started" else past.completed
            services.setdefault(event.service, event)
            past.opening.setdefault(event.service, event)
        elif isinstance(event, RatingEvent):
            _submit(past, event)
        elif isinstance(event, OtherEvent):
            _take(past, event)
    for happenings in past.windows.values():
        happenings.sort(key=lambda event: (event.time, event.order))
    for window, happenings in past.windows.items():
        past.shifts[window] = [
            (event.time, event.order, event.staff if event.kind == "window.opened" else "")
            for event in happenings
            if event.kind in ("window.opened", "window.closed")
        ]
    return past


def _submit(past: Past, event: RatingEvent) -> None:
    """The first real submission of a rating makes its row, else the first default."""
    earlier = past.submissions.get(event.rating)
    if earlier is not None and (event.default or not earlier.event.default):
        return
    effective = not event.default and not event.again and event.service not in past.rated_services
    if effective and event.service != "":
        past.rated_services.add(event.service)
    site, window = event.site, event.window
    lender = past.opening.get(event.service)
    if window == "" and lender is not None:
        site, window = lender.site, lender.window
    past.submissions[event.rating] = Submission(event, site, window, effective)


def _take(past: Past, event: OtherEvent) -> None:
    match event.kind:
        case "rating.voided":
            past.voided.add(event.text("rating"))
        case "rating.reinstated":
            past.voided.discard(event.text("rating"))
        case "conduct.recorded":
            past.records.setdefault(event.text("record"), event)
        case "conduct.withdrawn":
            past.withdrawn.add(event.text("record"))
        case "supervision.opened":
            past.matters.setdefault(event.text("matter"), event)
        case "supervision.closed":
            past.closings.setdefault(event.text("matter"), event)
        case "device.heartbeat":
            past.beats.append(event)
        case kind if kind.startswith("rectification."):
            past.rectifications.setdefault(event.text("rating"), []).append(event)
        case kind if kind.startswith("window."):
            past.windows.setdefault(event.window, []).append(event)
