"""What holds of any results: bounds, sums, that better ratings harm nobody, that how events came is of no importance.

An example costs the engine seconds, so each is a whole district's, with everybody in it; HYPOTHESIS_EXAMPLES has more.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.assessment.arrivals import Said, arrived
from tests.assessment.desk import Case, Desk
from tests.assessment.district import STREETS
from tests.assessment.expected import Table, differences, unbalanced
from tests.assessment.rolled_rules import rolled_rules
from tests.assessment.streams import PARTITIONS, rolled
from tests.recount.rules import LEVELS

_MONTH: Final = "2026-03"
_QUARTER: Final = ("2026-02", "2026-03")
# The domain's maxima (§6.4, §6.7), which rule sets that are rolled without anything rare leave as they are.
_STAFF_MOST: Final = {"rating": 40, "efficiency": 20, "discipline": 20, "service": 20, "bonus": 10}
_SITE_MOST: Final = {
    "rating": 30, "participation": 10, "closing": 20, "efficiency": 15, "opening": 10, "quality": 10, "patrol": 5,
    "bonus": 5,
}  # fmt: skip


def _of_all(share: int) -> settings:
    """One of so many of the examples that are usual; none is made smaller, which would take an hour."""
    return settings(
        max_examples=max(1, settings().max_examples // share),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow],
    )


_few, _fewer = _of_all(25), _of_all(50)
_seeds = st.integers(min_value=0, max_value=2**32)


@_few
@given(seed=_seeds, share=st.sampled_from((0.05, 0.3, 1.0)))
def test_scores_are_within_their_bounds_and_better_ratings_lower_nobody_s(desk: Desk, seed: int, share: float) -> None:
    dice = random.Random(seed)
    rules, said = [rolled_rules(dice, rare=0)], rolled(dice, (_MONTH,))
    better = list(_improved(said, random.Random(seed), share))
    scores = []
    for events in (said, better):
        case = Case(*arrived(events, PARTITIONS, random.Random(seed), strays=False), rules)
        tables = desk.tables(case, (_MONTH,))
        _are_within_bounds(tables)
        scores.append(
            {key: row["score"] for name in ("staff_months", "site_months") for key, row in tables[name].items()}
        )
    assert {key: (before, scores[1][key]) for key, before in scores[0].items() if scores[1][key] < before} == {}


@_fewer
@given(seed=_seeds, numbers=st.lists(st.integers(0, 2), min_size=len(STREETS), max_size=len(STREETS)))
def test_no_result_depends_on_how_events_came(desk: Desk, seed: int, numbers: list[int]) -> None:
    """Streets in other partitions and interleaved otherwise, other redeliveries and batches; a street's order stays."""
    dice = random.Random(seed)
    rules, said = [rolled_rules(dice)], rolled(dice, _QUARTER)
    one = Case(*arrived(said, PARTITIONS, random.Random(1), strays=False, repeats=0), rules)
    partitions = dict(zip(STREETS, numbers, strict=True))
    other = Case(*arrived(said, partitions, random.Random(2), strays=False, repeats=0.2), rules)
    tables = desk.tables(one, ("2026-Q1",), seed=1)
    assert not differences(tables, desk.tables(other, ("2026-Q1",), seed=2))
    assert not unbalanced(tables)


def _are_within_bounds(tables: dict[str, Table]) -> None:
    for name, most in (("staff_months", _STAFF_MOST), ("site_months", _SITE_MOST)):
        for row in tables[name].values():
            assert 0 <= row["score"] <= sum(most.values()), row
            for block, points in most.items():
                assert 0 <= row[f"{block}_points"] <= points, (block, row)


def _improved(said: Sequence[Said], dice: random.Random, share: float) -> Iterator[Said]:
    """The same events, but a share of the ratings better.

    Left out is what is more than a rating: a bad one about which something was done or decided (that would be gone with
    it), and one that is an incident (another deduction would take its place).
    """
    spoken_of = {one.body["data"]["rating"] for one in said if str(one.body["type"]).startswith("rectification.")}
    spoken_of |= {one.body["data"].get("incident") for one in said}
    for one in said:
        data = one.body["data"]
        if one.body["type"] == "rating.submitted" and data["rating"] not in spoken_of and dice.random() < share:
            better = dice.choice(LEVELS[: LEVELS.index(data["level"]) + 1])
            yield replace(one, body={**one.body, "data": {**data, "level": better}})
        else:
            yield one
