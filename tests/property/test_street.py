"""The street state machine against an independent count, however its stream is cut, repeated or broken off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.live import LiveStreet
from schemas.moments import epoch_ms
from schemas.privacy import Privacy
from schemas.published import COUNTERS, FLAGGED, LiveBucket, Notice, bucket_start
from schemas.rules import Horizons, Rules, Suspicion
from schemas.secret import Seal, Secret
from schemas.workdays import Workdays
from streams.checkpoint import Ledger, Totals, read_totals
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.routing import Origins
from streams.topics import CHECKPOINTS, DEVICES, EVENTS, LIVE, METRICS, NOTICES, REJECTED
from streams.transport.record import Entry, Headers, Record
from tests import recount
from tests.examples import RECEIVED_MS
from tests.property.streams import presses, streams

# Ids are remembered longer than any stream here reaches: what is forgotten when has tests of its own.
_RULES = Rules(
    horizons=Horizons(redelivery_days=400, remember_days=400),
    # So small that the few ratings of a stream reach them.
    suspicion=Suspicion(
        short_service_seconds=40,
        burst_ratings=2,
        repeat_ratings=2,
        grace_minutes=0,
        uniform_ratings=1,
        silent_services=1,
    ),
)
_SUSPICION = recount.Suspicion(
    short_ms=40_000, burst_ratings=2, repeat_ratings=2, grace_ms=0, uniform_ratings=1, silent_services=1
)
_WORKDAYS = Workdays()
_SEAL, _ORIGINS = Seal(Secret(bytes(32))), Origins(Secret(bytes(32)))
_PRIVACY = Privacy.from_secret(Secret(bytes(32)))
_WINDOW_COUNTERS = [name for name in COUNTERS if name != "tickets"]


class Broker:
    """A partition of every topic in memory, and the aggregate's order of effects over it, broken off anywhere."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self.records = [Record(offset, RECEIVED_MS, None, value) for offset, value in enumerate(values)]
        self.checkpoints: list[Record] = []
        self.buckets: dict[bytes, LiveBucket] = {}
        self.notices: dict[str, Notice] = {}
        self.live: dict[tuple[str, int], LiveStreet] = {}
        self.rejects: dict[bytes, Any] = {}
        self.routed: dict[Headers, bytes] = {}
        self.lane = self._restored()
        self.position = 0

    def crash(self) -> None:
        """Forgets what was not saved."""
        self.lane = self._restored()
        # Where the checkpoint says, whatever was committed.
        self.position = self.lane.totals.next_offset

    def take(self, count: int) -> None:
        self.lane.take(self.records[self.position : self.position + count])
        self.position = min(self.position + count, len(self.records))

    def publish(self) -> None:
        for entry in self.lane.take_outputs(_SEAL, 0):
            self._publish(entry)

    def save(self) -> None:
        self.publish()
        for entry in self.lane.take_save(0):
            assert entry.topic == CHECKPOINTS
            self._write(entry.key, entry.value)

    def _publish(self, entry: Entry) -> None:
        assert entry.key is not None
        assert entry.value is not None
        if entry.topic == METRICS:
            bucket = msgspec.json.decode(entry.value, type=LiveBucket)
            known = self.buckets.get(entry.key)
            if known is None or known.version <= bucket.version:
                # One version, one value: what is published again must be the same.
                assert known is None or known.version < bucket.version or known == bucket
                self.buckets[entry.key] = bucket
        elif entry.topic == NOTICES:
            notice = msgspec.json.decode(entry.value, type=Notice)
            assert self.notices.setdefault(notice.id, notice) == notice
        elif entry.topic == LIVE:
            live = msgspec.json.decode(entry.value, type=LiveStreet)
            assert self.live.setdefault((live.street, live.version), live) == live
        elif entry.topic == DEVICES:
            assert self.routed.setdefault(entry.headers, entry.value) == entry.value
        else:
            assert entry.topic == REJECTED
            reject = msgspec.json.decode(entry.value)
            assert self.rejects.setdefault(entry.key, reject) == reject

    def _restored(self) -> Lane:
        ledger = Ledger(Journal(EVENTS, f"{len(self.checkpoints)}"))
        self._write(*ledger.journal.announcement())
        restored = ledger.restore(self.checkpoints, 0, _RULES, _WORKDAYS)
        return Lane(restored, ledger, Terms(_RULES, _WORKDAYS, _ORIGINS, 1, _PRIVACY))

    def _write(self, key: bytes | None, value: bytes | None) -> None:
        self.checkpoints.append(Record(len(self.checkpoints), 0, key, value))

    def figures(self) -> dict[tuple[Any, ...], dict[str, int]]:
        """Buckets as the recount names them, without zeros."""
        found = {}
        for bucket in self.buckets.values():
            start = bucket_start(bucket.bucket) * 60 if bucket.grain.endswith("minutes") else bucket.bucket
            place = (bucket.site, bucket.window) if bucket.grain.startswith("window") else ()
            counters = {name: value for name in COUNTERS if (value := getattr(bucket, name))}
            found[(bucket.grain, bucket.street, *place, start)] = counters
        return found


