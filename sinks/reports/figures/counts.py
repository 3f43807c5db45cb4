"""Counts of services and ratings, by what a report cuts them by, and how bad ratings were rectified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, Protocol, Self

from sinks.reports.figures.rows import Database, listed, read

Cut = Literal["all", "department", "pool", "pioneer"]


class _Counted(Protocol):
    @property
    def services(self) -> int: ...
    @property
    def rated_services(self) -> int: ...
    @property
    def ratings(self) -> int: ...
    @property
    def good_ratings(self) -> int: ...
    @property
    def bad_ratings(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Counts:
    """`rated_services` are the services that were rated in time (主动评价率)."""

    services: int
    rated_services: int
    ratings: int
    good_ratings: int
    bad_ratings: int

    @classmethod
    def of(cls, parts: Iterable[_Counted]) -> Self:
        parts = list(parts)
        return cls(
            sum(part.services for part in parts),
            sum(part.rated_services for part in parts),
            sum(part.ratings for part in parts),
            sum(part.good_ratings for part in parts),
            sum(part.bad_ratings for part in parts),
        )

    @property
    def participation(self) -> Decimal | None:
        return Decimal(self.rated_services) / self.services if self.services else None

    @property
    def good_share(self) -> Decimal | None:
        return Decimal(self.good_ratings) / self.ratings if self.ratings else None


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts of `code`: of a department, a pool, or '1' (pioneer) and '0'; '' where services or ratings name none."""

    code: str
    services: int
    rated_services: int
    ratings: int
    good_ratings: int
    bad_ratings: int
    unresolved: int
    defaults: int
    voided: int
    unmatched: int
    not_theirs: int


# What each cut groups by.
_CUTS: Final[dict[Cut, str]] = {
    "all": "''",
    "department": "department",
    "pool": "pool",
    "pioneer": "if(staff = '', '', toString(pioneer))",
}
_OF_LEVELS: Final = "sum(dissatisfied + very_dissatisfied)"


def measured(database: Database, months: Sequence[str], cut: Cut) -> list[Measured]:
    """Sums of the view `measures`, most services first."""
    sums = {name: f"sum({name})" for name in Measured.__dataclass_fields__}
    found = read(
        database,
        Measured,
        f"pingliu.measures WHERE period IN ({listed(months)}) GROUP BY code",
        {**sums, "bad_ratings": _OF_LEVELS, "code": f"toString({_CUTS[cut]})"},
    )
    return sorted(found, key=lambda row: (-row.services, row.code))


@dataclass(frozen=True, slots=True)
class Closing:
    """Of the valid bad ratings (差评): how many were due for each step, and how many missed it."""

    rectified: int
    late: int
    contacted: int
    unanswered: int
    revisited: int
    missing: int


@dataclass(frozen=True, slots=True)
class _Line:
    rule: str
    cases: int


_STEPS: Final = (
    "rectified.full", "rectified.late", "response.full", "response.late", "revisit.full", "revisit.missing",
)  # fmt: skip


def closing(database: Database, months: Sequence[str]) -> Closing:
    """From the sites' bills: the `.full` lines count what was due, the others what missed it."""
    lines = read(
        database,
        _Line,
        f"pingliu.bill_lines WHERE period IN ({listed(months)}) AND scope = 'site' AND rule IN ({listed(_STEPS)})"
        " GROUP BY rule",
        {"cases": "sum(count)"},
    )
    cases = {line.rule: line.cases for line in lines}
    return Closing(*(cases.get(step, 0) for step in _STEPS))
