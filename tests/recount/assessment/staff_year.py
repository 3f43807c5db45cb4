"""年度政务服务明星: a person's year."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any

from tests.recount.assessment.bill import Bill, Line
from tests.recount.assessment.conduct import Record
from tests.recount.assessment.month import grouped
from tests.recount.assessment.numbers import q, ranks
from tests.recount.assessment.rules import AssessmentRules
from tests.recount.assessment.staff_quarter import PLACE

Row = dict[str, Any]


def staff_years(
    period: str, rules: AssessmentRules, quarters: Sequence[Mapping[str, Row]], reviews: Mapping[str, Record]
) -> tuple[dict[str, Row], dict[str, list[Line]]]:
    """Rows and bills by staff, of the year's quarters in their order, given everybody's last review."""
    rows, bills = {}, {}
    for staff in sorted({staff for quarter in quarters for staff in quarter}):
        own = [quarter[staff] for quarter in quarters if staff in quarter]
        rated = [row for row in own if row["rated"]]
        bill = _bill(rules, rated, reviews.get(staff))
        scored = len(rated) >= rules.staff_year.min_quarters
        stars = [row["star"] for row in rated]
        veto = sum(row["veto"] for row in own)
        high = sum(star >= rules.staff_year.star_level for star in stars)
        rows[staff] = {
            "period": period,
            **{name: own[-1][name] for name in PLACE},
            "quarters": len(rated),
            "stars": sum(stars),
            "star_quarters": high,
            "lowest_star": min(stars, default=0),
            "veto": veto,
            "review": q(reviews[staff].points) if staff in reviews else None,
            "score": bill.score if scored else None,
            "eligible": int(
                scored
                and high >= rules.staff_year.star_quarters
                and min(stars) >= rules.staff_year.min_star
                and veto == 0
            ),
            "rank": 0,
            "pool_size": 0,
            "places": 0,
            "candidate": 0,
            "proposed": 0,
        }
        bills[staff] = bill.lines if scored else []
    _places(rows, rules)
    return rows, bills


def _bill(rules: AssessmentRules, rated: list[Row], review: Record | None) -> Bill:
    weights, bill = rules.staff_year, Bill()
    for row in rated:
        bill.add("quarters", "quarter", weights.quarter_weight * Fraction(row["score"]) / len(rated), 1, len(rated))
    if rated:
        stars = Fraction(sum(row["star"] for row in rated), 5 * len(rated))
        bill.add("stars", "stars", weights.star_weight * 100 * stars, 1, len(rated))
    if review is not None:
        bill.add("review", "review", weights.review_weight * review.points, 1, 1, [review.name])
    return bill


def _places(rows: Mapping[str, Row], rules: AssessmentRules) -> None:
    likely: dict[str, Row] = {}
    for pool in grouped(rows.values(), lambda row: str(row["pool"])).values():
        size = sum(row["score"] is not None for row in pool)
        places = max(1, floor(size * rules.staff_year.place_share))
        for row in pool:
            row["pool_size"], row["places"] = size, places
        eligible = {row["staff"]: row for row in pool if row["eligible"]}
        for staff, rank in ranks({staff: -row["score"] for staff, row in eligible.items()}).items():
            row = eligible[staff]
            row["rank"] = rank
            row["candidate"] = int(rank <= ceil(places * rules.staff_year.candidate_factor))
            if rank <= places:
                likely[staff] = row
    for staff, rank in ranks({staff: -row["score"] for staff, row in likely.items()}).items():
        likely[staff]["proposed"] = int(rank <= rules.staff_year.most_places)
