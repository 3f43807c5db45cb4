"""A body of records, through an adapter, to events and rejects: one `Converted` a record, in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from pydantic import ValidationError
from pydantic_core import to_json

from schemas.adapters import queueing, rating
from schemas.adapters.fault import Fault
from schemas.adapters.mapping import NAMES, SHIPPED, Field, Mappings
from schemas.adapters.placing import Origin
from schemas.adapters.record import Record
from schemas.adapters.splitting import parse, split
from schemas.decoding import MAX_BYTES
from schemas.event import Reason
from schemas.events import ONE

_EVENTS: Final[dict[str, Callable[[Record, Origin, Mappings], list[dict[str, Any]]]]] = {
    name: queueing.events_of if name == "queue" else rating.events_of for name in NAMES
}
_OPTIONAL: Final = ("window", "staff")


class UnknownAdapter(KeyError):  # noqa: N818 - whoever asks is at fault, not the program
    """There is no adapter of that name."""


class Converted(NamedTuple):
    """What became of one record: its events, or why there are none.

    `raw`: the record as it came. `reject`: a reason of contract §3, the path in the vendor's record ('' where it is at
    fault as a whole), a sentence for people; None where there are events.
    """

    raw: bytes
    events: tuple[dict[str, Any], ...]
    reject: tuple[Reason, str, str] | None


def convert(name: str, body: bytes, origin: Origin, mappings: Mappings = SHIPPED) -> list[Converted]:
    """The records of a body, converted: one JSON object, an array of them, or one a line. Raises UnknownAdapter.

    An event is complete but for what only its judge knows (the clock); it is a dictionary that JSON can say.
    """
    if name not in _EVENTS:
        raise UnknownAdapter(name)
    return [_convert(name, raw, origin, mappings) for raw in split(body, mappings.tables[name].forms)]


def _convert(name: str, raw: bytes, origin: Origin, mappings: Mappings) -> Converted:
    mapping = mappings.tables[name]
    try:
        record = Record(name, parse(raw, mapping.forms), mapping)
        source = origin.source or f"adapter/{name}"
        events = [_checked(event, source, record) for event in _EVENTS[name](record, origin, mappings)]
    except Fault as fault:
        return Converted(raw, (), (fault.reason, fault.path, fault.detail))
    return Converted(raw, tuple(events), None)


def _checked(event: dict[str, Any], source: str, record: Record) -> dict[str, Any]:
    """The event with its envelope, as the contract wants it. Raises Fault for what it refuses, by the vendor's name."""
    given = {name: value for name, value in event.items() if value or name not in _OPTIONAL}
    complete = {"specversion": "1.0", "source": source, **given}
    said = to_json(complete)
    if len(said) > MAX_BYTES:
        raise Fault("too_large", "", f"its event has {len(said)} bytes; at most {MAX_BYTES} are taken")
    try:
        ONE.validate_json(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # The union puts its tag first; an element of a list is its field's fault.
        ours = next(str(part) for part in reversed(first["loc"]) if isinstance(part, str))
        # Our ids always fit; the fields that may not are called alike in the mappings.
        path = record.path(cast(Field, ours))
        raise Fault("invalid_field", path, f"{path}: {first['msg']}") from error
    return complete
