"""A reject as it is published: personal data masked, its original bytes sealed, named by its place."""

from __future__ import annotations

import msgspec

from schemas.event import Reject
from schemas.privacy import mask, mask_raw
from schemas.published import Rejected
from schemas.secret import Seal
from streams.topics import REJECTED
from streams.transport.record import Entry

_encode = msgspec.json.Encoder().encode


def entry_of_reject(reject: Reject, topic: str, partition: int, seal: Seal, now_ms: int) -> Entry:
    """The record on `pingliu.rejected`, in the partition of the message that was refused.

    Its key is the message's place, so that the same reject again replaces itself.
    """
    place = place_of(topic, partition, reject.offset)
    rejected = Rejected(
        reason=reject.reason,
        detail=mask(reject.detail),
        path=reject.path,
        raw=mask_raw(reject.raw),
        sealed=seal.close(reject.raw, place),
        topic=topic,
        partition=partition,
        offset=reject.offset,
        received_ms=reject.received_ms,
    )
    return Entry(REJECTED, partition, now_ms, place.encode(), _encode(rejected))


def place_of(topic: str, partition: int, offset: int) -> str:
    """The place of a refused message, as `pingliu rejected` takes it."""
    return f"{topic}/{partition}/{offset}"
