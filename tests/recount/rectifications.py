"""The rectification of one bad rating (CONTRACT §4.6)."""

from typing import Any

from tests.recount.messages import Event, field_of
from tests.recount.rules import Rules
from tests.recount.times import date_of, end_of, midnight_after
from tests.recount.workdays import workday_after


def rectification(opened_at: int, voided: bool, events: list[Event], rules: Rules, now_ms: int) -> dict[str, Any]:
    """What its own events, in offset order, make of it; the rating's columns are the caller's."""
    first: dict[str, Event] = {}
    last: dict[str, Event] = {}
    for event in events:
        kind = event["type"].removeprefix("rectification.")
        first.setdefault(kind, event)
        last[kind] = event

    workdays = rules.completion_workdays
    if "extended" in first:
        workdays += first["extended"]["data"]["workdays"]
    rated_on = date_of(opened_at)
    contact_day = workday_after(rated_on, rules.contact_workdays)
    due_day = workday_after(rated_on, workdays)

    state = _state(first, last, voided or _found_void(events))
    completed_at = first["completed"]["time"] if "completed" in first else None
    return {
        "opened_at": opened_at,
        "contact_due": end_of(contact_day),
        "due": end_of(due_day),
        "state": state,
        "contacted_at": first["contacted"]["time"] if "contacted" in first else None,
        "completed_at": completed_at,
        "revisited_at": last["revisited"]["time"] if "revisited" in last else None,
        "finding": field_of(first["verified"], "finding") if "verified" in first else "",
        "liable": field_of(first["verified"], "liable") if "verified" in first else "",
        "on_time": _on_time(completed_at, midnight_after(due_day), state, now_ms),
    }


def _found_void(events: list[Event]) -> bool:
    return any(event["type"] == "rectification.verified" and field_of(event, "finding") == "void" for event in events)


def _state(first: dict[str, Event], last: dict[str, Event], void: bool) -> str:
    """The first that applies."""
    if void:
        return "void"
    if "revisited" in last:
        revisit = last["revisited"]
        if field_of(revisit, "result") != "dissatisfied":
            return "closed"
        if "completed" not in last or _place_in_log(last["completed"]) < _place_in_log(revisit):
            return "reopened"
    for kind in ("completed", "verified", "contacted"):
        if kind in first:
            return kind
    return "open"


def _on_time(completed_at: int | None, too_late: int, state: str, now_ms: int) -> int | None:
    if completed_at is not None:
        return int(completed_at < too_late)
    if state == "void" or now_ms < too_late:
        return None
    return 0


def _place_in_log(event: Event) -> tuple[int, int]:
    return event["partition"], event["offset"]
