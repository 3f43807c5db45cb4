"""A device is missed, back and forgotten at the moments that the rules say, by its partition's stream time."""

from __future__ import annotations

import json
from typing import Any, Final

from schemas.decoding import decode
from schemas.live import encode_live
from schemas.moments import MINUTE, epoch_ms, iso
from schemas.rules import Rules
from streams.street.devices import Devices
from streams.transport.record import Record
from tests.examples import event

_NINE: Final = epoch_ms("2026-11-02T09:00:00+08:00")
_RECEIVED_MS: Final = 1_900_000_000_000
_STREET: Final = "530102001"
_OTHER: Final = "530102002"
_WEEK: Final = 7 * 24 * 60


class Beats:
    """The devices of a partition, told heartbeats at minutes after nine."""

    def __init__(self) -> None:
        self.devices = Devices(Rules())
        self.said: list[tuple[str, str, float]] = []
        self._number = 0

    def beat(self, device: str, minutes: float, street: str = _STREET, **changes: Any) -> Beats:
        time = iso(_NINE + round(minutes * MINUTE))
        place = {"street": street, "site": f"{street}-00", "window": f"{street}-00-03"}
        raw = json.dumps(event("device.heartbeat", id=f"h{self._number}", time=time, device=device, **place, **changes))
        decoded = decode([Record(self._number, _RECEIVED_MS, None, raw.encode())])
        assert not decoded.rejects
        self._number += 1
        self.devices.apply(decoded.events)
        for notice in self.devices.take_notices():
            self.said.append((notice.type, notice.data["device"], (epoch_ms(notice.time) - _NINE) / MINUTE))
        return self


def test_a_device_is_missed_after_10_minutes_though_only_another_street_s_is_heard() -> None:
    beats = Beats().beat("D-1", 0).beat("D-2", 10 - 0.001, street=_OTHER)
    assert (beats.said, beats.devices.offline(_STREET)) == ([], 0)
    beats.devices.changed.clear()
    beats.beat("D-2", 10, street=_OTHER)
    assert beats.said == [("device.offline", "D-1", 10)]
    assert (beats.devices.offline(_STREET), beats.devices.offline(_OTHER)) == (1, 0)
    assert beats.devices.changed == {_STREET, _OTHER}


def test_a_device_that_is_heard_again_is_back_though_it_alone_tells_the_time() -> None:
    beats = Beats().beat("D-1", 0).beat("D-1", 30)
    assert beats.said == [("device.offline", "D-1", 10), ("device.back", "D-1", 30)]
    (device,) = beats.devices.live(_STREET).devices
    assert (device.last, device.offline_since) == (iso(_NINE + 30 * MINUTE), "")


def test_old_heartbeats_that_a_device_hands_in_late_bring_it_back_only_when_they_are_of_now() -> None:
    beats = Beats().beat("D-1", 0).beat("D-2", 30).beat("D-1", 5).beat("D-1", 20)
    assert beats.said == [("device.offline", "D-1", 10)]
    assert beats.beat("D-1", 21).said[1:] == [("device.back", "D-1", 21)]


def test_an_older_or_repeated_heartbeat_changes_nothing() -> None:
    beats = Beats().beat("D-1", 5, backlog=3).beat("D-2", 6)
    before = beats.devices.live(_STREET).devices
    beats.devices.changed.clear()
    beats.beat("D-1", 5, backlog=9).beat("D-1", 4, backlog=9)
    assert (beats.devices.live(_STREET).devices, beats.devices.changed) == (before, set())


def test_a_device_is_forgotten_after_a_week_of_silence_and_new_when_it_comes_again() -> None:
    beats = Beats().beat("D-1", 0).beat("D-2", _WEEK - 0.001, street=_OTHER)
    assert beats.devices.known(_STREET) == 1
    beats.devices.changed.clear()
    beats.beat("D-2", _WEEK, street=_OTHER)
    assert (beats.devices.known(_STREET), beats.devices.streets()) == (0, [_OTHER])
    assert _STREET in beats.devices.changed
    beats.beat("D-1", _WEEK + 1)
    assert (beats.devices.known(_STREET), beats.devices.offline(_STREET)) == (1, 0)
    assert [said for said in beats.said if said[1] == "D-1"] == [("device.offline", "D-1", 10)]


def test_what_is_published_is_what_the_last_heartbeat_said_those_offline_first() -> None:
    beats = Beats().beat("D-1", 11, backlog=2, battery=55.5, firmware="2.1 13800000000")
    live = beats.beat("D-2", 0, battery=None, backlog=None, firmware=None).devices.live(_STREET)
    assert (live.known, live.offline, live.version) == (2, 1, 2)
    gone, here = live.devices
    assert (gone.device, gone.offline_since, gone.battery) == ("D-2", iso(_NINE + 10 * MINUTE), None)
    assert (here.device, here.kind, here.backlog, here.battery) == ("D-1", "rating", 2, 55.5)
    assert here.window == f"{_STREET}-00-03"
    raw = encode_live(live).decode()
    assert "2.1 " in raw
    assert "13800000000" not in raw
