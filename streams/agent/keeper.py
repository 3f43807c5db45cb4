"""A spool in an event loop: on a thread of its own, and with one wait for the disk for all who hand in at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, ParamSpec, Self, TypeVar

from streams.agent.event import Draft
from streams.agent.spool import Held, Refused, Spool, Waiting

_T = TypeVar("_T")
_P = ParamSpec("_P")


class _Put(NamedTuple):
    group: Sequence[Draft]
    done: asyncio.Future[list[str]]


class Keeper:
    """Context manager around a spool, of one event loop. Calls take turns in the order in which they were made.

    It does not close the spool.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._puts: list[_Put] = []
        self._came = asyncio.Event()
        self._settled = asyncio.Condition()
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writing is not None:
            await self._writing
        # What was handed to the thread ends first.
        await asyncio.to_thread(self._thread.shutdown)

    async def put(self, group: Sequence[Draft]) -> list[str]:
        """Stores events, wholly or not at all; they are on disk when it returns the ids that were put in ('' for none).

        What is cancelled may be stored all the same. Raises SpoolFull.
        """
        done: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._puts.append(_Put(group, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        while self._puts:
            puts, self._puts = self._puts, []
            try:
                now_ms = time.time_ns() // 1_000_000
                answers = await self._call(self._spool.put, [put.group for put in puts], now_ms)
            # It is theirs who wait, whatever it is.
            except Exception as error:
                for put in puts:
                    _answer(put.done, error)
                continue
            self._came.set()
            for put, answer in zip(puts, answers, strict=True):
                _answer(put.done, answer)

    async def take(self, events: int, size: int) -> list[Waiting]:
        """As `Spool.take`."""
        # Before it is looked: what comes meanwhile is seen by the next look.
        self._came.clear()
        return await self._call(self._spool.take, events, size)

    async def settle(self, seqs: Sequence[int], refused: Sequence[Refused]) -> None:
        """As `Spool.settle`."""
        await self._call(self._spool.settle, seqs, refused)
        async with self._settled:
            self._settled.notify_all()

    async def held(self) -> Held:
        """As `Spool.held`."""
        return await self._call(self._spool.held)

    async def await_more(self, seconds: float) -> None:
        """Waits until something was put since the last `take`, or so long."""
        try:
            await asyncio.wait_for(self._came.wait(), seconds)
        except TimeoutError:
            return

    async def drained(self) -> None:
        """Waits until nothing waits for a verdict."""
        async with self._settled:
            while (await self.held()).events:
                await self._settled.wait()

    async def _call(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(*args, **kwargs))


def _answer(done: asyncio.Future[list[str]], answer: list[str] | Exception) -> None:
    if done.done():
        # Who asked has gone.
        return
    if isinstance(answer, Exception):
        done.set_exception(answer)
    else:
        done.set_result(answer)
