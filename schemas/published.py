"""What pingliu publishes: the messages of `pingliu.metrics`, `pingliu.notices` and `pingliu.rejected`, as JSON.

All are upserts with a key: the same key again replaces, or repeats. Counters that are 0 are left out of a bucket.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import msgspec

from schemas.levels import LEVELS
from schemas.moments import MINUTE, iso, to_date, to_day

GRAINS: Final = ("window_minutes", "window_days", "street_minutes", "street_days")

# The counters of a bucket, in the order of its list in a street's state. Times are in milliseconds.
COUNTERS: Final = (
    "tickets", "calls", "abandoned", "services", "ratings", *LEVELS, "points", "duplicates",
    "wait_ms", "wait_count", "handle_ms", "handle_count", "rectifications_opened",
)  # fmt: skip


class LiveBucket(msgspec.Struct, omit_defaults=True, gc=False):
    """One live bucket on `pingliu.metrics`, true for the street's events below offset `version`.

    `bucket`: start of the minute (RFC 3339, +08:00) or the date, Asia/Shanghai. site and window are empty in the
    street's own.
    """

    grain: str
    street: str
    bucket: str
    version: int
    site: str = ""
    window: str = ""
    tickets: int = 0
    calls: int = 0
    abandoned: int = 0
    services: int = 0
    ratings: int = 0
    very_satisfied: int = 0
    satisfied: int = 0
    basically_satisfied: int = 0
    dissatisfied: int = 0
    very_dissatisfied: int = 0
    points: int = 0
    duplicates: int = 0
    wait_ms: int = 0
    wait_count: int = 0
    handle_ms: int = 0
    handle_count: int = 0
    rectifications_opened: int = 0


# A notice that ratings are suspicious (刷评、诱导疑点).
FLAGGED: Final = "rating.flagged"


class Notice(msgspec.Struct, frozen=True):
    """One notice on `pingliu.notices`: what supervisors must hear of. Said again, it has the same `id`.

    `time`: RFC 3339, the moment it is about. No personal data in it. `data` of `rating.flagged`: `rule`, `rating` (''
    of a month), `staff`, `count` of ratings, `evidence` (the first of them), and `source` or `of` (services).
    """

    id: str
    type: str
    time: str
    street: str
    site: str
    window: str
    data: dict[str, Any]


class Rejected(msgspec.Struct, frozen=True):
    """One reject on `pingliu.rejected`. `raw` has personal data masked; `sealed` are the original bytes, encrypted.

    Both are base64 in the JSON. `received_ms` is the broker's timestamp, epoch ms.
    """

    reason: str
    detail: str
    path: str
    raw: bytes
    sealed: bytes
    topic: str
    partition: int
    offset: int
    received_ms: int


_names: dict[tuple[bool, int], str] = {}
_starts: dict[str, int] = {}
# Some thousand minutes are live at a time; the bound keeps a hostile stream from growing the tables.
_KEPT: Final = 50_000


def bucket_name(grain: str, start: int) -> str:
    """The name of a bucket's start: minutes since 1970 (UTC) or days since 1970 (Shanghai), by grain."""
    key = grain.endswith("days"), start
    name = _names.get(key)
    if name is None:
        if len(_names) >= _KEPT:
            _names.clear()
        name = _names[key] = to_date(start).isoformat() if key[0] else iso(start * MINUTE)
    return name


def bucket_start(name: str) -> int:
    """The inverse of `bucket_name`. Raises ValueError."""
    start = _starts.get(name)
    if start is None:
        if len(_starts) >= _KEPT:
            _starts.clear()
        start = _starts[name] = _parse_start(name)
    return start


def _parse_start(name: str) -> int:
    if len(name) == len("2026-11-02"):
        return to_day(date.fromisoformat(name))
    return int(datetime.fromisoformat(name).timestamp()) * 1000 // MINUTE
