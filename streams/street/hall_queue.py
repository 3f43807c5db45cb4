"""Who waits (等候): the tickets of the business day, by site, from issue or transfer until they are called or given up.

Told only of events of the day; a new day begins with nobody waiting. What counts is the order of arrival: a ticket that
was called or given up before its issue arrives doesn't wait.
"""

from __future__ import annotations

import heapq
from typing import Final

import msgspec

from schemas.event import Event
from schemas.moments import DAY
from schemas.rules import Rules
from streams.street.memory import Memory


class Ticket(msgspec.Struct, array_like=True, gc=False):
    """A ticket on a day (since 1970, Shanghai). `waits_since_ms`: None where it doesn't wait. Epoch ms."""

    day: int
    site: str
    issued_ms: int | None = None
    called_ms: int | None = None
    waits_since_ms: int | None = None
    is_abandoned: bool = False


class Line:
    """The tickets that wait at one site, with the moments since when."""

    __slots__ = ("_oldest", "_since")

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        # A heap; holds also what waits no more.
        self._oldest: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._since)

    def add(self, ticket: str, since_ms: int) -> None:
        self._since[ticket] = since_ms
        heapq.heappush(self._oldest, (since_ms, ticket))

    def remove(self, ticket: str) -> None:
        del self._since[ticket]

    @property
    def since_ms(self) -> int | None:
        """Since when the longest waits; None where nobody does."""
        while self._oldest and self._since.get(self._oldest[0][1]) != self._oldest[0][0]:
            heapq.heappop(self._oldest)
        return self._oldest[0][0] if self._oldest else None


NOBODY: Final = Line()


class Queue:
    """The lines of a street on its business day, `day` (since 1970, Shanghai).

    `waits` and `wait_ms` sum up the waits that ended, of all days. What is told of an event returns
    the site whose line it changed, '' if none.
    """

    __slots__ = ("_implausible_ms", "day", "lines", "memory", "wait_ms", "waits")

    def __init__(self, rules: Rules) -> None:
        self._implausible_ms = rules.limits.implausible_ms
        # A ticket's entry outlives its day; on another day it is as good as none.
        self.memory: Memory[str, Ticket] = Memory(DAY)
        self.day = 0
        self.lines: dict[str, Line] = {}
        self.waits = 0
        self.wait_ms = 0

    def issued(self, event: Event) -> str:
        """Of the first issue."""
        ticket = self._ticket(event)
        ticket.issued_ms = event.time_ms
        self._settle(ticket)
        if ticket.called_ms is None and not ticket.is_abandoned:
            return self._wait(event, ticket)
        return ""

    def called(self, event: Event) -> str:
        """Of any call: of a ticket that was transferred a recall ends the second wait."""
        ticket = self._ticket(event)
        if ticket.called_ms is None:
            ticket.called_ms = event.time_ms
            self._settle(ticket)
        return self._leave(event, ticket)

    def abandoned(self, event: Event) -> str:
        ticket = self._ticket(event)
        ticket.is_abandoned = True
        return self._leave(event, ticket)

    def transferred(self, event: Event) -> str:
        """It waits again at the site that sends it on; one that waits already goes on waiting where it does."""
        ticket = self._ticket(event)
        return "" if ticket.is_abandoned else self._wait(event, ticket)

    def end_day(self) -> None:
        """The hall is empty."""
        self.lines = {}

    def rewatch(self) -> None:
        """Derives the lines of the day from a restored memory."""
        self.lines = {}
        for ticket_id, ticket in self.memory.values():
            if ticket.day == self.day and ticket.waits_since_ms is not None:
                self._line(ticket.site).add(ticket_id, ticket.waits_since_ms)

    def _ticket(self, event: Event) -> Ticket:
        ticket_id = event.data["ticket"]
        ticket = self.memory.change(ticket_id)
        if ticket is None or ticket.day != self.day:
            return self.memory.put(ticket_id, Ticket(self.day, event.site))
        return ticket

    def _line(self, site: str) -> Line:
        line = self.lines.get(site)
        if line is None:
            line = self.lines[site] = Line()
        return line

    def _wait(self, event: Event, ticket: Ticket) -> str:
        if ticket.waits_since_ms is not None:
            return ""
        ticket.site, ticket.waits_since_ms = event.site, event.time_ms
        self._line(ticket.site).add(event.data["ticket"], event.time_ms)
        return ticket.site

    def _leave(self, event: Event, ticket: Ticket) -> str:
        if ticket.waits_since_ms is None:
            return ""
        ticket.waits_since_ms = None
        self.lines[ticket.site].remove(event.data["ticket"])
        return ticket.site

    def _settle(self, ticket: Ticket) -> None:
        if ticket.issued_ms is not None and ticket.called_ms is not None:
            wait_ms = ticket.called_ms - ticket.issued_ms
            if 0 <= wait_ms <= self._implausible_ms:
                self.waits += 1
                self.wait_ms += wait_ms
