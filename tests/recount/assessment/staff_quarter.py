"""季评星: a person's quarter."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from tests.recount.assessment.bill import Bill, Line
from tests.recount.assessment.month import grouped
from tests.recount.assessment.numbers import ranks, wilson
from tests.recount.assessment.rules import AssessmentRules

Row = dict[str, Any]
PLACE = ("staff", "street", "site", "tier", "window", "department", "pool", "pioneer")
_SUMS = ("services", "ratings", "good_ratings", "deductions", "liable", "veto")


def staff_quarters(
    period: str, rules: AssessmentRules, months: Sequence[Mapping[str, Row]]
) -> tuple[dict[str, Row], dict[str, list[Line]]]:
    """Rows and bills by staff, of the quarter's months in their order."""
    rows, bills = {}, {}
    for staff in sorted({staff for month in months for staff in month}):
        own = [month[staff] for month in months if staff in month]
        graded = [row for row in own if row["graded"]]
        rated, bill = len(graded) >= rules.star.min_graded_months, Bill()
        if rated:
            for row in graded:
                bill.add("months", "month", Fraction(row["score"]) / len(graded), 1, len(graded))
        sums = {name: sum(row[name] for row in own) for name in _SUMS}
        rows[staff] = {
            "period": period,
            **{name: own[-1][name] for name in PLACE},
            "graded_months": len(graded),
            **sums,
            "wilson": wilson(sums["good_ratings"], sums["ratings"], rules.assessment.wilson_z),
            "rated": int(rated),
            "score": bill.score if rated else None,
            "rank": 0,
            "pool_size": 0,
            "star": 0,
        }
        bills[staff] = bill.lines
    for pool in grouped(rows.values(), lambda row: str(row["pool"])).values():
        _stars(pool, rules)
    return rows, bills


def _stars(pool: list[Row], rules: AssessmentRules) -> None:
    size = sum(row["rated"] for row in pool)
    for row in pool:
        row["pool_size"] = size
    clean = {row["staff"]: row for row in pool if row["rated"] and not row["veto"]}
    order = {
        staff: (-row["score"], row["deductions"], -row["wilson"], -row["services"]) for staff, row in clean.items()
    }
    for staff, rank in ranks(order).items():
        clean[staff]["rank"] = rank
        clean[staff]["star"] = _star(clean[staff], size, rules)


def _star(row: Row, size: int, rules: AssessmentRules) -> int:
    star, score = rules.star, Fraction(row["score"])
    if (
        score >= star.five_score
        and row["rank"] <= _quota(star.five_share, size, rules)
        and row["liable"] == 0
        and row["ratings"] >= star.five_ratings
    ):
        return 5
    if score >= star.four_score and row["rank"] <= _quota(star.four_share, size, rules):
        return 4
    for stars, least in ((3, star.three_score), (2, star.two_score), (1, star.one_score)):
        if score >= least:
            return stars
    return 0


def _quota(share: Fraction, size: int, rules: AssessmentRules) -> int:
    places = floor(size * share)
    return max(1, places) if size >= rules.star.quota_from else places
