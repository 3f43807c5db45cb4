"""A district's days as a stream of messages, in the order in which a broker would get them.

Depends on its arguments alone: dice are seeded by (seed, day, site), so the same call gives the same bytes in every
process, and a site's day doesn't change with the sites around it. A day is made as a whole and kept until its hours
come; what arrives later (a default after five workdays, a rectification) waits with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import count
from operator import attrgetter
from typing import Final

from deploy.simulator.clock import CLOSES, OPENS, POWER_OFF, POWER_ON, Period
from deploy.simulator.dice import Dice, dice_of
from deploy.simulator.office import Office
from deploy.simulator.ratings import Ratings
from deploy.simulator.rectifications import Rectifications
from deploy.simulator.services import Services
from deploy.simulator.traits import VISITS, Hall, halls_of
from deploy.simulator.visits import SiteDay
from deploy.simulator.wire import Arrival, Outage, Wire
from schemas.moments import DAY, HOUR, MINUTE, SECOND, day_start, to_date, to_day
from schemas.registry import Registry
from schemas.workdays import Workdays

# Monday to Sunday; Saturday and Sunday where they are made up for.
_WEEKDAYS: Final = (1.12, 1.04, 1.0, 0.97, 0.89, 0.85, 0.8)
_AFTER_HOLIDAYS: Final = 1.2
_HOLIDAYS: Final = 3

# Per site and day, and how long.
_OUTAGES: Final = {"community": 0.02, "street": 0.015, "district": 0.0}
_UPLOADED_NEXT_MORNING: Final = 0.35

# A live demo begins in the busy hour, and its next day follows when the doors have closed.
_LIVE_BEGINS: Final = OPENS + 30 * MINUTE
_LIVE_DAY: Final = POWER_OFF - POWER_ON
# A device is missed after ten minutes; a month of such heartbeats would be as much as all the rest.
_LIVE_BEAT: Final = 4 * MINUTE

# Measured; `estimate` is for progress bars.
_EVENTS_PER_VISIT: Final = 4.74
_EVENTS_PER_WINDOW: Final = 6.0


def simulate(registry: Registry, start: date, days: int, seed: int, scale: float = 1.0) -> Iterator[bytes]:
    """The messages of some days, one JSON text each without a line break, in order of arrival.

    `scale` multiplies the visitors. About one in 2,500 messages is mangled, on purpose.
    """
    for _, line in simulate_timed(registry, start, days, seed, scale):
        yield line


def simulate_timed(
    registry: Registry, start: date, days: int, seed: int, scale: float = 1.0
) -> Iterator[tuple[int, bytes]]:
    """The same with the moments of arrival (epoch ms). What would arrive after the last day is left out."""
    workdays = Workdays()
    first = to_day(start)
    halls = halls_of(registry, seed)
    return _merge(halls, _calendar(workdays, first, first + days), seed, scale, workdays, beat_ms=0)


def live(
    registry: Registry, seed: int, start: datetime, scale: float = 1.0, *, unstaffed: str = ""
) -> Iterator[tuple[datetime, bytes]]:
    """Messages without end, as if at `start` (aware) the halls had been open for half an hour, whatever the real hour.

    What they sent since they were switched on, half an hour before that, comes first, dated before `start`. A caller at
    real speed waits for each moment, which is in the time zone of `start`. At the window `unstaffed` nobody sits, and
    nothing is sent from there.
    """
    if start.tzinfo is None:
        raise ValueError("start: needs a time zone")
    start_ms = int(start.timestamp() * SECOND)
    name = f"{start:%y%m%d%H%M%S}"
    periods = (
        (midnight_ms + POWER_ON, Period(midnight_ms, f"{name}.{number}-", 1.0))
        for number in count()
        for midnight_ms in (start_ms - _LIVE_BEGINS + number * _LIVE_DAY,)
    )
    halls = halls_of(registry, seed, unstaffed)
    for ms, line in _merge(halls, periods, seed, scale, Workdays(), beat_ms=_LIVE_BEAT):
        yield datetime.fromtimestamp(ms / SECOND, start.tzinfo), line


def estimate(registry: Registry, start: date, days: int, scale: float = 1.0) -> int:
    """About how many messages `simulate` will give, at no cost."""
    visits = sum(VISITS[window.pool] for window in registry.windows.values()) * scale
    workdays = Workdays()
    first = to_day(start)
    bustle = [_bustle(workdays, day) for day in range(first, first + days) if workdays.is_workday(day)]
    return round(sum(bustle) * visits * _EVENTS_PER_VISIT + len(bustle) * len(registry.windows) * _EVENTS_PER_WINDOW)


def _calendar(workdays: Workdays, first: int, end: int) -> Iterator[tuple[int, Period | None]]:
    for day in range(first, end):
        period = None
        if workdays.is_workday(day):
            period = Period(day_start(day), f"{to_date(day):%y%m%d}-", _bustle(workdays, day))
        yield day_start(day), period
    yield day_start(end), None


def _bustle(workdays: Workdays, day: int) -> float:
    bustle = _WEEKDAYS[to_date(day).weekday()]
    closed = all(not workdays.is_workday(day - ago) for ago in range(1, _HOLIDAYS + 1))
    return bustle * _AFTER_HOLIDAYS if closed else bustle


def _merge(
    halls: tuple[Hall, ...],
    periods: Iterable[tuple[int, Period | None]],
    seed: int,
    scale: float,
    workdays: Workdays,
    *,
    beat_ms: int,
) -> Iterator[Arrival]:
    """Periods' messages in order of arrival. Each period comes with a moment before which it says nothing."""
    if scale <= 0:
        raise ValueError("scale: must be above 0")
    waiting: list[Arrival] = []
    by_arrival = attrgetter("ms")
    for begins_ms, period in periods:
        # 1. What arrives before this period begins is complete. (The sort is stable, and cheap: most is in order.)
        waiting.sort(key=by_arrival)
        complete = bisect_left(waiting, begins_ms, key=by_arrival)
        yield from waiting[:complete]
        del waiting[:complete]
        # 2. What this period sends, and what follows from it later on.
        if period is not None:
            _fill(waiting, halls, period, seed, scale, workdays, beat_ms)


def _fill(
    sent: list[Arrival],
    halls: tuple[Hall, ...],
    period: Period,
    seed: int,
    scale: float,
    workdays: Workdays,
    beat_ms: int,
) -> None:
    for hall in halls:
        dice = dice_of(seed, period.tag, hall.code)
        wire = Wire(dice, f"{period.tag}{hall.number:03d}-", sent, _outage(dice, hall, period))
        cloud = Wire(dice, f"{period.tag}{hall.number:03d}c-", sent)
        ratings = Ratings(hall, period, dice, wire, cloud, workdays, Rectifications(dice, cloud, workdays))
        # The windows stay as many when visitors multiply, so services get shorter.
        services = Services(dice, wire, ratings, workdays, speed=max(1.0, scale))
        SiteDay(hall, period, dice, wire, services).run(scale, beat_ms)
    dice = dice_of(seed, period.tag, "office")
    Office(halls, period, dice, Wire(dice, f"{period.tag}o-", sent), workdays).run()


def _outage(dice: Dice, hall: Hall, period: Period) -> Outage | None:
    if dice.random() >= _OUTAGES[hall.level]:
        return None
    begins = OPENS + int(dice.random() * (CLOSES - OPENS - 2 * HOUR))
    ends = begins + int((1 + 4 * dice.random()) * HOUR)
    if dice.random() < _UPLOADED_NEXT_MORNING:
        ends = DAY + POWER_ON
    return Outage(period.at(begins), period.at(ends))
