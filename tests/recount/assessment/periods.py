"""Periods (`2026-09`, `2026-Q3`, `2026`), their days and their workdays."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tests.recount.assessment.rules import Calendar
from tests.recount.rules import DAY, HOUR
from tests.recount.times import midnight_after
from tests.recount.workdays import is_workday

_ZONE = 8 * HOUR
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Month:
    """A calendar month."""

    period: str

    @property
    def first(self) -> date:
        return date(int(self.period[:4]), int(self.period[5:]), 1)

    @property
    def last(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.last.day)]

    @property
    def begin_ms(self) -> int:
        return start_of(self.first)

    @property
    def end_ms(self) -> int:
        """The first moment after it."""
        return midnight_after(self.last)


def start_of(day: date) -> int:
    """The day's first moment."""
    return midnight_after(day - timedelta(days=1))


def day_at(moment_ms: int) -> date:
    """The day in Asia/Shanghai, of the times assessed: always eight hours ahead."""
    return _EPOCH + timedelta(days=(moment_ms + _ZONE) // DAY)


def month_of(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def quarter_of(month: str) -> str:
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def before(period: str) -> str:
    """The period before: month, quarter or year."""
    if len(period) == 4:
        return f"{int(period) - 1:04d}"
    year, part = int(period[:4]), int(period[5:].removeprefix("Q"))
    if "Q" in period:
        return f"{year:04d}-Q{part - 1}" if part > 1 else f"{year - 1:04d}-Q4"
    return f"{year:04d}-{part - 1:02d}" if part > 1 else f"{year - 1:04d}-12"


def last_month(period: str) -> str:
    """The month whose rule set judges a quarter or a year."""
    if len(period) == 4:
        return f"{period}-12"
    return f"{period[:4]}-{int(period[6:]) * 3:02d}"


def in_order(periods: Iterable[str]) -> list[str]:
    """Each once."""
    return sorted(set(periods))


def works(day: date, calendar: Calendar) -> bool:
    """Whether the day is a workday of the calendar."""
    if day in calendar.work:
        return True
    return day not in calendar.rest and is_workday(day)


def workday_after(day: date, count: int, calendar: Calendar) -> date:
    """The count-th workday after the day, which itself is day 0."""
    while count > 0:
        day += timedelta(days=1)
        count -= works(day, calendar)
    return day
