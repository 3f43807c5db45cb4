"""Runs a role as this process: its settings, its topics, its signals, and its end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from streams.broker import Broker
from streams.cluster import Cluster
from streams.settings import Settings
from streams.topics import create_topics
from streams.transport.errors import GroupBusy
from streams.transport.log import Log
from streams.transport.membership import Membership
from streams.transport.sqlite import log_path

log = logging.getLogger(__name__)

_T = TypeVar("_T")
# A predecessor whose starter was killed ends by itself, but takes its time to drain.
_PATIENCE_SECONDS: Final = 60.0
_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# What Faust and our transports say of every start and stop.
_NOISY: Final = ("faust", "mode", "aiokafka", "streams.transport")


def run_role(
    name: str, settings: Settings, run: Callable[[Settings, asyncio.Event], Awaitable[None]], *, with_starter: bool
) -> None:
    """Runs a role until SIGTERM or SIGINT; `with_starter`: or until the end of standard input. Raises what broke it."""
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT, stream=sys.stderr)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Every lost connection and every retry of a client's; what matters of it, the roles say.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    asyncio.run(_run(name, settings, run, with_starter))
    log.info("%s: stopped", name)


async def _run(
    name: str,
    settings: Settings,
    run: Callable[[Settings, asyncio.Event], Awaitable[None]],
    with_starter: bool,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if with_starter:
        threading.Thread(target=_watch_starter, args=(loop, stop), daemon=True).start()
    if settings.broker.startswith("sqlite:"):
        await _join_log(name, log_path(settings.broker), settings.partitions)
    else:
        settings = settings.model_copy(update={"partitions": await _check_cluster(settings)})
    log.info("%s: starting, pid %d", name, os.getpid())
    await run(settings, stop)


async def _join_log(name: str, path: Path, partitions: int) -> None:
    with Log(path) as topics:
        create_topics(topics, partitions)
    # A role that can't be its group's member ends at once; a predecessor may still be draining.
    await patiently(lambda: _ask_membership(path, f"pingliu-{name}"), GroupBusy)


async def _check_cluster(settings: Settings) -> int:
    """How many partitions our topics have. Raises ClusterError, UnknownTopic, TopicMismatch, BrokerError."""
    async with Cluster(Broker.parse(settings.broker, settings.password())) as cluster:
        return await cluster.check_topics()


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


def _ask_membership(path: Path, group: str) -> None:
    membership = Membership(path, group)
    membership.join()
    membership.leave()


def _watch_starter(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stops the role when the other end of standard input is gone."""
    if not sys.stdin.isatty():
        # Not by sys.stdin: a thread that waits in its buffer would keep the interpreter from ending.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        loop.call_soon_threadsafe(stop.set)
