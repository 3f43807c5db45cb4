"""Makes the topics on a Kafka cluster, and finds them to be as stated."""

from __future__ import annotations

import os

from schemas.secret import password_from
from streams.broker import Broker
from streams.cluster import Cluster


async def make_topics(url: str, partitions: int, replication: int) -> list[str]:
    """Makes those that are missing, and says what was done. Raises ClusterError, TopicMismatch, BrokerError."""
    async with Cluster(Broker.parse(url, password_from(os.environ, "PINGLIU_BROKER_PASSWORD"))) as cluster:
        made = await cluster.create_topics(partitions, replication)
        found = await cluster.check_topics()
    return [*(f"made {name}" for name in made), f"all topics are there, with {found} partitions"]
