"""What a hall shows of a morning, to the millisecond, and what it never shows."""

from __future__ import annotations

import json
from typing import Any, Final, Self

import msgspec
import pytest
from pydantic import ValidationError

from schemas.decoding import decode
from schemas.live import CLEARED, CONGESTED, LIVE_BYTES_MOST, Live, LiveStreet, encode_live
from schemas.moments import MINUTE, SECOND, epoch_ms, iso
from streams.street.snapshot import read, restore, save
from streams.transport.record import Record
from tests.examples import event
from tests.property.halls import SITES, STREET, hall_street

_NINE: Final = epoch_ms("2026-11-02T09:00:00+08:00")
_RECEIVED_MS: Final = 1_900_000_000_000
_SITE: Final = SITES[0]
_WINDOW: Final = f"{_SITE}-03"
# Of tests.property.halls: congested with 2 waiting or a wait of 20 minutes, cleared with fewer than 2 and none of 10
# minutes, each for 5 minutes.
_STEADY: Final = 5


class Morning:
    """A street whose hall is told events at minutes after nine."""

    def __init__(self) -> None:
        self.street = hall_street()
        self.said: list[tuple[str, float]] = []
        self._number = 0

    def tell(self, kind: str, minutes: float, **changes: Any) -> Self:
        time = iso(_NINE + round(minutes * MINUTE))
        raw = json.dumps(event(kind, **{"id": f"e{self._number}", "time": time, **changes})).encode()
        decoded = decode([Record(self._number, _RECEIVED_MS, None, raw)])
        assert not decoded.rejects
        self._number += 1
        self.street.apply(decoded.events)
        for notice in self.street.take_outputs().notices:
            if notice.type in (CONGESTED, CLEARED):
                self.said.append((notice.type, (epoch_ms(notice.time) - _NINE) / MINUTE))
        return self

    def issue(self, ticket: str, minutes: float) -> Self:
        return self.tell("ticket.issued", minutes, ticket=ticket)

    def call(self, ticket: str, minutes: float) -> Self:
        return self.tell("ticket.called", minutes, ticket=ticket)

    def pass_to(self, minutes: float) -> Self:
        return self.tell("suggestion.received", minutes)

    @property
    def live(self) -> LiveStreet:
        live = self.street.live()
        assert live is not None
        return live


def test_a_wait_is_too_long_from_its_20th_minute_on_and_is_said_when_it_has_been_so_for_5() -> None:
    assert Morning().issue("T1", 0).pass_to(25 - 0.001).said == []
    assert Morning().issue("T1", 0).pass_to(25).said == [(CONGESTED, 25)]
    assert Morning().issue("T1", 0).pass_to(90).said == [(CONGESTED, 25)]
    # Called in the last moment before the wait was too long for long enough; or exactly then.
    assert Morning().issue("T1", 0).call("T1", 25 - 0.001).pass_to(90).said == []
    assert Morning().issue("T1", 0).call("T1", 25).said == [(CONGESTED, 25)]


def test_too_many_that_wait_are_said_after_5_minutes_and_not_where_they_were_fewer_meanwhile() -> None:
    assert Morning().issue("T1", 0).issue("T2", 1).pass_to(6).said == [(CONGESTED, 6)]
    assert Morning().issue("T1", 0).issue("T2", 1).call("T1", 3).issue("T3", 4).pass_to(8).said == []
    assert Morning().issue("T1", 0).issue("T2", 1).call("T1", 3).issue("T3", 3).pass_to(8).said == [(CONGESTED, 8)]


def test_a_queue_is_cleared_when_few_wait_and_none_for_10_minutes_and_it_stays_so() -> None:
    crowd = Morning().issue("T1", 0).issue("T2", 1).pass_to(6).call("T1", 7).call("T2", 8)
    # Fewer than 2 since minute 7; T2 was gone before its 10th.
    assert crowd.pass_to(12 - 0.001).said == [(CONGESTED, 6)]
    assert crowd.pass_to(12).said == crowd.pass_to(90).said == [(CONGESTED, 6), (CLEARED, 12)]


def test_a_calm_that_was_broken_by_a_long_wait_counts_anew() -> None:
    # T2 waits alone from minute 8 and for 10 minutes at 11; it is called at 12, and calm is what follows.
    crowd = Morning().issue("T1", 0).issue("T2", 1).pass_to(6).call("T1", 8).call("T2", 12)
    assert crowd.pass_to(16.9).said == [(CONGESTED, 6)]
    assert crowd.pass_to(17).said == [(CONGESTED, 6), (CLEARED, 17)]


