"""Suspicions (刷评、诱导疑点, domain §6.3): ratings that somebody should look at. They void nothing.

Only effective ratings are looked at, and only those that day buckets would still take. What can be told at once is said
at once; what others may still explain is judged when the stream has gone on (suspicions_windows, suspicions_months).
"""

from __future__ import annotations

import msgspec

from schemas.event import Event
from schemas.moments import DAY, MINUTE, SHANGHAI_OFFSET, day_of
from schemas.published import Notice
from schemas.rules import Rules
from schemas.rules_assessment import published_minutes
from schemas.workdays import Workdays
from streams.street.buckets import Buckets
from streams.street.memory import Memory
from streams.street.services import Services
from streams.street.suspicions_months import Months
from streams.street.suspicions_press import EVIDENCE_MOST, NEVER_MS, Press, flag
from streams.street.suspicions_windows import Sessions, Unserved


class Repeats(msgspec.Struct, array_like=True, gc=False):
    """Ratings of one rater at one window on one day: how many, and the first of them."""

    count: int
    ratings: list[str]


class Suspicions:
    """Told what is applied, says what is suspicious. `services`: the street's, which are told of an event before."""

    def __init__(self, street: str, rules: Rules, workdays: Workdays, buckets: Buckets, services: Services) -> None:
        self._street = street
        self._rules = rules.suspicion
        self._on = frozenset(rules.suspicion.rules)
        self._looks_at_months = not self._on.isdisjoint(("uniform_month", "silent_month"))
        self._onsite = frozenset(rules.suspicion.onsite_channels)
        self._horizon_ms = rules.horizons.day_ms
        grace = rules.suspicion.grace_minutes
        self._hours = [
            ((begin - grace) * MINUTE, (end + grace) * MINUTE)
            for begin, end in published_minutes(rules.site_month.hours)
        ]
        self._workdays = workdays
        self._buckets = buckets
        self._services = services
        of_a_day = self._horizon_ms + DAY
        # By "day source": time and rating of the last ones in the order in which they were applied, as far back as all
        # lie close to the last.
        self.bursts: Memory[str, list[tuple[int, str]]] = Memory(of_a_day)
        # By "day window rater".
        self.repeats: Memory[str, Repeats] = Memory(of_a_day)
        # Ratings whose service's start or completion is yet to come, by service.
        self.unsettled: Memory[str, Press] = Memory(self._horizon_ms)
        self.sessions = Sessions(rules)
        self.unserved = Unserved(street, rules, buckets, services)
        self.months = Months(street, rules)
        # The stream time at which `passed` has something to look at.
        self.next_ms = NEVER_MS

    def memories(self) -> dict[str, Memory]:  # type: ignore[type-arg]  # each has its own types
        """All that is remembered, by name: what a checkpoint saves."""
        return {
            "bursts": self.bursts,
            "repeats": self.repeats,
            "unsettled": self.unsettled,
            "sessions": self.sessions.memory,
            "unserved": self.unserved.pending,
            "staff_months": self.months.memory,
            "month_ratings": self.months.ratings,
        }

    def opened(self, event: Event) -> None:
        """Somebody sits down at a window."""
        if not self._is_late(event):
            self.sessions.note(event.window, event.time_ms, event.staff)

    def closed(self, event: Event) -> None:
        """… and leaves it."""
        if not self._is_late(event):
            self.sessions.note(event.window, event.time_ms, "")

    def started(self, event: Event) -> list[Notice]:
        """A service was started, for the first time."""
        return self._settled(event.data["service"])

    def completed(self, event: Event) -> list[Notice]:
        """A service was completed, for the first time."""
        if self._looks_at_months and not self._is_late(event):
            self.months.completed(event.staff or self.sessions.staff_of(event.window, event.time_ms), event.time_ms)
            self.next_ms = min(self.next_ms, self.months.next_ms)
        return self._settled(event.data["service"])

    def rated(self, event: Event, site: str, window: str) -> list[Notice]:
        """An effective rating was applied, which counts for that site and window."""
        if self._is_late(event):
            return []
        data, time_ms = event.data, event.time_ms
        staff = event.staff or (self.sessions.staff_of(window, time_ms) if window else "")
        press = Press(data["rating"], data.get("service") or "", time_ms, site, window, staff)
        notices = self._short_service(press) if press.service else []
        if data["channel"] in self._onsite:
            notices += self._terminal_burst(press, event.source)
            notices += self._off_hours(press)
            if "unserved_window" in self._on:
                self.unserved.watch(press)
        if rater := data.get("rater"):
            notices += self._repeat_rater(press, rater)
        if self._looks_at_months:
            self.months.rated(press, data)
        self.next_ms = min(self.unserved.next_ms, self.months.next_ms)
        return notices

    def passed(self, newest_ms: int) -> list[Notice]:
        """Flags of what the stream has waited for. To be asked before memories forget."""
        notices = self.unserved.passed(newest_ms) + self.months.passed(newest_ms)
        self.next_ms = min(self.unserved.next_ms, self.months.next_ms)
        return notices

    def rewatch(self, newest_ms: int) -> None:
        """Derives from restored memories what is to be judged."""
        self.unserved.rewatch(newest_ms)
        self.months.rewatch(newest_ms)
        self.next_ms = min(self.unserved.next_ms, self.months.next_ms)

    def _is_late(self, event: Event) -> bool:
        return self._buckets.newest_ms - event.time_ms > self._horizon_ms

    def _short_service(self, press: Press) -> list[Notice]:
        if "short_service" not in self._on:
            return []
        handling_ms = self._services.handling_ms(press.service)
        if handling_ms is None:
            self.unsettled.put(press.service, press)
            return []
        if not 0 <= handling_ms < self._rules.short_ms:
            return []
        return [flag(self._street, "short_service", press, [press.rating], count=1)]

    def _settled(self, service: str) -> list[Notice]:
        """Judges a rating that came before its service's start or completion, once both are there."""
        press = self.unsettled.get(service)
        if press is None or self._buckets.newest_ms - press.time_ms > self._horizon_ms:
            return []
        return [] if self._services.handling_ms(service) is None else self._short_service(press)

    def _terminal_burst(self, press: Press, source: str) -> list[Notice]:
        if "terminal_burst" not in self._on:
            return []
        key = f"{day_of(press.time_ms)} {source}"
        last = self.bursts.change(key)
        if last is None:
            self.bursts.put(key, [(press.time_ms, press.rating)])
            return []
        # One that is far from this rating, and what was applied before it, is in no burst with it or with later ones.
        for number in range(len(last) - 1, -1, -1):
            if abs(press.time_ms - last[number][0]) >= self._rules.burst_ms:
                del last[: number + 1]
                break
        last.append((press.time_ms, press.rating))
        del last[: -self._rules.burst_ratings]
        if len(last) < self._rules.burst_ratings:
            return []
        times = [time_ms for time_ms, _ in last]
        if max(times) - min(times) >= self._rules.burst_ms:
            return []
        evidence = [rating for _, rating in last]
        return [flag(self._street, "terminal_burst", press, evidence, count=len(last), source=source)]

    def _repeat_rater(self, press: Press, rater: str) -> list[Notice]:
        if "repeat_rater" not in self._on or not press.window:
            return []
        key = f"{day_of(press.time_ms)} {press.window} {rater}"
        repeats = self.repeats.change(key) or self.repeats.put(key, Repeats(0, []))
        repeats.count += 1
        if len(repeats.ratings) < EVIDENCE_MOST:
            repeats.ratings.append(press.rating)
        if repeats.count < self._rules.repeat_ratings:
            return []
        return [flag(self._street, "repeat_rater", press, repeats.ratings, count=repeats.count)]

    def _off_hours(self, press: Press) -> list[Notice]:
        if "off_hours" not in self._on:
            return []
        day, time_ms = divmod(press.time_ms + SHANGHAI_OFFSET, DAY)
        if self._workdays.is_workday(day):
            for begin_ms, end_ms in self._hours:
                if begin_ms <= time_ms < end_ms:
                    return []
        return [flag(self._street, "off_hours", press, [press.rating], count=1)]
