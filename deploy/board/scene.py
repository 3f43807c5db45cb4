"""What a board shows at one moment, of the district or a street. Pure: what is so now and the time in, figures out.

Streets whose newest event is of another day than now have no queue, no open window and no figures of today. What was
said stays as it was said; so how long nothing was heard of a street, by the clock, stands beside it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from deploy.board.words import moment
from schemas.levels import BAD_LEVELS
from schemas.live import (
    BACK,
    CLEARED,
    CONGESTED,
    OFFLINE,
    LiveDevice,
    LiveDevices,
    LiveRating,
    LiveRectification,
    LiveSite,
    LiveStreet,
    LiveWindow,
)
from schemas.moments import MINUTE, SECOND, day_of, epoch_ms, to_date
from schemas.notice_texts import SEVERITIES, severity
from schemas.published import Notice

# Event time may be this far from the clock's, or else, while it goes on, it is a replay that is looked at.
REPLAY_MS: Final = 10 * MINUTE
# So long a bad rating stands out.
FRESH_MS: Final = 60 * SECOND
# What came so much later than it was was sent later (补传), by a terminal that had been offline.
_LATE_MS: Final = 5 * MINUTE
# What a notice settles: from then on the other of the same street, site and device is no news.
_SETTLES: Final = {CLEARED: CONGESTED, BACK: OFFLINE}


class Rated(NamedTuple):
    """A rating, and where. `came_ms`: when the broker had it; of bad ones alone. `seen_ms`: when the board first heard
    of it, where that was news; else 0.
    """

    street: str
    rating: LiveRating
    came_ms: int = 0
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


class Told(NamedTuple):
    """A notice, and how many more of its type there were on its day."""

    notice: Notice
    more: int


class Figures(NamedTuple):
    """A street's figures, or the sum of several. `waiting_since_ms`: of who waits longest. `overdue`: open
    rectifications of which a deadline has passed, that of contact, while nobody has made it, or of completion.
    """

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


def now_of(streets: Iterable[LiveStreet], clock_ms: int, *, is_replaying: bool) -> Now:
    """The time that a board of these streets shows. `is_replaying`: of late their time went on, far behind."""
    newest_ms = max((epoch_ms(street.time) for street in streets), default=clock_ms)
    is_replay = is_replaying and abs(newest_ms - clock_ms) > REPLAY_MS
    return Now(newest_ms if is_replay else clock_ms, is_replay)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is so now, to be looked at. `bad`: bad ratings, those that came last first; `good_levels`: which count as
    好评. `notices`: those that came last first.

    `clock_ms` is the clock's time, which says what is fresh; `heard_ms` when anything was heard last, None where
    nothing was. A street is silent `silent_after_ms` after it was heard last. `is_away`: the broker doesn't answer;
    `is_complete`: what was there at the start is known.
    """

    now: Now
    clock_ms: int
    streets: Mapping[str, LiveStreet]
    devices: Mapping[str, LiveDevices]
    notices: Sequence[Notice]
    bad: Sequence[Rated]
    good_levels: frozenset[str]
    silent_after_ms: int
    heard_ms: int | None = None
    is_away: bool = False
    is_complete: bool = True

    def figures(self, code: str) -> Figures:
        """A street's figures; of one that is not heard of, none."""
        offline = self.devices[code].offline if code in self.devices else 0
        street = self.streets.get(code)
        if street is None:
            return Figures(offline=offline)
        overdue = sum(epoch_ms(_due(owed)) < self.now.ms for owed in street.rectifications)
        figures = Figures(
            open=street.rectifications_open,
            # By the clock, but for those that had no room in the message.
            overdue=max(overdue, street.rectifications_overdue, street.rectifications_uncontacted),
            offline=offline,
        )
        if not self.is_of_today(code):
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

    def is_of_today(self, code: str) -> bool:
        """Whether anything was heard of a street that is of the day that is shown."""
        street = self.streets.get(code)
        return street is not None and street.day == to_date(day_of(self.now.ms)).isoformat()

    def silent_ms(self, code: str) -> int | None:
        """For how long nothing was heard of a street, by the clock; None where that isn't long, or isn't known."""
        street = self.streets.get(code)
        return None if street is None else self._long(self.clock_ms, street.heard)

    def unbeaten_ms(self, code: str) -> int | None:
        """How old the newest heartbeat of all of a street's devices is; None where it isn't old, or none is known."""
        devices = self.devices.get(code)
        return None if devices is None else self._long(self.now.ms, devices.newest)

    def queues(self, code: str) -> Sequence[LiveSite]:
        """The sites of a street where somebody waits, the longest queue first."""
        street = self.streets.get(code)
        if street is None or not self.is_of_today(code):
            return ()
        return sorted(street.sites, key=lambda site: (not site.congested_since, -site.waiting, site.site))

    def windows(self, code: str) -> Mapping[str, LiveWindow]:
        """The windows of a street that are not closed."""
        street = self.streets.get(code)
        if street is None or not self.is_of_today(code):
            return {}
        return {window.window: window for window in street.windows if window.state != "closed"}

    def last_ratings(self, codes: Iterable[str], most: int) -> list[Rated]:
        """The newest ratings of some streets."""
        found = (Rated(code, rating) for code in codes if code in self.streets for rating in self.streets[code].ratings)
        return heapq.nlargest(most, found, key=lambda rated: epoch_ms(rated.rating.time))

    def bad_ratings(self, codes: Iterable[str], most: int) -> list[Rated]:
        """The bad ratings of some streets: the fresh ones, then the others, those that came last first."""
        wanted = set(codes)
        found = (rated for rated in self.bad if rated.street in wanted)
        return sorted(found, key=lambda rated: not self.is_fresh(rated))[:most]

    def is_fresh(self, rated: Rated) -> bool:
        """Whether a bad rating has just come, to the broker or, later, to the board. In a replay nothing is news."""
        return not self.now.is_replay and self.clock_ms - max(rated.came_ms, rated.seen_ms) < FRESH_MS

    def sent_later_ms(self, rated: Rated) -> int | None:
        """When a bad rating came, where that was later than it was given; in a replay all come late."""
        is_late = rated.came_ms - epoch_ms(rated.rating.time) >= _LATE_MS
        return rated.came_ms if is_late and not self.now.is_replay else None

    def owed(self, codes: Iterable[str], most: int) -> list[Owed]:
        """Open rectifications of some streets by deadline: those of contact that was not made, and of completion."""
        found = (
            Owed(_due(one), code, one)
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

    def told(self, codes: Iterable[str], most: int) -> list[Told]:
        """The newest notice of each type of some streets: those of today, the most urgent, and the newest first.

        What another notice has settled since isn't told.
        """
        wanted = set(codes)
        newest: dict[str, Notice] = {}
        more: dict[str, int] = {}
        settled: set[tuple[str, ...]] = set()
        for notice in self.notices:
            if notice.street not in wanted or _about(notice, notice.type) in settled:
                continue
            if notice.type in _SETTLES:
                settled.add(_about(notice, _SETTLES[notice.type]))
            if notice.type not in newest:
                newest[notice.type], more[notice.type] = notice, 0
            elif _day(notice) == _day(newest[notice.type]):
                more[notice.type] += 1
        # It is stable: of those that are alike the one that came last is first.
        ordered = sorted(newest.values(), key=self._urgency, reverse=True)
        return [Told(notice, more[notice.type]) for notice in ordered[:most]]

    def _urgency(self, notice: Notice) -> tuple[bool, int]:
        return _day(notice) == day_of(self.now.ms), SEVERITIES.index(severity(notice.type))

    def _long(self, now_ms: int, since: str) -> int | None:
        since_ms = moment(since)
        return None if since_ms is None or now_ms - since_ms < self.silent_after_ms else now_ms - since_ms


def _due(one: LiveRectification) -> str:
    """Its next deadline. After a revisit that was dissatisfied first contact is no matter any more."""
    return one.due if one.contacted or one.reopened else min(one.contact_due, one.due, key=epoch_ms)


def _day(notice: Notice) -> int:
    return day_of(epoch_ms(notice.time))


def _about(notice: Notice, kind: str) -> tuple[str, ...]:
    return kind, notice.street, notice.site, str(notice.data.get("device", ""))
