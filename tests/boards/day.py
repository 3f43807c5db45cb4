"""A day of the district as it comes in: simulated, and a story besides, so that no board has an empty table."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from deploy.district import FOLDER
from deploy.simulator import simulate
from schemas.live import Live
from schemas.moments import SHANGHAI
from schemas.registry import Registry
from tests.examples import event

FROM: Final = datetime(2026, 10, 12, tzinfo=SHANGHAI)
TO: Final = FROM + timedelta(days=1)
MORNING: Final = FROM + timedelta(hours=9)
# After all that is simulated, so that nothing of it comes late.
EVENING: Final = FROM + timedelta(hours=22)
# Of one event that comes with the day, too late for live figures.
LATE: Final = FROM - timedelta(days=11)
STREET: Final = "530102001"
SITE: Final = "530102001-00"
ANOTHER_SITE: Final = "530102001-01"
WINDOW: Final = "530102001-00-03"
# Where a bad rating of this moment is told to people; no other street is.
TOLD: Final = "530102002"
_SCALE: Final = 0.05
# More than the alert's limit is flagged: from the fourth rating of one rater at a window on.
_BY_ONE_RATER: Final = 26


def simulated() -> list[bytes]:
    """The devices' messages of the day."""
    return list(simulate(Registry.load(FOLDER), FROM.date(), 1, 3, _SCALE))


def story() -> list[bytes]:
    """What a quiet day lacks: bad ratings and what becomes of them, suspicions, a crowd, and an event too late."""
    told = [
        _said("rating.submitted", f"bad-{n}", rating=f"B-{n}", service=f"V-B-{n}", level=level, comment="")
        for n, level in enumerate(("dissatisfied", "very_dissatisfied", "dissatisfied", "dissatisfied"))
    ]
    told += [
        _said("rectification.contacted", "c-0", rating="B-0"),
        _said("rectification.verified", "v-0", rating="B-0"),
        _said("rectification.completed", "d-0", rating="B-0"),
        _said("rectification.revisited", "r-0", rating="B-0"),
        _said("rectification.contacted", "c-1", rating="B-1"),
        _said("rating.voided", "void-2", rating="B-2"),
    ]
    told += [
        _said("rating.submitted", f"same-{n}", rating=f"S-{n}", service=f"V-S-{n}", level="satisfied", comment="")
        for n in range(_BY_ONE_RATER)
    ]
    told += [
        _said("ticket.issued", f"crowd-{site}-{n}", ticket=f"C-{site}-{n}", site=site, window=f"{site}-01")
        for site in (SITE, ANOTHER_SITE)
        for n in range(Live().congested_waiting)
    ]
    # A queue is congested when it has been so for some minutes of the street's time.
    steady = EVENING + timedelta(minutes=Live().steady_minutes + 1)
    told.append(event("window.opened", id="steady", time=steady.isoformat(), street=STREET, site=SITE, window=WINDOW))
    late = event("service.completed", id="late", service="V-late", time=(LATE + timedelta(hours=10)).isoformat())
    return [*map(_encode, told), _encode(late)]


def bad_now() -> bytes:
    """A bad rating of this moment: what is weeks old is told to nobody."""
    site = f"{TOLD}-00"
    now = datetime.now(SHANGHAI).isoformat(timespec="seconds")
    return _encode(event("rating.submitted", id="now", time=now, street=TOLD, site=site, window=f"{site}-01"))


def refused() -> list[bytes]:
    """What is no event."""
    return [b"no json", b"{}"]


def _said(kind: str, name: str, **changes: str) -> dict[str, object]:
    place = {"street": STREET, "site": SITE, "window": WINDOW}
    return event(kind, id=name, time=EVENING.isoformat(), **place | changes)


def _encode(message: dict[str, object]) -> bytes:
    return json.dumps(message).encode()
