"""What rolled streams have too rarely, or only by chance."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tests.assessment.desk import Case, Desk
from tests.assessment.expected import Table, differences
from tests.assessment.stories import case_of, event

_STATION: Final = "530102001-01"
_WINDOW: Final = f"{_STATION}-01"
_SERVICE: Final = event("service.completed", _WINDOW, service="V1", outcome="done")


def _tables(desk: Desk, case: Case) -> dict[str, Table]:
    """What the product makes of a case, which must be what the recount does."""
    tables = desk.tables(case)
    assert not differences(case.recounted(), tables)
    return tables


def test_periods_without_a_single_line_are_assessed(desk: Desk) -> None:
    # A station with too few services isn't ranked, and nobody is graded: a quarter and a year of no lines at all.
    case = case_of(_SERVICE, rules={"site_month": {"min_services": 2}})
    assert {row["score"] for row in _tables(desk, case)["site_years"].values()} == {None}


def test_a_beat_covers_hours_of_the_next_day_but_not_of_the_next_month(desk: Desk) -> None:
    beats = [
        event("device.heartbeat", _STATION, time=f"2026-03-{day:02}T23:00:00+08:00", device="D1", kind="rating")
        for day in (3, 31)
    ]
    rules = {"site_month": {"hours": ["00:00-24:00"], "offline_minutes": 1440}}
    case = case_of(_SERVICE, *beats, rules=rules)
    online = _tables(desk, case)["site_months"]["2026-03", _STATION]["online"]
    # 24 hours and one, of 22 workdays.
    assert online == round(Decimal(25) / (22 * 24), 8)


def test_points_are_rounded_as_they_are_written_and_not_as_a_float_has_them(desk: Desk) -> None:
    # Times 10000 the float of 0.06545 is below 654.5.
    about = {"target": "staff", "target_id": "S11", "rule": "late", "by": "P"}
    said = (0.06545, 0.00005, 2**70)
    records = [event("conduct.recorded", _WINDOW, record=f"B{points}", points=points, **about) for points in said]
    case = case_of(_SERVICE, *records)
    lines = _tables(desk, case)["bill_lines"]["2026-03", "staff", "S11"]["lines"]
    assert [line["points"] for line in lines if line["rule"] == "late"] == [
        Decimal("-0.0655"),
        Decimal("-0.0001"),
        Decimal(-1000),
    ]


def test_a_code_that_is_worth_nothing_is_a_deduction_only_where_it_takes_points(desk: Desk) -> None:
    about = {"target": "staff", "target_id": "S11", "incident": "I1", "by": "P"}
    records = [
        event("conduct.recorded", _WINDOW, record="B1", rule="any-bonus", points=-2, **about),
        event("conduct.recorded", _WINDOW, record="B2", rule="any-bonus", points=1, **about),
        event("conduct.recorded", _WINDOW, record="B3", rule="late", **about),
        event("conduct.recorded", _WINDOW, record="B4", rule="leak", **about),
    ]
    case = case_of(_SERVICE, *records)
    row = _tables(desk, case)["staff_months"]["2026-03", "S11"]
    assert (row["deductions"], row["liable"], row["veto"], row["discipline_points"]) == (1, 1, 1, 20)
