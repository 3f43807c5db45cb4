"""The lines of ratings, of people and of sites alike: full points, what each level loses, and the blend."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.recount.assessment.bill import Bill
from tests.recount.assessment.facts import Rating
from tests.recount.assessment.month import MonthFacts
from tests.recount.rules import LEVELS


@dataclass
class Pool:
    """Sum of points and number of the ratings of all who are compared."""

    points: int = 0
    number: int = 0

    def take(self, facts: MonthFacts, ratings: Iterable[Rating]) -> None:
        for rating in ratings:
            self.points += facts.points(rating.level)
            self.number += 1


def rate(bill: Bill, facts: MonthFacts, ratings: list[Rating], pool: Pool, factor: Fraction, most: Fraction) -> None:
    """Block `rating`."""
    best = max(facts.rules.rating.points.values())
    number, least = len(ratings), facts.rules.assessment.blend_ratings
    bill.full("rating", "rating", factor * best, [rating.name for rating in ratings])
    for level in LEVELS:
        names = [rating.name for rating in ratings if rating.level == level]
        lost = best - facts.points(level)
        if names and lost > 0:
            points = -factor * lost * len(names) / max(number, least)
            bill.add("rating", f"rating.{level}", points, len(names), number, names)
    if number < least and pool.number > 0:
        missing = least - number
        points = -factor * Fraction(missing, least) * (best - Fraction(pool.points, pool.number))
        bill.add("rating", "rating.blend", points, missing, least)
    bill.close("rating", most)
