"""Checks of codes and texts: the registry's, the tags', and what names or identifies a person."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, Final

from deploy.conformance.seen import Finding, Output
from schemas.events import KNOWN_FIELDS
from schemas.privacy import Privacy, mask
from schemas.tags import CURRENT_VERSION, VERSIONS, find_tag

# Only what may be kept is asked for, which takes no key.
_PRIVACY: Final = Privacy((), ())


def unregistered(output: Output) -> Iterator[Finding]:
    """A code that the registry doesn't know: the event counts, and is flagged. Each code is named once."""
    registry = output.registry
    told: set[tuple[str, str]] = set()
    for one in output.seen:
        event = one.event
        asked: list[tuple[str, str, Container[str]]] = [
            ("street", event.street, registry.streets),
            ("site", event.site, registry.sites),
            ("window", event.window, registry.windows),
            ("staff", event.staff, registry.staff),
            ("data.item", one.named("item"), registry.items),
            ("data.to_window", one.named("to_window"), registry.windows),
        ]
        if event.type == "rectification.verified":
            asked.append(("data.staff", one.named("staff"), registry.staff))
        if event.type == "conduct.recorded":
            known = {"staff": registry.staff, "window": registry.windows, "site": registry.sites}
            asked.append(("data.target_id", one.named("target_id"), known[one.named("target")]))
        for field, code, codes in asked:
            if code and code not in codes and (field, code) not in told:
                told.add((field, code))
                yield Finding(one.line, field, f"{code} is not in the registry")


def unknown_tag(output: Output) -> Iterator[Finding]:
    """A tag that the list of its version doesn't have, or a version of which there is no list: it has no text."""
    for line, version, _, code in _tags(output):
        if version not in VERSIONS:
            yield Finding(line, "data.tag_version", f"there is no list {version}")
        elif find_tag(code, version) is None:
            yield Finding(line, "data.tags", f"tag {code} is not in the list {version}")


def tag_of_another_level(output: Output) -> Iterator[Finding]:
    """A tag that belongs to another level than the rating's: often a level was turned round."""
    for line, version, level, code in _tags(output):
        tag = find_tag(code, version)
        if tag and tag.level != level:
            yield Finding(line, "data.tags", f"tag {code} is of {tag.level}, the rating is {level}")


def personal(output: Output) -> Iterator[Finding]:
    """Something that names or identifies a person in free text, in an id, or in a field that the contract doesn't know.

    It is masked before it is stored, but for ids; a rater belongs in `rater`.
    """
    for one in output.seen:
        event = one.event
        for field in ("id", "source", "staff"):
            if _is_personal(getattr(event, field)):
                yield Finding(one.line, field, "looks like a phone, identity-card or plate number")
        known = KNOWN_FIELDS[event.type]
        for field, value in event.data.items():
            if field == "rater":
                continue
            if _PRIVACY.clean(event.type, {field: value}) != {field: value} or _is_personal(value):
                what = "is personal" if field in known else "is personal, and no field of the contract"
                yield Finding(one.line, f"data.{mask(field)}", what)


def _is_personal(value: Any) -> bool:
    return isinstance(value, str) and mask(value) != value


def _tags(output: Output) -> Iterator[tuple[int, str, str, str]]:
    """Line, version of the list, level and code of every tag."""
    for one in output.seen:
        if one.event.type == "rating.submitted":
            version = one.named("tag_version") or CURRENT_VERSION
            for code in one.event.data.get("tags") or ():
                yield one.line, version, one.event.data["level"], code
