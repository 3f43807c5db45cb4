"""The sink role: facts, live buckets, rejects and notices go to ClickHouse, in batches.

Order of effects. However it ends in between, the same rows are there in the end:
0. When partitions come, ClickHouse is asked how far it is in each, and reading begins there; and what was erased, which
   is asked again every minute.
1. A fetch becomes columns, in memory. An event on the wrong partition for its street is left out: aggregate sends it on
   to the right one, and there it is a fact. Of what was erased, no more than what stayed of it. Canaries are left out.
2. When there are enough, or after a while, they are inserted, table by table, and ClickHouse has said so. Rows that it
   can't take are singled out, kept in `dead_letters`, and the others inserted.
3. How far each partition is goes to ClickHouse as well.
4. Only then are the events acknowledged and their next offsets committed, so that others see how far it is.
What is inserted again after a crash before 3 has the same identities, and replaces itself.
A busy ClickHouse is waited for, with growing pauses; meanwhile the log keeps what comes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Final, TypeVar

import msgspec
from faust.types import TP, EventT

from schemas.decoding import decode
from schemas.event import Event
from schemas.privacy import Privacy
from schemas.rules import Rules
from schemas.secret import load_secret
from sinks.batches import Batch
from sinks.columns import (
    EVENTS,
    LIVE,
    NOTICES,
    REJECTED,
    Columns,
    bucket_columns,
    event_columns,
    notice_columns,
    rejected_columns,
)
from sinks.dead_letters import DeadLetter, dead_letter_columns
from sinks.destination import Busy, Destination
from sinks.erasures import KNOWN, Erased
from sinks.isolating import insert_isolating
from sinks.positions import INSERTED, NOTED, Positions
from sinks.positions import TABLE as POSITIONS
from streams import topics
from streams.canary import Arrivals, Canaries
from streams.metrics import SinkMetrics
from streams.role import Role, records_of
from streams.routing import owned
from streams.settings import Settings
from streams.vitals import Vitals

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
_TABLES: Final = (EVENTS, LIVE, REJECTED, NOTICES)
_DEAD_LETTERS: Final = "dead_letters"
_ERASED_EVERY: Final = 60.0
# Undecodable messages on our own topics, of one fetch: a few are somebody's slip, more a program that isn't ours.
_MOST_UNREADABLE: Final = 20
_UNREADABLE: Final = (msgspec.DecodeError, ValueError)


class UnreadableTopic(Exception):  # noqa: N818 - it says what is the case
    """A topic that only we write holds what we can't read; something else writes there, or another version of us."""


