"""A window on one day: who sits there, when it opens, pauses and closes."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from deploy.simulator.clock import AFTERNOON, CLOSES, LUNCH, OPENS, Period
from deploy.simulator.dice import Dice, pick, table
from deploy.simulator.traits import Counter
from deploy.simulator.wire import Wire
from schemas.moments import MINUTE, SECOND

# Those who queue when a break is due are served first, for this long.
GRACE: Final = 20 * MINUTE
NEVER: Final = 1 << 62

_BREAKS_A_DAY: Final = 0.6
_REASONS: Final = table([("meeting", 3), ("material", 5), ("system", 2), ("other", 2)])
_HALF_DAYS: Final = ((OPENS + 30 * MINUTE, LUNCH - 30 * MINUTE), (AFTERNOON + 30 * MINUTE, CLOSES - 60 * MINUTE))
# Not (yet) in the registry: a substitute, a window set up in a hurry.
_SUBSTITUTE: Final = "S9001"
_SUBSTITUTED: Final = 0.003
_UNREGISTERED_WINDOW: Final = 0.002


class _Break(NamedTuple):
    begins_ms: int
    lasts_ms: int
    reason: str
    planned_minutes: int
    relief: str  # who takes over after it; empty: the same person comes back


class Desk:
    """A staffed window's day. `place` and `rating_place` are where its events come from, `staff` sits there now."""

    __slots__ = (
        "_breaks",
        "_source",
        "_window",
        "_wire",
        "break_at",
        "counter",
        "place",
        "rating_place",
        "staff",
    )

    def __init__(self, counter: Counter, period: Period, dice: Dice, wire: Wire) -> None:
        morning, afternoon = _shifts(counter, period.date, dice)
        self.counter = counter
        self._window = counter.place
        if dice.random() < _UNREGISTERED_WINDOW:
            self._window = counter.place.replace(counter.code, f"{counter.code}-9")
        self._wire = wire
        self._source = f"counter/{counter.code}"
        self._breaks = sorted(_breaks(period, dice, afternoon if afternoon != morning else ""), reverse=True)
        self.break_at = self._breaks[-1].begins_ms
        self._sit(morning, period.at(OPENS) - int(12 * MINUTE * dice.random()))

    def rest(self, free_ms: int) -> int:
        """Takes the break that is due; returns when the window serves again."""
        due = self._breaks.pop()
        self.break_at = self._breaks[-1].begins_ms if self._breaks else NEVER
        begins = max(due.begins_ms, free_ms)
        ends = begins + due.lasts_ms
        if due.relief:
            self._wire.send("window.closed", self._source, begins, self.place, "")
            self._sit(due.relief, ends)
        else:
            data = f'"reason":"{due.reason}","planned_minutes":{due.planned_minutes}'
            self._wire.send("window.paused", self._source, begins, self.place, data)
            self._wire.send("window.resumed", self._source, ends, self.place, "")
        return ends

    def close(self, ms: int) -> None:
        """The end of the day."""
        self._wire.send("window.closed", self._source, ms, self.place, "")

    def _sit(self, staff: str, ms: int) -> None:
        self.staff = staff
        self.place = f'{self._window},"staff":"{staff}"'
        self.rating_place = self.place if self.counter.knows_staff else self._window
        self._wire.send("window.opened", self._source, ms, self.place, "")


def _shifts(counter: Counter, day: date, dice: Dice) -> tuple[str, str]:
    """Morning's and afternoon's staff: two who share a window take turns by day or by half-day."""
    staff = counter.staff_on(day)
    if dice.random() < _SUBSTITUTED:
        return _SUBSTITUTE, _SUBSTITUTE
    first = pick(dice, staff)
    return first, first if dice.random() < 0.5 else pick(dice, staff)


def _breaks(period: Period, dice: Dice, relief: str) -> list[_Break]:
    lunch = AFTERNOON - LUNCH + int((dice.random() * 8 - 6) * MINUTE)
    breaks = [_Break(period.at(LUNCH), lunch, "meal", 60, relief)]
    for begin, end in _HALF_DAYS:
        if dice.random() < _BREAKS_A_DAY / len(_HALF_DAYS):
            planned = pick(dice, (5, 10, 10, 15, 20, 30))
            lasts = int(planned * (0.6 + 0.7 * dice.random()) * MINUTE) + 7 * SECOND
            begins = period.at(begin + int(dice.random() * (end - begin)))
            breaks.append(_Break(begins, lasts, pick(dice, _REASONS), planned, ""))
    return breaks
