"""What the board knows, one for all who look: the live view, and the bad ratings that came while it was watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from deploy.board.scene import Rated, Scene, now_of
from schemas.levels import BAD_LEVELS
from schemas.live import LiveDevices, LiveRating, LiveStreet
from schemas.moments import epoch_ms
from schemas.published import Notice

# Of the district; a street's page has the last hundred of all.
_BAD_KEPT: Final = 100


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
    """Looked at by whoever draws. Moments are epoch ms of the clock."""

    def __init__(self, view: View, good_levels: frozenset[str]) -> None:
        self._view = view
        self._good_levels = good_levels
        self._bad: list[Rated] = []
        # Each street's message as it was looked at last, and the bad ratings that it said.
        self._looked: dict[str, LiveStreet] = {}
        self._known: dict[str, frozenset[str]] = {}
        self._has_begun = False
        # Bad ratings that came and were not announced yet.
        self._unsaid: list[Rated] = []

    def look(self, clock_ms: int) -> Scene:
        """What is so now."""
        self._watch(clock_ms)
        view = self._view
        return Scene(
            now_of(view.streets.values(), clock_ms),
            clock_ms,
            dict(view.streets),
            dict(view.devices),
            view.notices,
            tuple(self._bad),
            self._good_levels,
            max(0, clock_ms - view.newest_ms) if view.newest_ms else None,
            view.is_away,
            view.is_complete,
        )

    def take_unsaid(self) -> list[Rated]:
        """The bad ratings that came since the last call, in order of their coming."""
        unsaid, self._unsaid = self._unsaid, []
        return unsaid

    def _watch(self, clock_ms: int) -> None:
        """Remembers bad ratings: a street's message holds but its last ratings, of any level."""
        came: list[Rated] = []
        for code, street in self._view.streets.items():
            if self._looked.get(code) is not street:
                came += self._came(code, street)
        # What was there when the board began is no news.
        is_news, self._has_begun = self._has_begun, self._has_begun or self._view.is_complete
        if not came:
            return
        if is_news:
            came = [rated._replace(seen_ms=clock_ms) for rated in came]
            self._unsaid += came
        newest_first = sorted((*came, *self._bad), key=lambda rated: epoch_ms(rated.rating.time), reverse=True)
        self._bad = newest_first[:_BAD_KEPT]

    def _came(self, code: str, street: LiveStreet) -> list[Rated]:
        """The bad ratings that a street's message says and the one before didn't."""
        said = {rating.rating: rating for rating in _opened(street)}
        # Last, for they say more.
        said |= {rating.rating: rating for rating in street.ratings if rating.level in BAD_LEVELS}
        known = self._known.get(code, frozenset())
        self._looked[code], self._known[code] = street, frozenset(said)
        return [Rated(code, rating) for name, rating in said.items() if name not in known]


def _opened(street: LiveStreet) -> Iterator[LiveRating]:
    """The bad ratings whose rectification is open, as far as the message holds them."""
    for one in street.rectifications:
        if one.level:
            yield LiveRating(one.rating, one.level, one.opened, one.site, one.window)
