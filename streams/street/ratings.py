"""Ratings (评价): one per service is effective, the first by offset (一次一评, contract §4.3)."""

from __future__ import annotations

from schemas.event import Event
from schemas.moments import DAY
from schemas.rules import Rules
from streams.street.buckets import LEVEL_COUNTER, POINTS, RATINGS, Buckets
from streams.street.memory import Memory


class Ratings:
    """Knows which ratings were submitted and which services have an effective one."""

    __slots__ = ("_buckets", "_points", "rated", "submitted")

    def __init__(self, rules: Rules, buckets: Buckets) -> None:
        self._buckets = buckets
        self._points = rules.rating.points
        remember_ms = rules.horizons.remember_days * DAY
        self.submitted: Memory[str, int] = Memory(remember_ms)
        self.rated: Memory[str, int] = Memory(remember_ms)

    def submit(self, event: Event, site: str, window: str) -> bool | None:
        """Applies a rating: True if it is effective, False if it is a duplicate, None if it is neither.

        Neither: a default (it takes neither the rating's nor the service's place) and a round 2 (追评).
        """
        data = event.data
        if data["channel"] == "system_default":
            return None
        if self.submitted.get(data["rating"]):
            return False
        self.submitted.put(data["rating"], 1)
        if data.get("round") == 2:
            return None
        service = data.get("service")
        if service:
            if self.rated.get(service):
                return False
            self.rated.put(service, 1)
        level = data["level"]
        changes = (RATINGS, 1), (LEVEL_COUNTER[level], 1), (POINTS, self._points[level])
        self._buckets.add(event.time_ms, site, window, *changes)
        return True
