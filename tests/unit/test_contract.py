"""Contract §4, rule by rule, on the live state machine. §4.8 and §4.9 are of official facts: see tests/views."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.decoding import decode
from schemas.moments import DAY, HOUR, MINUTE, SECOND, epoch_ms, iso
from schemas.published import COUNTERS, FLAGGED, bucket_name
from schemas.rules import Horizons, Rules
from schemas.workdays import Workdays
from streams.street import Street
from streams.transport.record import Record
from tests.examples import RECEIVED_MS, event
from tests.unit.test_decoding import encode

NINE = epoch_ms("2026-11-02T09:00:00+08:00")  # a Monday
W3, W4 = ("530102001-00", "530102001-00-03"), ("530102001-00", "530102001-00-04")


class Told:
    """A street that is told events by type, seconds after nine, and changes; each under an id of its own."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.street = Street("530102001", rules or Rules(), Workdays())
        self.messages: list[bytes] = []
        self.notices: list[tuple[str, str]] = []
        self.buckets: dict[tuple[str, str, str], dict[str, int]] = {}

    def tell(self, kind: str, seconds: float, **changes: Any) -> Told:
        changes = {"id": f"e{len(self.messages)}", "time": iso(NINE + int(seconds * SECOND)), **changes}
        return self._take(encode(event(kind, **changes)))

    def again(self, number: int) -> Told:
        """The same message as the number-th, redelivered."""
        return self._take(self.messages[number])

    def _take(self, raw: bytes) -> Told:
        decoded = decode([Record(len(self.messages), RECEIVED_MS, None, raw)])
        assert not decoded.rejects
        self.messages.append(raw)
        self.street.apply(decoded.events)
        outputs = self.street.take_outputs()
        # Suspicions have tests of their own.
        self.notices += [(notice.type, notice.time) for notice in outputs.notices if notice.type != FLAGGED]
        for bucket, counters in outputs.buckets.items():
            values = {name: value for name, value in zip(COUNTERS, counters, strict=True) if value}
            self.buckets[bucket.grain, bucket.window, bucket_name(bucket.grain, bucket.start)] = values
        return self

    def day(self, window: str = "", date: str = "2026-11-02") -> dict[str, int]:
        return self.buckets.get(("window_days" if window else "street_days", window, date), {})

    def minute(self, time: str, window: str = "") -> dict[str, int]:
        grain = "window_minutes" if window else "street_minutes"
        return self.buckets.get((grain, window, f"2026-11-02T{time}:00+08:00"), {})


def test_4_1_a_redelivery_changes_nothing_but_duplicates() -> None:
    told = Told().tell("ticket.called", 0).again(0).again(0)
    assert told.day() == {"calls": 1, "duplicates": 2}


@pytest.mark.parametrize(
    ("kind", "counter"),
    [("ticket.issued", "tickets"), ("ticket.abandoned", "abandoned"), ("service.completed", "services")],
)
def test_4_1_the_first_of_its_kind_wins(kind: str, counter: str) -> None:
    assert Told().tell(kind, 0).tell(kind, 5).day() == {counter: 1, "duplicates": 1}


def test_4_1_a_service_starts_once_and_its_first_start_counts() -> None:
    told = Told().tell("service.started", 0).tell("service.started", 50).tell("service.completed", 60)
    assert told.day() == {"services": 1, "handle_ms": 60_000, "handle_count": 1, "duplicates": 1}


def test_4_1_a_recall_is_counted_nowhere() -> None:
    told = Told().tell("ticket.called", 0).tell("ticket.called", 90, call_no=2)
    assert told.day() == {"calls": 1}
    assert told.minute("09:01") == {}


def test_4_1_redeliveries_are_remembered_for_seven_days_and_ids_for_the_rules_days() -> None:
    told = Told(Rules(horizons=Horizons(redelivery_days=8, remember_days=31)))
    told.tell("ticket.issued", 0, ticket="T-9").tell("window.closed", 7 * DAY / SECOND).again(0)
    assert told.day() == {"tickets": 1, "duplicates": 1}
    told.tell("ticket.issued", 30 * DAY / SECOND, ticket="T-9")
    assert told.day(date="2026-12-02") == {"duplicates": 1}


