"""Stretches of time, as lists of (begin, end) in milliseconds that don't overlap each other."""

from collections.abc import Iterable
from datetime import date

from tests.recount.assessment.periods import start_of
from tests.recount.assessment.rules import SiteMonth

Span = tuple[int, int]


def overlap(some: Iterable[Span], others: Iterable[Span]) -> int:
    """How long both last."""
    others = list(others)
    return sum(max(0, min(end, until) - max(begin, since)) for begin, end in some for since, until in others)


def published(day: date, rules: SiteMonth) -> list[Span]:
    """The published hours of a workday."""
    midnight = start_of(day)
    return [(midnight + begin, midnight + end) for begin, end in rules.intervals()]


def length(spans: Iterable[Span]) -> int:
    return sum(end - begin for begin, end in spans)
