"""The topics (contract §1, §5, and our own): the one place that names them and says how they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from streams.transport.log import Log

EVENTS: Final = "pingliu.events"
DEVICES: Final = "pingliu.devices"
METRICS: Final = "pingliu.metrics"
NOTICES: Final = "pingliu.notices"
REJECTED: Final = "pingliu.rejected"
CHECKPOINTS: Final = "pingliu.checkpoints"
NOTIFIED: Final = "pingliu.notified"
LIVE: Final = "pingliu.live"

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and how it is kept. All have the same number of partitions: a street's is the same in each.

    `retention_ms`: older records may go; None keeps them for good. `compacted`: only the newest of a key stays.
    `is_public_input`: others write it, and its timestamps are the broker's.
    """

    name: str
    meaning: str
    compacted: bool = False
    retention_ms: int | None = None
    is_public_input: bool = False


TOPICS: Final = (
    Topic(
        EVENTS,
        "what terminals and queue systems publish, keyed by street; the source of all",
        is_public_input=True,
    ),
    Topic(DEVICES, "heartbeats of devices", retention_ms=30 * _DAY_MS, is_public_input=True),
    # ClickHouse has the buckets, and a live bucket is forgotten in a week: a month of upserts is enough for both.
    Topic(METRICS, "upserts of live buckets", retention_ms=31 * _DAY_MS),
    Topic(
        NOTICES,
        "what supervisors must hear of: bad ratings, deadlines, suspicious ratings, missed devices, congested queues",
        retention_ms=31 * _DAY_MS,
    ),
    Topic(REJECTED, "refused messages with their reason", retention_ms=400 * _DAY_MS),
    Topic(LIVE, "what is so now: halls and devices of the streets, for boards", compacted=True),
    # A day longer than the notices: whatever can come again is known.
    Topic(NOTIFIED, "which webhooks were told which notices, and how far that is", retention_ms=32 * _DAY_MS),
    Topic(CHECKPOINTS, "live state of the streets, with the offset it is true for", compacted=True),
)

# What each role reads, as the consumer group `pingliu-ROLE`.
GROUPS: Final = {
    "aggregate": (EVENTS, DEVICES),
    "sink": (EVENTS, DEVICES, METRICS, REJECTED, NOTICES),
    "notify": (NOTICES,),
}


def create_topics(log: Log, partitions: int) -> None:
    """Makes the topics that are missing. Raises TopicMismatch where one has another number of partitions."""
    for topic in TOPICS:
        log.create_topic(topic.name, partitions, compacted=topic.compacted, retention_ms=topic.retention_ms)
