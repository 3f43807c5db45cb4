"""Runs a role of an embedded pingliu as this process: its log, its signals, and its end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from deploy.folder import Folder
from streams.topics import create_topics
from streams.transport.errors import GroupBusy
from streams.transport.log import Log
from streams.transport.membership import Membership

log = logging.getLogger(__name__)

_T = TypeVar("_T")
# A predecessor whose starter was killed ends by itself, but takes its time to drain.
_PATIENCE_SECONDS: Final = 60.0
_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# What Faust and our transport say of every start and stop.
_NOISY: Final = ("faust", "mode", "aiokafka", "streams.transport")


def run_role(name: str, folder: Folder, run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Runs a role until SIGTERM, SIGINT or the end of standard input. Raises what broke it."""
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT, stream=sys.stderr)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(_run(name, folder, run))
    log.info("%s: stopped", name)


async def _run(name: str, folder: Folder, run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_watch_starter, args=(loop, stop), daemon=True).start()
    with Log(folder.log) as topics:
        create_topics(topics, folder.settings(None).partitions)
    # A role that can't be its group's member ends at once; a predecessor may still be draining.
    await patiently(lambda: _ask_membership(folder, f"pingliu-{name}"), GroupBusy)
    log.info("%s: starting, pid %d", name, os.getpid())
    await run(stop)


async def patiently(make: Callable[[], _T], busy: type[Exception]) -> _T:
    """Makes something that a dying predecessor may still hold. Raises `busy` when patience ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_SECONDS
    while True:
        try:
            return make()
        except busy:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(0.1)


def _ask_membership(folder: Folder, group: str) -> None:
    membership = Membership(folder.log, group)
    membership.join()
    membership.leave()


def _watch_starter(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stops the role when the other end of standard input is gone."""
    if not sys.stdin.isatty():
        # Not by sys.stdin: a thread that waits in its buffer would keep the interpreter from ending.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        loop.call_soon_threadsafe(stop.set)
