"""Publishes files of events: to a Kafka cluster, or to a log in a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streams.routing import entry_of
from streams.topics import create_topics
from streams.transport.log import Log
from streams.transport.record import Entry

if TYPE_CHECKING:
    from streams.broker import Broker

# One transaction's share: large enough for the disk, small enough for the roles to begin at once.
_CHUNK_LINES: Final = 5_000


async def publish_to_cluster(broker: Broker, lines: Iterable[bytes], tell: Callable[[int], None]) -> int:
    """Publishes lines, each to its street's partition; returns how many the brokers have acknowledged: all.

    `tell` gets their number so far. Raises ClusterError, UnknownTopic, TopicMismatch.
    """
    from aiokafka.errors import KafkaError

    from streams.cluster import Cluster, ClusterError
    from streams.transport.kafka_producer import client, send_many

    async with Cluster(broker) as cluster:
        partitions = await cluster.check_topics()
    # Said twice, an event would count as a duplicate.
    producer = client(broker.client_options(), idempotent=True)
    published = 0
    try:
        await producer.start()
        for entries in chunks(lines, partitions):
            await send_many(producer, entries)
            published += len(entries)
            tell(published)
    except KafkaError as error:
        raise ClusterError(f"{published} lines are published, then: {error!r}") from error
    finally:
        await producer.stop()
    return published


def publish_to_log(path: Path, partitions: int, lines: Iterable[bytes], tell: Callable[[int], None]) -> int:
    """The same to a log in a file, made if missing."""
    published = 0
    with Log(path) as log:
        create_topics(log, partitions)
        for entries in chunks(lines, partitions):
            log.append(entries)
            published += len(entries)
            tell(published)
    return published


def chunks(lines: Iterable[bytes], partitions: int) -> Iterator[list[Entry]]:
    """Lines as records, some thousands at a time."""
    rest = iter(lines)
    while chunk := list(islice(rest, _CHUNK_LINES)):
        now_ms = time.time_ns() // 1_000_000
        yield [entry_of(line, partitions, now_ms) for line in chunk]
