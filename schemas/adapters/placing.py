"""Where a record is from: what its device is bound to, and else what the record says, by the district's places."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from schemas.adapters.fault import Fault
from schemas.adapters.mapping import FILE, Field, Mappings, Place
from schemas.adapters.record import Record

# A site's code begins with its street's (contract §1).
_SITE: Final = re.compile(r"[0-9]{9}.+")
_STREET_DIGITS: Final = 9


class Origin(NamedTuple):
    """What the device that sent the records is bound to, and the source it speaks under; '' where there is none."""

    street: str
    site: str
    window: str
    source: str


def place(record: Record, origin: Origin, mappings: Mappings) -> Place:
    """The record's place; what the device is bound to goes before what the record says. Raises Fault.

    A code is looked up as SITE/CODE, as CODE, and in the registry; without a registry a code of our own form stands for
    itself.
    """
    if origin.window:
        return Place(origin.street, origin.site, origin.window)
    home = Place(origin.street, origin.site, "")
    if not origin.site and record.text("site").strip():
        home = _find(record, "site", home, mappings)
    if record.text("window").strip():
        found = _find(record, "window", home, mappings)
        if home.site and found.site != home.site:
            path = record.path("window")
            raise Fault("misplaced", path, f"{path}: {found.site} is not the record's site, {home.site}")
        home = found
    if origin.street and home.street != origin.street:
        path = record.path("site")
        raise Fault("misplaced", path, f"{path}: {home.street} is not the device's street, {origin.street}")
    if not home.site:
        path = record.path("site")
        raise Fault("invalid_field", path, f"{path}: no site is known, neither the device's nor the record's")
    return home


def window_of(record: Record, field: Field, home: Place, mappings: Mappings) -> str:
    """A window that a record names beside its own. Raises Fault."""
    record.need(field)
    return _find(record, field, home, mappings).window


def _find(record: Record, field: Field, home: Place, mappings: Mappings) -> Place:
    code, path = record.need(field), record.path(field)
    said = record.mapping.places
    ours = said.get(f"{home.site}/{code}", said.get(code, code))
    found = mappings.places.get(ours)
    if found is None and not mappings.places and field == "site" and _SITE.fullmatch(ours):
        found = Place(ours[:_STREET_DIGITS], ours, "")
    if found is None and field != "site" and home.site and ours.startswith(home.site) and ours != home.site:
        found = Place(home.street, home.site, ours)
    if found is None or (field != "site" and not found.window):
        kind = "site" if field == "site" else "window"
        detail = f"{path}: {code[:40]} is no known {kind}; [{record.name}.places] of {FILE} may say which it is"
        raise Fault("invalid_field", path, detail)
    return found
