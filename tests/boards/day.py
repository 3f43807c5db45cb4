"""A day of the district as it comes in: simulated, and a story besides, so that no board has an empty table."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from deploy.district import FOLDER
from deploy.simulator import simulate
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
WINDOW: Final = "530102001-00-03"
_SCALE: Final = 0.05
# More than the alert's limit is flagged: from the fourth rating of one rater at a window on.
_BY_ONE_RATER: Final = 26


def simulated() -> list[bytes]:
    """The devices' messages of the day."""
    return list(simulate(Registry.load(FOLDER), FROM.date(), 1, 3, _SCALE))


def story() -> list[bytes]:
    """What a quiet day lacks: bad ratings and what becomes of them, suspicions, and an event that is too late."""
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
    late = event("service.completed", id="late", service="V-late", time=(LATE + timedelta(hours=10)).isoformat())
    return [*map(_encode, told), _encode(late)]


def refused() -> list[bytes]:
    """What is no event."""
    return [b"no json", b"{}"]


def _said(kind: str, name: str, **changes: str) -> dict[str, object]:
    return event(kind, id=name, time=EVENING.isoformat(), street=STREET, site=SITE, window=WINDOW, **changes)


def _encode(message: dict[str, object]) -> bytes:
    return json.dumps(message).encode()
