"""One street's live state: `apply(events) -> outputs` (contract §4). Deterministic; no I/O, no clock, no randomness.

However a stream is cut into batches, and however often parts of it are applied again from a checkpoint, the outputs end
the same: an event below `next_offset` is skipped, and a changed bucket is said with the offset it is true for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from schemas.event import Event
from schemas.levels import BAD_LEVELS
from schemas.live import LiveStreet
from schemas.moments import DAY
from schemas.published import Notice
from schemas.rules import Rules
from schemas.workdays import Workdays
from streams.street.buckets import BEFORE_ALL_MS, DUPLICATES, Buckets
from streams.street.hall import Hall, Tally
from streams.street.hall_live import live_street
from streams.street.memory import Memory
from streams.street.outputs import Outputs
from streams.street.ratings import Ratings
from streams.street.rectifications import Rectifications
from streams.street.services import Services
from streams.street.suspicions import Suspicions
from streams.street.tickets import Tickets


class Street:
    """The live state of the street `code`.

    `next_offset`: events at smaller offsets of the street's partition are applied. `accepted` counts applied events,
    `duplicates` those that changed nothing for being redeliveries or later ones of their kind, whatever their lateness.
    `heard_ms`: when the broker had the newest of them, epoch ms.
    """

    def __init__(self, code: str, rules: Rules, workdays: Workdays) -> None:
        self.code = code
        self.next_offset = 0
        self.accepted = 0
        self.duplicates = 0
        self.heard_ms = 0
        self.buckets = Buckets(rules.horizons)
        self.seen: Memory[str, int] = Memory(rules.horizons.redelivery_days * DAY)
        self.tickets = Tickets(rules, self.buckets)
        self.services = Services(rules, self.buckets)
        self.ratings = Ratings(rules, self.buckets)
        self.rectifications = Rectifications(code, rules, workdays, self.buckets)
        self.suspicions = Suspicions(code, rules, workdays, self.buckets, self.services)
        self.hall = Hall(code, rules, workdays, self.buckets, self.rectifications)
        self._notices: list[Notice] = []
        self._generation_ends_ms = BEFORE_ALL_MS
        self._appliers: dict[str, Callable[[Event], bool | None]] = {
            "ticket.issued": self.tickets.issued,
            "ticket.called": self.tickets.called,
            "ticket.abandoned": self._ticket_abandoned,
            "service.started": self._service_started,
            "service.completed": self._service_completed,
            "rating.submitted": self._rating_submitted,
            "rating.voided": self.rectifications.voided,
            "rating.reinstated": self.rectifications.reinstated,
            "rectification.contacted": self.rectifications.contacted,
            "rectification.verified": self.rectifications.verified,
            "rectification.extended": self.rectifications.extended,
            "rectification.completed": self.rectifications.completed,
            "rectification.revisited": self.rectifications.revisited,
            "window.opened": self.suspicions.opened,
            "window.closed": self.suspicions.closed,
        }
        hall = self.hall
        # What is told to the hall, once it is applied; a rating comes with its place.
        self._shown: dict[str, Callable[[Event], None]] = {
            "ticket.issued": hall.issued,
            "ticket.called": hall.called,
            "ticket.abandoned": hall.abandoned,
            "ticket.transferred": hall.transferred,
            "service.started": hall.started,
            "service.completed": hall.completed,
            "rating.voided": hall.rectified,
            "rating.reinstated": hall.rectified,
            "rectification.verified": hall.rectified,
            "rectification.extended": hall.rectified,
            "rectification.completed": hall.rectified,
            "rectification.revisited": hall.rectified,
            "window.opened": hall.turned,
            "window.paused": hall.turned,
            "window.resumed": hall.turned,
            "window.closed": hall.turned,
        }

    @property
    def newest_ms(self) -> int:
        """The newest event time accepted so far, epoch ms; BEFORE_ALL_MS before the first."""
        return self.buckets.newest_ms

    def apply(self, events: Iterable[Event]) -> None:
        """Applies events of this street in offset order; those applied before are skipped."""
        for event in events:
            if event.offset < self.next_offset:
                continue
            self.next_offset = event.offset + 1
            self.heard_ms = event.received_ms
            self.accepted += 1
            # 1. Stream time goes on, whatever the event turns out to be.
            if event.time_ms > self.buckets.newest_ms:
                self.advance(event.time_ms)
            # 2. A redelivery is told by (source, id) before anything else.
            key = f"{len(event.id)} {event.id}{event.source}"
            if self.seen.get(key):
                self._duplicate(event)
                continue
            self.seen.put(key, 1)
            # 3. The first of its kind counts; a later one is a duplicate. Types that say nothing live have no applier.
            applier = self._appliers.get(event.type)
            if applier is not None and applier(event) is False:
                self._duplicate(event)
            elif (show := self._shown.get(event.type)) is not None:
                show(event)
            # 4. What the event itself made due (a rating so late that its deadlines are behind).
            if self.rectifications.is_reached(self.buckets.newest_ms):
                self._notices += self.rectifications.passed(self.buckets.newest_ms)

    def changed(self) -> int:
        """How many buckets and notices `take_outputs` would return."""
        return len(self.buckets.changed_minutes) + len(self.buckets.changed_days) + len(self._notices)

    def take_outputs(self) -> Outputs:
        """What changed since the last call, true for `next_offset`."""
        outputs = Outputs(self.next_offset, self.buckets.take_changed(), self._notices)
        self._notices = []
        return outputs

    def live(self) -> LiveStreet | None:
        """What is so now, true for `next_offset`; None before the first event that tells a time."""
        if self.newest_ms == BEFORE_ALL_MS:
            return None
        return live_street(self.code, self.next_offset, self.heard_ms, self.hall, self.buckets)

    def advance(self, newest_ms: int) -> None:
        """Lets stream time reach a moment: queues and suspicions are judged, horizons move, memories forget, deadlines
        pass.
        """
        # By what is remembered until then: nothing was applied since it became due.
        if newest_ms >= self.hall.next_ms:
            self._notices += self.hall.passed(newest_ms)
        if newest_ms >= self.suspicions.next_ms:
            self._notices += self.suspicions.passed(newest_ms)
        self.buckets.newest_ms = newest_ms
        if newest_ms >= self._generation_ends_ms:
            self._forget(newest_ms)
            self.hall.forget()
        if self.rectifications.is_reached(newest_ms):
            self._notices += self.rectifications.passed(newest_ms)

    def memories(self) -> dict[str, Memory]:  # type: ignore[type-arg]  # each has its own types
        """All that the street remembers, by name: what a checkpoint saves."""
        return {
            "minutes": self.buckets.minutes,
            "days": self.buckets.days,
            "seen": self.seen,
            "tickets": self.tickets.memory,
            "services": self.services.memory,
            "submitted": self.ratings.submitted,
            "rated": self.ratings.rated,
            "rectifications": self.rectifications.memory,
            **self.suspicions.memories(),
            **self.hall.memories(),
        }

    def resume(self, newest_ms: int, tally: Tally | None) -> None:
        """Goes on with restored memories at a stream time that was reached before: what fell due then was said then.

        `tally`: the hall's, None where it was saved before there was one.
        """
        self.buckets.newest_ms = newest_ms
        self._forget(newest_ms)
        self.rectifications.rewatch(newest_ms)
        self.suspicions.rewatch(newest_ms)
        self.hall.rewatch(newest_ms, tally)

    def _forget(self, newest_ms: int) -> None:
        memories = self.memories().values()
        for memory in memories:
            memory.advance(newest_ms)
        self._generation_ends_ms = min(memory.ends_ms for memory in memories)

    def _service_started(self, event: Event) -> bool:
        is_first = self.services.started(event)
        if is_first:
            self._notices += self.suspicions.started(event)
        return is_first

    def _service_completed(self, event: Event) -> bool:
        is_first = self.services.completed(event)
        if is_first:
            self._notices += self.suspicions.completed(event)
        return is_first

    def _ticket_abandoned(self, event: Event) -> bool:
        return self.tickets.abandoned(event, *self._place(event))

    def _rating_submitted(self, event: Event) -> bool | None:
        site, window = self._place(event)
        effective = self.ratings.submit(event, site, window)
        if effective and event.data["level"] in BAD_LEVELS:
            self._notices.append(self.rectifications.open(event, site, window))
        if effective:
            self._notices += self.suspicions.rated(event, site, window)
            self.hall.rated(event, site, window)
        return effective

    def _duplicate(self, event: Event) -> None:
        self.duplicates += 1
        self.buckets.add(event.time_ms, *self._place(event), (DUPLICATES, 1))

    def _place(self, event: Event) -> tuple[str, str]:
        """Site and window that the event counts for: its own, else its service's, else its ticket's last call's."""
        if event.window:
            return event.site, event.window
        if event.type == "rating.submitted":
            return self.services.window_of(event.data.get("service") or "")
        if event.type.startswith("ticket."):
            return self.tickets.last_call(event.data["ticket"])
        return "", ""
