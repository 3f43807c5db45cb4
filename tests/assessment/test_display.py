"""Scores are what they are: rounding is for display, and for the ranks of sites, which are as displayed."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tests.assessment.desk import Desk, bill
from tests.assessment.stories import case_of, event

_MONTH: Final = "2026-03"
_CENTRES: Final = ("530102001-00", "530102002-00")
_WINDOW: Final = "530102001-00-01"
# Somewhere else, or there would be no such month.
_SERVICE: Final = event("service.completed", "530102000-00-01", service="V1", outcome="done")


def test_a_band_is_decided_by_the_score_and_not_by_what_is_shown_of_it(desk: Desk) -> None:
    about = {"rule": "late", "target": "staff", "by": "P"}
    case = case_of(
        _SERVICE,
        event("conduct.recorded", _WINDOW, record="B1", target_id="S05", points=5.004, **about),
        event("conduct.recorded", _WINDOW, record="B2", target_id="S06", points=5, **about),
        rules={"staff_month": {"min_duty_days": 0, "min_services": 0, "excellent": 95, "good": 85}},
    )
    people = desk.tables(case, (_MONTH,))["staff_months"]
    # 95 is excellent; 94.996 is shown as 95.00.
    assert (people[_MONTH, "S05"]["score"], people[_MONTH, "S05"]["band"]) == (Decimal("94.996"), "good")
    assert (people[_MONTH, "S06"]["score"], people[_MONTH, "S06"]["band"]) == (Decimal(95), "excellent")
    assert (people[_MONTH, "S06"]["rank"], people[_MONTH, "S05"]["rank"]) == (5, 6)


def test_sites_that_show_alike_share_a_rank_and_keep_their_scores(desk: Desk) -> None:
    about = {"target": "site", "rule": "notice", "by": "P"}
    records = [
        event("conduct.recorded", site, record=site, target_id=site, points=points, **about)
        for site, points in zip(_CENTRES, (1.0049, 0.9951), strict=True)
    ]
    sites = desk.tables(case_of(_SERVICE, *records), (_MONTH,))["site_months"]
    found = [(sites[_MONTH, site]["score"], sites[_MONTH, site]["rank"]) for site in _CENTRES]
    assert found[0][0] + Decimal("1.0049") == found[1][0] + Decimal("0.9951")
    assert [rank for _, rank in found] == [1, 1]


def test_a_third_of_a_point_keeps_eight_digits(desk: Desk) -> None:
    levels = enumerate(("very_satisfied", "very_satisfied", "dissatisfied"))
    ratings = [
        event("rating.submitted", _WINDOW, staff="S05", rating=f"R{number}", level=level, channel="kiosk")
        for number, level in levels
    ]
    tables = desk.tables(case_of(_SERVICE, *ratings), (_MONTH,))
    assert bill(tables, _MONTH, "staff", "S05")[:2] == [
        ("rating.full", Decimal(40)),
        ("rating.dissatisfied", Decimal("-9.33333333")),
    ]
    assert tables["staff_months"][_MONTH, "S05"]["score"] == Decimal("90.66666667")
