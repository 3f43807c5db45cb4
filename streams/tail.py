"""Topics as they grow, read outside any consumer group: for who shows what is so now and may begin anew at any time.

Nothing is committed. The first reads give what is there already, the later ones what comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.transport import kafka_reader
from streams.transport.errors import LogBusy, LogFull
from streams.transport.log import Log
from streams.transport.record import Record

# How many of the newest records of each partition there are at the start; None: all.
Wanted = Mapping[str, int | None]

_WAIT_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.05
_BATCH_RECORDS: Final = 2_000
_BUSY_SECONDS: Final = 2.0
# A broker that takes longer for a small question is away.
_PROBE_SECONDS: Final = 5.0
_START_SECONDS: Final = 30.0


class Away(Exception):  # noqa: N818 - it says what is the case, as the log's do
    """The broker is busy or away; ask again later, nothing is lost."""


class Tail(Protocol):
    """`is_complete`: all that was there at the start was given out."""

    is_complete: bool

    async def read(self) -> Sequence[tuple[str, Record]]:
        """What came, with its topic, in each partition's order; it waits for about a second, then there is nothing.

        Raises Away.
        """

    async def close(self) -> None:
        """Lets go of the broker."""


class LogTail:
    """The embedded log's topics. A topic that isn't there is one without records, until it is."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.is_complete = False
        self._log = Log(path, busy_timeout=_BUSY_SECONDS)
        self._wanted = wanted
        self._next: dict[tuple[str, int], int] = {}
        self._has_more = True

    async def read(self) -> Sequence[tuple[str, Record]]:
        deadline = asyncio.get_running_loop().time() + _WAIT_SECONDS
        while not (self._log.changed() or self._has_more):
            if asyncio.get_running_loop().time() > deadline:
                return ()
            await asyncio.sleep(_POLL_SECONDS)
        self._has_more = True  # also where the fetch is not to be had this time
        try:
            found = await asyncio.to_thread(self._fetch)
        except (LogBusy, LogFull) as error:
            raise Away(str(error)) from error
        self.is_complete = self.is_complete or not self._has_more
        return found

    async def close(self) -> None:
        self._log.close()

    def _fetch(self) -> list[tuple[str, Record]]:
        found: list[tuple[str, Record]] = []
        self._has_more = False
        for place, end in sorted(self._log.ends().items()):
            topic = place[0]
            if topic not in self._wanted:
                continue
            if place not in self._next:
                self._next[place] = self._start(place, end)
            while self._next[place] < end:
                if len(found) >= _BATCH_RECORDS:
                    self._has_more = True
                    break
                records = self._log.read(*place, self._next[place], max_records=_BATCH_RECORDS)
                found += [(topic, record) for record in records]
                # Nothing before the end: the rest was compacted away.
                self._next[place] = records[-1].offset + 1 if records else end
        return found

    def _start(self, place: tuple[str, int], end: int) -> int:
        newest = self._wanted[place[0]]
        return 0 if newest is None else max(0, end - newest)


class KafkaTail:
    """A cluster's topics, which must be there, with so many partitions each. `options`: of every client of ours."""

    def __init__(self, options: Mapping[str, Any], wanted: Wanted, partitions: int) -> None:
        self.is_complete = False
        self._options = {**options, "auto_offset_reset": "earliest"}
        self._wanted = wanted
        self._partitions = partitions
        self._consumer: AIOKafkaConsumer | None = None
        # How far it must have come to be complete.
        self._ends: dict[TopicPartition, int] = {}
        self._probed_at = 0.0

    async def read(self) -> Sequence[tuple[str, Record]]:
        try:
            consumer = self._consumer or await self._start()
            fetched = await consumer.getmany(timeout_ms=int(_WAIT_SECONDS * 1000))
            found = [
                (tp.topic, kafka_reader.record_of(record)) for tp, records in fetched.items() for record in records
            ]
            if not found:
                await self._probe(consumer)
            if not self.is_complete:
                self.is_complete = all([await consumer.position(tp) >= end for tp, end in self._ends.items()])
        except (KafkaError, TimeoutError) as error:
            raise Away(repr(error)) from error
        return found

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _start(self) -> AIOKafkaConsumer:
        """Begins to follow. What a failed attempt opened is closed."""
        consumer = kafka_reader.reader(self._options)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await consumer.start()
                tps = [TopicPartition(topic, n) for topic in self._wanted for n in range(self._partitions)]
                consumer.assign(tps)
                begins, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        except BaseException:
            await consumer.stop()
            raise
        for tp in tps:
            newest = self._wanted[tp.topic]
            consumer.seek(tp, begins[tp] if newest is None else max(begins[tp], ends[tp] - newest))
        self._consumer, self._ends = consumer, ends
        self._probed_at = asyncio.get_running_loop().time()
        return consumer

    async def _probe(self, consumer: AIOKafkaConsumer) -> None:
        """Asks for something, now and then: a client that finds no broker is silent, as one that finds nothing."""
        now = asyncio.get_running_loop().time()
        if now - self._probed_at < _PROBE_SECONDS:
            return
        async with asyncio.timeout(_PROBE_SECONDS):
            await consumer.end_offsets([TopicPartition(topic, 0) for topic in self._wanted])
        self._probed_at = now
