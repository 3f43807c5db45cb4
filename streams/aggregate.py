"""The aggregate role: folds batches into street states and publishes live buckets, notices and rejects.

Order of effects. However it ends in between, the figures are the same in the end:
1. A fetch is decoded and applied to the states, in memory.
2. What changed is published, and the broker has acknowledged it. Published again after a crash, it is the same upsert.
3. The changed states are saved with their offsets, and the broker has acknowledged that.
4. Only then are the events acknowledged and the partition's next offset committed. What is delivered again after a
   crash before this is below the states' fences, or is applied anew to the states as they were saved.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from faust.types import TP, EventT

from schemas.rules import Rules, load_rules
from schemas.secret import Seal, ensure_secret
from schemas.workdays import Workdays
from streams.checkpoint import Ledger, read_totals
from streams.lane import Lane
from streams.settings import Settings
from streams.topics import CHECKPOINTS, DEVICES, EVENTS
from streams.transport.record import Entry
from streams.transport.role import Role, records_of

log = logging.getLogger(__name__)

# How many messages are applied before other tasks may run.
_CHUNK = 1_000


class Aggregate(Role):
    """The aggregate role over one Faust app; see the module for the order of its effects."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("aggregate", settings, (EVENTS, DEVICES))
        self._most_outputs = settings.outputs_most
        self._rules: Rules = load_rules(settings.rules)
        self._workdays = Workdays(self._rules.calendar)
        self._seal = Seal(ensure_secret(settings.secret))
        self._lanes: dict[TP, Lane] = {}
        self._held: list[EventT[Any]] = []
        # One at a time publishes or saves; what others apply meanwhile belongs to the next.
        self._writing = asyncio.Lock()
        self.consume(EVENTS, self._take)
        self.consume(DEVICES, self._take)
        self.every(settings.outputs_every, self.publish)
        self.every(settings.checkpoint_every, self.checkpoint)

    async def _take(self, event: EventT[Any]) -> None:
        lane = await self._lane(event.message.tp)
        records = records_of(event)
        for start in range(0, len(records), _CHUNK):
            lane.take(records[start : start + _CHUNK])  # 1.
            await asyncio.sleep(0)
        self._held.append(event)
        if lane.pending() >= self._most_outputs:
            await self.publish()

    async def publish(self) -> None:
        """Publishes what changed (2)."""
        async with self._writing:
            await self.send(self._outputs())

    async def checkpoint(self) -> None:
        """Publishes (2), saves (3), acknowledges and commits (4) what is applied by now."""
        async with self._writing:
            # All of one moment: nothing may be saved whose outputs were not published before.
            outputs, saves = self._outputs(), self._saves()
            held, self._held = self._held, []
            offsets = {tp: lane.totals.next_offset for tp, lane in self._lanes.items()}
            await self.send(outputs)  # 2.
            if saves:
                await self.send(saves)  # 3.
                await self.commit(held, offsets)  # 4.

    async def drain(self) -> None:
        """Before the end: nothing that was applied stays unsaved."""
        await self.checkpoint()

    def _outputs(self) -> list[Entry]:
        now_ms = _now_ms()
        return [entry for lane in self._lanes.values() for entry in lane.take_outputs(self._seal, now_ms)]

    def _saves(self) -> list[Entry]:
        now_ms = _now_ms()
        return [entry for lane in self._lanes.values() for entry in lane.take_save(now_ms)]

    async def _lane(self, tp: TP) -> Lane:
        lane = self._lanes.get(tp)
        if lane is None:
            records = await self.read_all(CHECKPOINTS, tp.partition)
            ledger = Ledger()
            streets = ledger.restore(records, self._rules, self._workdays) if tp.topic == EVENTS else {}
            totals = read_totals(records, tp.topic, tp.partition)
            lane = self._lanes[tp] = Lane(totals, streets, ledger, self._rules, self._workdays)
            log.info("%s/%d: %d streets restored at offset %d", *tp, len(streets), totals.next_offset)
        return lane


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
