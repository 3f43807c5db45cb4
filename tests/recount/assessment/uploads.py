"""Which events came late: more than some hours behind an earlier event of their street."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from tests.recount.assessment.events import Name
from tests.recount.assessment.month import MonthFacts
from tests.recount.rules import HOUR
from tests.recount.times import midnight_after

_LOOKED_AT = timedelta(days=8)


@dataclass
class Uploads:
    """The number of a month's events by site, and the late ones."""

    events: Counter[str] = field(default_factory=Counter)
    late: dict[str, list[Name]] = field(default_factory=dict)


def uploads_of(facts: MonthFacts) -> Uploads:
    """Heartbeats are aside, as late ones and as earlier ones."""
    begin, end = facts.month.begin_ms, facts.month.end_ms
    until = midnight_after(facts.month.last + _LOOKED_AT)
    behind = facts.rules.site_month.upload_hours * HOUR
    newest: dict[str, int] = {}
    uploads = Uploads()
    for event in facts.log.events:
        time = event.time
        if not begin <= time < until or event.kind == "device.heartbeat":
            continue
        seen = newest.get(event.street, 0)
        if time > seen:
            newest[event.street] = time
        if time < end:
            uploads.events[event.site] += 1
            if seen - time > behind:
                uploads.late.setdefault(event.site, []).append(event.name)
    for names in uploads.late.values():
        names.sort()
    return uploads
