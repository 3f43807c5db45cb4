"""A queue on one day: first come, first served, at whichever of its windows is free first."""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace
from typing import Final, NamedTuple

from deploy.simulator.clock import AFTERNOON, CLOSES, DOORS, LAST_TICKET, LUNCH, OPENS, Period
from deploy.simulator.desk import GRACE, Desk
from deploy.simulator.dice import Dice, poisson
from schemas.moments import HOUR, MINUTE

# When visitors come: (until, weight per minute). Peaks early in both halves of the day, hardly anyone at noon.
_PROFILE: Final = (
    (OPENS, 0.6),
    (OPENS + 90 * MINUTE, 1.5),
    (OPENS + 150 * MINUTE, 1.0),
    (LUNCH - 10 * MINUTE, 0.5),
    (AFTERNOON - 20 * MINUTE, 0.04),
    (AFTERNOON, 0.35),
    (AFTERNOON + HOUR, 0.8),
    (AFTERNOON + 150 * MINUTE, 1.4),
    (CLOSES - 30 * MINUTE, 0.8),
    (LAST_TICKET, 0.35),
)
_OVERTIME_ENDS: Final = CLOSES + 40 * MINUTE


def _minutes() -> tuple[int, ...]:
    """Minutes of the day, each as often as its weight asks for: one throw draws a visitor's minute."""
    minutes: list[int] = []
    begin = DOORS
    for end, weight in _PROFILE:
        for minute in range(begin, end, MINUTE):
            minutes += [minute] * round(weight * 50)
        begin = end
    return tuple(minutes)


_MINUTES: Final = _minutes()


def visits(dice: Dice, mean: float, period: Period) -> list[int]:
    """When the visitors of a day come, in order (epoch ms)."""
    throw, places = dice.random, len(_MINUTES)
    moments = []
    for _ in range(poisson(dice, mean)):
        place = throw() * places
        moments.append(period.midnight_ms + _MINUTES[int(place)] + int(place % 1 * MINUTE))
    moments.sort()
    return moments


class Turn(NamedTuple):
    """A window that is free from a moment on. `number` settles ties, since desks don't compare."""

    free_ms: int
    number: int
    desk: Desk


class Queue:
    """The windows of a line and when each is free."""

    __slots__ = ("_closes_ms", "_dice", "_free", "_overtime_ends_ms", "windows")

    def __init__(self, desks: list[Desk], period: Period, dice: Dice) -> None:
        self.windows = len(desks)
        self._dice = dice
        self._closes_ms = period.at(CLOSES)
        self._overtime_ends_ms = period.at(_OVERTIME_ENDS)
        self._free = [Turn(period.at(OPENS), number, desk) for number, desk in enumerate(desks)]
        heapify(self._free)

    def next(self, since_ms: int) -> Turn | None:
        """The turn of a visitor who waits since then: that desk, from that moment on, taken until `release`.

        None: nobody serves before the end of overtime.
        """
        free = self._free
        while free:
            turn = free[0]
            desk, due_ms = turn.desk, turn.desk.break_at
            ready_ms = max(turn.free_ms, since_ms)
            if due_ms <= ready_ms and (since_ms >= due_ms or ready_ms >= due_ms + GRACE):
                heapreplace(free, Turn(desk.rest(turn.free_ms), turn.number, desk))
            elif ready_ms >= self._overtime_ends_ms:
                return None
            else:
                heappop(free)
                return Turn(ready_ms, turn.number, desk)
        return None

    def release(self, turn: Turn, free_ms: int) -> None:
        """The desk is free again from then on."""
        heappush(self._free, Turn(free_ms, turn.number, turn.desk))

    def close(self) -> None:
        """The end of the day: the breaks nobody came after, and then everybody goes home."""
        for free_ms, _, desk in sorted(self._free):
            ready_ms = free_ms
            while desk.break_at < self._closes_ms:
                ready_ms = desk.rest(ready_ms)
            desk.close(max(ready_ms, self._closes_ms) + int(self._dice.random() * 5 * MINUTE))
