"""Exact numbers: rounding, ranks and the few functions of docs/assessment.md."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

_DIGITS = 8
_UNIT = 10**_DIGITS

Exact = Fraction | Decimal | int
Key = TypeVar("Key")


def q(number: Exact) -> Decimal:
    """The number rounded half away from zero to 8 digits after the point."""
    return _decimal(int(rounded(number, _DIGITS) * _UNIT))


def rounded(number: Exact, digits: int) -> Fraction:
    """The number rounded half away from zero to so many digits after the point."""
    scaled = Fraction(number) * 10**digits
    return Fraction((1 if scaled >= 0 else -1) * math.floor(abs(scaled) + Fraction(1, 2)), 10**digits)


def shown(number: Exact) -> Fraction:
    """The number as it is displayed, and as sites are ranked by it: rounded half-up to 2 digits."""
    return Fraction(math.floor(Fraction(number) * 100 + Fraction(1, 2)), 100)


def half_up(number: Exact) -> int:
    """The nearest whole number, of two the greater."""
    return math.floor(Fraction(number) + Fraction(1, 2))


def held(number: Fraction, least: Fraction, most: Fraction) -> Fraction:
    """The number, or the bound it lies beyond."""
    return min(max(number, least), most)


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The exact sum of numbers of 8 digits."""
    return _decimal(sum(int(number.scaleb(_DIGITS)) for number in numbers))


def ranks(order: Mapping[Key, Any]) -> dict[Key, int]:
    """Competition ranks (1, 2, 2, 4); what is smaller in the order comes first."""
    first: dict[Any, int] = {}
    for place, value in enumerate(sorted(order.values()), start=1):
        first.setdefault(value, place)
    return {key: first[value] for key, value in order.items()}


def wilson(good: int, of: int, z: Fraction) -> Decimal:
    """The lower bound of a share, in floating point as the formula is written; 0 of none."""
    if of == 0:
        return q(0)
    width = float(z)
    root = math.sqrt(good * (of - good) / of + width * width / 4)
    bound = (good + width * width / 2 - width * root) / (of + width * width)
    return _decimal(math.floor(bound * 1e8 + 0.5))


def _decimal(units: int) -> Decimal:
    digits = tuple(int(digit) for digit in str(abs(units)))
    return Decimal((int(units < 0), digits, -_DIGITS))
