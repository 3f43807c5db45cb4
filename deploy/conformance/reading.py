"""A vendor's output, as bytes, to messages with their lines: an event a line (NDJSON), a JSON array, or a dialect."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from deploy.mistake import Mistake
from schemas.adapters import NAMES, Mappings, Origin, UnknownAdapter, convert
from schemas.event import Reason
from schemas.registry import Registry

_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Sent(NamedTuple):
    """One message to be judged, on its line (or record) from 1."""

    line: int
    raw: bytes


class NotRead(NamedTuple):
    """A record that its dialect's adapter refused: reason, path in the record, and a sentence."""

    line: int
    reason: Reason
    path: str
    detail: str


def read_events(body: bytes) -> list[Sent]:
    """The messages of NDJSON or of one JSON array; blank lines are none. Raises Mistake for an array that breaks."""
    if body.lstrip()[:1] == b"[":
        return _items(body)
    lines = enumerate(body.split(b"\n"), start=1)
    return [Sent(number, line.rstrip(b"\r")) for number, line in lines if line.strip()]


def _items(body: bytes) -> list[Sent]:
    try:
        items = _ITEMS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Mistake(f"it begins like a JSON array, and is none: {error}") from error
    sent: list[Sent] = []
    line, at = 1, 0
    for item in map(bytes, items):
        # They come in order, with nothing but commas and blanks between: the next that reads so is the item.
        begins = body.index(item, at)
        line += body.count(b"\n", at, begins)
        sent.append(Sent(line, item))
        line += item.count(b"\n")
        at = begins + len(item)
    return sent


def read_records(body: bytes, dialect: str, origin: Origin, mappings: Mappings) -> tuple[list[Sent], list[NotRead]]:
    """The events of a vendor's records, and the records that aren't read; their lines are the records' numbers.

    Raises Mistake for a dialect that no adapter reads.
    """
    sent: list[Sent] = []
    not_read: list[NotRead] = []
    try:
        records = convert(dialect, body, origin, mappings)
    except UnknownAdapter as error:
        raise Mistake(f"--dialect: {dialect}: no adapter reads it, only {', '.join(NAMES)}") from error
    for number, record in enumerate(records, start=1):
        if record.reject is not None:
            not_read.append(NotRead(number, *record.reject))
        sent += [Sent(number, msgspec.json.encode(event)) for event in record.events]
    return sent, not_read


def origin_of(window: str, registry: Registry) -> Origin:
    """Where records come from that don't say it: a window, or '' for nowhere. Raises Mistake for an unknown one."""
    if not window:
        return Origin("", "", "", "")
    if window not in registry.windows:
        raise Mistake(f"--window: {window} is not in the registry")
    site = registry.sites[registry.windows[window].site]
    return Origin(site.street, site.code, window, "")