def test_exactly_10_minutes_are_no_calm() -> None:
    # T2's 10 minutes are full in the very moment at which 5 minutes of calm would be.
    crowd = Morning().issue("T1", 0).issue("T2", 1).pass_to(6).call("T1", 6)
    assert crowd.pass_to(11).said == [(CONGESTED, 6)]


def test_at_midnight_the_hall_is_empty_and_its_windows_are_closed() -> None:
    morning = Morning().tell("window.opened", 0).issue("T1", 0).issue("T2", 0).pass_to(15 * 60 - 0.001)
    assert (morning.live.waiting, morning.live.windows_open) == (2, 1)
    morning.pass_to(15 * 60 + _STEADY)
    live = morning.live
    assert (live.waiting, live.windows_open, live.day) == (0, 0, "2026-11-03")
    assert [(window.state, window.since) for window in live.windows] == [("closed", "2026-11-03T00:00:00+08:00")]
    assert morning.said[-1] == (CLEARED, 15 * 60 + _STEADY)


def test_what_is_late_or_of_another_day_changes_neither_queue_nor_windows_nor_last_ratings() -> None:
    morning = Morning().issue("T1", 0).tell("window.opened", 0).pass_to(121)
    late = morning.call("T1", 1 - 0.001).tell("window.closed", 1 - 0.001).tell("rating.submitted", 1 - 0.001).live
    assert (late.waiting, late.windows_open, late.ratings) == (1, 1, [])
    in_time = morning.call("T1", 1).tell("window.closed", 1).live
    assert (in_time.waiting, in_time.windows_open) == (0, 0)
    night = Morning().pass_to(15 * 60 + 1).issue("T1", 15 * 60 - 1).tell("window.opened", 15 * 60 - 1).live
    assert (night.waiting, night.windows) == (0, [])


def test_a_late_rating_s_rectification_is_owed_all_the_same() -> None:
    live = Morning().pass_to(500).tell("rating.submitted", 0, level="dissatisfied").live
    assert [(one.rating, one.level) for one in live.rectifications] == [("R-1", "dissatisfied")]


def test_a_transferred_ticket_waits_again_from_then_and_a_recall_ends_it() -> None:
    morning = Morning().issue("T1", 0).call("T1", 5).tell("ticket.transferred", 9, ticket="T1", to_window="elsewhere")
    assert (morning.live.waiting, morning.live.waiting_since) == (1, iso(_NINE + 9 * MINUTE))
    assert morning.call("T1", 12).live.waiting == 0
    assert (morning.street.hall.tally().waits, morning.street.hall.tally().wait_ms) == (1, 5 * MINUTE)


def test_a_window_says_who_serves_whom_and_why_it_pauses() -> None:
    morning = Morning().tell("window.opened", 0, staff="S0142").call("T-1", 1)
    morning.tell("service.started", 2, service="V-1").tell("window.paused", 3, reason="meal", planned_minutes=20)
    (window,) = morning.live.windows
    assert (window.state, window.reason, window.planned_minutes, window.staff) == ("paused", "meal", 20, "S0142")
    assert (window.service, window.ticket, window.completed) == ("V-1", "T-1", "")
    assert (window.called_ticket, window.called) == ("T-1", iso(_NINE + MINUTE))
    (window,) = morning.tell("window.resumed", 9).tell("service.completed", 9, service="V-1").live.windows
    assert (window.state, window.reason, window.planned_minutes) == ("open", "", 0)
    assert window.completed == iso(_NINE + 9 * MINUTE)


def test_nothing_published_holds_a_rater_a_comment_or_a_number_in_a_tag() -> None:
    morning = Morning().tell("rating.submitted", 0, comment="太慢", rater="13800000000", tags=["213", "13900000000"])
    raw = encode_live(morning.live).decode()
    assert '"213"' in raw
    for person in ("太慢", "13800000000", "13900000000"):
        assert person not in raw


def test_a_message_is_bounded_whatever_devices_send_and_its_numbers_count_what_was_left_out() -> None:
    morning = Morning()
    for number in range(400):
        # Of 64 characters that take 6 bytes each in JSON.
        text = f"{number:03}".ljust(64, "\x01")
        window = f"{_SITE}-{number:03}".ljust(64, "\x01")
        morning.tell("window.opened", 0, window=window, staff=text)
        morning.tell("rating.submitted", 0, window=window, rating=text, service=None, tags=[text] * 8)
    live = morning.live
    raw = encode_live(live)
    assert len(raw) <= LIVE_BYTES_MOST
    shown = msgspec.json.decode(raw, type=LiveStreet)
    assert len(shown.rectifications) < live.rectifications_open == shown.rectifications_open == 400
    assert shown.windows_open == 400
    # As much as fits: the next would have been too long.
    assert len(raw) > LIVE_BYTES_MOST - 3_000
    ordinary = Morning().tell("rating.submitted", 0).tell("window.opened", 0).live
    assert msgspec.json.decode(encode_live(ordinary), type=LiveStreet) == ordinary


