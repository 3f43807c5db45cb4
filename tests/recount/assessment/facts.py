"""Rows of services and ratings, as scores need them."""

from dataclasses import dataclass
from datetime import date

from tests.recount.assessment.events import Name
from tests.recount.assessment.past import Past
from tests.recount.assessment.periods import day_at
from tests.recount.rules import LEVELS, Rules

BAD_LEVELS = LEVELS[3:]


@dataclass(slots=True, eq=False)
class Service:
    """A completed service; times and spans in milliseconds, None where absent. `name` is its completion's."""

    service: str
    name: Name
    completed_at: int
    promised: int | None
    waited: int | None
    handled: int | None
    street: str
    site: str
    window: str
    staff: str
    item: str
    outcome: str

    @property
    def late(self) -> bool:
        """Of a promised one."""
        return self.promised is not None and self.completed_at > self.promised


@dataclass(slots=True, eq=False)
class Rating:
    """A rating; `name` and `order` are its submission's."""

    rating: str
    service: str
    name: Name
    order: int
    time: int
    level: str
    default: bool
    effective: bool
    voided: bool
    street: str
    site: str
    window: str
    staff: str
    item: str

    @property
    def bad(self) -> bool:
        return self.level in BAD_LEVELS

    @property
    def counts(self) -> bool:
        return self.effective and not self.voided

    @property
    def day(self) -> date:
        return day_at(self.time)


def services_of(past: Past, judging: Rules) -> list[Service]:
    """Every completed service, by its completion's name."""
    rows = []
    for service, completion in past.completed.items():
        start, opening = past.started.get(service), past.opening[service]
        ticket = completion.ticket or (start.ticket if start is not None else "")
        staff, item = _staff_and_item(past, service)
        handled = completion.time - start.time if start is not None else None
        rows.append(
            Service(
                service,
                completion.name,
                completion.time,
                completion.promised,
                _plausible(_wait(past, ticket), judging),
                _plausible(handled, judging),
                opening.street,
                opening.site,
                opening.window,
                staff,
                item,
                completion.outcome,
            )
        )
    rows.sort(key=lambda row: row.name)
    return rows


def ratings_of(past: Past) -> list[Rating]:
    """Every rating, by its submission's name."""
    rows = []
    for rating, submission in past.submissions.items():
        event = submission.event
        served_by, item = _staff_and_item(past, event.service)
        rows.append(
            Rating(
                rating,
                event.service,
                event.name,
                event.order,
                event.time,
                event.level,
                event.default,
                submission.effective,
                rating in past.voided,
                event.street,
                submission.site,
                submission.window,
                event.staff or past.opener(submission.window, event) or served_by,
                item,
            )
        )
    rows.sort(key=lambda row: row.name)
    return rows


def _staff_and_item(past: Past, service: str) -> tuple[str, str]:
    """Of a service: what its completion says, else its start; for staff else who had opened the window."""
    events = [event for event in (past.completed.get(service), past.started.get(service)) if event is not None]
    if not events:
        return "", ""
    staff = next((event.staff for event in events if event.staff != ""), "")
    item = next((event.item for event in events if event.item != ""), "")
    return staff or past.opener(events[0].window, events[0]), item


def _wait(past: Past, ticket: str) -> int | None:
    issued, called = past.issued.get(ticket), past.called.get(ticket)
    return called - issued if issued is not None and called is not None else None


def _plausible(span: int | None, judging: Rules) -> int | None:
    return span if span is not None and judging.plausible(span) else None
