"""The watchdog: ends a process that seems alive and does nothing, so that it can be started again.

Two ways to be stalled, each for `after` seconds without a break:
1. The event loop does not turn: nothing pulsed.
2. Messages wait at the broker and nothing is achieved. A role that waits on purpose, for a busy destination, is not
   stalled; each such wait is an answer it got, so the count begins anew after it.

It then says why, with the stack of every thread and task, and ends the process on the spot: what hangs can't be told to
stop, and what was held unacknowledged is delivered again.

Time is counted in ticks of the watchdog's own thread, not read off a clock. A process that was stopped, or whose
machine slept, missed those ticks too, and goes on. What the watchdog can't see is native code that never gives the
interpreter back, for then this thread doesn't run either: that only shows outside, where `/healthz` is silent.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Final

# EX_SOFTWARE of sysexits.h: a broken program; no other end of a role has it.
EXIT: Final = 70

_STDERR: Final = 2
_LONGEST_TICK: Final = 1.0
_LEAST_TICKS: Final = 10
# Nobody may be reading standard error; that may even be what everything waits for.
_DUMP_SECONDS: Final = 3.0


class Stall:
    """Judges whether a role is stalled, after `patience` ticks without a sign of life.

    One thread calls `tick`, another (the event loop's) the rest. There is no lock for either to hang in: each attribute
    has one writer.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        # What the role writes.
        self._pulses = 0
        self._sample = (0, 0)
        self._waits = 0
        self._waiting = 0
        # What the ticks write.
        self._seen_pulses = 0
        self._seen_signs = (0, 0)
        self._silent_ticks = 0
        self._idle_ticks = 0

    def pulse(self) -> None:
        """The event loop turns."""
        self._pulses += 1

    def report(self, behind: int, done: int) -> None:
        """So many messages wait at the broker, and `done`, whatever it counts, changes with all that is achieved."""
        self._sample = (behind, done)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Meanwhile the role waits on purpose."""
        self._waits += 1
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def tick(self) -> str | None:
        """A tick of time has passed. Returns why the role is stalled, None while it isn't."""
        pulses = self._pulses
        self._silent_ticks = self._silent_ticks + 1 if pulses == self._seen_pulses else 0
        self._seen_pulses = pulses
        behind, done = self._sample
        signs = (done, self._waits)
        is_idle = behind > 0 and not self._waiting and signs == self._seen_signs
        self._idle_ticks = self._idle_ticks + 1 if is_idle else 0
        self._seen_signs = signs
        if self._silent_ticks >= self._patience:
            return "the event loop does not turn"
        if self._idle_ticks >= self._patience:
            return f"{behind} messages wait and nothing is achieved"
        return None


class Watchdog:
    """A thread that ends this process once a role of it is stalled for about `after` seconds.

    The role, from its event loop: runs `keep_pulsing` as a task, calls `report` several times in `after` seconds, and
    waits for busy destinations within `waiting`. A role that stops reporting is judged by what it said last; one that
    can't ask the broker knows of nothing that waits, and reports 0.
    """

    def __init__(self, role: str, after: float) -> None:
        self._role = role
        self._after = after
        self._tick = min(_LONGEST_TICK, after / _LEAST_TICKS)
        self._stall = Stall(round(after / self._tick))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Watches from now on; once only."""
        self._thread.start()

    def stop(self) -> None:
        """Watches no more."""
        self._stopped.set()
        self._thread.join()

    def pulse(self) -> None:
        """The event loop turns."""
        self._stall.pulse()

    async def keep_pulsing(self) -> None:
        """Pulses until cancelled; shows this loop's tasks when it is stalled."""
        self._loop = asyncio.get_running_loop()
        while True:
            self.pulse()
            await asyncio.sleep(self._tick)

    def report(self, behind: int, done: int) -> None:
        """So many messages wait at the broker, and `done`, whatever it counts, changes with all that is achieved."""
        self._stall.report(behind, done)

    def waiting(self) -> AbstractContextManager[None]:
        """Meanwhile the role waits on purpose: for a busy destination, say."""
        return self._stall.waiting()

    def _watch(self) -> None:
        while not self._stopped.wait(self._tick):
            if (reason := self._stall.tick()) is not None:
                self._end(reason)

    def _end(self, reason: str) -> None:
        dump = threading.Thread(target=self._dump, args=(reason,), name="watchdog-dump", daemon=True)
        try:
            dump.start()
            dump.join(_DUMP_SECONDS)
        finally:
            os._exit(EXIT)

    def _dump(self, reason: str) -> None:
        # Not by logging, whose locks a stalled thread may hold, nor by faulthandler, which holds the interpreter while
        # it writes: where nobody reads, the process would not end.
        _write(f"{self._role}: stalled for {self._after:g} s: {reason}; ends with {EXIT}\n")
        _write("".join(_threads()))
        if self._loop is not None:
            _write("".join(_tasks(self._loop)))


def _write(text: str) -> None:
    data = text.encode(errors="backslashreplace")
    while data:
        data = data[os.write(_STDERR, data) :]


def _threads() -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        yield f"\nThread {names.get(ident, ident)}:\n"
        yield from traceback.format_stack(frame)


def _tasks(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    for task in asyncio.all_tasks(loop):
        yield f"\nTask {task.get_name()}:\n"
        yield from traceback.StackSummary.extract(_awaited(task.get_coro())).format()


def _awaited(coroutine: object) -> Iterator[tuple[FrameType, int]]:
    """The frames of a coroutine and of what it awaits, as far as they can be followed."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            yield frame, frame.f_lineno
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
