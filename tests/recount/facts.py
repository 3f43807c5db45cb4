"""The official facts (CONTRACT §5): a row per rating, service, rectification and ticket, and a street's days.

Times are epoch milliseconds, absent strings '', absent times and numbers None, flags sorted. Where the public table
masks or hashes, the row has the raw value: `comment` as it was sent, and `rater` in the place of `rater_hash`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.recount.counters import FACT_COUNTERS, Counters, add, of_rating
from tests.recount.history import History, Submission, history
from tests.recount.messages import Event, field_of
from tests.recount.rectifications import rectification
from tests.recount.rules import Message, Registry, Rules
from tests.recount.times import day_of, parse_time

Row = dict[str, Any]
Rows = dict[str, Row]


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts by id, and what they come to by (street, day)."""

    events: list[Event]
    ratings: Rows
    services: Rows
    rectifications: Rows
    tickets: Rows
    street_days: dict[tuple[str, str], Counters]


def facts(
    messages: Iterable[Message],
    rules: Rules = Rules(),  # noqa: B008  frozen
    registry: Registry = Registry(),  # noqa: B008  frozen
    *,
    now_ms: int,
) -> Facts:
    """Recompute everything from the messages; `now_ms` decides what is past due."""
    past = history(messages, rules)
    services = _services(past, rules, registry)
    ratings = {
        rating: _rating(past, services, rules, registry, rating, submission)
        for rating, submission in past.submissions.items()
    }
    return Facts(
        events=past.events,
        ratings=ratings,
        services=services,
        rectifications=_rectifications(past, ratings, rules, now_ms),
        tickets=_tickets(past, rules, registry),
        street_days=_street_days(past, rules),
    )


def _services(past: History, rules: Rules, registry: Registry) -> Rows:
    rows: Rows = {}
    for service, opening in past.service_opening.items():
        start, completion = past.started.get(service), past.completed.get(service)
        events = [event for event in (completion, start) if event is not None]
        said = {name: _first_said(events, name) for name in ("ticket", "item", "case", "kind")}
        staff = next((event["staff"] for event in events if event["staff"] != ""), "")
        staff = staff or past.opener(events[0]["window"], events[0])
        wait, wrong_wait = _wait(past, said["ticket"], rules)
        handling, wrong_handling = _span(start, completion, rules)
        promised_by = field_of(completion, "promised_by") if completion is not None else ""
        flags = []
        if wrong_wait or wrong_handling:
            flags.append("implausible_time")
        if registry.unregistered(opening["site"], opening["window"], staff, said["item"]):
            flags.append("unregistered")
        rows[service] = {
            "service": service,
            **said,
            "outcome": field_of(completion, "outcome") if completion is not None else "",
            "started_at": _time(start),
            "completed_at": _time(completion),
            "wait_seconds": _seconds(wait),
            "handle_seconds": _seconds(handling),
            "promised_by": parse_time(promised_by) if promised_by != "" else None,
            "street": opening["street"],
            "site": opening["site"],
            "window": opening["window"],
            "staff": staff,
            "department": registry.departments.get(said["item"], ""),
            "day": day_of(events[0]["time"]),
            "flags": flags,
        }
    return rows


def _rating(
    past: History, services: Rows, rules: Rules, registry: Registry, rating: str, submission: Submission
) -> Row:
    event, site, window = submission.event, submission.site, submission.window
    data, service, level = event["data"], field_of(event, "service"), field_of(event, "level")
    served = services.get(service, {"staff": "", "item": ""})
    staff = event["staff"] or past.opener(window, event) or served["staff"]
    item = served["item"]
    flags = []
    if service == "":
        flags.append("no_service")
    if registry.unregistered(site, window, staff, item):
        flags.append("unregistered")
    return {
        "rating": rating,
        "service": service,
        "level": level,
        "points": rules.points_of(level),
        "channel": field_of(event, "channel"),
        "tags": list(data.get("tags") or []),
        "tag_version": field_of(event, "tag_version"),
        "comment": field_of(event, "comment"),
        "real_name": int(data.get("real_name") is True),
        "rater": field_of(event, "rater"),
        "round": data.get("round") or 1,
        "time": event["time"],
        "day": day_of(event["time"]),
        "street": event["street"],
        "site": site,
        "window": window,
        "staff": staff,
        "item": item,
        "department": registry.departments.get(item, ""),
        "effective": int(submission.effective),
        "voided": int(rating in past.voided),
        "flags": flags,
    }


