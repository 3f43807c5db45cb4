"""Results of a quarter: staff (季评星) and sites (季考核)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sinks.reports.figures.rows import Database, listed, read


@dataclass(frozen=True, slots=True)
class SiteQuarter:
    period: str
    site: str
    street: str
    tier: str
    months: int
    inspection: Decimal | None
    overdue: int
    own: Decimal | None
    communities: int
    score: Decimal | None
    band: str
    ranked: bool
    rank: int
    rank_in_street: int
    previous_rank: int
    interview: str


@dataclass(frozen=True, slots=True)
class StaffQuarter:
    staff: str
    street: str
    site: str
    pool: str
    graded_months: int
    services: int
    ratings: int
    good_ratings: int
    deductions: int
    liable: int
    veto: int
    rated: bool
    score: Decimal | None
    rank: int
    pool_size: int
    star: int


@dataclass(frozen=True, slots=True)
class Loss:
    """What a rule took from a site, as a negative number."""

    subject: str
    rule: str
    lost: Decimal


def site_quarters(database: Database, quarters: Sequence[str]) -> list[SiteQuarter]:
    """All sites of some quarters, by quarter and site."""
    source = f"pingliu.site_quarters WHERE period IN ({listed(quarters)}) ORDER BY period, site"
    return read(database, SiteQuarter, source)


def staff_quarters(database: Database, quarter: str) -> list[StaffQuarter]:
    """All staff of a quarter, by code."""
    return read(database, StaffQuarter, f"pingliu.staff_quarters WHERE period = '{quarter}' ORDER BY staff")


def losses(database: Database, months: Sequence[str]) -> dict[str, list[Loss]]:
    """The three rules that took most of each site over some months (equal: by name)."""
    found = read(
        database,
        Loss,
        f"pingliu.bill_lines WHERE period IN ({listed(months)}) AND scope = 'site' AND points < 0"
        " GROUP BY subject, rule ORDER BY subject, sum(points), rule LIMIT 3 BY subject",
        {"rule": "toString(rule)", "lost": "toString(sum(points))"},
    )
    by_site: dict[str, list[Loss]] = {}
    for loss in found:
        by_site.setdefault(loss.subject, []).append(loss)
    return by_site
