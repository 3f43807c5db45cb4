"""Ids for events that come without one: they grow, and none is ever given twice.

An id is 128 bits in 26 letters and digits: 48 of the moment, 80 of chance. The last one that was given is kept with the
event that has it; where the clock has not moved since, or was set back, the next id is the last and one more.
"""

from __future__ import annotations

from typing import Final

# Crockford's base 32: without the letters that are read as digits. It sorts as the numbers do.
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_LENGTH: Final = 26
CHANCE_BITS: Final = 80


def next_id(last: str, now_ms: int, chance: int) -> str:
    """The id after `last` ('' for the first). `now_ms`: epoch ms; `chance`: a random number of `CHANCE_BITS` bits."""
    return _text(max((now_ms << CHANCE_BITS) | chance, _number(last) + 1))


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number << 5 | _VALUES[digit]
    return number


def _text(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
