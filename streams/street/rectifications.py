"""Rectifications (差评整改): opened by an effective bad rating, due in workdays, watched by stream time (§4.6)."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import msgspec

from schemas.event import Event
from schemas.moments import DAY, HOUR, iso
from schemas.published import Notice
from schemas.rules import Rules
from schemas.workdays import Workdays
from streams.street.buckets import RECTIFICATIONS_OPENED, Buckets
from streams.street.memory import Memory

# When what is to be said, at which step, of which rating.
_Deadline = tuple[int, str, str, str]
# Longer than any deadline can be extended to; a rectification is a small thing to remember.
_REMEMBER_MS = 400 * DAY
_STEPS = ("contact", "completion")


class Rectification(msgspec.Struct, array_like=True, gc=False):
    """A rectification. `opened_ms`: epoch ms, None: not open yet. `extension`: workdays; the others are 1 or 0.

    `void`: found so; `voided`: its rating is. `satisfied`: the last revisit was. `reopened_ms`: when a revisit was
    dissatisfied since which nothing was completed.
    """

    site: str = ""
    window: str = ""
    opened_ms: int | None = None
    contacted: int = 0
    completed: int = 0
    void: int = 0
    voided: int = 0
    extension: int = 0
    satisfied: int = 0
    reopened_ms: int | None = None


class Rectifications:
    """Open rectifications and their deadlines. A deadline passes when the street's newest event time reaches it."""

    __slots__ = ("_buckets", "_deadlines", "_rules", "_street", "_workdays", "memory")

    def __init__(self, street: str, rules: Rules, workdays: Workdays, buckets: Buckets) -> None:
        self._street = street
        self._rules = rules.deadlines
        self._workdays = workdays
        self._buckets = buckets
        self.memory: Memory[str, Rectification] = Memory(_REMEMBER_MS)
        # What is to be said when the stream gets there; a heap, derived from memory.
        self._deadlines: list[_Deadline] = []

    def open(self, event: Event, site: str, window: str) -> Notice:
        """An effective bad rating was applied."""
        rating = event.data["rating"]
        entry = self._entry(rating)
        entry.site, entry.window, entry.opened_ms = site, window, event.time_ms
        self._buckets.add(event.time_ms, site, window, (RECTIFICATIONS_OPENED, 1))
        self._watch(self._moments(rating, entry))
        return self._notice("rectification.opened", "", event.time_ms, rating, entry)

    def contacted(self, event: Event) -> None:
        self._entry(event.data["rating"]).contacted = 1

    def verified(self, event: Event) -> None:
        if event.data["finding"] == "void":
            self._entry(event.data["rating"]).void = 1

    def extended(self, event: Event) -> None:
        """The first extension counts; the others change nothing."""
        rating = event.data["rating"]
        entry = self._entry(rating)
        if not entry.extension:
            entry.extension = event.data["workdays"]
            if entry.opened_ms is not None:
                self._watch(moment for moment in self._moments(rating, entry) if moment[2] == "completion")

    def completed(self, event: Event) -> None:
        entry = self._entry(event.data["rating"])
        entry.completed, entry.reopened_ms = 1, None

    def revisited(self, event: Event) -> None:
        """Says nothing of deadlines that notices are about; boards show what is open again."""
        entry, satisfied = self._entry(event.data["rating"]), event.data["result"] != "dissatisfied"
        entry.satisfied, entry.reopened_ms = (1, None) if satisfied else (0, event.time_ms)

    def voided(self, event: Event) -> None:
        self._entry(event.data["rating"]).voided = 1

    def reinstated(self, event: Event) -> None:
        rating = event.data["rating"]
        entry = self._entry(rating)
        entry.voided = 0
        if entry.opened_ms is not None:
            self._watch(self._moments(rating, entry))

    def is_reached(self, newest_ms: int) -> bool:
        """Whether `passed` has anything to look at; cheap enough to ask at every event."""
        return bool(self._deadlines) and self._deadlines[0][0] <= newest_ms

    def passed(self, newest_ms: int) -> list[Notice]:
        """The deadlines that the stream has reached with nothing done, once each, in order of time."""
        notices = []
        while self._deadlines and self._deadlines[0][0] <= newest_ms:
            moment, kind, step, rating = heapq.heappop(self._deadlines)
            entry = self.memory.get(rating)
            if entry is None or entry.completed or entry.void or entry.voided:
                continue
            if step == "contact" and entry.contacted:
                continue
            if (moment, kind, step, rating) in self._moments(rating, entry):  # else: extended meanwhile
                notices.append(self._notice(kind, step, moment, rating, entry))
        return notices

    def rewatch(self, newest_ms: int) -> None:
        """Derives the deadlines ahead from a restored memory; those behind had passed before it was saved."""
        self._deadlines = [
            deadline
            for rating, entry in self.memory.values()
            if entry.opened_ms is not None
            for deadline in self._moments(rating, entry)
            if deadline[0] > newest_ms
        ]
        heapq.heapify(self._deadlines)

    def _entry(self, rating: str) -> Rectification:
        return self.memory.change(rating) or self.memory.put(rating, Rectification())

    def _due(self, entry: Rectification, step: str) -> int:
        assert entry.opened_ms is not None  # noqa: S101 - told by the caller
        if step == "contact":
            return self._workdays.due_ms(entry.opened_ms, self._rules.contact_workdays)
        return self._workdays.due_ms(entry.opened_ms, self._rules.completion_workdays + entry.extension)

    def _moments(self, rating: str, entry: Rectification) -> list[_Deadline]:
        moments = [(self._due(entry, step), "rectification.overdue", step, rating) for step in _STEPS]
        soon = self._due(entry, "completion") - self._rules.remind_hours * HOUR
        return [*moments, (soon, "rectification.due_soon", "completion", rating)]

    def _watch(self, deadlines: Iterable[_Deadline]) -> None:
        for deadline in deadlines:
            if deadline not in self._deadlines:
                heapq.heappush(self._deadlines, deadline)

    def _notice(self, kind: str, step: str, moment: int, rating: str, entry: Rectification) -> Notice:
        # Only what belongs to the notice's identity, so that it reads the same whenever it is said again.
        data = {"rating": rating}
        if step:
            data |= {"step": step, "due": iso(self._due(entry, step) - 1)}
        else:
            data["contact_due"] = iso(self._due(entry, "contact") - 1)
            data["due"] = iso(self._due(entry, "completion") - 1)
        identity = f"{kind}/{self._street}/{rating}/{step}/{moment}"
        return Notice(identity, kind, iso(moment), self._street, entry.site, entry.window, data)
