"""What a street says after events: changed buckets, and notices. Both are upserts: said again, they change nothing."""

from __future__ import annotations

import msgspec

from schemas.published import Notice
from streams.street.buckets import Bucket


class Outputs(msgspec.Struct):
    """Buckets with their counters (order of `COUNTERS`) at `next_offset` of the street, and notices in order."""

    next_offset: int
    buckets: dict[Bucket, list[int]]
    notices: list[Notice]
