"""What a lane says of what is so now: soon, not too often, and all of it, the same, after a restart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec
from faust.types import TP

from schemas.event import Reason
from schemas.live import LiveDevices, LiveStreet
from schemas.moments import MINUTE, epoch_ms, iso
from schemas.privacy import Privacy
from schemas.published import Notice
from schemas.rules import Rules
from schemas.secret import Seal, Secret
from schemas.workdays import Workdays
from streams.checkpoint import Ledger
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.metrics import AggregateMetrics
from streams.readings import tell
from streams.routing import Origins
from streams.topics import DEVICES, EVENTS, LIVE, NOTICES
from streams.transport.record import Entry, Record
from tests.examples import event

_NINE: Final = epoch_ms("2026-11-02T09:00:00+08:00")
_RECEIVED_MS: Final = 1_900_000_000_000
_STREET: Final = "530102001"
_SECRET: Final = Secret(bytes(32))
_TERMS: Final = Terms(Rules(), Workdays(), Origins(_SECRET), 1, Privacy.from_secret(_SECRET))
_EVERY: Final = 500


class Told:
    """A lane of a topic over a journal, told messages; a restart takes over what was saved."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._values: list[bytes] = []
        self._journal: list[Record] = []
        self._owners = 0
        self.restart()

    def restart(self) -> None:
        self._owners += 1
        ledger = Ledger(Journal(self._topic, f"owner-{self._owners}"))
        self._write([Entry("", 0, 0, *ledger.journal.announcement())])
        self.lane = Lane(ledger.restore(self._journal, 0, _TERMS.rules, _TERMS.workdays), ledger, _TERMS)
        self.take(self._values[self.lane.totals.next_offset :])

    def tell(self, kind: str, minutes: float, **changes: Any) -> None:
        number = len(self._values)
        time = iso(_NINE + round(minutes * MINUTE))
        self._values.append(json.dumps(event(kind, **{"id": f"e{number}", "time": time, **changes})).encode())
        self.take(self._values[-1:])

    def take(self, values: Sequence[bytes]) -> None:
        first = len(self._values) - len(values)
        self.lane.take([Record(first + n, _RECEIVED_MS, None, value) for n, value in enumerate(values)])

    def save(self) -> None:
        self._write(list(self.lane.take_save(0)))

    def said(self, now_ms: int) -> tuple[list[Any], list[Notice]]:
        """What is said at a moment of what is so now, and the notices."""
        entries = list(self.lane.take_outputs(Seal(_SECRET), now_ms, live_every_ms=_EVERY))
        live = [entry for entry in entries if entry.topic == LIVE]
        notices = [entry.value or b"" for entry in entries if entry.topic == NOTICES]
        return [_read(entry) for entry in live], [msgspec.json.decode(raw, type=Notice) for raw in notices]

    def _write(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._journal.append(Record(len(self._journal), 0, entry.key, entry.value))


def _read(entry: Entry) -> LiveStreet | LiveDevices:
    assert entry.key is not None
    kind: Any = LiveDevices if entry.key.endswith(b"/devices") else LiveStreet
    live: LiveStreet | LiveDevices = msgspec.json.decode(entry.value or b"", type=kind)
    assert entry.key.decode().removesuffix("/devices") == live.street
    return live


def test_a_change_is_said_at_once_the_next_ones_together_and_nothing_twice() -> None:
    told = Told(EVENTS)
    told.tell("ticket.issued", 0, ticket="T-1")
    assert [hall.waiting for hall in told.said(10_000)[0]] == [1]
    told.tell("ticket.issued", 1, ticket="T-2")
    assert told.said(10_000 + _EVERY - 1)[0] == []
    told.tell("ticket.issued", 2, ticket="T-3")
    assert [(hall.waiting, hall.version) for hall in told.said(10_000 + _EVERY)[0]] == [(3, 3)]
    assert told.said(10_000 + 9 * _EVERY)[0] == []


def test_a_bad_rating_doesn_t_wait() -> None:
    told = Told(EVENTS)
    told.tell("ticket.issued", 0)
    told.said(10_000)
    told.tell("rating.submitted", 1, level="dissatisfied")
    ((hall,), notices) = told.said(10_001)
    assert hall.ratings[0].level == "dissatisfied"
    assert [notice.type for notice in notices] == ["rectification.opened"]


def test_a_lane_that_was_restored_says_everything_anew_and_the_same() -> None:
    told = Told(EVENTS)
    told.tell("ticket.issued", 0, street=_STREET)
    told.tell("ticket.issued", 0, street="530102002", site="530102002-00", window="530102002-00-01", ticket="T-2")
    told.tell("rating.submitted", 1, level="dissatisfied")
    told.save()
    halls, _ = told.said(10_000)
    told.restart()
    assert told.said(10_001) == (halls, [])
    assert told.lane.tallies[_STREET].ratings == [0, 0, 0, 1, 0]


def test_what_is_counted_is_told_as_it_was_saved_last() -> None:
    told = Told(EVENTS)
    told.tell("rating.submitted", 1)
    assert _STREET not in told.lane.tallies
    told.save()
    told.tell("rating.submitted", 2, rating="R-2", service="V-2")
    assert sum(told.lane.tallies[_STREET].ratings) == 1


def test_devices_and_who_is_missed_survive_a_restart_saved_or_not() -> None:
    told = Told(DEVICES)
    told.tell("device.heartbeat", 0, device="D-1")
    told.tell("device.heartbeat", 3, device="D-2")
    told.save()
    told.tell("device.heartbeat", 12, device="D-2")
    ((before,), notices) = told.said(10_000)
    assert [(notice.type, notice.data["device"]) for notice in notices] == [("device.offline", "D-1")]
    assert (before.known, before.offline, before.devices[0].device) == (2, 1, "D-1")
    told.restart()  # the last heartbeat comes again
    assert told.said(10_001) == ([before], notices)
    told.save()
    told.restart()
    assert told.said(10_002) == ([before], [])
    told.tell("device.heartbeat", 13, device="D-1")
    assert [notice.type for notice in told.said(10_003)[1]] == ["device.back"]


def test_a_street_of_which_only_a_heartbeat_strayed_in_is_not_said() -> None:
    told = Told(EVENTS)
    told.tell("device.heartbeat", 0)
    assert told.said(10_000) == ([], [])
    told.tell("ticket.issued", 1)
    assert len(told.said(10_001)[0]) == 1


def test_every_reason_of_a_reject_has_its_series_before_the_first_so_that_an_alert_sees_it_rise() -> None:
    told, metrics = Told(EVENTS), AggregateMetrics((EVENTS,), ())
    tell(metrics, lambda: {TP(EVENTS, 0): told.lane}, tells_windows=False)

    def rejected() -> dict[str, float]:
        (family,) = metrics.rejected.collect()
        return {sample.labels["reason"]: sample.value for sample in family.samples}

    assert rejected() == dict.fromkeys(get_args(Reason), 0)
    told.tell("ticket.issued", 0, street="1")
    told.save()
    assert rejected() == dict.fromkeys(get_args(Reason), 0) | {"invalid_field": 1}
