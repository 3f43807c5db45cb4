"""Checkpoints: a street is what it was, from any snapshot and the deltas that stand on it; the rest is ignored."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from schemas.moments import DAY, SECOND
from schemas.rules import Rules
from schemas.workdays import Workdays
from streams import journal
from streams.checkpoint import Ledger, Totals, Write, read_totals
from streams.journal import Journal, Superseded
from streams.street import Street
from streams.street.snapshot import SnapshotError, read, save
from streams.transport.record import Record
from tests.unit.test_contract import Told

_LANE = "pingliu.events"
_RULES, _WORKDAYS = Rules(), Workdays()


class Topic:
    """The checkpoint topic of a partition: keys, values, and what compaction would leave."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, writes: Iterable[Write]) -> None:
        for key, value in writes:
            self.records.append(Record(self.records[-1].offset + 1 if self.records else 0, 0, key, value))

    def compact(self) -> None:
        newest = {record.key: record for record in self.records}
        kept = [record for record in newest.values() if record.value is not None or record is self.records[-1]]
        self.records = sorted(kept, key=lambda record: record.offset)

    def take_over(self, token: str, lane: str = _LANE) -> Ledger:
        """A new owner's ledger, announced."""
        ledger = Ledger(Journal(lane, token))
        self.write([ledger.journal.announcement()])
        return ledger


def _street(topic: Topic, ledger: Ledger) -> Street:
    return ledger.restore(topic.records, 0, _RULES, _WORKDAYS)[1]["530102001"]


def _restored(topic: Topic, token: str) -> Street:
    return _street(topic, topic.take_over(token))


def _whole(street: Street) -> bytes:
    """Everything a street is, in an order of its own."""
    saved = read(save(street, None))
    for name in street.memories():
        getattr(saved, name).sort(key=repr)
    return repr(saved).encode()


def test_a_street_is_restored_from_its_snapshot_and_every_delta_also_after_compaction() -> None:
    told, topic = Told(), Topic()
    ledger = topic.take_over("a")
    for number in range(200):
        told.tell("rating.submitted", number * 600, rating=f"R-{number}", service=f"V-{number}")
        told.tell("service.completed", number * 600 + 5, service=f"V-{number}", window="530102001-00-03")
        topic.write(ledger.save(told.street))
    assert len({record.key for record in topic.records}) > 3
    assert _whole(_restored(topic, "b")) == _whole(told.street)
    topic.compact()
    assert _whole(_restored(topic, "c")) == _whole(told.street)


def test_owner_after_owner_goes_on_where_the_last_one_stood_and_keys_don_t_pile_up() -> None:
    told, topic = Told(), Topic()
    ledger = topic.take_over("owner")
    for number in range(400):
        told.tell("ticket.issued", number, ticket=f"T-{number}")
        topic.write(ledger.save(told.street))
        topic.write(ledger.save_totals(Totals(_LANE, 0, number + 1)))
        if number % 40 == 39:  # a restart: the state and the ledger come of what was saved
            topic.compact()
            ledger = topic.take_over(f"owner-{number}")
            told.street = _street(topic, ledger)
    assert _whole(_restored(topic, "last")) == _whole(told.street)
    topic.compact()
    assert len([record for record in topic.records if b"/street/" in (record.key or b"")]) < 150


def test_what_a_former_owner_writes_counts_for_nobody_also_after_compaction() -> None:
    told, topic = Told(), Topic()
    former = topic.take_over("former")
    topic.write(former.save(told.tell("ticket.issued", 0).street))
    topic.write(former.save_totals(Totals(_LANE, 0, 1, 1)))
    now = topic.take_over("now")
    own = _street(topic, now)
    # The former owner goes on: it applies the next event, and saves a delta, a snapshot and its totals.
    told.tell("ticket.called", 1)
    topic.write(former.save(told.street))
    late = Ledger(former.journal)
    topic.write(late.save(told.street))
    topic.write(former.save_totals(Totals(_LANE, 0, 2, 2)))
    assert own.next_offset == 1
    for _ in range(2):
        assert _restored(topic, "reader").next_offset == 1
        assert read_totals(topic.records, _LANE, 0).next_offset == 1
        # The new owner saves what it has before any compaction reaches the former's late records (streams.journal).
        topic.write(now.save_totals(Totals(_LANE, 0, 1, 1)))
        topic.records = [record for record in topic.records if b"reader" not in (record.key or b"")]