def test_4_2_the_offset_decides_what_is_first_not_the_clock() -> None:
    told = Told().tell("rating.submitted", 60, level="satisfied").tell("rating.submitted", 0, rating="R-2")
    assert told.minute("09:01") == {"ratings": 1, "satisfied": 1, "points": 8}
    assert told.minute("09:00") == {"duplicates": 1}


def test_4_2_a_completion_may_arrive_before_its_start() -> None:
    told = Told().tell("service.completed", 90).tell("service.started", 30)
    assert told.minute("09:01") == {"services": 1, "handle_ms": 60_000, "handle_count": 1}


def test_4_3_one_rating_of_a_service_is_effective_and_later_ones_are_duplicates() -> None:
    told = Told().tell("rating.submitted", 0, level="satisfied").tell("rating.submitted", 9, rating="R-2", channel="qr")
    assert told.day() == {"ratings": 1, "satisfied": 1, "points": 8, "duplicates": 1}


def test_4_3_round_2_never_replaces_round_1() -> None:
    told = Told().tell("rating.submitted", 0, rating="R-2", round=2)
    told.tell("rating.submitted", 1, level="satisfied").tell("rating.submitted", 2, rating="R-3", round=2)
    assert told.day() == {"ratings": 1, "satisfied": 1, "points": 8}


def test_4_3_ratings_without_a_service_count_by_their_own_id() -> None:
    told = Told()
    for rating in ("R-1", "R-2", "R-1"):
        told.tell("rating.submitted", 0, rating=rating, service=None, level="very_satisfied")
    assert told.day() == {"ratings": 2, "very_satisfied": 2, "points": 20, "duplicates": 1}


@pytest.mark.parametrize("real", ["R-1", "R-2"])
def test_4_3_a_default_is_in_no_bucket_and_no_bar_to_a_later_real_one(real: str) -> None:
    told = Told().tell("rating.submitted", 0, channel="system_default", level="basically_satisfied")
    assert told.buckets == {}
    told.tell("rating.submitted", 1, rating=real, level="satisfied")
    told.tell("rating.submitted", 2, rating="R-3", channel="system_default")
    assert told.day() == {"ratings": 1, "satisfied": 1, "points": 8}


def test_4_4_a_counter_belongs_to_the_minute_the_day_and_the_window_of_its_event() -> None:
    told = Told().tell("ticket.called", 15 * HOUR / SECOND - 1)
    assert told.minute("23:59", W3[1]) == told.minute("23:59") == told.day(W3[1]) == told.day() == {"calls": 1}
    assert told.tell("ticket.called", 15 * HOUR / SECOND, ticket="T-2").day(date="2026-11-03") == {"calls": 1}


def test_4_4_a_rating_without_a_window_takes_its_services_first_one_as_known_then() -> None:
    told = Told().tell("rating.submitted", 0, window=None, level="satisfied")
    assert told.day(W3[1]) == {}
    told.tell("service.completed", 1, service="V-2", window=W4[1]).tell("service.started", 2, service="V-2")
    told.tell("rating.submitted", 3, rating="R-2", service="V-2", window=None, level="satisfied")
    assert told.day(W4[1])["ratings"] == 1
    assert told.day()["ratings"] == 2


def test_4_4_an_abandonment_without_a_window_takes_its_tickets_last_call() -> None:
    told = Told().tell("ticket.called", 0).tell("ticket.called", 1, window=W4[1]).tell("ticket.transferred", 2)
    told.tell("ticket.abandoned", 3, window=None).tell("ticket.abandoned", 4, window=None, ticket="T-2")
    assert told.day(W4[1]) == {"abandoned": 1}
    assert told.day() == {"calls": 1, "abandoned": 2}


@pytest.mark.parametrize("order", [("ticket.issued", "ticket.called"), ("ticket.called", "ticket.issued")])
def test_4_5_the_wait_is_in_the_calls_bucket_whichever_arrives_last(order: tuple[str, str]) -> None:
    told = Told()
    for kind in order:
        told.tell(kind, 0.25 if kind == "ticket.issued" else 90, window=None if kind == "ticket.issued" else W3[1])
    assert told.minute("09:01", W3[1]) == {"calls": 1, "wait_ms": 89_750, "wait_count": 1}


@pytest.mark.parametrize(("seconds", "is_counted"), [(-0.001, False), (0, True), (86_400, True), (86_400.001, False)])
def test_4_5_an_implausible_time_is_not_counted(seconds: float, is_counted: bool) -> None:
    told = Told().tell("service.started", 0).tell("service.completed", seconds)
    days = (told.day(date=date) for date in ("2026-11-02", "2026-11-03"))
    assert sum(day.get("handle_count", 0) for day in days) == is_counted


