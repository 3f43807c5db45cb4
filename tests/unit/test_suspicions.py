"""What is flagged and what is not: docs/semantics.md, Suspicions, rule by rule, and what a flag says of nobody."""

from __future__ import annotations

import json
from typing import Any, Final, Self

import msgspec
import pytest

from schemas.decoding import decode
from schemas.moments import DAY, HOUR, SECOND, epoch_ms, iso
from schemas.privacy import Privacy
from schemas.published import FLAGGED, Notice
from schemas.rules import SUSPICION_RULES, Rules, Suspicion
from schemas.secret import Seal, Secret
from schemas.workdays import Workdays
from streams.checkpoint import Ledger, Restored, Totals
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.routing import Origins
from streams.street import Street
from streams.street.devices import Devices
from streams.street.snapshot import read, restore, save
from streams.topics import EVENTS
from streams.transport.record import Record
from tests.examples import event

_STREET: Final = "530102001"
_WINDOW: Final = "530102001-00-03"
# A Monday that is worked, within published hours.
_TEN: Final = epoch_ms("2026-11-02T10:00:00+08:00")
_RECEIVED_MS: Final = 1_900_000_000_000
_PHONE: Final = "13800000000"
_HALL: Final = {"channel": "hall_terminal", "level": "very_satisfied", "comment": "", "rater": None}


