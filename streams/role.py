"""A role: one Faust app as a part of pingliu, with the few things its agents may do, and a clear end.

Three ways it ends: it is told to stop (drains first), it breaks (says why, loudly, and ends with an error; what it held
unacknowledged comes again), or it is killed (the same, without a word).

Partitions come and go with rebalances. What is taken of a partition is in memory only from `begin` to `forget`:
1. When partitions are given out, `begin` says from where each is read; nothing is handed on before.
2. Batches are handled in order, without a gap; what was under way from before the last rebalance is thrown away.
3. When partitions are taken away, and at the end, `drain` writes what is only in memory, within one deadline; what it
   doesn't get done comes again, here or elsewhere.
4. Then `forget` lets go of everything.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Final

import faust
from faust.types import TP, EventT

from streams.broker import Broker
from streams.settings import Settings
from streams.topics import GROUPS
from streams.transport.batch import Records
from streams.transport.errors import Displaced
from streams.transport.record import Entry, Record
from streams.transport.sqlite import recommended_settings
from streams.vitals import Vitals

log = logging.getLogger(__name__)

# Draining writes what is in memory: seconds, unless the broker is gone, and then it comes again anyway.
_DRAIN_SECONDS: Final = 30.0


class LostRecords(Exception):  # noqa: N818 - it says what is the case
    """Records between two batches were never handed over."""


class Role:
    """An app with agents and timers. Subclasses say what to `consume`, how to `begin`, to `drain` and to `forget`."""

    def __init__(self, name: str, settings: Settings, vitals: Vitals) -> None:
        self.name = name
        self.topics = GROUPS[name]
        # Any: our transports' consumers and producers can do more than Faust's interfaces say.
        self.app: Any = _make_app(name, settings, frozenset(self.topics))
        self.vitals = vitals
        vitals.watch(self)
        self._revoke_seconds = settings.revoke_seconds
        self._rebalance_seconds = 3 * (settings.revoke_seconds + settings.session_seconds)
        self._timers: list[tuple[float, Callable[[], Awaitable[None]]]] = []
        self._failure: BaseException | None = None
        self._failed = asyncio.Event()
        # By partition, the offsets handled next and committed; and the generation of the group for which that is so.
        self._next: dict[TP, int] = {}
        self._done: dict[TP, int] = {}
        self._generation: int | None = None
        self._committing: asyncio.Task[None] | None = None
        self.app.begin_at = self._begin_at
        # What a transport does while it waits, for a busy broker or a full disk, is no stall.
        self.app.waiting = vitals.waiting
        self.app.on_partitions_revoked.connect(self._on_revoked)
        self.app.on_before_shutdown.connect(self._on_shutdown)
        self.app.task(self._work)

    @property
    def failure(self) -> BaseException | None:
        """What broke the role."""
        return self._failure

    def consume(self, topic: str, handle: Callable[[EventT[Any]], Awaitable[None]]) -> None:
        """Has every batch of a topic handled, one after the other; they stay unacknowledged until `commit`."""

        async def agent(stream: Any) -> None:
            async for event in stream.noack().events():
                await self._guard(self._handle(event, handle))

        # The values are lists of records, taken as they are.
        channel = self.app.topic(topic, key_serializer="raw", value_serializer="raw")
        self.app.agent(channel, name=f"{self.name}.{topic}")(agent)

    def every(self, seconds: float, action: Callable[[], Awaitable[None]]) -> None:
        """Runs an action again and again while the role runs, `seconds` after it last ended."""
        self._timers.append((seconds, action))

    async def begin(self, partitions: Set[TP]) -> Mapping[TP, int]:
        """From which offset each partition is to be read."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Writes what is only in memory."""

    def forget(self) -> None:
        """Lets go of all that was taken of the partitions."""

    def is_ours(self, event: EventT[Any]) -> bool:
        """Whether an event that is being handled still is of partitions that this role has."""
        return event.message.generation_id == self._generation

    async def send(self, entries: Sequence[Entry]) -> None:
        """Writes records in order and returns when the broker has them; waits while it is busy or away."""
        if entries:
            await self.app.producer.send_many(entries)

    async def commit(self, events: Iterable[EventT[Any]], next_offsets: Mapping[TP, int]) -> None:
        """Acknowledges events and commits how far this role has got. It begins where `begin` says all the same."""
        for event in events:
            event.ack()
        await self.app.consumer.commit_next(next_offsets)
        self._done.update({tp: offset for tp, offset in next_offsets.items() if tp in self._next})
        self.vitals.progressed()

    async def read_all(self, topic: str, partitions: Iterable[int]) -> Mapping[int, list[Record]]:
        """All records of partitions that there are now, in offset order."""
        records: dict[int, list[Record]] = await self.app.transport.read_all(topic, partitions)
        return records

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has that this role consumes."""
        count: int = self.app.consumer.topic_partitions(topic)
        return count

    async def lag(self) -> dict[TP, int]:
        """How many messages each partition holds behind what is committed. Raises where the broker doesn't say."""
        done = dict(self._done)
        ends: Mapping[TP, int] = await self.app.transport.ends(list(done)) if done else {}
        return {tp: max(0, end - done[tp]) for tp, end in ends.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until told to stop; raises what broke it."""
        await self.app.start()
        ends = [asyncio.create_task(event.wait()) for event in (stop, self._failed)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            await self.app.stop()
        if self._failure is not None:
            raise self._failure

    async def _work(self) -> None:
        # What is loaded by now stays for good; looking at it again and again costs a fifth of the speed.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._guard(self.vitals.run()))
            for seconds, action in self._timers:
                group.create_task(self._repeat(seconds, action))

    async def _repeat(self, seconds: float, action: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._guard(action())

    async def _handle(self, event: EventT[Any], handle: Callable[[EventT[Any]], Awaitable[None]]) -> None:
        if not self.is_ours(event):
            return
        tp, records = event.message.tp, records_of(event)
        expected = self._next.get(tp, records.start)
        if records.start > expected:
            raise LostRecords(f"{tp.topic}/{tp.partition}: fetched from {records.start}, handled up to {expected}")
        await handle(event)
        if self.is_ours(event):
            self._next[tp] = records[-1].offset + 1
            self.vitals.took(tp.topic, len(records))

    async def _begin_at(self, partitions: Set[TP]) -> Mapping[TP, int]:
        """Step 1."""
        generation = self.app.consumer_generation_id
        self.vitals.rebalanced()
        try:
            offsets = await self.begin(partitions)
        except Displaced as displaced:
            log.warning("%s: %s; a rebalance must follow", self.name, displaced)
            self.app.loop.call_later(self._rebalance_seconds, self._check_begun, displaced)
            raise
        except Exception as error:
            # Faust would say it and go on with nothing.
            self._fail(error)
            await asyncio.Event().wait()
            raise
        self._next, self._done = dict(offsets), dict(offsets)
        self._generation = generation
        # A crash between the last save and its commit left the broker behind; there may be nothing more to commit.
        self._committing = asyncio.create_task(self._guard(self.commit((), offsets)))
        return offsets

    def _check_begun(self, displaced: Displaced) -> None:
        """A worker that was displaced, and is a member all the same, would do nothing for ever."""
        if self._generation is None:
            self._fail(displaced)

    async def _on_revoked(self, app: Any, revoked: Set[TP], **_: Any) -> None:
        """Steps 3 and 4."""
        if self._generation is not None:
            await self._drain_within(self._revoke_seconds)
            self._generation = None
            self._next, self._done = {}, {}
            self.forget()

    async def _on_shutdown(self, app: Any, **_: Any) -> None:
        if self._generation is not None and self._failure is None:
            await self._drain_within(_DRAIN_SECONDS)

    async def _drain_within(self, seconds: float) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                await self.drain()
        except TimeoutError:
            log.warning("%s: not drained within %.0f s; the rest comes again", self.name, seconds)
        except Exception as error:
            self._fail(error)
        else:
            log.info("%s: drained in %.1f s", self.name, time.monotonic() - began)

    async def _guard(self, action: Awaitable[None]) -> None:
        """Awaits; on any error the whole role ends, and nothing more is handled or acknowledged meanwhile."""
        try:
            await action
        except Exception as error:
            self._fail(error)
            await asyncio.Event().wait()

    def _fail(self, error: Exception) -> None:
        log.error("%s: broken; it stops and must be started again", self.name, exc_info=error)
        if self._failure is None:
            self._failure = error
            self._failed.set()
            # For who runs the app by Faust's own worker.
            self.app.loop.create_task(self.app.crash(error))


def records_of(event: EventT[Any]) -> Records:
    """The records of an event that a batch topic delivered."""
    value: Any = event.value
    records: Records = value
    return records


def chunks(records: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    """Slices of at most `size`."""
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _make_app(name: str, settings: Settings, topics: frozenset[str]) -> Any:
    common = {
        "store": "memory://",
        "datadir": str(settings.scratch / name),
        # Faust's own worker enables it all the same; nothing of ours is to be had there.
        "web_enabled": False,
        "web_bind": "127.0.0.1",
        "topic_partitions": settings.partitions,
        "stream_recovery_delay": 0.0,
        **recommended_settings(),
    }
    settings.scratch.mkdir(parents=True, exist_ok=True)
    group = f"pingliu-{name}" if settings.destination is None else f"pingliu-{name}-{settings.destination}"
    if settings.broker.startswith("sqlite:"):
        app: Any = faust.App(group, broker=settings.broker, **common)
    else:
        broker = Broker.parse(settings.broker, settings.password())
        app = faust.App(
            group,
            # The addresses are in the clients' options, with the rest.
            broker=f"kafkabatch://{broker.hosts[0]}",
            topic_allow_declare=False,
            consumer_group_instance_id=settings.instance,
            broker_max_poll_records=_POLL_RECORDS,
            broker_session_timeout=settings.session_seconds,
            broker_heartbeat_interval=settings.session_seconds / 5,
            broker_request_timeout=max(_REQUEST_SECONDS, settings.session_seconds + 1),
            # A worker that is cut off must be able to end its drain before the group goes on without it.
            broker_rebalance_timeout=settings.revoke_seconds + settings.session_seconds,
            broker_max_poll_interval=_POLL_SECONDS,
            broker_commit_livelock_soft_timeout=_NEVER,
            stream_processing_timeout=_NEVER,
            **common,
        )
        app.broker = broker
    app.batch_topics = topics
    return app


# Of all partitions together; what comes on top stays in the client's buffer.
_POLL_RECORDS: Final = 20_000
_REQUEST_SECONDS: Final = 40.0
# aiokafka's own watch over a slow consumer would leave the group, silently; streams.watchdog ends the process instead.
_POLL_SECONDS: Final = 86_400.0
_NEVER: Final = 86_400.0 * 365