def _rectifications(past: History, ratings: Rows, rules: Rules, now_ms: int) -> Rows:
    rows: Rows = {}
    for rating, row in ratings.items():
        if not row["effective"] or row["level"] not in rules.bad_levels:
            continue
        events = past.rectification_events.get(rating, [])
        rows[rating] = {
            "rating": rating,
            **rectification(row["time"], bool(row["voided"]), events, rules, now_ms),
            **{name: row[name] for name in ("street", "site", "window", "staff")},
        }
    return rows


def _tickets(past: History, rules: Rules, registry: Registry) -> Rows:
    """No public table, but what services and streets take their waits from. The place is the first call's."""
    rows: Rows = {}
    for ticket in {**past.issued, **past.called, **past.abandoned}:
        issue, call, end = past.issued.get(ticket), past.called.get(ticket), past.abandoned.get(ticket)
        first = min(
            (event for event in (issue, call, end) if event is not None),
            key=lambda event: (event["partition"], event["offset"]),
        )
        item = field_of(issue, "item") if issue is not None else ""
        site, window = (call["site"], call["window"]) if call is not None else (first["site"], "")
        wait, wrong = _wait(past, ticket, rules)
        flags = []
        if wrong:
            flags.append("implausible_time")
        if registry.unregistered(site, window, "", item):
            flags.append("unregistered")
        rows[ticket] = {
            "ticket": ticket,
            "item": item,
            "priority": field_of(issue, "priority") if issue is not None else "",
            "channel": field_of(issue, "channel") if issue is not None else "",
            "issued_at": _time(issue),
            "called_at": _time(call),
            "abandoned_at": _time(end),
            "recalls": past.recalls.get(ticket, 0),
            "wait_seconds": _seconds(wait),
            "street": first["street"],
            "site": site,
            "window": window,
            "flags": flags,
        }
    return rows


def _street_days(past: History, rules: Rules) -> dict[tuple[str, str], Counters]:
    """What live boards should have shown had nothing come late: voids don't matter there."""
    days: dict[tuple[str, str], Counters] = {}

    def count(event: Event, amounts: Counters) -> None:
        add(days, (event["street"], day_of(event["time"])), FACT_COUNTERS, amounts)

    for issue in past.issued.values():
        count(issue, {"tickets": 1})
    for ticket, call in past.called.items():
        count(call, {"calls": 1})
        wait, _ = _wait(past, ticket, rules)
        if wait is not None:
            count(call, {"wait_ms_sum": wait, "wait_count": 1})
    for abandonment in past.abandoned.values():
        count(abandonment, {"abandoned": 1})
    for service, completion in past.completed.items():
        count(completion, {"services": 1})
        handling, _ = _span(past.started.get(service), completion, rules)
        if handling is not None:
            count(completion, {"handle_ms_sum": handling, "handle_count": 1})
    for submission in past.submissions.values():
        if submission.effective:
            count(submission.event, of_rating(field_of(submission.event, "level"), rules))
    return days


def _first_said(events: list[Event], name: str) -> str:
    """The field of the first event that has it."""
    return next((field_of(event, name) for event in events if field_of(event, name) != ""), "")


def _wait(past: History, ticket: str, rules: Rules) -> tuple[int | None, bool]:
    return _span(past.issued.get(ticket), past.called.get(ticket), rules)


def _span(begin: Event | None, end: Event | None, rules: Rules) -> tuple[int | None, bool]:
    """The milliseconds from one event to another: (None, False) if one is missing, (None, True) if implausible."""
    if begin is None or end is None:
        return None, False
    span = end["time"] - begin["time"]
    return (span, False) if rules.plausible(span) else (None, True)


def _time(event: Event | None) -> int | None:
    return event["time"] if event is not None else None


def _seconds(span_ms: int | None) -> float | None:
    return span_ms / 1000 if span_ms is not None else None
