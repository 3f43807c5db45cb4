"""China's working days: the State Council's holiday notices with make-up days (调休), and a district's own exceptions.

The notices come with the library chinesecalendar. A day beyond its last notice is a workday from Monday to Friday;
`Workdays.known_until` tells where that begins, and `pingliu doctor` warns of it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from chinese_calendar.constants import holidays, workdays

from schemas.moments import DAY, day_of, day_start, to_date, to_day
from schemas.rules import Calendar

_LAST: Final = date(max(day.year for day in (*holidays, *workdays)), 12, 31)
_SATURDAY: Final = 5
_DAYS_KEPT: Final = 4_096


class Workdays:
    """The calendar of one rules file. Days are counted since 1970-01-01, Asia/Shanghai (schemas.moments)."""

    known_until: Final = _LAST

    def __init__(self, calendar: Calendar | None = None) -> None:
        exceptions = calendar or Calendar()
        self._work = frozenset(exceptions.work)
        self._rest = frozenset(exceptions.rest)
        self._after: dict[tuple[int, int], int] = {}
        # Of most ratings' day it is asked at each of them.
        self._known: dict[int, bool] = {}

    def is_workday(self, day: int) -> bool:
        """Whether offices work on that day."""
        known = self._known.get(day)
        if known is None:
            if len(self._known) >= _DAYS_KEPT:
                self._known.clear()
            known = self._known[day] = self._works(to_date(day))
        return known

    def _works(self, when: date) -> bool:
        if when in self._work:
            return True
        if when in self._rest:
            return False
        return when in workdays or (when.weekday() < _SATURDAY and when not in holidays)

    def after(self, day: int, count: int) -> int:
        """The `count`-th workday after a day (day 0); `count` >= 1."""
        found = self._after.get((day, count))
        if found is None:
            found, left = day, count
            while left:
                found += 1
                left -= self.is_workday(found)
            self._after[day, count] = found
        return found

    def due_ms(self, moment_ms: int, count: int) -> int:
        """End of the `count`-th workday after a moment's day: the next midnight, epoch ms. In time is before it."""
        return day_start(self.after(day_of(moment_ms), count)) + DAY

    def table(self, first: date, last: date) -> list[tuple[int, bool]]:
        """(day, is it a workday) for every day of the closed range, for those who count in SQL."""
        days = range(to_day(first), to_day(last + timedelta(days=1)))
        return [(day, self.is_workday(day)) for day in days]
