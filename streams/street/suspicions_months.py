"""Months of staff: all very_satisfied and pressed at once, or nearly every service rated and never a word.

A month is judged once the stream is past it by as much as day buckets wait for what is late: then nothing of it can
come any more that would be looked at.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from functools import lru_cache
from typing import Any, Final

import msgspec

from schemas.moments import DAY, day_of, day_start, iso, to_date, to_day
from schemas.published import FLAGGED, Notice
from schemas.rules import Rules, SuspicionRule
from streams.street.memory import Memory
from streams.street.suspicions_press import EVIDENCE_MOST, NEVER_MS, Press

_LONGEST: Final = 31 * DAY
_NAME: Final = len("2026-11 ")


class StaffMonth(msgspec.Struct, array_like=True, gc=False):
    """Counts of one member of staff in one month.

    `of_services`: ratings that name a service; `others`: not very_satisfied; `quick`: pressed at once.
    """

    services: int = 0
    ratings: int = 0
    of_services: int = 0
    others: int = 0
    texts: int = 0
    quick: int = 0


class Months:
    """What staff did in the months that aren't judged yet."""

    __slots__ = ("_due", "_horizon_ms", "_rules", "_street", "memory", "next_ms", "ratings")

    def __init__(self, street: str, rules: Rules) -> None:
        self._street = street
        self._rules = rules.suspicion
        self._horizon_ms = rules.horizons.day_ms
        # By "month staff".
        self.memory: Memory[str, StaffMonth] = Memory(_LONGEST + self._horizon_ms)
        # By the same, the first ratings: apart, for they soon change no more, while the counts do all the time.
        self.ratings: Memory[str, list[str]] = Memory(_LONGEST + self._horizon_ms)
        # When months are judged, by their names, and the next one; derived from memory.
        self._due: dict[str, int] = {}
        self.next_ms = NEVER_MS

    def completed(self, staff: str, time_ms: int) -> None:
        """A service was completed by somebody; nothing where `staff` is ''."""
        if staff:
            self._entry(self._key(staff, time_ms), time_ms).services += 1

    def rated(self, press: Press, data: dict[str, Any]) -> None:
        """A rating was given to somebody; nothing where it is not known to whom. `data`: its event's."""
        if not press.staff:
            return
        key = self._key(press.staff, press.time_ms)
        entry = self._entry(key, press.time_ms)
        entry.ratings += 1
        entry.of_services += bool(press.service)
        entry.others += data["level"] != "very_satisfied"
        entry.texts += bool(data.get("comment"))
        entry.quick += self._is_quick(data.get("prompt_ms"))
        ratings = self.ratings.get(key)
        if ratings is None:
            self.ratings.put(key, [press.rating])
        elif len(ratings) < EVIDENCE_MOST:
            ratings.append(press.rating)
            self.ratings.touch(key)

    def passed(self, newest_ms: int) -> list[Notice]:
        """Flags of the months that the stream has passed. To be asked before memories forget."""
        notices = []
        for month in sorted(month for month, due_ms in self._due.items() if due_ms <= newest_ms):
            end_ms = self._due.pop(month) - self._horizon_ms
            entries = [(key[_NAME:], entry) for key, entry in self.memory.values() if key.startswith(f"{month} ")]
            for staff, entry in sorted(entries, key=lambda item: item[0]):
                notices += [self._flag(rule, month, end_ms, staff, entry) for rule in self._judge(entry)]
        self.next_ms = min(self._due.values(), default=NEVER_MS)
        return notices

    def rewatch(self, newest_ms: int) -> None:
        """Derives what is to be judged from a restored memory; what was due had been judged before it was saved."""
        for key, _ in self.memory.values():
            month = key[: _NAME - 1]
            self._watch(month, day_start(to_day(date.fromisoformat(f"{month}-01"))))
        self._due = {month: due_ms for month, due_ms in self._due.items() if due_ms > newest_ms}
        self.next_ms = min(self._due.values(), default=NEVER_MS)

    def _key(self, staff: str, time_ms: int) -> str:
        return f"{_month(day_of(time_ms))[0]} {staff}"

    def _entry(self, key: str, time_ms: int) -> StaffMonth:
        entry = self.memory.change(key)
        if entry is None:
            self._watch(key[: _NAME - 1], time_ms)
            return self.memory.put(key, StaffMonth())
        return entry

    def _watch(self, month: str, time_ms: int) -> None:
        if month not in self._due:
            self._due[month] = due_ms = _month(day_of(time_ms))[1] + self._horizon_ms
            self.next_ms = min(self.next_ms, due_ms)

    def _judge(self, entry: StaffMonth) -> list[SuspicionRule]:
        rules, found = self._rules, list[SuspicionRule]()
        # The median is quick, with those that don't say how long they took at its far end.
        is_uniform = entry.ratings >= rules.uniform_ratings and not entry.others and 2 * entry.quick > entry.ratings
        if "uniform_month" in rules.rules and is_uniform:
            found.append("uniform_month")
        is_pressed = entry.services >= rules.silent_services and entry.of_services > rules.silent_share * entry.services
        if "silent_month" in rules.rules and is_pressed and not entry.texts:
            found.append("silent_month")
        return found

    def _flag(self, rule: SuspicionRule, month: str, end_ms: int, staff: str, entry: StaffMonth) -> Notice:
        data: dict[str, Any] = {"rule": rule, "rating": "", "staff": staff, "count": entry.ratings}
        if rule == "silent_month":
            data["count"], data["of"] = entry.of_services, entry.services
        data["evidence"] = self.ratings.get(f"{month} {staff}") or []
        identity = f"flag/{rule}/{self._street}/{month}/{staff}"
        return Notice(identity, FLAGGED, iso(end_ms - 1), self._street, "", "", data)

    def _is_quick(self, prompt_ms: object) -> bool:
        """Of a field of our own, which the contract doesn't know: it may hold anything."""
        if isinstance(prompt_ms, bool) or not isinstance(prompt_ms, int | float):
            return False
        return 0 <= prompt_ms < self._rules.prompt_ms


@lru_cache(maxsize=4096)
def _month(day: int) -> tuple[str, int]:
    """The month of a day of Asia/Shanghai: its name, and the moment at which the next one begins."""
    first = to_date(day).replace(day=1)
    days = monthrange(first.year, first.month)[1]
    return first.isoformat()[: _NAME - 1], day_start(to_day(first) + days)
