"""Rows that ClickHouse refuses, told from those beside them: the batch is bisected until each stands alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sinks.columns import Columns
from sinks.destination import BadRows, Destination

# A batch with more bad rows than this says that the table is not what the program takes it for, not that rows are bad.
_MOST_BAD: Final = 20
_MOST_BAD_SHARE: Final = 100


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was refused alone: its place in the batch, its values by column, and why."""

    index: int
    row: dict[str, object]
    code: int
    message: str


class TooManyBad(Exception):  # noqa: N818 - it says what is the case
    """So many rows were refused that the program or the table must be at fault."""


def insert_isolating(
    destination: Destination, table: str, columns: Columns, *, most_bad: int | None = None
) -> list[BadRow]:
    """Stores all rows of a batch but those that are refused alone, and returns these, by index.

    In this order, where a batch of n rows with b bad ones takes one insert, and about 2 b log2 n more if b > 0:

    1. The whole is inserted. That is all, unless it is refused as bad.
    2. Then its halves, the first one first; each that is refused is halved in turn.
    3. A row that is refused alone is bad. What isn't is durable when this returns.

    Raises Busy as soon as the destination is, whatever is stored by then: the caller tries the same whole again, which
    is harmless, for rows replace themselves. Raises TooManyBad past `most_bad` rows (20 or 1 % of the batch, whichever
    is more), and whatever else the destination raises.
    """
    rows = len(next(iter(columns.values()), []))
    limit = max(_MOST_BAD, rows // _MOST_BAD_SHARE) if most_bad is None else most_bad
    bad: list[BadRow] = []
    waiting = [(0, rows)] if rows else []
    while waiting:
        start, end = waiting.pop()
        try:
            destination.insert(table, {name: values[start:end] for name, values in columns.items()})  # 1. and 2.
        except BadRows as refusal:
            if end - start > 1:
                middle = (start + end) // 2
                waiting += [(middle, end), (start, middle)]
                continue
            row = {name: values[start] for name, values in columns.items()}  # 3.
            bad.append(BadRow(start, row, refusal.code, refusal.message))
            if len(bad) > limit:
                raise TooManyBad(
                    f"{table}: more than {limit} of {rows} rows were refused, the first with: {bad[0].message}"
                    f" (code {bad[0].code})"
                ) from None
    return bad