def test_who_was_superseded_may_not_begin() -> None:
    topic = Topic()
    ledger = topic.take_over("first")
    topic.take_over("second")
    topic.take_over("elsewhere", "pingliu.devices")
    with pytest.raises(Superseded, match=r"pingliu\.events"):
        ledger.restore(topic.records, 0, _RULES, _WORKDAYS)


def test_a_delta_of_an_older_snapshot_is_ignored() -> None:
    told, topic = Told(), Topic()
    ledger = topic.take_over("a")
    topic.write(ledger.save(told.tell("ticket.issued", 0).street))
    delta = list(ledger.save(told.tell("ticket.called", 1).street))
    topic.write(Ledger(ledger.journal).save(told.tell("ticket.abandoned", 2).street))
    topic.write(delta)
    assert _restored(topic, "b").next_offset == 3


def test_a_save_larger_than_a_record_counts_once_all_its_parts_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "PART_BYTES", 100)
    told, topic = Told(), Topic()
    ledger = topic.take_over("a")
    topic.write(ledger.save(told.tell("ticket.issued", 0).street))
    before = len(topic.records)
    for number in range(50):
        told.tell("ticket.issued", number, ticket=f"T-{number}")
    writes = list(ledger.save(told.street))
    assert len(writes) > 5
    topic.write(writes[:3])  # the broker went away ...
    assert _restored(topic, "b").next_offset == 1
    topic.records = topic.records[: before + 3]
    topic.write(writes)  # ... and is told again
    assert _whole(_restored(topic, "c")) == _whole(told.street)
    # The next snapshot has fewer parts or more: what is left of the last one is not mixed in.
    topic.write(Ledger(Journal(_LANE, "c")).save(told.tell("ticket.issued", 99, ticket="T-99").street))
    topic.compact()
    assert _whole(_restored(topic, "d")) == _whole(told.street)


def test_a_save_that_is_said_again_late_changes_nothing() -> None:
    told, topic = Told(), Topic()
    ledger = topic.take_over("a")
    said = []
    for number in range(5):
        said.append(list(ledger.save(told.tell("ticket.issued", number, ticket=f"T-{number}").street)))
        topic.write(said[-1])
    for writes in said[:4]:
        topic.write(writes)
    topic.write(ledger.save(told.tell("ticket.issued", 9, ticket="T-9").street))
    assert _whole(_restored(topic, "b")) == _whole(told.street)


def test_deltas_are_small_beside_their_snapshot() -> None:
    told, ledger = Told(), Topic().take_over("a")
    for number in range(500):
        told.tell("ticket.issued", number, ticket=f"T-{number}")
    [(_, snapshot)] = ledger.save(told.street)
    [(_, delta)] = ledger.save(told.tell("ticket.issued", 501, ticket="T-501").street)
    assert snapshot is not None
    assert delta is not None
    assert len(delta) * 20 < len(snapshot)


def test_a_checkpoint_that_cannot_be_read_stops_the_program() -> None:
    with pytest.raises(SnapshotError):
        read(b"\x00")
    value = save(Told().tell("ticket.issued", 0).street, None)
    with pytest.raises(SnapshotError, match="version 9"):
        read(value.replace(b"\xa7version\x04", b"\xa7version\x09"))


def test_totals_are_those_of_the_last_save_of_their_lane() -> None:
    topic = Topic()
    ledger = topic.take_over("a")
    for accepted in (1, 2):
        topic.write(ledger.save_totals(Totals(_LANE, 0, 5, accepted, 0, {"not_json": accepted}, origins={3: 7})))
    devices = topic.take_over("b", "pingliu.devices")
    topic.write(devices.save_totals(Totals("pingliu.devices", 0, 9, 9)))
    expected = Totals(_LANE, 0, 5, 2, 0, {"not_json": 2}, origins={3: 7})
    assert read_totals(topic.records, _LANE, 0) == expected
    assert read_totals([], _LANE, 3) == Totals(_LANE, 3)
    assert topic.take_over("c").restore(topic.records, 0, _RULES, _WORKDAYS)[:2] == (expected, {})


def test_a_restored_street_says_the_deadlines_ahead_and_not_those_behind_again() -> None:
    told = Told().tell("rating.submitted", 0)  # a Monday: contact due by its Tuesday's end, completion by Monday's
    told.tell("window.closed", 2 * DAY / SECOND)
    topic = Topic()
    topic.write(topic.take_over("a").save(told.street))
    told.notices.clear()
    told.street = _restored(topic, "b")
    told.tell("window.closed", 9 * DAY / SECOND)
    assert told.notices == [
        ("rectification.due_soon", "2026-11-09T00:00:00+08:00"),
        ("rectification.overdue", "2026-11-10T00:00:00+08:00"),
    ]
