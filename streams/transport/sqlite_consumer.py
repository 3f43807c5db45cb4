"""Faust's consumer over a `Log`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from faust.assignor.partition_assignor import PartitionAssignor
from faust.exceptions import ImproperlyConfigured
from faust.transport import base
from faust.types import TP, ConsumerMessage, Message
from mode import Seconds, Service

from streams.transport.assignment import assign_all
from streams.transport.batch import Delivery, batch_topics, deliver
from streams.transport.committing import ExplicitCommits
from streams.transport.errors import LogBusy, LogFull
from streams.transport.log import Log
from streams.transport.membership import Membership
from streams.transport.message import message_of
from streams.transport.partitioner import partition_for
from streams.transport.reader import Reader

if TYPE_CHECKING:
    from streams.transport.sqlite import Transport

# How often the log is asked for more. An event is seen after half of this on average.
_POLL = 0.02
_MAINTAIN_EVERY = 60.0


class Consumer(ExplicitCommits, base.Consumer):
    """The one member of its group, reading all partitions of the topics it is subscribed to.

    A position says from where a partition is handed on, not up to where it was fetched: it moves when Faust takes a
    record, so a pause or a seek in the middle of a fetch loses nothing. A partition without one is not read: before
    Faust has said where to begin, nothing could be handed on that wouldn't come again.
    """

    transport: Transport

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._membership = Membership(self.transport.path, self.app.conf.id)
        self._batch_topics: frozenset[str] = frozenset()
        self._generation = 0
        self._assigned: set[TP] = set()
        self._positions: dict[TP, int] = {}
        self._held_back: dict[TP, int] = {}
        self._reader = Reader(self.transport)
        self._napping: asyncio.Future[None] | None = None

    async def on_start(self) -> None:
        """Become the group's member; `GroupBusy` ends the app if another process is."""
        self.transport.hold()
        if self.app.client_only or self.in_transaction:
            raise ImproperlyConfigured("the sqlite transport has no client-only apps and no exactly_once of Faust's")
        self._membership.join()
        await super().on_start()

    async def on_shutdown(self) -> None:
        """Leave the group, once the last commit is done and nothing of ours runs any more."""
        await super().on_shutdown()
        self._membership.leave()
        await self.transport.release()

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Take all partitions of the topics and of the tables' changelogs.

        1. Commit what was acknowledged, so that it needn't come again.
        2. Stop the flow. Nothing is revoked, for all of it is assigned again; and of what is revoked Faust would forget
           which events are still unacknowledged, and commit past them.
        3. Tell the assignor, which table recovery asks, of the new assignment.
        4. Tell Faust, but not before this call has returned: it waits for that.
        """
        # Step 1.
        if self._assigned:
            await self.commit()
        # Step 2.
        self.app.on_rebalance_start()
        await self.on_partitions_revoked(set())
        self._positions.clear()
        self._held_back.clear()
        # Step 3.
        wanted = set(topics) | self.app.tables.changelog_topics
        await self._create_missing(wanted)
        self._batch_topics = batch_topics(self.app)
        self._assigned = {TP(topic, p) for topic in wanted for p in range(self.topic_partitions(topic) or 0)}
        assign_all(cast(PartitionAssignor, self.app.assignor), self._assigned)
        # Step 4.
        self._generation += 1
        self.app.consumer_generation_id = self._generation
        self.add_future(self.on_partitions_assigned(set(self._assigned), self._generation))

    async def _create_missing(self, topics: set[str]) -> None:
        """A topic that nobody created yet is created as the app describes it; a broker would do so as well."""
        described = {name: topic for topic in self.app.topics for name in topic.topics}
        for name in sorted(topics):
            if self.topic_partitions(name) is None:
                count = self.app.conf.topic_partitions
                if (topic := described.get(name)) is None:
                    await self.transport.create_topic(name, count)
                else:
                    count = topic.partitions or count
                    await self.transport.create_topic(
                        name, count, retention=topic.retention, compacting=topic.compacting
                    )

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

    # ASYNC109: the timeouts are Faust's.
    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109
        """Hand on what comes within `timeout`, one partition after the other in turns."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # mode takes asyncio's events as well
        fetched = await self._getmany(self._get_active_partitions(), timeout)
        expected = {tp: self._positions[tp] for tp in fetched}
        for tp in fetched:
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
        for tp, delivery in self.scheduler.iterate(fetched):
            if self.should_stop or not self.flow_active:
                return
            if self._positions.get(tp) != expected[tp] or tp in self._paused_partitions:
                # Sought or paused meanwhile: the rest of this fetch isn't what comes next, it is fetched again.
                expected[tp] = -1
                continue
            expected[tp] = self._positions[tp] = delivery.offset + 1
            if delivery.offset < (self._read_offset[tp] or 0):
                # Sought back; the record that was under way then has made Faust forget it.
                self._read_offset[tp] = None
            yield tp, self._to_message(tp, delivery)

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109
    ) -> Mapping[TP, list[Delivery]]:
        deadline = self.loop.time() + timeout
        while not self.should_stop and self.flow_active:
            active = self._get_active_partitions() - self._paused_partitions
            wanted = {tp: self._positions[tp] for tp in active if tp in self._positions}
            found: dict[TP, list[Delivery]] = {}
            for tp, records in (await self._reader.read(wanted, self._batch_topics)).items():
                if self._positions.get(tp) != wanted[tp]:
                    continue
                if records:
                    found[tp] = deliver(records, wanted[tp], in_batches=tp.topic in self._batch_topics)
                else:
                    self._positions[tp] = self._reader.end(tp)
            if found:
                return found
            if self.loop.time() >= deadline:
                break
            await self._nap()
        else:
            # Stopping, or crashed and nobody stops it: Faust asks again and again without a pause.
            await self._nap()
        return {}

    async def _nap(self) -> None:
        """Sleep until it is time to ask the log again, or `_wake`."""
        self._napping = self.loop.create_future()
        timer = self.loop.call_later(_POLL, self._wake)
        try:
            await self._napping
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if self._napping is not None and not self._napping.done():
            self._napping.set_result(None)

    def on_buffer_drop(self, tp: TP) -> None:
        """An agent's queue has room again: fetch without waiting for the next poll."""
        super().on_buffer_drop(tp)
        self._wake()

    def _to_message(self, tp: TP, record: Delivery) -> ConsumerMessage:
        return message_of(tp, record, self.app.consumer_generation_id)

    async def _write_offsets(self, next_offsets: Mapping[TP, int]) -> bool:
        """False only if the app is stopping while the log is busy or full; then the offsets are as they were."""
        try:
            await self.transport.write("offsets", self.transport.log.commit, self.app.conf.id, next_offsets)
        except (LogBusy, LogFull) as error:
            self.log.error("Stopping without having committed %d offsets: %s", len(next_offsets), error)
            return False
        return True

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to where the app wants to begin; one that has no opinion, to where the group had got.

        Table recovery itself goes to places in the changelogs.
        """
        changelogs = self.app.tables.changelog_topics
        partitions = {tp for tp in self._assigned if tp.topic not in changelogs}
        begin_at = getattr(self.app, "begin_at", None)
        found: Mapping[TP, int]
        if begin_at is not None:
            found = await begin_at(partitions)
        else:
            found = await self._committed(partitions)
        for tp, offset in found.items():
            (self._positions if tp in self._positions else self._held_back)[tp] = offset
        return found

    async def _committed(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        latest = self.app.conf.consumer_auto_offset_reset == "latest"
        return await self.transport.call(_starts, self.transport.log, self.app.conf.id, partitions, latest)

    def resume_flow(self) -> None:
        """Let records flow. After a new assignment this is Faust's last step.

        Until then nothing may be handed on, though Faust has sought already: it empties the agents' queues in between.
        """
        super().resume_flow()
        self._positions.update(self._held_back)
        self._held_back.clear()

    async def _seek(self, partition: TP, offset: int) -> None:
        self._positions[partition] = offset

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Go to these offsets."""
        for tp, offset in partitions.items():
            await self.seek(tp, offset)

    def assignment(self) -> set[TP]:
        """All partitions of what it is subscribed to."""
        return self._assigned

    async def position(self, tp: TP) -> int | None:
        """The offset handed on next."""
        return self._positions.get(tp)

    def highwater(self, tp: TP) -> int:
        """The partition's end when the log was last asked."""
        return self._reader.end(tp)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """The partitions' ends now."""
        log = self.transport.log
        return await self.transport.call(lambda: {tp: log.end(*tp) for tp in partitions})

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """The partitions' oldest offsets now."""
        log = self.transport.log
        return await self.transport.call(lambda: {tp: log.begin(*tp) for tp in partitions})

    def topic_partitions(self, topic: str) -> int | None:
        """How many partitions a topic has; None if there is no such topic."""
        return self.transport.log.partitions(topic)

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        """The partition a key belongs to, or the given one; None if there is no such topic."""
        count = self.topic_partitions(topic)
        if count is None or partition is not None:
            return None if count is None else partition
        return partition_for(key, count)

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    @Service.task
    async def _maintain(self) -> None:
        """Keep the log small; whoever consumes it does so."""
        while not await self.wait_for_stopped(asyncio.sleep(_MAINTAIN_EVERY)):
            try:
                await self.transport.call(self.transport.log.maintain)
            except (LogBusy, LogFull) as error:
                self.log.warning("The log is not maintained this time: %s", error)


def _starts(log: Log, group: str, partitions: Iterable[TP], latest: bool) -> dict[TP, int]:
    """Where the group goes on in each partition: where it had got, or at the oldest or newest record."""
    starts = {}
    for tp in partitions:
        committed = log.committed(group, *tp)
        starts[tp] = committed if committed is not None else log.end(*tp) if latest else log.begin(*tp)
    return starts
