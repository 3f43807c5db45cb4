"""Congestion (拥堵): a site's queue that is too long, or too slow, for some minutes; and that it is so no more.

Between events a queue changes only in that who waits waits longer. So what passes between two events is told exactly,
however far apart they are, and the notices are the same however a stream is cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.live import CLEARED, CONGESTED, Live
from schemas.moments import DAY, MINUTE, iso
from schemas.published import Notice
from streams.street.hall_queue import NOBODY, Line
from streams.street.memory import Memory
from streams.street.suspicions_press import NEVER_MS

# A queue ends at midnight, and its congestion soon after.
_REMEMBER_MS: Final = 2 * DAY


class Turn(msgspec.Struct, array_like=True, gc=False):
    """A site that is congested, or about to be, or to be no more. Epoch ms of stream time.

    `turning_ms`: since when it is as it must stay for a notice; None where it isn't. `congested_ms`: when it became so.
    """

    congested_ms: int | None = None
    turning_ms: int | None = None


_IDLE: Final = Turn()


class Congestion:
    """Told when a site's queue has changed and when stream time passes, says notices."""

    __slots__ = ("_rules", "_street", "memory")

    def __init__(self, street: str, rules: Live) -> None:
        self._street = street
        self._rules = rules
        self.memory: Memory[str, Turn] = Memory(_REMEMBER_MS)

    def congested_ms(self, site: str) -> int | None:
        """Since when a site is congested; None where it isn't."""
        return self._known(site).congested_ms

    def sites(self) -> set[str]:
        """The sites of which anything is remembered."""
        return {site for site, _ in self.memory.values()}

    def changed(self, site: str, line: Line, now_ms: int) -> int:
        """A site's queue was changed by an event. The stream time at which `passed` has something to look at."""
        turn = self._known(site)
        if turn.congested_ms is None and turn.turning_ms is None and not self._is_over(line, now_ms):
            return self._next_ms(turn, line)  # as almost always
        turns = self._is_over(line, now_ms) if turn.congested_ms is None else self._is_calm(line, now_ms)
        if turns != (turn.turning_ms is not None):
            turn = self._turn(site)
            turn.turning_ms = now_ms if turns else None
        return self._next_ms(turn, line)

    def passed(self, lines: Mapping[str, Line], until_ms: int) -> tuple[list[Notice], int]:
        """What stream time brings about until a moment, no queue having changed; and when there is more to look at."""
        notices = []
        for site in sorted(lines.keys() | self.sites()):
            notices += self._passed(site, lines.get(site, NOBODY), until_ms)
        return notices, self.next_ms(lines)

    def end_day(self, lines: Mapping[str, Line], midnight_ms: int) -> None:
        """All queues end."""
        for site in lines.keys() | self.sites():
            self.changed(site, NOBODY, midnight_ms)

    def next_ms(self, lines: Mapping[str, Line]) -> int:
        """The stream time at which `passed` has something to look at."""
        sites = lines.keys() | self.sites()
        return min((self._next_ms(self._known(site), lines.get(site, NOBODY)) for site in sites), default=NEVER_MS)

    def _passed(self, site: str, line: Line, until_ms: int) -> list[Notice]:
        notices: list[Notice] = []
        while (next_ms := self._next_ms(self._known(site), line)) <= until_ms:
            turn = self._turn(site)
            if turn.turning_ms is None:  # who waits longest has by now waited too long
                turn.turning_ms = next_ms
                continue
            moment = turn.turning_ms + self._rules.steady_ms
            if turn.congested_ms is None:
                turn.congested_ms, turn.turning_ms = moment, None
                notices.append(self._notice(CONGESTED, site, line, moment))
            elif self._is_calm(line, moment):
                turn.congested_ms, turn.turning_ms = None, None
                notices.append(self._notice(CLEARED, site, line, moment))
            else:  # it was calm, but not for long
                turn.turning_ms = None
        return notices

    def _known(self, site: str) -> Turn:
        return self.memory.get(site) or _IDLE

    def _next_ms(self, turn: Turn, line: Line) -> int:
        since_ms = line.since_ms
        if turn.congested_ms is None:
            if turn.turning_ms is not None:
                return turn.turning_ms + self._rules.steady_ms
            return NEVER_MS if since_ms is None else since_ms + self._rules.congested_ms
        if turn.turning_ms is None:
            return NEVER_MS
        broken_ms = NEVER_MS if since_ms is None else since_ms + self._rules.cleared_ms
        return min(turn.turning_ms + self._rules.steady_ms, broken_ms)

    def _is_over(self, line: Line, now_ms: int) -> bool:
        since_ms = line.since_ms
        is_slow = since_ms is not None and now_ms - since_ms >= self._rules.congested_ms
        return is_slow or len(line) >= self._rules.congested_waiting

    def _is_calm(self, line: Line, now_ms: int) -> bool:
        since_ms = line.since_ms
        is_quick = since_ms is None or now_ms - since_ms < self._rules.cleared_ms
        return is_quick and len(line) < self._rules.cleared_waiting

    def _turn(self, site: str) -> Turn:
        turn = self.memory.change(site)
        if turn is None or turn == _IDLE:  # put anew, so that it isn't forgotten before its end
            return self.memory.put(site, Turn())
        return turn

    def _notice(self, kind: str, site: str, line: Line, moment_ms: int) -> Notice:
        since_ms = line.since_ms
        waited_ms = 0 if since_ms is None else moment_ms - since_ms
        data = {"waiting": len(line), "longest_minutes": waited_ms // MINUTE}
        identity = f"{kind}/{self._street}/{site}/{moment_ms}"
        return Notice(identity, kind, iso(moment_ms), self._street, site, "", data)
