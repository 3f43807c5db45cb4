"""The sink role as a process: into a ClickHouse server, or into the engine of a folder, with its HTTP interface."""

from __future__ import annotations

import asyncio
import logging
import os
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
from sinks.destination import Stored
from sinks.engine import Engine, EngineBusy
from sinks.http import HttpInterface
from sinks.server import Server
from sinks.sink import Sink
from streams.settings import Settings

log = logging.getLogger(__name__)

_LOOPBACK: Final = "127.0.0.1"


async def store_in_folder(settings: Settings, folder: Folder, district: Path, port: int, stop: asyncio.Event) -> None:
    """Runs until `stop`, answering SQL on loopback (`port` 0: any that is free); raises what broke it."""
    rules = load_rules(settings.rules)
    registry = Registry.load(district)
    engine = await patiently(lambda: Engine(folder.engine), EngineBusy)
    try:
        for name in prepare(engine, registry, rules).applied:
            log.info("applied %s", name)
        sink = Sink(settings, rules, _privacy(settings), Stored(engine))
        interface = HttpInterface(engine, host=_LOOPBACK, port=port)
        folder.announce(_LOOPBACK, await interface.start())
        try:
            await sink.run(stop)
        finally:
            folder.withdraw()
            await interface.stop()
    finally:
        engine.close()


async def store_on_server(settings: Settings, url: str, stop: asyncio.Event) -> None:
    """Runs until `stop`; raises what broke it, and Unprepared where `pingliu init` has something to do."""
    server = Server(Address.parse(url, password_from(os.environ)))
    try:
        await asyncio.to_thread(check_prepared, server)
        await Sink(settings, load_rules(settings.rules), _privacy(settings), Stored(server)).run(stop)
    finally:
        server.close()


def _privacy(settings: Settings) -> Privacy:
    return Privacy(load_secret(settings.secret).key("rater"))