def test_4_6_a_bad_effective_rating_opens_a_rectification_with_deadlines_in_workdays() -> None:
    told = Told().tell("rating.submitted", 4 * DAY / SECOND)  # Friday 2026-11-06
    assert told.day(date="2026-11-06")["rectifications_opened"] == 1
    assert told.notices == [("rectification.opened", "2026-11-06T09:00:00+08:00")]
    told.tell("window.closed", 7 * DAY / SECOND + 15 * HOUR / SECOND)  # Monday's end
    assert told.notices[1:] == [("rectification.overdue", "2026-11-10T00:00:00+08:00")]
    told.tell("window.closed", 12 * DAY / SECOND)
    assert told.notices[2:] == [
        ("rectification.due_soon", "2026-11-13T00:00:00+08:00"),
        ("rectification.overdue", "2026-11-14T00:00:00+08:00"),
    ]


def test_4_6_make_up_days_are_workdays_and_holidays_are_none() -> None:
    told = Told().tell("rating.submitted", -33 * DAY / SECOND)  # Wednesday 2026-09-30, before the National Day
    told.tell("window.closed", 0)
    overdue = [time for kind, time in told.notices if kind == "rectification.overdue"]
    # Workdays after it: 10-08, 10-09, 10-10 (a make-up Saturday), 10-12, 10-13.
    assert overdue == ["2026-10-09T00:00:00+08:00", "2026-10-14T00:00:00+08:00"]


def test_4_6_contact_completion_extension_and_void_settle_what_is_due() -> None:
    contacted = Told().tell("rating.submitted", 0).tell("rectification.contacted", 9)
    contacted.tell("rectification.extended", 10, workdays=2).tell("rectification.extended", 11, workdays=9)
    contacted.tell("window.closed", 30 * DAY / SECOND)
    assert [t for k, t in contacted.notices if k == "rectification.overdue"] == ["2026-11-12T00:00:00+08:00"]
    completed = Told().tell("rating.submitted", 0).tell("rectification.completed", 9)
    voided = Told().tell("rating.submitted", 0).tell("rating.voided", 9)
    found_void = Told().tell("rating.submitted", 0).tell("rectification.verified", 9, finding="void")
    for told in (completed, voided, found_void):
        told.tell("window.closed", 30 * DAY / SECOND)
        assert [kind for kind, _ in told.notices] == ["rectification.opened"]


@pytest.mark.parametrize(
    ("behind_ms", "minutes", "days"),
    [(2 * HOUR, 1, 1), (2 * HOUR + 1, 0, 1), (7 * DAY, 0, 1), (7 * DAY + 1, 0, 0)],
)
def test_4_7_minutes_take_two_hours_and_days_seven_days_behind_the_newest(
    behind_ms: int, minutes: int, days: int
) -> None:
    told = Told().tell("window.closed", behind_ms / SECOND).tell("ticket.called", 0)
    assert told.minute("09:00").get("calls", 0) == minutes
    assert told.day().get("calls", 0) == days
    assert told.street.buckets.late == 1 - days


def test_4_7_what_is_settled_late_is_measured_by_its_own_time() -> None:
    told = Told().tell("ticket.called", 60).tell("window.closed", (2 * HOUR + MINUTE) / SECOND)
    told.tell("ticket.issued", 0, window=None)
    assert told.minute("09:01")["wait_count"] == 1
    told.tell("service.completed", 60).tell("window.closed", (2 * HOUR + MINUTE + 1) / SECOND).tell(
        "service.started", 0
    )
    assert "handle_count" not in told.minute("09:01")
    assert told.day()["handle_count"] == 1


def test_4_7_a_clock_that_was_never_set_counts_where_it_says() -> None:
    told = Told().tell("ticket.called", 0, time="1970-01-01T00:00:00+08:00")
    assert told.day(date="1970-01-01") == {"calls": 1}


def test_an_event_below_the_next_offset_is_skipped() -> None:
    told = Told().tell("ticket.called", 0)
    decoded = decode([Record(0, RECEIVED_MS, None, encode(event("ticket.called", id="other", ticket="T-2")))])
    told.street.apply(decoded.events)
    assert told.street.take_outputs().buckets == {}
