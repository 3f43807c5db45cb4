"""The sink role of an embedded pingliu: agents, ClickHouse's engine and its HTTP interface in one process."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from deploy.folder import Folder
from deploy.roles import patiently
from schemas.privacy import Privacy
from schemas.registry import Registry
from schemas.rules import Rules, load_rules
from schemas.secret import ensure_secret
from schemas.workdays import Workdays
from sinks.embedded import Embedded
from sinks.engine import Engine, EngineBusy
from sinks.http import HttpInterface
from sinks.migrate import migrate
from sinks.reference import load_reference
from sinks.sink import Sink

log = logging.getLogger(__name__)

_LOOPBACK: Final = "127.0.0.1"


async def store(folder: Folder, rules: Path | None, district: Path, port: int, stop: asyncio.Event) -> None:
    """Runs until `stop`, answering SQL on loopback (`port` 0: any that is free); raises what broke it."""
    loaded = load_rules(rules)
    registry = Registry.load(district)
    engine = await patiently(lambda: Engine(folder.engine), EngineBusy)
    try:
        for name in prepare(engine, registry, loaded):
            log.info("applied %s", name)
        privacy = Privacy(ensure_secret(folder.secret).key("rater"))
        sink = Sink(folder.settings(rules), loaded, privacy, Embedded(engine))
        interface = HttpInterface(engine, host=_LOOPBACK, port=port)
        folder.announce(_LOOPBACK, await interface.start())
        try:
            await sink.run(stop)
        finally:
            folder.withdraw()
            await interface.stop()
    finally:
        engine.close()


def prepare(engine: Engine, registry: Registry, rules: Rules) -> list[str]:
    """Applies the schema files that are missing, writes the reference tables anew, and returns the files' names.

    Raises MigrationError, EngineError.
    """
    applied = migrate(engine)
    load_reference(engine, registry, rules, Workdays(rules.calendar))
    return applied
