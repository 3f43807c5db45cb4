"""Partitions without a leader, as a broker that goes leaves those it had; a deleted topic's have none either, and no
broker need be stopped.
"""

from __future__ import annotations

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka
from streams.broker import Broker
from streams.transport import kafka_reader
from streams.transport.kafka_producer import client, send_many
from streams.transport.record import Entry
from tests.transport.conftest import eventually

_TOPIC = "leaderless"
_SPAN_SECONDS = 1.5
# A client that asks as fast as it is answered takes a third of a core; refused, a whole one. A paced one takes 0.02,
# and what else this process has open some more.
_CORES = 0.2


def _entries(*values: bytes) -> list[Entry]:
    return [Entry(_TOPIC, 0, 1_000, None, value) for value in values]


async def _read_until(consumer: AIOKafkaConsumer, value: bytes) -> None:
    found: set[bytes] = set()
    while value not in found:
        fetched = await consumer.getmany(timeout_ms=100)
        found |= {record.value for records in fetched.values() for record in records}


async def _cpu_seconds() -> float:
    """What this process, in which nothing else goes on, computes within the span."""
    before = time.process_time()
    await asyncio.sleep(_SPAN_SECONDS)
    return time.process_time() - before


async def test_a_client_that_finds_no_leader_computes_next_to_nothing_and_goes_on_when_there_is_one(
    kafka: Kafka,
) -> None:
    options = Broker.parse(f"kafka://{kafka.address}").client_options()
    admin = AIOKafkaAdminClient(**options)
    consumer = kafka_reader.reader({**options, "auto_offset_reset": "earliest"})
    producer = client(options)
    for one in (admin, consumer, producer):
        await one.start()
    topic = NewTopic(_TOPIC, 1, 1)
    await admin.create_topics([topic])
    # More than there will be: where the consumer has got to is beyond the topic's end then, and it begins anew.
    await send_many(producer, _entries(b"before", b"before", b"last before"))
    consumer.assign([TopicPartition(_TOPIC, 0)])
    await _read_until(consumer, b"last before")
    await admin.delete_topics([_TOPIC])
    await eventually(lambda: consumer.partitions_for_topic(_TOPIC) is None)
    assert await _cpu_seconds() < _CORES * _SPAN_SECONDS, "the consumer waits"
    sending = asyncio.create_task(send_many(producer, _entries(b"after")))
    await eventually(lambda: producer.client.cluster.partitions_for_topic(_TOPIC) is None)
    assert await _cpu_seconds() < _CORES * _SPAN_SECONDS, "both wait"
    await admin.create_topics([topic])
    await sending
    await _read_until(consumer, b"after")
    for running in (consumer, producer):
        await running.stop()
    await admin.close()
