"""A stream as a bad week delivers it: a tenth of it twice, a twentieth out of order, a hundredth malformed."""

from __future__ import annotations

import random
from collections.abc import Sequence

_REDELIVERED, _OUT_OF_ORDER, _MALFORMED = 0.10, 0.05, 0.01
# How many places later a message comes again, or comes at all.
_LATER = 200


def disturbed(lines: Sequence[bytes], seed: int = 7) -> list[bytes]:
    """The same for the same lines and seed. A malformed message is one more, not one instead."""
    dice = random.Random(seed)
    arrivals: list[tuple[float, bytes]] = []
    for place, line in enumerate(lines):
        late = dice.random() < _OUT_OF_ORDER
        arrivals.append((place + (dice.uniform(0, _LATER) if late else 0), line))
        if dice.random() < _REDELIVERED:
            arrivals.append((place + dice.uniform(0, _LATER), line))
        if dice.random() < _MALFORMED:
            arrivals.append((place, line[: dice.randrange(1, len(line))]))
    return [line for _, line in sorted(arrivals, key=lambda arrival: arrival[0])]
