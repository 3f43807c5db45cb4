"""Moments as epoch milliseconds, and their days and minutes in Asia/Shanghai."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  arithmetic on wall clocks; the offset is subtracted by hand
_MILLISECOND = timedelta(milliseconds=1)
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_FULL_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def parse_time(text: str) -> int | None:
    """The epoch milliseconds of an RFC 3339 time, digits finer than 1 ms cut off; None if it is no such time."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    *wall, fraction, sign, offset_hours, offset_minutes = match.groups()
    try:
        local = datetime(*(int(part) for part in wall))  # type: ignore[arg-type]  # noqa: DTZ001  as above
    except ValueError:
        return None
    offset_ms = 0
    if sign is not None:
        hours, minutes = int(offset_hours), int(offset_minutes)
        if hours > 23 or minutes > 59:
            return None
        offset_ms = (hours * 60 + minutes) * 60_000 * (-1 if sign == "-" else 1)
    milliseconds = int(((fraction or "") + "000")[:3])
    moment = (local - _EPOCH) // _MILLISECOND + milliseconds - offset_ms
    try:
        day_of(moment)
    except (OverflowError, ValueError):  # no such day in the years 1 to 9999
        return None
    return moment


def is_date(text: str) -> bool:
    """Whether the text is a day of the calendar, YYYY-MM-DD."""
    match = _FULL_DATE.fullmatch(text)
    if match is None:
        return False
    try:
        date(*(int(part) for part in match.groups()))
    except ValueError:
        return False
    return True


def date_of(moment_ms: int) -> date:
    """The day in Asia/Shanghai."""
    return datetime.fromtimestamp(moment_ms // 1000, SHANGHAI).date()


def day_of(moment_ms: int) -> str:
    """The day in Asia/Shanghai, YYYY-MM-DD."""
    return date_of(moment_ms).isoformat()


def minute_of(moment_ms: int) -> int:
    """The start of the minute, in epoch seconds."""
    return moment_ms // 60_000 * 60


def midnight_after(day: date) -> int:
    """The moment at which the day is over."""
    following = day + timedelta(days=1)
    return int(datetime(following.year, following.month, following.day, tzinfo=SHANGHAI).timestamp()) * 1000


def end_of(day: date) -> int:
    """The end of the day as it is shown, 23:59:59."""
    return midnight_after(day) - 1000