class Sink(Role):
    """The sink role over one Faust app; see the module for the order of its effects."""

    def __init__(self, settings: Settings, rules: Rules, privacy: Privacy, destination: Destination) -> None:
        self.metrics = SinkMetrics(topics.GROUPS["sink"], (*_TABLES, POSITIONS, _DEAD_LETTERS))
        super().__init__("sink", settings, Vitals("sink", settings, self.metrics))
        self._rules = rules
        self._privacy = privacy
        self._destination = destination
        self._most_rows = settings.sink_rows
        self._most_bytes = settings.sink_bytes
        self._batch = Batch()
        self._positions = Positions((), ())
        self._erased = Erased()
        self._canaries = Canaries(load_secret(settings.secret))
        self._arrivals = Arrivals(self.metrics.canary_seconds, self.metrics.canary_age)
        self._flushing = asyncio.Lock()
        self.consume(topics.EVENTS, self._take_events)
        self.consume(topics.DEVICES, self._take_events)
        self.consume(topics.METRICS, self._take_buckets)
        self.consume(topics.REJECTED, self._take_rejected)
        self.consume(topics.NOTICES, self._take_notices)
        self.every(settings.sink_every, self.flush)
        self.every(_ERASED_EVERY, self._ask_erased)

    async def begin(self, partitions: Set[TP]) -> Mapping[TP, int]:
        """Asks ClickHouse how far it is (0)."""
        noted = await self._patiently(POSITIONS, lambda: self._destination.rows(NOTED))
        inserted = await self._patiently(EVENTS, lambda: self._destination.rows(INSERTED))
        self._positions = Positions(noted, inserted)
        await self._ask_erased()
        offsets = {tp: self._positions.begin(tp) for tp in partitions}
        for tp, offset in sorted(offsets.items()):
            log.info("%s/%d: ClickHouse is at offset %d", *tp, offset)
        return offsets

    async def _ask_erased(self) -> None:
        self._erased = Erased.of(await self._patiently(POSITIONS, lambda: self._destination.rows(KNOWN)))

    async def _take_events(self, event: EventT[object]) -> None:
        records, canaries = self._canaries.apart(records_of(event))
        self._batch.canaries += canaries
        decoded = decode(records, self._rules.limits.clock_ahead_ms)  # rejects come by their own topic
        tp = event.message.tp
        own = owned(decoded.events, tp.topic, tp.partition, self.partitions(tp.topic))
        self._count_redelivered(tp, own)
        await self._add(event, EVENTS, event_columns(self._erased.of_events(own), tp.partition, self._privacy))

    async def _take_buckets(self, event: EventT[object]) -> None:
        await self._take_ours(event, LIVE, bucket_columns)

    async def _take_rejected(self, event: EventT[object]) -> None:
        await self._take_ours(event, REJECTED, lambda values: self._erased.of_rejects(rejected_columns(values)))

    async def _take_notices(self, event: EventT[object]) -> None:
        await self._take_ours(event, NOTICES, notice_columns)

    async def _take_ours(self, event: EventT[object], table: str, columns_of: Callable[[list[bytes]], Columns]) -> None:
        """Messages of our own topics; one that can't be read is kept as a dead letter."""
        values = [record.value for record in records_of(event) if record.value is not None]
        letters: list[DeadLetter] = []
        try:
            columns = columns_of(values)
        except _UNREADABLE:
            values, letters = _sift(values, table, event.message.tp, columns_of)
            columns = columns_of(values)
        if len(letters) > _MOST_UNREADABLE:
            raise UnreadableTopic(f"{event.message.topic}: {letters[0].message}, and {len(letters) - 1} more")
        self._bury(table, letters)
        await self._add(event, table, columns)

    async def _add(self, event: EventT[object], table: str, columns: Columns) -> None:
        records = records_of(event)
        self._batch.add(event, records.start, sum(len(record.value or b"") for record in records))
        self._batch.add_rows(table, columns)  # 1.
        if self._batch.rows(table) >= self._most_rows or self._batch.size >= self._most_bytes:
            await self.flush()

    async def flush(self) -> None:
        """Inserts what is held (2), notes how far that is (3), then acknowledges it (4)."""
        async with self._flushing:
            batch, self._batch = self._batch, Batch()
            if not batch.events:
                return
            for table in (*_TABLES, _DEAD_LETTERS):
                if batch.rows(table):
                    await self._insert(table, batch.tables[table])  # 2.
            await self._insert(POSITIONS, self._positions.advance(batch.starts, batch.next_offsets))  # 3.
            await self.commit(batch.events, batch.next_offsets)  # 4.
            self._arrivals.note(batch.canaries)

    async def drain(self) -> None:
        """What was taken is stored."""
        await self.flush()

    def forget(self) -> None:
        """Lets go of what is not stored."""
        self._batch = Batch()
        self._arrivals.forget()

    async def _insert(self, table: str, columns: Columns) -> None:
        rows = len(next(iter(columns.values())))
        bad = await self._patiently(table, lambda: insert_isolating(self._destination, table, columns))
        if bad:
            letters = [DeadLetter(table, TP("", 0), row.row, row.code, row.message) for row in bad]
            for letter in letters:
                log.error("%s: row refused, kept as dead letter: %s", table, letter.message)
            await self._insert(_DEAD_LETTERS, dead_letter_columns(letters))
        self.metrics.rows.labels(table).inc(rows - len(bad))
        self.metrics.rows_bad.labels(table).inc(len(bad))
        self.metrics.batches.labels(table).inc()

    def _bury(self, table: str, letters: Sequence[DeadLetter]) -> None:
        if letters:
            for letter in letters:
                log.error("%s: message unreadable, kept as dead letter: %s", table, letter.message)
            self._batch.add_rows(_DEAD_LETTERS, dead_letter_columns(letters))
            self.metrics.rows_bad.labels(table).inc(len(letters))

    def _count_redelivered(self, tp: TP, events: Sequence[Event]) -> None:
        inserted = self._positions.inserted(tp)
        if inserted and events and events[0].offset < inserted:
            again = sum(event.offset < inserted for event in events)
            self.metrics.rows_redelivered.labels(EVENTS).inc(again)

    async def _patiently(self, table: str, ask: Callable[[], _T]) -> _T:
        """What `ask` returns, on a thread; again and again while ClickHouse is busy."""
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                answer = await asyncio.to_thread(ask)
            except Busy as busy:
                wait = pause * random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, keeps no secret
                log.warning("%s: busy, trying again in %.1f s: %s", table, wait, busy)
                with self.vitals.waiting():
                    await asyncio.sleep(wait)
                pause = min(pause * 2, _LONGEST_PAUSE)
                self.metrics.busy_pauses.labels(table).inc()
                self.metrics.busy_seconds.labels(table).inc(wait)
            else:
                self.metrics.insert_duration.labels(table).observe(time.monotonic() - began)
                return answer


def _sift(
    values: Sequence[bytes], table: str, tp: TP, columns_of: Callable[[list[bytes]], Columns]
) -> tuple[list[bytes], list[DeadLetter]]:
    """The values that can be read, and letters of the others."""
    readable, letters = [], []
    for value in values:
        try:
            columns_of([value])
        except _UNREADABLE as error:
            letters.append(DeadLetter(table, tp, value, 0, str(error)))
        else:
            readable.append(value)
    return readable, letters
