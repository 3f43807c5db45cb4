"""Checks of what belongs together: tickets, services and ratings, windows and their opening, and the order of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from deploy.conformance.seen import Finding, Output, Seen
from schemas.events import HEARTBEAT
from schemas.moments import DAY, HOUR

# What comes after what, by the field that names the thing.
_FOLLOWS: Final = (("ticket.issued", "ticket.called", "ticket"), ("service.started", "service.completed", "service"))
_LONGEST_MS: Final = DAY
_LATE_MS: Final = 2 * HOUR
_OPENING: Final = "window.opened"
# What staff do at a window that is open.
_AT_OPEN_WINDOWS: Final = frozenset({"ticket.called", "service.started", "service.completed"})


def not_completed(output: Output) -> Iterator[Finding]:
    """A service that was started and is nowhere completed: it counts in no figure of services."""
    yield from _lacking(output, "service.started", "service.completed", "service")


def not_started(output: Output) -> Iterator[Finding]:
    """A service that was completed and is nowhere started: its handling time is unknown."""
    yield from _lacking(output, "service.completed", "service.started", "service")


def not_issued(output: Output) -> Iterator[Finding]:
    """A ticket that was called and is nowhere issued: its wait is unknown."""
    yield from _lacking(output, "ticket.called", "ticket.issued", "ticket")


def rating_without_service(output: Output) -> Iterator[Finding]:
    """A rating that names no service: it counts by itself, and is flagged."""
    for one in _of(output, "rating.submitted"):
        if not one.named("service"):
            yield Finding(one.line, "data.service", "the rating names no service")


def unknown_service(output: Output) -> Iterator[Finding]:
    """A rating of a service of which nothing else is said: its window, staff and item are unknown."""
    known = {one.named("service") for one in output.seen if one.event.type.startswith("service.")}
    for one in _of(output, "rating.submitted"):
        service = one.named("service")
        if service and service not in known:
            yield Finding(one.line, "data.service", f"nothing else is said of service {service}")


def never_opened(output: Output) -> Iterator[Finding]:
    """A window that serves and was nowhere opened: who sits there is unknown where events don't say."""
    opened = {one.event.window for one in _of(output, _OPENING)}
    for one in output.seen:
        if one.event.type in _AT_OPEN_WINDOWS and one.event.window not in opened:
            opened.add(one.event.window)
            yield Finding(one.line, "window", f"window {one.event.window} serves, and no {_OPENING} says so")


def implausible_times(output: Output) -> Iterator[Finding]:
    """A call before its ticket, a completion before its start, or over 24 hours between: no time is counted."""
    for before, after, field in _FOLLOWS:
        starts = _firsts(output, before, field)
        for name, end in _firsts(output, after, field).items():
            start = starts.get(name)
            if start and not 0 <= end.event.time_ms - start.event.time_ms <= _LONGEST_MS:
                yield Finding(
                    end.line, "time", f"{after} of {name} doesn't follow {before} on line {start.line} within 24 h"
                )


def late(output: Output) -> Iterator[Finding]:
    """An event over 2 hours behind the newest of its street before it: the live minutes don't count it any more."""
    newest: dict[str, int] = {}
    for one in output.seen:
        event = one.event
        if event.type == HEARTBEAT:
            continue
        behind = newest.get(event.street, event.time_ms) - event.time_ms
        newest[event.street] = max(newest.get(event.street, event.time_ms), event.time_ms)
        if behind > _LATE_MS:
            yield Finding(one.line, "time", f"{behind / HOUR:.1f} h behind the newest of street {event.street}")


def other_offset(output: Output) -> Iterator[Finding]:
    """A time with an offset other than +08:00: allowed; days and minutes are those of Asia/Shanghai all the same."""
    for one in output.seen:
        if not one.written_time.endswith("+08:00"):
            yield Finding(one.line, "time", f"offset {_offset(one.written_time)}")


def _offset(time: str) -> str:
    return time[-1] if time[-1] in "Zz" else time[-len("+08:00") :]


def _of(output: Output, kind: str) -> Iterator[Seen]:
    return (one for one in output.seen if one.event.type == kind)


def _firsts(output: Output, kind: str, field: str) -> dict[str, Seen]:
    firsts: dict[str, Seen] = {}
    for one in _of(output, kind):
        firsts.setdefault(one.named(field), one)
    return firsts


def _lacking(output: Output, kind: str, other: str, field: str) -> Iterator[Finding]:
    others = _firsts(output, other, field)
    for name, one in _firsts(output, kind, field).items():
        if name not in others:
            yield Finding(one.line, f"data.{field}", f"no {other} of {name}")
