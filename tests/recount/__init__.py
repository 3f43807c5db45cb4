"""A second, independent count of every public figure, straight from the raw messages.

It follows docs/semantics.md and the contract, shares no code with the product, and is as plain as can be: the tests
hold the product to it.
"""

from tests.recount.facts import Facts, facts
from tests.recount.live import LiveFigures, live
from tests.recount.messages import Accepted, Event, Rejected, accepted_events, judge
from tests.recount.rules import Message, Registry, Rules
from tests.recount.suspicions import Flag, Suspicion, flags
from tests.recount.totals import Totals, totals

__all__ = [
    "Accepted",
    "Event",
    "Facts",
    "Flag",
    "LiveFigures",
    "Message",
    "Registry",
    "Rejected",
    "Rules",
    "Suspicion",
    "Totals",
    "accepted_events",
    "facts",
    "flags",
    "judge",
    "live",
    "totals",
]
