"""The sink role as a process: into a ClickHouse server, or into the engine of a folder, with its HTTP interface."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from deploy.folder import Folder
from deploy.preparing import check_prepared, prepare
from deploy.roles import patiently
from schemas.privacy import Privacy
from schemas.registry import Registry
from schemas.rules import load_rules
from schemas.secret import load_secret
from sinks.address import Address, password_from
from sinks.assessment.scratch import drop_leftovers
from sinks.channel import Channel
from sinks.destination import Stored
from sinks.engine import Engine, EngineBusy
from sinks.http import HttpInterface
from sinks.sink import Sink
from streams.settings import Settings

log = logging.getLogger(__name__)

_LOOPBACK: Final = "127.0.0.1"


async def store_in_folder(settings: Settings, folder: Folder, district: Path, port: int, stop: asyncio.Event) -> None:
    """Runs until `stop`, answering SQL on loopback (`port` 0: any that is free); raises what broke it. In this order:

    1. The engine is opened, its tables are brought up to date, and what broken-off computations left is dropped.
    2. The HTTP interface answers readers, and the channel those who work on the data.
    3. The folder says so: who reads it finds both open.
    4. The sink runs.
    5. At the end, all of this the other way round.
    """
    rules = load_rules(settings.rules)
    registry = Registry.load(district)
    async with AsyncExitStack() as held:
        engine = await patiently(lambda: Engine(folder.engine), EngineBusy)  # 1.
        held.callback(engine.close)
        for name in prepare(engine, registry, rules).applied:
            log.info("applied %s", name)
        for name in drop_leftovers(engine):
            log.info("dropped %s, which a computation that was broken off had left behind", name)
        sink = Sink(settings, rules, _privacy(settings), Stored(engine))
        interface = HttpInterface(engine, host=_LOOPBACK, port=port)
        bound = await interface.start()  # 2.
        held.push_async_callback(interface.stop)
        channel = Channel(engine, folder.channel)
        await channel.start()
        held.push_async_callback(channel.stop)
        folder.announce(_LOOPBACK, bound)  # 3.
        held.callback(folder.withdraw)
        await sink.run(stop)  # 4.


async def store_on_server(settings: Settings, url: str, stop: asyncio.Event) -> None:
    """Runs until `stop`; raises what broke it, and Unprepared where `pingliu init` has something to do."""
    from sinks.server import Server

    server = Server(Address.parse(url, password_from(os.environ)))
    try:
        await asyncio.to_thread(check_prepared, server)
        await Sink(settings, load_rules(settings.rules), _privacy(settings), Stored(server)).run(stop)
    finally:
        server.close()


def _privacy(settings: Settings) -> Privacy:
    return Privacy.from_secret(load_secret(settings.secret))
