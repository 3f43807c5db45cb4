"""Accepted events, of which only what scores need is kept, since a quarter has millions."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Name = tuple[str, str]
"""(source, id)."""


@dataclass(slots=True, eq=False)
class Event:
    """What the envelope says. `order` sorts as (partition, offset) do; `time` is in epoch milliseconds."""

    order: int
    time: int
    kind: str
    street: str
    site: str
    window: str
    staff: str
    name: Name


@dataclass(slots=True, eq=False)
class TicketEvent(Event):
    """ticket.issued, ticket.called."""

    ticket: str


@dataclass(slots=True, eq=False)
class ServiceEvent(Event):
    """service.started, service.completed; what isn't said is '' or None."""

    service: str
    ticket: str
    item: str
    outcome: str
    promised: int | None


@dataclass(slots=True, eq=False)
class RatingEvent(Event):
    """rating.submitted."""

    rating: str
    service: str
    level: str
    default: bool
    again: bool
    """Round 2."""


@dataclass(slots=True, eq=False)
class OtherEvent(Event):
    """All others, with their data as sent; points are exact, as they are written."""

    data: dict[str, Any]

    def text(self, name: str) -> str:
        """A string of the data, '' where it is absent."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | Decimal | None:
        """A number of the data, None where it is absent."""
        value = self.data.get(name)
        return value if isinstance(value, int | Decimal) else None


def position(partition: int, offset: int) -> int:
    """(partition, offset) as one number."""
    return partition << 48 | offset
