"""The role notify: has webhooks told of notices, each at least once.

Order of effects. However it ends in between, each target is told everything that it wants; what was told right before a
kill is told once more:
0. When partitions come, it is read who was told what (streams.notify.told), and reading begins where all were told. At
   the very first start, notices that are old by then are skipped.
1. A fetch is handed to the outboxes of the targets that want it and weren't told it yet.
2. What is due is posted, as one message to a target, and the target has answered that it took it.
3. That is noted, and on the broker's disk.
4. Where all targets are told, the position is noted, the notices are acknowledged and the next offset is committed.
A target that is away, or whose key is wrong, holds up nobody else: its notices wait, and after a restart come again.
When the webhooks file changes, a target that is another now gets what waits as far as it wants it; what it doesn't, and
what waits for one that is gone, is done with. One with a mistake changes nothing.
Notices far older than the time they are published at are of a history that is replayed, and are skipped.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Final

import msgspec
from faust.types import TP, EventT

from schemas.moments import DAY, HOUR, epoch_ms
from schemas.published import Notice
from streams.metrics import NotifyMetrics
from streams.notify.answers import Answer, Outcome
from streams.notify.book import TargetBook
from streams.notify.messages import compose
from streams.notify.outbox import Item, Outbox, Standing
from streams.notify.poster import Poster
from streams.notify.progress import Progress
from streams.notify.settings import NotifySettings
from streams.notify.targets import Target, WebhooksError
from streams.notify.told import Memory, entries_of, entry_of_position
from streams.role import Role, records_of
from streams.settings import Settings
from streams.topics import GROUPS, NOTICES, NOTIFIED
from streams.transport.record import Record
from streams.vitals import Vitals

log = logging.getLogger(__name__)

# How often it is looked whether anything is due, how far all are, and whether the webhooks file was changed.
_LOOK_SECONDS: Final = 0.1
_NOTE_SECONDS: Final = 1.0
_REREAD_SECONDS: Final = 1.0
# A month's flags are published 7 days after its end, and events a week late still count; what is older than that was
# replayed. Nobody is to be woken for last quarter.
_HISTORY_MS: Final = 14 * DAY
_decode = msgspec.json.Decoder(Notice).decode


class Notify(Role):
    """The role over one Faust app; see the module for the order of its effects. `names`: what places are called."""

    def __init__(
        self,
        settings: Settings,
        notify: NotifySettings,
        book: TargetBook,
        names: Mapping[str, str],
        poster: Poster,
    ) -> None:
        self.metrics = NotifyMetrics(GROUPS["notify"], [outcome.value for outcome in _FAILURES])
        super().__init__("notify", settings, Vitals("notify", settings, self.metrics))
        self._notify = notify
        self._names = names
        self._poster = poster
        self._book = book
        self._targets = book.targets
        self._memory = Memory({})
        self._outboxes: dict[str, Outbox] = {}
        self._progress: dict[TP, Progress] = {}
        # What was taken and is not acknowledged, with the offset behind it.
        self._held: list[tuple[EventT[object], int]] = []
        self._is_draining = False
        self._posting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._posts: set[asyncio.Task[None]] = set()
        self._noting = asyncio.Lock()
        self.consume(NOTICES, self._take)
        self.every(_LOOK_SECONDS, self._serve)
        self.every(_NOTE_SECONDS, self._note)
        self.every(_REREAD_SECONDS, self._reread)
        self._tell()
        self._introduce()

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until told to stop; raises what broke it."""
        try:
            await super().run(stop)
        finally:
            for post in self._posts:
                post.cancel()

    async def begin(self, partitions: Set[TP]) -> Mapping[TP, int]:
        """Reads who was told what, and from where on there is something to tell (0)."""
        self._memory = Memory(await self.read_all(NOTIFIED, {tp.partition for tp in partitions}))
        positions = self._memory.positions
        fresh = {tp.partition for tp in partitions} - positions.keys()
        notices = await self.read_all(NOTICES, fresh)
        firsts = {partition: self._first(records) for partition, records in notices.items()}
        self._progress = {
            tp: Progress(
                tp.partition, positions.get(tp.partition, firsts.get(tp.partition, 0)), positions.get(tp.partition)
            )
            for tp in partitions
        }
        self._outboxes = {target.name: self._outbox(target) for target in self._targets}
        self._held, self._is_draining = [], False
        return {tp: progress.taken for tp, progress in self._progress.items()}

    def _outbox(self, target: Target) -> Outbox:
        return Outbox(target, self._notify.retry_seconds, self._memory.sent_ms(target.name))

    def _first(self, records: Sequence[Record]) -> int:
        """Where a first start begins: behind what is old."""
        begin_ms = _now_ms() - int(self._notify.first_hours * HOUR)
        old = [record for record in records if record.timestamp_ms < begin_ms]
        self.metrics.skipped.labels("old").inc(len(old))
        return old[-1].offset + 1 if old else 0

    async def _take(self, event: EventT[object]) -> None:
        """Hands notices to the outboxes (1)."""
        progress, records = self._progress[event.message.tp], records_of(event)
        for record in records:
            if record.offset < progress.taken:
                continue  # delivered again
            notice = self._read(record)
            wanted = 0 if notice is None else self._put(notice, record, progress)
            progress.take(record.offset, wanted)
        self._held.append((event, records[-1].offset + 1))

    def _read(self, record: Record) -> Notice | None:
        """The notice of a record; None where nobody is to be told."""
        try:
            notice = _decode(record.value or b"")
            time_ms = epoch_ms(notice.time)
        except (msgspec.DecodeError, ValueError):
            log.error("%s: the notice at offset %d can't be read, and is skipped", NOTICES, record.offset)
            self.metrics.skipped.labels("unreadable").inc()
            return None
        if record.timestamp_ms - time_ms > _HISTORY_MS:
            self.metrics.skipped.labels("history").inc()
            return None
        return notice

    def _put(self, notice: Notice, record: Record, progress: Progress) -> int:
        """How many targets are to be told a notice that weren't yet, and to which it isn't on its way already."""
        wanting = [box for box in self._outboxes.values() if box.target.wants(notice)]
        unaware = [box for box in wanting if not self._memory.knows(box.target.name, notice.id)]
        return sum(box.put(Item(notice, record.timestamp_ms, record.offset, progress)) for box in unaware)

    async def _serve(self) -> None:
        """Has each target told what is due, none of them waiting for another."""
        now_ms = _now_ms()
        for name, outbox in self._outboxes.items():
            if not self._posting[name].locked() and outbox.due(now_ms):
                post = asyncio.create_task(self._guard(self._post(name)))
                self._posts.add(post)
                post.add_done_callback(self._posts.discard)

    async def _post(self, name: str) -> None:
        """Tells a target what is due, message by message (2), and notes it (3)."""
        while True:
            async with self._posting[name]:
                outbox = self._outboxes.get(name)
                items = outbox.due(_now_ms()) if outbox is not None and not self._is_draining else []
                if outbox is None or not items:
                    return
                target = outbox.target
                message = compose(target.format, [item.notice for item in items], self._names)
                items = items[: message.covered]
                answer = await self._poster.post(target, message.body, _now_ms())  # 2.
                if answer.outcome is Outcome.DELIVERED:
                    await self._delivered(outbox, items)
                else:
                    self._not_delivered(outbox, items, answer)

    async def _delivered(self, outbox: Outbox, items: Sequence[Item]) -> None:
        name, now_ms = outbox.target.name, _now_ms()
        outbox.delivered(items, now_ms)
        await self.send(entries_of(name, self._by_partition(items), now_ms))  # 3.
        self._memory.note(name, [item.notice.id for item in items], now_ms)
        for item in items:
            item.done()
        self.metrics.messages_told.labels(name).inc()
        self.metrics.notices.labels(name).inc(len(items))
        self.vitals.progressed()

    def _not_delivered(self, outbox: Outbox, items: Sequence[Item], answer: Answer) -> None:
        name, outcome = outbox.target.name, answer.outcome
        level = logging.WARNING if outcome in (Outcome.BUSY, Outcome.LIMIT) else logging.ERROR
        log.log(level, "%s: %s (%s); %d notices wait", name, _FAILURES[outcome], answer.why, len(items))
        self.metrics.failures.labels(name, outcome.value).inc()
        for item in outbox.failed(items, outcome, answer.asked, _now_ms(), random.random()):  # noqa: S311 - no secret
            log.error("%s: a notice of type %s is given up: %s", name, item.notice.type, answer.why)
            self.metrics.refused.labels(name).inc()
            item.done()

    async def _note(self) -> None:
        """Notes how far all targets are told, acknowledges and commits it (4)."""
        async with self._noting:
            moved = {tp: progress for tp, progress in self._progress.items() if progress.next_offset != progress.noted}
            if not moved:
                return
            offsets = {tp: progress.next_offset for tp, progress in moved.items()}
            now_ms = _now_ms()
            await self.send([entry_of_position(tp.partition, offset, now_ms) for tp, offset in offsets.items()])
            for tp, progress in moved.items():
                progress.noted = offsets[tp]
            told = [event for event, end in self._held if end <= offsets.get(event.message.tp, 0)]
            self._held = [(event, end) for event, end in self._held if end > offsets.get(event.message.tp, 0)]
            await self.commit(told, offsets)

    async def _reread(self) -> None:
        """Has the webhooks file hold as it is now, where it changed."""
        try:
            changed = self._book.change()
            if changed is None:
                return
            self._poster.trust(changed)
        except WebhooksError as error:
            log.error("notify: the webhooks file was changed and can't be used, so what it said holds: %s", error)
            return
        self._targets = changed
        self._introduce()
        targets, outboxes = {target.name: target for target in changed}, self._outboxes
        for name, outbox in tuple(outboxes.items()):
            target = targets.get(name)
            if target != outbox.target:
                async with self._posting[name]:  # what is being said is said to its end
                    for item in outbox.become(target):
                        item.done()
                    if target is None:
                        del outboxes[name]
        for name in targets.keys() - outboxes.keys():
            outboxes[name] = self._outbox(targets[name])

    def _introduce(self) -> None:
        self.metrics.know(target.name for target in self._targets)
        log.info("notify: tells %s", ", ".join(f"{target.name} ({target.format})" for target in self._targets))

    async def drain(self) -> None:
        """What is being said is said to its end, and noted; what waits comes again."""
        self._is_draining = True
        for lock in tuple(self._posting.values()):
            async with lock:
                pass
        await self._note()

    def forget(self) -> None:
        """Lets go of what waits."""
        self._outboxes, self._progress, self._held = {}, {}, []

    async def lag(self) -> dict[TP, int]:
        """How many notices wait at the broker. What waits here for a target, or for the morning, is no lag."""
        taken = {tp: progress.taken for tp, progress in self._progress.items()}
        ends: Mapping[TP, int] = await self.app.transport.ends(list(taken)) if taken else {}
        return {tp: max(0, end - taken[tp]) for tp, end in ends.items()}

    def _by_partition(self, items: Iterable[Item]) -> dict[int, tuple[str, ...]]:
        ids = defaultdict(list)
        for item in items:
            ids[item.progress.partition].append(item.notice.id)
        return {partition: tuple(found) for partition, found in ids.items()}

    def _tell(self) -> None:
        def standings(figure: Callable[[Standing, int], float]) -> Iterable[tuple[tuple[str | int, ...], float]]:
            now_ms = _now_ms()
            return [((name,), figure(box.standing(now_ms), now_ms)) for name, box in self._outboxes.items()]

        self.metrics.waiting.read(lambda: standings(lambda standing, _: standing.waiting))
        self.metrics.held.read(lambda: standings(lambda standing, _: standing.held))
        self.metrics.oldest_age.read(lambda: standings(_age_seconds))


def _age_seconds(standing: Standing, now_ms: int) -> float:
    return 0.0 if standing.oldest_ms is None else max(0, now_ms - standing.oldest_ms) / 1_000


_FAILURES: Final = {
    Outcome.BUSY: "busy or away",
    Outcome.LIMIT: "gets too many messages",
    Outcome.DENIED: "doesn't let us in; mend its URL, secret or settings",
    Outcome.REFUSED: "refuses a message",
    Outcome.ODD: "answers what isn't known here",
}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
