"""Publishing: what requests wait with is written together, one group at a time; each waits until its part is on disk.

1. A group is taken of what waits; who has given up meanwhile is left out.
2. It is written; while the broker is busy or away, for as long as a request may wait.
3. Only now the requests are told.
Who is told that the broker is busy may send the same again: what was written all the same counts once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Iterable, Sequence
from typing import Final, Protocol

import aiokafka

from streams.metrics import GatewayMetrics
from streams.transport.errors import LogBusy, LogFull
from streams.transport.kafka_producer import send_many
from streams.transport.log import Log
from streams.transport.record import Entry

log = logging.getLogger(__name__)

# One transaction's share; see streams.transport.sqlite_producer.
_GROUP_RECORDS: Final = 10_000
_GROUP_BYTES: Final = 8 << 20
_PAUSE_SECONDS: Final = 0.1
_FAILING_SECONDS: Final = 15.0
_AWAY: Final = "the broker is busy or away"
_STOPPING: Final = "the gateway is stopping"


class Busy(Exception):  # noqa: N818 - it says what is the case
    """The broker is busy or away, or nothing is written any more. The same may be sent again."""


class Write(Protocol):
    """Writes entries, all on disk when it returns; LogBusy, LogFull and TimeoutError ask for the same again."""

    def __call__(self, entries: Sequence[Entry], /) -> Awaitable[object]: ...


class _Waiting:
    """What one request wants written; `written` is done when it is."""

    __slots__ = ("entries", "size", "written")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.size = sum(len(entry.value or b"") for entry in entries)
        self.written: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Publisher:
    """Writes for many requests; to be run in their event loop. `patience`: seconds a request waits for the broker."""

    def __init__(self, write: Write, metrics: GatewayMetrics, patience: float) -> None:
        self._write = write
        self._metrics = metrics
        self._patience = patience
        self._queue: deque[_Waiting] = deque()
        self._filled = asyncio.Event()
        self._has_ended = False
        self._failed_at = -_FAILING_SECONDS

    @property
    def is_failing(self) -> bool:
        """Whether writing failed lately. It is forgotten: where nobody sends what isn't ready, nothing would tell."""
        return time.monotonic() - self._failed_at < _FAILING_SECONDS

    async def publish(self, entries: Sequence[Entry]) -> None:
        """Returns when the broker has the entries, those of a partition in their order. Raises Busy."""
        if not entries:
            return
        if self._has_ended:
            raise Busy(_STOPPING)
        began = time.monotonic()
        waiting = _Waiting(entries)
        self._queue.append(waiting)
        self._filled.set()
        try:
            async with asyncio.timeout(self._patience):
                await waiting.written
        except TimeoutError:
            raise Busy(_AWAY) from None
        self._metrics.publish_duration.observe(time.monotonic() - began)

    async def run(self) -> None:
        """Writes until cancelled; raises what waiting doesn't mend, after every request was told to come again."""
        try:
            while True:
                await self._filled.wait()
                group = self._group()  # 1.
                if group and await self._written([entry for waiting in group for entry in waiting.entries]):  # 2.
                    _tell(group, "")  # 3.
                else:
                    _tell(group, _AWAY)
        finally:
            self._has_ended = True
            _tell(self._queue, _STOPPING)

    def _group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        records = size = 0
        while self._queue:
            waiting = self._queue[0]
            records, size = records + len(waiting.entries), size + waiting.size
            if group and (records > _GROUP_RECORDS or size > _GROUP_BYTES):
                break
            self._queue.popleft()
            if not waiting.written.done():
                group.append(waiting)
        if not self._queue:
            self._filled.clear()
        return group

    async def _written(self, entries: Sequence[Entry]) -> bool:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                await self._write(entries)
            except (LogBusy, LogFull, TimeoutError) as error:
                if time.monotonic() > deadline:
                    log.warning("gateway: %d records not written: %r", len(entries), error)
                    self._failed_at = time.monotonic()
                    return False
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                self._failed_at = -_FAILING_SECONDS
                return True


def to_log(embedded: Log) -> Write:
    """Writes to the embedded log, on a thread: an append waits for the disk."""

    async def write(entries: Sequence[Entry]) -> None:
        await asyncio.to_thread(embedded.append, entries)

    return write


def to_kafka(producer: aiokafka.AIOKafkaProducer, patience: float) -> Write:
    """Writes to Kafka. A broker that is away is waited for, in seconds; then what was not written yet is given up."""

    async def write(entries: Sequence[Entry]) -> None:
        async with asyncio.timeout(patience):
            await send_many(producer, entries)

    return write


def _tell(group: Iterable[_Waiting], failure: str) -> None:
    for waiting in group:
        if waiting.written.done():
            continue
        if failure:
            waiting.written.set_exception(Busy(failure))
        else:
            waiting.written.set_result(None)
