"""What checks look at, and what they find."""

from __future__ import annotations

from typing import NamedTuple

from schemas.event import Event
from schemas.registry import Registry


class Seen(NamedTuple):
    """An accepted event, the line (or record) it came on, from 1, and its time as it was written."""

    line: int
    event: Event
    written_time: str

    def named(self, field: str) -> str:
        """The text in a field of the data; '' without one."""
        value = self.event.data.get(field)
        return value if isinstance(value, str) else ""


class Finding(NamedTuple):
    """What a check found on a line: the field, empty where it is the event as a whole, and a sentence."""

    line: int
    field: str
    detail: str


class Output(NamedTuple):
    """A vendor's output as it is judged: its accepted events in order, and the district they are of."""

    seen: list[Seen]
    registry: Registry
