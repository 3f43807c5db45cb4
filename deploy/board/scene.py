"""What a board shows at one moment, of the district or a street. Pure: what is so now and the time in, figures out.

Streets whose newest event is of another day than now have no queue, no open window and no figures of today.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from deploy.board.words import moment
from schemas.levels import BAD_LEVELS
from schemas.live import LiveDevice, LiveDevices, LiveRating, LiveRectification, LiveSite, LiveStreet, LiveWindow
from schemas.moments import MINUTE, SECOND, day_of, epoch_ms, to_date
from schemas.published import Notice

# Event time may be this far from the clock's, or else it is a replay that is looked at.
_REPLAY_MS: Final = 10 * MINUTE
# So long a bad rating stands out.
FRESH_MS: Final = 60 * SECOND


class Rated(NamedTuple):
    """A rating, and where. `seen_ms`: when the board first heard of it; 0 if it was there at the board's start."""

    street: str
    rating: LiveRating
    seen_ms: int = 0


class Owed(NamedTuple):
    """An open rectification, and where."""

    due: str
    street: str
    rectification: LiveRectification


class Missed(NamedTuple):
    """A device that is offline, and where."""

    since: str
    street: str
    device: LiveDevice


class Figures(NamedTuple):
    """A street's figures, or the sum of several. `waiting_since_ms`: of who waits longest."""

    waiting: int = 0
    waiting_since_ms: int | None = None
    windows_open: int = 0
    windows_paused: int = 0
    ratings: int = 0
    good: int = 0
    bad: int = 0
    open: int = 0
    overdue: int = 0
    offline: int = 0
    congested: int = 0

    def plus(self, other: Figures) -> Figures:
        """Both together."""
        since = [ms for ms in (self.waiting_since_ms, other.waiting_since_ms) if ms is not None]
        sums = [mine + its for mine, its in zip(self[2:], other[2:], strict=True)]
        return Figures(self.waiting + other.waiting, min(since, default=None), *sums)


class Now(NamedTuple):
    """The time that is shown, epoch ms: the clock's, or, in a replay, the newest event's."""

    ms: int
    is_replay: bool


def now_of(streets: Iterable[LiveStreet], clock_ms: int) -> Now:
    """The time that a board of these streets shows."""
    newest_ms = max((epoch_ms(street.time) for street in streets), default=clock_ms)
    is_replay = abs(newest_ms - clock_ms) > _REPLAY_MS
    return Now(newest_ms if is_replay else clock_ms, is_replay)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is so now, to be looked at. `bad`: bad ratings, the newest first; `good_levels`: which count as 好评.

    `clock_ms` is the clock's time, which says what is fresh; `quiet_ms` how long there was no word. `is_away`: the
    broker doesn't answer; `is_complete`: what was there at the start is known.
    """

    now: Now
    clock_ms: int
    streets: Mapping[str, LiveStreet]
    devices: Mapping[str, LiveDevices]
    notices: Sequence[Notice]
    bad: Sequence[Rated]
    good_levels: frozenset[str]
    quiet_ms: int | None = None
    is_away: bool = False
    is_complete: bool = True

    def figures(self, code: str) -> Figures:
        """A street's figures; of one that is not heard of, none."""
        offline = self.devices[code].offline if code in self.devices else 0
        street = self.streets.get(code)
        if street is None:
            return Figures(offline=offline)
        overdue = sum(epoch_ms(owed.due) < self.now.ms for owed in street.rectifications)
        figures = Figures(
            open=street.rectifications_open,
            overdue=max(overdue, street.rectifications_overdue),
            offline=offline,
        )
        if not self._is_of_today(street):
            return figures
        return figures._replace(
            waiting=street.waiting,
            waiting_since_ms=moment(street.waiting_since),
            windows_open=street.windows_open,
            windows_paused=street.windows_paused,
            ratings=street.today.get("ratings", 0),
            good=sum(street.today.get(level, 0) for level in self.good_levels),
            bad=sum(street.today.get(level, 0) for level in BAD_LEVELS),
            congested=sum(bool(site.congested_since) for site in street.sites),
        )

    def total(self, codes: Iterable[str]) -> Figures:
        """The figures of several streets together."""
        total = Figures()
        for code in codes:
            total = total.plus(self.figures(code))
        return total

    def queues(self, code: str) -> Sequence[LiveSite]:
        """The sites of a street where somebody waits, the longest queue first."""
        street = self.streets.get(code)
        if street is None or not self._is_of_today(street):
            return ()
        return sorted(street.sites, key=lambda site: (not site.congested_since, -site.waiting, site.site))

    def windows(self, code: str) -> Mapping[str, LiveWindow]:
        """The windows of a street that are not closed."""
        street = self.streets.get(code)
        if street is None or not self._is_of_today(street):
            return {}
        return {window.window: window for window in street.windows if window.state != "closed"}

    def last_ratings(self, codes: Iterable[str], most: int) -> list[Rated]:
        """The newest ratings of some streets."""
        found = (Rated(code, rating) for code in codes if code in self.streets for rating in self.streets[code].ratings)
        return heapq.nlargest(most, found, key=lambda rated: epoch_ms(rated.rating.time))

    def bad_ratings(self, codes: Iterable[str], most: int) -> list[Rated]:
        """The newest bad ratings of some streets."""
        wanted = set(codes)
        return list(islice((rated for rated in self.bad if rated.street in wanted), most))

    def is_fresh(self, rated: Rated) -> bool:
        """Whether a bad rating has just come."""
        return rated.seen_ms > 0 and self.clock_ms - rated.seen_ms < FRESH_MS

    def owed(self, codes: Iterable[str], most: int) -> list[Owed]:
        """Open rectifications of some streets by deadline: those of contact that was not made, and of completion."""
        found = (
            Owed(one.due if one.contacted else min(one.contact_due, one.due), code, one)
            for code in codes
            if code in self.streets
            for one in self.streets[code].rectifications
        )
        return heapq.nsmallest(most, found, key=lambda owed: (epoch_ms(owed.due), owed.rectification.rating))

    def missed(self, codes: Iterable[str], most: int) -> list[Missed]:
        """Devices of some streets that are offline, those missed last first."""
        found = (
            Missed(device.offline_since, code, device)
            for code in codes
            if code in self.devices
            for device in self.devices[code].devices
            if device.offline_since
        )
        return heapq.nlargest(most, found, key=lambda missed: epoch_ms(missed.since))

    def told(self, codes: Iterable[str], most: int) -> list[Notice]:
        """The newest notices of some streets."""
        wanted = set(codes)
        return list(islice((notice for notice in self.notices if notice.street in wanted), most))

    def _is_of_today(self, street: LiveStreet) -> bool:
        return street.day == to_date(day_of(self.now.ms)).isoformat()
