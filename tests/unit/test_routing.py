"""Events on the wrong partition for their street: sent on to the right one, and counted once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding import decode
from schemas.privacy import Privacy
from schemas.published import LiveBucket
from schemas.rules import Rules
from schemas.secret import Seal, Secret
from schemas.workdays import Workdays
from streams.checkpoint import Ledger
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.routing import Origin, Origins, entry_of, owned, partition_of
from streams.topics import CHECKPOINTS, DEVICES, EVENTS, LIVE, METRICS
from streams.transport.record import Entry, Record
from tests.examples import RECEIVED_MS, event

_SECRET = Secret(bytes(32))
_SEAL = Seal(_SECRET)
_PARTITIONS = 3
_TERMS = Terms(Rules(), Workdays(), Origins(_SECRET), _PARTITIONS, Privacy.from_secret(_SECRET))
_STREETS = [f"5301020{number:02}" for number in range(1, 9)]


class Cluster:
    """Partitions of events and heartbeats in memory with a lane each, which may crash back to its last checkpoint."""

    def __init__(self) -> None:
        self.places = [(topic, partition) for topic in (EVENTS, DEVICES) for partition in range(_PARTITIONS)]
        self.records: dict[tuple[str, int], list[Record]] = {place: [] for place in self.places}
        self.checkpoints: list[list[Record]] = [[] for _ in range(_PARTITIONS)]
        self.buckets: dict[bytes, LiveBucket] = {}
        self.epoch = 0
        self.lanes = {place: self._restored(*place) for place in self.places}

    def publish(self, topic: str, partition: int, value: bytes) -> None:
        self._append(Entry(topic, partition, RECEIVED_MS, None, value))

    def take(self, place: tuple[str, int], count: int) -> None:
        lane = self.lanes[place]
        lane.take(self.records[place][lane.totals.next_offset :][:count])

    def send(self, place: tuple[str, int]) -> None:
        for entry in list(self.lanes[place].take_outputs(_SEAL, 0)):
            self._append(entry)

    def save(self, place: tuple[str, int]) -> None:
        self.send(place)
        for entry in self.lanes[place].take_save(0):
            self._append(entry)

    def crash(self, place: tuple[str, int]) -> None:
        self.lanes[place] = self._restored(*place)

    def drain(self) -> None:
        for place in self.places:
            self.save(place)
        while any(len(self.records[place]) > lane.totals.next_offset for place, lane in self.lanes.items()):
            for place in self.places:
                self.take(place, 5)
                self.save(place)

    def _restored(self, topic: str, partition: int) -> Lane:
        self.epoch += 1
        ledger = Ledger(Journal(topic, f"{self.epoch}"))
        key, value = ledger.journal.announcement()
        self._append(Entry(CHECKPOINTS, partition, 0, key, value))
        restored = ledger.restore(self.checkpoints[partition], partition, _TERMS.rules, _TERMS.workdays)
        return Lane(restored, ledger, _TERMS)

    def _append(self, entry: Entry) -> None:
        if entry.topic == METRICS:
            bucket = msgspec.json.decode(entry.value or b"", type=LiveBucket)
            assert entry.key is not None
            known = self.buckets.get(entry.key)
            if known is None or known.version <= bucket.version:
                self.buckets[entry.key] = bucket
            return
        if entry.topic == LIVE:
            return
        place = (entry.topic, entry.partition)
        topic = self.checkpoints[entry.partition] if entry.topic == CHECKPOINTS else self.records[place]
        topic.append(Record(len(topic), entry.timestamp_ms, entry.key, entry.value, entry.headers))

    def days(self) -> dict[str, tuple[int, int]]:
        """Calls and duplicates by street."""
        return {b.street: (b.calls, b.duplicates) for b in self.buckets.values() if b.grain == "street_days"}

    def accepted(self, topic: str) -> int:
        return sum(lane.totals.accepted for place, lane in self.lanes.items() if place[0] == topic)

    def stored(self) -> set[tuple[str, str]]:
        """Type and id of the events of which the sink takes a record."""
        return {
            (event.type, event.id)
            for place, records in self.records.items()
            for event in owned(decode(records, 0).events, *place, _PARTITIONS)
        }


class Published(NamedTuple):
    """A message, and where somebody puts it."""

    number: int
    street: str
    is_heartbeat: bool
    topic: str
    partition: int

    @property
    def is_home(self) -> bool:
        return (self.topic, self.partition) == (self.right_topic, partition_of(self.street, _PARTITIONS))

    @property
    def right_topic(self) -> str:
        return DEVICES if self.is_heartbeat else EVENTS

    def encode(self) -> bytes:
        if self.is_heartbeat:
            message = event("device.heartbeat", id=f"e{self.number}", street=self.street)
        else:
            message = event("ticket.called", id=f"e{self.number}", ticket=f"T-{self.number}", street=self.street)
        message["site"], message["window"] = f"{self.street}-00", f"{self.street}-00-03"
        return json.dumps(message).encode()


_messages = st.builds(
    Published,
    st.integers(0, 9),
    st.sampled_from(_STREETS),
    st.booleans(),
    st.sampled_from((EVENTS, DEVICES)),
    st.integers(0, _PARTITIONS - 1),
)
_places = st.tuples(st.sampled_from((EVENTS, DEVICES)), st.integers(0, _PARTITIONS - 1))
_actions = st.lists(
    st.tuples(st.sampled_from(["take", "take", "send", "save", "crash"]), _places, st.integers(1, 5)), max_size=40
)


@given(st.lists(_messages, min_size=1, max_size=20), _actions)
def test_wherever_events_are_put_and_whatever_crashes_each_counts_once_in_its_street(
    published: Sequence[Published], actions: Sequence[tuple[str, tuple[str, int], int]]
) -> None:
    cluster = Cluster()
    for one in published:
        cluster.publish(one.topic, one.partition, one.encode())
    for action, place, count in actions:
        match action:
            case "take":
                cluster.take(place, count)
            case "send":
                cluster.send(place)
            case "save":
                cluster.save(place)
            case "crash":
                cluster.crash(place)
    cluster.drain()
    called = [one for one in published if not one.is_heartbeat]
    expected = {}
    for street in {one.street for one in called}:
        numbers = [one.number for one in called if one.street == street]
        expected[street] = (len(set(numbers)), len(numbers) - len(set(numbers)))
    assert cluster.days() == expected
    assert (cluster.accepted(EVENTS), cluster.accepted(DEVICES)) == (len(called), len(published) - len(called))
    assert sum(lane.totals.routed for lane in cluster.lanes.values()) == sum(not one.is_home for one in published)
    kinds = {False: "ticket.called", True: "device.heartbeat"}
    assert cluster.stored() == {(kinds[one.is_heartbeat], f"e{one.number}") for one in published}


def test_nobody_without_the_secret_can_make_an_event_look_like_a_copy() -> None:
    origins, others = Origins(_SECRET), Origins(Secret(bytes(range(32))))
    origin = Origin(EVENTS, 3, 42)
    headers = origins.headers(EVENTS, origin)
    assert origins.read(EVENTS, headers) == origin
    assert origins.read(DEVICES, origins.headers(DEVICES, origin)) == origin
    for forged in (others.headers(EVENTS, origin), ((headers[0][0], b"3/43/" + headers[0][1][5:]),), (("x", b"3/42"),)):
        assert origins.read(EVENTS, forged) is None
    assert origins.read(DEVICES, headers) is None


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b'{"street": 7}', b"\xff"])
def test_a_message_without_a_street_goes_where_it_will_be_refused(raw: bytes) -> None:
    assert entry_of(raw, 12, 5) == Entry(EVENTS, 0, 5, None, raw)


def test_a_message_goes_where_kafka_s_own_clients_put_its_street() -> None:
    partitioner, partitions = DefaultPartitioner(), list(range(12))
    for street in _STREETS:
        entry = entry_of(json.dumps(event("ticket.called", street=street)).encode(), 12, 0)
        assert (entry.topic, entry.key) == (EVENTS, street.encode())
        assert entry.partition == partitioner(street.encode(), partitions, partitions)
    assert entry_of(json.dumps(event("device.heartbeat")).encode(), 12, 0).topic == DEVICES
