"""The aggregate role: folds batches into street states and publishes live buckets, notices and rejects.

Order of effects. However it ends in between, the figures are the same in the end:
0. When a partition comes, its journal is taken over (streams.journal), what counts in it is restored, and reading
   begins where that leaves off: the checkpoint decides, whatever was committed.
1. A fetch is decoded and applied to the states, in memory.
2. What changed is published, and the broker has acknowledged it. Published again after a crash, it is the same upsert.
3. The changed states are saved with their offsets, and the broker has acknowledged that.
4. Only then are the events acknowledged and the partition's next offset committed, so that others see how far it is.
   What is delivered again after a crash before this is applied anew to the states as they were saved.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Mapping, Set
from typing import Any, Final

from faust.types import TP, EventT

from schemas.privacy import Privacy
from schemas.rules import load_rules
from schemas.secret import Seal, load_secret
from schemas.workdays import Workdays
from streams import canary
from streams.checkpoint import Ledger
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.metrics import AggregateMetrics
from streams.readings import tell
from streams.role import Role, chunks, records_of
from streams.routing import Origins
from streams.settings import Settings
from streams.topics import CHECKPOINTS, DEVICES, EVENTS, GROUPS, LIVE, METRICS, NOTICES, REJECTED
from streams.transport.record import Entry
from streams.vitals import Vitals

log = logging.getLogger(__name__)

# How many messages are applied before other tasks may run.
_CHUNK: Final = 1_000
_TOKEN_BYTES: Final = 8


class Aggregate(Role):
    """The aggregate role over one Faust app; see the module for the order of its effects. Raises SecretError."""

    def __init__(self, settings: Settings) -> None:
        self.metrics = AggregateMetrics(GROUPS["aggregate"], (METRICS, NOTICES, REJECTED, LIVE, EVENTS, DEVICES))
        super().__init__("aggregate", settings, Vitals("aggregate", settings, self.metrics))
        self._most_outputs = settings.outputs_most
        self._live_every_ms = round(settings.live_every * 1_000)
        self._rules = load_rules(settings.rules)
        self._workdays = Workdays(self._rules.calendar)
        secret = load_secret(settings.secret)
        self._seal, self._origins, self._privacy = Seal(secret), Origins(secret), Privacy.from_secret(secret)
        self._lanes: dict[TP, Lane] = {}
        self._held: list[EventT[Any]] = []
        self._canaries = canary.Canaries(secret)
        self._arrivals = canary.Arrivals(self.metrics.canary_seconds, self.metrics.canary_age)
        # When those were sent that are among what was applied, and not published.
        self._flying: list[int] = []
        # One at a time publishes or saves; what others apply meanwhile belongs to the next.
        self._writing = asyncio.Lock()
        self._saved_at = time.monotonic()
        self.consume(EVENTS, self._take)
        self.consume(DEVICES, self._take)
        self.every(settings.outputs_every, self.publish)
        self.every(settings.checkpoint_every, self.checkpoint)
        if settings.canary is not None:
            street = settings.canary
            self.every(canary.SECONDS, lambda: self._send_canary(street))
        self.metrics.checkpoint_age.set_function(lambda: time.monotonic() - self._saved_at)
        tell(self.metrics, lambda: self._lanes, tells_windows=settings.window_metrics)

    async def begin(self, partitions: Set[TP]) -> Mapping[TP, int]:
        """Takes the lanes over and restores them (0)."""
        ledgers = {tp: Ledger(Journal(tp.topic, secrets.token_hex(_TOKEN_BYTES))) for tp in sorted(partitions)}
        await self.send(
            [
                Entry(CHECKPOINTS, tp.partition, _now_ms(), *ledger.journal.announcement())
                for tp, ledger in ledgers.items()
            ]
        )
        records = await self.read_all(CHECKPOINTS, {tp.partition for tp in ledgers})
        lanes = {}
        for tp, ledger in ledgers.items():
            terms = Terms(self._rules, self._workdays, self._origins, self.partitions(tp.topic), self._privacy)
            restored = ledger.restore(records[tp.partition], tp.partition, self._rules, self._workdays)
            lanes[tp] = Lane(restored, ledger, terms)
            log.info("%s/%d: %d streets restored at offset %d", *tp, len(restored.streets), restored.totals.next_offset)
        self._lanes = lanes
        return {tp: lane.totals.next_offset for tp, lane in lanes.items()}

    async def _take(self, event: EventT[Any]) -> None:
        for chunk in chunks(records_of(event), _CHUNK):
            if not self.is_ours(event):
                return
            own, canaries = self._canaries.apart(chunk)
            self._lanes[event.message.tp].take(own, chunk[-1].offset + 1)  # 1.
            self._flying += canaries
            await asyncio.sleep(0)
        if self.is_ours(event):
            self._held.append(event)
            if self._lanes[event.message.tp].pending() >= self._most_outputs:
                await self.publish()

    async def publish(self) -> None:
        """Publishes what changed (2)."""
        async with self._writing:
            await self._publish(self._outputs())

    async def checkpoint(self) -> None:
        """Publishes (2), saves (3), acknowledges and commits (4) what is applied by now."""
        async with self._writing:
            # All of one moment: nothing may be saved whose outputs were not published before.
            outputs, saves = self._outputs(), self._saves()
            held, self._held = self._held, []
            offsets = {tp: lane.totals.next_offset for tp, lane in self._lanes.items()}
            began = time.monotonic()
            await self._publish(outputs)  # 2.
            if saves:
                await self.send(saves)  # 3.
                await self.commit(held, offsets)  # 4.
                self.metrics.checkpoints.inc()
                self.metrics.checkpoint_duration.observe(time.monotonic() - began)
            self._saved_at = began

    async def drain(self) -> None:
        """Nothing that was applied stays unsaved."""
        await self.checkpoint()

    def forget(self) -> None:
        """Lets go of the lanes."""
        self._lanes = {}
        self._held = []
        self._flying = []
        self._arrivals.forget()

    async def _send_canary(self, street: str) -> None:
        """Whoever has the street's lane sends it, so one worker does."""
        if self._lanes:
            entry = self._canaries.entry(street, self.partitions(EVENTS), _now_ms())
            if TP(EVENTS, entry.partition) in self._lanes:
                async with self._writing:
                    await self.send([entry])

    async def _publish(self, outputs: list[Entry]) -> None:
        """Publishes what was taken out at this moment."""
        arriving, self._flying = self._flying, []
        await self.send(outputs)
        self._arrivals.note(arriving)
        for topic, number in Counter(entry.topic for entry in outputs).items():
            self.metrics.outputs.labels(topic).inc(number)
        for topic, number in Counter(entry.topic for entry in outputs if entry.headers).items():
            self.metrics.routed.labels(topic).inc(number)

    def _outputs(self) -> list[Entry]:
        now_ms, every_ms = _now_ms(), self._live_every_ms
        return [
            entry
            for lane in self._lanes.values()
            for entry in lane.take_outputs(self._seal, now_ms, live_every_ms=every_ms)
        ]

    def _saves(self) -> list[Entry]:
        now_ms = _now_ms()
        return [entry for lane in self._lanes.values() for entry in lane.take_save(now_ms)]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
