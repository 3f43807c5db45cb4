"""Reads whole partitions of a Kafka topic, outside any consumer group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.transport.kafka_client import consumer
from streams.transport.record import Record

_POLL_MS: Final = 1_000
_FETCH_BYTES: Final = 4 << 20


def reader(options: dict[str, Any]) -> AIOKafkaConsumer:
    """A client for `read_all`, to be started and stopped."""
    return consumer(**options, enable_auto_commit=False, max_partition_fetch_bytes=_FETCH_BYTES)


def record_of(found: Any) -> Record:
    """A client's record as one of ours."""
    return Record(found.offset, found.timestamp, found.key, found.value, tuple(found.headers))


async def read_all(reader: AIOKafkaConsumer, topic: str, partitions: Iterable[int]) -> dict[int, list[Record]]:
    """All records of partitions that there are now, by partition; one call at a time."""
    tps = [TopicPartition(topic, partition) for partition in partitions]
    records: dict[int, list[Record]] = {tp.partition: [] for tp in tps}
    if not tps:  # the client takes no empty assignment
        return records
    ends = await reader.end_offsets(tps)
    reader.assign(tps)
    await reader.seek_to_beginning(*tps)
    while any([await reader.position(tp) < ends[tp] for tp in tps]):
        for tp, found in (await reader.getmany(timeout_ms=_POLL_MS)).items():
            records[tp.partition] += map(record_of, found)
    return records
