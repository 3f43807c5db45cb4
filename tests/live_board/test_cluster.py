"""The live board on a real Kafka: it follows, says that the broker is away, and goes on when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from deploy.local.kafka import Kafka
from deploy.topics import make_topics
from schemas.secret import ensure_secret
from streams.broker import Broker
from streams.transport.kafka_producer import client, send_many
from tests.live_board.halls import PARTITIONS, STREET, bad, clock_ms, entry, hall, rating
from tests.live_board.looker import Page, board
from tests.servers import need


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    """To be killed."""
    server = Kafka(tmp_path / "kafka")
    need(server.start)
    yield server
    server.kill()


async def _say(broker: str, version: int, name: str, level: str) -> None:
    now = clock_ms()
    producer = client(Broker.parse(broker).client_options())
    await producer.start()
    bad_ones = [bad(name, now)] if level == "dissatisfied" else []
    await send_many(producer, [entry(hall(version, now, ratings=[rating(name, level, now)], bad=bad_ones))])
    await producer.stop()


async def test_on_kafka_the_board_follows_says_when_the_broker_is_away_and_goes_on_when_it_is_back(
    own_kafka: Kafka, tmp_path: Path
) -> None:
    broker = f"kafka://{own_kafka.address}"
    await make_topics(broker, PARTITIONS, 1)
    await _say(broker, 1, "R-1", "satisfied")
    ensure_secret(tmp_path / "secret")
    with board(tmp_path / "data", "--broker", broker, "--secret", str(tmp_path / "secret")) as started:
        async with aiohttp.ClientSession() as session:
            page = await Page.open(session, started.url, f"street/{STREET}")
            await page.hear_until("ratings", "face-2")
            await page.hear_until("state", "实时")
            own_kafka.kill()
            await page.hear_until("state", "读不到数据")
            own_kafka.start()
            await page.hear_until("state", "实时")
            await _say(broker, 2, "R-2", "dissatisfied")
            await page.hear_until("bad", "新")
        code, logged = started.end()
    assert code == 0, logged
    assert logged.count("the broker is busy or away") == 1
