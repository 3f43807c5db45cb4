"""Checkpoints: a street is what it was, from any snapshot and the deltas that stand on it; older saves are ignored."""

from __future__ import annotations

import pytest

from schemas.moments import DAY, SECOND
from schemas.rules import Rules
from schemas.workdays import Workdays
from streams.checkpoint import Ledger, Totals, read_totals, save_totals
from streams.street import Street
from streams.street.snapshot import SnapshotError, read, save
from streams.transport.record import Record
from tests.unit.test_contract import Told

_RULES, _WORKDAYS = Rules(), Workdays()


class Topic:
    """The checkpoint topic of a partition: keys, values, and what compaction would leave."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, key: bytes, value: bytes) -> None:
        self.records.append(Record(len(self.records), 0, key, value))

    def compacted(self) -> list[Record]:
        newest = {record.key: record for record in self.records}
        return sorted(newest.values(), key=lambda record: record.offset)


def _whole(street: Street) -> bytes:
    """Everything a street is, in an order of its own."""
    saved = read(save(street, None))
    for name in street.memories():
        getattr(saved, name).sort(key=repr)
    return repr(saved).encode()


def test_a_street_is_restored_from_its_snapshot_and_every_delta_also_after_compaction() -> None:
    told, ledger, topic = Told(), Ledger(), Topic()
    for number in range(200):
        told.tell("rating.submitted", number * 600, rating=f"R-{number}", service=f"V-{number}")
        told.tell("service.completed", number * 600 + 5, service=f"V-{number}", window="530102001-00-03")
        topic.write(*ledger.save(told.street))
    assert len({record.key for record in topic.records}) > 2
    for records in (topic.records, topic.compacted()):
        street = Ledger().restore(records, _RULES, _WORKDAYS)["530102001"]
        assert _whole(street) == _whole(told.street)


def test_a_restored_ledger_goes_on_where_the_old_one_stood() -> None:
    told, topic = Told(), Topic()
    ledger = Ledger()
    for number in range(150):
        told.tell("ticket.issued", number, ticket=f"T-{number}")
        topic.write(*ledger.save(told.street))
        if number % 40 == 39:  # a restart: the state and the ledger come of what was saved
            ledger = Ledger()
            told.street = ledger.restore(topic.compacted(), _RULES, _WORKDAYS)["530102001"]
    street = Ledger().restore(topic.compacted(), _RULES, _WORKDAYS)["530102001"]
    assert _whole(street) == _whole(told.street)


def test_a_delta_of_an_older_snapshot_is_ignored() -> None:
    told, ledger, topic = Told(), Ledger(), Topic()
    topic.write(*ledger.save(told.tell("ticket.issued", 0).street))
    topic.write(*ledger.save(told.tell("ticket.called", 1).street))
    stale = topic.records[-1]
    topic.write(b"street/530102001/0", save(told.tell("ticket.abandoned", 2).street, None))
    assert stale in topic.compacted()
    street = Ledger().restore(topic.compacted(), _RULES, _WORKDAYS)["530102001"]
    assert street.next_offset == 3


def test_deltas_are_small_beside_their_snapshot() -> None:
    told, ledger = Told(), Ledger()
    for number in range(500):
        told.tell("ticket.issued", number, ticket=f"T-{number}")
    _, snapshot = ledger.save(told.street)
    _, delta = ledger.save(told.tell("ticket.issued", 501, ticket="T-501").street)
    assert len(delta) * 20 < len(snapshot)


def test_a_checkpoint_that_cannot_be_read_stops_the_program() -> None:
    with pytest.raises(SnapshotError):
        read(b"\x00")
    value = save(Told().tell("ticket.issued", 0).street, None)
    with pytest.raises(SnapshotError, match="version 9"):
        read(value.replace(b"\xa7version\x01", b"\xa7version\x09"))


def test_totals_are_those_of_the_last_save_of_their_topic() -> None:
    topic = Topic()
    for accepted in (1, 2):
        topic.write(*save_totals(Totals("pingliu.events", 0, 5, accepted, 0, {"not_json": accepted})))
    topic.write(*save_totals(Totals("pingliu.devices", 0, 9, 9)))
    assert read_totals(topic.records, "pingliu.events", 0) == Totals("pingliu.events", 0, 5, 2, 0, {"not_json": 2})
    assert read_totals([], "pingliu.events", 3) == Totals("pingliu.events", 3)


def test_a_restored_street_says_the_deadlines_ahead_and_not_those_behind_again() -> None:
    told = Told().tell("rating.submitted", 0)  # a Monday: contact due by its Tuesday's end, completion by Monday's
    told.tell("window.closed", 2 * DAY / SECOND)
    ledger, topic = Ledger(), Topic()
    topic.write(*ledger.save(told.street))
    told.notices.clear()
    told.street = Ledger().restore(topic.records, _RULES, _WORKDAYS)["530102001"]
    told.tell("window.closed", 9 * DAY / SECOND)
    assert told.notices == [
        ("rectification.due_soon", "2026-11-09T00:00:00+08:00"),
        ("rectification.overdue", "2026-11-10T00:00:00+08:00"),
    ]
