"""What the board knows, one for all who look: the live view, what came while it was watched, and whether it is history.

A bad rating is news once: what a street's message says that no message of it said before. Of what the first message
of a street says is news what came a moment ago.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Final, Protocol

from deploy.board.scene import FRESH_MS, REPLAY_MS, Now, Rated, Scene, now_of
from deploy.board.words import moment
from schemas.live import LiveDevices, LiveRating, LiveStreet
from schemas.moments import MINUTE, epoch_ms
from schemas.published import Notice

# Of a street; its message has but a dozen, and one that isn't in it any more may come back where it was cut.
_KNOWN_MOST: Final = 200
# So often the newest time of all must go on, far behind the broker's, to be a replay: what terminals send later, after
# hours, may make it go on, too. And so long after the last time it is none any more.
_REPLAY_STEPS: Final = 3
_REPLAY_HOLD_MS: Final = 2 * MINUTE


class View(Protocol):
    """What the board needs of a live view (streams.live_view)."""

    @property
    def streets(self) -> Mapping[str, LiveStreet]: ...
    @property
    def devices(self) -> Mapping[str, LiveDevices]: ...
    @property
    def notices(self) -> Sequence[Notice]: ...
    @property
    def newest_ms(self) -> int: ...
    @property
    def is_complete(self) -> bool: ...
    @property
    def is_away(self) -> bool: ...


class State:
    """Looked at by whoever draws. Moments are epoch ms of the clock, spans milliseconds."""

    def __init__(self, view: View, good_levels: frozenset[str], silent_after_ms: int) -> None:
        self._view = view
        self._good_levels = good_levels
        self._silent_after_ms = silent_after_ms
        # Each street's message as it was looked at last, and its bad ratings.
        self._looked: dict[str, LiveStreet] = {}
        self._bad: dict[str, list[Rated]] = {}
        # When each was first heard of, where that was news; by street and rating, the last heard of at the end.
        self._known: dict[str, dict[str, int]] = {}
        self._has_begun = False
        # The newest time of all streets, and when it went on though far behind.
        self._time_ms = 0
        self._steps: deque[int] = deque(maxlen=_REPLAY_STEPS)
        # Bad ratings that came and were not announced yet.
        self._unsaid: list[Rated] = []
        self._all_bad: tuple[Rated, ...] = ()

    def look(self, clock_ms: int) -> Scene:
        """What is so now."""
        now = self._watch(clock_ms)
        view = self._view
        scene = Scene(
            now,
            clock_ms,
            dict(view.streets),
            dict(view.devices),
            view.notices,
            self._all_bad,
            self._good_levels,
            self._silent_after_ms,
            self._heard_ms(),
            view.is_away,
            view.is_complete,
        )
        if now.is_replay:  # history is no news
            self._unsaid = []
        return scene

    def take_unsaid(self) -> list[Rated]:
        """The bad ratings that came since the last call, in order of their coming."""
        unsaid, self._unsaid = self._unsaid, []
        return unsaid

    def _watch(self, clock_ms: int) -> Now:
        """Sees what changed since the last time."""
        streets = self._view.streets
        changed = [(code, street) for code, street in streets.items() if self._looked.get(code) is not street]
        has_begun, self._has_begun = self._has_begun, self._has_begun or self._view.is_complete
        news: list[Rated] = []
        for code, street in changed:
            news += self._came(code, street, clock_ms, has_begun=has_begun)
        self._unsaid += sorted(news, key=lambda rated: rated.came_ms)
        gone = self._looked.keys() - streets.keys()
        for code in gone:
            del self._looked[code], self._bad[code]
        if changed or gone:
            in_all = chain.from_iterable(self._bad.values())
            self._all_bad = tuple(sorted(in_all, key=lambda rated: rated.came_ms, reverse=True))
            self._step([street for _, street in changed], clock_ms, has_begun=has_begun)
        is_replaying = len(self._steps) == _REPLAY_STEPS and clock_ms - self._steps[0] < _REPLAY_HOLD_MS
        return now_of(streets.values(), clock_ms, is_replaying=is_replaying)

    def _came(self, code: str, street: LiveStreet, clock_ms: int, *, has_begun: bool) -> list[Rated]:
        """Notes a street's bad ratings; returns those that are news."""
        is_first = code not in self._known
        known = self._known.setdefault(code, {})
        news: list[Rated] = []
        bad: list[Rated] = []
        for rating in reversed(street.bad):
            came_ms = _came_ms(rating)
            is_news = rating.rating not in known and has_begun and (not is_first or clock_ms - came_ms < FRESH_MS)
            rated = Rated(code, rating, came_ms, known.setdefault(rating.rating, clock_ms if is_news else 0))
            bad.append(rated)
            if is_news:
                news.append(rated)
        for name in list(islice(known, max(0, len(known) - _KNOWN_MOST))):
            del known[name]
        self._looked[code], self._bad[code] = street, bad[::-1]
        return news

    def _step(self, changed: Sequence[LiveStreet], clock_ms: int, *, has_begun: bool) -> None:
        """Notes whether the newest time of all went on though it is far behind."""
        for street in changed:
            time_ms, heard_ms = epoch_ms(street.time), moment(street.heard)
            if time_ms <= self._time_ms:
                continue
            self._time_ms = time_ms
            if has_begun and heard_ms is not None and heard_ms - time_ms > REPLAY_MS:
                self._steps.append(clock_ms)

    def _heard_ms(self) -> int | None:
        """When anything was heard last, of streets or of devices. What is said anew, after a restart, is no news."""
        if not self._view.newest_ms:
            return None
        streets = (moment(street.heard) for street in self._view.streets.values())
        devices = (moment(devices.newest) for devices in self._view.devices.values())
        heard = max((ms for ms in chain(streets, devices) if ms is not None), default=self._view.newest_ms)
        return min(heard, self._view.newest_ms)


def _came_ms(rating: LiveRating) -> int:
    return moment(rating.came) or epoch_ms(rating.time)
