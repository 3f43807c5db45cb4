"""How far the log is looked at: by topic and partition, the first offset that is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sinks.assessment.database import Database
from streams.topics import DEVICES, EVENTS

# (topic, partition) to the first offset not looked at.
Positions = Mapping[tuple[str, int], int]

# Heartbeats are on a topic of their own, with offsets of its own.
_TOPIC: Final = f"if(type = 'device.heartbeat', '{DEVICES}', '{EVENTS}')"


def stored(database: Database) -> Positions:
    """Everything that is stored now. FINAL: how many redeliveries are still there is up to ClickHouse's merges."""
    rows: list[dict[str, Any]] = database.rows(
        f"SELECT {_TOPIC} AS topic, partition, max(offset) + 1 AS next_offset FROM pingliu.event_log FINAL "
        "GROUP BY topic, partition"
    )
    return {(str(row["topic"]), int(row["partition"])): int(row["next_offset"]) for row in rows}


def below(positions: Positions) -> str:
    """The condition, in SQL, that an event of `event_log` lies before the positions."""
    return f"(if(type = 'device.heartbeat', {_bound(positions, DEVICES)}, {_bound(positions, EVENTS)}))"


def literal(positions: Positions) -> str:
    """The positions in SQL, as the tables keep them."""
    entries = ", ".join(
        f"('{topic}', {partition}, {offset})" for (topic, partition), offset in sorted(positions.items())
    )
    return f"CAST([{entries}] AS Array(Tuple(topic String, partition Int32, next_offset Int64)))"


# What gives the positions of a row back, alike on every backend: lines of topic, partition, offset.
TEXT: Final = "arrayStringConcat(arrayMap(p -> concat(p.1, ' ', toString(p.2), ' ', toString(p.3)), positions), '\\n')"


def parse(text: str) -> Positions:
    """The positions that `TEXT` gave."""
    parts = (line.split(" ") for line in text.splitlines())
    return {(topic, int(partition)): int(offset) for topic, partition, offset in parts}


def _bound(positions: Positions, topic: str) -> str:
    of_topic = {partition: offset for (name, partition), offset in sorted(positions.items()) if name == topic}
    if not of_topic:
        return "0"
    partitions, offsets = list(of_topic), list(of_topic.values())
    return f"offset < transform(partition, {partitions}, {offsets}, 0)"
