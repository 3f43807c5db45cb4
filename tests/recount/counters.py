"""The counters of a bucket (CONTRACT §5), as plain dicts of integers."""

from typing import TypeVar

from tests.recount.rules import LEVELS, Rules

WINDOW_COUNTERS = (
    "calls",
    "abandoned",
    "services",
    "ratings",
    *LEVELS,
    "points",
    "duplicates",
    "wait_ms_sum",
    "wait_count",
    "handle_ms_sum",
    "handle_count",
    "rectifications_opened",
)
STREET_COUNTERS = ("tickets", *WINDOW_COUNTERS)
FACT_COUNTERS = tuple(name for name in STREET_COUNTERS if name != "duplicates")

Counters = dict[str, int]

Key = TypeVar("Key")


def add(table: dict[Key, Counters], key: Key, names: tuple[str, ...], amounts: Counters) -> None:
    """Add the amounts to a bucket, which begins with every one of its counters at 0."""
    bucket = table.setdefault(key, dict.fromkeys(names, 0))
    for name, amount in amounts.items():
        bucket[name] += amount


def of_rating(level: str, rules: Rules) -> Counters:
    """What an effective rating counts: itself, its level, its points and, where it is bad, its rectification."""
    amounts = {"ratings": 1, level: 1, "points": rules.points_of(level)}
    if level in rules.bad_levels:
        amounts["rectifications_opened"] = 1
    return amounts
