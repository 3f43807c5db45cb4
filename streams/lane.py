"""A lane: one partition of events or heartbeats on its way through decoding and the live states. No I/O.

Applying a message that was applied before (a redelivery by the broker, below a fence) changes nothing. A message that
sits on the wrong partition for its street, or the wrong topic for its type, is sent on to the right one, and counts
there; its copies sent again after a crash come in the order of their origins, so one at or below the newest is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import msgspec

from schemas.decoding import decode
from schemas.event import Event, Reject
from schemas.live import LiveDevices, LiveStreet, encode_live
from schemas.privacy import Privacy
from schemas.published import COUNTERS, LiveBucket, bucket_name
from schemas.rules import Rules
from schemas.secret import Seal
from schemas.workdays import Workdays
from streams.checkpoint import Ledger, Restored
from streams.rejects import entry_of_reject
from streams.routing import Origin, Origins, owned, partition_of, topic_of
from streams.street import Bucket, Street
from streams.street.hall import Tally
from streams.topics import CHECKPOINTS, EVENTS, LIVE, METRICS, NOTICES
from streams.transport.record import Entry, Record

_encode = msgspec.json.Encoder().encode
_bare = msgspec.structs.replace


@dataclass(frozen=True, slots=True)
class Terms:
    """What all lanes of a role share. `partitions`: how many the topics have."""

    rules: Rules
    workdays: Workdays
    origins: Origins
    partitions: int
    privacy: Privacy


class Lane:
    """State of one partition. `totals` counts its messages; `streets` holds live states by code.

    `saved` and `tallies` are totals, and counts of each street, as last given out to be saved; `halls` and `absent`
    are what was last said of each street, without its lists.
    """

    def __init__(self, restored: Restored, ledger: Ledger, terms: Terms) -> None:
        self.totals, self.streets, self.devices = restored
        self.saved = deepcopy(self.totals)
        self.tallies: dict[str, Tally] = {code: street.hall.tally() for code, street in self.streets.items()}
        self.halls: dict[str, LiveStreet] = {}
        self.absent: dict[str, LiveDevices] = {}
        self._ledger = ledger
        self._terms = terms
        self._rejects: list[Reject] = []
        self._routed: list[Entry] = []
        self._unpublished: dict[str, Street] = {}
        self._unsaved: dict[str, Street] = {}
        self._is_unsaved = False
        # Of whom boards are to be told, and when they were told last. At the start all: nobody knows how far it came.
        self._untold = set(self.streets)
        self._told_ms: dict[str, int] = {}
        self.devices.changed.update(self.devices.streets())

    def take(self, messages: Sequence[Record], end: int | None = None) -> None:
        """Decodes and applies messages, given in offset order. Never raises for what they hold.

        `end`: the offset behind all that were fetched, where others among them were left out.
        """
        if end is None:
            if not messages:
                return
            end = messages[-1].offset + 1
        totals = self.totals
        decoded = decode(self._new(messages), self._terms.rules.limits.clock_ahead_ms)
        events = self._own(decoded.events, messages)
        totals.accepted += sum(event.offset >= totals.next_offset for event in events)
        for reject in decoded.rejects:
            if reject.offset >= totals.next_offset:
                totals.rejected[reject.reason] = totals.rejected.get(reject.reason, 0) + 1
        totals.next_offset = max(totals.next_offset, end)
        self._is_unsaved = True
        self._rejects += decoded.rejects
        if totals.topic == EVENTS:
            self._apply(events)
        else:
            self.devices.apply(events)

    def pending(self) -> int:
        """How many buckets and messages wait to be published, about."""
        return len(self._rejects) + len(self._routed) + sum(street.changed() for street in self._unpublished.values())

    def take_outputs(self, seal: Seal, now_ms: int, *, live_every_ms: int = 0) -> Iterator[Entry]:
        """What is to be published since the last call, as records with their keys.

        What is so now is said of a street at most once in `live_every_ms`, but with every notice.
        """
        partition = self.totals.partition
        urgent: set[str] = set()
        yield from self._routed
        self._routed = []
        for street in self._unpublished.values():
            outputs = street.take_outputs()
            for bucket, counters in outputs.buckets.items():
                key, value = _bucket(street.code, bucket, outputs.next_offset, counters)
                yield Entry(METRICS, partition, now_ms, key, value)
            for notice in outputs.notices:
                urgent.add(notice.street)
                yield Entry(NOTICES, partition, now_ms, notice.id.encode(), _encode(notice))
        self._unpublished = {}
        for notice in self.devices.take_notices():
            urgent.add(notice.street)
            yield Entry(NOTICES, partition, now_ms, notice.id.encode(), _encode(notice))
        yield from self._live(now_ms, live_every_ms, urgent)
        for reject in self._rejects:
            yield entry_of_reject(reject, self.totals.topic, partition, seal, now_ms)
        self._rejects = []

    def take_save(self, now_ms: int) -> Iterator[Entry]:
        """The checkpoint of what changed since the last call. It must become durable, or the lane be thrown away."""
        if not self._is_unsaved:
            return
        partition = self.totals.partition
        for street in self._unsaved.values():
            for key, value in self._ledger.save(street):
                yield Entry(CHECKPOINTS, partition, now_ms, key, value)
            self.tallies[street.code] = street.hall.tally()
        self._unsaved = {}
        if self.totals.topic != EVENTS:
            for key, value in self._ledger.save_devices(self.devices):
                yield Entry(CHECKPOINTS, partition, now_ms, key, value)
        self.totals.duplicates = sum(street.duplicates for street in self.streets.values())
        self.totals.late = sum(street.buckets.late for street in self.streets.values())
        for key, value in self._ledger.save_totals(self.totals):
            yield Entry(CHECKPOINTS, partition, now_ms, key, value)
        self.saved = deepcopy(self.totals)
        self._is_unsaved = False

    def _new(self, messages: Sequence[Record]) -> Sequence[Record]:
        """Without copies that were sent here before."""
        if not any(message.headers for message in messages):
            return messages
        new = []
        for message in messages:
            origin = self._terms.origins.read(self.totals.topic, message.headers)
            if origin is not None:
                known = self.totals.origins if origin.topic == self.totals.topic else self.totals.strays
                if origin.offset < known.get(origin.partition, 0):
                    continue
                known[origin.partition] = origin.offset + 1
            new.append(message)
        return new

    def _own(self, events: list[Event], messages: Sequence[Record]) -> list[Event]:
        """The events that belong here; the others are to be sent to where they do."""
        totals, partitions = self.totals, self._terms.partitions
        own = owned(events, totals.topic, totals.partition, partitions)
        if len(own) < len(events):
            by_offset = {message.offset: message for message in messages}
            ours = {event.offset for event in own}
            for event in events:
                if event.offset not in ours:
                    topic, right = topic_of(event.type), partition_of(event.street, partitions)
                    origin = Origin(totals.topic, totals.partition, event.offset)
                    headers = self._terms.origins.headers(topic, origin)
                    raw = by_offset[event.offset].value
                    self._routed.append(Entry(topic, right, event.received_ms, event.street.encode(), raw, headers))
                    totals.routed += event.offset >= totals.next_offset
        return own

    def _apply(self, events: list[Event]) -> None:
        by_street: dict[str, list[Event]] = {}
        for event in events:
            # What a street remembers is published as its checkpoint: nobody's phone may be in it.
            if event.type == "rating.submitted" and (rater := event.data.get("rater")):
                event.data["rater"] = self._terms.privacy.rater_hash(rater, event.received_ms)
            if (same := by_street.get(event.street)) is None:
                by_street[event.street] = [event]
            else:
                same.append(event)
        for code, of_street in by_street.items():
            street = self.streets.get(code)
            if street is None:
                street = self.streets[code] = Street(code, self._terms.rules, self._terms.workdays)
            street.apply(of_street)
            self._unpublished[code] = self._unsaved[code] = street
        self._untold.update(by_street)

    def _live(self, now_ms: int, every_ms: int, urgent: set[str]) -> Iterator[Entry]:
        """What boards are to be told of streets that changed; of the others in time."""
        partition = self.totals.partition
        for code in sorted(self._untold | self.devices.changed):
            if code not in urgent and now_ms - self._told_ms.get(code, 0) < every_ms:
                continue
            if code in self._untold and (hall := self.streets[code].live()) is not None:
                self._told_ms[code] = now_ms
                self.halls[code] = _bare(hall, sites=[], windows=[], ratings=[], rectifications=[], today={})
                yield Entry(LIVE, partition, now_ms, code.encode(), encode_live(hall))
            if code in self.devices.changed:
                devices = self.devices.live(code)
                self._told_ms[code] = now_ms
                self.absent[code] = _bare(devices, devices=[])
                yield Entry(LIVE, partition, now_ms, f"{code}/devices".encode(), encode_live(devices))
            self._untold.discard(code)
            self.devices.changed.discard(code)


def _bucket(street: str, bucket: Bucket, version: int, counters: list[int]) -> tuple[bytes, bytes]:
    name = bucket_name(bucket.grain, bucket.start)
    live = LiveBucket(bucket.grain, street, name, version, bucket.site, bucket.window, *counters)
    return f"{bucket.grain}/{street}/{bucket.site}/{bucket.window}/{name}".encode(), _encode(live)


# The positional arguments above rely on it.
assert LiveBucket.__struct_fields__[-len(COUNTERS) :] == COUNTERS  # noqa: S101
