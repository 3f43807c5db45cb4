"""Results of rolled streams of the small district against the recount: every score, band, star, rank and line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import settings

from tests.assessment.desk import Desk
from tests.assessment.expected import BILL, Table
from tests.assessment.streams import YEAR, rolled_case

_YEARS: Final = range(max(1, settings().max_examples // 100))
_QUARTERS: Final = range(100, 100 + max(1, settings().max_examples // 50))


@pytest.mark.parametrize("seed", _YEARS)
def test_every_result_of_a_year_equals_the_recount(desk: Desk, seed: int) -> None:
    assert not desk.differences(rolled_case(seed), seed=seed)


@pytest.mark.parametrize("seed", _QUARTERS)
def test_every_result_of_three_months_equals_the_recount(desk: Desk, seed: int) -> None:
    begin = seed % (len(YEAR) - 2)
    assert not desk.differences(rolled_case(seed, YEAR[begin : begin + 3], rare=0.7), seed=seed)


def test_the_years_have_everything_that_scores_are_made_of() -> None:
    # The recount alone is fast: what a few years don't have, others have.
    tables = [rolled_case(seed).recounted() for seed in range(8)]
    rules = {line["rule"] for table in tables for row in table[BILL].values() for line in row["lines"]}
    assert {
        "rating.blend", "rating.cap", "ontime.late", "standard.over", "discipline.floor", "service.floor", "bonus.cap",
        "bonus.floor", "praise.cap", "criticised.lead", "scandal.lead", "bad.dissatisfied", "bad.very_dissatisfied",
        "participation.low", "rectified.late", "response.late", "revisit.missing", "waiting.long", "opening.low",
        "online.low", "unmatched.high", "upload.late", "patrol.floor", "supervision.overdue", "commended.cap", "month",
        "inspection", "inspection.missing", "floor", "own", "community", "quarter", "stars", "review", "adjustment",
    } <= rules  # fmt: skip
    assert _values(tables, "staff_months", "band") == {"excellent", "good", "pass", "fail", "ungraded"}
    assert _values(tables, "staff_months", "interview") == {"", "fail", "bottom"}
    assert _values(tables, "staff_quarters", "star") == {0, 1, 2, 3, 4, 5}
    assert _values(tables, "site_months", "ranked") == _values(tables, "site_quarters", "ranked") == {0, 1}
    assert _values(tables, "site_quarters", "band") == {"", "excellent", "good", "pass", "fail"}
    assert _values(tables, "site_quarters", "interview") == {"", "fail", "last"}
    for column in ("eligible", "candidate", "proposed"):
        assert _values(tables, "staff_years", column) == {0, 1}


def _values(tables: Iterable[dict[str, Table]], name: str, column: str) -> set[object]:
    return {row[column] for table in tables for row in table[name].values()}
