"""The hall's clock: opening hours, the periods that are simulated one by one, and moments as a device writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from deploy.simulator.dice import Dice
from schemas.moments import DAY, HOUR, MINUTE, SECOND, SHANGHAI_OFFSET, day_of, day_start, to_date
from schemas.workdays import Workdays

# Hours of the day, in milliseconds after midnight by the hall's clock.
POWER_ON: Final = 8 * HOUR + 30 * MINUTE
DOORS: Final = 8 * HOUR + 45 * MINUTE
OPENS: Final = 9 * HOUR
LUNCH: Final = 12 * HOUR
AFTERNOON: Final = 13 * HOUR
LAST_TICKET: Final = 16 * HOUR + 50 * MINUTE
CLOSES: Final = 17 * HOUR
POWER_OFF: Final = 17 * HOUR + 50 * MINUTE

# Nobody rates or writes between these: a moment that falls there is put off to the morning.
_NIGHT_ENDS: Final = 7 * HOUR

_MINUTES: Final = tuple(f"T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))
_SECONDS: Final = tuple(f"{second:02d}" for second in range(60))


@dataclass(frozen=True, slots=True)
class Period:
    """One day of the halls. `midnight_ms` is its 00:00 by the halls' clock: the real one, but in a live demo.

    `tag` makes ids unique, `bustle` tells how busy the day is, 1 being an average one.
    """

    midnight_ms: int
    tag: str
    bustle: float

    def at(self, hour_ms: int) -> int:
        """Epoch ms of an hour of this day."""
        return self.midnight_ms + hour_ms

    @property
    def date(self) -> date:
        """The calendar day that noon in the halls falls on."""
        return to_date(day_of(self.midnight_ms + LUNCH))


def stamp(ms: int, precise: bool = False) -> str:
    """RFC 3339 in Asia/Shanghai; whole seconds, or with milliseconds where a device has them."""
    day, rest = divmod(ms + SHANGHAI_OFFSET, DAY)
    minute, rest = divmod(rest, MINUTE)
    if precise:
        return f"{_date(day)}{_MINUTES[minute]}{_SECONDS[rest // SECOND]}.{rest % SECOND:03d}+08:00"
    return f"{_date(day)}{_MINUTES[minute]}{_SECONDS[rest // SECOND]}+08:00"


@lru_cache(maxsize=64)
def _date(day: int) -> str:
    return to_date(day).isoformat()


def awake(ms: int) -> int:
    """The moment, or the morning after it where it falls into the night."""
    into_day = (ms + SHANGHAI_OFFSET) % DAY
    return ms if into_day >= _NIGHT_ENDS else ms + _NIGHT_ENDS


def in_office(dice: Dice, after_ms: int, workdays: Workdays, count: int) -> int:
    """A moment of office hours on the `count`-th workday after a moment; with 0, within two hours of it."""
    if count == 0:
        return after_ms + int((10 + 110 * dice.random()) * MINUTE)
    day = workdays.after(day_of(after_ms), count)
    return day_start(day) + OPENS + int(dice.random() * (CLOSES - OPENS))
