"""Commits by own call, for an app that knows what its checkpoint covers; both transports' consumers have them.

Faust's own commits, of acknowledged events, lag behind; they never undo an explicit one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from faust.transport import base
from faust.types import TP
from faust.types.tuples import ack_lock


class ExplicitCommits(base.Consumer):
    """To be mixed into a consumer that can `_write_offsets`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The highest offsets committed by `commit_next`, below which Faust's own commits must not fall back.
        self._explicit: dict[TP, int] = {}
        self._committing = asyncio.Lock()

    async def _write_offsets(self, next_offsets: Mapping[TP, int]) -> bool:
        """Whether the offsets are committed now; False where that is for another worker to do."""
        raise NotImplementedError

    async def commit_next(self, next_offsets: Mapping[TP, int]) -> None:
        """Commit at once that these partitions are read on from these offsets, whatever was acknowledged."""
        async with self._committing:
            if not await self._write_offsets(next_offsets):
                return
            self._explicit.update(next_offsets)
        with ack_lock:
            for tp, next_offset in next_offsets.items():
                self._committed_offset[tp] = max(next_offset, self._committed_offset[tp] or 0)
                # Faust remembers acknowledged offsets until it commits them itself.
                self._acked[tp] = [offset for offset in self._acked[tp] if offset >= next_offset]
                self._acked_index[tp] = {offset for offset in self._acked_index[tp] if offset >= next_offset}
                self._gap[tp].chop(0, next_offset)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        async with self._committing:
            ahead = {tp: offset for tp, offset in offsets.items() if offset > self._explicit.get(tp, -1)}
            return await self._write_offsets(ahead)
