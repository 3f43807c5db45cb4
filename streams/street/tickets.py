"""Tickets (取号): issued, called and abandoned once each; the wait is from issue to first call (§4.1, §4.5)."""

from __future__ import annotations

import msgspec

from schemas.event import Event
from schemas.moments import DAY
from schemas.rules import Rules
from streams.street.buckets import ABANDONED, CALLS, TICKETS, WAIT_COUNT, WAIT_MS, Buckets
from streams.street.memory import Memory


class Ticket(msgspec.Struct, array_like=True, gc=False):
    """A ticket. `issued_ms`, and `called_ms` of its first call: epoch ms, None: not known yet.

    `site` and `window` are the first call's, `last_site` and `last_window` the last one's; `abandoned`: 1 or 0.
    """

    issued_ms: int | None = None
    called_ms: int | None = None
    site: str = ""
    window: str = ""
    last_site: str = ""
    last_window: str = ""
    abandoned: int = 0


class Tickets:
    """Each method applies one event and says whether it was the first of its kind for its ticket."""

    __slots__ = ("_buckets", "_implausible_ms", "memory")

    def __init__(self, rules: Rules, buckets: Buckets) -> None:
        self._buckets = buckets
        self._implausible_ms = rules.limits.implausible_ms
        self.memory: Memory[str, Ticket] = Memory(rules.horizons.remember_days * DAY)

    def issued(self, event: Event) -> bool:
        ticket = self._ticket(event.data["ticket"])
        if ticket.issued_ms is not None:
            return False
        ticket.issued_ms = event.time_ms
        self._buckets.add(event.time_ms, "", "", (TICKETS, 1))
        self._settle(ticket)
        return True

    def called(self, event: Event) -> bool:
        """A later call is a recall: no duplicate, counted nowhere, but it is the ticket's last."""
        ticket = self._ticket(event.data["ticket"])
        ticket.last_site, ticket.last_window = event.site, event.window
        if ticket.called_ms is None:
            ticket.called_ms, ticket.site, ticket.window = event.time_ms, event.site, event.window
            self._buckets.add(event.time_ms, event.site, event.window, (CALLS, 1))
            self._settle(ticket)
        return True

    def abandoned(self, event: Event, site: str, window: str) -> bool:
        ticket = self._ticket(event.data["ticket"])
        if ticket.abandoned:
            return False
        ticket.abandoned = 1
        self._buckets.add(event.time_ms, site, window, (ABANDONED, 1))
        return True

    def last_call(self, ticket_id: str) -> tuple[str, str]:
        """Site and window of the ticket's last applied call, recalls included; empty where there was none."""
        ticket = self.memory.get(ticket_id)
        if ticket is None or ticket.called_ms is None:
            return "", ""
        return ticket.last_site, ticket.last_window

    def _ticket(self, ticket_id: str) -> Ticket:
        return self.memory.change(ticket_id) or self.memory.put(ticket_id, Ticket())

    def _settle(self, ticket: Ticket) -> None:
        issued_ms, called_ms = ticket.issued_ms, ticket.called_ms
        if issued_ms is None or called_ms is None:
            return
        wait_ms = called_ms - issued_ms
        if 0 <= wait_ms <= self._implausible_ms:
            self._buckets.add(called_ms, ticket.site, ticket.window, (WAIT_MS, wait_ms), (WAIT_COUNT, 1))