def test_a_bad_rating_is_shown_when_it_came_however_late_it_is_and_however_many_good_ones_came_with_it() -> None:
    morning = Morning().pass_to(300)
    morning.tell("rating.submitted", 0, level="dissatisfied", rating="late", service="V-0", tags=["213"])
    for number in range(40):
        morning.tell("rating.submitted", 300, level="satisfied", rating=f"R-{number}", service=f"V-{number}-")
    [shown] = morning.live.bad
    assert (shown.rating, shown.tags, shown.time) == ("late", ["213"], iso(_NINE))
    assert shown.came == morning.live.heard == iso(_RECEIVED_MS)
    assert shown.rating not in {rating.rating for rating in morning.live.ratings}
    for number in range(14):
        morning.tell("rating.submitted", 301, level="very_dissatisfied", rating=f"B-{number}", service=f"W-{number}")
    assert [rating.rating for rating in morning.live.bad] == [f"B-{number}" for number in reversed(range(2, 14))]


def test_the_service_before_the_current_one_is_known_as_long_as_it_was_completed() -> None:
    morning = Morning().tell("service.completed", 0, service="V-1").tell("service.started", 1, service="V-2")
    [window] = morning.live.windows
    assert (window.service, window.previous, window.previous_completed) == ("V-2", "V-1", iso(_NINE))
    # V-2 was never completed.
    [window] = morning.tell("service.started", 2, service="V-3").live.windows
    assert (window.service, window.previous) == ("V-3", "V-1")
    [window] = (
        morning.tell("service.completed", 3, service="V-3").tell("service.started", 4, service="V-4").live.windows
    )
    assert (window.service, window.previous, window.previous_completed) == ("V-4", "V-3", iso(_NINE + 3 * MINUTE))


def test_a_street_saved_before_revisits_goes_on_with_its_rectifications() -> None:
    before = Morning().tell("rating.submitted", 0, level="dissatisfied", rating="R-1", service="V-1")
    before.tell("rectification.completed", 1, rating="R-1")
    raw = msgspec.msgpack.decode(save(before.street, None))
    del raw["last_bad"], raw["heard_ms"]
    raw["rectifications"] = [[generation, key, entry[:8]] for generation, key, entry in raw["rectifications"]]
    raw["tally"] = raw["tally"][:3]
    after = Morning()
    restore(after.street, [read(msgspec.msgpack.encode(raw | {"version": 3}))])
    assert (after.live.rectifications, after.live.bad, after.live.heard) == ([], [], "")
    after._number = 2
    after.tell("rectification.revisited", 2, rating="R-1", result="dissatisfied")
    assert [(one.rating, one.reopened) for one in after.live.rectifications] == [("R-1", True)]


def test_a_street_saved_before_halls_shows_the_rectifications_that_were_open() -> None:
    before = Morning().tell("rating.submitted", 0, level="dissatisfied", rating="R-1", service="V-1")
    before.tell("rating.submitted", 1, level="dissatisfied", rating="R-2", service="V-2")
    before.tell("rectification.completed", 2, rating="R-2")
    raw = msgspec.msgpack.decode(save(before.street, None))
    for part in ("tally", *before.street.hall.memories()):
        del raw[part]
    after = hall_street()
    restore(after, [read(msgspec.msgpack.encode(raw | {"version": 2}))])
    live = after.live()
    assert live is not None
    assert [(one.rating, one.level) for one in live.rectifications] == [("R-1", "")]
    assert [(one.rating, one.due) for one in before.live.rectifications] == [
        (one.rating, one.due) for one in live.rectifications
    ]


def test_who_is_forgotten_by_the_street_is_shown_no_more() -> None:
    morning = Morning().tell("rating.submitted", 0)
    assert morning.live.rectifications_open == 1
    morning.pass_to(700 * 24 * 60)
    assert (morning.live.rectifications_open, morning.live.rectifications) == (0, [])


@pytest.mark.parametrize("name", ["cleared_waiting", "cleared_minutes"])
def test_thresholds_that_cross_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name}: must not exceed"):
        Live.model_validate({name: 50})


def test_today_s_counters_are_those_of_the_street_s_day() -> None:
    live = Morning().issue("T1", 0).call("T1", 1).tell("rating.submitted", 2, level="satisfied").live
    today = {"tickets": 1, "calls": 1, "ratings": 1, "satisfied": 1, "points": 8}
    assert live.today == today | {"wait_ms": 60 * SECOND, "wait_count": 1}
    assert (live.street, live.version) == (STREET, 3)
