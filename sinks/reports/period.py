"""The period of a report, as its paper calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Self

from sinks.assessment.period import Kind as PeriodKind
from sinks.assessment.period import Period, PeriodError
from sinks.reports.error import ReportError

Kind = Literal["monthly", "quarterly", "annual"]

_KINDS: Final[dict[Kind, PeriodKind]] = {"monthly": "month", "quarterly": "quarter", "annual": "year"}
_ORDINALS: Final = "一二三四"


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """A period, with the texts that tables and papers have for it."""

    period: Period

    @classmethod
    def parse(cls, kind: Kind, text: str) -> Self:
        """Raises ReportError."""
        try:
            return cls(Period.parse(text, _KINDS[kind]))
        except PeriodError as error:
            raise ReportError(str(error)) from error

    @property
    def code(self) -> str:
        """As the result tables write it."""
        return self.period.text

    @property
    def title(self) -> str:
        """As a document writes it."""
        first = self.period.first_day
        if self.period.kind == "year":
            return f"{first.year}年度"
        if self.period.kind == "quarter":
            return f"{first.year}年第{_ORDINALS[first.month // 3]}季度"
        return f"{first.year}年{first.month}月"

    @property
    def months(self) -> tuple[str, ...]:
        """Its months, as the result tables write them."""
        return tuple(month.text for month in self.period.months)

    @property
    def quarters(self) -> tuple[str, ...]:
        """The quarters of a year, or the quarter itself."""
        return tuple(quarter.text for quarter in self.period.quarters)

    @property
    def before(self) -> str:
        """The one before it."""
        return self.period.previous.text
