"""Tickets (取号): issued, called and abandoned once each; the wait is from issue to first call (§4.1, §4.5)."""

from __future__ import annotations

from schemas.event import Event
from schemas.moments import DAY
from schemas.rules import Rules
from streams.street.buckets import ABANDONED, CALLS, TICKETS, WAIT_COUNT, WAIT_MS, Buckets
from streams.street.memory import Memory

# A ticket: issued_ms, first call's ms, site and window, last call's site and window, abandoned.
Ticket = list[int | str | None]
_ISSUED, _CALLED, _SITE, _WINDOW, _LAST_SITE, _LAST_WINDOW, _ABANDONED = range(7)


class Tickets:
    """Each method applies one event and says whether it was the first of its kind for its ticket."""

    __slots__ = ("_buckets", "_implausible_ms", "memory")

    def __init__(self, rules: Rules, buckets: Buckets) -> None:
        self._buckets = buckets
        self._implausible_ms = rules.limits.implausible_ms
        self.memory: Memory[str, Ticket] = Memory(rules.horizons.remember_days * DAY)

    def issued(self, event: Event) -> bool:
        ticket = self._ticket(event.data["ticket"])
        if ticket[_ISSUED] is not None:
            return False
        ticket[_ISSUED] = event.time_ms
        self._buckets.add(event.time_ms, "", "", (TICKETS, 1))
        self._settle(ticket)
        return True

    def called(self, event: Event) -> bool:
        """A later call is a recall: no duplicate, counted nowhere, but it is the ticket's last."""
        ticket = self._ticket(event.data["ticket"])
        ticket[_LAST_SITE], ticket[_LAST_WINDOW] = event.site, event.window
        if ticket[_CALLED] is None:
            ticket[_CALLED], ticket[_SITE], ticket[_WINDOW] = event.time_ms, event.site, event.window
            self._buckets.add(event.time_ms, event.site, event.window, (CALLS, 1))
            self._settle(ticket)
        return True

    def abandoned(self, event: Event, site: str, window: str) -> bool:
        ticket = self._ticket(event.data["ticket"])
        if ticket[_ABANDONED]:
            return False
        ticket[_ABANDONED] = 1
        self._buckets.add(event.time_ms, site, window, (ABANDONED, 1))
        return True

    def last_call(self, ticket_id: str) -> tuple[str, str]:
        """Site and window of the ticket's last applied call, recalls included; empty where there was none."""
        ticket = self.memory.get(ticket_id)
        if ticket is None or ticket[_CALLED] is None:
            return "", ""
        return str(ticket[_LAST_SITE]), str(ticket[_LAST_WINDOW])

    def _ticket(self, ticket_id: str) -> Ticket:
        ticket = self.memory.get(ticket_id)
        if ticket is None:
            return self.memory.put(ticket_id, [None, None, "", "", "", "", 0])
        self.memory.touch(ticket_id)
        return ticket

    def _settle(self, ticket: Ticket) -> None:
        issued, called = ticket[_ISSUED], ticket[_CALLED]
        if isinstance(issued, int) and isinstance(called, int) and 0 <= called - issued <= self._implausible_ms:
            site, window = str(ticket[_SITE]), str(ticket[_WINDOW])
            self._buckets.add(called, site, window, (WAIT_MS, called - issued), (WAIT_COUNT, 1))
