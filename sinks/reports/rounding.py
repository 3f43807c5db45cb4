"""Exact numbers as the texts of a document. Nothing before this rounds; scores are compared unrounded."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

# Enough for an exact result before it is rounded: 18 digits of a score, and a sum over a district.
_DIGITS = 60


def rounded(value: Decimal, digits: int = 2) -> str:
    """Half-up, away from zero for negative numbers too (-94.995 is -95.00); never a negative zero."""
    with localcontext() as context:
        context.prec = _DIGITS
        result = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        return f"{abs(result) if result.is_zero() else result:f}"


def percent(share: Decimal) -> str:
    """A share of 1 as per cent."""
    return f"{rounded(share * 100)}%"
