"""What is a stall and what is none, tick by tick."""

from __future__ import annotations

import pytest

from streams.watchdog import Stall

_PATIENCE = 10
_SILENT = "the event loop does not turn"
_IDLE = "3 messages wait and nothing is achieved"


def _turn(stall: Stall, ticks: int) -> str | None:
    """Ticks with a pulse before each; returns what the last one said."""
    said = None
    for _ in range(ticks):
        stall.pulse()
        said = stall.tick()
    return said


def test_a_loop_that_never_turned_is_stalled_when_patience_ends() -> None:
    stall = Stall(_PATIENCE)
    assert [stall.tick() for _ in range(_PATIENCE + 1)] == [None] * (_PATIENCE - 1) + [_SILENT] * 2


def test_a_loop_that_stops_turning_is_stalled_when_patience_ends() -> None:
    stall = Stall(_PATIENCE)
    assert _turn(stall, 100) is None
    assert [stall.tick() for _ in range(_PATIENCE)] == [None] * (_PATIENCE - 1) + [_SILENT]


def test_a_pulse_just_in_time_is_enough_again_and_again() -> None:
    stall = Stall(_PATIENCE)
    for _ in range(20):
        stall.pulse()
        assert {stall.tick() for _ in range(_PATIENCE)} == {None}


def test_work_that_waits_without_progress_is_a_stall() -> None:
    stall = Stall(_PATIENCE)
    stall.report(3, 500)
    assert _turn(stall, 1) is None
    for _ in range(_PATIENCE - 1):
        stall.report(3, 500)
        assert _turn(stall, 1) is None
    assert _turn(stall, 1) == _IDLE


def test_a_role_that_stops_reporting_is_judged_by_what_it_said_last() -> None:
    stall = Stall(_PATIENCE)
    stall.report(3, 500)
    assert _turn(stall, _PATIENCE + 1) == _IDLE


def test_without_work_there_is_no_stall() -> None:
    stall = Stall(_PATIENCE)
    assert _turn(stall, 100) is None
    stall.report(0, 500)
    assert _turn(stall, 100) is None


def test_work_that_comes_after_a_quiet_time_has_all_patience() -> None:
    stall = Stall(_PATIENCE)
    stall.report(0, 500)
    _turn(stall, 100)
    stall.report(3, 500)
    assert _turn(stall, _PATIENCE - 1) is None
    assert _turn(stall, 1) == _IDLE


@pytest.mark.parametrize("step", [1, -1], ids=["more", "less, as after partitions were taken away"])
def test_any_change_of_what_is_done_is_progress(step: int) -> None:
    stall = Stall(_PATIENCE)
    for turn in range(20):
        stall.report(3, 500 + step * turn)
        assert _turn(stall, _PATIENCE - 1) is None


def test_a_wait_on_purpose_does_not_count_however_long_it_is() -> None:
    stall = Stall(_PATIENCE)
    stall.report(3, 500)
    with stall.waiting():
        assert _turn(stall, 100) is None


def test_after_a_wait_on_purpose_counting_begins_anew() -> None:
    stall = Stall(_PATIENCE)
    stall.report(3, 500)
    for _ in range(20):
        assert _turn(stall, _PATIENCE - 1) is None
        with stall.waiting():  # too short for a tick to see it
            pass
    assert _turn(stall, _PATIENCE + 1) == _IDLE


def test_waits_may_overlap_and_end_by_an_error() -> None:
    stall = Stall(_PATIENCE)
    stall.report(3, 500)
    with stall.waiting():
        with pytest.raises(OSError, match="away"), stall.waiting():
            raise OSError("away")
        assert _turn(stall, 100) is None
    assert _turn(stall, _PATIENCE + 1) == _IDLE


def test_a_loop_that_does_not_turn_is_a_stall_even_in_a_wait_on_purpose() -> None:
    stall = Stall(_PATIENCE)
    with stall.waiting():
        assert [stall.tick() for _ in range(_PATIENCE)][-1] == _SILENT
