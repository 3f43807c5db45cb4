"""Which topics a log has. Topics are never removed and never change, so what was read once stays true."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

from streams.transport.errors import UnknownTopic


class Topic(NamedTuple):
    """A topic as it was created."""

    name: str
    partitions: int
    compacted: bool
    retention_ms: int | None


class Catalogue:
    """The topics by name, read by `select` when an unknown name is asked for."""

    def __init__(self, select: Callable[[str], list[Any]]) -> None:
        self._select = select
        self._topics: dict[str, Topic] = {}
        self._ids: dict[str, int] = {}

    def read(self) -> list[Topic]:
        """All topics, by name, as they are now."""
        rows = self._select("select topic_id, name, partitions, compacted, retention_ms from topics order by name")
        self._ids = {name: topic_id for topic_id, name, *_ in rows}
        self._topics = {name: Topic(name, count, bool(compacted), kept) for _, name, count, compacted, kept in rows}
        return list(self._topics.values())

    def partitions(self, topic: str) -> int | None:
        """How many partitions the topic has; None if there is no such topic."""
        if topic not in self._topics:
            self.read()
        known = self._topics.get(topic)
        return None if known is None else known.partitions

    def place(self, topic: str, partition: int) -> tuple[int, int]:
        """The topic's id and the partition, as the tables name them. Raise `UnknownTopic` if there is none."""
        count = self.partitions(topic)
        if count is None:
            raise UnknownTopic(f"there is no topic {topic}")
        if not 0 <= partition < count:
            raise UnknownTopic(f"topic {topic} has {count} partitions, and no partition {partition}")
        return self._ids[topic], partition


def create(db: sqlite3.Connection, topic: Topic) -> None:
    """Create the topic unless there is one of its name. Only within a transaction."""
    created = db.execute(
        "insert into topics (name, partitions, compacted, retention_ms) values (?, ?, ?, ?)"
        " on conflict do nothing returning topic_id",
        topic,
    ).fetchone()
    if created is not None:
        db.executemany(
            "insert into partitions (topic_id, partition) values (?, ?)",
            [(created[0], partition) for partition in range(topic.partitions)],
        )
