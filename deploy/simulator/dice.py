"""Seeded chance: dice that depend on nothing but their names, and tables to draw from at the cost of one throw."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Final, TypeVar

Dice = Random
T = TypeVar("T")

_PLACES: Final = 1_000


def dice_of(*names: object) -> Dice:
    """Dice for a seed and what they are thrown for. A text seeds by its SHA-512: the same in every process."""
    return Random("/".join(str(name) for name in names))


def table(weighted: Iterable[tuple[T, float]]) -> tuple[T, ...]:
    """About 1,000 places shared out by weight, each choice having at least one: `pick` draws in constant time."""
    choices = list(weighted)
    total = sum(weight for _, weight in choices)
    return tuple(choice for choice, weight in choices for _ in range(max(1, round(weight / total * _PLACES))))


def pick(dice: Dice, choices: tuple[T, ...]) -> T:
    """One of the choices; several times faster than `Random.choice`."""
    return choices[int(dice.random() * len(choices))]


def poisson(dice: Dice, mean: float) -> int:
    """How many of many independent visitors come. Normal approximation, fair from a mean of about 5 on."""
    return max(0, round(dice.gauss(mean, mean**0.5)))
