"""Workdays of China, by the State Council's notices with their make-up days."""

from datetime import date, timedelta

import chinese_calendar


def is_workday(day: date) -> bool:
    """Whether people work on that day; a year whose notice isn't known has plain weekends."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def workday_after(day: date, count: int) -> date:
    """The count-th workday after a day, which itself is day 0 whether people work on it or not."""
    while count > 0:
        day += timedelta(days=1)
        if is_workday(day):
            count -= 1
    return day
