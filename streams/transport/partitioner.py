"""Which partition a key belongs to: as aiokafka and the Java client say, so that both brokers agree."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2


def partition_for(key: bytes | None, partitions: int) -> int:
    """The partition of `key` among so many. No key: the first, where Kafka draws lots."""
    return 0 if key is None else _positive_hash(key) % partitions


# In pure Python the hash costs as much as the rest of a send; streets are few and come again and again.
@lru_cache(maxsize=1 << 16)
def _positive_hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF
