"""Where the sink begins, by what ClickHouse itself says, and how much was delivered again."""

from __future__ import annotations

from faust.types import TP

from sinks.positions import Positions

_TP = TP("pingliu.events", 3)


def _noted(next_offset: int, delivered: int) -> dict[str, object]:
    return {
        "topic": _TP.topic, "partition": 3, "first_offset": 10, "next_offset": next_offset, "delivered": delivered
    }  # fmt: skip


def _told(columns: dict[str, list[object]]) -> tuple[object, ...]:
    return tuple(columns[name][0] for name in ("first_offset", "next_offset", "delivered"))


def test_a_clickhouse_that_has_nothing_is_filled_from_the_beginning() -> None:
    positions = Positions((), ())
    assert positions.begin(_TP) == 0
    assert _told(positions.advance({_TP: 10}, {_TP: 25})) == (10, 25, 15)


def test_it_goes_on_where_clickhouse_is_and_counts_nothing_twice_that_came_once() -> None:
    positions = Positions([_noted(100, 90)], [])
    assert positions.begin(_TP) == 100
    assert positions.inserted(_TP) == 0
    assert _told(positions.advance({_TP: 100}, {_TP: 130})) == (10, 130, 120)


def test_what_was_inserted_and_not_noted_counts_as_delivered_again() -> None:
    positions = Positions([_noted(100, 90)], [{"topic": _TP.topic, "partition": 3, "inserted": 140}])
    assert positions.begin(_TP) == 100
    assert positions.inserted(_TP) == 140
    first, following, delivered = _told(positions.advance({_TP: 100}, {_TP: 150}))
    # 40 offsets of the 140 that there are came twice.
    assert (first, following, delivered) == (10, 150, 180)
