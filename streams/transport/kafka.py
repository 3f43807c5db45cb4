"""Faust's transport over Kafka, in batches: an app's broker is `kafkabatch://…`, its clients' options `app.broker`'s.

Found by Faust through the entry point `faust.transports`. It differs from Faust's own driver in four things: a
partition's whole fetch is one event where the app asks for batches (streams.transport.batch); offsets are committed by
`commit_next`; the app says from where partitions are read (`app.begin_at`); `send_many` sends records in batches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.transport import kafka_reader
from streams.transport.kafka_consumer import Consumer
from streams.transport.kafka_producer import Producer
from streams.transport.record import Record


class Transport(driver.Transport):
    """The cluster for an app's consumer and producer."""

    Consumer: ClassVar[Any] = Consumer
    Producer: ClassVar[Any] = Producer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading = asyncio.Lock()
        self._reader: AIOKafkaConsumer | None = None

    async def read_all(self, topic: str, partitions: Iterable[int]) -> dict[int, list[Record]]:
        """All records of partitions that there are now, whatever the consumer does."""
        async with self._reading:
            return await kafka_reader.read_all(await self._started_reader(), topic, partitions)

    async def ends(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """The offset that each partition's next record will get, as the broker says now."""
        async with self._reading:
            ends = await (await self._started_reader()).end_offsets([TopicPartition(*tp) for tp in partitions])
        return {TP(*tp): end for tp, end in ends.items()}

    async def _started_reader(self) -> AIOKafkaConsumer:
        if self._reader is None:
            app: Any = self.app
            reader = kafka_reader.reader(app.broker.client_options())
            await reader.start()
            self._reader = reader
        return self._reader

    async def release(self) -> None:
        """Closes what `read_all` opened; it may be called again."""
        async with self._reading:
            reader, self._reader = self._reader, None
            if reader is not None:
                await reader.stop()
