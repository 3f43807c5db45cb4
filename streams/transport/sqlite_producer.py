"""Faust's producer over a `Log`: what is sent within a few milliseconds is appended in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from faust.exceptions import ProducerSendError
from faust.transport import base
from faust.types import TP, FutureMessage, HeadersArg, RecordMetadata
from mode import Seconds, Service

from streams.transport.errors import LogBusy, LogFull
from streams.transport.partitioner import partition_for
from streams.transport.record import Entry

if TYPE_CHECKING:
    from streams.transport.sqlite import Transport

# Time for others to come along, so that they share one fsync; small against the 50 ms an event may take to be seen.
_LINGER = 0.002
# One transaction's share: it keeps other processes from writing for some tens of milliseconds at the most.
_GROUP_RECORDS = 10_000
_GROUP_BYTES = 8 << 20
# More than this unwritten, and senders wait. A record counts as this much above its value.
_QUEUE_BYTES = 64 << 20
_RECORD_BYTES = 200
# How soon a flush notices that Faust's buffer, which sends in the background, has stopped or crashed.
_BUFFER_CHECK = 0.2


class _Sent:
    """Entries queued together; `written` gets their offsets."""

    __slots__ = ("entries", "size", "written")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.size = len(entries) * _RECORD_BYTES
        self.written: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def resolve(self, offsets: list[int]) -> None:
        if not self.written.done():
            self.written.set_result(self._result(offsets))

    def _result(self, offsets: list[int]) -> Any:
        return offsets


class _SentByFaust(_Sent):
    """One entry; `written` gets what Faust wants to know of it."""

    __slots__ = ()

    def _result(self, offsets: list[int]) -> RecordMetadata:
        topic, partition, timestamp_ms, *_ = self.entries[0]
        return RecordMetadata(topic, partition, TP(topic, partition), offsets[0], timestamp_ms / 1000, 0)


class Producer(base.Producer):
    """Appends in the order of `send`, and resolves what `send` returned once the records are on disk.

    A busy or full log makes it wait, and senders wait with it; nothing is lost or overtaken.
    """

    transport: Transport

    def __post_init__(self) -> None:
        self._queue: deque[_Sent] = deque()
        self._queued_bytes = 0
        self._filled, self._emptied = asyncio.Event(), asyncio.Event()
        self._broken: Exception | None = None
        self._last_soon: FutureMessage | None = None

    async def on_start(self) -> None:
        """Open the log."""
        self.transport.hold()
        await super().on_start()

    async def on_stop(self) -> None:
        """Write what is left."""
        await super().on_stop()
        await self.flush()

    async def on_shutdown(self) -> None:
        """Close the log, once nothing of ours runs any more."""
        await super().on_shutdown()
        self._give_up("the producer has stopped")
        await self.transport.release()

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """Queue a record; what is returned resolves once it is on disk. Headers are not kept."""
        self.app.on_produce_message.send(
            key=key, value=value, partition=partition, timestamp=timestamp, headers=headers
        )
        if partition is None:
            partition = partition_for(key, await self._partitions(topic))
        sent = _SentByFaust((Entry(topic, partition, round((timestamp or time.time()) * 1000), key, value),))
        await self._put(sent)
        return sent.written

    async def send_many(self, entries: Sequence[Entry]) -> list[int]:
        """Append entries in their order, atomically, after all that was sent before; return their offsets, on disk."""
        if not entries:
            return []
        sent = _Sent(entries)
        await self._put(sent)
        offsets: list[int] = await sent.written
        return offsets

    async def _put(self, sent: _Sent) -> None:
        # Whatever the log would refuse is refused here, or it would take others of its group with it.
        for topic, partition, _, key, value, _ in sent.entries:
            if not 0 <= partition < await self._partitions(topic):
                raise ProducerSendError(f"topic {topic} has no partition {partition}")
            for data in (key, value):
                if isinstance(data, bytes):
                    sent.size += len(data)
                elif data is not None:
                    raise ProducerSendError(f"{topic}: keys and values are bytes or None, not {type(data).__name__}")
        if self._broken is not None:
            raise ProducerSendError(f"the producer is broken: {self._broken!r}")
        self._queue.append(sent)
        self._queued_bytes += sent.size
        self._filled.set()
        # Waiting only now keeps the order in which senders came.
        while self._queued_bytes > _QUEUE_BYTES:
            self._emptied.clear()
            await self._emptied.wait()

    async def _partitions(self, topic: str) -> int:
        count = self.transport.log.partitions(topic)
        if count is None:
            await self.create_topic(topic, self.app.conf.topic_partitions, 1)
            count = self.transport.log.partitions(topic)
        return count or 1

    def send_soon(self, fut: FutureMessage) -> None:
        """Send in the background, in order: how tables write their changelogs."""
        super().send_soon(fut)
        self._last_soon = fut

    async def send_and_wait(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,
    ) -> RecordMetadata:
        """Append a record and wait until it is on disk."""
        return await (await self.send(topic, key, value, partition, timestamp, headers))

    async def flush(self) -> None:
        """Wait until what was sent before is on disk, or, when the app is stopping, was given up.

        A commit flushes first, so this is what keeps it behind the changelog. Faust's own buffer can't tell: for some
        turns of the loop a message is neither in it nor here.
        """
        while self._last_soon is not None and not self._last_soon.done() and self.buffer.state == "running":
            # wait() and not await: being cancelled here must not cancel the message's future.
            await asyncio.wait({self._last_soon}, timeout=_BUFFER_CHECK)
        if self._queue:
            await asyncio.wait({self._queue[-1].written})

    @Service.task
    async def _write_groups(self) -> None:
        """The only one that appends, so order is the queue's order.

        1. Take a group from the head of the queue, leaving it there.
        2. Append it, waiting for as long as it takes.
        3. Only now remove it, and tell the senders.
        """
        while True:
            await self._filled.wait()
            await asyncio.sleep(_LINGER)
            # Step 1.
            group = self._group()
            entries = [entry for sent in group for entry in sent.entries]
            # Step 2.
            try:
                offsets = await self.transport.write(f"{len(entries)} records", self.transport.log.append, entries)
            except (LogBusy, LogFull) as error:
                # Only when stopping.
                self.log.error(
                    "Stopping with %d records unwritten: %s", sum(len(s.entries) for s in self._queue), error
                )
                self._give_up(str(error))
                continue
            except Exception as error:
                self._broken = error
                self._give_up(repr(error))
                raise
            # Step 3.
            start = 0
            for sent in group:
                self._remove()
                end = start + len(sent.entries)
                sent.resolve(offsets[start:end])
                start = end

    def _group(self) -> list[_Sent]:
        group: list[_Sent] = []
        records = size = 0
        for sent in self._queue:
            records, size = records + len(sent.entries), size + sent.size
            if group and (records > _GROUP_RECORDS or size > _GROUP_BYTES):
                break
            group.append(sent)
        return group

    def _remove(self) -> _Sent:
        sent = self._queue.popleft()
        self._queued_bytes -= sent.size
        if not self._queue:
            self._filled.clear()
        if self._queued_bytes <= _QUEUE_BYTES:
            self._emptied.set()
        return sent

    def _give_up(self, reason: str) -> None:
        while self._queue:
            written = self._remove().written
            if not written.done():
                written.set_exception(ProducerSendError(f"not written: {reason}"))

    async def create_topic(
        self,
        topic: str,
        partitions: int,
        replication: int,
        *,
        config: Mapping[str, Any] | None = None,
        timeout: Seconds = 30.0,  # noqa: ASYNC109 - Faust's signature
        retention: Seconds | None = None,
        compacting: bool | None = None,
        deleting: bool | None = None,
        ensure_created: bool = False,
    ) -> None:
        """Create a topic; one that exists stays as it is, as with Kafka."""
        await self.transport.create_topic(topic, partitions, retention=retention, compacting=compacting)

    def key_partition(self, topic: str, key: bytes) -> TP:
        """The partition of a key."""
        return TP(topic, partition_for(key, self.transport.log.partitions(topic) or 1))

    def supports_headers(self) -> bool:
        """No: the log keeps keys and values."""
        return False
