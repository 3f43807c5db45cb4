"""年度排名: a site's year."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from tests.recount.assessment.bill import Bill, Line, losses
from tests.recount.assessment.conduct import Record
from tests.recount.assessment.numbers import held, q
from tests.recount.assessment.rules import AssessmentRules
from tests.recount.assessment.site_month import rank_sites

Row = dict[str, Any]


def site_years(
    period: str,
    rules: AssessmentRules,
    quarters: Sequence[Mapping[str, Row]],
    adjustments: Mapping[str, list[Record]],
    month_lines: Mapping[str, list[Line]],
    before: Mapping[str, Row],
) -> tuple[dict[str, Row], dict[str, list[Line]]]:
    """Rows and bills by site, of the year's quarters in their order, given all lines of its months."""
    rows, bills = {}, {}
    for site in sorted({site for quarter in quarters for site in quarter}):
        known = quarters[-1][site]
        scores = [Fraction(quarter[site]["score"]) for quarter in quarters if quarter[site]["score"] is not None]
        records, most = adjustments.get(site, []), rules.site_year.adjustment_max
        adjustment = held(sum((record.points for record in records), Fraction(0)), -most, most)
        bill = Bill()
        for score in scores:
            bill.add("quarters", "quarter", score / len(scores), 1, len(scores))
        if records and scores:
            names = sorted(record.name for record in records)
            bill.add("adjustment", "adjustment", adjustment, len(records), len(records), names)
        rows[site] = {
            "period": period,
            "site": site,
            "street": known["street"],
            "tier": known["tier"],
            "quarters": len(scores),
            "adjustment": q(adjustment),
            "score": bill.score if scores else None,
            "ranked": int(bool(scores)),
            "rank": 0,
            "rank_in_street": 0,
            "previous_rank": before.get(site, {}).get("rank", 0),
            "losses": losses(month_lines.get(site, [])),
        }
        bills[site] = bill.lines
    rank_sites(rows)
    return rows, bills
