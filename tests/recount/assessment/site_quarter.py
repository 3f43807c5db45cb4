"""季考核: a site's quarter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.recount.assessment.bill import Bill, Line
from tests.recount.assessment.conduct import Record
from tests.recount.assessment.events import Name
from tests.recount.assessment.month import grouped
from tests.recount.assessment.numbers import q, shown
from tests.recount.assessment.rules import AssessmentRules
from tests.recount.assessment.site_month import rank_sites

Row = dict[str, Any]
Scope = tuple[str, str]


@dataclass(frozen=True)
class Quarter:
    """What a quarter's sites are judged by: its months in their order, last inspections, and overdue matters."""

    period: str
    rules: AssessmentRules
    months: Sequence[Mapping[str, Row]]
    inspections: Mapping[str, Record]
    overdue: Mapping[str, list[Name]]


def site_quarters(quarter: Quarter, before: Mapping[str, Row]) -> tuple[dict[str, Row], dict[Scope, list[Line]]]:
    """Rows by site and bills by scope and site, given the rows of the quarter before."""
    rows: dict[str, Row] = {}
    bills: dict[Scope, list[Line]] = {}
    for site in sorted({site for month in quarter.months for site in month}):
        months = [month[site] for month in quarter.months if month[site]["ranked"] and month[site]["services"]]
        row = _empty(quarter, site, before)
        rows[site] = row
        row["months"] = len(months)
        if months:
            bill = _own(quarter, site, months)
            row.update(ranked=1, own=bill.score, score=bill.score)
            bills["centre" if row["tier"] == "street" else "site", site] = bill.lines
    for row in rows.values():
        if row["tier"] == "street":
            stations = [
                other
                for other in rows.values()
                if other["street"] == row["street"] and other["tier"] == "community" and other["ranked"]
            ]
            row["communities"] = len(stations)
            if row["ranked"]:
                bill = _street(quarter.rules, row, stations)
                row["score"] = bill.score
                bills["site", row["site"]] = bill.lines
    rank_sites(rows)
    _judge(quarter.rules, rows, before)
    return rows, bills


def _empty(quarter: Quarter, site: str, before: Mapping[str, Row]) -> Row:
    known, inspection = quarter.months[-1][site], quarter.inspections.get(site)
    return {
        "period": quarter.period,
        "site": site,
        "street": known["street"],
        "tier": known["tier"],
        "months": 0,
        "inspection": q(inspection.points) if inspection is not None else None,
        "overdue": len(quarter.overdue.get(site, [])),
        "own": None,
        "communities": 0,
        "score": None,
        "band": "",
        "ranked": 0,
        "rank": 0,
        "rank_in_street": 0,
        "previous_rank": before.get(site, {}).get("rank", 0),
        "last": 0,
        "interview": "",
    }


def _own(quarter: Quarter, site: str, months: list[Row]) -> Bill:
    weights, bill = quarter.rules.site_quarter, Bill()
    scores = [Fraction(row["score"]) for row in months]
    for score in scores:
        bill.add("months", "month", weights.months_weight * score / len(scores), 1, len(scores))
    inspection = quarter.inspections.get(site)
    if inspection is not None:
        bill.add("inspection", "inspection", weights.inspection_weight * inspection.points, 1, 1, [inspection.name])
    else:
        bill.add("inspection", "inspection.missing", weights.inspection_weight * sum(scores) / len(scores), 1, 1)
    overdue = quarter.overdue.get(site, [])
    if overdue:
        points = max(weights.overdue_points * len(overdue), -weights.overdue_max)
        bill.add("supervision", "supervision.overdue", points, len(overdue), len(overdue), sorted(overdue))
    if bill.score < 0:
        bill.add("months", "floor", -bill.score)
    return bill


def _street(rules: AssessmentRules, row: Row, stations: list[Row]) -> Bill:
    weights, bill = rules.site_quarter, Bill()
    own = Fraction(row["own"])
    bill.add("street", "own", weights.own_weight * own if stations else own, 1, 1)
    for station in stations:
        points = weights.communities_weight * Fraction(station["score"]) / len(stations)
        bill.add("street", "community", points, 1, len(stations))
    return bill


def _judge(rules: AssessmentRules, rows: Mapping[str, Row], before: Mapping[str, Row]) -> None:
    """Bands, who is last, and whom to speak with."""
    weights = rules.site_quarter
    bands = (("excellent", weights.excellent), ("good", weights.good), ("pass", weights.passed))
    ranked = [row for row in rows.values() if row["ranked"]]
    for rivals in grouped(ranked, lambda row: str(row["tier"])).values():
        least = min(shown(row["score"]) for row in rivals)
        for row in rivals:
            score = Fraction(row["score"])
            row["band"] = next((band for band, from_score in bands if score >= from_score), "fail")
            if row["tier"] == "street":
                row["last"] = int(shown(score) == least)
                if row["band"] == "fail":
                    row["interview"] = "fail"
                elif row["last"] and before.get(row["site"], {}).get("last"):
                    row["interview"] = "last"
