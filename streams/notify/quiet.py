"""Quiet hours: when people are not to be disturbed. Pure; hours of the day in Asia/Shanghai."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.moments import DAY, MINUTE, SHANGHAI_OFFSET

_SHAPE: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY_MINUTES: Final = DAY // MINUTE


class Hours(NamedTuple):
    """From a minute of the day up to another; past midnight where the end is not behind the begin."""

    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        """Whether a minute of the day lies within."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def parse(text: str) -> Hours:
    """Hours as people write them, 21:00-08:00. Raises ValueError."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not HH:MM-HH:MM")
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    begin, end = 60 * begin_hour + begin_minute, 60 * end_hour + end_minute
    if max(begin, end) > _DAY_MINUTES:
        raise ValueError(f"{text!r} goes beyond 24:00")
    return Hours(begin % _DAY_MINUTES, end % _DAY_MINUTES)


def is_always(hours: Iterable[Hours]) -> bool:
    """Whether they leave no minute of a day."""
    spans = tuple(hours)
    return all(any(span.holds(minute) for span in spans) for minute in range(_DAY_MINUTES))


def is_quiet(hours: Iterable[Hours], at_ms: int) -> bool:
    """Whether a moment (epoch ms) lies in one of them."""
    minute = (at_ms + SHANGHAI_OFFSET) % DAY // MINUTE
    return any(span.holds(minute) for span in hours)