def uncut(values: Sequence[bytes]) -> Broker:
    broker = Broker(values)
    broker.take(len(values))
    broker.save()
    return broker


def recounted(values: Sequence[bytes]) -> dict[tuple[Any, ...], dict[str, int]]:
    messages = [recount.Message(0, offset, RECEIVED_MS, value) for offset, value in enumerate(values)]
    figures = recount.live(messages)
    names = {"wait_ms_sum": "wait_ms", "handle_ms_sum": "handle_ms"}
    found = {}
    for grain in ("window_minutes", "window_days", "street_minutes", "street_days"):
        for key, counters in getattr(figures, grain).items():
            found[(grain, *key)] = {names.get(name, name): value for name, value in counters.items() if value}
    return found


def flagged(notices: Iterable[Notice]) -> set[recount.Flag]:
    """The flags among notices, as the recount has them."""
    found = set()
    for notice in notices:
        if notice.type == FLAGGED:
            data = notice.data
            place = (data["rating"], epoch_ms(notice.time), notice.site, notice.window, data["staff"])
            numbers = (data["count"], data.get("of", 0))
            flag = recount.Flag(
                data["rule"], notice.street, *place, data.get("source", ""), *numbers, tuple(data["evidence"])
            )
            found.add(flag)
    return found


def totals_of(broker: Broker) -> Totals:
    return read_totals(broker.checkpoints, EVENTS, 0)


@given(streams())
def test_live_figures_equal_an_independent_count(values: list[bytes]) -> None:
    assert uncut(values).figures() == recounted(values)


@given(streams())
def test_every_message_is_accepted_routed_or_rejected_and_duplicates_are_counted_once(values: list[bytes]) -> None:
    messages = [recount.Message(0, offset, RECEIVED_MS, value) for offset, value in enumerate(values)]
    expected = recount.totals(messages)
    broker = uncut(values)
    totals = totals_of(broker)
    assert totals.accepted + totals.routed + sum(totals.rejected.values()) == len(values) == totals.next_offset
    assert (totals.accepted + totals.routed, totals.rejected) == (expected.accepted, expected.rejected)
    assert len(broker.routed) == totals.routed == sum(b"device.heartbeat" in value for value in broker.routed.values())
    assert totals.duplicates == expected.duplicates
    assert len(broker.rejects) == sum(expected.rejected.values())


@given(presses() | streams())
def test_suspicious_ratings_are_those_that_an_independent_count_finds(values: list[bytes]) -> None:
    messages = [recount.Message(0, offset, RECEIVED_MS, value) for offset, value in enumerate(values)]
    assert flagged(uncut(values).notices.values()) == recount.flags(messages, suspicion=_SUSPICION)


@given(streams() | presses())
def test_restored_after_every_message_the_outputs_are_those_of_an_uncut_run(values: list[bytes]) -> None:
    broker = Broker(values)
    while broker.position < len(broker.records):
        broker.take(1)
        broker.save()
        broker.crash()
    expected = uncut(values)
    assert broker.figures() == expected.figures()
    assert broker.notices == expected.notices
    assert totals_of(broker) == totals_of(expected)


_actions = st.lists(
    st.tuples(st.sampled_from(["take", "take", "take", "publish", "save", "crash"]), st.integers(1, 9)),
    max_size=40,
)


@given(streams() | presses(), _actions)
def test_any_cut_any_redelivery_and_any_crash_give_the_outputs_of_an_uncut_run(
    values: list[bytes], actions: list[tuple[str, int]]
) -> None:
    broker = Broker(values)
    for action, count in actions:
        match action:
            case "take":
                broker.take(count)
            case "publish":
                broker.publish()
            case "save":
                broker.save()
            case "crash":
                broker.crash()
    while broker.position < len(broker.records):
        broker.take(7)
    broker.save()
    expected = uncut(values)
    assert broker.figures() == expected.figures()
    assert broker.notices == expected.notices
    assert broker.rejects == expected.rejects
    assert totals_of(broker) == totals_of(expected)
