"""A document without a format: what it says, in order. Four writers render it, all from the same tables.

A table's totals, sums of columns and shares are said as such, so that a workbook can hold formulas where the other
formats hold their results.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from sinks.reports.rounding import percent, rounded

Cell = str | int | Decimal | None
# points: two digits after the point; share: a part of 1, shown as per cent.
ColumnKind = Literal["text", "centred", "integer", "points", "share"]
NOTHING: Final = "—"
_SMALL_FROM: Final = 9  # columns


@dataclass(frozen=True, slots=True)
class SumOf:
    """The sum of the columns from one title to another."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class ShareOf:
    """A column over another; nothing where that is 0."""

    part: str
    whole: str


@dataclass(frozen=True, slots=True)
class Column:
    """`title` may be folded by a newline. `width`: millimetres on paper, as a proportion.

    `total`: what the last row says; a share is made of totals.
    """

    title: str
    kind: ColumnKind
    width: float
    total: Literal["sum", "average"] | None = None
    formula: SumOf | ShareOf | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """`name`: that of its sheet in a workbook. `total`: what the last row is called; '' for none."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: str = ""
    small: bool = False

    @property
    def font_size(self) -> float:
        """Points on paper: 五号, 小五 for wide or small ones."""
        return 9 if self.small or len(self.columns) >= _SMALL_FROM else 10.5

    def place(self, title: str) -> int:
        """Where a column is."""
        return next(place for place, column in enumerate(self.columns) if column.title == title)

    def total_row(self) -> tuple[Cell, ...] | None:
        """What the last row shows, exactly."""
        if not self.total or not self.rows:
            return None
        cells: list[Cell] = [self._total(place) for place in range(len(self.columns))]
        cells[0] = self.total
        return tuple(cells)

    def texts(self) -> Iterator[tuple[str, ...]]:
        """Rows as they are shown, the total's last; it is blank where there is nothing to total."""
        for row in self.rows:
            yield tuple(shown(cell, column.kind) for cell, column in zip(row, self.columns, strict=True))
        if (total := self.total_row()) is not None:
            pairs = zip(total, self.columns, strict=True)
            yield tuple("" if cell is None else shown(cell, column.kind) for cell, column in pairs)

    def _total(self, place: int) -> Cell:
        column = self.columns[place]
        if isinstance(column.formula, ShareOf):
            whole = self._sum(self.place(column.formula.whole))
            return self._sum(self.place(column.formula.part)) / whole if whole else None
        numbers = [cell for row in self.rows if isinstance(cell := row[place], int | Decimal)]
        if column.total is None or not numbers:
            return None
        total = sum(map(Decimal, numbers), Decimal(0))
        if column.total == "average":
            return total / len(numbers)
        return int(total) if column.kind == "integer" else total

    def _sum(self, place: int) -> Decimal:
        return sum((Decimal(cell) for row in self.rows if isinstance(cell := row[place], int)), Decimal(0))


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of a table's rows, by the titles of its columns; of several columns they are stacked."""

    title: str
    table: Table
    label: str
    values: tuple[str, ...]

    def bars(self) -> list[tuple[str, tuple[Decimal, ...]]]:
        """Rows with all values, and their labels."""
        places = [self.table.place(title) for title in self.values]
        label = self.table.place(self.label)
        return [
            (str(row[label]), tuple(Decimal(cell) for place in places if isinstance(cell := row[place], int | Decimal)))
            for row in self.table.rows
            if all(isinstance(row[place], int | Decimal) for place in places)
        ]

    def text(self, value: Decimal) -> str:
        """A value as the table shows it."""
        return shown(value, self.table.columns[self.table.place(self.values[0])].kind)


@dataclass(frozen=True, slots=True)
class Heading:
    """Level 1 is 一、, level 2 （一）."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


Block = Heading | Paragraph | Table | Chart


@dataclass(frozen=True, slots=True)
class Annex:
    """An annex on pages of its own. `label`: 附件1, or 附表 within one. A table called as it needs no caption."""

    label: str
    title: str
    blocks: tuple[Block, ...]
    landscape: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """`title` in lines broken by their sense. `notice`: what stands below it, or ''. `attachments`: 附件说明."""

    issuer: str
    number: str
    title: tuple[str, ...]
    notice: str
    addressees: str
    blocks: tuple[Block, ...]
    attachments: tuple[str, ...]
    date: str
    statement: tuple[tuple[str, str], ...]
    annexes: tuple[Annex, ...]

    @property
    def heading(self) -> str:
        """The title in one line."""
        return "".join(self.title)

    def tables(self) -> Iterator[tuple[Table, bool]]:
        """All tables, and whether they lie on wide pages."""
        for block in self.blocks:
            if isinstance(block, Table):
                yield block, False
        for annex in self.annexes:
            for block in annex.blocks:
                if isinstance(block, Table):
                    yield block, annex.landscape

    def charts(self) -> Iterator[Chart]:
        """All charts."""
        for blocks in (self.blocks, *(annex.blocks for annex in self.annexes)):
            yield from (block for block in blocks if isinstance(block, Chart))


def folded(title: str) -> str:
    """A title of four characters in two lines, for a narrow column."""
    return f"{title[:2]}\n{title[2:]}" if len(title) == 4 else title


def shown(cell: Cell, kind: ColumnKind) -> str:
    """A cell as text."""
    if cell is None:
        return NOTHING
    if isinstance(cell, str):
        return cell
    if kind == "share":
        return percent(Decimal(cell))
    if kind == "points" or cell != int(cell):
        return rounded(Decimal(cell))
    return str(int(cell))
