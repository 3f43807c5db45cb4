"""An outbox: what one target is yet to be told, and when. Pure: it knows no clock, no network and no chance.

All that is due goes into one message as far as it fits (streams.notify.messages): so what comes faster than a robot
takes it is combined, and what quiet hours held back. A failure of the target makes all wait. A message that is itself
at fault is in nobody's way: its notices are tried alone, behind the others, and given up where it is clearly they.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from schemas.moments import MINUTE, SECOND
from schemas.published import Notice
from streams.agent.backoff import Backoff
from streams.notify.answers import Outcome
from streams.notify.progress import Progress
from streams.notify.targets import Target

# So often a notice that the target answers oddly to is tried, while others get through.
_ODD_TRIES: Final = 3


class Item(msgspec.Struct, eq=False):
    """A notice that waits for a target. `since_ms`: when it was published, epoch ms.

    `alone`: a message with it was refused, so it is sent by itself. `tries`: how often since; `seen`: how many messages
    had got through when it first failed.
    """

    notice: Notice
    since_ms: int
    offset: int
    progress: Progress
    alone: bool = False
    tries: int = 0
    seen: int = 0

    def done(self) -> None:
        """The target is told, or never will be."""
        self.progress.done(self.offset)


class Standing(NamedTuple):
    """How a target stands: notices that wait, those among them that quiet hours hold back, and the oldest other one's
    `since_ms`.
    """

    waiting: int
    held: int
    oldest_ms: int | None


class Outbox:
    """The notices that wait for a target, in the order in which they came."""

    def __init__(self, target: Target, first_pause: float, sent_ms: Iterable[int] = ()) -> None:
        self._backoff = Backoff(first=first_pause, most=300.0)
        self._items: dict[str, Item] = {}
        self._successes = 0
        self._speak_to(target, sent_ms)

    def _speak_to(self, target: Target, sent_ms: Iterable[int]) -> None:
        self.target = target
        # When the last messages got through, as many as a minute takes.
        self._sent_ms = deque(sorted(sent_ms)[-target.per_minute :], maxlen=target.per_minute)
        self._not_before_ms = 0
        self._failures = 0

    def put(self, item: Item) -> bool:
        """Has a notice wait; False where the same one does already."""
        return self._items.setdefault(item.notice.id, item) is item

    def due(self, now_ms: int) -> list[Item]:
        """What is to be said now, in one message if it fits."""
        if now_ms < self._not_before_ms or self._is_full(now_ms):
            return []
        free = [item for item in self._items.values() if not self.target.holds_back(item.notice, now_ms)]
        together = [item for item in free if not item.alone]
        return together or free[:1]

    def delivered(self, items: Sequence[Item], now_ms: int) -> None:
        """A message with these got through."""
        self._sent_ms.append(now_ms)
        self._failures = 0
        self._successes += 1
        self._remove(items)

    def failed(
        self, items: Sequence[Item], outcome: Outcome, asked: float | None, now_ms: int, chance: float
    ) -> list[Item]:
        """A message with these did not. Returns those that are given up.

        `asked`: for so many seconds the target asks to be left alone; `chance`: 0 to 1, spreads the tries.
        """
        self._failures += 1
        if outcome is Outcome.REFUSED:  # the target is well: no pause
            self._failures = 0
            self._sent_ms.append(now_ms)
        else:
            self._not_before_ms = now_ms + int(self._backoff.wait(self._failures, asked, chance) * SECOND)
        if outcome not in (Outcome.REFUSED, Outcome.ODD):
            return []
        given_up = [item for item in items if self._is_hopeless(item, outcome)]
        self._remove(given_up)
        for item in items:
            if self._items.pop(item.notice.id, None) is not None:
                item.seen = item.seen if item.alone else self._successes
                item.tries += item.alone
                item.alone = True
                self._items[item.notice.id] = item  # behind the others
        return given_up

    def become(self, target: Target | None) -> list[Item]:
        """The target is another now, or none; it is tried at once. Returns what it doesn't want to be told any more."""
        unwanted = [item for item in self._items.values() if target is None or not target.wants(item.notice)]
        self._remove(unwanted)
        if target is not None:
            self._speak_to(target, self._sent_ms)
        return unwanted

    def standing(self, now_ms: int) -> Standing:
        """How it stands at a moment."""
        free = [item.since_ms for item in self._items.values() if not self.target.holds_back(item.notice, now_ms)]
        return Standing(len(self._items), len(self._items) - len(free), min(free, default=None))

    def _is_full(self, now_ms: int) -> bool:
        return len(self._sent_ms) == self.target.per_minute and now_ms - self._sent_ms[0] < MINUTE

    def _is_hopeless(self, item: Item, outcome: Outcome) -> bool:
        """Whether it is this notice that is at fault, and not the target or another notice of the message."""
        if not item.alone:
            return False
        return outcome is Outcome.REFUSED or (item.tries + 1 >= _ODD_TRIES and self._successes > item.seen)

    def _remove(self, items: Sequence[Item]) -> None:
        for item in items:
            if self._items.get(item.notice.id) is item:
                del self._items[item.notice.id]