class Hall:
    """A window whose street is told events, at seconds after ten."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.street = Street(_STREET, self.rules, Workdays())
        self.flags: list[Notice] = []
        self._number = 0

    def tell(self, kind: str, seconds: float, **changes: Any) -> Self:
        time = iso(_TEN + int(seconds * SECOND))
        raw = json.dumps(event(kind, **{"id": f"e{self._number}", "time": time, "staff": None, **changes})).encode()
        decoded = decode([Record(self._number, _RECEIVED_MS, None, raw)])
        assert not decoded.rejects
        self._number += 1
        self.street.apply(decoded.events)
        self.flags += [notice for notice in self.street.take_outputs().notices if notice.type == FLAGGED]
        return self

    def serve(self, service: str, seconds: float, end: float, **changes: Any) -> Self:
        """A service from a second to a second."""
        self.tell("service.started", seconds, service=service, **changes)
        return self.tell("service.completed", end, service=service, **changes)

    def rate(self, rating: str, seconds: float, **changes: Any) -> Self:
        """A rating at the terminal, of no service unless one is named."""
        return self.tell("rating.submitted", seconds, **{**_HALL, "rating": rating, "service": None, **changes})

    def pass_to(self, seconds: float) -> Self:
        return self.tell("window.paused", seconds, street=_STREET)

    def said(self) -> list[tuple[str, str]]:
        """Rules and ratings of the flags until now."""
        return [(flag.data["rule"], flag.data["rating"]) for flag in self.flags]


def _alone(rule: str, **numbers: Any) -> Rules:
    return Rules.model_validate({"suspicion": {"rules": (rule,), **numbers}})


def test_a_rated_service_of_less_than_20_s_is_flagged_by_whichever_of_rating_start_and_completion_comes_last() -> None:
    said = ("start", 0.0), ("end", 19.999), ("rating", 30.0)
    for order in ((0, 1, 2), (0, 2, 1), (2, 1, 0), (2, 0, 1)):
        hall = Hall()
        for what, seconds in (said[number] for number in order):
            assert not hall.flags
            match what:
                case "rating":
                    hall.rate("R", seconds, service="V")
                case "start":
                    hall.tell("service.started", seconds, service="V")
                case _:
                    hall.tell("service.completed", seconds, service="V")
        assert hall.said() == [("short_service", "R")]
    hall = Hall().serve("V1", 0, 20).rate("R1", 30, service="V1")
    hall.serve("V2", 40, 39).rate("R2", 50, service="V2")
    assert hall.rate("R3", 60, service="V1", round=2).said() == []


def test_five_ratings_running_at_one_terminal_within_a_minute_are_flagged_and_each_one_after() -> None:
    hall = Hall(_alone("terminal_burst"))
    for number in range(6):
        hall.rate(f"R{number}", 14.9 * number)
    assert hall.said() == [("terminal_burst", "R4"), ("terminal_burst", "R5")]
    assert hall.flags[0].data["evidence"] == ["R0", "R1", "R2", "R3", "R4"]
    assert hall.flags[0].data["source"] == "terminal/DG-00042"
    # Neither over a whole minute, nor at several terminals, nor with another day's between, nor from elsewhere.
    slow, several, broken, mobile = (Hall(_alone("terminal_burst")) for _ in range(4))
    for number in range(8):
        slow.rate(f"R{number}", 15 * number)
        several.rate(f"R{number}", number, source=f"terminal/{number % 2}")
        broken.rate(f"R{number}", number if number != 4 else 600)
        mobile.rate(f"R{number}", number, channel="mobile")
    assert slow.said() + several.said() + broken.said() + mobile.said() == []


def test_the_fourth_rating_of_one_rater_at_one_window_on_one_day_is_flagged_and_each_one_after() -> None:
    hall = Hall(_alone("repeat_rater"))
    for number in range(5):
        hall.rate(f"R{number}", HOUR / SECOND * number / 4, rater=_PHONE, channel="mobile")
    assert hall.said() == [("repeat_rater", "R3"), ("repeat_rater", "R4")]
    assert [flag.data["count"] for flag in hall.flags] == [4, 5]
    other = Hall(_alone("repeat_rater"))
    for number in range(6):
        other.rate(f"R{number}", DAY / SECOND * (number // 3), rater=_PHONE)
        other.rate(f"S{number}", 0, rater=_PHONE, window=f"530102001-00-0{number % 2}")
        other.rate(f"T{number}", 0)
    assert other.said() == []


@pytest.mark.parametrize("seconds", [-600.0, 600.0])
@pytest.mark.parametrize("kind", ["ticket.called", "service.completed"])
def test_a_window_serves_ten_minutes_around_a_call_or_a_completion(kind: str, seconds: float) -> None:
    # At a full minute, so that the minutes of the live figures are those of the rule exactly.
    near = Hall(_alone("unserved_window")).rate("R", 0).tell(kind, seconds).pass_to(1800)
    far = (
        Hall(_alone("unserved_window")).rate("R", 0).tell(kind, seconds + (60 if seconds > 0 else -0.001)).pass_to(1800)
    )
    assert (near.said(), far.said()) == ([], [("unserved_window", "R")])


def test_a_rating_where_nobody_was_served_is_flagged_when_the_stream_is_30_minutes_on_and_not_before() -> None:
    hall = Hall(_alone("unserved_window")).rate("R", 0, service="V").pass_to(1799.999)
    assert hall.said() == []
    assert hall.pass_to(1800).said() == [("unserved_window", "R")]
    assert (hall.flags[0].time, hall.flags[0].window) == ("2026-11-02T10:00:00+08:00", _WINDOW)
    # Its service may become known meanwhile, wherever that was; elsewhere or from the sofa nobody asks.
    known = Hall(_alone("unserved_window")).rate("R", 0, service="V")
    known.tell("service.started", 1, service="V", window="530102001-00-02").pass_to(1800)
    sofa = Hall(_alone("unserved_window")).rate("R", 0, channel="qr").rate("S", 0, window=None).pass_to(1800)
    assert known.said() + sofa.said() == []
    # Of 80 minutes behind the minutes around are still there in half an hour, of more they aren't.
    late = Hall(_alone("unserved_window")).pass_to(0).rate("R1", -4800).rate("R2", -4800.001).pass_to(9 * DAY / SECOND)
    assert late.said() == [("unserved_window", "R1")]


@pytest.mark.parametrize(
    ("time", "is_flagged"),
    [
        ("2026-11-02T08:45:00", False),
        ("2026-11-02T08:44:59", True),
        ("2026-11-02T12:14:59", False),
        ("2026-11-02T12:15:00", True),
        ("2026-11-01T10:00:00", True),  # a Sunday
        ("2026-10-10T10:00:00", False),  # a Saturday that is worked
        ("2026-10-06T10:00:00", True),  # National Day's holidays
    ],
)
def test_a_rating_on_site_outside_published_hours_is_flagged(time: str, is_flagged: bool) -> None:
    hall = Hall(_alone("off_hours")).rate("R", 0, time=f"{time}+08:00")
    assert hall.said() == ([("off_hours", "R")] if is_flagged else [])
    assert Hall(_alone("off_hours")).rate("R", 0, time=f"{time}+08:00", channel="pc").said() == []


_ON_THE_8TH: Final = (epoch_ms("2026-12-08T00:00:00+08:00") - _TEN) / SECOND


def test_a_month_of_50_ratings_all_very_satisfied_and_pressed_at_once_is_flagged_seven_days_after_it() -> None:
    hall, slow, bad, few = (Hall(_alone("uniform_month")) for _ in range(4))
    for each in (hall, slow, bad, few):
        each.tell("window.opened", -60, staff="S0142")
    for number in range(50):
        quick = {"prompt_ms": 1999 if number < 26 else 5000}
        hall.rate(f"R{number}", number, **quick)
        slow.rate(f"R{number}", number, prompt_ms=1999 if number < 25 else None)
        bad.rate(f"R{number}", number, **quick, level="satisfied" if number == 7 else "very_satisfied")
        few.rate(f"R{number}", number, **quick, round=2 if number == 0 else 1)
    for each in (hall, slow, bad, few):
        each.pass_to(_ON_THE_8TH - 0.001)
        assert each.said() == []
        each.pass_to(_ON_THE_8TH)
    assert slow.said() + bad.said() + few.said() == []
    (flag,) = hall.flags
    assert flag.time == "2026-11-30T23:59:59.999+08:00"
    assert flag.data == {
        "rule": "uniform_month", "rating": "", "staff": "S0142", "count": 50, "evidence": [f"R{n}" for n in range(10)],
    }  # fmt: skip


def test_a_month_with_more_than_98_percent_rated_and_never_a_word_is_flagged() -> None:
    hall, wordy, less = (Hall(_alone("silent_month")) for _ in range(3))
    for number in range(50):
        for each in (hall, wordy, less):
            each.serve(f"V{number}", 60 * number, 60 * number + 30, staff="S0142")
        hall.rate(f"R{number}", 60 * number + 40, service=f"V{number}", staff="S0142")
        wordy.rate(f"R{number}", 60 * number + 40, service=f"V{number}", staff="S0142", comment="" if number else "好")
        less.rate(f"R{number}", 60 * number + 40, service=f"V{number}" if number else None, staff="S0142")
    for each in (hall, wordy, less):
        each.pass_to(_ON_THE_8TH)
    assert wordy.said() + less.said() == []  # 49 of 50 are 98 %, which is no more than that
    (flag,) = hall.flags
    assert (flag.data["count"], flag.data["of"], flag.data["staff"]) == (50, 50, "S0142")


def test_what_comes_seven_days_late_makes_no_flag() -> None:
    week = 7 * DAY / SECOND
    for seconds, expected in ((0.0, [("off_hours", "R")]), (0.001, [])):
        hall = Hall(_alone("off_hours")).pass_to(week + seconds + 12 * 3600).rate("R", 12 * 3600)
        assert hall.said() == expected


@pytest.mark.parametrize("rule", SUSPICION_RULES)
def test_a_rule_that_is_left_out_flags_nothing_and_changes_no_other(rule: str) -> None:
    on = tuple(other for other in SUSPICION_RULES if other != rule)
    all_on, all_but = Hall(_small(SUSPICION_RULES)), Hall(_small(on))
    for hall in (all_on, all_but):
        _tell_all(hall)
    assert {said for said, _ in all_on.said()} == set(SUSPICION_RULES)
    assert all_but.said() == [said for said in all_on.said() if said[0] != rule]


def test_nothing_a_flag_says_names_the_rater_nor_the_rater_s_hash() -> None:
    hall = Hall(_small(SUSPICION_RULES))
    _tell_all(hall)
    rater_hash = Privacy.from_secret(Secret(bytes(32))).rater_hash(_PHONE, _RECEIVED_MS)
    for flag in hall.flags:
        assert not {"rater", "rater_hash"} & flag.data.keys()
        assert _PHONE not in f"{flag}"
        assert rater_hash not in f"{flag}"


def test_no_output_and_no_checkpoint_of_a_lane_holds_a_rater() -> None:
    secret = Secret(bytes(32))
    privacy, rules = Privacy.from_secret(secret), _small(SUSPICION_RULES)
    terms = Terms(rules, Workdays(), Origins(secret), 1, privacy)
    lane = Lane(Restored(Totals(EVENTS, 0), {}, Devices(rules)), Ledger(Journal(EVENTS, "token")), terms)
    said = {**_HALL, "service": None, "rater": _PHONE, "staff": None, "comment": _PHONE}
    values = [json.dumps(event("rating.submitted", **{**said, "id": f"e{n}", "rating": f"R{n}"})) for n in range(3)]
    lane.take([Record(number, _RECEIVED_MS, None, value.encode()) for number, value in enumerate(values)])
    outputs, saves = list(lane.take_outputs(Seal(secret), 0)), list(lane.take_save(0))
    assert any(b"repeat_rater" in (entry.value or b"") for entry in outputs)
    assert not [entry for entry in (*outputs, *saves) if _PHONE.encode() in (entry.value or b"")]
    # It is remembered all the same: by its hash, in the checkpoint alone.
    rater_hash = privacy.rater_hash(_PHONE, _RECEIVED_MS).encode()
    assert not [entry for entry in outputs if rater_hash in (entry.value or b"")]
    assert [entry for entry in saves if rater_hash in (entry.value or b"")]


def test_a_street_saved_by_the_version_before_goes_on_and_notices_from_then_on() -> None:
    hall = Hall(_small(SUSPICION_RULES)).rate("R0", 0, rater=_PHONE)
    saved = read(save(hall.street, None))
    former = {name: getattr(saved, name) for name in saved.__struct_fields__}
    for name in hall.street.suspicions.memories():
        del former[name]
    street = Street(_STREET, hall.rules, Workdays())
    restore(street, [read(_packed({**former, "version": 1}))])
    hall.street, hall.flags = street, []
    assert (street.next_offset, len(street.seen)) == (1, 1)
    hall.rate("R1", 100, rater=_PHONE).rate("R2", 200, rater=_PHONE)
    assert ("repeat_rater", "R1") not in hall.said()
    assert ("repeat_rater", "R2") in hall.said()


def _small(rules: tuple[str, ...]) -> Rules:
    numbers = {"repeat_ratings": 2, "burst_ratings": 2, "uniform_ratings": 2, "silent_services": 1}
    return Rules.model_validate({"suspicion": {**Suspicion().model_dump(), "rules": rules, **numbers}})


def _tell_all(hall: Hall) -> None:
    """A morning with everything in it."""
    hall.tell("window.opened", -10, staff="S0142").serve("V1", 0, 5, staff="S0142")
    for number in (1, 2):
        hall.rate(f"R{number}", 10, service=f"V{number}", rater=_PHONE, prompt_ms=10)
    hall.rate("R3", 4 * 3600, prompt_ms=10, time="2026-11-02T20:00:00+08:00")
    hall.pass_to(_ON_THE_8TH)


def _packed(fields: dict[str, Any]) -> bytes:
    return msgspec.msgpack.encode(fields)
