"""Events on the wrong partition for their street: sent on to the right one, and counted once."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from schemas.privacy import Privacy
from schemas.published import LiveBucket
from schemas.rules import Rules
from schemas.secret import Seal, Secret
from schemas.workdays import Workdays
from streams.checkpoint import Ledger
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.routing import Origins, entry_of, partition_of
from streams.topics import CHECKPOINTS, DEVICES, EVENTS, LIVE, METRICS
from streams.transport.record import Entry, Record
from tests.examples import RECEIVED_MS, event

_SECRET = Secret(bytes(32))
_SEAL = Seal(_SECRET)
_PARTITIONS = 3
_TERMS = Terms(Rules(), Workdays(), Origins(_SECRET), _PARTITIONS, Privacy.from_secret(_SECRET))
_STREETS = [f"5301020{number:02}" for number in range(1, 9)]


class Cluster:
    """Partitions of events in memory with a lane each, which may crash back to its last checkpoint at any time."""

    def __init__(self) -> None:
        self.events: list[list[Record]] = [[] for _ in range(_PARTITIONS)]
        self.checkpoints: list[list[Record]] = [[] for _ in range(_PARTITIONS)]
        self.buckets: dict[bytes, LiveBucket] = {}
        self.epoch = 0
        self.lanes = [self._restored(partition) for partition in range(_PARTITIONS)]

    def publish(self, partition: int, value: bytes) -> None:
        self._append(Entry(EVENTS, partition, RECEIVED_MS, None, value))

    def take(self, partition: int, count: int) -> None:
        lane = self.lanes[partition]
        lane.take(self.events[partition][lane.totals.next_offset :][:count])

    def send(self, partition: int) -> None:
        for entry in list(self.lanes[partition].take_outputs(_SEAL, 0)):
            self._append(entry)

    def save(self, partition: int) -> None:
        self.send(partition)
        for entry in self.lanes[partition].take_save(0):
            self._append(entry)

    def crash(self, partition: int) -> None:
        self.lanes[partition] = self._restored(partition)

    def drain(self) -> None:
        for partition in range(_PARTITIONS):
            self.save(partition)
        while any(len(events) > lane.totals.next_offset for events, lane in zip(self.events, self.lanes, strict=True)):
            for partition in range(_PARTITIONS):
                self.take(partition, 5)
                self.save(partition)

    def _restored(self, partition: int) -> Lane:
        self.epoch += 1
        ledger = Ledger(Journal(EVENTS, f"{self.epoch}"))
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
        topic = {EVENTS: self.events, CHECKPOINTS: self.checkpoints}[entry.topic][entry.partition]
        topic.append(Record(len(topic), entry.timestamp_ms, entry.key, entry.value, entry.headers))

    def days(self) -> dict[str, tuple[int, int]]:
        """Calls and duplicates by street."""
        return {b.street: (b.calls, b.duplicates) for b in self.buckets.values() if b.grain == "street_days"}


def _called(number: int, street: str) -> bytes:
    message = event("ticket.called", id=f"e{number}", ticket=f"T-{number}", street=street)
    message["site"], message["window"] = f"{street}-00", f"{street}-00-03"
    return json.dumps(message).encode()


_published = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(_STREETS), st.integers(0, _PARTITIONS - 1)), min_size=1, max_size=20
)
_actions = st.lists(
    st.tuples(st.sampled_from(["take", "take", "send", "save", "crash"]), st.integers(0, 2), st.integers(1, 5)),
    max_size=40,
)


@given(_published, _actions)
def test_wherever_events_are_put_and_whatever_crashes_each_counts_once_in_its_street(
    published: Sequence[tuple[int, str, int]], actions: Sequence[tuple[str, int, int]]
) -> None:
    cluster = Cluster()
    for number, street, partition in published:
        cluster.publish(partition, _called(number, street))
    for action, partition, count in actions:
        match action:
            case "take":
                cluster.take(partition, count)
            case "send":
                cluster.send(partition)
            case "save":
                cluster.save(partition)
            case "crash":
                cluster.crash(partition)
    cluster.drain()
    expected = {}
    for street in {street for _, street, _ in published}:
        numbers = [number for number, of_street, _ in published if of_street == street]
        expected[street] = (len(set(numbers)), len(numbers) - len(set(numbers)))
    assert cluster.days() == expected
    assert sum(lane.totals.accepted for lane in cluster.lanes) == len(published)
    misplaced = sum(partition_of(street, _PARTITIONS) != partition for _, street, partition in published)
    assert sum(lane.totals.routed for lane in cluster.lanes) == misplaced


def test_nobody_without_the_secret_can_make_an_event_look_like_a_copy() -> None:
    origins, others = Origins(_SECRET), Origins(Secret(bytes(range(32))))
    headers = origins.headers(EVENTS, 3, 42)
    assert origins.read(EVENTS, headers) == (3, 42)
    for forged in (others.headers(EVENTS, 3, 42), ((headers[0][0], b"3/43/" + headers[0][1][5:]),), (("x", b"3/42"),)):
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
