"""A role that hangs ends, and says in what; one that waits on purpose, or was stopped, goes on.

The roles are this module, run as a program: `python -m tests.faults.test_watchdog NAME`.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from streams.watchdog import EXIT, Watchdog

_AFTER = 0.5
_ENOUGH_LINES = 40
_LINE_SECONDS = 0.05

_Role = Callable[[Watchdog], Coroutine[Any, Any, None]]


async def _block_the_loop(_watchdog: Watchdog) -> None:
    _wait_in_vain()


def _wait_in_vain() -> None:
    threading.Event().wait()


async def _block_on_stderr(_watchdog: Watchdog) -> None:
    while True:
        os.write(2, b"nobody reads this\n" * 1_000)


async def _achieve_nothing(watchdog: Watchdog) -> None:
    while True:
        watchdog.report(behind=3, done=7)
        await _rest()


async def _rest() -> None:
    await asyncio.sleep(_LINE_SECONDS)


async def _wait_on_purpose(watchdog: Watchdog) -> None:
    with watchdog.waiting():
        for line in range(_ENOUGH_LINES):
            watchdog.report(behind=3, done=7)
            print(line, flush=True)
            await _rest()


async def _work(watchdog: Watchdog) -> None:
    for line in range(1_000_000):
        watchdog.report(behind=3, done=line)
        print(line, flush=True)
        await _rest()


async def _end_watching(watchdog: Watchdog) -> None:
    watchdog.report(behind=3, done=7)
    watchdog.stop()
    for line in range(_ENOUGH_LINES):
        print(line, flush=True)
        await _rest()


_ROLES: dict[str, _Role] = {
    role.__name__: role
    for role in (_block_the_loop, _block_on_stderr, _achieve_nothing, _wait_on_purpose, _work, _end_watching)
}


async def _run(name: str) -> None:
    watchdog = Watchdog(name, _AFTER)
    watchdog.start()
    pulse = asyncio.create_task(watchdog.keep_pulsing(), name="pulse")
    await asyncio.create_task(_ROLES[name](watchdog), name="role")
    pulse.cancel()
    with suppress(asyncio.CancelledError):
        await pulse


@contextmanager
def _started(role: _Role) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.faults.test_watchdog", role.__name__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()  # one that should have ended and did not


def _ended(role: _Role) -> tuple[int, list[bytes], str]:
    """How a role that ends by itself did: its code, the lines it printed, and its standard error."""
    with _started(role) as process:
        output, errors = process.communicate()
    return process.returncode, output.splitlines(), errors.decode()


def test_a_blocked_loop_ends_the_process_and_shows_the_function_that_blocks_it() -> None:
    code, _, errors = _ended(_block_the_loop)
    assert code == EXIT
    assert errors.startswith("_block_the_loop: stalled for 0.5 s: the event loop does not turn; ends with 70\n")
    main = errors.partition("\nThread MainThread:\n")[2].partition("\nT")[0]
    assert re.search(r"in _wait_in_vain\n    threading\.Event\(\)\.wait\(\)\n", main)
    assert "\nTask pulse:\n" in errors


def test_work_that_waits_without_progress_ends_the_process_and_shows_what_its_tasks_await() -> None:
    code, _, errors = _ended(_achieve_nothing)
    assert code == EXIT
    assert errors.startswith("_achieve_nothing: stalled for 0.5 s: 3 messages wait and nothing is achieved;")
    task = errors.partition("\nTask role:\n")[2].partition("\nTask")[0]
    assert re.search(r"in _achieve_nothing\n.*in _rest\n", task, re.DOTALL)


def test_a_process_ends_though_nobody_reads_what_it_says() -> None:
    with _started(_block_on_stderr) as process:
        assert process.wait() == EXIT


def test_a_role_that_waits_on_purpose_is_left_alone() -> None:
    code, lines, errors = _ended(_wait_on_purpose)
    assert (code, len(lines), errors) == (0, _ENOUGH_LINES, "")


def test_a_watchdog_that_was_stopped_leaves_the_process_alone() -> None:
    code, lines, errors = _ended(_end_watching)
    assert (code, len(lines), errors) == (0, _ENOUGH_LINES, "")


def test_a_process_that_was_stopped_for_long_goes_on() -> None:
    with _started(_work) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(3):
            assert _read(process.stdout, 3) == 3
            process.send_signal(signal.SIGSTOP)
            time.sleep(2 * _AFTER)
            process.send_signal(signal.SIGCONT)
        assert _read(process.stdout, _ENOUGH_LINES) == _ENOUGH_LINES
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
        assert process.stderr.read() == b""


def _read(lines: IO[bytes], count: int) -> int:
    """How many of so many lines there are before the end."""
    return sum(1 for _ in range(count) if lines.readline())


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1]))
