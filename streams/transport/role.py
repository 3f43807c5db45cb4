"""A role: one Faust app as a part of pingliu, with the few things its agents may do, and a clear end.

Three ways it ends: it is told to stop (drains first), it breaks (says why, loudly, and ends with an error; what it held
unacknowledged comes again), or it is killed (the same, without a word).
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import faust
from faust.types import TP, EventT

from streams.settings import Settings
from streams.transport.record import Entry, Record
from streams.transport.sqlite import recommended_settings

log = logging.getLogger(__name__)

# Draining writes what is in memory: seconds, unless the broker is gone, and then it comes again anyway.
_DRAIN_SECONDS: Final = 30.0
_READ_RECORDS: Final = 5_000


class Role:
    """An app with timers and a guard. Subclasses add agents, which call `guard`, and say how to `drain`."""

    def __init__(self, name: str, settings: Settings, batch_topics: Iterable[str]) -> None:
        # Any: our transports' consumers and producers can do more than Faust's interfaces say.
        self.app: Any = _make_app(name, settings, frozenset(batch_topics))
        self.name = name
        self._timers: list[tuple[float, Callable[[], Awaitable[None]]]] = []
        self._failure: asyncio.Future[None] | None = None

    def consume(self, topic: str, handle: Callable[[EventT[Any]], Awaitable[None]]) -> None:
        """Has every batch of a topic handled, one after the other; they stay unacknowledged until `commit`."""

        async def agent(stream: Any) -> None:
            async for event in stream.noack().events():
                await self._guard(handle(event))

        # The values are lists of records, taken as they are.
        channel = self.app.topic(topic, key_serializer="raw", value_serializer="raw")
        self.app.agent(channel, name=f"{self.name}.{topic}")(agent)

    def every(self, seconds: float, action: Callable[[], Awaitable[None]]) -> None:
        """Runs an action again and again while the role runs, `seconds` after it last ended."""
        self._timers.append((seconds, action))

    async def send(self, entries: Sequence[Entry]) -> None:
        """Writes records in order and returns when the broker has them; waits while it is busy."""
        if entries:
            await self.app.producer.send_many(entries)

    async def commit(self, events: Iterable[EventT[Any]], next_offsets: Mapping[TP, int]) -> None:
        """Acknowledges events and commits the offsets from which this role wants to go on after a restart."""
        for event in events:
            event.ack()
        await self.app.consumer.commit_next(next_offsets)

    async def read_all(self, topic: str, partition: int) -> list[Record]:
        """All records of a partition that there are now, in offset order."""
        records: list[Record] = []
        offset = 0
        while fetched := await self.app.transport.read(topic, partition, offset, _READ_RECORDS):
            records += fetched
            offset = fetched[-1].offset + 1
        return records

    async def drain(self) -> None:
        """Writes what is only in memory, before the end."""

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until told to stop; raises what broke it."""
        self._failure = asyncio.get_running_loop().create_future()
        # What is loaded by now stays for good; looking at it again and again costs a fifth of the speed.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        await self.app.start()
        timers = [asyncio.create_task(self._repeat(seconds, action)) for seconds, action in self._timers]
        stopping = asyncio.create_task(stop.wait())
        try:
            ends: list[asyncio.Future[Any]] = [stopping, self._failure]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not self._failure.done():
                async with asyncio.timeout(_DRAIN_SECONDS):
                    await self.drain()
        finally:
            for task in (*timers, stopping):
                task.cancel()
            await asyncio.gather(*timers, stopping, return_exceptions=True)
            await self.app.stop()
        if self._failure.done():
            self._failure.result()

    async def _repeat(self, seconds: float, action: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._guard(action())

    async def _guard(self, action: Awaitable[None]) -> None:
        """Awaits; on any error the whole role ends, and nothing more is handled or acknowledged meanwhile."""
        try:
            await action
        except Exception as error:
            log.exception("%s: broken; it stops and must be started again", self.name)
            if self._failure is not None and not self._failure.done():
                self._failure.set_exception(error)
            await asyncio.Event().wait()


def records_of(event: EventT[Any]) -> list[Record]:
    """The records of an event that a batch topic delivered."""
    value: Any = event.value
    records: list[Record] = value
    return records


def _make_app(name: str, settings: Settings, batch_topics: frozenset[str]) -> Any:
    app: Any = faust.App(
        f"pingliu-{name}",
        broker=settings.broker,
        store="memory://",
        datadir=str(settings.scratch / name),
        web_enabled=False,
        topic_partitions=settings.partitions,
        **recommended_settings(),
    )
    app.batch_topics = batch_topics
    return app
