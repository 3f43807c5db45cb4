"""What a single JSON value must be.

A check answers None for a good value, else where in the value the fault is: '' for the value itself, '.2' for the
third of a list.
"""

import math
from collections.abc import Callable

from tests.recount.times import is_date, parse_time

Check = Callable[[object], str | None]


def _check(good: Callable[[object], bool]) -> Check:
    return lambda value: None if good(value) else ""


def is_integer(value: object) -> bool:
    """A whole number, written as one: neither 1.0 nor true."""
    return isinstance(value, int) and not isinstance(value, bool)


def text(shortest: int, longest: int | None) -> Check:
    """A string of so many characters."""
    return _check(
        lambda value: isinstance(value, str) and len(value) >= shortest and (longest is None or len(value) <= longest)
    )


def one_of(*words: str) -> Check:
    """One of a closed list of words."""
    return _check(lambda value: isinstance(value, str) and value in words)


def integer(least: int, most: int | None = None) -> Check:
    """A whole number within bounds."""
    return _check(
        lambda value: (
            isinstance(value, int) and is_integer(value) and least <= value and (most is None or value <= most)
        )
    )


def tags(value: object) -> str | None:
    """A list of at most 8 codes."""
    if not isinstance(value, list) or len(value) > 8:
        return ""
    for index, tag in enumerate(value):
        if ID(tag) is not None:
            return f".{index}"
    return None


ID = text(1, 64)
"""Ids, codes and names of deciders."""

TEXT = text(0, None)
"""Words for which the contract has no limit."""

NUMBER = _check(lambda value: is_integer(value) or (isinstance(value, float) and math.isfinite(value)))
BOOLEAN = _check(lambda value: isinstance(value, bool))
TIME = _check(lambda value: isinstance(value, str) and parse_time(value) is not None)
DATE = _check(lambda value: isinstance(value, str) and is_date(value))
OBJECT = _check(lambda value: isinstance(value, dict))
