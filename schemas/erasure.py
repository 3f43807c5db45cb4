"""What stays of an event when the person behind it is forgotten: what figures are made of, and nothing else.

Of a rating the rater, the comment, and all that vendors add go; of what was said of a rating, its free text, which may
tell of the person. Ids, levels, tags, times and staff stay. What is erased stays as it is when it is erased again, and
it is the same whether erased before it was stored or after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.events import KNOWN_FIELDS
from schemas.privacy import Privacy

RATING: Final = "rating.submitted"
# What an erased text that a type requires becomes.
BLANK: Final = "***"
# What is taken away; and what becomes `BLANK`, for a type may not be without it.
_GONE: Final[Mapping[str, frozenset[str]]] = {
    RATING: frozenset({"rater", "comment"}),
    "rating.voided": frozenset({"document"}),
}
BLANKED: Final[Mapping[str, frozenset[str]]] = {
    "appeal.filed": frozenset({"ground"}),
    "rectification.extended": frozenset({"reason"}),
    "rectification.completed": frozenset({"measure"}),
}
# By type, what stays; of ratings, and of what is said of ratings. Other types are nobody's.
KEPT: Final[Mapping[str, frozenset[str]]] = {
    kind: known - _GONE.get(kind, frozenset()) for kind, known in KNOWN_FIELDS.items() if "rating" in known
}
_ENVELOPE: Final = frozenset(
    {"specversion", "id", "source", "type", "time", "street", "site", "window", "staff", "data"}
)
_encode = msgspec.json.Encoder().encode


def erased(kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stays of an event's data; the same object where that is all of it."""
    if kind not in KEPT:
        return data
    blanked = BLANKED.get(kind, frozenset())
    kept = {name: BLANK if name in blanked else value for name, value in data.items() if name in KEPT[kind]}
    return data if kept == data else kept


def erased_text(kind: str, data: str) -> str:
    """The same for data as they are stored: JSON, which may hold integers of any size."""
    value = json.loads(data)
    kept = erased(kind, value)
    return data if kept is value else _encoded(kept).decode()


def erased_message(raw: bytes) -> bytes:
    """What stays of an accepted event as it came; the same object where that is all of it."""
    event = json.loads(raw)
    return _with_data(raw, event, erased(event["type"], event["data"]))


def cleaned_message(raw: bytes, privacy: Privacy, at_ms: int) -> bytes:
    """An accepted event as we may publish it, and the same comes of it; the same object where it is so already.

    `at_ms`: when the broker got it, epoch ms.
    """
    event = json.loads(raw)
    return _with_data(raw, event, privacy.publishable(event["type"], event["data"], at_ms))


def _with_data(raw: bytes, event: dict[str, Any], data: Mapping[str, Any]) -> bytes:
    if data is event["data"] and event.keys() <= _ENVELOPE:
        return raw
    return _encoded({name: data if name == "data" else value for name, value in event.items() if name in _ENVELOPE})


def _encoded(value: Mapping[str, Any]) -> bytes:
    try:
        return _encode(value)
    except OverflowError:  # an unknown field may hold an integer of any size
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
