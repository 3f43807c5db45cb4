"""Results of a year: staff (年度政务服务明星) and sites (年度排名)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sinks.reports.figures.months import LOSSES
from sinks.reports.figures.rows import Database, read


@dataclass(frozen=True, slots=True)
class SiteYear:
    site: str
    street: str
    tier: str
    quarters: int
    adjustment: Decimal
    score: Decimal | None
    ranked: bool
    rank: int
    rank_in_street: int
    previous_rank: int
    loss_rules: tuple[str, ...]
    loss_points: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class StaffYear:
    staff: str
    street: str
    site: str
    pool: str
    quarters: int
    stars: int
    star_quarters: int
    veto: int
    review: Decimal | None
    score: Decimal | None
    eligible: bool
    rank: int
    pool_size: int
    places: int
    candidate: bool
    proposed: bool


def site_years(database: Database, year: str) -> list[SiteYear]:
    """All sites of a year, by site."""
    return read(database, SiteYear, f"pingliu.site_years WHERE period = '{year}' ORDER BY site", LOSSES)


def staff_years(database: Database, year: str) -> list[StaffYear]:
    """All staff of a year, by code."""
    return read(database, StaffYear, f"pingliu.staff_years WHERE period = '{year}' ORDER BY staff")
