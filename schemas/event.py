"""An accepted event and a reject, as everything above the decoder sees them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Reason = Literal[
    "too_large", "not_utf8", "not_json", "not_an_event", "unknown_type", "invalid_field", "misplaced", "clock_ahead"
]  # fmt: skip


class Event(msgspec.Struct, gc=False):
    """One accepted event (contract §1). Times in epoch ms; an absent window or staff is the empty string.

    `offset` and `received_ms` are the broker's: position in the partition, and its timestamp.
    """

    offset: int
    received_ms: int
    id: str
    source: str
    type: str
    time_ms: int
    street: str
    site: str
    window: str
    staff: str
    data: dict[str, Any]


class Reject(msgspec.Struct, gc=False, frozen=True):
    """One refused message (contract §3): the first reason that applies, a sentence for people, the field's dotted path.

    `raw` are the original bytes; `path` is empty where the message as a whole is at fault.
    """

    offset: int
    received_ms: int
    reason: Reason
    detail: str
    path: str
    raw: bytes
