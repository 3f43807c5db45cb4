"""When a target is told what: quiet hours, a robot's limit, failures. Every clock here is given."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.moments import HOUR, MINUTE, SECOND
from schemas.published import Notice
from streams.notify.answers import Outcome
from streams.notify.outbox import Item, Outbox
from streams.notify.progress import Progress
from streams.notify.quiet import Hours, is_always, is_quiet, parse
from streams.notify.targets import Target
from tests.notify.notices import NOON_MS, notice

_EVENING_MS = NOON_MS + 10 * HOUR  # 22:00
_MORNING_MS = NOON_MS + 20 * HOUR  # 08:00


def _target(**changes: Any) -> Target:
    return Target.model_validate({"name": "a", "format": "wecom", "url": "https://a.example/?key=1", **changes})


class _Told:
    """An outbox with its partition's progress."""

    def __init__(self, **changes: Any) -> None:
        self.outbox = Outbox(_target(**changes), first_pause=1.0)
        self.progress = Progress(0, 0, None)
        self._offset = 0

    def put(self, one: Notice, at_ms: int = NOON_MS) -> Item:
        item = Item(one, at_ms, self._offset, self.progress)
        self.progress.take(self._offset, int(self.outbox.put(item)))
        self._offset += 1
        return item

    def numbers(self, now_ms: int) -> list[int]:
        """The numbers of the notices that are due."""
        return [int(item.notice.id.split("/")[2]) for item in self.outbox.due(now_ms)]

    def deliver(self, now_ms: int) -> None:
        items = self.outbox.due(now_ms)
        self.outbox.delivered(items, now_ms)
        for item in items:
            item.done()

    def fail(self, outcome: Outcome, now_ms: int, asked: float | None = None) -> list[int]:
        """All that is due fails; the numbers of what is given up."""
        given_up = self.outbox.failed(self.outbox.due(now_ms), outcome, asked, now_ms, chance=1.0)
        return [int(item.notice.id.split("/")[2]) for item in given_up]


@pytest.mark.parametrize(
    ("text", "hour", "expected"),
    [
        ("21:00-08:00", 20.99, False), ("21:00-08:00", 21, True), ("21:00-08:00", 0, True),
        ("21:00-08:00", 7.99, True), ("21:00-08:00", 8, False), ("12:00-14:00", 12, True), ("12:00-14:00", 14, False),
        ("18:00-24:00", 23.99, True), ("18:00-24:00", 0, False), ("00:00-06:00", 0, True),
    ],
)  # fmt: skip
def test_quiet_hours_are_those_of_shanghai_and_reach_past_midnight(text: str, hour: float, expected: bool) -> None:
    midnight_ms = NOON_MS - 12 * HOUR
    assert is_quiet([parse(text)], midnight_ms + int(hour * HOUR)) is expected
    assert is_quiet([parse(text)], midnight_ms + 40 * 24 * HOUR + int(hour * HOUR)) is expected


