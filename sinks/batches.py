"""Rows on their way to ClickHouse: collected by table, with the offsets they cover, and given out together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from faust.types import TP, EventT

from sinks.columns import Columns


@dataclass(slots=True)
class Batch:
    """Columns by table, and what may be acknowledged once all of them are stored.

    `starts` and `next_offsets`: what the batch covers of each partition. `size`: bytes of the messages. `canaries`:
    when those were sent that are among them (epoch ms).
    """

    tables: dict[str, Columns] = field(default_factory=dict)
    events: list[EventT[Any]] = field(default_factory=list)
    starts: dict[TP, int] = field(default_factory=dict)
    next_offsets: dict[TP, int] = field(default_factory=dict)
    size: int = 0
    canaries: list[int] = field(default_factory=list)

    def add(self, event: EventT[Any], start: int, size: int) -> None:
        """Adds one delivered event, which was fetched from offset `start` on."""
        tp = event.message.tp
        self.events.append(event)
        self.starts.setdefault(tp, start)
        self.next_offsets[tp] = event.message.offset + 1
        self.size += size

    def add_rows(self, table: str, columns: Columns) -> None:
        """Adds rows; every column of a table always has the same length."""
        held = self.tables.get(table)
        if held is None:
            self.tables[table] = columns
        else:
            for name, values in columns.items():
                held[name] += values

    def rows(self, table: str) -> int:
        """How many rows are held for a table."""
        columns = self.tables.get(table)
        return len(next(iter(columns.values()))) if columns else 0
