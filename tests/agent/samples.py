"""Events of one terminal, for tests."""

from __future__ import annotations

from typing import Any

from streams.agent import event
from streams.agent.event import Draft, draft_of

SOURCE = "terminal/DG-1"
STREET, SITE, WINDOW = "530102001", "530102001-00", "530102001-00-03"


def ticket(number: int | str, **changes: Any) -> dict[str, Any]:
    """A ticket is issued; the event's id is the ticket's."""
    given = {"id": f"{number}", "street": STREET, "site": SITE, "window": WINDOW, **changes}
    return event("ticket.issued", {"ticket": f"T{number}"}, **given)


def heartbeat(number: int) -> dict[str, Any]:
    data = {"device": "DG-1", "kind": "rating", "backlog": number}
    return event("device.heartbeat", data, id=f"beat-{number}", street=STREET, site=SITE)


def draft(given: dict[str, Any]) -> Draft:
    return draft_of(given, SOURCE)
