"""Runs one role of an embedded pingliu in this process: where transport, agents, engine and interface come together."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from deploy.folder import Folder
from schemas.privacy import Privacy
from schemas.registry import Registry
from schemas.rules import load_rules
from schemas.secret import ensure_secret
from schemas.workdays import Workdays
from sinks.embedded import Embedded
from sinks.engine import Engine, EngineBusy
from sinks.http import HttpInterface
from sinks.migrate import migrate
from sinks.reference import load_reference
from sinks.sink import Sink
from streams.aggregate import Aggregate
from streams.settings import Settings
from streams.topics import create_topics
from streams.transport.errors import GroupBusy
from streams.transport.log import Log
from streams.transport.membership import Membership

log = logging.getLogger(__name__)

_T = TypeVar("_T")
# A predecessor whose starter was killed ends by itself, but takes its time to drain.
_PATIENCE_SECONDS: Final = 60.0
_LOOPBACK: Final = "127.0.0.1"
LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@dataclass(frozen=True, slots=True)
class RoleOptions:
    """What the roles of one box are started with. `port`: of the SQL interface, 0 for any that is free."""

    folder: Folder
    rules: Path | None
    district: Path
    port: int


def run_role(name: str, options: RoleOptions) -> None:
    """Runs a role until SIGTERM, SIGINT or the end of standard input. Raises what broke it."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    # Faust tells of every assignment at this level.
    for noisy in ("faust", "mode", "aiokafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(_run(name, options))


async def _run(name: str, options: RoleOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_watch_starter, args=(loop, stop), daemon=True).start()
    folder = options.folder
    settings = folder.settings(options.rules)
    with Log(folder.log) as topics:
        create_topics(topics, settings.partitions)
    # A role that can't be its group's member ends at once; the predecessor may still be draining.
    await _patiently(lambda: _ask_membership(folder, f"pingliu-{name}"), GroupBusy)
    if name == "aggregate":
        await Aggregate(settings).run(stop)
    else:
        await _run_sink(settings, options, stop)


async def _run_sink(settings: Settings, options: RoleOptions, stop: asyncio.Event) -> None:
    folder = options.folder
    rules = load_rules(options.rules)
    engine = await _patiently(lambda: Engine(folder.engine), EngineBusy)
    try:
        for name in migrate(engine):
            log.info("applied %s", name)
        load_reference(engine, Registry.load(options.district), rules, Workdays(rules.calendar))
        privacy = Privacy(ensure_secret(folder.secret).key("rater"))
        sink = Sink(settings, rules, privacy, Embedded(engine))
        interface = HttpInterface(engine, host=_LOOPBACK, port=options.port)
        folder.announce(_LOOPBACK, await interface.start())
        try:
            await sink.run(stop)
        finally:
            folder.withdraw()
            await interface.stop()
    finally:
        engine.close()


async def _patiently(make: Callable[[], _T], busy: type[Exception]) -> _T:
    """Makes something that a dying predecessor may still hold. Raises `busy` when patience ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_SECONDS
    while True:
        try:
            return make()
        except busy:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(0.2)


def _ask_membership(folder: Folder, group: str) -> None:
    membership = Membership(folder.log, group)
    membership.join()
    membership.leave()


def _watch_starter(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stops the role when the other end of standard input is gone."""
    if not sys.stdin.isatty():
        while sys.stdin.buffer.read(1024):
            pass
        loop.call_soon_threadsafe(stop.set)
