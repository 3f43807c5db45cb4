"""Live figures: counters per window and per street, by minute and by day of Asia/Shanghai (contract §4.4, §4.7)."""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.levels import LEVELS
from schemas.moments import DAY, MINUTE, SHANGHAI_OFFSET
from schemas.published import COUNTERS
from schemas.rules import Horizons
from streams.street.memory import Memory

(
    TICKETS, CALLS, ABANDONED, SERVICES, RATINGS, _VS, _S, _BS, _D, _VD, POINTS, DUPLICATES,
    WAIT_MS, WAIT_COUNT, HANDLE_MS, HANDLE_COUNT, RECTIFICATIONS_OPENED,
) = range(len(COUNTERS))  # fmt: skip
LEVEL_COUNTER: Final = {level: COUNTERS.index(level) for level in LEVELS}

_ZERO: Final = [0] * len(COUNTERS)

# Before any event time there is: a clock that was never set says 1970, or less.
BEFORE_ALL_MS: Final = -(2**60)

# (site, window, start); site and window are empty for the street's own; start in minutes or days since 1970 (Shanghai's
# minutes are everybody's minutes).
Key = tuple[str, str, int]


class Bucket(NamedTuple):
    """A bucket's address: one of schemas.published.GRAINS, site and window ('' in the street's own), and its start.

    `start`: minutes since 1970-01-01T00:00Z, or days since 1970-01-01 of Asia/Shanghai.
    """

    grain: str
    site: str
    window: str
    start: int


class Buckets:
    """The buckets that may still take counts, and the newest event time by which that is judged."""

    __slots__ = ("_day_ms", "_minute_ms", "changed_days", "changed_minutes", "days", "late", "minutes", "newest_ms")

    def __init__(self, horizons: Horizons) -> None:
        self._minute_ms = horizons.minute_ms
        self._day_ms = horizons.day_ms
        # A bucket takes counts until its last moment is out of the horizon: a bucket's length more than that.
        self.minutes: Memory[Key, list[int]] = Memory(horizons.minute_ms + MINUTE)
        self.days: Memory[Key, list[int]] = Memory(horizons.day_ms + DAY)
        self.newest_ms = BEFORE_ALL_MS
        self.late = 0
        # Since they were published last. What is here is looked for nowhere else: where the memory has forgotten it
        # meanwhile, it takes no counts any more.
        self.changed_minutes: dict[Key, list[int]] = {}
        self.changed_days: dict[Key, list[int]] = {}

    def add(self, time_ms: int, site: str, window: str, *changes: tuple[int, int]) -> None:
        """Adds (counter, amount) pairs to the minute and day of a moment, for the street and, if given, the window.

        A moment too far behind the newest is not counted in that grain (§4.7); beyond both it is `late`.
        """
        behind = self.newest_ms - time_ms
        if behind > self._day_ms:
            self.late += 1
            return
        day = (time_ms + SHANGHAI_OFFSET) // DAY
        _add(self.days, self.changed_days, ("", "", day), changes)
        if window:
            _add(self.days, self.changed_days, (site, window, day), changes)
        if behind <= self._minute_ms:
            minute = time_ms // MINUTE
            _add(self.minutes, self.changed_minutes, ("", "", minute), changes)
            if window:
                _add(self.minutes, self.changed_minutes, (site, window, minute), changes)

    def take_changed(self) -> dict[Bucket, list[int]]:
        """The buckets changed since the last call, with their counters as they are now."""
        changed = {
            Bucket(days if key[1] else street, *key): list(counters)
            for (days, street), keys in (
                (("window_minutes", "street_minutes"), self.changed_minutes),
                (("window_days", "street_days"), self.changed_days),
            )
            for key, counters in keys.items()
        }
        self.touch_changed()
        self.changed_minutes, self.changed_days = {}, {}
        return changed

    def touch_changed(self) -> None:
        """Tells the memories what has changed; to be asked before they are saved. At each count it would cost more."""
        for memory, changed in ((self.minutes, self.changed_minutes), (self.days, self.changed_days)):
            for key in changed:
                memory.touch(key)


def _add(
    memory: Memory[Key, list[int]], changed: dict[Key, list[int]], key: Key, changes: tuple[tuple[int, int], ...]
) -> None:
    counters = changed.get(key)
    if counters is None:
        counters = memory.get(key)
        if counters is None:
            counters = memory.put(key, _ZERO.copy())
        changed[key] = counters
    for counter, amount in changes:
        counters[counter] += amount
