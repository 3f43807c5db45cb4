"""The sink role: facts, live buckets and rejects go to ClickHouse, in batches.

Order of effects. However it ends in between, the same rows are there in the end:
1. A fetch becomes columns, in memory.
2. When there are enough, or after a while, they are inserted, table by table, and ClickHouse has said so.
3. Only then are the events acknowledged and their next offsets committed. What is inserted again after a crash before
   this has the same identities, and replaces itself.
A busy ClickHouse is waited for, with growing pauses; meanwhile the log keeps what comes.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from typing import Any, Final, Protocol

from faust.types import EventT

from schemas.decoding import decode
from schemas.privacy import Privacy
from schemas.rules import Rules
from sinks.batches import Batch
from sinks.columns import EVENTS, LIVE, REJECTED, Columns, bucket_columns, event_columns, rejected_columns
from streams import topics
from streams.settings import Settings
from streams.transport.role import Role, records_of

log = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
_TABLES: Final = (EVENTS, LIVE, REJECTED)


class Busy(Exception):  # noqa: N818 - it says what is the case, as the log's do
    """The destination can't take the rows now; the same rows may be tried again."""


class Destination(Protocol):
    """Where rows go: the embedded engine, or a server."""

    def insert(self, table: str, columns: Columns) -> None:
        """Stores rows of a table of database pingliu; returns when they are durable. Raises Busy."""


class Sink(Role):
    """The sink role over one Faust app; see the module for the order of its effects."""

    def __init__(self, settings: Settings, rules: Rules, privacy: Privacy, destination: Destination) -> None:
        consumed = (topics.EVENTS, topics.DEVICES, topics.METRICS, topics.REJECTED)
        super().__init__("sink", settings, consumed)
        self._rules = rules
        self._privacy = privacy
        self._destination = destination
        self._most_rows = settings.sink_rows
        self._batch = Batch()
        self._flushing = asyncio.Lock()
        self.consume(topics.EVENTS, self._take_events)
        self.consume(topics.DEVICES, self._take_events)
        self.consume(topics.METRICS, self._take_buckets)
        self.consume(topics.REJECTED, self._take_rejected)
        self.every(settings.sink_every, self.flush)

    async def _take_events(self, event: EventT[Any]) -> None:
        decoded = decode(records_of(event), self._rules.limits.clock_ahead_ms)  # rejects come by their own topic
        await self._add(event, EVENTS, event_columns(decoded.events, event.message.partition, self._privacy))

    async def _take_buckets(self, event: EventT[Any]) -> None:
        await self._add(event, LIVE, bucket_columns(_values(event)))

    async def _take_rejected(self, event: EventT[Any]) -> None:
        await self._add(event, REJECTED, rejected_columns(_values(event)))

    async def _add(self, event: EventT[Any], table: str, columns: Columns) -> None:
        self._batch.add(event, table, columns)  # 1.
        if self._batch.rows(table) >= self._most_rows:
            await self.flush()

    async def flush(self) -> None:
        """Inserts what is held (2), then acknowledges it (3)."""
        async with self._flushing:
            batch, self._batch = self._batch, Batch()
            for table in _TABLES:
                if batch.rows(table):
                    await self._insert(table, batch.tables[table])  # 2.
            if batch.events:
                await self.commit(batch.events, batch.next_offsets)  # 3.

    async def drain(self) -> None:
        """Before the end: what was taken is stored."""
        await self.flush()

    async def _insert(self, table: str, columns: Mapping[str, list[Any]]) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await asyncio.to_thread(self._destination.insert, table, dict(columns))
                return
            except Busy as busy:
                wait = pause * random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, keeps no secret
                log.warning("%s: busy, trying again in %.1f s: %s", table, wait, busy)
                await asyncio.sleep(wait)
                pause = min(pause * 2, _LONGEST_PAUSE)


def _values(event: EventT[Any]) -> list[bytes]:
    return [record.value for record in records_of(event) if record.value is not None]
