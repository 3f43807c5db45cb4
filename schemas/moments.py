"""Moments: RFC 3339 text to epoch milliseconds, and milliseconds to the days and minutes of Asia/Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

# Asia/Shanghai has kept UTC+8 without daylight saving since 1991: days and minutes are plain divisions.
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
SHANGHAI_OFFSET: Final = 8 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1)
_MILLISECOND: Final = timedelta(milliseconds=1)
# A day inside what dates can say, so that a moment has a date in Shanghai and in UTC.
_FIRST_MS: Final = (datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_END_MS: Final = (datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_SECONDS: Final = {f"{second:02d}": second * SECOND for second in range(60)}
_PLAIN_LENGTH: Final = len("2026-11-02T10:15:30+08:00")
_PRECISE_LENGTH: Final = len("2026-11-02T10:15:30.123+08:00")
# A day's events share some 600 minutes; the bound only keeps a hostile stream from growing the table.
_MINUTES_KEPT: Final = 20_000
_minutes: dict[str, int] = {}


def epoch_ms(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 text (shape already checked); finer digits are cut.

    Raises ValueError where the shape is right and the moment does not exist (month 13, second 60).
    """
    if len(text) == _PLAIN_LENGTH:
        offset, fraction = text[19:], 0
    elif len(text) == _PRECISE_LENGTH and text[23] in "+-":
        offset, fraction = text[23:], int(text[20:23])
    else:
        return _parse(text)
    key = text[:17] + offset
    minute = _minutes.get(key)
    if minute is None:
        minute = _parse(text[:17] + "00" + offset)
        if len(_minutes) >= _MINUTES_KEPT:
            _minutes.clear()
        _minutes[key] = minute
    try:
        return minute + _SECONDS[text[17:19]] + fraction
    except KeyError:
        raise ValueError("second must be in 0..59") from None


def _parse(text: str) -> int:
    ms = (datetime.fromisoformat(text.upper()) - _EPOCH) // _MILLISECOND
    if not _FIRST_MS <= ms < _END_MS:
        raise ValueError("year must be in 1..9999, in every time zone")
    return ms


def minute_of(ms: int) -> int:
    """Start of the minute (epoch ms) that holds the moment."""
    return ms - ms % MINUTE


def day_of(ms: int) -> int:
    """The day of Asia/Shanghai that holds the moment, as days since 1970-01-01."""
    return (ms + SHANGHAI_OFFSET) // DAY


def day_start(day: int) -> int:
    """Epoch ms of 00:00 Asia/Shanghai of a day counted since 1970-01-01."""
    return day * DAY - SHANGHAI_OFFSET


def to_date(day: int) -> date:
    """The calendar date of a day counted since 1970-01-01."""
    return _EPOCH_DAY + timedelta(days=day)


def to_day(when: date) -> int:
    """Days since 1970-01-01 of a calendar date."""
    return (when - _EPOCH_DAY).days


def iso(ms: int) -> str:
    """RFC 3339 text in Asia/Shanghai, milliseconds only where there are any."""
    minute, rest = divmod(ms, MINUTE)
    second, milliseconds = divmod(rest, SECOND)
    fraction = f".{milliseconds:03d}" if milliseconds else ""
    return f"{_minute_text(minute)}:{second:02d}{fraction}+08:00"


@lru_cache(maxsize=_MINUTES_KEPT)
def _minute_text(minute: int) -> str:
    """A minute since 1970 in Asia/Shanghai, without its offset."""
    moment = (_EPOCH + minute * MINUTE * _MILLISECOND).astimezone(SHANGHAI)
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")
