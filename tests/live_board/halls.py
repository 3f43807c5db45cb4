"""Live messages for tests: streets, devices and notices as the core says them, and a log to say them in."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from schemas.live import LiveDevices, LiveRating, LiveStreet, encode_live
from schemas.moments import iso
from schemas.published import Notice
from streams.routing import partition_of
from streams.topics import LIVE, NOTICES, create_topics
from streams.transport.log import Log
from streams.transport.record import Entry

STREET = "530102001"
SITE = f"{STREET}-00"
WINDOW = f"{SITE}-03"
PARTITIONS = 4


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


def hall(version: int, at_ms: int, street: str = STREET, **more: Any) -> LiveStreet:
    """A street whose newest event is of that moment."""
    time_ = iso(at_ms)
    return LiveStreet(street, version, time_, time_[:10], **more)


def rating(name: str, level: str, at_ms: int, *tags: str) -> LiveRating:
    """A rating of the window."""
    return LiveRating(name, level, iso(at_ms), SITE, WINDOW, list(tags))


def bad(name: str, at_ms: int, *tags: str, level: str = "dissatisfied", came_ms: int | None = None) -> LiveRating:
    """A bad rating of the window, which came when it was given unless said otherwise."""
    return msgspec.structs.replace(rating(name, level, at_ms, *tags), came=iso(at_ms if came_ms is None else came_ms))


def notice(name: str, at_ms: int, street: str = STREET, kind: str = "queue.congested") -> Notice:
    return Notice(name, kind, iso(at_ms), street, SITE, "", {"waiting": 22, "longest_minutes": 31})


def entry(message: LiveStreet | LiveDevices | Notice, at_ms: int | None = None) -> Entry:
    """A message as the aggregate publishes it, now unless said otherwise."""
    at_ms = clock_ms() if at_ms is None else at_ms
    partition = partition_of(message.street, PARTITIONS)
    if isinstance(message, Notice):
        return Entry(NOTICES, partition, at_ms, message.id.encode(), msgspec.json.encode(message))
    key = message.street if isinstance(message, LiveStreet) else f"{message.street}/devices"
    return Entry(LIVE, partition, at_ms, key.encode(), encode_live(message))


def say(path: Path, *messages: LiveStreet | LiveDevices | Notice, at_ms: int | None = None) -> None:
    """Publishes to the log of a file."""
    with Log(path) as log:
        create_topics(log, PARTITIONS)
        log.append([entry(message, at_ms) for message in messages])
