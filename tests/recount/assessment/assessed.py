"""Everything assessed of a list of months, their quarters and years."""

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.recount.assessment.bill import Bill, Line
from tests.recount.assessment.conduct import ENTRIES, Record
from tests.recount.assessment.district import District
from tests.recount.assessment.measures import measures
from tests.recount.assessment.month import Log, MonthFacts, grouped
from tests.recount.assessment.periods import before, day_at, in_order, last_month, month_of, quarter_of
from tests.recount.assessment.reading import read
from tests.recount.assessment.rules import AssessmentRules
from tests.recount.assessment.site_month import site_months
from tests.recount.assessment.site_quarter import Quarter, site_quarters
from tests.recount.assessment.site_year import site_years
from tests.recount.assessment.staff_month import staff_months
from tests.recount.assessment.staff_quarter import staff_quarters
from tests.recount.assessment.staff_year import staff_years
from tests.recount.rules import Message, Rules

Row = dict[str, Any]
Rows = dict[tuple[str, str], Row]
"""By period and staff or site."""
RulesOf = Callable[[str], AssessmentRules]


@dataclass(frozen=True)
class Assessed:
    """The result tables; columns are those of sinks/schema/0009_assessment.sql, without proof and detail."""

    staff_months: Rows = field(default_factory=dict)
    staff_quarters: Rows = field(default_factory=dict)
    staff_years: Rows = field(default_factory=dict)
    site_months: Rows = field(default_factory=dict)
    site_quarters: Rows = field(default_factory=dict)
    site_years: Rows = field(default_factory=dict)
    bill_lines: dict[tuple[str, str, str], list[Line]] = field(default_factory=dict)
    """By period, scope and subject; the lines in order, events sorted by (source, id)."""
    month_measures: dict[tuple[str, str, str, str, str, str], Row] = field(default_factory=dict)
    """By period, street, site, window, staff and item."""

    def table(self, rows: Rows, period: str) -> dict[str, Row]:
        """A period's rows by subject."""
        return {subject: row for (of, subject), row in rows.items() if of == period}

    def keep(self, rows: Rows, period: str, found: Mapping[str, Row]) -> None:
        rows.update({(period, subject): row for subject, row in found.items()})

    def bill(self, period: str, scope: str, bills: Mapping[str, list[Line]]) -> None:
        """Keep bills; who has no line has none."""
        self.bill_lines.update({(period, scope, subject): lines for subject, lines in bills.items() if lines})


def assess(
    messages: Iterable[Message],
    district: District,
    rules: RulesOf | AssessmentRules,
    months: Sequence[str] | None = None,
    *,
    heartbeats: Iterable[Message] = (),
    judging: Rules = Rules(),  # noqa: B008  frozen
) -> Assessed:
    """Assess the months, and the quarters and years they belong to by these months alone. Without any: all that exist.

    `messages` are those of pingliu.events, `heartbeats` those of pingliu.devices, in any order. `rules` answers for a
    month, `2026-09`; of a quarter or a year it is asked for the last month. Before the first month there is nothing.
    """
    rules_of: RulesOf = (lambda _: rules) if isinstance(rules, AssessmentRules) else rules
    with _uncollected():
        log = Log.of(read(messages, judging) + read(heartbeats, judging), judging)
    if months is None:
        completions = (event for event in log.events if event.kind == "service.completed")
        months = in_order(month_of(day_at(event.time)) for event in completions)
    assessed, records = Assessed(), dict[str, list[Record]]()
    overdue: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for month in months:
        facts = MonthFacts.of(month, rules_of(month), district, log)
        _assess_month(assessed, facts)
        records[month] = facts.records
        overdue[month] = {site: [event.name for event in events] for site, events in facts.overdue.items()}
    for quarter in in_order(quarter_of(month) for month in months):
        own = [month for month in months if quarter_of(month) == quarter]
        _assess_quarter(
            assessed,
            quarter,
            rules_of(last_month(quarter)),
            own,
            [record for month in own for record in records[month]],
            {site: [name for month in own for name in overdue[month].get(site, [])] for site in district.sites},
        )
    for year in in_order(month[:4] for month in months):
        own = [month for month in months if month[:4] == year]
        _assess_year(
            assessed, year, rules_of(last_month(year)), own, [record for month in own for record in records[month]]
        )
    return assessed


def _assess_month(assessed: Assessed, facts: MonthFacts) -> None:
    month, earlier = facts.month.period, before(facts.month.period)
    rows, bills = staff_months(facts, assessed.table(assessed.staff_months, earlier))
    assessed.keep(assessed.staff_months, month, rows)
    assessed.bill(month, "staff", bills)
    rows, bills = site_months(facts, assessed.table(assessed.site_months, earlier))
    assessed.keep(assessed.site_months, month, rows)
    assessed.bill(month, "site", bills)
    assessed.bill(month, "entry", _entries(facts.records))
    assessed.month_measures.update({(month, *key): row for key, row in measures(facts).items()})


def _assess_quarter(
    assessed: Assessed,
    period: str,
    rules: AssessmentRules,
    months: Sequence[str],
    records: Iterable[Record],
    overdue: Mapping[str, list[tuple[str, str]]],
) -> None:
    staff = [assessed.table(assessed.staff_months, month) for month in months]
    rows, bills = staff_quarters(period, rules, staff)
    assessed.keep(assessed.staff_quarters, period, rows)
    assessed.bill(period, "staff", bills)
    sites = [assessed.table(assessed.site_months, month) for month in months]
    quarter = Quarter(period, rules, sites, _last(records, "inspection"), overdue)
    rows, scoped = site_quarters(quarter, assessed.table(assessed.site_quarters, before(period)))
    assessed.keep(assessed.site_quarters, period, rows)
    for (scope, site), lines in scoped.items():
        assessed.bill(period, scope, {site: lines})


def _assess_year(
    assessed: Assessed, year: str, rules: AssessmentRules, months: Sequence[str], records: list[Record]
) -> None:
    quarters = in_order(quarter_of(month) for month in months)
    staff = [assessed.table(assessed.staff_quarters, quarter) for quarter in quarters]
    rows, bills = staff_years(year, rules, staff, _last(records, "review"))
    assessed.keep(assessed.staff_years, year, rows)
    assessed.bill(year, "staff", bills)
    month_lines: dict[str, list[Line]] = {}
    for (period, scope, site), lines in assessed.bill_lines.items():
        if scope == "site" and period in months:
            month_lines.setdefault(site, []).extend(lines)
    adjustments = grouped(
        (record for record in records if record.code.block == "adjustment"), lambda record: record.site
    )
    sites = [assessed.table(assessed.site_quarters, quarter) for quarter in quarters]
    earlier = assessed.table(assessed.site_years, before(year))
    rows, bills = site_years(year, rules, sites, adjustments, month_lines, earlier)
    assessed.keep(assessed.site_years, year, rows)
    assessed.bill(year, "site", bills)


def _entries(records: Iterable[Record]) -> dict[str, list[Line]]:
    """What people entered in a month, by staff or site, in the order of the log."""
    bills: defaultdict[str, Bill] = defaultdict(Bill)
    for record in records:
        if record.code.block in ENTRIES:
            bills[record.subject].add(record.code.block, record.rule, record.points, 1, 1, [record.name])
    return {subject: bill.lines for subject, bill in bills.items()}


def _last(records: Iterable[Record], block: str) -> dict[str, Record]:
    """The last record of the block by its staff or site; records come month by month, in the order of the log."""
    return {record.subject: record for record in records if record.code.block == block}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of objects that all stay: no use in looking for cycles among them while they come."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
            gc.freeze()
