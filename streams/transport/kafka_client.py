"""Kafka clients that ask who leads their partitions ten times a second at most.

A broker that is told to end says that its partitions have no leader any more. A client of aiokafka's that heard so, and
has something to send to them or to fetch, asks again as soon as it is answered or refused: thousands of times a second,
a core burnt for as long as the broker is away. None of its options holds that up; `retry_backoff_ms` is for other
requests. (github.com/aio-libs/aiokafka/issues/1155 is of the same kind.)
"""

from __future__ import annotations

import asyncio
import math
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

# As long as the Java client's. Nobody waits for a question that comes alone.
_PAUSE_SECONDS: Final = 0.1


def consumer(**options: Any) -> AIOKafkaConsumer:
    """An AIOKafkaConsumer, not started."""
    made = AIOKafkaConsumer(**options)
    _pace(made._client)
    return made


def producer(**options: Any) -> AIOKafkaProducer:
    """An AIOKafkaProducer, not started."""
    made = AIOKafkaProducer(**options)
    _pace(made.client)
    return made


def _pace(client: Any) -> None:
    """Holds up this one client's questions.

    All go through one method, which isn't public. A library without it is an AttributeError when a client is made; one
    that no longer goes through it fails G86's test.
    """
    ask = client._metadata_update
    asked_at = -math.inf

    async def ask_in_time(*about: Any) -> Any:
        nonlocal asked_at
        clock = asyncio.get_running_loop().time
        if (pause := asked_at + _PAUSE_SECONDS - clock()) > 0:
            await asyncio.sleep(pause)
        asked_at = clock()
        return await ask(*about)

    client._metadata_update = ask_in_time
