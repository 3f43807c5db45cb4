"""Reading on in many partitions: asks whether there is anything at all, then reads it on a thread, each in its turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from faust.types import TP

from streams.transport.log import Log, Partition
from streams.transport.record import Record

if TYPE_CHECKING:
    from streams.transport.sqlite import Transport

# What a batch is at the most; decoding in sub-batches is the agent's affair.
_BATCH_RECORDS = 5_000
# Where Faust handles each record alone, more than this would only wait in memory.
_FETCH_RECORDS = 1_000
# What one fetch is at the most, over all partitions.
_FETCH_TOTAL = 4 * _BATCH_RECORDS


class Reader:
    """Reads from the transport's log, on behalf of one consumer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._ends: Mapping[Partition, int] = {}
        self._stale = True
        self._turn = 0

    def end(self, tp: TP) -> int:
        """The partition's end when the log was last asked."""
        return self._ends.get(tp, 0)

    async def read(self, positions: Mapping[TP, int], batch_topics: frozenset[str]) -> Mapping[TP, list[Record]]:
        """What there is from these positions on, by partition.

        An empty list says that there is nothing before the partition's `end`, though it is ahead of the position: what
        was there is compacted or past its retention.
        """
        # Asked on the event loop, for it never waits: microseconds, where a thread's answer takes half a millisecond.
        self._stale = self._transport.log.changed() or self._stale
        if not positions or not (self._stale or any(at < self.end(tp) for tp, at in positions.items())):
            return {}
        # Each is the first one time, so none waits for ever behind those that always have something.
        turn = self._turn % len(positions)
        ordered = sorted(positions)
        limits = {tp: _BATCH_RECORDS if tp.topic in batch_topics else _FETCH_RECORDS for tp in positions}
        self._ends, fetched = await self._transport.call(
            _fetch,
            self._transport.log,
            None if self._stale else self._ends,
            [(tp, positions[tp], limits[tp]) for tp in ordered[turn:] + ordered[:turn]],
        )
        self._stale = False
        self._turn += bool(fetched)
        return fetched


def _fetch(
    log: Log, known_ends: Mapping[Partition, int] | None, wanted: list[tuple[TP, int, int]]
) -> tuple[Mapping[Partition, int], dict[TP, list[Record]]]:
    ends = log.ends() if known_ends is None else known_ends
    fetched: dict[TP, list[Record]] = {}
    room = _FETCH_TOTAL
    for tp, position, limit in wanted:
        if room > 0 and position < ends.get(tp, 0):
            fetched[tp] = log.read(*tp, position, max_records=limit)
            room -= len(fetched[tp])
    return ends, fetched
