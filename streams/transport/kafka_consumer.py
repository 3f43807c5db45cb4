"""Faust's consumer over Kafka; aiokafka's client has a thread and an event loop of its own, as in Faust's driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import aiokafka
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from streams.transport import kafka_client
from streams.transport.batch import Delivery, batch_topics, deliver
from streams.transport.committing import ExplicitCommits
from streams.transport.errors import Displaced
from streams.transport.kafka_reader import record_of
from streams.transport.message import message_of

# The broker answers a fetch at once when there is something; this bounds how long a partition that was set aside
# meanwhile, for its records were not yet taken, waits for the next fetch.
_FETCH_WAIT_MS = 100
_MAX_FETCH_BYTES = 64 << 20
# How long a fetch waits for records, and so a rebalance for a fetch.
_FETCH_SECONDS = 0.25


class Thread(driver.AIOKafkaConsumerThread):
    """The client's thread."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        app: Any = self.app
        conf = app.conf
        return kafka_client.consumer(
            **app.broker.client_options(),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            # Range: a street's partition of one topic and of another go to the same worker.
            partition_assignment_strategy=(RangePartitionAssignor,),
            enable_auto_commit=False,
            auto_offset_reset=conf.consumer_auto_offset_reset,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            fetch_max_bytes=_MAX_FETCH_BYTES,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
        )

    def topic_partitions(self, topic: str) -> int | None:
        """How many partitions a topic has; Faust's own knows only in the group's leader."""
        partitions = self._ensure_consumer()._client.cluster.partitions_for_topic(topic)
        return len(partitions) if partitions else None

    async def commit_next(self, next_offsets: Mapping[TP, int]) -> bool:
        """Whether these partitions were ours to commit; waits while the broker is away."""
        committed: bool = await self.call_thread(self._commit_next, next_offsets)
        return committed

    async def _commit_next(self, next_offsets: Mapping[TP, int]) -> bool:
        client = self._ensure_consumer()
        assigned = client.assignment()
        offsets = {
            TopicPartition(*tp): OffsetAndMetadata(offset, "")
            for tp, offset in next_offsets.items()
            if TopicPartition(*tp) in assigned
        }
        if not offsets:
            return not next_offsets
        try:
            await client.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            self.log.info("Not committed, for the group is being rebalanced: %s", error)
            return False
        return True


class Consumer(ExplicitCommits, driver.Consumer):
    """A member of its group, with the partitions that the group gives it."""

    _thread: Thread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # From where each partition's next fetch is: a batch says so, lest records be lost without anyone noticing.
        self._starts: dict[TP, int] = {}
        # A fetch may outlast a whole rebalance: its records are of before a seek, or of after it and gone for good if
        # they are thrown away. So a seek waits for the fetch that is under way, which then finds the flow stopped.
        self._fetching = asyncio.Lock()

    async def on_shutdown(self) -> None:
        """Close what else is open."""
        await super().on_shutdown()
        await cast(Any, self.transport).release()

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to where the app wants to begin; one that has no opinion, to where the group had got."""
        begin_at = getattr(self.app, "begin_at", None)
        if begin_at is None:
            return await super().seek_to_committed()
        try:
            offsets: Mapping[TP, int] = await begin_at(self.assignment())
        except Displaced as displaced:
            # By this Faust's recovery knows that another rebalance is to be waited for.
            raise IllegalStateError(str(displaced)) from displaced
        async with self._fetching:
            await self.seek_wait(offsets)
            self._starts = dict(offsets)
        return offsets

    # ASYNC109: the timeouts are Faust's.
    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109
        """Hand on what comes within `timeout`, one partition after the other in turns.

        What can't be handed on because of a rebalance is fetched again: after each, all partitions are sought.
        """
        fetched, _ = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        for tp, delivery in self.scheduler.iterate(fetched or {}):
            if self.should_stop or not self.flow_active or self.app.consumer_generation_id != generation:
                return
            yield tp, self._to_message(tp, delivery)

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109
    ) -> Mapping[TP, list[Delivery]]:
        in_batches = batch_topics(self.app)
        fetched: dict[TP, list[Delivery]] = {}
        async with self._fetching:
            for found, records in (await super()._getmany(active_partitions, min(timeout, _FETCH_SECONDS))).items():
                if records:
                    tp = TP(found.topic, found.partition)
                    made = list(map(record_of, records))
                    start = self._starts.get(tp, made[0].offset)
                    self._starts[tp] = made[-1].offset + 1
                    fetched[tp] = deliver(made, start, in_batches=tp.topic in in_batches)
        return fetched

    def _to_message(self, tp: TP, record: Delivery) -> ConsumerMessage:
        return message_of(tp, record, self.app.consumer_generation_id)

    async def _write_offsets(self, next_offsets: Mapping[TP, int]) -> bool:
        return await self._thread.commit_next(next_offsets)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's guesses at what might stall; streams.watchdog knows."""
