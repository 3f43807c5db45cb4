"""The role on Kafka: who was told what moves with the partitions, and outlives a kill."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from schemas.published import Notice
from streams.broker import Broker
from streams.routing import partition_of
from streams.topics import NOTICES
from streams.transport.kafka_producer import client
from tests.box import await_that
from tests.notify.robot import serving
from tests.notify.teller import Teller, figure, fresh, numbers
from tests.servers import need
from tests.stage import Stage

_PARTITIONS = 2
_TOLD = "pingliu_notify_notices_total"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "stage")
    need(stage.kafka.start)
    stage.run("init", *stage.broker(), "--partitions", str(_PARTITIONS))
    yield stage
    stage.close()


def _publish(stage: Stage, *notices: Notice) -> None:
    async def publish() -> None:
        producer = client(Broker.parse(f"kafka://{stage.kafka.address}").client_options())
        await producer.start()
        try:
            for one in notices:
                partition = partition_of(one.street, _PARTITIONS)
                await producer.send_and_wait(NOTICES, msgspec.json.encode(one), partition=partition)
        finally:
            await producer.stop()

    asyncio.run(publish())


def test_on_kafka_a_worker_that_takes_over_tells_what_is_left_and_nothing_twice(stage: Stage, tmp_path: Path) -> None:
    teller = Teller(tmp_path)
    with serving() as robots:
        teller.configure(robots, "wecom-well", "wecom-wrong")
        robots.wrong_keys.add("wecom-wrong")
        words = ("--webhooks", str(teller.webhooks))
        environ = {**os.environ, "PINGLIU_NOTIFY_RETRY_SECONDS": "0.1"}
        first = stage.role("notify", *words, environ=environ)
        _publish(stage, fresh(1), fresh(2, street="530102002"))
        await_that(lambda: sorted(numbers(robots.texts("wecom-well"))) == [1, 2], "one target is told")
        await_that(lambda: figure(stage.output(first), _TOLD, target="wecom-well") == 2, "and that is noted")
        await_that(lambda: robots.tries["wecom-wrong"] > 0, "the other is tried")
        stage.kill(first)
        robots.wrong_keys.clear()
        _publish(stage, fresh(3))
        second = stage.role("notify", *words, environ=environ)
        await_that(lambda: len(numbers(robots.texts("wecom-wrong"))) == 3, "the other is told everything")
        await_that(lambda: 3 in numbers(robots.texts("wecom-well")), "and the first what is new")
        await_that(lambda: stage.is_through("notify"), "all is acknowledged")
        stage.stop(second)
        assert sorted(numbers([stage.run("notify", "preview", *stage.broker(), "--limit", "2")])) in ([1, 3], [2, 3])
        # Started where all is noted.
        third = stage.role("notify", *words, environ=environ)
        _publish(stage, fresh(4))
        await_that(lambda: 4 in numbers(robots.texts("wecom-well")) or third.poll() is not None, "it tells what is new")
        await_that(lambda: stage.is_through("notify"), "all is acknowledged")
        stage.stop(third)
        assert numbers(robots.texts("wecom-wrong")) == dict.fromkeys((1, 2, 3, 4), 1)
        assert numbers(robots.texts("wecom-well")) == dict.fromkeys((1, 2, 3, 4), 1)