@pytest.mark.parametrize(
    "text", ["9:00-10:00", "25:00-01:00", "24:30-01:00", "10:60-11:00", "10:00", "", "10:00–11:00"]
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HH:MM|24:00"):
        parse(text)


def test_hours_that_leave_no_time_are_known() -> None:
    assert is_always([parse("08:00-08:00")])
    assert is_always([parse("08:00-20:00"), parse("19:00-08:00")])
    assert not is_always([parse("08:00-20:00"), parse("20:01-08:00")])
    assert not is_always([Hours(0, 1)])


def test_what_comes_in_quiet_hours_is_held_and_told_at_their_end_all_at_once() -> None:
    told = _Told(quiet=("21:00-08:00",))
    for number in range(1, 4):
        told.put(notice(number=number), _EVENING_MS)
    assert told.numbers(_EVENING_MS) == []
    assert told.outbox.standing(_EVENING_MS) == (3, 3, None)
    assert told.numbers(_MORNING_MS - 1) == []
    assert told.numbers(_MORNING_MS) == [1, 2, 3]
    assert told.outbox.standing(_MORNING_MS) == (3, 0, _EVENING_MS)


def test_what_is_urgent_enough_breaks_through_and_nothing_else() -> None:
    told = _Told(quiet=("21:00-08:00",), break_through="critical")
    told.put(notice(number=1), _EVENING_MS)
    told.put(notice("rectification.overdue", 2, rule="contact"), _EVENING_MS)
    assert told.numbers(_EVENING_MS) == [2]
    told.deliver(_EVENING_MS)
    assert told.numbers(_EVENING_MS) == []
    assert told.numbers(_MORNING_MS) == [1]


def test_a_robot_gets_no_more_in_any_minute_than_it_takes_and_what_comes_faster_is_combined() -> None:
    told = _Told()
    times: list[int] = []
    sizes: list[int] = []
    for step in range(300):  # a notice a second, for five minutes
        now_ms = NOON_MS + step * SECOND
        told.put(notice(number=step + 1), now_ms)
        if due := told.numbers(now_ms):
            told.deliver(now_ms)
            times.append(now_ms)
            sizes.append(len(due))
    assert max(sum(at <= other < at + MINUTE for other in times) for at in times) == 20
    assert sum(sizes) + told.outbox.standing(NOON_MS).waiting == 300
    assert max(sizes) == 41  # those of a minute whose twenty were sent in its first 20 seconds


def test_what_got_through_before_a_restart_counts_for_the_limit() -> None:
    outbox = Outbox(_target(), 1.0, [NOON_MS - n * SECOND for n in range(20)])
    outbox.put(Item(notice(), NOON_MS, 0, Progress(0, 0, None)))
    assert outbox.due(NOON_MS + 40 * SECOND) == []
    assert len(outbox.due(NOON_MS + 41 * SECOND)) == 1


def test_a_target_that_is_away_is_tried_again_after_pauses_that_double_up_to_five_minutes() -> None:
    told = _Told()
    told.put(notice())
    now_ms, pauses = NOON_MS, []
    for _ in range(12):
        assert told.fail(Outcome.BUSY, now_ms) == []
        pause = next(seconds for seconds in range(1, 400) if told.numbers(now_ms + seconds * SECOND))
        pauses.append(pause)
        now_ms += pause * SECOND
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    told.deliver(now_ms)
    told.put(notice(number=2))
    assert told.fail(Outcome.BUSY, now_ms) == []
    assert told.numbers(now_ms + SECOND) == [2]


def test_a_target_that_asks_for_time_gets_it() -> None:
    told = _Told()
    told.put(notice())
    told.fail(Outcome.LIMIT, NOON_MS, asked=60.0)
    assert told.numbers(NOON_MS + 60 * SECOND) == []
    assert told.numbers(NOON_MS + 61 * SECOND) == [1]


def test_a_wrong_key_loses_nothing_however_long_it_is_wrong() -> None:
    told = _Told()
    for number in range(1, 4):
        told.put(notice(number=number))
    now_ms = NOON_MS
    for _ in range(50):
        assert told.fail(Outcome.DENIED, now_ms) == []
        now_ms += 301 * SECOND
    assert told.numbers(now_ms) == [1, 2, 3]
    assert told.progress.next_offset == 0


def test_a_notice_that_is_refused_is_given_up_alone_and_those_beside_it_get_through() -> None:
    told = _Told()
    items = [told.put(notice(number=number)) for number in range(1, 4)]
    assert told.fail(Outcome.REFUSED, NOON_MS) == []  # whichever of them it was
    told.put(notice(number=4))
    assert told.numbers(NOON_MS) == [4]  # who comes new isn't held up
    told.deliver(NOON_MS)
    assert told.numbers(NOON_MS) == [1]
    assert told.fail(Outcome.REFUSED, NOON_MS) == [1]
    items[0].done()
    assert told.numbers(NOON_MS) == [2]
    told.deliver(NOON_MS)
    assert told.numbers(NOON_MS) == [3]
    told.deliver(NOON_MS)
    assert told.numbers(NOON_MS) == []
    assert told.progress.next_offset == 4


def test_an_odd_answer_costs_a_notice_only_where_others_get_through_meanwhile() -> None:
    told = _Told()
    told.put(notice(number=1))
    now_ms = NOON_MS
    for _ in range(20):  # the target may be at fault: nothing else gets through either
        assert told.fail(Outcome.ODD, now_ms) == []
        now_ms += 301 * SECOND
    told.put(notice(number=2))
    assert told.numbers(now_ms) == [2]
    told.deliver(now_ms)
    assert told.fail(Outcome.ODD, now_ms) == [1]


def test_the_same_notice_waits_once() -> None:
    told = _Told()
    told.put(notice(number=1))
    told.put(notice(number=1))
    assert told.numbers(NOON_MS) == [1]
    assert told.progress.next_offset == 0
    told.deliver(NOON_MS)
    assert told.progress.next_offset == 2


def test_a_position_moves_only_when_all_below_it_are_told() -> None:
    progress = Progress(0, 5, None)
    progress.take(5, 2)
    progress.take(6, 0)
    progress.take(9, 1)  # what was between is gone from the topic
    progress.done(9)
    progress.done(5)
    assert progress.next_offset == 5
    progress.done(5)
    assert progress.next_offset == 10


def test_a_target_that_was_changed_is_tried_at_once_and_told_what_it_still_wants_within_its_limit() -> None:
    told = _Told(per_minute=2)
    for number in (1, 2):
        told.put(notice(number=number))
        told.deliver(NOON_MS + number)
    told.put(notice(number=3))
    offline = told.put(notice("device.offline", 4))
    now_ms = NOON_MS + MINUTE
    told.fail(Outcome.DENIED, now_ms)
    assert told.numbers(now_ms) == []
    assert told.outbox.become(_target(per_minute=2, types=["rectification.opened"])) == [offline]
    assert told.numbers(now_ms) == []  # two went out within this minute
    assert told.numbers(now_ms + 1) == [3]
    gone = told.outbox.become(None)
    assert [item.notice.type for item in gone] == ["rectification.opened"]
    assert told.outbox.standing(now_ms) == (0, 0, None)
