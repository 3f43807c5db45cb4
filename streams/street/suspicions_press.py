"""A rating as suspicions look at it, and the notice that flags one (domain §6.3). A flag voids nothing."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.moments import iso
from schemas.published import FLAGGED, Notice
from schemas.rules import SuspicionRule

# How many ratings a flag names; the first ones, so that it reads the same whenever it is said again.
EVIDENCE_MOST: Final = 10
# A stream time that is never reached.
NEVER_MS: Final = 2**62


class Press(msgspec.Struct, array_like=True, gc=False):
    """An effective rating that is in time. Times in epoch ms; absent texts are ''.

    `site` and `window` are those that it counts for; `due_ms`: when it is judged, where that takes waiting.
    """

    rating: str
    service: str
    time_ms: int
    site: str
    window: str
    staff: str
    due_ms: int = 0


def flag(
    street: str, rule: SuspicionRule, press: Press, evidence: list[str], *, count: int, source: str = ""
) -> Notice:
    """The notice that a rating is flagged for a rule. `evidence`: what makes it so, of `count` ratings the first."""
    data: dict[str, Any] = {"rule": rule, "rating": press.rating, "staff": press.staff, "count": count}
    if source:
        data["source"] = source
    data["evidence"] = evidence[:EVIDENCE_MOST]
    identity = f"flag/{rule}/{street}/{press.rating}"
    return Notice(identity, FLAGGED, iso(press.time_ms), street, press.site, press.window, data)
