"""How far ClickHouse is in each partition, as it says itself: there the sink reads on, whatever was committed.

So a ClickHouse that was set back to an older copy, or is new, gets what it lacks; and what was inserted but not noted,
because the sink died in between, is delivered again and replaces itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from faust.types import TP

from sinks.columns import EVENTS, Columns
from streams.topics import DEVICES
from streams.topics import EVENTS as EVENTS_TOPIC

TABLE: Final = "sink_positions"
NOTED: Final = f"SELECT topic, partition, first_offset, next_offset, delivered FROM pingliu.{TABLE} FINAL"
# What was inserted of events, noted or not.
INSERTED: Final = (
    f"SELECT if(type = 'device.heartbeat', '{DEVICES}', '{EVENTS_TOPIC}') AS topic, partition,"
    f" max(offset) + 1 AS inserted FROM pingliu.{EVENTS} GROUP BY topic, partition"
)


@dataclass(slots=True)
class Position:
    """One partition's. `delivered`: offsets inserted ever, repeats included; `inserted`: rows below it are repeats."""

    first_offset: int
    next_offset: int
    delivered: int
    inserted: int = 0


class Positions:
    """Of all partitions that this ClickHouse ever had something of."""

    def __init__(self, noted: Iterable[Mapping[str, object]], inserted: Iterable[Mapping[str, object]]) -> None:
        self._by_tp: dict[TP, Position] = {}
        for row in noted:
            tp = TP(str(row["topic"]), _integer(row["partition"]))
            first, following, delivered = (_integer(row[n]) for n in ("first_offset", "next_offset", "delivered"))
            self._by_tp[tp] = Position(first, following, delivered)
        for row in inserted:
            tp = TP(str(row["topic"]), _integer(row["partition"]))
            position = self._by_tp.get(tp)
            if position is not None and (ahead := _integer(row["inserted"]) - position.next_offset) > 0:
                position.inserted = position.next_offset + ahead
                position.delivered += ahead

    def begin(self, tp: TP) -> int:
        """From where a partition is to be read."""
        position = self._by_tp.get(tp)
        return 0 if position is None else position.next_offset

    def inserted(self, tp: TP) -> int:
        """Rows of events below this offset had been inserted when the positions were read, noted or not."""
        position = self._by_tp.get(tp)
        return 0 if position is None else position.inserted

    def advance(self, starts: Mapping[TP, int], next_offsets: Mapping[TP, int]) -> Columns:
        """Rows of the table that say that all below `next_offsets` is stored."""
        now_ms = time.time_ns() // 1_000_000
        columns: Columns = {
            name: [] for name in ("topic", "partition", "first_offset", "next_offset", "delivered", "updated_ms")
        }
        for tp, next_offset in next_offsets.items():
            position = self._by_tp.setdefault(tp, Position(starts[tp], starts[tp], 0))
            position.delivered += next_offset - starts[tp]
            position.next_offset = next_offset
            row = (tp.topic, tp.partition, position.first_offset, next_offset, position.delivered, now_ms)
            for values, value in zip(columns.values(), row, strict=True):
                values.append(value)
        return columns


def _integer(value: object) -> int:
    return int(str(value))
