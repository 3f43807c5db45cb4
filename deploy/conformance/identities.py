"""Checks of names: what names an event, and what names a ticket, a service, a rating."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from deploy.conformance.seen import Finding, Output, Seen

# Fields that name a thing, each one kind of thing wherever they are.
_NAMING: Final = ("ticket", "service", "case", "rating", "appeal", "record", "matter", "suggestion")
# Of these only the first counts, by the field that names the thing.
_ONCE: Final = {
    "ticket.issued": "ticket",
    "ticket.abandoned": "ticket",
    "service.started": "service",
    "service.completed": "service",
    "rating.submitted": "rating",
}


def other_content(output: Output) -> Iterator[Finding]:
    """The same source and id with another content: one of the two is lost."""
    for one, first in _said_before(output):
        if _content(one) != _content(first):
            yield Finding(
                one.line, "id", f"{one.event.source} {one.event.id} stands on line {first.line} with another content"
            )


def redelivered(output: Output) -> Iterator[Finding]:
    """The same event again, which changes nothing."""
    for one, first in _said_before(output):
        if _content(one) == _content(first):
            yield Finding(one.line, "", f"as line {first.line}")


def id_of_two_kinds(output: Output) -> Iterator[Finding]:
    """An id that names things of two kinds: ids are unique in the district."""
    kinds: dict[str, tuple[str, int]] = {}
    for one in output.seen:
        for field in _NAMING:
            if name := one.named(field):
                kind, line = kinds.setdefault(name, (field, one.line))
                if kind != field:
                    yield Finding(one.line, f"data.{field}", f"{name} names a {kind} on line {line}")


def said_twice(output: Output) -> Iterator[Finding]:
    """A later event of a kind of which only the first counts, under another id: a duplicate."""
    for kind, field in _ONCE.items():
        firsts: dict[str, Seen] = {}
        for one in output.seen:
            if one.event.type == kind:
                first = firsts.setdefault(one.named(field), one)
                if _identity(first) != _identity(one):
                    yield Finding(
                        one.line, f"data.{field}", f"{kind} of {one.named(field)} stands on line {first.line}"
                    )


def rated_twice(output: Output) -> Iterator[Finding]:
    """Another first-round rating of a service under another id: kept, not counted (一次一评)."""
    firsts: dict[str, Seen] = {}
    for one in output.seen:
        data = one.event.data
        if one.event.type != "rating.submitted" or data.get("round") == 2 or data["channel"] == "system_default":
            continue
        if service := one.named("service"):
            first = firsts.setdefault(service, one)
            if first.named("rating") != one.named("rating"):
                yield Finding(one.line, "data.service", f"{service} was rated on line {first.line}")


def _said_before(output: Output) -> Iterator[tuple[Seen, Seen]]:
    """Events whose source and id were there before, with the first of these."""
    firsts: dict[tuple[str, str], Seen] = {}
    for one in output.seen:
        first = firsts.setdefault(_identity(one), one)
        if first is not one:
            yield one, first


def _identity(one: Seen) -> tuple[str, str]:
    return one.event.source, one.event.id


def _content(one: Seen) -> tuple[object, ...]:
    event = one.event
    data = msgspec.json.encode(event.data, order="sorted")
    return event.type, event.time_ms, event.street, event.site, event.window, event.staff, data
