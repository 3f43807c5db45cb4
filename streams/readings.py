"""What an aggregate's metrics read from its lanes at each scrape.

Gauges of halls are as boards were told last. Counters are as last given out to be saved: see streams.metrics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final, get_args

from faust.types import TP

from schemas.event import Reason
from schemas.levels import LEVELS
from schemas.live import LiveDevices, LiveStreet
from schemas.moments import SECOND, epoch_ms
from streams.lane import Lane
from streams.metrics import AggregateMetrics, Reading
from streams.street.hall import Tally
from streams.street.hall_windows import Window

Lanes = Callable[[], Mapping[TP, Lane]]
_Samples = Iterator[tuple[tuple[str, ...], float]]
_SECOND_MS: Final = float(SECOND)
_NO_REJECTS: Final = dict.fromkeys(get_args(Reason), 0)


def tell(metrics: AggregateMetrics, lanes: Lanes, *, tells_windows: bool) -> None:
    """Has the metrics read `lanes`, those of windows only where they are wanted."""

    def by_place(reading: Reading, value: Callable[[Lane], float]) -> None:
        reading.read(lambda: [((*tp,), value(lane)) for tp, lane in lanes().items()])

    by_place(metrics.accepted, lambda lane: lane.saved.accepted)
    by_place(metrics.duplicates, lambda lane: lane.saved.duplicates)
    by_place(metrics.late, lambda lane: lane.saved.late)
    # Those with none, too: an alert sees the first increase of a series that it knows.
    metrics.rejected.read(
        lambda: (
            ((*tp, reason), n)
            for tp, lane in lanes().items()
            for reason, n in (_NO_REJECTS | lane.saved.rejected).items()
        )
    )
    metrics.streets.set_function(lambda: sum(len(lane.streets) for lane in lanes().values()))

    def of_halls(reading: Reading, value: Callable[[LiveStreet], float]) -> None:
        reading.read(
            lambda: (((hall.street,), value(hall)) for lane in lanes().values() for hall in lane.halls.values())
        )

    of_halls(metrics.tickets_waiting, lambda hall: hall.waiting)
    of_halls(metrics.longest_wait, _longest_wait)
    of_halls(metrics.windows_open, lambda hall: hall.windows_open)
    of_halls(metrics.windows_paused, lambda hall: hall.windows_paused)
    of_halls(metrics.rectifications_open, lambda hall: hall.rectifications_open)
    of_halls(metrics.rectifications_overdue, lambda hall: hall.rectifications_overdue)
    of_halls(metrics.rectifications_due_soon, lambda hall: hall.rectifications_due_soon)
    of_halls(metrics.rectifications_uncontacted, lambda hall: hall.rectifications_uncontacted)
    of_halls(metrics.last_event, lambda hall: _seconds(hall.heard))
    of_halls(metrics.sites_congested, lambda hall: hall.sites_congested)

    def of_devices(reading: Reading, value: Callable[[LiveDevices], float]) -> None:
        reading.read(lambda: (((of.street,), value(of)) for lane in lanes().values() for of in lane.absent.values()))

    of_devices(metrics.devices_known, lambda of: of.known)
    of_devices(metrics.devices_offline, lambda of: of.offline)
    of_devices(metrics.last_heartbeat, lambda of: _seconds(of.newest))
    metrics.waits.read(lambda: (((code,), tally.waits) for code, tally in _tallies(lanes)))
    metrics.wait_seconds.read(lambda: (((code,), tally.wait_ms / _SECOND_MS) for code, tally in _tallies(lanes)))
    metrics.ratings.read(
        lambda: (
            ((code, level), number)
            for code, tally in _tallies(lanes)
            for level, number in zip(LEVELS, tally.ratings, strict=True)
        )
    )
    if tells_windows:
        metrics.window_open.read(
            lambda: (((street, code), window.state == "open") for street, code, window in _windows(lanes))
        )
        metrics.window_ratings.read(lambda: _window_ratings(lanes))


def _seconds(moment: str) -> float:
    """Since 1970; not a number where it isn't known."""
    return epoch_ms(moment) / _SECOND_MS if moment else math.nan


def _longest_wait(hall: LiveStreet) -> float:
    if not hall.waiting_since:
        return 0
    return max(0.0, (epoch_ms(hall.time) - epoch_ms(hall.waiting_since)) / _SECOND_MS)


def _tallies(lanes: Lanes) -> Iterator[tuple[str, Tally]]:
    for lane in lanes().values():
        yield from lane.tallies.items()


def _windows(lanes: Lanes) -> Iterator[tuple[str, str, Window]]:
    for lane in lanes().values():
        for street in lane.streets.values():
            for code, window in street.hall.windows.now().items():
                yield street.code, code, window


def _window_ratings(lanes: Lanes) -> _Samples:
    for street, code, window in _windows(lanes):
        for level, number in zip(LEVELS, window.ratings, strict=True):
            yield (street, code, level), number
