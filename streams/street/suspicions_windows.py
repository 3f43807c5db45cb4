"""What windows do, as suspicions need it: who has opened one, and ratings at one that served nobody.

A call or a completion may come after the rating, so a window without any is judged when the stream has gone on for a
while since the rating was applied.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right, insort
from operator import itemgetter
from typing import Final

from schemas.moments import DAY, MINUTE, day_of
from schemas.published import Notice
from schemas.rules import Rules
from streams.street.buckets import CALLS, SERVICES, Buckets
from streams.street.memory import Memory
from streams.street.services import Services
from streams.street.suspicions_press import NEVER_MS, Press, flag

_time = itemgetter(0)
# More than any window has on a day; a device that stutters must not fill the checkpoints.
_SESSIONS_MOST: Final = 100


class Sessions:
    """Who opened a window, by day of Asia/Shanghai."""

    __slots__ = ("memory",)

    def __init__(self, rules: Rules) -> None:
        # By "day window": (moment, staff) in order of moments; '' closes.
        self.memory: Memory[str, list[tuple[int, str]]] = Memory(rules.horizons.day_ms + DAY)

    def note(self, window: str, time_ms: int, staff: str) -> None:
        """Somebody opened the window, or, where `staff` is '', closed it."""
        key = f"{day_of(time_ms)} {window}"
        sessions = self.memory.change(key)
        if sessions is None:
            self.memory.put(key, [(time_ms, staff)])
        else:
            insort(sessions, (time_ms, staff), key=_time)
            del sessions[:-_SESSIONS_MOST]

    def staff_of(self, window: str, time_ms: int) -> str:
        """Who had opened the window on the day of that moment; '' where nobody is known."""
        sessions = self.memory.get(f"{day_of(time_ms)} {window}")
        if sessions is None:
            return ""
        before = bisect_right(sessions, time_ms, key=_time)
        return sessions[before - 1][1] if before else ""


class Unserved:
    """Ratings at windows that served nobody: by the live figures, no call and no completion in minutes around them."""

    __slots__ = ("_buckets", "_due", "_horizon_ms", "_rules", "_services", "_street", "pending")

    def __init__(self, street: str, rules: Rules, buckets: Buckets, services: Services) -> None:
        self._street = street
        self._rules = rules.suspicion
        self._buckets = buckets
        self._services = services
        # A later rating would be judged when minutes around it are forgotten.
        self._horizon_ms = rules.horizons.minute_ms - self._rules.wait_ms - self._rules.served_ms
        self.pending: Memory[str, Press] = Memory(self._rules.wait_ms)
        # What is to be judged when the stream gets there; a heap of (due, rating), derived from `pending`.
        self._due: list[tuple[int, str]] = []

    def watch(self, press: Press) -> None:
        """A rating was applied; it is judged later unless it is known by now to be of a service."""
        newest_ms = self._buckets.newest_ms
        if press.window and newest_ms - press.time_ms <= self._horizon_ms and not self._is_served(press):
            press.due_ms = newest_ms + self._rules.wait_ms
            self.pending.put(press.rating, press)
            heapq.heappush(self._due, (press.due_ms, press.rating))

    @property
    def next_ms(self) -> int:
        """The stream time at which `passed` has something to look at."""
        return self._due[0][0] if self._due else NEVER_MS

    def passed(self, newest_ms: int) -> list[Notice]:
        """Flags of what the stream has waited for in vain. To be asked before memories forget."""
        notices = []
        while self.next_ms <= newest_ms:
            press = self.pending.get(heapq.heappop(self._due)[1])
            if press is not None and not self._is_served(press):
                notices.append(flag(self._street, "unserved_window", press, [press.rating], count=1))
        return notices

    def rewatch(self, newest_ms: int) -> None:
        """Derives what is to be judged from a restored memory; what was due had been judged before it was saved."""
        self._due = [(press.due_ms, rating) for rating, press in self.pending.values() if press.due_ms > newest_ms]
        heapq.heapify(self._due)

    def _is_served(self, press: Press) -> bool:
        if press.service and self._services.memory.get(press.service) is not None:
            return True
        first, last = ((press.time_ms + step) // MINUTE for step in (-self._rules.served_ms, self._rules.served_ms))
        for minute in range(first, last + 1):
            counters = self._buckets.minutes.get((press.site, press.window, minute))
            if counters is not None and (counters[CALLS] or counters[SERVICES]):
                return True
        return False
