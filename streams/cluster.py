"""Our topics on a Kafka cluster: made as stated, found to be so, and how far each group has read them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from streams.broker import Broker
from streams.topics import TOPICS, Topic
from streams.transport import kafka_reader
from streams.transport.errors import TopicMismatch, UnknownTopic
from streams.transport.record import Record

# A former owner's late records must not take part in a compaction before the next owner has written its own
# (streams.journal); that takes seconds.
_COMPACTION_LAG_MS: Final = 3_600_000
# A reject holds a refused message twice, escaped and sealed.
_LARGE_BYTES: Final = 16 << 20
_EVENT_BYTES: Final = 1 << 20
_COORDINATOR_SECONDS: Final = 30.0


class ClusterError(Exception):
    """The cluster can't be reached, or won't let us in."""


def configuration(topic: Topic, replication: int) -> dict[str, str]:
    """How a topic is to be kept, in Kafka's words."""
    kept = {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(-1 if topic.retention_ms is None else topic.retention_ms),
        "max.message.bytes": str(_EVENT_BYTES if topic.is_public_input else _LARGE_BYTES),
        "min.insync.replicas": str(max(1, replication - 1)),
    }
    if topic.is_public_input:
        # An event's time is judged by the broker's clock, not by the sender's.
        kept["message.timestamp.type"] = "LogAppendTime"
    if topic.compacted:
        kept["min.compaction.lag.ms"] = str(_COMPACTION_LAG_MS)
    return kept


class Cluster:
    """Async context manager over a connection of its own. Raises ClusterError on entry where it can't connect."""

    def __init__(self, broker: Broker) -> None:
        options = broker.client_options()
        self._hosts = ",".join(broker.hosts)
        self._admin = AIOKafkaAdminClient(**options)
        self._reader = kafka_reader.reader(options)

    async def __aenter__(self) -> Self:
        try:
            await self._admin.start()
            await self._reader.start()
        except KafkaError as error:
            await self._close()
            raise ClusterError(f"broker {self._hosts}: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        await self._reader.stop()
        await self._admin.close()

    async def create_topics(self, partitions: int, replication: int) -> list[str]:
        """Makes the topics that are missing and returns their names. Raises ClusterError."""
        existing = set(await self._admin.list_topics())
        created = []
        for topic in TOPICS:
            if topic.name in existing:
                continue
            wanted = NewTopic(topic.name, partitions, replication, topic_configs=configuration(topic, replication))
            answer = await self._admin.create_topics([wanted])
            for name, code, *message in answer.topic_errors:
                if code and not issubclass(for_code(code), TopicAlreadyExistsError):
                    raise ClusterError(f"topic {name}: {for_code(code).__name__}: {message[0] if message else ''}")
            created.append(topic.name)
        await self._await_topics()
        return created

    async def _await_topics(self) -> None:
        """Brokers hear of new topics one after the other."""
        deadline = time.monotonic() + _COORDINATOR_SECONDS
        while await self._missing():
            if time.monotonic() > deadline:
                raise ClusterError(f"broker {self._hosts}: the topics were made, and are not there")
            await asyncio.sleep(0.1)

    async def _missing(self) -> list[str]:
        described = await self._described()
        return [topic.name for topic in TOPICS if not described.get(topic.name)]

    async def _described(self) -> dict[str, list[Any]]:
        """The partitions of our topics, by topic; none where there is no such topic."""
        found = await self._admin.describe_topics([topic.name for topic in TOPICS])
        return {topic["topic"]: topic["partitions"] for topic in found}

    async def check_topics(self) -> int:
        """How many partitions each of our topics has. Raises UnknownTopic and TopicMismatch, naming all differences."""
        if missing := await self._missing():
            raise UnknownTopic(f"no such topics: {', '.join(missing)}; `pingliu init` makes them")
        described = await self._described()
        counts = {topic.name: len(described[topic.name]) for topic in TOPICS}
        partitions = counts[TOPICS[0].name]
        wrong = [
            f"{name} has {count} partitions, {TOPICS[0].name} has {partitions}"
            for name, count in counts.items()
            if count != partitions
        ]
        for topic in TOPICS:
            replication = len(described[topic.name][0]["replicas"])
            kept = await self._kept(topic.name)
            wrong += [
                f"{topic.name}: {name} is {kept.get(name)}, not {value}"
                for name, value in configuration(topic, replication).items()
                if kept.get(name) != value
            ]
        if wrong:
            raise TopicMismatch("; ".join(wrong))
        return partitions

    async def _kept(self, topic: str) -> dict[str, str]:
        answers = await self._admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        return {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}

    async def lag(self, group: str, topics: Iterable[str]) -> int:
        """How many offsets the group is behind in all partitions of the topics."""
        described = await self._admin.describe_topics(list(topics))
        tps = [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]
        committed = await self._committed(group, tps)
        ends = await self._reader.end_offsets(tps)
        begins = await self._reader.beginning_offsets(tps)
        return sum(ends[tp] - max(committed.get(tp, 0), begins[tp]) for tp in tps)

    async def read_all(self, topic: str) -> dict[int, list[Record]]:
        """All records that a topic has now, by partition."""
        [described] = await self._admin.describe_topics([topic])
        partitions = sorted(found["partition"] for found in described["partitions"])
        return await kafka_reader.read_all(self._reader, topic, partitions)

    async def _committed(self, group: str, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        deadline = time.monotonic() + _COORDINATOR_SECONDS
        while True:
            try:
                found = await self._admin.list_consumer_group_offsets(group, partitions=partitions)
            except KafkaError as error:
                # The first question after a cluster's start makes it look for a coordinator.
                if not error.retriable or time.monotonic() > deadline:
                    raise ClusterError(f"group {group}: {error!r}") from error
                await asyncio.sleep(0.2)
            else:
                return {tp: at.offset for tp, at in found.items()}
