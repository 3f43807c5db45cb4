"""Bad rows are found by halving: all others are stored, and the bad ones come back with their reasons."""

from __future__ import annotations

from collections import Counter
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.columns import Columns
from sinks.destination import BadRows, Busy
from sinks.isolating import BadRow, TooManyBad, insert_isolating

_TABLE = "event_log"


class Fussy:
    """A destination that keeps what it takes, refuses batches with certain ids, and is busy at certain calls."""

    def __init__(self, bad: set[int], busy_at: set[int] | None = None) -> None:
        self._bad = bad
        self._busy_at = busy_at or set()
        self.stored: list[tuple[int, str]] = []
        self.calls = 0

    def insert(self, table: str, columns: Columns) -> None:
        assert table == _TABLE
        self.calls += 1
        if self.calls in self._busy_at:
            raise Busy("later")
        refused = [number for number in columns["id"] if number in self._bad]
        if refused:
            raise BadRows(53 if len(columns["id"]) > 1 else 395, f"one of {len(columns['id'])} is bad")
        self.stored += zip(columns["id"], columns["text"], strict=True)

    def rows(self, sql: str) -> list[dict[str, object]]:
        raise AssertionError(sql)


def _columns(rows: int) -> Columns:
    return {"id": list(range(rows)), "text": [f"text {number}" for number in range(rows)]}


@st.composite
def _batches(draw: st.DrawFn) -> tuple[int, set[int]]:
    rows = draw(st.integers(0, 300))
    return rows, draw(st.sets(st.integers(0, max(rows - 1, 0)), max_size=min(rows, 20)))


@given(_batches())
def test_all_rows_are_stored_once_but_the_bad_ones_which_come_back_in_order(batch: tuple[int, set[int]]) -> None:
    rows, bad = batch
    fussy = Fussy(bad)
    found = insert_isolating(fussy, _TABLE, _columns(rows))
    assert found == [
        BadRow(number, {"id": number, "text": f"text {number}"}, 395, "one of 1 is bad") for number in sorted(bad)
    ]
    assert fussy.stored == [(number, f"text {number}") for number in range(rows) if number not in bad]
    assert fussy.calls <= 1 + 2 * len(bad) * ceil(log2(max(rows, 2)))
    if not bad:
        assert fussy.calls == (1 if rows else 0)


@given(_batches(), st.integers(1, 30))
def test_a_busy_destination_is_told_of_and_the_same_batch_again_stores_what_was_missing(
    batch: tuple[int, set[int]], call: int
) -> None:
    rows, bad = batch
    fussy = Fussy(bad, {call})
    try:
        found = insert_isolating(fussy, _TABLE, _columns(rows))
    except Busy:
        assert fussy.calls == call
        found = insert_isolating(fussy, _TABLE, _columns(rows))
    assert {row.index for row in found} == bad
    times = Counter(number for number, _ in fussy.stored)
    assert set(times) == set(range(rows)) - bad
    assert max(times.values(), default=1) <= 2


@pytest.mark.parametrize(
    ("rows", "bad", "is_too_many"), [(50, 20, False), (50, 21, True), (5000, 50, False), (5000, 51, True)]
)
def test_past_twenty_bad_rows_or_one_in_a_hundred_it_is_not_the_rows(rows: int, bad: int, is_too_many: bool) -> None:
    fussy = Fussy(set(range(0, 2 * bad, 2)))
    if not is_too_many:
        assert len(insert_isolating(fussy, _TABLE, _columns(rows))) == bad
        return
    with pytest.raises(TooManyBad, match=r"event_log: .*one of 1 is bad .*code 395"):
        insert_isolating(fussy, _TABLE, _columns(rows))


def test_the_limit_can_be_set() -> None:
    with pytest.raises(TooManyBad, match="more than 0"):
        insert_isolating(Fussy({1}), _TABLE, _columns(3), most_bad=0)


def test_what_breaks_is_not_taken_for_a_bad_row() -> None:
    class Broken(Fussy):
        def insert(self, table: str, columns: Columns) -> None:
            raise ZeroDivisionError

    broken = Broken(set())
    with pytest.raises(ZeroDivisionError):
        insert_isolating(broken, _TABLE, _columns(3))
