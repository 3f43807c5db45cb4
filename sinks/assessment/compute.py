"""A period's results, computed in a scratch database: a month of the log, a quarter of months, a year of quarters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.rules import Rules
from sinks.assessment.inputs import Inputs
from sinks.assessment.period import Period
from sinks.assessment.positions import Positions
from sinks.assessment.results import BILL, TABLES
from sinks.assessment.scratch import Scratch, fill, set_rules

_MONTH: Final = ("draft", "facts", "conduct", "opening", "lines", "price", "caps", "months", "bill")
_QUARTER: Final = ("draft", "quarters", "price", "quarter_streets", "price", "quarter_results", "bill")
_YEAR: Final = ("draft", "years", "price", "year_results", "bill")
# Events of a month's lines that lines of a quarter or a year refer to; the others are left where they are.
_REFERRED: Final = "scope = 'entry' OR rule = 'supervision.overdue'"


@dataclass(frozen=True, slots=True)
class Before:
    """What a period takes of the one before: who was at the bottom of the pool, ranks of sites, and which were last."""

    bottom: Sequence[str] = ()
    ranks: dict[str, int] = field(default_factory=dict)
    last: Sequence[str] = ()


def compute_month(scratch: Scratch, month: Period, inputs: Inputs, positions: Positions, before: Before) -> None:
    """Fills a new scratch database, its result tables included (without proofs)."""
    fill(scratch, month, inputs, positions)
    _begin(scratch, month, before)
    for file in _MONTH:
        if file == "months":
            scratch.execute("CREATE VIEW scratch.subject_streets AS SELECT subject, street FROM scratch.subjects")
        scratch.run(f"{file}.sql")


def compute_quarter(
    scratch: Scratch, rules: Rules, quarter: Period, months: Sequence[Period], before: Before, place: str
) -> None:
    """Of the results of its months in the database `place`."""
    _take(scratch, ("staff_months", "site_months"), months, rules, place)
    _begin(scratch, quarter, before)
    scratch.execute("CREATE TABLE scratch.sites AS pingliu.sites")
    scratch.execute(
        "INSERT INTO scratch.sites SELECT site, any(street), '', any(tier) FROM scratch.site_months GROUP BY site"
    )
    _streets(scratch, "staff_months", "site_months")
    for file in _QUARTER:
        scratch.run(f"{file}.sql")


def compute_year(
    scratch: Scratch, rules: Rules, year: Period, quarters: Sequence[Period], before: Before, place: str
) -> None:
    """Of the results of its quarters in the database `place`, and what people entered in its months."""
    _take(scratch, ("staff_quarters", "site_quarters"), quarters, rules, place)
    _begin(scratch, year, before)
    _streets(scratch, "staff_quarters", "site_quarters")
    for file in _YEAR:
        scratch.run(f"{file}.sql")


def _begin(scratch: Scratch, period: Period, before: Before) -> None:
    scratch.create_results(TABLES[period.kind])
    scratch.execute(f"CREATE TABLE scratch.span ENGINE = Memory AS SELECT '{period.text}' AS period")
    for table, columns in (
        ("before_staff", "staff String, bottom UInt8"),
        ("before_sites", "site String, rank UInt32, last UInt8"),
    ):
        scratch.execute(f"CREATE TABLE scratch.{table} ({columns}) ENGINE = Memory")
    scratch.insert("before_staff", {"staff": list(before.bottom), "bottom": [1 for _ in before.bottom]})
    sites = list(before.ranks)
    ranks: dict[str, list[object]] = {
        "site": [*sites],
        "rank": [*before.ranks.values()],
        "last": [int(site in before.last) for site in sites],
    }
    scratch.insert("before_sites", ranks)


def _take(scratch: Scratch, tables: Sequence[str], periods: Sequence[Period], rules: Rules, place: str) -> None:
    """The results that this period is made of, and the lines of its months; of these lines only the events needed."""
    among = ", ".join(f"'{period.text}'" for period in periods)
    scratch.create_results(tables)
    for table in tables:
        scratch.execute(f"INSERT INTO scratch.{table} SELECT * FROM {place}.{table} WHERE period IN ({among})")
    months = ", ".join(f"'{month.text}'" for period in periods for month in period.months)
    scratch.execute(f"CREATE TABLE scratch.month_lines AS pingliu.{BILL}")
    scratch.execute(
        f"INSERT INTO scratch.month_lines SELECT * REPLACE (if({_REFERRED}, events, []) AS events) FROM {place}.{BILL} "
        f"WHERE period IN ({months}) AND scope IN ('site', 'entry')"
    )
    set_rules(scratch, rules)


def _streets(scratch: Scratch, staff: str, sites: str) -> None:
    scratch.execute(
        "CREATE VIEW scratch.subject_streets AS "
        f"SELECT staff AS subject, argMax(street, period) AS street FROM scratch.{staff} GROUP BY staff "
        f"UNION ALL SELECT site, any(street) FROM scratch.{sites} GROUP BY site"
    )
