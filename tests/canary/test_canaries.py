"""What a canary is: among the events and none of them, and nobody else's to make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.decoding import decode
from schemas.privacy import Privacy
from schemas.rules import Rules
from schemas.secret import Seal, Secret
from schemas.workdays import Workdays
from streams.canary import SOURCE, Arrivals, Canaries
from streams.checkpoint import Ledger, Restored, Totals
from streams.gateway.devices import Device, DeviceBook, DeviceError
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.metrics import SinkMetrics
from streams.routing import Origins, partition_of
from streams.street.devices import Devices
from streams.topics import EVENTS
from streams.transport.record import Entry, Record
from tests.examples import event

_SECRET: Final = Secret(bytes(32))
_STREET: Final = "530102001"
_NOW_MS: Final = 1_900_000_000_000
_CANARIES: Final = Canaries(_SECRET)
_TERMS: Final = Terms(Rules(), Workdays(), Origins(_SECRET), 1, Privacy.from_secret(_SECRET))


def _record(offset: int, entry: Entry) -> Record:
    return Record(offset, entry.timestamp_ms, entry.key, entry.value, entry.headers)


def _told(offset: int, **changes: object) -> Record:
    return Record(offset, _NOW_MS, None, json.dumps(event("rating.submitted", **changes)).encode())


def test_to_others_a_canary_is_a_heartbeat_that_strayed_to_the_partition_of_its_street() -> None:
    entry = _CANARIES.entry(_STREET, 4, _NOW_MS)
    assert (entry.topic, entry.partition, entry.key) == (EVENTS, partition_of(_STREET, 4), _STREET.encode())
    decoded = decode([_record(0, entry)], 600_000)
    assert decoded.rejects == []
    (one,) = decoded.events
    assert (one.type, one.source, one.street, one.time_ms) == ("device.heartbeat", SOURCE, _STREET, _NOW_MS)
    other = decode([_record(0, _CANARIES.entry(_STREET, 4, _NOW_MS))], 600_000).events[0]
    assert one.id != other.id


def test_a_canary_is_left_out_wherever_it_lies_and_its_time_is_kept() -> None:
    records = [
        _record(4, _CANARIES.entry(_STREET, 1, _NOW_MS)),
        _told(5),
        _record(6, _CANARIES.entry(_STREET, 1, _NOW_MS + 10_000)),
    ]
    rest, sent = _CANARIES.apart(records)
    assert (rest, sent) == ([records[1]], [_NOW_MS, _NOW_MS + 10_000])


def test_what_others_send_is_left_in_whatever_it_says_that_it_is() -> None:
    entry = _CANARIES.entry(_STREET, 1, _NOW_MS)
    (name, seal), value = entry.headers[0], entry.value or b""
    forged = [
        entry._replace(headers=()),
        entry._replace(headers=((name, b""),)),
        entry._replace(headers=(("other", seal),)),
        entry._replace(value=value.replace(b"canary", b"Canary")),
        entry._replace(value=None),
        Canaries(Secret(b"another secret, of somebody else")).entry(_STREET, 1, _NOW_MS),
    ]
    records = [_record(offset, one) for offset, one in enumerate(forged)]
    assert _CANARIES.apart(records) == (records, [])


def test_a_lane_goes_past_a_canary_and_is_otherwise_as_if_there_had_been_none() -> None:
    def lane() -> Lane:
        return Lane(Restored(Totals(EVENTS, 0), {}, Devices(_TERMS.rules)), Ledger(Journal(EVENTS, "owner")), _TERMS)

    with_canaries, without = lane(), lane()
    canary = _record(0, _CANARIES.entry(_STREET, 1, _NOW_MS))
    with_canaries.take(_CANARIES.apart([canary])[0], 1)
    assert (with_canaries.totals.next_offset, with_canaries.totals.accepted, with_canaries.streets) == (1, 0, {})
    without.take([], 1)
    for one in (with_canaries, without):
        one.take([_told(1, level="dissatisfied")])
    for offset in (2, 3):
        rest, _ = _CANARIES.apart([_record(offset, _CANARIES.entry(_STREET, 1, _NOW_MS))])
        with_canaries.take(rest, offset + 1)
    assert with_canaries.totals.next_offset == 4
    assert with_canaries.totals.accepted == without.totals.accepted == 1
    outputs = [list(one.take_outputs(Seal(_SECRET), _NOW_MS)) for one in (with_canaries, without)]
    assert outputs[0] == outputs[1]
    assert outputs[0]


@pytest.mark.parametrize("source", ["pingliu", "pingliu/canary", "pingliu/canary/7"])
def test_no_device_can_be_registered_under_the_canary_s_source(tmp_path: Path, source: str) -> None:
    book = DeviceBook(tmp_path / "devices.json", _SECRET)
    with pytest.raises(DeviceError, match="pingliu's own"):
        book.add(Device("DG-1", source), _NOW_MS)
    assert book.add(Device("DG-2", "pingliuish/canary"), _NOW_MS)


def test_an_age_is_told_from_the_first_arrival_until_another_worker_may_tell_it() -> None:
    metrics = SinkMetrics((), ())
    arrivals = Arrivals(metrics.canary_seconds, metrics.canary_age)

    def shown() -> dict[str, float]:
        families = text_string_to_metric_families(metrics.expose().decode())
        return {one.name: one.value for family in families for one in family.samples if "canary" in one.name}

    assert "pingliu_canary_stored_age_seconds" not in shown()
    arrivals.note([_NOW_MS // 2, _NOW_MS // 2 - 60_000])
    assert shown()["pingliu_canary_stored_seconds_count"] == 2
    age = shown()["pingliu_canary_stored_age_seconds"]
    # The newest one's: the other was sent a minute before.
    assert shown()["pingliu_canary_stored_seconds_sum"] >= 2 * age - 1
    arrivals.note([_NOW_MS])  # a sender whose clock is ahead of ours
    assert shown()["pingliu_canary_stored_age_seconds"] == 0
    arrivals.forget()
    assert "pingliu_canary_stored_age_seconds" not in shown()
    assert shown()["pingliu_canary_stored_seconds_count"] == 3
