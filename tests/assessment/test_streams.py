"""Results of rolled streams of the small district against the recount: every score, band, star, rank and line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import pytest
from hypothesis import settings

from tests.assessment.desk import Case, Desk
from tests.assessment.expected import BILL, Table, differences, unbalanced
from tests.assessment.streams import YEAR, rolled_case

_YEARS: Final = range(max(1, settings().max_examples // 100))
_QUARTERS: Final = range(100, 100 + max(1, settings().max_examples // 50))


class Judged(NamedTuple):
    """A rolled stream, and the tables that the product makes of it."""

    case: Case
    tables: dict[str, Table]


@pytest.fixture(scope="module", params=[*_YEARS, *_QUARTERS])
def judged(desk: Desk, request: pytest.FixtureRequest) -> Judged:
    """A year, or three months in which more is rare; everything of them was assessed."""
    seed = int(request.param)
    begin = seed % (len(YEAR) - 2)
    case = rolled_case(seed) if seed in _YEARS else rolled_case(seed, YEAR[begin : begin + 3], rare=0.7)
    return Judged(case, desk.tables(case, seed=seed))


def test_every_result_equals_the_recount(judged: Judged) -> None:
    assert not differences(judged.case.recounted(), judged.tables)


def test_the_lines_of_a_bill_add_up_to_the_score_exactly(judged: Judged) -> None:
    for name in ("staff_months", "site_months", "site_quarters", "site_years"):
        assert any(row["score"] is not None for row in judged.tables[name].values()), name
    assert not unbalanced(judged.tables)


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
