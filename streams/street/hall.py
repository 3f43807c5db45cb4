"""The hall (大厅) as it is now: who waits, which windows serve, what was rated last, what is still to be rectified.

Told of what the street has applied, in order of arrival. What is further behind the newest event time than minute
buckets take (contract §4.7) changes nothing here, and neither does a queue's or a window's event of another business
day than the newest; rectifications are exempt, for they are owed however late one hears of them.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.event import Event
from schemas.levels import BAD_LEVELS, LEVELS
from schemas.live import LiveRating
from schemas.moments import DAY, day_of, day_start, iso
from schemas.privacy import mask
from schemas.published import Notice
from schemas.rules import Rules
from schemas.workdays import Workdays
from streams.street.buckets import BEFORE_ALL_MS, Buckets
from streams.street.hall_congestion import Congestion
from streams.street.hall_queue import Queue
from streams.street.hall_rectifications import OpenRectifications
from streams.street.hall_windows import Windows
from streams.street.memory import Memory
from streams.street.rectifications import Rectifications

_LAST_RATINGS: Final = 20
_LAST_BAD: Final = 12
_NO_DAY: Final = day_of(BEFORE_ALL_MS)


class Tally(msgspec.Struct, array_like=True, gc=False):
    """Counts since the street's first event, of what came in time: waits that ended, their sum, ratings by level; and
    `bad` ratings, however late.
    """

    waits: int
    wait_ms: int
    ratings: list[int]
    bad: int = 0


class Hall:
    """The hall of a street. `buckets` and `rectifications`: the street's, which are told of an event before."""

    def __init__(
        self,
        street: str,
        rules: Rules,
        workdays: Workdays,
        buckets: Buckets,
        rectifications: Rectifications,
    ) -> None:
        self._horizon_ms = rules.horizons.minute_ms
        self._buckets = buckets
        self.queue = Queue(rules)
        self.congestion = Congestion(street, rules.live)
        self.windows = Windows()
        self.rectifications = OpenRectifications(rules.deadlines, workdays, rectifications)
        # The newest ones, by number modulo how many there are.
        self.last: Memory[int, LiveRating] = Memory(rules.horizons.remember_days * DAY)
        # Of the bad ones, those that came late too: nobody has seen them.
        self.last_bad: Memory[int, LiveRating] = Memory(rules.horizons.remember_days * DAY)
        self.bad = 0
        self.ratings = [0] * len(LEVELS)
        self._begin(_NO_DAY)
        # The stream time at which `passed` has something to look at.
        self.next_ms = BEFORE_ALL_MS

    def memories(self) -> dict[str, Memory]:  # type: ignore[type-arg]  # each has its own types
        """All that is remembered, by name: what a checkpoint saves, besides `tally`."""
        return {
            "waiting": self.queue.memory,
            "congestion": self.congestion.memory,
            "windows": self.windows.memory,
            "last_ratings": self.last,
            "last_bad": self.last_bad,
            "bad_levels": self.rectifications.levels,
        }

    def tally(self) -> Tally:
        """What is counted, as it is now."""
        return Tally(self.queue.waits, self.queue.wait_ms, list(self.ratings), self.bad)

    def passed(self, newest_ms: int) -> list[Notice]:
        """Stream time is about to reach a moment: notices that fall due. To be asked before memories forget."""
        notices: list[Notice] = []
        # 1. The day ends: until midnight the queues are as they were, then they are empty, and windows closed.
        day = day_of(newest_ms)
        if day != self.day:
            if self.day != _NO_DAY:
                midnight_ms = day_start(self.day + 1)
                notices, _ = self.congestion.passed(self.queue.lines, midnight_ms)
                self.congestion.end_day(self.queue.lines, midnight_ms)
                self.queue.end_day()
            self._begin(day)
        # 2. What came about since.
        later, next_ms = self.congestion.passed(self.queue.lines, newest_ms)
        self.next_ms = min(next_ms, day_start(day + 1))
        return notices + later

    def forget(self) -> None:
        """To be told when the street's memories have forgotten."""
        self.rectifications.forget()

    def rewatch(self, newest_ms: int, tally: Tally | None) -> None:
        """Derives the rest from restored memories; nothing was counted yet where there is no tally."""
        if tally is not None:
            self.queue.waits, self.queue.wait_ms, self.ratings = tally.waits, tally.wait_ms, list(tally.ratings)
            self.bad = tally.bad
        self._begin(day_of(newest_ms))
        self.queue.rewatch()
        self.rectifications.rewatch()
        self.next_ms = min(self.congestion.next_ms(self.queue.lines), day_start(self.day + 1))

    def issued(self, event: Event) -> None:
        """A ticket was issued, for the first time."""
        if self._is_of_today(event):
            self._queued(self.queue.issued(event))

    def called(self, event: Event) -> None:
        """A ticket was called, or called again."""
        if self._is_of_today(event):
            self._queued(self.queue.called(event))
            self.windows.called(event)

    def abandoned(self, event: Event) -> None:
        """A ticket was given up, for the first time."""
        if self._is_of_today(event):
            self._queued(self.queue.abandoned(event))

    def transferred(self, event: Event) -> None:
        """A ticket was sent on to another window."""
        if self._is_of_today(event):
            self._queued(self.queue.transferred(event))

    def started(self, event: Event) -> None:
        """A service was started, for the first time."""
        if self._is_of_today(event):
            self.windows.started(event)

    def completed(self, event: Event) -> None:
        """A service was completed, for the first time."""
        if self._is_of_today(event):
            self.windows.completed(event)

    def turned(self, event: Event) -> None:
        """A window was opened, paused, resumed or closed."""
        if self._is_of_today(event):
            self.windows.turned(event)

    def rated(self, event: Event, site: str, window: str) -> None:
        """An effective rating was applied, which counts for that site and window; a bad one has opened its own."""
        data = event.data
        level: Any = data["level"]
        is_bad, is_late = level in BAD_LEVELS, self._is_late(event)
        if is_late and not is_bad:
            return
        tags = [mask(tag) for tag in data.get("tags") or ()]
        rating = LiveRating(data["rating"], level, iso(event.time_ms), site or event.site, window, tags)
        if is_bad:
            self.rectifications.opened(rating.rating, level)
            came = msgspec.structs.replace(rating, came=iso(event.received_ms))
            self.last_bad.put(self.bad % _LAST_BAD, came)
            self.bad += 1
        if is_late:
            return
        self.last.put(sum(self.ratings) % _LAST_RATINGS, rating)
        self.ratings[LEVELS.index(level)] += 1
        if window:
            self.windows.rated(site, window, level)

    def rectified(self, event: Event) -> None:
        """Something was applied that concerns the rectification of a rating."""
        self.rectifications.changed(event.data["rating"])

    def last_ratings(self) -> list[LiveRating]:
        """The newest effective ratings that came in time, in order of arrival, the newest first."""
        return _newest(self.last, sum(self.ratings), _LAST_RATINGS)

    def last_bad_ratings(self) -> list[LiveRating]:
        """The newest effective bad ratings, in order of arrival, the newest first."""
        return _newest(self.last_bad, self.bad, _LAST_BAD)

    def _begin(self, day: int) -> None:
        self.day = self.queue.day = self.windows.day = day
        self._began_ms = day_start(day)

    def _is_late(self, event: Event) -> bool:
        return self._buckets.newest_ms - event.time_ms > self._horizon_ms

    def _is_of_today(self, event: Event) -> bool:
        return self._began_ms <= event.time_ms < self._began_ms + DAY and not self._is_late(event)

    def _queued(self, site: str) -> None:
        """A site's queue was changed; '' if none was."""
        if site:
            next_ms = self.congestion.changed(site, self.queue.lines[site], self._buckets.newest_ms)
            self.next_ms = min(self.next_ms, next_ms)


def _newest(last: Memory[int, LiveRating], count: int, most: int) -> list[LiveRating]:
    """Of `count` ratings, put by their numbers modulo `most`, the last ones that are remembered."""
    found = (last.get(number % most) for number in range(count - 1, max(count - most, 0) - 1, -1))
    return [rating for rating in found if rating is not None]
