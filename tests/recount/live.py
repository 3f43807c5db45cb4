"""The live buckets (CONTRACT §4 and §5), with nothing ever forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.recount.counters import STREET_COUNTERS, WINDOW_COUNTERS, Counters, add, of_rating
from tests.recount.messages import Event, accepted_events, field_of
from tests.recount.rules import Message, Rules
from tests.recount.times import day_of, minute_of

Place = tuple[str, str]
"""A window with its site: (site, window)."""


@dataclass(slots=True)
class LiveFigures:
    """The four tables. Minutes are epoch seconds, days YYYY-MM-DD; sums of waits and handlings milliseconds."""

    window_minutes: dict[tuple[str, str, str, int], Counters] = field(default_factory=dict)
    window_days: dict[tuple[str, str, str, str], Counters] = field(default_factory=dict)
    street_minutes: dict[tuple[str, int], Counters] = field(default_factory=dict)
    street_days: dict[tuple[str, str], Counters] = field(default_factory=dict)
    duplicates: int = 0
    """All duplicates, those too late for a bucket as well."""


def live(messages: Iterable[Message], rules: Rules = Rules()) -> LiveFigures:  # noqa: B008  frozen
    """The buckets after all messages."""
    figures = LiveFigures()
    streets: dict[str, _Street] = {}
    for event in accepted_events(messages, rules):
        name = event["street"]
        if name not in streets:
            streets[name] = _Street(name, rules, figures)
        streets[name].apply(event)
    return figures


@dataclass(frozen=True, slots=True)
class _Moment:
    """A first call or a completion: what its span will be counted for."""

    time: int
    place: Place


class _Street:
    """All that a street has to remember, in the order in which its events are applied."""

    def __init__(self, name: str, rules: Rules, figures: LiveFigures) -> None:
        self.name = name
        self.rules = rules
        self.figures = figures
        self.newest: int | None = None
        self.seen: set[tuple[str, str]] = set()
        self.issued: dict[str, int] = {}
        self.first_call: dict[str, _Moment] = {}
        self.last_call: dict[str, Place] = {}
        self.abandoned: set[str] = set()
        self.started: dict[str, int] = {}
        self.completed: dict[str, _Moment] = {}
        self.service_place: dict[str, Place] = {}
        self.submitted: set[str] = set()
        self.rated_services: set[str] = set()

    def apply(self, event: Event) -> None:
        if event["type"] == "device.heartbeat":
            return
        self.newest = event["time"] if self.newest is None else max(self.newest, event["time"])
        name = (event["source"], event["id"])
        if name in self.seen:
            self.duplicate(event)
            return
        self.seen.add(name)
        match event["type"]:
            case "ticket.issued":
                self.ticket_issued(event)
            case "ticket.called":
                self.ticket_called(event)
            case "ticket.abandoned":
                self.ticket_abandoned(event)
            case "service.started":
                self.service_started(event)
            case "service.completed":
                self.service_completed(event)
            case "rating.submitted":
                self.rating_submitted(event)

    # Tickets

    def ticket_issued(self, event: Event) -> None:
        ticket = field_of(event, "ticket")
        if ticket in self.issued:
            self.duplicate(event)
            return
        self.issued[ticket] = event["time"]
        self.count(event["time"], None, {"tickets": 1})
        if ticket in self.first_call:
            self.settle_wait(ticket)

    def ticket_called(self, event: Event) -> None:
        ticket = field_of(event, "ticket")
        place = (event["site"], event["window"])
        self.last_call[ticket] = place
        if ticket in self.first_call:
            return  # a recall
        self.first_call[ticket] = _Moment(event["time"], place)
        self.count(event["time"], place, {"calls": 1})
        if ticket in self.issued:
            self.settle_wait(ticket)

    def settle_wait(self, ticket: str) -> None:
        call = self.first_call[ticket]
        wait = call.time - self.issued[ticket]
        if self.rules.plausible(wait):
            self.count(call.time, call.place, {"wait_ms_sum": wait, "wait_count": 1})

    def ticket_abandoned(self, event: Event) -> None:
        ticket = field_of(event, "ticket")
        if ticket in self.abandoned:
            self.duplicate(event)
            return
        self.abandoned.add(ticket)
        self.count(event["time"], self.place_of(event), {"abandoned": 1})

    # Services

    def service_started(self, event: Event) -> None:
        service = field_of(event, "service")
        if service in self.started:
            self.duplicate(event)
            return
        self.started[service] = event["time"]
        self.service_place.setdefault(service, (event["site"], event["window"]))
        if service in self.completed:
            self.settle_handling(service)

    def service_completed(self, event: Event) -> None:
        service = field_of(event, "service")
        if service in self.completed:
            self.duplicate(event)
            return
        place = (event["site"], event["window"])
        self.completed[service] = _Moment(event["time"], place)
        self.service_place.setdefault(service, place)
        self.count(event["time"], place, {"services": 1})
        if service in self.started:
            self.settle_handling(service)

    def settle_handling(self, service: str) -> None:
        completion = self.completed[service]
        handling = completion.time - self.started[service]
        if self.rules.plausible(handling):
            self.count(completion.time, completion.place, {"handle_ms_sum": handling, "handle_count": 1})

    # Ratings

    def rating_submitted(self, event: Event) -> None:
        if field_of(event, "channel") == "system_default":
            return
        rating = field_of(event, "rating")
        if rating in self.submitted:
            self.duplicate(event)
            return
        self.submitted.add(rating)
        if event["data"].get("round") == 2:
            return
        service = field_of(event, "service")
        if service in self.rated_services:
            self.duplicate(event)
            return
        if service != "":
            self.rated_services.add(service)
        self.count(event["time"], self.place_of(event), of_rating(field_of(event, "level"), self.rules))

    # Counting

    def duplicate(self, event: Event) -> None:
        self.figures.duplicates += 1
        self.count(event["time"], self.place_of(event), {"duplicates": 1})

    def place_of(self, event: Event) -> Place | None:
        """The event's own window; else that of its service, else of its ticket's last call, as known now."""
        if event["window"] != "":
            return event["site"], event["window"]
        if event["type"] == "rating.submitted":
            return self.service_place.get(field_of(event, "service"))
        if event["type"] in ("ticket.issued", "ticket.abandoned"):
            return self.last_call.get(field_of(event, "ticket"))
        return None

    def count(self, time: int, place: Place | None, amounts: Counters) -> None:
        """Add to the minute and the day of that time, of the street and of the window, unless they are too old."""
        assert self.newest is not None
        street, behind = self.name, self.newest - time
        figures, minute, day = self.figures, minute_of(time), day_of(time)
        if behind <= self.rules.minutes_horizon_ms:
            add(figures.street_minutes, (street, minute), STREET_COUNTERS, amounts)
            if place is not None:
                add(figures.window_minutes, (street, *place, minute), WINDOW_COUNTERS, amounts)
        if behind <= self.rules.days_horizon_ms:
            add(figures.street_days, (street, day), STREET_COUNTERS, amounts)
            if place is not None:
                add(figures.window_days, (street, *place, day), WINDOW_COUNTERS, amounts)
