"""Half-up, on exact numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sinks.reports.rounding import percent, rounded


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("94.995", "95.00"),
        ("94.994999", "94.99"),
        ("94.99499999", "94.99"),
        ("-94.995", "-95.00"),
        ("-94.994999", "-94.99"),
        ("-0.004", "0.00"),
        ("0.005", "0.01"),
        ("2.675", "2.68"),
        ("100", "100.00"),
        ("9999999999.99999999", "10000000000.00"),
    ],
)
def test_a_tie_goes_away_from_zero_and_nothing_else_does(value: str, text: str) -> None:
    assert rounded(Decimal(value)) == text


def test_a_share_is_rounded_as_per_cent() -> None:
    assert percent(Decimal("0.998765")) == "99.88%"
    assert percent(Decimal(2) / 3) == "66.67%"
