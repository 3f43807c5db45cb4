"""Open rectifications (待整改) in the order in which they are due: what supervisors must look after now.

What has become of one is known to `rectifications`; here is which of them are open, and how bad the ratings were. One
that was completed is open again when the revisit (回访) was dissatisfied, and due as many workdays after it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import Final

from schemas.live import LiveRectification
from schemas.moments import DAY, HOUR, iso
from schemas.rules import Deadlines
from schemas.workdays import Workdays
from streams.street.memory import Memory
from streams.street.rectifications import Rectification, Rectifications

# More than fit on a board or in a message.
_SHOWN_MOST: Final = 500
# As long as rectifications are remembered.
_REMEMBER_MS: Final = 400 * DAY


class OpenRectifications:
    """Told of a rating when something was applied that concerns its rectification. `rectifications`: the street's."""

    __slots__ = ("_due", "_order", "_rectifications", "_rules", "_workdays", "levels")

    def __init__(self, rules: Deadlines, workdays: Workdays, rectifications: Rectifications) -> None:
        self._rules = rules
        self._workdays = workdays
        self._rectifications = rectifications.memory
        self.levels: Memory[str, str] = Memory(_REMEMBER_MS)
        # Derived: when each is due, and those moments in order, epoch ms.
        self._due: dict[str, int] = {}
        self._order: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._order)

    def opened(self, rating: str, level: str) -> None:
        """An effective bad rating was applied."""
        self.levels.put(rating, level)
        self.changed(rating)

    def changed(self, rating: str) -> None:
        """Something was applied that may open, close or extend the rating's rectification."""
        due_ms = self._due.pop(rating, None)
        if due_ms is not None:
            del self._order[bisect_right(self._order, (due_ms, rating)) - 1]
        due_ms = self._open_until(rating)
        if due_ms is not None:
            self._due[rating] = due_ms
            insort(self._order, (due_ms, rating))

    def overdue(self, now_ms: int) -> int:
        """How many should have been completed by now."""
        return bisect_right(self._order, now_ms, key=lambda due: due[0])

    def due_soon(self, now_ms: int) -> int:
        """How many are to be completed within the time of which a notice reminds."""
        soon_ms = now_ms + self._rules.remind_hours * HOUR
        return bisect_right(self._order, soon_ms, key=lambda due: due[0]) - self.overdue(now_ms)

    def uncontacted(self, now_ms: int) -> int:
        """Of how many the visitor should have been contacted by now and wasn't."""
        entries = (self._rectifications.get(rating) for _, rating in self._order)
        return sum(
            entry is not None and not entry.contacted and self._contact_due(entry) <= now_ms for entry in entries
        )

    def shown(self, now_ms: int) -> list[LiveRectification]:
        """Those that are due first."""
        return [self._live(rating, due_ms, now_ms) for due_ms, rating in self._order[:_SHOWN_MOST]]

    def forget(self) -> None:
        """Lets go of what the street has forgotten; to be told whenever its memories have."""
        for rating in [rating for rating in self._due if self._rectifications.get(rating) is None]:
            self.changed(rating)

    def rewatch(self) -> None:
        """Derives what is open from restored memories; of before boards were live, too."""
        for rating, _ in self._rectifications.values():
            self.changed(rating)

    def _open_until(self, rating: str) -> int | None:
        entry = self._rectifications.get(rating)
        if entry is None:
            return None
        opened_ms = entry.opened_ms
        if opened_ms is None or entry.void or entry.voided or entry.satisfied:
            return None
        if entry.completed:
            reopened_ms, workdays = entry.reopened_ms, self._rules.completion_workdays
            return None if reopened_ms is None else self._workdays.due_ms(reopened_ms, workdays)
        return self._workdays.due_ms(opened_ms, self._rules.completion_workdays + entry.extension)

    def _contact_due(self, entry: Rectification) -> int:
        assert entry.opened_ms is not None  # noqa: S101 - it is open
        return self._workdays.due_ms(entry.opened_ms, self._rules.contact_workdays)

    def _live(self, rating: str, due_ms: int, now_ms: int) -> LiveRectification:
        entry = self._rectifications.get(rating)
        assert entry is not None and entry.opened_ms is not None  # noqa: S101, PT018 - by `_order`
        return LiveRectification(
            rating=rating,
            opened=iso(entry.opened_ms),
            contact_due=iso(self._contact_due(entry) - 1),
            due=iso(due_ms - 1),
            level=self.levels.get(rating) or "",
            site=entry.site,
            window=entry.window,
            contacted=bool(entry.contacted),
            overdue=due_ms <= now_ms,
            reopened=entry.reopened_ms is not None,
        )
