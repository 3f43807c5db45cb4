"""Results of a month: staff (月评分) and sites (月通报)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sinks.reports.figures.rows import Database, listed, read

# The three largest losses of a site, as two arrays: a tuple's names differ between an engine and a server.
LOSSES: Final = {
    "loss_rules": "arrayMap(l -> tupleElement(l, 1), losses)",
    "loss_points": "arrayMap(l -> toString(tupleElement(l, 2)), losses)",
}


@dataclass(frozen=True, slots=True)
class SiteMonth:
    period: str
    site: str
    street: str
    tier: str
    services: int
    ratings: int
    good_ratings: int
    bad_ratings: int
    rated_services: int
    rating_points: Decimal
    participation_points: Decimal
    closing_points: Decimal
    efficiency_points: Decimal
    opening_points: Decimal
    quality_points: Decimal
    patrol_points: Decimal
    bonus_points: Decimal
    score: Decimal
    ranked: bool
    rank: int
    rank_in_street: int
    previous_rank: int
    overdue: int
    loss_rules: tuple[str, ...]
    loss_points: tuple[Decimal, ...]

    @property
    def blocks(self) -> tuple[Decimal, ...]:
        """In the order of `wording.SITE_BLOCKS`."""
        return (
            self.rating_points, self.participation_points, self.closing_points, self.efficiency_points,
            self.opening_points, self.quality_points, self.patrol_points, self.bonus_points,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StaffMonth:
    staff: str
    street: str
    site: str
    pool: str
    pioneer: bool
    services: int
    ratings: int
    good_ratings: int
    rating_points: Decimal
    efficiency_points: Decimal
    discipline_points: Decimal
    service_points: Decimal
    bonus_points: Decimal
    score: Decimal
    graded: bool
    band: str
    rank: int
    pool_size: int
    interview: str

    @property
    def blocks(self) -> tuple[Decimal, ...]:
        """In the order of `wording.STAFF_BLOCKS`."""
        return (
            self.rating_points, self.efficiency_points, self.discipline_points, self.service_points,
            self.bonus_points,
        )  # fmt: skip


def site_months(database: Database, months: Sequence[str]) -> list[SiteMonth]:
    """All sites of some months, by month and site."""
    source = f"pingliu.site_months WHERE period IN ({listed(months)}) ORDER BY period, site"
    return read(database, SiteMonth, source, LOSSES)


def staff_months(database: Database, month: str) -> list[StaffMonth]:
    """All staff of a month, by code."""
    return read(database, StaffMonth, f"pingliu.staff_months WHERE period = '{month}' ORDER BY staff")
