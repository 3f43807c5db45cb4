"""Small cases written by hand: events of one day in March 2026, and what of the rules is otherwise."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

from tests.assessment.arrivals import Said, arrived
from tests.assessment.desk import Case
from tests.assessment.rolled_rules import toml
from tests.assessment.streams import PARTITIONS

_RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    "staff_month": {"min_duty_days": 0, "min_services": 0},
    "assessment": {"blend_ratings": 1},
}


def case_of(*said: Said, rules: Mapping[str, Mapping[str, Any]] | None = None) -> Case:
    """Events in the order in which they are given, each once."""
    messages, beats = arrived(said, PARTITIONS, random.Random(0), strays=False, repeats=0)
    return Case(messages, beats, [toml({**_RULES, **(rules or {})})])


def event(kind: str, place: str, /, *, staff: str = "", time: str = "2026-03-03T10:00:00+08:00", **data: Any) -> Said:
    """`place`: a window, or a site. No two may say the same."""
    body: dict[str, Any] = {
        "specversion": "1.0", "id": f"{kind} {time} {'/'.join(map(str, data.values()))}"[:64], "source": place,
        "type": kind, "time": time, "street": place[:9], "site": place[:12], "data": data,
    }  # fmt: skip
    optional = {"window": place if len(place) > 12 else "", "staff": staff}
    return Said(0, {**body, **{name: value for name, value in optional.items() if value}})
