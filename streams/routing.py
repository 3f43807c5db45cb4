"""Which partition a street belongs to: Kafka's default, murmur2 of the key, so that every producer agrees."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from aiokafka.partitioner import murmur2

from schemas.events import HEARTBEAT
from streams.topics import DEVICES, EVENTS


class _Address(msgspec.Struct, gc=False):
    street: str
    type: str = ""


_decode = msgspec.json.Decoder(_Address).decode


@lru_cache(maxsize=4096)
def partition_of(street: str, partitions: int) -> int:
    """The partition of a street among `partitions`."""
    return int(murmur2(street.encode()) & 0x7FFFFFFF) % partitions


def address(raw: bytes, partitions: int) -> tuple[str, int, bytes | None]:
    """Topic, partition and key for a message as it came; one without a street goes to partition 0, to be refused."""
    try:
        found = _decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return EVENTS, 0, None
    topic = DEVICES if found.type == HEARTBEAT else EVENTS
    return topic, partition_of(found.street, partitions), found.street.encode()
