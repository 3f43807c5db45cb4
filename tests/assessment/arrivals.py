"""Events that were written down, as messages of partitions: in the order of their arrival, some twice, some broken."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.recount import Message

RECEIVED_MS: Final = 1_830_000_000_000  # late in 2027
HEARTBEAT: Final = "device.heartbeat"
_BROKEN: Final = (b"", b"{", b"[]", b'{"specversion":"1.0","type":"no.such"}', b"\xff")


@dataclass(frozen=True)
class Said:
    """An event, and when it came."""

    arrived_ms: int
    body: Mapping[str, Any]

    @property
    def street(self) -> str:
        return str(self.body["street"])

    @property
    def is_beat(self) -> bool:
        return str(self.body["type"]) == HEARTBEAT


def arrived(
    said: Sequence[Said], partitions: Mapping[str, int], dice: random.Random, *, strays: bool, repeats: float = 0.05
) -> tuple[list[Message], list[Message]]:
    """Messages of pingliu.events and of pingliu.devices.

    What a street sent comes in its order; how streets interleave within a partition is the dice's. `strays`: some
    events come to other partitions. `repeats`: so many come again later, as they were.
    """
    queues = {street: sorted((one for one in said if one.street == street), key=_arrival) for street in partitions}
    logs: dict[tuple[bool, int], list[bytes]] = {}
    numbers = sorted(set(partitions.values()))
    while any(queues.values()):
        street = min((street for street, queue in queues.items() if queue), key=lambda name: _next(queues[name], dice))
        one = queues[street].pop(0)
        stray = strays and dice.random() < 0.03
        log = logs.setdefault((one.is_beat, dice.choice(numbers) if stray else partitions[street]), [])
        log.append(json.dumps(one.body, ensure_ascii=False).encode())
        if dice.random() < repeats:
            log.append(dice.choice(log))
        if dice.random() < 0.01 and not one.is_beat:
            log.append(dice.choice(_BROKEN))
    return _messages(logs, beats=False), _messages(logs, beats=True)


def _arrival(said: Said) -> int:
    return said.arrived_ms


def _next(queue: Sequence[Said], dice: random.Random) -> float:
    """Some days sooner or later than another street's."""
    return queue[0].arrived_ms + dice.random() * 86_400_000


def _messages(logs: Mapping[tuple[bool, int], list[bytes]], *, beats: bool) -> list[Message]:
    return [
        Message(partition, offset, RECEIVED_MS, value)
        for (is_beat, partition), values in sorted(logs.items())
        if is_beat is beats
        for offset, value in enumerate(values)
    ]
