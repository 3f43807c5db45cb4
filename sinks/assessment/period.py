"""Periods of assessment: a month `2026-09`, a quarter `2026-Q3`, a year `2026`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, Self

Kind = Literal["month", "quarter", "year"]
_SHAPES: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("month", re.compile(r"(\d{4})-(\d\d)")),
    ("quarter", re.compile(r"(\d{4})-Q([1-4])")),
    ("year", re.compile(r"(\d{4})()")),
)
_LENGTH: Final[dict[Kind, int]] = {"month": 1, "quarter": 3, "year": 12}


class PeriodError(ValueError):
    """The text names no period of the kind that is wanted."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`first_month`: months since year 0, so that periods of a kind are in order."""

    first_month: int
    kind: Kind

    @classmethod
    def parse(cls, text: str, kind: Kind | None = None) -> Self:
        """Raises PeriodError."""
        for found, shape in _SHAPES:
            match = shape.fullmatch(text)
            if match is None or kind not in (None, found):
                continue
            year, place = int(match[1]), int(match[2] or 1)
            if 1970 <= year <= 2100 and 1 <= place <= 12:
                return cls(year * 12 + (place - 1) * (3 if found == "quarter" else 1), found)
        shapes = {"month": "a month like 2026-09", "quarter": "a quarter like 2026-Q3", "year": "a year like 2026"}
        raise PeriodError(f"{text}: {shapes[kind] if kind else ' or '.join(shapes.values())} is expected")

    @classmethod
    def month_of(cls, day: date) -> Self:
        """The month that holds a day."""
        return cls(day.year * 12 + day.month - 1, "month")

    @property
    def text(self) -> str:
        year, month = divmod(self.first_month, 12)
        match self.kind:
            case "month":
                return f"{year}-{month + 1:02}"
            case "quarter":
                return f"{year}-Q{month // 3 + 1}"
            case "year":
                return f"{year}"

    @property
    def first_day(self) -> date:
        year, month = divmod(self.first_month, 12)
        return date(year, month + 1, 1)

    @property
    def last_day(self) -> date:
        return self.next.first_day - timedelta(days=1)

    @property
    def previous(self) -> Period:
        return Period(self.first_month - _LENGTH[self.kind], self.kind)

    @property
    def next(self) -> Period:
        return Period(self.first_month + _LENGTH[self.kind], self.kind)

    @property
    def months(self) -> list[Period]:
        return [Period(self.first_month + place, "month") for place in range(_LENGTH[self.kind])]

    @property
    def quarters(self) -> list[Period]:
        """The quarters of a year."""
        return [Period(self.first_month + place, "quarter") for place in range(0, _LENGTH[self.kind], 3)]
