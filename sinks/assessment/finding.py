"""What verification finds, and how many of a kind it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

# What was touched: a rule or reference table, the chain of seals, what a seal stores, an event, a result.
What = Literal["rule", "chain", "seal", "fact", "result"]
NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that isn't as it must be. `place`: the table; `detail`: which row, and how it differs."""

    what: What
    place: str
    detail: str
