"""From what the topics hold to the columns of the base tables (sinks/schema/0001_base.sql), one list per column.

Personal data ends here: raters become hashes, free text is masked (schemas.privacy).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas.event import Event
from schemas.events import KNOWN_FIELDS
from schemas.moments import epoch_ms
from schemas.privacy import Privacy
from schemas.published import COUNTERS, LiveBucket, Notice, Rejected, bucket_start

Columns = dict[str, list[Any]]

EVENTS: Final = "event_log"
LIVE: Final = "live_log"
REJECTED: Final = "rejected_log"
NOTICES: Final = "notice_log"

# precedence = _LAST - position: ReplacingMergeTree keeps the largest, we want the earliest (partition, offset).
_LAST: Final = 2**64 - 1
_PARTITION_BITS: Final = 48

# Column of event_log by the field of data that fills it. `case` is a word of SQL's.
_FIELDS: Final = {
    "ticket": "ticket", "service": "service", "rating": "rating", "case_id": "case", "item": "item", "kind": "kind",
    "outcome": "outcome", "level": "level", "channel": "channel",
}  # fmt: skip
# Only fields that a type knows: others may hold anything.
_TAKEN: Final = {
    kind: tuple(field if field in known else "" for field in _FIELDS.values()) for kind, known in KNOWN_FIELDS.items()
}
_OWN: Final = ("source", "id", "type", "time_ms", "street", "site", "window", "staff", "offset", "received_ms")
_own = attrgetter(*_OWN)
_COUNTERS: Final = ("grain", "street", "site", "window", "version", *COUNTERS)
_counters = attrgetter(*_COUNTERS)
_encode = msgspec.json.Encoder().encode
_decode_bucket = msgspec.json.Decoder(LiveBucket).decode
_decode_rejected = msgspec.json.Decoder(Rejected).decode
_decode_notice = msgspec.json.Decoder(Notice).decode
_NOTICE: Final = ("id", "type", "time_ms", "street", "site", "window", "rating", "data")


def event_columns(events: Sequence[Event], partition: int, privacy: Privacy) -> Columns:
    """Rows of event_log for accepted events of one partition."""
    columns = _transpose(_OWN, map(_own, events))
    columns["partition"] = [partition] * len(events)
    first = _LAST - (partition << _PARTITION_BITS)
    columns["precedence"] = [first - event.offset for event in events]
    columns |= _transpose(_FIELDS, (_taken(event) for event in events))
    columns["data"] = [_json(privacy.clean(event.type, event.data)) for event in events]
    rated = [event.data if event.type == "rating.submitted" else {} for event in events]
    columns["round"] = [data.get("round") or 1 for data in rated]
    columns["rater_hash"] = [
        privacy.rater_hash(rater, event.received_ms) if (rater := data.get("rater")) else ""
        for event, data in zip(events, rated, strict=True)
    ]
    columns["promised_ms"] = [
        epoch_ms(promised) if event.type == "service.completed" and (promised := event.data.get("promised_by")) else 0
        for event in events
    ]
    return columns


def bucket_columns(values: Iterable[bytes]) -> Columns:
    """Rows of live_log for messages of `pingliu.metrics`."""
    buckets = [_decode_bucket(value) for value in values]
    columns = _transpose(_COUNTERS, map(_counters, buckets))
    columns["start"] = [bucket_start(bucket.bucket) for bucket in buckets]
    return columns


def rejected_columns(values: Iterable[bytes]) -> Columns:
    """Rows of rejected_log for messages of `pingliu.rejected`. Texts as bytes: `raw` may be no UTF-8."""
    rejects = [_decode_rejected(value) for value in values]
    names = Rejected.__struct_fields__
    return _transpose(names, (tuple(getattr(reject, name) for name in names) for reject in rejects))


def notice_columns(values: Iterable[bytes]) -> Columns:
    """Rows of notice_log for messages of `pingliu.notices`."""
    return _transpose(_NOTICE, (_noticed(_decode_notice(value)) for value in values))


def _noticed(notice: Notice) -> tuple[Any, ...]:
    place = (notice.street, notice.site, notice.window)
    rating = str(notice.data.get("rating") or "")
    return notice.id, notice.type, epoch_ms(notice.time), *place, rating, _json(notice.data)


def _taken(event: Event) -> tuple[str, ...]:
    get = event.data.get
    return tuple([(get(field) or "") if field else "" for field in _TAKEN[event.type]])


def _transpose(names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> Columns:
    names = list(names)
    columns = [list(column) for column in zip(*rows, strict=True)]
    return dict(zip(names, columns or [[] for _ in names], strict=True))


def _json(data: Mapping[str, Any]) -> bytes:
    try:
        return _encode(data)
    except OverflowError:  # an unknown field may hold an integer of any size
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
