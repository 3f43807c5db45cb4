"""Rows on their way to ClickHouse: collected by table, with the offsets they cover, and given out together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from faust.types import TP, EventT

from sinks.columns import Columns


@dataclass(slots=True)
class Batch:
    """Columns by table, and what may be acknowledged once all of them are stored."""

    tables: dict[str, Columns] = field(default_factory=dict)
    events: list[EventT[Any]] = field(default_factory=list)
    next_offsets: dict[TP, int] = field(default_factory=dict)

    def add(self, event: EventT[Any], table: str, columns: Columns) -> None:
        """Adds the rows of one delivered event; every column of a table always has the same length."""
        held = self.tables.get(table)
        if held is None:
            self.tables[table] = columns
        else:
            for name, values in columns.items():
                held[name] += values
        self.events.append(event)
        self.next_offsets[event.message.tp] = event.message.offset + 1

    def rows(self, table: str) -> int:
        """How many rows are held for a table."""
        columns = self.tables.get(table)
        return len(next(iter(columns.values()))) if columns else 0
