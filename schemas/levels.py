"""The five levels of a rating (contract §1), in the contract's order, and which of them are bad (差评)."""

from __future__ import annotations

from typing import Final, Literal, get_args

Level = Literal["very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied"]

LEVELS: Final[tuple[Level, ...]] = get_args(Level)

# 云政办发〔2020〕6号 and 51号: the last two are 差评. Fixed by the contract, unlike the good levels, which are a rule.
BAD_LEVELS: Final[frozenset[str]] = frozenset({"dissatisfied", "very_dissatisfied"})

LEVEL_NAMES: Final[dict[Level, str]] = {
    "very_satisfied": "非常满意",
    "satisfied": "满意",
    "basically_satisfied": "基本满意",
    "dissatisfied": "不满意",
    "very_dissatisfied": "非常不满意",
}
