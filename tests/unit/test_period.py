"""Periods: their names, their days, and what lies beside them."""

from __future__ import annotations

from datetime import date

import pytest

from sinks.assessment.period import Period, PeriodError


@pytest.mark.parametrize(
    ("text", "first", "last", "previous", "following", "months"),
    [
        ("2026-09", date(2026, 9, 1), date(2026, 9, 30), "2026-08", "2026-10", 1),
        ("2026-01", date(2026, 1, 1), date(2026, 1, 31), "2025-12", "2026-02", 1),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "2026-Q3", "2027-Q1", 3),
        ("2024", date(2024, 1, 1), date(2024, 12, 31), "2023", "2025", 12),
    ],
)
def test_a_period_knows_its_days_and_neighbours(
    text: str, first: date, last: date, previous: str, following: str, months: int
) -> None:
    period = Period.parse(text)
    assert period.text == text
    assert (period.first_day, period.last_day) == (first, last)
    assert (period.previous.text, period.next.text) == (previous, following)
    assert len(period.months) == months
    assert period.months[0].first_day == first


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-Q5", "2026-9", "1026", "2026-09-01", "", "二〇二六"])
def test_what_is_no_period_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(PeriodError, match="2026-Q3"):
        Period.parse(text)


def test_a_period_of_another_kind_is_refused_with_an_example_of_the_right_one() -> None:
    with pytest.raises(PeriodError, match="a month like 2026-09 is expected"):
        Period.parse("2026-Q3", "month")
